"""Verbs that check, release, bill, close and judge a job."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.billing import services as billing
from panshi.diagnosis import services as diagnosis
from panshi.fleet import queries as fleet_queries
from panshi.fleet import services as fleet
from panshi.fleet.services import MaintenanceDone
from panshi.kit.clock import local_day
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import SYSTEM, Actor
from panshi.kit.verbs import verb
from panshi.service import rules
from panshi.service.events import WorkClosed, WorkReleased, WorkReviewed, WorkSelfChecked
from panshi.service.models import (
    ENDED,
    ORDER_LIFE,
    OrderItem,
    OrderLine,
    OrderState,
    PriceKind,
    Review,
    VisitCrew,
    VisitState,
    WorkOrder,
)
from panshi.service.queries.catalogue import in_language, nearest_items

SOURCE: Final = "WORK_ORDER"
ROUTINE: Final = "ROUTINE_SERVICE"
_PRODUCTS: Final = {
    PriceKind.LABOUR_RATE: "SERVICE_LABOUR",
    PriceKind.FIXED: "SERVICE_LABOUR",
    PriceKind.PART: "SERVICE_PARTS",
    PriceKind.CALL_OUT: "SERVICE_TRAVEL",
    PriceKind.URGENT: "SERVICE_TRAVEL",
    PriceKind.NIGHT: "SERVICE_TRAVEL",
}


class VisitOpen(Refusal):
    pass


class ReadingMissing(Refusal):
    pass


class ReadingOutOfRange(Refusal):
    pass


class SecondPersonRequired(Refusal):
    pass


class BillOpen(Refusal):
    pass


class ReviewClosed(Refusal):
    pass


class NotTheCustomer(Refusal):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A measurement of the self-check, in the unit that the catalogue names for its code."""

    code: str
    value: float


def _order(work_order_id: UUID, permission: str, actor: Actor) -> WorkOrder:
    order = WorkOrder.objects.visible_to(actor).select_for_update().get(id=work_order_id)
    actor.must(permission, order.org_id)
    return order


@verb
def self_check(
    *, work_order_id: UUID, readings: Sequence[Reading], actor: Actor, at: datetime
) -> WorkSelfChecked:
    """Measure what the services ask for and vouch for the work.

    Raises VisitOpen, ReadingMissing, ReadingOutOfRange.
    """
    order = _order(work_order_id, "service.self_check", actor)
    visits = list(order.visits.values_list("state", flat=True))
    if VisitState.DONE not in visits or any(state not in ENDED for state in visits):
        raise VisitOpen(_("The visit is not finished yet."))
    given = {reading.code: reading.value for reading in readings}
    codes = [item.item_code for item in order.items.all()]
    for item in nearest_items(order.org_id, codes, released=False).values():
        for wanted in item.readings:
            _judge(wanted, given)
    order.state = ORDER_LIFE.step(order.state, OrderState.SELF_CHECKED)
    order.readings = given
    order.self_checked_at, order.self_checked_by_id = at, actor.id
    order.save(update_fields=["state", "readings", "self_checked_at", "self_checked_by_id"])
    return WorkSelfChecked(
        org_id=order.org_id,
        actor_id=actor.id,
        at=at,
        work_order_id=order.id,
        vehicle_id=order.vehicle_id,
        high_voltage=order.high_voltage,
    )


def _judge(wanted: dict[str, object], given: dict[str, float]) -> None:
    name = in_language(str(wanted["zh"]), str(wanted["en"]))
    value = given.get(str(wanted["code"]))
    if value is None:
        raise ReadingMissing(_("Measure and enter: %(name)s.") % {"name": name})
    low, high = wanted.get("low"), wanted.get("high")
    too_low = isinstance(low, int | float) and value < low
    too_high = isinstance(high, int | float) and value > high
    if too_low or too_high:
        raise ReadingOutOfRange(
            _("%(name)s is %(value)s %(unit)s; allowed is %(low)s to %(high)s.")
            % {
                "name": name,
                "value": value,
                "unit": wanted["unit"],
                "low": "…" if low is None else low,
                "high": "…" if high is None else high,
            }
        )


def _note_maintenance(order: WorkOrder, *, actor: Actor, at: datetime) -> None:
    """Tell the fleet that the maker's service was done: its next interval counts from now."""
    if ROUTINE not in OrderItem.objects.filter(order=order).values_list("item_code", flat=True):
        return
    refs = fleet_queries.vehicle_refs(vehicle_ids=(order.vehicle_id,), actor=actor)
    if order.vehicle_id in refs:
        fleet.record_maintenance(
            records=[
                MaintenanceDone(
                    vehicle_id=order.vehicle_id,
                    on=local_day(at),
                    odometer_km=refs[order.vehicle_id].odometer_km,
                )
            ],
            actor=actor,
            at=at,
        )


