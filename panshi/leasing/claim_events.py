"""Facts about accidents and claims."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from panshi.kit.facts import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimFact(Fact):
    """What every fact about one claim carries; lease and customer are of who had the vehicle."""

    claim_id: UUID
    number: str
    vehicle_id: UUID
    city: str
    occurred_at: datetime
    lease_id: UUID | None
    customer_id: UUID | None
    injured: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AccidentReported(ClaimFact):
    place: str
    words: str
    battery_impacted: bool
    flooded: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AccidentSurveyed(ClaimFact):
    """Somebody looked at it on the spot."""

    words: str
    files: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimAssessed(ClaimFact):
    loss: Decimal
    insurer_pay: Decimal
    gap: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimAssessmentDisputed(ClaimFact):
    """The insurer pays less than the loss: `gap` CNY are nobody's yet."""

    loss: Decimal
    insurer_pay: Decimal
    gap: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimDocumentMissed(ClaimFact):
    """The insurer still wants these papers."""

    missing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimDocumentsCompleted(ClaimFact):
    """The insurer has all it wants."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimFileKept(ClaimFact):
    file_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimShareCharged(ClaimFact):
    bill_id: UUID
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class InsurerPaid(ClaimFact):
    """An insurer paid, in CNY; `left` of what it pays in all is still to come."""

    payment_id: UUID
    amount: Decimal
    left: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimClosed(ClaimFact):
    """Who bears which part of the loss, in CNY; the parts sum to it."""

    loss: Decimal
    insurer_pay: Decimal
    excess: Decimal
    customer_share: Decimal
    own_loss: Decimal
    lost_rent: Decimal
