"""Visits enter and leave the running plan: what booking, finding and dispatcher share."""

import time
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _
from psycopg.types.range import TimestamptzRange

from panshi.kit.clock import SHANGHAI, local_day
from panshi.kit.numbers import next_number
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.wording import listed
from panshi.optimiser import match
from panshi.org import queries as org
from panshi.service import rules
from panshi.service.models import (
    BOOKING_LIFE,
    ORDER_LIFE,
    VISIT_LIFE,
    Booking,
    BookingState,
    DayPlan,
    OrderItem,
    OrderKind,
    OrderLine,
    OrderState,
    PlanEvent,
    ServiceItem,
    Visit,
    VisitCrew,
    VisitState,
    WorkOrder,
)
from panshi.service.queries import planning
from panshi.supply import queries as stock
from panshi.supply import services as supply
from panshi.supply.events import StockLine

DOCUMENT = "visit:{}"


class SlotTaken(Refusal):
    pass


class OrderAlreadyOpen(Refusal):
    pass


def lock_day(city: str, *days: date) -> None:
    """Take turns at a city's days, in one order for all, before any row is locked."""
    with connection.cursor() as cursor:
        for day in sorted(set(days)):
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(%s, 29))", [f"{city}/{day}"]
            )


def slot_taken(
    *,
    wish: planning.Wish,
    wanted: datetime,
    days: Mapping[date, planning.Day],
    at: datetime,
) -> SlotTaken:
    """The refusal, with the three nearest windows that can still be kept."""
    free: list[tuple[datetime, datetime]] = []
    for day in sorted(days):
        for opens, closes in rules.windows_of(day):
            if closes <= at + rules.LEAD:
                continue
            if planning.choose(days[day], wish, max(opens, at + rules.LEAD), closes, at):
                free.append((opens, closes))
    free.sort(key=lambda window: abs(window[0] - wanted))
    words = _("This time has just been taken.")
    if free:
        nearest = listed(
            f"{opens.astimezone(SHANGHAI):%m-%d %H:%M}–{closes.astimezone(SHANGHAI):%H:%M}"
            for opens, closes in sorted(free[:3])
        )
        words += " " + _("Still free: %(windows)s.") % {"windows": nearest}
    return SlotTaken(words)


def expire_holds_of(org_id: int, city: str, actor: Actor, at: datetime) -> tuple[UUID, ...]:
    """End the holds of a city whose time is up: their minutes and parts are free again."""
    stale = list(
        Booking.objects.select_for_update()
        .filter(org_id=org_id, city=city, state=BookingState.HELD, held_until__lte=at)
        .order_by("id")
    )
    for booking in stale:
        booking.state = BOOKING_LIFE.step(booking.state, BookingState.EXPIRED)
        booking.ended_at = at
        booking.save(update_fields=["state", "ended_at"])
        for visit in booking.visits.select_for_update().filter(state=VisitState.PLANNED):
            leave_plan(visit, VisitState.CANCELLED, "HOLD_EXPIRED", actor, at)
    return tuple(booking.id for booking in stale)


def enter_plan(
    *,
    visit: Visit,
    choice: planning.Choice,
    parts: Mapping[str, int],
    kind: str,
    actor: Actor,
    at: datetime,
    until: datetime | None = None,
    began: float | None = None,
) -> None:
    """Give a visit its engineers, time and parts, and keep the reasons; the day is locked.

    Raises SlotTaken when another visit took the time although the lock was held.
    """
    place = choice.fits[0]
    visit.engineer_id = UUID(place.engineer)
    visit.starts_at = choice.starts_at
    visit.ends_at = choice.starts_at + timedelta(minutes=visit.minutes)
    visit.part_source_id = UUID(place.station) if place.station else None
    visit.day = local_day(choice.starts_at)
    visit.save()
    bind_crew(visit, [UUID(fit.engineer) for fit in choice.fits])
    reserve(visit, parts, actor, at, until)
    record_event(
        visit=visit,
        kind=kind,
        answer=planning.explained(choice, choice.answer, _names(choice.answer, actor)),
        actor=actor,
        at=at,
        ms=0.0 if began is None else (time.perf_counter() - began) * 1000,
    )


