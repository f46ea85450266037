"""check indicators … compares counted days with source rows, and a recount settles it."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection

from panshi.cockpit import queries, services
from panshi.cockpit.catalogue import Indicator
from panshi.cockpit.models import CountedFact, IndicatorDay
from panshi.cockpit.queries import Difference
from panshi.cockpit.tests import make
from panshi.crm import services as crm
from panshi.crm.tests import make as crm_make
from panshi.kit import relay
from panshi.kit.tenancy import Actor, hq_actor
from panshi.org.tests import make as org_make

SPAN = (date(2027, 6, 1), date(2027, 7, 1))


def check(actor: Actor) -> list[Difference]:
    return queries.check_indicators(since=SPAN[0], until=SPAN[1], actor=actor)


def recount(actor: Actor, reason: str = "核对来源记录") -> int:
    return services.take_recount(
        since=SPAN[0], until=SPAN[1], reason=reason, actor=actor, at=make.NOON
    ).rows


def complain(org_id: int, customer_id: UUID) -> None:
    crm.file_complaint(
        customer_id=customer_id,
        subject="VEHICLE",
        text="续航不足",
        actor=hq_actor(org_id),
        at=make.NOON,
    )


def test_finds_nothing_when_every_fact_was_heard() -> None:
    org = org_make.operator()
    complain(org.id, crm_make.customer(org=org).id)
    relay.drain()
    assert check(make.reader(org)) == []
    assert make.cell(org, Indicator.COMPLAINTS, part="COMPLAINTS") == (1, 0)


def test_finds_what_was_not_heard_and_what_was_altered() -> None:
    org = org_make.operator()
    customer = crm_make.customer(org=org)
    complain(org.id, customer.id)
    relay.drain()
    complain(org.id, customer.id)  # Not delivered.
    make.reviews(org, 5)  # No such review in the books of service.

    found = {row.indicator: row for row in check(make.reader(org))}

    assert set(found) == {"COMPLAINTS", "SATISFACTION"}
    assert found["COMPLAINTS"].counted_numerator == 1
    assert found["COMPLAINTS"].source_numerator == 2
    assert found["SATISFACTION"].source_denominator == 0


def test_a_recount_takes_the_source_rows_and_a_late_fact_adds_nothing() -> None:
    org = org_make.operator()
    complain(org.id, crm_make.customer(org=org).id)
    make.reviews(org, 5)

    assert recount(make.reader(org)) == 1
    relay.drain()

    assert check(make.reader(org)) == []
    assert make.cell(org, Indicator.COMPLAINTS, part="COMPLAINTS") == (1, 0)
    assert make.cell(org, Indicator.SATISFACTION) == (0, 0)
    assert CountedFact.objects.count() == 1


def test_a_recount_needs_a_reason_and_stays_inside_its_node() -> None:
    ours, theirs = org_make.operator(), org_make.operator()
    make.reviews(theirs, 5)
    with pytest.raises(services.ReasonMissing):
        recount(make.reader(ours), reason=" ")
    recount(make.reader(ours))
    assert make.cell(theirs, Indicator.SATISFACTION) == (5, 1)
    assert check(make.reader(ours)) == []


def test_finds_every_altered_cell_and_no_other() -> None:
    org = org_make.operator()
    customer = crm_make.customer(org=org)
    for day in range(20):
        crm.file_complaint(
            customer_id=customer.id,
            subject="BILL",
            text="账单有误",
            actor=hq_actor(org.id),
            at=datetime(2027, 6, 1, 4, tzinfo=UTC) + timedelta(days=day),
        )
    relay.drain()
    altered = list(IndicatorDay.objects.order_by("day").values_list("id", "day"))[::3]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE cockpit_indicatorday SET numerator = numerator + 1 WHERE id = ANY(%s)",
            [[cell_id for cell_id, _day in altered]],
        )
    assert [row.day for row in check(make.reader(org))] == [day for _id, day in altered]


def test_tells_that_they_differ() -> None:
    org = org_make.operator()
    make.reviews(org, 5)
    actor = hq_actor(org_make.platform().id)
    fact = services.report_differences(differences=check(actor), actor=actor, at=make.NOON)
    assert (fact.indicators, fact.cells) == (("SATISFACTION",), 1)
