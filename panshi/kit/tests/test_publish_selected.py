"""Publish selected … writes from SQL what `publish` writes from Python."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import RFC_4122, UUID

from panshi.billing.events import CollectionCallPlanned
from panshi.kit import outbox
from panshi.kit.facts import from_plain
from panshi.kit.models import Delivery, Outbox
from panshi.kit.tenancy import acting, system_actor
from panshi.org.tests import make

AT = datetime(2027, 6, 22, 4, tzinfo=UTC)
CALLS = """
call AS (
    SELECT %(org)s::int AS org_id, gen_random_uuid() AS call_id, gen_random_uuid() AS case_id,
        %(customer)s::uuid AS customer_id, date '2027-06-24' AS call_on, '80.50' AS open_amount
    FROM generate_series(1, %(count)s)
)"""


def publish(org_id: int, count: int) -> list[tuple[int]]:
    with acting(system_actor(org_id), to_write=True):
        return outbox.publish_selected(
            [(CollectionCallPlanned, "SELECT * FROM call")],
            given=CALLS,
            values={"org": org_id, "customer": UUID(int=7), "count": count},
            answer="SELECT 1 FROM call WHERE false",
            actor=system_actor(org_id),
            at=AT,
            verb="billing.advance_dunning",
        )


def test_a_fact_reads_as_if_it_had_been_made_in_python() -> None:
    org = make.operator()
    assert publish(org.id, 1) == []
    row = Outbox.objects.get(org_id=org.id, name=CollectionCallPlanned.name)
    told = from_plain(row.name, row.payload)
    assert isinstance(told, CollectionCallPlanned)
    assert told == CollectionCallPlanned(
        id=row.fact_id,
        org_id=org.id,
        actor_id=row.actor_id,
        at=AT,
        call_id=told.call_id,
        case_id=told.case_id,
        customer_id=UUID(int=7),
        call_on=date(2027, 6, 24),
        open_amount=Decimal("80.50"),
    )
    assert (row.verb, row.at, told.id.version) == ("billing.advance_dunning", AT, 7)
    sent = Delivery.objects.filter(outbox=row).values_list("handler", flat=True)
    assert sorted(sent) == sorted(outbox.subscribers(row.name))


def test_many_facts_are_numbered_in_the_order_of_their_rows() -> None:
    org = make.operator()
    publish(org.id, 400)
    rows = Outbox.objects.filter(org_id=org.id, name=CollectionCallPlanned.name).order_by("id")
    ids = [row.fact_id for row in rows]
    assert ids == sorted(ids)
    assert {(one.version, one.variant) for one in ids} == {(7, RFC_4122)}


def test_a_run_over_many_tells_open_pages_in_few_words() -> None:
    org = make.operator()
    assert publish(org.id, 400) == []
    assert Outbox.objects.filter(org_id=org.id, name=CollectionCallPlanned.name).count() == 400
    longest = json.dumps({"customers": [str(UUID(int=7))] * outbox.CUSTOMERS_A_NOTICE})
    assert len(longest) < 7_500  # PostgreSQL takes 8,000 bytes.