def bind_crew(visit: Visit, engineers: Sequence[UUID]) -> None:
    """Take the time of these engineers, the first leading. Raises SlotTaken on an overlap."""
    if visit.starts_at is None or visit.ends_at is None or visit.lon is None or visit.lat is None:
        raise ValueError("a visit enters the plan with time and place")
    try:
        with transaction.atomic():
            VisitCrew.objects.filter(visit=visit, binds=True).update(binds=False)
            VisitCrew.objects.bulk_create(
                VisitCrew(
                    org_id=visit.org_id,
                    visit=visit,
                    engineer_id=engineer_id,
                    leads=index == 0,
                    period=TimestamptzRange(visit.starts_at, visit.ends_at),
                    lon=visit.lon,
                    lat=visit.lat,
                )
                for index, engineer_id in enumerate(engineers)
            )
    except IntegrityError as error:
        raise SlotTaken(_("This time has just been taken.")) from error


def reserve(
    visit: Visit,
    parts: Mapping[str, int],
    actor: Actor,
    at: datetime,
    until: datetime | None = None,
) -> None:
    """Keep the parts of a visit in the lead's van, or at the station on its way."""
    if not parts:
        return
    if visit.engineer_id is None:
        raise ValueError("parts are kept for a visit that has an engineer")
    van = stock.van_of(user_id=visit.engineer_id, at=at, actor=actor)
    location_id = visit.part_source_id or (van.id if van else None)
    if location_id is None:
        raise supply.OutOfStock(_("The engineer has no van and no station has the parts."))
    supply.reserve_parts(
        location_id=location_id,
        document=DOCUMENT.format(visit.id),
        lines=[StockLine(item_code=code, quantity=n) for code, n in sorted(parts.items())],
        until=until,
        actor=actor,
        at=at,
    )


def _names(answer: match.Answer, actor: Actor) -> dict[str, str]:
    asked = {UUID(fit.engineer) for fit in answer.fits}
    asked |= {UUID(miss.engineer) for miss in answer.misses}
    names = org.names_of(user_ids=tuple(asked), actor=actor)
    return {str(user_id): name for user_id, name in names.items()}


def record_event(
    *,
    visit: Visit,
    kind: str,
    answer: dict[str, Any],
    actor: Actor,
    at: datetime,
    payload: dict[str, Any] | None = None,
    ms: float = 0.0,
) -> PlanEvent:
    """Write the next version of the day's plan, and why."""
    last = plan_version(visit.org_id, visit.city, visit.day)
    DayPlan.objects.create(
        org_id=visit.org_id,
        city=visit.city,
        day=visit.day,
        version=last + 1,
        parent=last,
        engine="match",
        changed={
            "visit": str(visit.id),
            "engineer": str(visit.engineer_id or ""),
            "starts_at": visit.starts_at.isoformat() if visit.starts_at else None,
        },
        made_at=at,
    )
    return PlanEvent.objects.create(
        org_id=visit.org_id,
        city=visit.city,
        day=visit.day,
        visit=visit,
        kind=kind,
        payload=payload or {},
        answer=answer,
        version=last + 1,
        ms=ms,
        at=at,
        by_id=actor.id,
    )


def plan_version(org_id: int, city: str, day: date) -> int:
    """The newest version of an org's day in a city; 0 before anything was planned."""
    newest = (
        DayPlan.objects.filter(org_id=org_id, city=city, day=day)
        .order_by("-version")
        .values_list("version", flat=True)
        .first()
    )
    return newest or 0


