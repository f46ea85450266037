from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from panshi.kit.facts import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineerAdded(Fact):
    user_id: UUID
    city: str
    skills: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillGranted(Fact):
    user_id: UUID
    skill: str
    level: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftSet(Fact):
    shift_id: UUID
    user_id: UUID
    city: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftsSet(Fact):
    shifts: int
    first_day: date | None
    last_day: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftCancelled(Fact):
    shift_id: UUID
    user_id: UUID
    city: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveGranted(Fact):
    leave_id: UUID
    user_id: UUID
    city: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateGranted(Fact):
    certificate_id: UUID
    user_id: UUID
    kind: str
    valid_until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateSuspended(Fact):
    certificate_id: UUID
    user_id: UUID
    kind: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateRestored(Fact):
    """A suspension was lifted; `valid` is false while another one lasts or the term is over."""

    certificate_id: UUID
    user_id: UUID
    kind: str
    valid: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateExpiring(Fact):
    """A certificate ends soon; `days` is the rung at which this is told, the first being 60."""

    certificate_id: UUID
    user_id: UUID
    kind: str
    valid_until: date
    days: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateLapsed(Fact):
    certificate_id: UUID
    user_id: UUID
    kind: str
    valid_until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificatesReviewed(Fact):
    expiring: int
    lapsed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakRuleSet(Fact):
    city: str
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffImportStaged(Fact):
    batch_id: UUID
    rows: int
    errors: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffImportCommitted(Fact):
    batch_id: UUID
    created: int
    there_already: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffImportUndone(Fact):
    batch_id: UUID
    removed: int
