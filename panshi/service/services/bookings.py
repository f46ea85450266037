"""Verbs of bookings: a slot is held, confirmed, given up."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.fleet.queries import VehicleRef
from panshi.kit.clock import local_day
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.service import rules
from panshi.service.events import (
    BookingCancelled,
    BookingConfirmed,
    CustomerAbsent,
    HoldsExpired,
    SlotHeld,
)
from panshi.service.models import (
    BOOKING_LIFE,
    ORDER_LIFE,
    VISIT_LIFE,
    Booking,
    BookingLine,
    BookingState,
    OrderItem,
    OrderKind,
    OrderState,
    ServiceItem,
    Visit,
    VisitState,
)
from panshi.service.queries import planning
from panshi.service.queries.catalogue import ordered_items, priced
from panshi.service.queries.slots import check_place, desk, vehicle_for
from panshi.service.services import placing
from panshi.supply import services as supply

HOLDS_PER_CUSTOMER = 3


class PriceMoved(Refusal):
    pass


class HoldLimit(Refusal):
    pass


class WindowUnknown(Refusal):
    pass


class AlreadyTravelling(Refusal):
    pass


class TooEarly(Refusal):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """What a customer asks for, checked and priced."""

    vehicle: VehicleRef
    customer_id: UUID
    city: str
    items: list[ServiceItem]
    wish: planning.Wish
    lines: tuple[rules.Line, ...]
    opens: datetime
    closes: datetime


def _window(starts_at: datetime, at: datetime) -> tuple[datetime, datetime]:
    """The window that holds a moment. Raises WindowUnknown in the past or outside all windows."""
    for opens, closes in rules.windows_of(local_day(starts_at)):
        if opens <= starts_at < closes and closes > at + rules.LEAD:
            return opens, closes
    raise WindowUnknown(_("Choose one of the offered times."))


def _checked(
    *,
    vehicle_id: UUID,
    customer_id: UUID,
    item_codes: Sequence[str],
    lon: float,
    lat: float,
    starts_at: datetime,
    city: str,
    actor: Actor,
    at: datetime,
) -> _Order:
    actor.must_be(customer_id)
    check_place(lon, lat)
    vehicle = vehicle_for(vehicle_id, actor)
    opens, closes = _window(starts_at, at)
    items = ordered_items(vehicle.org_id, item_codes)
    where = city or vehicle.city
    return _Order(
        vehicle=vehicle,
        customer_id=customer_id,
        city=where,
        items=items,
        wish=planning.wish_of(
            org_id=vehicle.org_id,
            city=where,
            lon=lon,
            lat=lat,
            items=items,
            model_code=vehicle.model_code,
            at=at,
        ),
        lines=priced(
            org_id=vehicle.org_id,
            items=items,
            model_code=vehicle.model_code,
            city=where,
            day=local_day(at),
            night=rules.is_night(opens),
        ),
        opens=opens,
        closes=closes,
    )


def _take_slot(
    *,
    order: _Order,
    address: str,
    lon: float,
    lat: float,
    until: datetime | None,
    actor: Actor,
    at: datetime,
) -> tuple[Booking, Visit]:
    """Prove the slot against the plan that runs now, and write booking, visit and plan."""
    began = time.perf_counter()
    house = desk(actor, order.vehicle.org_id)
    day = local_day(order.opens)
    placing.lock_day(order.city, day)
    placing.expire_holds_of(order.vehicle.org_id, order.city, house, at)
    plan = planning.days_of(
        org_id=order.vehicle.org_id,
        city=order.city,
        first=day,
        last=day,
        actor=house,
        at=at,
    )
    opens = max(order.opens, at + rules.LEAD)
    choice = (
        planning.choose(plan[day], order.wish, opens, order.closes, at) if day in plan else None
    )
    if choice is None:
        near = planning.days_of(
            org_id=order.vehicle.org_id,
            city=order.city,
            first=local_day(at),
            last=day + timedelta(days=3),
            actor=house,
            at=at,
        )
        raise placing.slot_taken(wish=order.wish, wanted=order.opens, days=near, at=at)
    booking = Booking.objects.create(
        org_id=order.vehicle.org_id,
        customer_id=order.customer_id,
        vehicle_id=order.vehicle.id,
        city=order.city,
        item_codes=[item.code for item in order.items],
        address=address,
        lon=lon,
        lat=lat,
        window_start=order.opens,
        window_end=order.closes,
        total=rules.total(order.lines),
        state=BookingState.HELD,
        held_until=until or at,
    )
    BookingLine.objects.bulk_create(
        BookingLine(booking=booking, **line)
        for line in placing.frozen(booking.org_id, order.customer_id, order.lines)
    )
    visit = Visit(
        org_id=booking.org_id,
        booking=booking,
        customer_id=order.customer_id,
        city=order.city,
        day=day,
        lon=lon,
        lat=lat,
        minutes=order.wish.minutes,
        crew=order.wish.crew,
        window_start=order.opens,
        window_end=order.closes,
    )
    placing.enter_plan(
        visit=visit,
        choice=choice,
        parts=order.wish.parts,
        kind="JOB_ADDED",
        actor=house,
        at=at,
        until=until,
        began=began,
    )
    return booking, visit


@verb
def hold_slot(
    *,
    vehicle_id: UUID,
    customer_id: UUID,
    item_codes: Sequence[str],
    address: str,
    lon: float,
    lat: float,
    starts_at: datetime,
    actor: Actor,
    at: datetime,
    city: str = "",
) -> SlotHeld:
    """Keep a slot for five minutes while the customer decides.

    Raises SlotTaken (with the nearest free windows), HoldLimit, WindowUnknown, NotYourVehicle,
    UnknownService, PriceMissing, PlaceUnknown.
    """
    order = _checked(
        vehicle_id=vehicle_id,
        customer_id=customer_id,
        item_codes=item_codes,
        lon=lon,
        lat=lat,
        starts_at=starts_at,
        city=city,
        actor=actor,
        at=at,
    )
    actor.must("service.hold_slot", order.vehicle.org_id)
    held = Booking.objects.filter(
        customer_id=customer_id, state=BookingState.HELD, held_until__gt=at
    )
    if held.count() >= HOLDS_PER_CUSTOMER:
        raise HoldLimit(_("You hold other times already; confirm or give up one of them."))
    until = at + rules.HOLD
    booking, visit = _take_slot(
        order=order, address=address, lon=lon, lat=lat, until=until, actor=actor, at=at
    )
    return SlotHeld(
        org_id=booking.org_id,
        actor_id=actor.id,
        at=at,
        booking_id=booking.id,
        visit_id=visit.id,
        vehicle_id=vehicle_id,
        customer_id=customer_id,
        starts_at=booking.window_start,
        held_until=until,
    )


@verb
def confirm_booking(
    *,
    vehicle_id: UUID,
    customer_id: UUID,
    item_codes: Sequence[str],
    address: str,
    lon: float,
    lat: float,
    starts_at: datetime,
    actor: Actor,
    at: datetime,
    city: str = "",
    expected_total: Decimal | None = None,
) -> BookingConfirmed:
    """Promise a visit in the window that holds `starts_at`, at the price of this moment.

    The customer's own live hold of that window is used up; without one the slot is taken now.
    Raises SlotTaken, PriceMoved (`expected_total` differs), OrderAlreadyOpen, WindowUnknown,
    NotYourVehicle, UnknownService, PriceMissing, PlaceUnknown.
    """
    order = _checked(
        vehicle_id=vehicle_id,
        customer_id=customer_id,
        item_codes=item_codes,
        lon=lon,
        lat=lat,
        starts_at=starts_at,
        city=city,
        actor=actor,
        at=at,
    )
    actor.must("service.confirm_booking", order.vehicle.org_id)
    total = rules.total(order.lines)
    if expected_total is not None and expected_total != total:
        raise PriceMoved(
            _("The price is now ¥%(total)s. Please look at it again.") % {"total": total}
        )
    house = desk(actor, order.vehicle.org_id)
    placing.lock_day(order.city, local_day(order.opens))
    booking = (
        Booking.objects.select_for_update()
        .filter(
            customer_id=customer_id,
            vehicle_id=vehicle_id,
            window_start=order.opens,
            item_codes=[item.code for item in order.items],
            state=BookingState.HELD,
            held_until__gt=at,
        )
        .first()
    )
    if booking is not None:
        visit = booking.visits.select_for_update().get(state=VisitState.PLANNED)
        supply.confirm_reservation(
            org_id=booking.org_id,
            document=placing.DOCUMENT.format(visit.id),
            actor=house,
            at=at,
        )
    else:
        booking, visit = _take_slot(
            order=order, address=address, lon=lon, lat=lat, until=None, actor=actor, at=at
        )
    work_order = placing.create_order(
        org_id=booking.org_id,
        kind=OrderKind.PLANNED,
        customer_id=customer_id,
        vehicle_id=vehicle_id,
        model_code=order.vehicle.model_code,
        city=order.city,
        address=address,
        lon=lon,
        lat=lat,
        items=order.items,
        lines=order.lines,
        at=at,
        booking=booking,
    )
    booking.state = BOOKING_LIFE.step(booking.state, BookingState.CONFIRMED)
    booking.confirmed_at = at
    booking.address = address
    booking.save(update_fields=["state", "confirmed_at", "address"])
    visit.order = work_order
    visit.state = VISIT_LIFE.step(visit.state, VisitState.PROMISED)
    visit.save(update_fields=["order", "state"])
    placing.schedule(work_order, at)
    return BookingConfirmed(
        org_id=booking.org_id,
        actor_id=actor.id,
        at=at,
        booking_id=booking.id,
        work_order_id=work_order.id,
        visit_id=visit.id,
        vehicle_id=vehicle_id,
        customer_id=customer_id,
        city=order.city,
        item_codes=tuple(booking.item_codes),
        window_start=booking.window_start,
        window_end=booking.window_end,
        total=booking.total,
    )


@verb
def cancel_booking(
    *, booking_id: UUID, reason: str, actor: Actor, at: datetime
) -> BookingCancelled:
    """Give a booking up; free until two hours before its window. Raises AlreadyTravelling."""
    booking = Booking.objects.visible_to(actor).select_for_update().get(id=booking_id)
    actor.must_be(booking.customer_id)
    actor.must("service.cancel_booking", booking.org_id)
    house = desk(actor, booking.org_id)
    placing.lock_day(booking.city, local_day(booking.window_start))
    booking.state = BOOKING_LIFE.step(booking.state, BookingState.CANCELLED)
    booking.ended_at, booking.end_reason = at, reason
    booking.save(update_fields=["state", "ended_at", "end_reason"])
    for visit in booking.visits.select_for_update().exclude(state=VisitState.CANCELLED):
        if not VISIT_LIFE.allows(visit.state, VisitState.CANCELLED):
            raise AlreadyTravelling(_("The engineer is on the way already; please call."))
        placing.leave_plan(visit, VisitState.CANCELLED, "BOOKING_CANCELLED", house, at)
    order = getattr(booking, "work_order", None)
    if order is not None:
        order.state = ORDER_LIFE.step(order.state, OrderState.CANCELLED)
        order.closed_at = at
        order.save(update_fields=["state", "closed_at"])
        OrderItem.objects.filter(order=order).update(is_open=False)
    return BookingCancelled(
        org_id=booking.org_id,
        actor_id=actor.id,
        at=at,
        booking_id=booking.id,
        work_order_id=order.id if order else None,
        customer_id=booking.customer_id,
        reason=reason,
        free=at <= booking.window_start - rules.FREE_CANCEL,
    )


@verb
def record_no_show(*, booking_id: UUID, actor: Actor, at: datetime) -> CustomerAbsent:
    """Note that the customer was absent when the engineer came.

    Raises TooEarly before the window begins, IllegalMove unless the engineer is on site.
    """
    booking = Booking.objects.visible_to(actor).select_for_update().get(id=booking_id)
    actor.must("service.record_no_show", booking.org_id)
    if at < booking.window_start:
        raise TooEarly(_("The promised time has not begun yet."))
    visit = booking.visits.select_for_update().exclude(state=VisitState.CANCELLED).get()
    order = booking.work_order
    booking.state = BOOKING_LIFE.step(booking.state, BookingState.NO_SHOW)
    booking.ended_at = at
    booking.save(update_fields=["state", "ended_at"])
    placing.leave_plan(visit, VisitState.NOT_DONE, "CUSTOMER_ABSENT", actor, at)
    for step in (OrderState.IN_WORK, OrderState.WAITING):
        if order.state != step:
            order.state = ORDER_LIFE.step(order.state, step)
    order.save(update_fields=["state"])
    return CustomerAbsent(
        org_id=booking.org_id,
        actor_id=actor.id,
        at=at,
        booking_id=booking.id,
        work_order_id=order.id,
        visit_id=visit.id,
        customer_id=booking.customer_id,
    )


@verb
def expire_holds(*, org_id: int, city: str, actor: Actor, at: datetime) -> HoldsExpired:
    """End the holds of a city whose five minutes are over."""
    actor.must("service.expire_holds", org_id)
    return HoldsExpired(
        org_id=org_id,
        actor_id=actor.id,
        at=at,
        booking_ids=placing.expire_holds_of(org_id, city, actor, at),
    )
