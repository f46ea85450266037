"""Prices … come from the most specific row of a published book, and never from two."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, transaction

from panshi.billing import queries, rules, services
from panshi.billing.models import PriceRow
from panshi.billing.services import NewPrice
from panshi.billing.tests import make
from panshi.kit.refusals import NotPermitted
from panshi.kit.tenancy import hq_actor
from panshi.org.tests import make as org_make

_years: Iterator[int] = count(2031)


def price(amount: int, **where: Any) -> NewPrice:
    return NewPrice(
        product_code="RENT_MONTHLY", price=Decimal(amount), floor=Decimal(amount - 300), **where
    )


def drafted(*prices: NewPrice, year: int | None = None) -> UUID:
    """A draft for a year of its own, as versions must not overlap."""
    start = date(year or next(_years), 1, 1)
    return services.draft_price_book(
        version=f"V{start.year}",
        starts_on=start,
        ends_on=start.replace(year=start.year + 1),
        prices=prices,
        actor=hq_actor(),
        at=make.NOON,
    ).book_id


def published(*prices: NewPrice) -> UUID:
    book_id = drafted(*prices)
    second = replace(hq_actor(), id=UUID(int=5))
    services.publish_price_book(book_id=book_id, actor=second, at=make.NOON)
    return book_id


def found(book_id: UUID, **asked: Any) -> Decimal | None:
    case: dict[str, Any] = {
        "product_code": "RENT_MONTHLY", "model_code": "QY-V42", "city": "深圳", "region_id": 7,
        "months": 12, "volume": 1, "starts_on": date(2031, 5, 1),
    }  # fmt: skip
    answer = queries.price_in_book(book_id=book_id, actor=hq_actor(), **{**case, **asked})
    return answer.price if answer else None


def test_model_goes_before_city_before_region_before_all() -> None:
    book_id = published(
        price(4000),
        price(3900, region_id=7),
        price(3800, city="深圳"),
        price(3700, model_code="QY-V42"),
    )
    assert found(book_id) == 3700
    assert found(book_id, model_code="OTHER") == 3800
    assert found(book_id, model_code="OTHER", city="珠海") == 3900
    assert found(book_id, model_code="OTHER", city="北京", region_id=None) == 4000


def test_then_term_then_volume_then_season_decide() -> None:
    book_id = published(
        price(4000),
        price(3900, season_from=10, season_to=2),
        price(3800, volume_from=10),
        price(3700, term_months=12),
        price(3600, term_months=24),
    )
    assert found(book_id, months=6) == 4000
    assert found(book_id, months=6, starts_on=date(2031, 12, 1)) == 3900
    assert found(book_id, months=6, starts_on=date(2031, 2, 1)) == 3900
    assert found(book_id, months=6, volume=12, starts_on=date(2031, 12, 1)) == 3800
    assert found(book_id, months=12, volume=12) == 3700
    assert found(book_id, months=36) == 3600


def test_nothing_holds_for_what_no_row_names() -> None:
    assert found(published(price(4000, city="深圳")), city="北京") is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {}),
        ({"season_from": 10, "season_to": 12}, {"season_from": 12, "season_to": 2}),
        ({"term_months": 12, "city": "深圳"}, {"term_months": 12, "city": "深圳"}),
    ],
)
def test_a_tie_is_refused(one: dict[str, Any], other: dict[str, Any]) -> None:
    with pytest.raises(services.PricesTie):
        drafted(price(4000, **one), price(3900, **other))


@pytest.mark.plain
def test_seasons_that_do_not_meet_are_no_tie() -> None:
    rows = [price(4000, season_from=3, season_to=5), price(3900, season_from=6, season_to=2)]
    assert rules.ties(rows) == []


def test_nobody_publishes_the_own_draft() -> None:
    book_id = drafted(price(4000))
    with pytest.raises(services.SamePerson):
        services.publish_price_book(book_id=book_id, actor=hq_actor(), at=make.NOON)


def test_versions_do_not_overlap_and_a_published_price_stays() -> None:
    book_id = published(price(4000))
    row = PriceRow.objects.get(book_id=book_id)
    year = queries.price_book_card(book_id=book_id, actor=hq_actor()).row.starts_on.year
    with pytest.raises(DatabaseError), transaction.atomic():
        PriceRow.objects.filter(id=row.id).update(price=1)
    other = services.draft_price_book(
        version="AGAIN", starts_on=date(year, 6, 1), ends_on=date(year, 9, 1),
        prices=[price(3000)], actor=hq_actor(), at=make.NOON,
    ).book_id  # fmt: skip
    with pytest.raises(services.VersionsOverlap):
        services.publish_price_book(
            book_id=other, actor=replace(hq_actor(), id=UUID(int=5)), at=make.NOON
        )


def test_an_operator_publishes_no_prices() -> None:
    org = org_make.operator()
    with pytest.raises(NotPermitted):
        services.draft_price_book(
            version="MINE", starts_on=date(2060, 1, 1), ends_on=None, prices=[price(1000)],
            actor=make.clerk(org), at=make.NOON,
        )  # fmt: skip


def test_nine_products_are_there_from_the_first_day() -> None:
    names = {p.code for p in queries.products(on=make.DAY, actor=hq_actor())}
    assert {
        "RENT_DAILY", "RENT_MONTHLY", "RENT_LONG", "RENT_TO_OWN", "CARE_PLAN", "RESCUE_PLAN",
        "REPLACEMENT", "SMART_BASIC", "SMART_PLUS",
    } <= names  # fmt: skip
