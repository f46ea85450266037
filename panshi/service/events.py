from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from panshi.kit.facts import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueLoaded(Fact):
    items: int
    prices: int
    parts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemReleased(Fact):
    item_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceChanged(Fact):
    rule_id: UUID
    kind: str
    item_code: str
    model_code: str
    city: str
    amount: Decimal
    from_day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotHeld(Fact):
    booking_id: UUID
    visit_id: UUID
    vehicle_id: UUID
    customer_id: UUID
    starts_at: datetime
    held_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingConfirmed(Fact):
    booking_id: UUID
    work_order_id: UUID
    visit_id: UUID
    vehicle_id: UUID
    customer_id: UUID
    city: str
    item_codes: tuple[str, ...]
    window_start: datetime
    window_end: datetime
    total: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingCancelled(Fact):
    booking_id: UUID
    work_order_id: UUID | None
    customer_id: UUID
    reason: str
    free: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerAbsent(Fact):
    booking_id: UUID
    work_order_id: UUID
    visit_id: UUID
    customer_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldsExpired(Fact):
    booking_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkOrderOpened(Fact):
    work_order_id: UUID
    number: str
    visit_id: UUID
    vehicle_id: UUID
    customer_id: UUID | None
    finding_id: UUID | None
    kind: str
    city: str
    engineer_id: UUID | None
    starts_at: datetime | None
    total: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkOrderCancelled(Fact):
    work_order_id: UUID
    vehicle_id: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitAssigned(Fact):
    visit_id: UUID
    work_order_id: UUID
    engineer_id: UUID
    starts_at: datetime
    promise_kept: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitAccepted(Fact):
    visit_id: UUID
    work_order_id: UUID
    engineer_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitRefused(Fact):
    visit_id: UUID
    work_order_id: UUID
    engineer_id: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TravelStarted(Fact):
    visit_id: UUID
    work_order_id: UUID
    engineer_id: UUID
    customer_id: UUID | None
    eta_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineerArrived(Fact):
    visit_id: UUID
    work_order_id: UUID
    engineer_id: UUID
    customer_id: UUID | None
    metres: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleDiagnosed(Fact):
    work_order_id: UUID
    vehicle_id: UUID
    outcome: str
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecklistRecorded(Fact):
    work_order_id: UUID
    done: int
    required: int
    blocked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoAttached(Fact):
    work_order_id: UUID
    photo_id: UUID
    purpose: str
    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitSigned(Fact):
    work_order_id: UUID
    photo_id: UUID
    signed_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartUsed(Fact):
    visit_id: UUID
    work_order_id: UUID
    vehicle_id: UUID
    item_code: str
    quantity: int
    lot: str
    serial: str
    safety: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LabourRecorded(Fact):
    visit_id: UUID
    work_order_id: UUID
    user_id: UUID
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitDone(Fact):
    visit_id: UUID
    work_order_id: UUID
    vehicle_id: UUID
    engineer_id: UUID
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkSelfChecked(Fact):
    work_order_id: UUID
    vehicle_id: UUID
    high_voltage: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkReleased(Fact):
    work_order_id: UUID
    vehicle_id: UUID
    customer_id: UUID | None
    bill_id: UUID | None
    total: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkClosed(Fact):
    work_order_id: UUID
    vehicle_id: UUID
    customer_id: UUID | None
    engineer_id: UUID | None
    minutes: int
    city: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkReviewed(Fact):
    work_order_id: UUID
    customer_id: UUID
    engineer_id: UUID | None
    stars: int
    tags: tuple[str, ...]
    city: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagePosted(Fact):
    conversation_id: UUID
    message_id: UUID
    customer_id: UUID
    author_kind: str
    text: str
    safety: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerOffered(Fact):
    conversation_id: UUID
    message_id: UUID
    node_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationHandedOver(Fact):
    conversation_id: UUID
    customer_id: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationTaken(Fact):
    conversation_id: UUID
    owner_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationResolved(Fact):
    conversation_id: UUID
    customer_id: UUID
