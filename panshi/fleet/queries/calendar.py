"""Questions of the compliance calendar: what lapses when."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Count, Q

from panshi.fleet import rules
from panshi.fleet.models import Document, DocumentKind, DueItem, DueState, VehicleState, VehicleUse
from panshi.kit.clock import local_day
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question


@dataclass(frozen=True, slots=True, kw_only=True)
class DueRow:
    """A paper in the compliance calendar. `rung` is the last reminder's, None before the first."""

    id: UUID
    vehicle_id: UUID
    vin: str
    plate: str
    model_name: str
    city: str
    state: VehicleState
    kind: DocumentKind
    expires_on: date
    days_left: int
    blocks: bool
    rung: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DuePage:
    rows: tuple[DueRow, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LapseCounts:
    lapsed: int
    week: int
    month: int
    two_months: int


@question
def due_calendar(
    *,
    actor: Actor,
    at: datetime,
    within_days: int = 60,
    kind: str = "",
    city: str = "",
    text: str = "",
    order_by: str = "expires_on",
    limit: int = 20,
    offset: int = 0,
) -> DuePage:
    """Current papers that lapse within so many days, or have lapsed; the soonest first.

    Papers of retired and sold vehicles and of customers' own are left out.
    """
    today = local_day(at)
    found = (
        Document.objects.visible_to(actor)
        .filter(current=True, expires_on__lte=today + timedelta(days=within_days))
        .exclude(vehicle__state__in=(VehicleState.RETIRED, VehicleState.SOLD))
        .exclude(vehicle__use=VehicleUse.EXTERNAL)
    )
    if kind:
        found = found.filter(kind=kind)
    if city:
        found = found.filter(vehicle__city=city)
    if words := rules.fold(text):
        found = found.filter(Q(vehicle__plate__contains=words) | Q(vehicle__vin__contains=words))
    order = order_by if order_by.removeprefix("-") in {"expires_on", "kind"} else "expires_on"
    page = list(found.select_related("vehicle").order_by(order, "id")[offset : offset + limit])
    rungs = {
        (item.vehicle_id, item.kind): item.rung
        for item in DueItem.objects.filter(
            vehicle__in=[document.vehicle_id for document in page], state=DueState.OPEN
        )
    }
    rows = tuple(
        DueRow(
            id=document.id,
            vehicle_id=document.vehicle_id,
            vin=document.vehicle.vin,
            plate=document.vehicle.plate,
            model_name=document.vehicle.model_name,
            city=document.vehicle.city,
            state=VehicleState(document.vehicle.state),
            kind=DocumentKind(document.kind),
            expires_on=document.expires_on,
            days_left=(document.expires_on - today).days,
            blocks=rules.PAPER_RULES[document.kind].blocks,
            rung=rungs.get((document.vehicle_id, document.kind)),
        )
        for document in page
    )
    return DuePage(rows=rows, total=found.count())


@question
def lapse_counts(*, actor: Actor, at: datetime) -> LapseCounts:
    """How many papers have lapsed, and how many lapse within 7, 30 and 60 days."""
    today = local_day(at)

    def within(days: int) -> Q:
        return Q(expires_on__gte=today, expires_on__lte=today + timedelta(days=days))

    counted = (
        Document.objects.visible_to(actor)
        .filter(current=True, expires_on__lte=today + timedelta(days=60))
        .exclude(vehicle__state__in=(VehicleState.RETIRED, VehicleState.SOLD))
        .exclude(vehicle__use=VehicleUse.EXTERNAL)
        .aggregate(
            lapsed=Count("id", filter=Q(expires_on__lt=today)),
            week=Count("id", filter=within(7)),
            month=Count("id", filter=within(30)),
            two_months=Count("id", filter=within(60)),
        )
    )
    return LapseCounts(**counted)
