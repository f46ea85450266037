"""Verbs of the engineer on the road and at the vehicle."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.kit.clock import local_day
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import SYSTEM, Actor
from panshi.kit.verbs import verb
from panshi.kit.wording import listed
from panshi.optimiser.match import CrowFly, Place, kilometres
from panshi.people import queries as people
from panshi.service import events
from panshi.service.models import (
    BOOKING_LIFE,
    ORDER_LIFE,
    VISIT_LIFE,
    BookingState,
    Labour,
    OrderState,
    Photo,
    Visit,
    VisitCrew,
    VisitState,
    WorkOrder,
)
from panshi.service.queries.board import wish_of_visit
from panshi.service.queries.fitness import missing_words
from panshi.service.services import placing
from panshi.service.services.orders import CertificateLapsed
from panshi.supply import services as supply

NEAR_METRES: Final = 500
BEFORE_SHIFT: Final = timedelta(minutes=90)
DISPATCH: Final = "service.assign_visit"


class NotYourVisit(Refusal):
    pass


class ReasonMissing(Refusal):
    pass


class ShiftNotStarted(Refusal):
    pass


class TooFarFromPlace(Refusal):
    pass


class NotOnSite(Refusal):
    pass


class ProcedureOpen(Refusal):
    pass


class SignatureMissing(Refusal):
    pass


def on_visit(visit_id: UUID, permission: str, actor: Actor) -> tuple[Visit, WorkOrder, UUID]:
    """The visit and its order, locked, and its lead. Raises NotYourVisit for other engineers."""
    seen = Visit.objects.visible_to(actor).get(id=visit_id)
    actor.must(permission, seen.org_id)
    if seen.order_id is None:
        raise NotYourVisit(_("This visit is not confirmed yet."))
    order = WorkOrder.objects.select_for_update().get(id=seen.order_id)
    visit = Visit.objects.select_for_update().get(id=visit_id)
    if visit.engineer_id is None:
        raise NotYourVisit(_("Nobody has been assigned to this visit yet."))
    crew = VisitCrew.objects.filter(visit=visit).values_list("engineer_id", flat=True)
    if actor.id != SYSTEM and not actor.may(DISPATCH) and actor.id not in set(crew):
        raise NotYourVisit(_("This visit belongs to another engineer."))
    return visit, order, visit.engineer_id


@verb
def accept_visit(*, visit_id: UUID, actor: Actor, at: datetime) -> events.VisitAccepted:
    """Take a visit on; from now on only a dispatcher moves it. Raises NotYourVisit."""
    visit, order, engineer_id = on_visit(visit_id, "service.accept_visit", actor)
    visit.state = VISIT_LIFE.step(visit.state, VisitState.COMMITTED)
    visit.accepted_at = at
    visit.save(update_fields=["state", "accepted_at"])
    return events.VisitAccepted(
        org_id=visit.org_id,
        actor_id=actor.id,
        at=at,
        visit_id=visit.id,
        work_order_id=order.id,
        engineer_id=engineer_id,
    )


@verb
def refuse_visit(*, visit_id: UUID, reason: str, actor: Actor, at: datetime) -> events.VisitRefused:
    """Hand a visit back to the dispatcher, who sees the reason. Raises ReasonMissing."""
    visit, order, engineer_id = on_visit(visit_id, "service.refuse_visit", actor)
    if not reason.strip():
        raise ReasonMissing(_("Say why you cannot take this visit."))
    if visit.state == VisitState.COMMITTED:
        visit.state = VISIT_LIFE.step(visit.state, VisitState.PROMISED)
    elif visit.state != VisitState.PROMISED:
        VISIT_LIFE.step(visit.state, VisitState.PROMISED)
    visit.accepted_at = None
    visit.save(update_fields=["state", "accepted_at"])
    placing.record_event(visit=visit, kind="REFUSED", answer={"reason": reason}, actor=actor, at=at)
    return events.VisitRefused(
        org_id=visit.org_id,
        actor_id=actor.id,
        at=at,
        visit_id=visit.id,
        work_order_id=order.id,
        engineer_id=engineer_id,
        reason=reason,
    )


@verb
def start_travel(
    *,
    visit_id: UUID,
    actor: Actor,
    at: datetime,
    lon: float | None = None,
    lat: float | None = None,
) -> events.TravelStarted:
    """Set off. Raises CertificateLapsed, ShiftNotStarted, NotYourVisit."""
    visit, order, engineer_id = on_visit(visit_id, "service.start_travel", actor)
    needed = tuple(sorted(wish_of_visit(visit, actor, at).certificates))
    fit = people.fit_for(user_id=engineer_id, certificates=needed, on=local_day(at), actor=actor)
    if not fit.fit:
        raise CertificateLapsed(missing_words(fit.missing, org_id=visit.org_id))
    soon = people.engineers_on_shift(city=visit.city, at=at + BEFORE_SHIFT, actor=actor)
    now = people.engineers_on_shift(city=visit.city, at=at, actor=actor)
    if engineer_id not in {ref.user_id for ref in (*now, *soon)}:
        raise ShiftNotStarted(_("The shift has not begun, or there is none today."))
    visit.state = VISIT_LIFE.step(visit.state, VisitState.TRAVELLING)
    visit.travel_started_at = at
    visit.travel_lon, visit.travel_lat = lon, lat
    visit.save(update_fields=["state", "travel_started_at", "travel_lon", "travel_lat"])
    return events.TravelStarted(
        org_id=visit.org_id,
        actor_id=actor.id,
        at=at,
        visit_id=visit.id,
        work_order_id=order.id,
        engineer_id=engineer_id,
        customer_id=visit.customer_id,
        eta_at=_eta(visit, at),
    )


def _eta(visit: Visit, at: datetime) -> datetime:
    """When the engineer should arrive: by road from where it set off, else as planned."""
    here = (visit.travel_lon, visit.travel_lat, visit.lon, visit.lat)
    if all(value is not None for value in here):
        lon, lat, to_lon, to_lat = (float(value or 0) for value in here)
        return at + timedelta(seconds=CrowFly().seconds(Place(lon, lat), Place(to_lon, to_lat)))
    return max(at, visit.starts_at or at)


@verb
def arrive(
    *,
    visit_id: UUID,
    actor: Actor,
    at: datetime,
    lon: float | None = None,
    lat: float | None = None,
) -> events.EngineerArrived:
    """Be at the vehicle. Raises TooFarFromPlace beyond 500 m unless a dispatcher records it."""
    visit, order, engineer_id = on_visit(visit_id, "service.arrive", actor)
    metres: int | None = None
    if lon is not None and lat is not None and visit.lon is not None and visit.lat is not None:
        metres = round(kilometres(Place(lon, lat), Place(visit.lon, visit.lat)) * 1000)
    if (metres is None or metres > NEAR_METRES) and not actor.may(DISPATCH):
        raise TooFarFromPlace(
            _("Your position is not known; switch it on, or ask the dispatcher.")
            if metres is None
            else _("You are %(metres)d m away from the vehicle's place. Ask the dispatcher.")
            % {"metres": metres}
        )
    visit.state = VISIT_LIFE.step(visit.state, VisitState.ON_SITE)
    visit.arrived_at, visit.arrived_metres = at, metres
    visit.save(update_fields=["state", "arrived_at", "arrived_metres"])
    if order.state == OrderState.SCHEDULED:
        order.state = ORDER_LIFE.step(order.state, OrderState.IN_DIAGNOSIS)
    order.arrived_at = order.arrived_at or at
    order.save(update_fields=["state", "arrived_at"])
    return events.EngineerArrived(
        org_id=visit.org_id,
        actor_id=actor.id,
        at=at,
        visit_id=visit.id,
        work_order_id=order.id,
        engineer_id=engineer_id,
        customer_id=visit.customer_id,
        metres=metres,
    )


def order_in_work(work_order_id: UUID, permission: str, actor: Actor) -> WorkOrder:
    order = WorkOrder.objects.visible_to(actor).select_for_update().get(id=work_order_id)
    actor.must(permission, order.org_id)
    return order


@verb
def record_diagnosis(
    *,
    work_order_id: UUID,
    outcome: str,
    actor: Actor,
    at: datetime,
    cause: str = "",
    note: str = "",
) -> events.VehicleDiagnosed:
    """Note what was found: CONFIRMED, OTHER_CAUSE, NOT_REPRODUCED or NO_ACCESS; work may begin."""
    order = order_in_work(work_order_id, "service.record_diagnosis", actor)
    if outcome not in ("CONFIRMED", "OTHER_CAUSE", "NOT_REPRODUCED", "NO_ACCESS"):
        raise ReasonMissing(_("Choose what was found."))
    if outcome == "OTHER_CAUSE" and not cause.strip():
        raise ReasonMissing(_("Name the cause that was found instead."))
    order.state = ORDER_LIFE.step(order.state, OrderState.IN_WORK)
    order.outcome, order.fault_cause, order.diagnosis_note = outcome, cause, note
    order.save(update_fields=["state", "outcome", "fault_cause", "diagnosis_note"])
    return events.VehicleDiagnosed(
        org_id=order.org_id,
        actor_id=actor.id,
        at=at,
        work_order_id=order.id,
        vehicle_id=order.vehicle_id,
        outcome=outcome,
        cause=cause,
    )


@verb
def record_checklist(
    *,
    work_order_id: UUID,
    done: int,
    required: int,
    actor: Actor,
    at: datetime,
    blocked: int = 0,
    open_steps: tuple[str, ...] = (),
) -> events.ChecklistRecorded:
    """Take over how far the procedure on this order has come; the handbook calls it each step."""
    order = order_in_work(work_order_id, "service.record_checklist", actor)
    order.steps_done, order.steps_required = done, required
    order.steps_blocked, order.steps_at = blocked, at
    order.open_steps = [title[:120] for title in open_steps]
    order.save(
        update_fields=["steps_done", "steps_required", "steps_blocked", "steps_at", "open_steps"]
    )
    return events.ChecklistRecorded(
        org_id=order.org_id,
        actor_id=actor.id,
        at=at,
        work_order_id=order.id,
        done=done,
        required=required,
        blocked=blocked,
    )


@verb
def complete_visit(*, visit_id: UUID, actor: Actor, at: datetime) -> events.VisitDone:
    """End the work at the vehicle.

    Raises ProcedureOpen while the handbook's checklist has open or blocked steps,
    SignatureMissing when a customer has not signed, IllegalMove before the diagnosis.
    """
    visit, order, engineer_id = on_visit(visit_id, "service.complete_visit", actor)
    if order.state != OrderState.IN_WORK:
        ORDER_LIFE.step(order.state, OrderState.IN_WORK)
        raise NotOnSite(_("Record the diagnosis first."))
    if order.steps_done < order.steps_required or order.steps_blocked:
        titles = listed(order.open_steps) or str(order.steps_required - order.steps_done)
        raise ProcedureOpen(
            _("Steps of the procedure are still open: %(steps)s") % {"steps": titles}
        )
    signed = Photo.objects.filter(order=order, purpose="SIGNATURE").exists()
    if order.customer_id is not None and not signed:
        raise SignatureMissing(_("The customer has not signed yet."))
    visit.state = VISIT_LIFE.step(visit.state, VisitState.DONE)
    visit.ended_at = at
    visit.save(update_fields=["state", "ended_at"])
    minutes = max(1, round((at - (visit.arrived_at or at)).total_seconds() / 60))
    if not Labour.objects.filter(visit=visit).exists():
        Labour.objects.bulk_create(
            Labour(
                org_id=visit.org_id,
                visit=visit,
                user_id=member,
                minutes=min(minutes, 1440),
                at=at,
            )
            for member in VisitCrew.objects.filter(visit=visit, binds=True).values_list(
                "engineer_id", flat=True
            )
        )
    VisitCrew.objects.filter(visit=visit, binds=True).update(binds=False)
    supply.release_parts(
        org_id=visit.org_id, document=placing.DOCUMENT.format(visit.id), actor=actor, at=at
    )
    order.done_at = at
    order.save(update_fields=["done_at"])
    booking = visit.booking
    if booking is not None and booking.state == BookingState.CONFIRMED:
        booking.state = BOOKING_LIFE.step(booking.state, BookingState.SERVED)
        booking.ended_at = at
        booking.save(update_fields=["state", "ended_at"])
    return events.VisitDone(
        org_id=visit.org_id,
        actor_id=actor.id,
        at=at,
        visit_id=visit.id,
        work_order_id=order.id,
        vehicle_id=order.vehicle_id,
        engineer_id=engineer_id,
        minutes=minutes,
    )
