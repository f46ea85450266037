"""Verbs that open work orders and decide who goes."""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.diagnosis import queries as findings
from panshi.diagnosis import services as diagnosis
from panshi.fleet import queries as fleet
from panshi.fleet.queries import VehicleRef
from panshi.kit.clock import day_start, local_day
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.optimiser.match import Place
from panshi.people import queries as people
from panshi.service import rules
from panshi.service.events import VisitAssigned, WorkOrderCancelled, WorkOrderOpened
from panshi.service.models import (
    MOVABLE,
    ORDER_LIFE,
    OVER,
    VISIT_LIFE,
    OrderItem,
    OrderKind,
    OrderState,
    ServiceItem,
    Visit,
    VisitState,
    WorkOrder,
)
from panshi.service.queries import planning
from panshi.service.queries.board import move_consequences, wish_of_visit
from panshi.service.queries.catalogue import ordered_items, priced
from panshi.service.queries.fitness import missing_words
from panshi.service.queries.places import seen_at
from panshi.service.services import placing
from panshi.supply import services as supply

GRAVE = 3
GRAVE_DAYS = 2


class CertificateLapsed(Refusal):
    """A certificate that the job asks for is missing, suspended or over; nobody overrides this."""


class NotQualified(Refusal):
    pass


class WindowBroken(Refusal):
    pass


class PlanStale(Refusal):
    pass


class AlreadyUnderWay(Refusal):
    pass


@verb
def open_order_for_finding(
    *,
    finding_id: UUID,
    actor: Actor,
    at: datetime,
    lon: float | None = None,
    lat: float | None = None,
    address: str = "",
) -> WorkOrderOpened:
    """Turn a finding into a priced work order, with the first slot and engineer that can keep it.

    Where nobody can, or the vehicle's place is unknown, the visit waits for the dispatcher with
    the reasons. Grave findings look two days ahead and are URGENT, others fourteen. Raises
    OrderAlreadyOpen, UnknownService, PriceMissing.
    """
    advice = findings.recommended_plan(finding_id=finding_id, actor=actor)
    actor.must("service.open_order_for_finding", advice.org_id)
    running = WorkOrder.objects.visible_to(actor).filter(finding_id=finding_id)
    if known := running.exclude(state__in=OVER).first():
        raise placing.OrderAlreadyOpen(
            _("Work order %(number)s is open for this finding.") % {"number": known.number}
        )
    refs = fleet.vehicle_refs(vehicle_ids=(advice.vehicle_id,), actor=actor)
    vehicle = refs[advice.vehicle_id]
    place = Place(lon, lat) if lon is not None and lat is not None else None
    grave = advice.severity >= GRAVE
    order, visit = _open(
        vehicle=vehicle,
        kind=OrderKind.URGENT if grave else OrderKind.PLANNED,
        items=ordered_items(vehicle.org_id, advice.item_codes),
        place=place or seen_at(vehicle.id, actor) or _place_of_finding(finding_id, actor),
        address=address,
        days=GRAVE_DAYS if grave else rules.OFFER_DAYS,
        two_person=advice.two_person,
        finding_id=finding_id,
        actor=actor,
        at=at,
    )
    diagnosis.plan_finding(finding_id=finding_id, work_order_id=order.id, actor=actor, at=at)
    return _opened(order, visit, actor, at)


def _place_of_finding(finding_id: UUID, actor: Actor) -> Place | None:
    evidence = findings.finding_page(finding_id=finding_id, actor=actor).evidence
    lon, lat = evidence.get("lon"), evidence.get("lat")
    return Place(float(lon), float(lat)) if lon is not None and lat is not None else None


@verb
def open_work_order(
    *,
    vehicle_id: UUID,
    item_codes: Sequence[str],
    kind: str,
    address: str,
    lon: float,
    lat: float,
    actor: Actor,
    at: datetime,
) -> WorkOrderOpened:
    """Open a work order by hand, at today's price, in the first slot that can be kept.

    Raises OrderAlreadyOpen, UnknownService, PriceMissing.
    """
    vehicle = fleet.vehicle_refs(vehicle_ids=(vehicle_id,), actor=actor)[vehicle_id]
    actor.must("service.open_work_order", vehicle.org_id)
    urgent = OrderKind(kind) in (OrderKind.URGENT, OrderKind.RESCUE)
    order, visit = _open(
        vehicle=vehicle,
        kind=OrderKind(kind),
        items=ordered_items(vehicle.org_id, item_codes),
        place=Place(lon, lat),
        address=address,
        days=GRAVE_DAYS if urgent else rules.OFFER_DAYS,
        surcharge=urgent,
        actor=actor,
        at=at,
    )
    return _opened(order, visit, actor, at)


