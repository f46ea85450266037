"""Facts about debts: late fees, their waivers, and what is written off."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from panshi.kit.facts import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class LateFeesCounted(Fact):
    """Late days before `on` of so many bills; `waiting` is counted and not billed yet, in CNY."""

    on: date
    bills: int
    waiting: Decimal
    billed: int
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class LateFeeBilled(Fact):
    bill_id: UUID
    number: str
    customer_id: UUID
    vehicle_id: UUID | None
    source_kind: str
    source_id: UUID
    due_on: date
    total: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class BillDisputed(Fact):
    """A payer says that a bill is wrong; a `frozen` one is not dunned until it is answered."""

    dispute_id: UUID
    bill_id: UUID
    number: str
    customer_id: UUID
    vehicle_id: UUID | None
    city: str
    words: str
    frozen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeAnswered(Fact):
    """What was found: `verdict` OURS, PARTLY or STANDS."""

    dispute_id: UUID
    bill_id: UUID
    customer_id: UUID
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeWaiverAsked(Fact):
    waiver_id: UUID
    bill_id: UUID
    customer_id: UUID
    amount: Decimal
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeWaiverGranted(Fact):
    waiver_id: UUID
    bill_id: UUID
    credit_id: UUID
    customer_id: UUID
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeWaiverDeclined(Fact):
    waiver_id: UUID
    bill_id: UUID
    customer_id: UUID
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseWithLawyers(Fact):
    case_id: UUID
    customer_id: UUID
    source_kind: str
    source_id: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOffProposed(Fact):
    write_off_id: UUID
    case_id: UUID
    customer_id: UUID
    amount: Decimal
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOffDeclined(Fact):
    write_off_id: UUID
    case_id: UUID
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DebtWrittenOff(Fact):
    write_off_id: UUID
    case_id: UUID
    customer_id: UUID
    vehicle_id: UUID | None
    source_kind: str
    source_id: UUID
    amount: Decimal
    bill_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DebtRecovered(Fact):
    """Money that came in of a debt written off before; `left` is still lost, in CNY."""

    write_off_id: UUID
    payment_id: UUID
    customer_id: UUID
    amount: Decimal
    left: Decimal
