"""Facts about customers."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from panshi.kit.facts import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerRegistered(Fact):
    customer_id: UUID
    kind: str
    city: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomersRegistered(Fact):
    customer_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerChanged(Fact):
    customer_id: UUID
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QualificationSubmitted(Fact):
    """`kind` is INDIVIDUAL or BUSINESS; `open_checks` wait for a person's judgement."""

    qualification_id: UUID
    customer_id: UUID
    score: int
    kind: str = "INDIVIDUAL"
    open_checks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class QualificationReviewStarted(Fact):
    """A person has begun to look at what the rules could not settle."""

    qualification_id: UUID
    customer_id: UUID
    open_checks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QualificationApproved(Fact):
    qualification_id: UUID
    customer_id: UUID
    credit_limit: Decimal
    deposit_months: int
    valid_until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class QualificationRejected(Fact):
    qualification_id: UUID
    customer_id: UUID
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QualificationsLapsed(Fact):
    customer_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerBlacklisted(Fact):
    entry_id: UUID
    reason_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BlacklistingLifted(Fact):
    """A person is no longer on a node's blacklist; whoever listed them did not decide it."""

    entry_id: UUID
    customer_id: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalDataRead(Fact):
    customer_ids: tuple[UUID, ...]
    field: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintFiled(Fact):
    complaint_id: UUID
    customer_id: UUID
    subject: str
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintAnswered(Fact):
    complaint_id: UUID
    customer_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintClosed(Fact):
    complaint_id: UUID
    customer_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerImportStaged(Fact):
    batch_id: UUID
    rows: int
    errors: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerImportCommitted(Fact):
    batch_id: UUID
    created: int
    there_already: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerImportUndone(Fact):
    batch_id: UUID
    removed: int
