"""What leasing made true."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from panshi.kit.facts import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseFact(Fact):
    """What every fact about one lease carries."""

    lease_id: UUID
    number: str
    vehicle_id: UUID
    customer_id: UUID
    city: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseDrafted(LeaseFact):
    monthly_rent: Decimal
    deposit: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class LeasesTakenOver(Fact):
    """Leases that ran before the operator moved in, now kept here."""

    lease_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseImportStaged(Fact):
    batch_id: UUID
    rows: int
    errors: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseImportCommitted(Fact):
    batch_id: UUID
    created: int
    there_already: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseImportUndone(Fact):
    batch_id: UUID
    removed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkbookStaged(Fact):
    """A workbook was read: its sheets by their kind, each as a batch of its own."""

    batches: dict[str, UUID]
    rows: int
    errors: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkbookCommitted(Fact):
    """The new rows of all sheets were entered, by kind."""

    created: dict[str, int]
    there_already: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkbookUndone(Fact):
    """What the sheets of a workbook brought was taken out again, by kind."""

    removed: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractSigned(LeaseFact):
    deposit: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositSecured(LeaseFact):
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverProofKept(LeaseFact):
    """A picture or a signature for a handover that is being made."""

    file_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverCompleted(LeaseFact):
    odometer_km: Decimal
    soc_pct: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseActivated(LeaseFact):
    first_rent: Decimal
    starts_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseCancelled(LeaseFact):
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnRequested(LeaseFact):
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnAccepted(LeaseFact):
    returned_at: datetime
    odometer_km: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementConfirmed(LeaseFact):
    charges: Decimal
    refund: Decimal
