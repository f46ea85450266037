"""From booking to review, as engineer, second person and customer do it."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import translation

from panshi.billing import queries as billing_queries
from panshi.billing import services as billing
from panshi.kit import relay
from panshi.kit.clock import local_day
from panshi.kit.refusals import IllegalMove
from panshi.kit.tenancy import system_actor
from panshi.service import queries, services
from panshi.service.models import Booking, OrderState, Visit, VisitState, WorkOrder
from panshi.service.services import Reading
from panshi.service.tests import make
from panshi.supply import queries as supply


def test_runs_a_booking_to_its_review() -> None:
    where = make.city()
    customer_id, vehicle_id = make.customer_vehicle(where)
    customer = make.customer_actor(where, customer_id)

    offers = queries.slot_offers(
        vehicle_id=vehicle_id, item_codes=("BRAKE_PADS_FRONT",), lon=make.PLACE[0],
        lat=make.PLACE[1], actor=customer, at=make.NOON,
    )  # fmt: skip
    first = offers.offers[0]
    booked = services.confirm_booking(
        vehicle_id=vehicle_id, customer_id=customer_id, item_codes=("BRAKE_PADS_FRONT",),
        address="余杭塘路 866 号", lon=make.PLACE[0], lat=make.PLACE[1],
        starts_at=first.window_start, expected_total=first.total, actor=customer, at=make.NOON,
    )  # fmt: skip
    visit = Visit.objects.get(id=booked.visit_id)
    assert visit.state == VisitState.PROMISED
    assert visit.engineer_id is not None
    assert visit.starts_at is not None
    engineer = make.engineer_actor(where, visit.engineer_id)
    at = visit.starts_at

    services.accept_visit(visit_id=visit.id, actor=engineer, at=make.NOON)
    travel = services.start_travel(
        visit_id=visit.id, lon=120.10, lat=30.27, actor=engineer, at=at - timedelta(minutes=30)
    )
    assert travel.eta_at > at - timedelta(minutes=30)
    with pytest.raises(services.TooFarFromPlace):
        services.arrive(visit_id=visit.id, lon=120.3, lat=30.3, actor=engineer, at=at)
    services.arrive(visit_id=visit.id, lon=120.161, lat=30.28, actor=engineer, at=at)
    services.record_diagnosis(
        work_order_id=booked.work_order_id, outcome="CONFIRMED", actor=engineer, at=at
    )
    services.attach_photo(
        work_order_id=booked.work_order_id, content=make.PNG, name="before.png",
        purpose="BEFORE", actor=engineer, at=at,
    )  # fmt: skip
    (kept,) = queries.work_order_card(work_order_id=booked.work_order_id, actor=where.boss).photos
    assert kept.purpose_words == "维修前"
    (latest,) = queries.latest_photos(actor=where.boss, city="杭州")
    assert (latest.id, latest.order_id) == (kept.id, booked.work_order_id)
    assert queries.latest_photos(actor=where.boss, city="成都") == []
    assert queries.photo_file(photo_id=kept.id, actor=where.boss).content == make.PNG
    van = supply.van_of(user_id=visit.engineer_id, at=at, actor=where.boss)
    assert van is not None
    services.use_part(
        visit_id=visit.id, item_code="BRAKE_PADS_F", quantity=1, actor=engineer, at=at
    )
    stock = {row.item_code: row for row in supply.stock_at(location_id=van.id, actor=where.boss)}
    assert (stock["BRAKE_PADS_F"].on_hand, stock["BRAKE_PADS_F"].reserved) == (4, 0)
    (part,) = queries.work_order_card(work_order_id=booked.work_order_id, actor=where.boss).parts
    assert part.name == "前制动片"

    services.record_checklist(
        work_order_id=booked.work_order_id, done=3, required=4, open_steps=("路试",),
        actor=system_actor(where.org.id), at=at,
    )  # fmt: skip
    done = at + timedelta(minutes=55)
    with pytest.raises(services.ProcedureOpen, match="路试"):
        services.complete_visit(visit_id=visit.id, actor=engineer, at=done)
    services.record_checklist(
        work_order_id=booked.work_order_id, done=4, required=4,
        actor=system_actor(where.org.id), at=at,
    )  # fmt: skip
    with pytest.raises(services.SignatureMissing):
        services.complete_visit(visit_id=visit.id, actor=engineer, at=done)
    services.sign_visit(
        work_order_id=booked.work_order_id, content=make.PNG, signed_by="陈国强",
        actor=engineer, at=done,
    )  # fmt: skip
    fact = services.complete_visit(visit_id=visit.id, actor=engineer, at=done)
    assert fact.minutes == 55

    with pytest.raises(services.ReadingMissing):
        services.self_check(
            work_order_id=booked.work_order_id, readings=[], actor=engineer, at=done
        )
    with pytest.raises(services.ReadingOutOfRange):
        services.self_check(
            work_order_id=booked.work_order_id,
            readings=[Reading(code="PAD_MM", value=2), Reading(code="WHEEL_TORQUE", value=140)],
            actor=engineer, at=done,
        )  # fmt: skip
    services.self_check(
        work_order_id=booked.work_order_id,
        readings=[Reading(code="PAD_MM", value=11), Reading(code="WHEEL_TORQUE", value=140)],
        actor=engineer, at=done,
    )  # fmt: skip
    released = services.release_work_order(
        work_order_id=booked.work_order_id, actor=engineer, at=done
    )
    assert released.bill_id is not None
    with translation.override("en"):
        told = billing_queries.bill_card(
            bill_id=released.bill_id, today=local_day(done), actor=where.boss
        )
    assert told.lines[0].words.isascii()  # The English name of the work, for who reads English.
    # 60 min at 120 an hour, the pads at 238, the call-out at 50: as booked, to the fen.
    assert released.total == booked.total == Decimal("408.00")

    with pytest.raises(services.BillOpen):
        services.close_work_order(work_order_id=booked.work_order_id, actor=where.boss, at=done)
    billing.record_payment(
        bill_ids=[released.bill_id], amount=released.total, actor=where.boss, at=done
    )  # fmt: skip
    relay.drain()
    order = WorkOrder.objects.get(id=booked.work_order_id)
    assert order.state == OrderState.CLOSED

    reviewed = services.review_work_order(
        work_order_id=order.id, stars=2, tags=("LATE",), text="晚到", actor=customer,
        at=done + timedelta(hours=2),
    )  # fmt: skip
    assert (reviewed.stars, reviewed.engineer_id) == (2, visit.engineer_id)
    with pytest.raises(services.ReviewClosed):
        services.review_work_order(
            work_order_id=order.id, stars=5, tags=(), text="", actor=customer, at=done
        )
    assert Booking.objects.get(id=booked.booking_id).state == "SERVED"
    card = queries.work_order_card(work_order_id=order.id, actor=customer)
    assert card.timeline[0].kind == "OPENED"
    assert card.review is not None
    assert card.parts[0].item_code == "BRAKE_PADS_F"
    mine = queries.customer_orders(customer_id=customer_id, actor=customer)
    assert [row.number for row in mine] == [order.number]


def test_refuses_the_work_of_another_engineer() -> None:
    where = make.city()
    booked = make.booking(where)
    visit = Visit.objects.get(id=booked.visit_id)
    other = next(e for e in where.engineers if e != visit.engineer_id)

    with pytest.raises(services.NotYourVisit):
        services.accept_visit(
            visit_id=visit.id, actor=make.engineer_actor(where, other), at=make.NOON
        )


def test_does_not_complete_before_arrival() -> None:
    where = make.city()
    booked = make.booking(where)

    with pytest.raises(IllegalMove):
        services.complete_visit(visit_id=booked.visit_id, actor=where.boss, at=make.NOON)
