"""What the cockpit made true."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from panshi.kit.facts import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class FiguresCounted(Fact):
    """Counts were added to figures; open pages ask for them anew."""

    indicators: tuple[str, ...]
    counted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleDaysKept(Fact):
    day: date
    cells: int
    vehicles: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecountTaken(Fact):
    since: date
    until: date
    rows: int
    differed: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecountDiffered(Fact):
    indicators: tuple[str, ...]
    cells: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSet(Fact):
    indicator: str
    month: date
    green: Decimal
    red: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetsJudged(Fact):
    raised: tuple[str, ...]
    cleared: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRaised(Fact):
    alert_id: UUID
    indicator: str
    value: Decimal
    red: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertAcknowledged(Fact):
    alert_id: UUID
    indicator: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetSet(Fact):
    month: date
    cost_class: str
    version: int
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskRecorded(Fact):
    risk_id: UUID
    number: str
    risk_class: str
    weight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskReviewed(Fact):
    risk_id: UUID
    residual_weight: int
    review_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class RollOutPlanned(Fact):
    plan_id: UUID
    city: str
    opens_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseGatePassed(Fact):
    plan_id: UUID
    phase: str
    is_exception: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PlansFollowed(Fact):
    """The plans whose playbook was looked at, and the runs that began."""

    plans: int
    runs: int
