"""Many at one vehicle, and two swaps crossing, over real connections that really commit."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import OperationalError, connection, connections

from panshi.crm.tests import make as crm
from panshi.fleet.tests import make as fleet
from panshi.kit.ids import uuid7
from panshi.kit.tenancy import acting, hq_actor
from panshi.leasing import services
from panshi.leasing.models import Lease, Segment
from panshi.leasing.services.common import lock_vehicles
from panshi.leasing.tests import make
from panshi.leasing.tests.make import clerk
from panshi.org.tests import make as org_make
from tests.committing import committing_database, race

RIVALS = 16
NAME = "panshi_lease_rivals"
DAY = datetime(2027, 3, 1, 4, tzinfo=UTC)
OVERLAPS = """
SELECT count(*) FROM leasing_segment a JOIN leasing_segment b
    ON a.vehicle_id = b.vehicle_id AND a.id < b.id
WHERE a.state IN ('RESERVED', 'OUT') AND b.state IN ('RESERVED', 'OUT') AND a.planned && b.planned
    OR a.held && b.held
"""

pytestmark = [pytest.mark.plain, pytest.mark.needs_database]


@pytest.fixture
def committing(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with committing_database(NAME, threads=RIVALS, blocker=django_db_blocker):
        yield


def overlaps() -> int:
    with acting(hq_actor()), connection.cursor() as cursor:
        cursor.execute(OVERLAPS)
        return int(cursor.fetchone()[0])


def test_sixteen_rivals_for_one_vehicle_give_one_lease(committing: None) -> None:
    with acting(hq_actor()):
        org = org_make.operator()
        vehicle_id = fleet.vehicle(org=org, state="READY").id
        customers = [crm.customer(org=org, qualified=True).id for _ in range(RIVALS)]
        by = clerk(org)

    def draft(customer_id: UUID) -> None:
        services.draft_lease(
            customer_id=customer_id,
            vehicle_id=vehicle_id,
            product_code="RENT_MONTHLY",
            monthly_rent=Decimal(3000),
            deposit=Decimal(0),
            starts_on=DAY.date(),
            months=12,
            actor=by,
            at=DAY,
        )

    assert race(draft, *customers) == {"done": 1, "VehicleAlreadyLeased": RIVALS - 1}
    with acting(hq_actor()):
        assert Segment.objects.count() == Lease.objects.count() == 1
    assert overlaps() == 0


def _swap(given: tuple[Lease, UUID]) -> None:
    lease, vehicle_id = given
    services.swap_vehicle(
        lease_id=lease.id,
        vehicle_id=vehicle_id,
        odometer_km=Decimal(3000),
        soc_pct=Decimal(50),
        new_odometer_km=Decimal(3000),
        new_soc_pct=Decimal(50),
        signed_by="王芳",
        actor=clerk(lease.org),
        at=DAY + timedelta(days=10),
    )


def test_two_leases_that_swap_to_each_others_vehicle_are_both_refused(committing: None) -> None:
    """The two vehicles are locked in one order, so the swaps cross without a dead-lock."""
    with acting(hq_actor()):
        org = org_make.operator()
        leases = [make.active(at=DAY, org=org) for _ in range(2)]
        first, second = (Segment.objects.get(lease=lease).vehicle_id for lease in leases)

    answers = race(_swap, (leases[0], second), (leases[1], first))

    assert answers == {"VehicleAlreadyLeased": 2}
    with acting(hq_actor()):
        assert set(Segment.objects.values_list("state", flat=True)) == {"OUT"}
    assert overlaps() == 0


def test_two_leases_that_swap_to_the_same_vehicle_give_it_to_one(committing: None) -> None:
    with acting(hq_actor()):
        org = org_make.operator()
        leases = [make.active(at=DAY, org=org) for _ in range(4)]
        spare = fleet.vehicle(org=org, state="READY").id

    answers = race(_swap, *((lease, spare) for lease in leases))

    assert answers == {"done": 1, "VehicleAlreadyLeased": 3}
    assert overlaps() == 0


def test_who_decides_about_a_vehicle_keeps_all_others_waiting(committing: None) -> None:
    vehicle_id, by = uuid7(), hq_actor()

    def decide() -> str:
        try:
            with acting(by), connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '200ms'")
                lock_vehicles([vehicle_id])
                return "decided"
        except OperationalError:
            return "waited"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with acting(by):
            lock_vehicles([vehicle_id])
            assert pool.submit(decide).result() == "waited"
        assert pool.submit(decide).result() == "decided"
