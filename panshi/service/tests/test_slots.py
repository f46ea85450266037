"""Slots: what is offered can be kept, what is held is gone, what is moved is proved."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from psycopg.types.range import TimestamptzRange

from panshi.kit.refusals import NotPermitted
from panshi.people import services as people
from panshi.people.tests import make as people_make
from panshi.service import queries, services
from panshi.service.models import Booking, BookingState, Visit, VisitCrew, VisitState
from panshi.service.tests import make
from panshi.service.tests.make import NOON, at_hour


def test_every_offer_can_be_booked_and_then_is_gone() -> None:
    where = make.city(engineers=1, days=1)
    customer_id, vehicle_id = make.customer_vehicle(where)
    offers = queries.slot_offers(
        vehicle_id=vehicle_id, item_codes=("WASH",), lon=make.PLACE[0], lat=make.PLACE[1],
        actor=make.customer_actor(where, customer_id), at=NOON,
    ).offers  # fmt: skip
    assert [offer.window_start for offer in offers] == [
        at_hour(hour, day=0) for hour in (13, 15, 17)
    ]

    for offer in offers:
        booked = make.booking(where, items=("WASH",), starts_at=offer.window_start)
        assert booked.total == offer.total


def test_a_hold_takes_the_minutes_and_lets_them_go_after_five() -> None:
    where = make.city(engineers=1, days=1)
    customer_id, vehicle_id = make.customer_vehicle(where)
    ask: dict[str, Any] = {
        "vehicle_id": vehicle_id, "customer_id": customer_id, "item_codes": ("BATTERY_BALANCE",),
        "address": "", "lon": make.PLACE[0], "lat": make.PLACE[1],
        "starts_at": at_hour(13, day=0),
    }  # fmt: skip
    customer = make.customer_actor(where, customer_id)
    held = services.hold_slot(**ask, actor=customer, at=NOON)

    with pytest.raises(services.SlotTaken):
        make.booking(where, items=("BATTERY_BALANCE",), starts_at=at_hour(13, day=0))
    late = NOON + timedelta(minutes=6)
    services.confirm_booking(**ask, actor=where.boss, at=late)

    assert Booking.objects.get(id=held.booking_id).state == BookingState.EXPIRED
    assert Visit.objects.get(id=held.visit_id).state == VisitState.CANCELLED


def test_a_confirmed_hold_keeps_its_visit() -> None:
    where = make.city(engineers=1)
    customer_id, vehicle_id = make.customer_vehicle(where)
    ask: dict[str, Any] = {
        "vehicle_id": vehicle_id, "customer_id": customer_id, "item_codes": ("BRAKE_PADS_FRONT",),
        "address": "", "lon": make.PLACE[0], "lat": make.PLACE[1], "starts_at": at_hour(10),
    }  # fmt: skip
    held = services.hold_slot(**ask, actor=where.boss, at=NOON)

    fact = services.confirm_booking(**ask, actor=where.boss, at=NOON + timedelta(minutes=4))

    assert (fact.booking_id, fact.visit_id) == (held.booking_id, held.visit_id)
    assert Visit.objects.get(id=fact.visit_id).state == VisitState.PROMISED


def test_a_customer_books_for_itself_alone() -> None:
    where = make.city()
    mine, theirs = make.customer_vehicle(where), make.customer_vehicle(where)
    me = make.customer_actor(where, mine[0])

    with pytest.raises(NotPermitted):
        make.booking(where, who=theirs, actor=me)
    with pytest.raises(queries.NotYourVehicle):
        make.booking(where, who=(mine[0], theirs[1]), actor=me)


def test_one_open_order_per_vehicle_and_service() -> None:
    where = make.city()
    who = make.customer_vehicle(where)
    make.booking(where, who=who)

    with pytest.raises(services.OrderAlreadyOpen):
        make.booking(where, who=who, starts_at=at_hour(15))


def test_the_database_keeps_an_engineers_visits_apart() -> None:
    where = make.city(engineers=1)
    visit = Visit.objects.get(id=make.booking(where).visit_id)
    assert visit.starts_at is not None
    period = TimestamptzRange(visit.starts_at, visit.starts_at + timedelta(minutes=5))

    with pytest.raises(IntegrityError, match="never_overlap"), transaction.atomic():
        VisitCrew.objects.create(
            org=where.org, visit=visit, engineer_id=where.engineers[0], leads=False,
            period=period, lon=120, lat=30,
        )  # fmt: skip


def test_cancelling_frees_time_and_parts() -> None:
    where = make.city(engineers=1)
    booked = make.booking(where, items=("BRAKE_PADS_FRONT",))

    fact = services.cancel_booking(
        booking_id=booked.booking_id, reason="改期", actor=where.boss, at=NOON
    )

    assert fact.free
    assert not VisitCrew.objects.filter(binds=True).exists()
    again = make.booking(where, items=("BRAKE_PADS_FRONT",))
    assert again.work_order_id != booked.work_order_id


def test_a_move_shows_its_consequences_and_is_refused_when_it_breaks_a_rule() -> None:
    where = make.city(engineers=2)
    booked = make.booking(where, items=("BRAKE_PADS_FRONT",))
    visit = Visit.objects.get(id=booked.visit_id)
    assert visit.engineer_id is not None
    assert visit.starts_at is not None
    (other,) = (e for e in where.engineers if e != visit.engineer_id)
    washer = people_make.engineer(org=where.org, skills=("GENERAL",), certificates=())

    effect = queries.move_consequences(
        visit_id=visit.id, engineer_id=other, starts_at=at_hour(15), actor=where.boss, at=NOON
    )
    assert (effect.rule, effect.promise_kept, effect.tell_customer) == (None, False, True)
    with pytest.raises(services.WindowBroken):
        services.assign_visit(
            visit_id=visit.id, engineer_id=other, starts_at=at_hour(15), actor=where.boss, at=NOON
        )
    with pytest.raises(services.NotQualified):
        services.assign_visit(
            visit_id=visit.id, engineer_id=washer, starts_at=visit.starts_at,
            actor=where.boss, at=NOON,
        )  # fmt: skip
    with pytest.raises(services.PlanStale):
        services.assign_visit(
            visit_id=visit.id, engineer_id=other, starts_at=visit.starts_at, plan_version=99,
            actor=where.boss, at=NOON,
        )  # fmt: skip
    services.assign_visit(
        visit_id=visit.id, engineer_id=other, starts_at=at_hour(11),
        actor=where.boss, at=NOON, plan_version=effect.plan_version,
    )  # fmt: skip
    lanes = queries.board_day(
        city="杭州", day=people_make.TODAY + timedelta(days=1), actor=where.boss, at=NOON
    ).lanes
    assert {lane.engineer_id: len(lane.visits) for lane in lanes}[other] == 1


def test_leave_is_refused_while_visits_are_promised() -> None:
    where = make.city(engineers=1)
    make.booking(where)

    with pytest.raises(people.VisitsPromised, match="WO-2026"):
        people.grant_leave(
            user_id=where.engineers[0], starts_at=at_hour(8), ends_at=at_hour(18), reason="事假",
            actor=where.boss, at=NOON,
        )  # fmt: skip


def test_the_progress_link_shows_the_way_and_dies_after_a_day() -> None:
    where = make.city(engineers=1)
    visit = Visit.objects.get(id=make.booking(where).visit_id)
    assert visit.order_id is not None
    token = queries.progress_link(work_order_id=visit.order_id, actor=where.boss)
    engineer = make.engineer_actor(where, where.engineers[0])
    services.accept_visit(visit_id=visit.id, actor=engineer, at=NOON)
    start = at_hour(9)
    services.start_travel(visit_id=visit.id, lon=120.10777, lat=30.27111, actor=engineer, at=start)

    seen = queries.live_progress(token=token, actor=where.boss, at=start)

    assert (seen.lon, seen.lat) == (120.108, 30.271)
    assert seen.eta_from is not None
    assert seen.eta_until is not None
    assert start < seen.eta_from < seen.eta_until < at_hour(10)
    with pytest.raises(queries.LinkExpired):
        queries.live_progress(token=token + "x", actor=where.boss, at=start)