def leave_plan(visit: Visit, state: VisitState, reason: str, actor: Actor, at: datetime) -> None:
    """End a visit that will not take place: its time and parts are free again."""
    visit.state = VISIT_LIFE.step(visit.state, state)
    visit.ended_at = at
    visit.end_reason = reason
    visit.save(update_fields=["state", "ended_at", "end_reason"])
    VisitCrew.objects.filter(visit=visit, binds=True).update(binds=False)
    supply.release_parts(
        org_id=visit.org_id, document=DOCUMENT.format(visit.id), actor=actor, at=at
    )
    record_event(visit=visit, kind="JOB_CANCELLED", answer={"reason": reason}, actor=actor, at=at)


def create_order(
    *,
    org_id: int,
    kind: OrderKind,
    customer_id: UUID | None,
    vehicle_id: UUID,
    model_code: str,
    city: str,
    address: str,
    lon: float | None,
    lat: float | None,
    items: Sequence[ServiceItem],
    lines: Sequence[rules.Line],
    at: datetime,
    booking: Booking | None = None,
    finding_id: UUID | None = None,
    rework_of: WorkOrder | None = None,
) -> WorkOrder:
    """Write a work order with its items and lines. Raises OrderAlreadyOpen."""
    order = WorkOrder.objects.create(
        org_id=org_id,
        number=next_number(org_id=org_id, series=f"WO-{local_day(at).year}"),
        kind=kind,
        booking=booking,
        finding_id=finding_id,
        rework_of=rework_of,
        customer_id=customer_id,
        vehicle_id=vehicle_id,
        city=city,
        address=address,
        lon=lon,
        lat=lat,
        high_voltage=any(item.high_voltage for item in items),
        total=rules.total(lines),
        opened_at=at,
    )
    try:
        with transaction.atomic():
            OrderItem.objects.bulk_create(
                OrderItem(
                    org_id=org_id,
                    order=order,
                    item_code=item.code,
                    minutes=rules.minutes_of(item.minutes, item.minutes_by_model, model_code),
                    vehicle_id=vehicle_id,
                    kind=kind,
                )
                for item in items
            )
    except IntegrityError as error:
        raise OrderAlreadyOpen(
            _("A work order for this service on this vehicle is open already.")
        ) from error
    OrderLine.objects.bulk_create(
        OrderLine(order=order, **line) for line in frozen(org_id, customer_id, lines)
    )
    return order


def schedule(order: WorkOrder, at: datetime) -> None:
    """Note that an order has an engineer and a time."""
    order.state = ORDER_LIFE.step(order.state, OrderState.SCHEDULED)
    order.scheduled_at = at
    order.save(update_fields=["state", "scheduled_at"])


def frozen(
    org_id: int, customer_id: UUID | None, lines: Sequence[rules.Line], *, after: int = 0
) -> list[dict[str, Any]]:
    """Price lines as rows hold them, numbered from `after` + 1."""
    return [
        {
            "org_id": org_id,
            "customer_id": customer_id,
            "position": after + index,
            "kind": line.kind,
            "code": line.code,
            "words_zh": line.words_zh,
            "words_en": line.words_en,
            "quantity": line.quantity,
            "unit_price": line.unit_price,
            "rule_id": line.rule_id or None,
            "since": line.since,
        }
        for index, line in enumerate(lines, start=1)
    ]


def why_nobody(
    wish: planning.Wish,
    plan: Mapping[date, planning.Day],
    first: date,
    last: date,
    at: datetime,
    actor: Actor,
) -> dict[str, Any]:
    """The reasons for which nobody could keep a visit, from the first day that has a shift."""
    day = min((day for day in plan if plan[day].engineers), default=None)
    if day is None:
        return {"rule": "shift", "chosen": [], "fits": [], "misses": []}
    windows = rules.windows_of(day)
    answer = planning.ask(plan[day], wish, max(windows[0][0], at + rules.LEAD), windows[-1][1], at)
    table = planning.explained(None, answer, _names(answer, actor))
    return {
        "rule": "crew" if answer.fits else "nobody",
        "from": str(first),
        "to": str(last),
        **table,
    }
