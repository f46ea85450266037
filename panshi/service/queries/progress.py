"""What a customer may follow by a link, without signing in."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.core import signing
from django.utils.translation import gettext as _

from panshi.fleet import queries as fleet
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor, acting, system_actor
from panshi.kit.verbs import question
from panshi.optimiser.match import CrowFly, Place
from panshi.org import queries as org
from panshi.service import rules
from panshi.service.models import OVER, OrderState, Visit, VisitState, WorkOrder
from panshi.service.queries.catalogue import in_language, nearest_items
from panshi.service.queries.places import seen_at
from panshi.supply import queries as stock

_SALT = "service.progress"


class LinkExpired(Refusal):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How a job stands; the position is rounded to 100 m, and given on the way only."""

    work_order_id: UUID
    number: str
    state: OrderState
    visit_state: VisitState | None
    plate: str
    services: tuple[str, ...]
    engineer_name: str
    window_start: datetime | None
    window_end: datetime | None
    eta_from: datetime | None
    eta_until: datetime | None
    lon: float | None
    lat: float | None
    estimated: bool
    accepted_at: datetime | None
    travel_started_at: datetime | None
    arrived_at: datetime | None
    done_at: datetime | None
    bill_number: str
    may_review: bool
    seen_at: datetime


def progress_token(order: WorkOrder) -> str:
    return signing.dumps([str(order.id), order.org_id], salt=_SALT, compress=False)


@question
def progress_link(*, work_order_id: UUID, actor: Actor) -> str:
    """The token of a job's progress page."""
    return progress_token(WorkOrder.objects.visible_to(actor).get(id=work_order_id))


@question
def live_progress(*, token: str, actor: Actor, at: datetime) -> Progress:
    """The state of the job behind a link; whoever holds the link may ask.

    Raises LinkExpired for a forged link, or 24 hours after the job has ended.
    """
    try:
        order_id, org_id = signing.loads(token, salt=_SALT)
    except signing.BadSignature as error:
        raise LinkExpired(_("This link is not valid (any more).")) from error
    house = system_actor(int(org_id))
    with acting(house):
        order = WorkOrder.objects.get(id=UUID(order_id))
        if order.state in OVER and (order.closed_at or at) + rules.PROGRESS_TERM < at:
            raise LinkExpired(_("This link is not valid (any more)."))
        return _progress(order, house, at)


def _progress(order: WorkOrder, house: Actor, at: datetime) -> Progress:
    visit = order.visits.exclude(state=VisitState.CANCELLED).order_by("-id").first()
    vehicle = fleet.vehicle_refs(vehicle_ids=(order.vehicle_id,), actor=house).get(order.vehicle_id)
    engineer = visit.engineer_id if visit else None
    names = org.names_of(user_ids=(engineer,), actor=house) if engineer else {}
    here = _where(visit, house, at) if visit else None
    eta = _interval(visit, here, at) if visit else None
    shown = here if visit and visit.state == VisitState.TRAVELLING else None
    rounded = rules.rounded_place(shown.lon, shown.lat) if shown else (None, None)
    codes = list(order.items.order_by("id").values_list("item_code", flat=True))
    known = nearest_items(order.org_id, codes, released=False)
    return Progress(
        work_order_id=order.id,
        number=order.number,
        state=OrderState(order.state),
        visit_state=VisitState(visit.state) if visit else None,
        plate=vehicle.plate if vehicle else "",
        services=tuple(
            in_language(known[c].name_zh, known[c].name_en) if c in known else c for c in codes
        ),
        engineer_name=names.get(engineer, "") if engineer else "",
        window_start=visit.window_start if visit else None,
        window_end=visit.window_end if visit else None,
        eta_from=eta[0] if eta else None,
        eta_until=eta[1] if eta else None,
        lon=rounded[0],
        lat=rounded[1],
        estimated=True,
        accepted_at=visit.accepted_at if visit else None,
        travel_started_at=visit.travel_started_at if visit else None,
        arrived_at=order.arrived_at,
        done_at=order.done_at,
        bill_number=order.bill_number,
        may_review=order.released_at is not None and not hasattr(order, "review"),
        seen_at=at,
    )


def _where(visit: Visit, house: Actor, at: datetime) -> Place | None:
    """Where the engineer is: the van's terminal says, else where it set off."""
    if visit.state != VisitState.TRAVELLING or visit.engineer_id is None:
        return None
    van = stock.van_of(user_id=visit.engineer_id, at=at, actor=house)
    seen = seen_at(van.vehicle_id, house) if van else None
    if seen is not None:
        return seen
    if visit.travel_lon is not None and visit.travel_lat is not None:
        return Place(visit.travel_lon, visit.travel_lat)
    return None


def _interval(visit: Visit, here: Place | None, at: datetime) -> tuple[datetime, datetime] | None:
    """When to expect the engineer; wider when it rests on the plan alone."""
    if visit.state in (VisitState.PROMISED, VisitState.COMMITTED) and visit.starts_at:
        return (
            max(at, visit.starts_at - timedelta(minutes=15)),
            max(at, visit.starts_at + timedelta(minutes=30)),
        )
    if visit.state != VisitState.TRAVELLING:
        return None
    if here is None or visit.lon is None or visit.lat is None:
        planned = max(at, visit.starts_at or at)
        return planned, planned + timedelta(minutes=30)
    seconds = CrowFly().seconds(here, Place(visit.lon, visit.lat))
    return at + timedelta(seconds=0.85 * seconds), at + timedelta(seconds=1.35 * seconds + 120)