@verb
def release_work_order(*, work_order_id: UUID, actor: Actor, at: datetime) -> WorkReleased:
    """Hand the vehicle back: the bill is raised and the finding gets its outcome, all or nothing.

    High-voltage work is released by somebody other than who checked it. Raises
    SecondPersonRequired, and what billing refuses.
    """
    order = _order(work_order_id, "service.release_work_order", actor)
    if order.high_voltage and actor.id in (order.self_checked_by_id, SYSTEM):
        raise SecondPersonRequired(
            _("Work on high voltage is released by a second person, not by who checked it.")
        )
    order.state = ORDER_LIFE.step(order.state, OrderState.RELEASED)
    order.released_at, order.released_by_id = at, actor.id
    order.save(update_fields=["state", "released_at", "released_by_id"])
    if order.finding_id is not None:
        diagnosis.record_outcome(
            finding_id=order.finding_id,
            work_order_id=order.id,
            outcome=order.outcome,
            cause=order.fault_cause,
            note=order.diagnosis_note,
            actor=actor,
            at=at,
        )
    _note_maintenance(order, actor=actor, at=at)
    due = order.customer_id is not None and order.total > 0
    if due and order.customer_id is not None:
        bill = billing.raise_bill(
            org_id=order.org_id,
            customer_id=order.customer_id,
            source_kind=SOURCE,
            source_id=order.id,
            vehicle_id=order.vehicle_id,
            due_on=local_day(at) + timedelta(days=rules.PAY_DAYS),
            lines=[_bill_line(line) for line in order.lines.order_by("position")],
            actor=actor,
            at=at,
        )
        order.state = ORDER_LIFE.step(order.state, OrderState.BILLED)
        order.bill_id, order.bill_number = bill.bill_id, bill.number
        order.save(update_fields=["state", "bill_id", "bill_number"])
    else:
        close_work_order(work_order_id=order.id, actor=actor, at=at)
    return WorkReleased(
        org_id=order.org_id,
        actor_id=actor.id,
        at=at,
        work_order_id=order.id,
        vehicle_id=order.vehicle_id,
        customer_id=order.customer_id,
        bill_id=order.bill_id,
        total=order.total,
    )


def _bill_line(line: OrderLine) -> billing.NewLine:
    return billing.NewLine(
        product_code=_PRODUCTS[PriceKind(line.kind)],
        words=line.words_zh,
        words_en=line.words_en,
        quantity=line.quantity,
        unit_price=line.unit_price,
    )


@verb
def close_work_order(
    *, work_order_id: UUID, actor: Actor, at: datetime, paid_bill_id: UUID | None = None
) -> WorkClosed:
    """End a released order: its bill is paid, or nothing is due. Raises BillOpen."""
    order = _order(work_order_id, "service.close_work_order", actor)
    if order.bill_id is not None and order.bill_id != paid_bill_id:
        raise BillOpen(_("Bill %(number)s is not paid yet.") % {"number": order.bill_number})
    order.state = ORDER_LIFE.step(order.state, OrderState.CLOSED)
    order.closed_at = at
    order.save(update_fields=["state", "closed_at"])
    OrderItem.objects.filter(order=order).update(is_open=False)
    begun, done = order.arrived_at, order.done_at
    return WorkClosed(
        org_id=order.org_id,
        actor_id=actor.id,
        at=at,
        work_order_id=order.id,
        vehicle_id=order.vehicle_id,
        customer_id=order.customer_id,
        engineer_id=_lead(order),
        minutes=round((done - begun).total_seconds() / 60) if begun and done else 0,
        city=order.city,
    )


def _lead(order: WorkOrder) -> UUID | None:
    lead: UUID | None = (
        VisitCrew.objects.filter(visit__order=order, leads=True, visit__state=VisitState.DONE)
        .order_by("-visit__starts_at")
        .values_list("engineer_id", flat=True)
        .first()
    )
    return lead


@verb
def review_work_order(
    *,
    work_order_id: UUID,
    stars: int,
    tags: tuple[str, ...],
    text: str,
    actor: Actor,
    at: datetime,
) -> WorkReviewed:
    """Say how it was: once, within 30 days of the release. Raises ReviewClosed, NotTheCustomer."""
    order = WorkOrder.objects.visible_to(actor).select_for_update().get(id=work_order_id)
    actor.must("service.review_work_order", order.org_id)
    if order.customer_id is None or actor.customer_id not in (None, order.customer_id):
        raise NotTheCustomer(_("Only the customer of this job can review it."))
    if order.released_at is None or at > order.released_at + rules.REVIEW_TERM:
        raise ReviewClosed(_("This job cannot be reviewed (any more)."))
    if not 1 <= stars <= 5:
        raise ReviewClosed(_("Give one to five stars."))
    if Review.objects.filter(order=order).exists():
        raise ReviewClosed(_("This job has been reviewed already."))
    engineer_id = _lead(order)
    Review.objects.create(
        org_id=order.org_id,
        order=order,
        customer_id=order.customer_id,
        engineer_id=engineer_id,
        stars=stars,
        tags=list(tags),
        text=text,
        at=at,
    )
    return WorkReviewed(
        org_id=order.org_id,
        actor_id=actor.id,
        at=at,
        work_order_id=order.id,
        customer_id=order.customer_id,
        engineer_id=engineer_id,
        stars=stars,
        tags=tags,
        city=order.city,
    )
