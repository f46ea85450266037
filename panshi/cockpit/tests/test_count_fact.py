"""Count fact … adds what a fact says to its day, once."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection

from panshi.cockpit import services
from panshi.cockpit.catalogue import Indicator
from panshi.cockpit.counts import reviewed
from panshi.cockpit.events import FiguresCounted
from panshi.cockpit.models import CountedFact, IndicatorDay
from panshi.cockpit.tests import make
from panshi.crm import services as crm
from panshi.crm.tests import make as crm_make
from panshi.kit import outbox, relay
from panshi.kit.ids import uuid7
from panshi.kit.refusals import NotPermitted
from panshi.kit.tenancy import acting, system_actor
from panshi.org.tests import make as org_make


def test_counts_a_fact_that_is_delivered_twice_once() -> None:
    org = org_make.operator()
    fact = make.review(org, stars=4)

    make.hear(fact)
    make.hear(fact)

    assert make.cell(org, Indicator.SATISFACTION) == (4, 1)
    assert CountedFact.objects.count() == 1


def test_counts_a_thing_that_two_facts_tell_of_once() -> None:
    org = org_make.operator()
    order = make.opened(org)

    make.closed(org, order, minutes=40)
    make.closed(org, order, minutes=40)

    assert make.cell(org, Indicator.COMPLETION) == (1, 1)
    assert make.cell(org, Indicator.SERVICE_TIME) == (40, 1)


def test_says_how_much_was_new() -> None:
    org = org_make.operator()
    counts = reviewed(org_id=org.id, work_order_id=uuid7(), city="杭州", stars=5, at=make.NOON)

    facts = [
        services.count_fact(
            org_id=org.id, fact_id=uuid7(), counts=counts, actor=system_actor(org.id), at=make.NOON
        )
        for _ in range(2)
    ]

    assert [fact.counted for fact in facts] == [1, 0]
    assert isinstance(facts[0], FiguresCounted)
    assert facts[0].indicators == ("SATISFACTION",)


def test_is_not_for_everybody() -> None:
    org = org_make.operator()
    with pytest.raises(NotPermitted):
        services.count_fact(
            org_id=org.id,
            fact_id=uuid7(),
            counts=reviewed(org_id=org.id, work_order_id=uuid7(), city="", stars=5, at=make.NOON),
            actor=org_make.actor(org, "cockpit.view"),
            at=make.NOON,
        )


def test_puts_a_closing_on_the_day_it_was_promised_for_and_time_on_the_day_of_closing() -> None:
    org = org_make.operator()
    order = make.opened(org, starts_at=make.NOON + timedelta(days=1))

    make.closed(org, order, minutes=75, at=make.NOON + timedelta(days=3))

    assert make.cell(org, Indicator.COMPLETION, day=date(2027, 6, 22)) == (1, 1)
    assert make.cell(org, Indicator.SERVICE_TIME, day=date(2027, 6, 24)) == (75, 1)
    assert make.cell(org, Indicator.COMPLAINTS, day=date(2027, 6, 24), part="ORDERS") == (0, 1)


def test_takes_a_cancelled_order_off_the_day_it_was_promised_for() -> None:
    org = org_make.operator()
    kept, gone = make.opened(org), make.opened(org)

    make.cancelled(org, gone, at=make.NOON + timedelta(days=2))
    make.closed(org, kept)

    assert make.cell(org, Indicator.COMPLETION) == (1, 1)


def test_counts_an_order_never_heard_of_as_promised_when_it_closed() -> None:
    org = org_make.operator()
    make.closed(org, uuid7())
    make.cancelled(org, uuid7())
    assert make.cell(org, Indicator.COMPLETION) == (1, 1)


def test_knows_the_local_day() -> None:
    org = org_make.operator()
    # 23:30 UTC is the next morning in Shanghai.
    make.reviews(org, 5, at=make.NOON.replace(hour=23, minute=30))
    assert make.cell(org, Indicator.SATISFACTION, day=date(2027, 6, 22)) == (5, 1)


def test_counts_a_complaint_in_the_city_of_its_customer() -> None:
    org = org_make.operator()
    customer = crm_make.customer(org=org, city="宁波")

    crm.file_complaint(
        customer_id=customer.id,
        subject="SERVICE",
        text="工程师迟到四十分钟",
        actor=org_make.actor(org, "crm.*"),
        at=make.NOON,
    )
    relay.drain()

    row = IndicatorDay.objects.get(indicator=Indicator.COMPLAINTS, part="COMPLAINTS")
    assert (row.city, row.numerator, row.day) == ("宁波", Decimal(1), make.DAY)


def test_survives_a_second_delivery_by_the_relay() -> None:
    org = org_make.operator()
    with acting(system_actor(org.id), to_write=True):
        outbox.publish(make.review(org, stars=3))
    relay.drain()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE kit_delivery SET done_at = NULL WHERE handler = 'cockpit.handlers.count'"
        )
    relay.drain()

    assert make.cell(org, Indicator.SATISFACTION) == (3, 1)


def test_tells_open_pages_of_the_operator_once_it_has_counted() -> None:
    org = org_make.operator()
    make.reviews(org, 5)
    with connection.cursor() as cursor:
        cursor.execute("SELECT org_id FROM kit_outbox WHERE name = 'cockpit.FiguresCounted'")
        assert cursor.fetchall() == [(org.id,)]


def test_keeps_one_operators_days_from_anothers() -> None:
    ours, theirs = org_make.operator(), org_make.operator()
    make.reviews(ours, 5, 5)
    make.reviews(theirs, 1)

    assert make.figure(ours, Indicator.SATISFACTION).value == 5
    assert make.figure(theirs, Indicator.SATISFACTION).value == 1
    with acting(make.reader(ours)):
        assert set(IndicatorDay.objects.values_list("org_id", flat=True)) == {ours.id}
        assert set(CountedFact.objects.values_list("org_id", flat=True)) == {ours.id}
