"""Facts about rent ledgers that moved in."""

from dataclasses import dataclass
from uuid import UUID

from panshi.kit.facts import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class RentImportStaged(Fact):
    batch_id: UUID
    rows: int
    errors: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RentImportCommitted(Fact):
    """Rent periods of an old ledger were entered; what is open of them is billed."""

    batch_id: UUID
    created: int
    there_already: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RentImportUndone(Fact):
    batch_id: UUID
    removed: int
