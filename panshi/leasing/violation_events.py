"""Facts about traffic violations."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from panshi.kit.facts import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class ViolationFact(Fact):
    """What every fact about one violation carries; `responsible` is CUSTOMER or OPERATOR."""

    violation_id: UUID
    number: str
    vehicle_id: UUID
    plate: str
    city: str
    occurred_at: datetime
    code: str
    place: str
    fine: Decimal
    points: int
    responsible: str
    lease_id: UUID | None
    customer_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ViolationImported(ViolationFact):
    """A notice was entered and whose it is was looked up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ViolationUnmatched(ViolationFact):
    """No customer held the vehicle at that moment: the operator answers for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ViolationDisputed(ViolationFact):
    dispute_id: UUID
    reason: str
    files: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ViolationDisputeDecided(ViolationFact):
    """With `upheld` the operator answers for it from now on."""

    dispute_id: UUID
    upheld: bool
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ViolationSettled(ViolationFact):
    """Fine and points were dealt with at the authority; `by` is CUSTOMER or AGENCY."""

    by: str
    agency_fee: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ViolationCharged(ViolationFact):
    """Billed to the customer; `retained` of it was taken from what is kept of the deposit."""

    bill_id: UUID
    amount: Decimal
    retained: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ViolationClosed(ViolationFact):
    """Nothing about it is open any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ViolationOverdue(ViolationFact):
    """Nobody dealt with it for `days` days since the notice was entered."""

    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ViolationsAttributed(Fact):
    """A run of violations was given to who held the vehicles at their moments."""

    customers: int
    operators: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ViolationsAdvanced(Fact):
    """A day's pass over violations: those overdue, and what was kept back and is given back."""

    overdue: int
    returned: int
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ViolationsPaid(Fact):
    """A bill was paid; these violations have no open money any more."""

    violation_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionReturned(Fact):
    """What was kept back of a deposit for notices to come went back, in CNY."""

    lease_id: UUID
    customer_id: UUID
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ViolationImportStaged(Fact):
    batch_id: UUID
    rows: int
    errors: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ViolationImportCommitted(Fact):
    batch_id: UUID
    created: int
    there_already: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ViolationImportUndone(Fact):
    batch_id: UUID
    removed: int
