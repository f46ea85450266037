"""Many customers at one slot, over real connections that really commit."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from panshi.kit.tenancy import acting, hq_actor
from panshi.service.models import Booking, VisitCrew
from panshi.service.tests import make
from panshi.supply import queries as stock
from panshi.supply import services as supply
from panshi.supply.events import StockLine
from tests.committing import committing_database, race

RIVALS = 16
NAME = "panshi_rivals"

pytestmark = [pytest.mark.plain, pytest.mark.needs_database]


@pytest.fixture
def committing(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with committing_database(NAME, threads=RIVALS, blocker=django_db_blocker):
        yield


def test_sixteen_rivals_for_the_last_slot_give_one_booking(committing: None) -> None:
    with acting(hq_actor()):
        where = make.city(engineers=1, days=1)
        rivals = [make.customer_vehicle(where) for _ in range(RIVALS)]

    def book(who: tuple[UUID, UUID]) -> None:
        make.booking(where, who=who, items=("BATTERY_BALANCE",), starts_at=make.at_hour(13, day=0))

    answers = race(book, *rivals)

    assert answers == {"done": 1, "SlotTaken": RIVALS - 1}
    with acting(hq_actor()):
        assert Booking.objects.count() == 1
        assert VisitCrew.objects.filter(binds=True).count() == 1


def test_sixteen_rivals_for_the_last_part_give_one_reservation(committing: None) -> None:
    with acting(hq_actor()):
        where = make.city(engineers=1, parts=1)

    def reserve(document: str) -> None:
        supply.reserve_parts(
            location_id=where.vans[0],
            document=document,
            lines=[StockLine(item_code="HV_SEAL", quantity=1)],
            actor=where.boss,
            at=make.NOON,
        )

    answers = race(reserve, *(f"visit:{n}" for n in range(RIVALS)))

    assert answers == {"done": 1, "OutOfStock": RIVALS - 1}
    with acting(hq_actor()):
        rows = stock.stock_at(location_id=where.vans[0], actor=where.boss)
        seal = next(row for row in rows if row.item_code == "HV_SEAL")
        assert (seal.on_hand, seal.reserved) == (1, 1)
        assert stock.balance_differences(actor=where.boss) == 0
