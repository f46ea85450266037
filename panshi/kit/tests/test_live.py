"""The hub of live pages: who hears what, and what a slow page loses."""

import asyncio
import json
from uuid import UUID

import psycopg
import pytest
from django.db import connection

from panshi.kit import live
from panshi.kit.live import Hub, Sight, sight_of
from panshi.kit.tenancy import HQ, PORTAL, Actor

CUSTOMER = UUID(int=7)


def actor(*org_ids: int, role: str = "panshi_app", customer: UUID | None = None) -> Actor:
    return Actor(
        id=UUID(int=1),
        org_id=org_ids[0] if org_ids else 0,
        org_ids=org_ids,
        db_role=role,
        customer_id=customer,
    )


def notice(org: int, customer: UUID | None = None) -> dict[str, object]:
    return {
        "org": org,
        "fact": "leasing.LeaseActivated",
        "customer": str(customer) if customer else None,
    }


@pytest.mark.plain
def test_staff_hear_their_nodes_headquarters_all_customers_themselves() -> None:
    staff, everyone = sight_of(actor(3, 4)), sight_of(actor(role=HQ))
    customer = sight_of(actor(3, role=PORTAL, customer=CUSTOMER))

    assert [staff.covers(notice(org)) for org in (3, 4, 5)] == [True, True, False]
    assert everyone.covers(notice(5))
    assert customer.covers(notice(3, CUSTOMER))
    assert not customer.covers(notice(3))
    assert not customer.covers(notice(3, UUID(int=8)))
    many = {"org": 3, "fact": "billing.BillOverdue", "customers": [str(UUID(int=8)), str(CUSTOMER)]}
    assert customer.covers(many)
    assert not customer.covers({**many, "customers": [str(UUID(int=8))]})


@pytest.mark.plain
def test_a_slow_page_loses_the_oldest_and_is_told() -> None:
    queue: asyncio.Queue[str] = asyncio.Queue(live.LONGEST_QUEUE)

    for n in range(live.LONGEST_QUEUE + 5):
        live._offer(queue, str(n))

    held = [queue.get_nowait() for _ in range(queue.qsize())]
    assert len(held) == live.LONGEST_QUEUE
    assert held[-1] == str(live.LONGEST_QUEUE + 4)
    assert any(event.startswith("event: lost") for event in held)


def _notify(fact: str, org: int) -> None:
    settings = connection.settings_dict
    with psycopg.connect(
        host=settings["HOST"],
        port=settings["PORT"],
        user=settings["USER"],
        dbname=settings["NAME"],
        autocommit=True,
    ) as other:
        payload = json.dumps({"org": org, "fact": fact, "id": "", "customer": None})
        other.execute("SELECT pg_notify('live', %s)", [payload])


def test_a_fact_reaches_only_the_pages_that_may_hear_it() -> None:
    async def listen() -> tuple[list[str], int]:
        hub = Hub()
        mine = hub.events(Sight(False, frozenset({3}), ""))
        other = hub.events(Sight(False, frozenset({4}), ""))
        assert [await anext(mine), await anext(other)] == [b": listening\n\n"] * 2
        await asyncio.to_thread(_notify, "fleet.VehicleRegistered", 3)
        await asyncio.to_thread(_notify, "fleet.VehicleRetired", 4)
        heard = [(await anext(page)).decode() for page in (mine, other)]
        for page in (mine, other):
            await page.aclose()
        return heard, len(hub)

    heard, left = asyncio.run(listen())

    assert '"fleet.VehicleRegistered"' in heard[0]
    assert '"fleet.VehicleRetired"' in heard[1]
    assert left == 0