def _open(
    *,
    vehicle: VehicleRef,
    kind: OrderKind,
    items: Sequence[ServiceItem],
    place: Place | None,
    address: str,
    days: int,
    actor: Actor,
    at: datetime,
    two_person: bool = False,
    surcharge: bool = False,
    finding_id: UUID | None = None,
) -> tuple[WorkOrder, Visit]:
    """Write order and visit, and put the visit into the plan where it can be kept."""
    began = time.perf_counter()
    lines = priced(
        org_id=vehicle.org_id,
        items=items,
        model_code=vehicle.model_code,
        city=vehicle.city,
        day=local_day(at),
        urgent=surcharge,
    )
    first = local_day(at)
    last = first + timedelta(days=days - 1)
    placing.lock_day(vehicle.city, *(first + timedelta(days=n) for n in range(days)))
    placing.expire_holds_of(vehicle.org_id, vehicle.city, actor, at)
    order = placing.create_order(
        org_id=vehicle.org_id,
        kind=kind,
        customer_id=vehicle.customer_id,
        vehicle_id=vehicle.id,
        model_code=vehicle.model_code,
        city=vehicle.city,
        address=address,
        lon=place.lon if place else None,
        lat=place.lat if place else None,
        items=items,
        lines=lines,
        at=at,
        finding_id=finding_id,
    )
    wish = planning.wish_of(
        org_id=vehicle.org_id,
        city=vehicle.city,
        lon=place.lon if place else 0.0,
        lat=place.lat if place else 0.0,
        items=items,
        model_code=vehicle.model_code,
        at=at,
        two_person=two_person,
    )
    visit = Visit(
        org_id=vehicle.org_id,
        order=order,
        customer_id=order.customer_id,
        city=order.city,
        day=first,
        lon=order.lon,
        lat=order.lat,
        minutes=wish.minutes,
        crew=wish.crew,
        window_start=max(at, day_start(first)),
        window_end=day_start(last + timedelta(days=1)),
    )
    if place is None:
        visit.save()
        placing.record_event(
            visit=visit, kind="UNPLACED", answer={"rule": "place"}, actor=actor, at=at
        )
        return order, visit
    plan = planning.days_of(
        org_id=vehicle.org_id, city=vehicle.city, first=first, last=last, actor=actor, at=at
    )
    found = planning.earliest(wish=wish, days=plan, first=first, last=last, at=at, lead=rules.LEAD)
    if found is None:
        visit.save()
        placing.record_event(
            visit=visit,
            kind="UNPLACED",
            answer=placing.why_nobody(wish, plan, first, last, at, actor),
            actor=actor,
            at=at,
        )
        return order, visit
    choice, visit.window_start, visit.window_end = found
    placing.enter_plan(
        visit=visit,
        choice=choice,
        parts=wish.parts,
        kind="JOB_ADDED",
        actor=actor,
        at=at,
        began=began,
    )
    visit.state = VISIT_LIFE.step(visit.state, VisitState.PROMISED)
    visit.save(update_fields=["state"])
    placing.schedule(order, at)
    return order, visit


def _opened(order: WorkOrder, visit: Visit, actor: Actor, at: datetime) -> WorkOrderOpened:
    return WorkOrderOpened(
        org_id=order.org_id,
        actor_id=actor.id,
        at=at,
        work_order_id=order.id,
        number=order.number,
        visit_id=visit.id,
        vehicle_id=order.vehicle_id,
        customer_id=order.customer_id,
        finding_id=order.finding_id,
        kind=order.kind,
        city=order.city,
        engineer_id=visit.engineer_id,
        starts_at=visit.starts_at,
        total=order.total,
    )


def _must_be_certified(
    visit: Visit, engineer_id: UUID, starts_at: datetime, actor: Actor, at: datetime
) -> None:
    needed = tuple(sorted(wish_of_visit(visit, actor, at).certificates))
    fit = people.fit_for(
        user_id=engineer_id, certificates=needed, on=local_day(starts_at), actor=actor
    )
    if not fit.fit:
        raise CertificateLapsed(missing_words(fit.missing, org_id=visit.org_id))


