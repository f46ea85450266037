"""Facts about what vehicles cost and earn."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from panshi.kit.facts import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleCostRecorded(Fact):
    """A cost of one vehicle was posted, in CNY."""

    cost_id: UUID
    vehicle_id: UUID
    kind: str
    amount: Decimal
    occurred_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleCostsRecorded(Fact):
    """Costs of several vehicles were posted; `total` in CNY."""

    cost_ids: tuple[UUID, ...]
    total: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleCostsReversed(Fact):
    """Costs were wrong and are cancelled in the book; `total` in CNY."""

    cost_ids: tuple[UUID, ...]
    total: Decimal
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PrepaidReleased(Fact):
    """What prepaid costs served up to a month's end reached their vehicles; `amount` in CNY."""

    month: date
    entries: int
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CostImportStaged(Fact):
    batch_id: UUID
    rows: int
    errors: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CostImportCommitted(Fact):
    batch_id: UUID
    created: int
    there_already: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CostImportUndone(Fact):
    batch_id: UUID
    removed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EarningsKept(Fact):
    """What is earned by its days was reckoned anew for `orgs` nodes."""

    orgs: int
