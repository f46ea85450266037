"""Many customers at one slot, over real connections that really commit."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any, cast
from uuid import UUID

import pytest
from django.db import connection, connections
from django.db.backends.postgresql.base import DatabaseWrapper
from psycopg import sql

from panshi.kit.tenancy import acting, hq_actor
from panshi.service.models import Booking, VisitCrew
from panshi.service.services import SlotTaken
from panshi.service.tests import make
from panshi.supply import queries as stock
from panshi.supply import services as supply
from panshi.supply.events import StockLine
from tests import environment

RIVALS = 16
NAME = "panshi_rivals"

pytestmark = [pytest.mark.plain, pytest.mark.needs_database]


@pytest.fixture
def committing(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A database of its own, cloned from the template, in which transactions commit."""
    settings = connection.settings_dict
    before, most = settings["NAME"], settings["OPTIONS"]["pool"]["max_size"]
    pooled = cast(DatabaseWrapper, connection)
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(NAME))
    with environment.connect("postgres", "postgres") as superuser:
        superuser.execute(drop)
        superuser.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER panshi_owner STRATEGY wal_log").format(
                sql.Identifier(NAME), sql.Identifier(environment.TEMPLATE)
            )
        )
    with django_db_blocker.unblock():
        connection.close()
        pooled.close_pool()
        settings["NAME"], settings["OPTIONS"]["pool"]["max_size"] = NAME, RIVALS + 2
        yield
        connection.close()
        pooled.close_pool()
        settings["NAME"], settings["OPTIONS"]["pool"]["max_size"] = before, most
    with environment.connect("postgres", "postgres") as superuser:
        superuser.execute(drop)


def _race(call: Any, *given: Any) -> Counter[str]:
    """Call at one moment from as many threads as there are arguments; counts the answers."""
    start = Barrier(len(given))

    def run(one: Any) -> str:
        start.wait()
        try:
            call(one)
        except (SlotTaken, supply.OutOfStock) as refusal:
            return refusal.code
        finally:
            connections.close_all()
        return "done"

    with ThreadPoolExecutor(len(given)) as pool:
        return Counter(pool.map(run, given))


def test_sixteen_rivals_for_the_last_slot_give_one_booking(committing: None) -> None:
    with acting(hq_actor()):
        where = make.city(engineers=1, days=1)
        rivals = [make.customer_vehicle(where) for _ in range(RIVALS)]

    def book(who: tuple[UUID, UUID]) -> None:
        make.booking(where, who=who, items=("BATTERY_BALANCE",), starts_at=make.at_hour(13, day=0))

    answers = _race(book, *rivals)

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

    answers = _race(reserve, *(f"visit:{n}" for n in range(RIVALS)))

    assert answers == {"done": 1, "OutOfStock": RIVALS - 1}
    with acting(hq_actor()):
        rows = stock.stock_at(location_id=where.vans[0], actor=where.boss)
        seal = next(row for row in rows if row.item_code == "HV_SEAL")
        assert (seal.on_hand, seal.reserved) == (1, 1)
        assert stock.balance_differences(actor=where.boss) == 0
