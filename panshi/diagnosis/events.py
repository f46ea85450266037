"""What diagnosis made true."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from panshi.kit.facts import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingRow:
    """One finding as a handler needs it; severity 1 note, 2 limit, 3 stop, 4 thermal event."""

    finding_id: UUID
    vehicle_id: UUID
    plate: str
    city: str
    rule: str
    group: str
    severity: int
    title_zh: str
    title_en: str
    raised_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingsRaised(Fact):
    findings: tuple[FindingRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingsCleared(Fact):
    finding_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingAcknowledged(Fact):
    finding_id: UUID
    vehicle_id: UUID
    rule: str
    severity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingPlanned(Fact):
    finding_id: UUID
    vehicle_id: UUID
    work_order_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingConfirmed(Fact):
    """An engineer found the fault that the rule had named."""

    finding_id: UUID
    vehicle_id: UUID
    rule: str
    severity: int
    work_order_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingRefuted(Fact):
    """An engineer looked and found another cause, or nothing."""

    finding_id: UUID
    vehicle_id: UUID
    rule: str
    work_order_id: UUID
    outcome: str
    cause: str
