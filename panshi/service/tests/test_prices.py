"""Prices: the most specific rule wins, rules of a scope never overlap, bookings keep theirs."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from psycopg.types.range import DateRange

from panshi.kit.tenancy import Actor
from panshi.org.tests import make as org_make
from panshi.service import queries, rules, services
from panshi.service.models import BookingLine, PriceRule
from panshi.service.tests import make


def _rule(amount: str, *, model: str = "", city: str = "", depth: int = 0) -> rules.Rule:
    return rules.Rule(
        id="r", kind=rules.FIXED, item_code="WASH", model_code=model, city=city,
        amount=Decimal(amount), since=date(2026, 1, 1), depth=depth,
    )  # fmt: skip


@pytest.mark.plain
def test_the_most_specific_rule_wins() -> None:
    found = [_rule("10"), _rule("20", city="杭州"), _rule("30", model="M"), _rule("5", depth=1)]

    def win(model: str, city: str) -> Decimal | None:
        rule = rules.most_specific(
            found, kind=rules.FIXED, item_code="WASH", model_code=model, city=city
        )
        return rule.amount if rule else None

    assert win("X", "宁波") == Decimal(10)
    assert win("X", "杭州") == Decimal(20)
    assert win("M", "杭州") == Decimal(30)
    found.append(_rule("40", model="M", city="杭州"))
    assert win("M", "杭州") == Decimal(40)


def test_the_public_page_shows_every_service_with_its_price() -> None:
    where = make.city(engineers=0)
    stranger = Actor(id=where.boss.id, org_id=0, org_ids=())

    rows = queries.public_catalogue(org_id=where.org.id, city="杭州", actor=stranger, at=make.NOON)

    assert len(rows) == 27
    assert all(row.total for row in rows)
    wash = next(row for row in rows if row.code == "WASH")
    assert wash.total == Decimal("98.00")  # 48 and the call-out of 50.


def test_sets_a_price_from_a_day_on_and_keeps_the_booked_one() -> None:
    where = make.city()
    booked = make.booking(where, items=("WASH",))
    org = where.org.id

    services.set_price(
        org_id=org, kind="FIXED", item_code="WASH", city="杭州", amount=Decimal(66),
        from_day=date(2026, 6, 1), actor=where.boss, at=make.NOON,
    )  # fmt: skip

    price = queries.price_of(
        org_id=org, item_codes=("WASH",), model_code="", city="杭州", actor=where.boss,
        at=make.NOON,
    )  # fmt: skip
    assert (price.total, booked.total) == (Decimal(116), Decimal(98))
    with pytest.raises(services.PriceOverlap):
        services.set_price(
            org_id=org, kind="FIXED", item_code="WASH", city="杭州", amount=Decimal(67),
            from_day=date(2026, 6, 1), actor=where.boss, at=make.NOON,
        )  # fmt: skip
    with pytest.raises(services.PriceMoved):
        services.confirm_booking(
            vehicle_id=booked.vehicle_id, customer_id=booked.customer_id, item_codes=("WASH",),
            address="", lon=make.PLACE[0], lat=make.PLACE[1], starts_at=make.at_hour(15),
            expected_total=Decimal(98), actor=where.boss, at=make.NOON,
        )  # fmt: skip


def test_the_database_refuses_overlapping_prices_and_changed_lines() -> None:
    where = make.city()
    org = org_make.platform()
    with pytest.raises(IntegrityError, match="prices_of_a_scope"), transaction.atomic():
        PriceRule.objects.create(
            org=org, kind="CALL_OUT", amount=1, period=DateRange(date(2026, 7, 1), None)
        )
    make.booking(where)
    with pytest.raises(DatabaseError), transaction.atomic():
        BookingLine.objects.update(unit_price=1)
    with pytest.raises(DatabaseError), transaction.atomic():
        BookingLine.objects.all().delete()
