"""The rows with which questions about work orders answer."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from panshi.service.models import OrderKind, OrderState, VisitState
from panshi.service.queries.catalogue import PriceLine


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow:
    """A work order in a list."""

    id: UUID
    number: str
    kind: OrderKind
    state: OrderState
    plate: str
    customer_name: str
    city: str
    services: tuple[str, ...]
    engineer_name: str
    starts_at: datetime | None
    total: Decimal
    opened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPage:
    rows: tuple[OrderRow, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A stage of the life cycle: reached at a moment, or still ahead."""

    state: OrderState
    at: datetime | None
    current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """A line of the timeline."""

    at: datetime
    kind: str
    words: str
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitRow:
    id: UUID
    state: VisitState
    engineer_id: UUID | None
    engineer_name: str
    helpers: tuple[str, ...]
    window_start: datetime
    window_end: datetime
    starts_at: datetime | None
    ends_at: datetime | None
    arrived_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartRow:
    item_code: str
    name: str
    quantity: int
    lot: str
    serial: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoRow:
    id: UUID
    file_id: UUID
    purpose: str
    purpose_words: str
    step: str
    signed_by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRow:
    stars: int
    tags: tuple[str, ...]
    text: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingLimit:
    """A measurement the self-check asks for, with its limits and, once taken, its value."""

    code: str
    name: str
    unit: str
    low: float | None
    high: float | None
    value: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkOrderCard:
    """One work order with all that belongs to it."""

    id: UUID
    org_id: int
    number: str
    kind: OrderKind
    state: OrderState
    booking_id: UUID | None
    finding_id: UUID | None
    customer_id: UUID | None
    customer_name: str
    vehicle_id: UUID
    plate: str
    vin: str
    model_name: str
    city: str
    address: str
    lon: float | None
    lat: float | None
    high_voltage: bool
    services: tuple[str, ...]
    item_codes: tuple[str, ...]
    minutes: int
    total: Decimal
    lines: tuple[PriceLine, ...]
    outcome: str
    fault_cause: str
    diagnosis_note: str
    steps_done: int
    steps_required: int
    open_steps: tuple[str, ...]
    readings: tuple[ReadingLimit, ...]
    visits: tuple[VisitRow, ...]
    parts: tuple[PartRow, ...]
    photos: tuple[PhotoRow, ...]
    review: ReviewRow | None
    bill_id: UUID | None
    bill_number: str
    stages: tuple[Step, ...]
    timeline: tuple[Happening, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DayVisit:
    """A visit of an engineer's day, all that the phone needs of it."""

    visit_id: UUID
    work_order_id: UUID
    number: str
    state: VisitState
    leads: bool
    plate: str
    model_name: str
    customer_name: str
    address: str
    lon: float | None
    lat: float | None
    window_start: datetime
    window_end: datetime
    starts_at: datetime
    minutes: int
    services: tuple[str, ...]
    high_voltage: bool
    steps_done: int
    steps_required: int
