"""Facts about debts that were there before their operator moved in."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from panshi.kit.facts import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningsClaimed(Fact):
    """Debts from before the move-in became bills; `total` in CNY stands against 4103."""

    bill_ids: tuple[UUID, ...]
    total: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningsTakenBack(Fact):
    """Bills of such debts were given back in whole."""

    bills: int
