"""The days of vehicles: each day is of one class, so the classes sum to the month."""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from random import Random

from django.db import connection, transaction
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from panshi.fleet import queries, services
from panshi.fleet.models import VEHICLE_LIFE, Vehicle, VehicleEvent, VehicleState
from panshi.fleet.tests import make
from panshi.kit.tenancy import hq_actor
from panshi.org.tests import make as org_make
from panshi.org.tests.window import page, window

MAY = date(2026, 5, 1)
LATER = datetime(2026, 7, 1, tzinfo=UTC)


def _at(day: int, hour: int = 4) -> datetime:
    """A moment of May 2026: 4 o'clock UTC is noon in Shanghai, 16 o'clock the next midnight."""
    return datetime(2026, 5, 1, hour, tzinfo=UTC) + timedelta(days=day - 1)


def _counts(vehicle: Vehicle, at: datetime = LATER) -> tuple[int, int, int, int, int]:
    found = queries.vehicle_days(month=MAY, actor=hq_actor(), at=at, text=vehicle.vin)
    (row,) = found.rows
    return (row.preparing, row.idle, row.leased, row.service, row.out)


def test_a_day_is_of_the_class_of_its_last_moment() -> None:
    vehicle = make.vehicle(state="READY", at=_at(3))
    services.deploy_vehicle(vehicle_id=vehicle.id, actor=hq_actor(), at=_at(10))
    services.send_to_service(vehicle_id=vehicle.id, actor=hq_actor(), at=_at(20))
    services.return_from_service(vehicle_id=vehicle.id, actor=hq_actor(), at=_at(20, 10))
    services.send_to_service(vehicle_id=vehicle.id, actor=hq_actor(), at=_at(25, 15))
    services.return_from_service(vehicle_id=vehicle.id, actor=hq_actor(), at=_at(26, 16))
    # Idle from the 3rd to the 9th; in service on the 25th and, to the minute, on the 26th.
    assert _counts(vehicle) == (0, 7, 20, 2, 2)


def test_no_day_after_today_is_counted() -> None:
    vehicle = make.vehicle(state="READY", at=_at(3))
    assert _counts(vehicle, at=_at(12)) == (0, 10, 0, 0, 2)
    assert queries.vehicle_days(month=date(2027, 1, 1), actor=hq_actor(), at=_at(12)).days == 0


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32))
def test_the_classes_of_every_vehicle_sum_to_the_days_of_the_month(seed: int) -> None:
    random = Random(seed)
    with transaction.atomic():
        vehicles = [_lived(random) for _ in range(4)]
        for month in (date(2026, 4, 1), MAY, date(2026, 6, 1)):
            found = queries.vehicle_days(month=month, actor=hq_actor(), at=LATER, limit=100)
            days = monthrange(month.year, month.month)[1]
            for row in found.rows:
                parts = (row.preparing, row.idle, row.leased, row.service, row.out)
                assert sum(parts) == days
                assert min(parts) >= 0
            assert {row.id for row in found.rows} <= {vehicle.id for vehicle in vehicles}
        transaction.set_rollback(True)


def _lived(random: Random) -> Vehicle:
    """A vehicle that made random permitted moves at random moments of three months."""
    moment = datetime(2026, 4, 1, tzinfo=UTC) + timedelta(minutes=random.randrange(80_000))
    vehicle = make.vehicle(state="READY", papers=False, at=moment)
    state = VehicleState.READY
    for _ in range(random.randrange(12)):
        moves = sorted(VEHICLE_LIFE.moves.get(state, ()))
        if not moves:
            break
        before, state = state, random.choice(moves)
        moment += timedelta(minutes=random.choice((1, 600, 1440, 9000)))
        VehicleEvent.objects.create(
            org_id=vehicle.org_id,
            vehicle=vehicle,
            from_state=before,
            to_state=state,
            actor_id=vehicle.id,
            at=moment,
        )
    Vehicle.objects.filter(id=vehicle.id).update(
        state=state, plate="" if state in ("RETIRED", "SOLD") else vehicle.plate,
        plate_class="" if state in ("RETIRED", "SOLD") else vehicle.plate_class,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    return vehicle


def test_the_page_tells_the_month_and_its_totals() -> None:
    node = org_make.operator()
    make.model()
    vehicle = make.vehicle(org=node, at=_at(1))
    shown = page(window(node, "OPERATIONS").get(reverse("fleet-days"), {"month": "2026-05"}))
    assert vehicle.plate[2:] in shown
    assert "May 2026" in shown
    assert page(window(node, "OPERATIONS").get(reverse("fleet-days"), {"month": "x"}))