@verb
def assign_visit(
    *,
    visit_id: UUID,
    engineer_id: UUID,
    starts_at: datetime,
    actor: Actor,
    at: datetime,
    plan_version: int | None = None,
    break_window: bool = False,
) -> VisitAssigned:
    """Give a visit to an engineer at a time, as a dispatcher decides.

    `plan_version` is the version the dispatcher looked at; `break_window` says that the customer
    agreed to a time outside the promise. Raises PlanStale, CertificateLapsed, NotQualified,
    WindowBroken, AlreadyUnderWay, SlotTaken.
    """
    visit = Visit.objects.visible_to(actor).select_related("order", "booking").get(id=visit_id)
    actor.must("service.assign_visit", visit.org_id)
    placing.lock_day(visit.city, visit.day, local_day(starts_at))
    visit = Visit.objects.select_for_update(of=("self",)).get(id=visit_id)
    if plan_version is not None and plan_version != placing.plan_version(
        visit.org_id, visit.city, local_day(starts_at)
    ):
        raise PlanStale(_("The plan has changed meanwhile. Look at the board again."))
    if visit.order_id is None or visit.state not in MOVABLE:
        raise AlreadyUnderWay(_("This visit can no longer be moved."))
    _must_be_certified(visit, engineer_id, starts_at, actor, at)
    effect = move_consequences(
        visit_id=visit_id, engineer_id=engineer_id, starts_at=starts_at, actor=actor, at=at
    )
    if effect.rule is not None:
        raise NotQualified(effect.words)
    if not effect.promise_kept and not break_window:
        raise WindowBroken(_("The customer was promised another time. Ask the customer first."))
    if not effect.promise_kept:
        visit.window_start, visit.window_end = effect.window_start, effect.window_end
    if visit.state == VisitState.COMMITTED:
        visit.state = VISIT_LIFE.step(visit.state, VisitState.PROMISED)
        visit.accepted_at = None
    elif visit.state == VisitState.PLANNED:
        visit.state = VISIT_LIFE.step(visit.state, VisitState.PROMISED)
    order = WorkOrder.objects.select_for_update().get(id=visit.order_id)
    supply.release_parts(
        org_id=visit.org_id, document=placing.DOCUMENT.format(visit.id), actor=actor, at=at
    )
    visit.engineer_id = engineer_id
    visit.starts_at = starts_at
    visit.ends_at = starts_at + timedelta(minutes=visit.minutes)
    visit.day = local_day(starts_at)
    visit.part_source_id = effect.station_id
    visit.save()
    placing.bind_crew(visit, [engineer_id, *effect.helpers])
    placing.reserve(visit, effect.parts, actor, at)
    placing.record_event(visit=visit, kind="MOVED_BY_HAND", answer=effect.table, actor=actor, at=at)
    if order.state in (OrderState.OPEN, OrderState.WAITING):
        placing.schedule(order, at)
    return VisitAssigned(
        org_id=visit.org_id,
        actor_id=actor.id,
        at=at,
        visit_id=visit.id,
        work_order_id=order.id,
        engineer_id=engineer_id,
        starts_at=starts_at,
        promise_kept=effect.promise_kept,
    )


@verb
def cancel_work_order(
    *, work_order_id: UUID, reason: str, actor: Actor, at: datetime
) -> WorkOrderCancelled:
    """Give up an order on which no work has begun. Raises IllegalMove after that."""
    order = WorkOrder.objects.visible_to(actor).get(id=work_order_id)
    actor.must("service.cancel_work_order", order.org_id)
    placing.lock_day(order.city, *order.visits.values_list("day", flat=True))
    order = WorkOrder.objects.select_for_update().get(id=work_order_id)
    order.state = ORDER_LIFE.step(order.state, OrderState.CANCELLED)
    order.closed_at = at
    order.save(update_fields=["state", "closed_at"])
    OrderItem.objects.filter(order=order).update(is_open=False)
    for visit in order.visits.select_for_update().exclude(state=VisitState.CANCELLED):
        placing.leave_plan(visit, VisitState.CANCELLED, reason[:200], actor, at)
    return WorkOrderCancelled(
        org_id=order.org_id,
        actor_id=actor.id,
        at=at,
        work_order_id=order.id,
        vehicle_id=order.vehicle_id,
        reason=reason,
    )
