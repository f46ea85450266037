"""Quotes … are priced by the book, held, approved by another person, answered and explained."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, transaction

from panshi.billing import services as billing
from panshi.billing.services import NewPrice
from panshi.crm import queries as crm_queries
from panshi.crm.tests import make as crm
from panshi.fleet.tests import make as fleet
from panshi.kit.models import Outbox
from panshi.kit.refusals import IllegalMove, NotPermitted
from panshi.kit.tenancy import Actor, hq_actor
from panshi.leasing import queries, services
from panshi.leasing.models import Lease, LeaseState, Quote, QuoteState, Segment
from panshi.leasing.tests import make
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make

DAY = date(2026, 6, 21)
BOSS = UUID(int=9)


def book(**more: Any) -> UUID:
    """A published price book in force on the first day: 3,000, at least 2,700."""
    made = billing.draft_price_book(
        version=f"Q{more.pop('name', 1)}",
        starts_on=date(2026, 1, 1),
        ends_on=None,
        prices=[
            NewPrice(product_code="RENT_MONTHLY", price=Decimal(3000), floor=Decimal(2700), **more)
        ],
        actor=hq_actor(),
        at=make.NOON,
    )
    second = replace(hq_actor(), id=UUID(int=5))
    billing.publish_price_book(book_id=made.book_id, actor=second, at=make.NOON)
    return made.book_id


def drafted(org: OrgNode | None = None, **more: Any) -> Quote:
    node = org or org_make.operator()
    asked: dict[str, Any] = {
        "customer_id": crm.customer(org=node, qualified=True).id,
        "vehicle_id": fleet.vehicle(org=node, state="READY").id,
        "product_code": "RENT_MONTHLY", "starts_on": DAY, "months": 12, **more,
    }  # fmt: skip
    fact = services.draft_quote(**asked, actor=make.clerk(node), at=make.NOON)
    return Quote.objects.get(id=fact.quote_id)


def sent(quote: Quote, **more: Any) -> Quote:
    services.send_quote(quote_id=quote.id, actor=make.clerk(quote.org), at=make.NOON, **more)
    quote.refresh_from_db()
    return quote


def customer_of(quote: Quote) -> Actor:
    staff = org_make.actor(quote.org, "leasing.accept_quote", "leasing.decline_quote")
    return replace(staff, id=UUID(int=77), customer_id=quote.customer_id)


def names() -> list[str]:
    return list(Outbox.objects.order_by("id").values_list("name", flat=True))


def test_the_book_gives_the_price_and_the_qualification_the_deposit() -> None:
    book()
    quote = drafted()
    months = crm_queries.deposit_months(customer_id=quote.customer_id, actor=make.clerk(quote.org))
    assert quote.monthly_rent == quote.listed == Decimal(3000)
    assert quote.floor == Decimal(2700)
    assert quote.deposit == 3000 * months


def test_without_a_price_nothing_is_quoted() -> None:
    with pytest.raises(services.NoPrice):
        drafted()
    book(city="别处")
    with pytest.raises(services.NoPrice):
        drafted()


def test_the_price_is_explained_and_replays_in_its_own_book() -> None:
    book_id = book()
    quote = drafted(monthly_rent=Decimal(2800))
    billing.draft_price_book(
        version="LATER", starts_on=date(2027, 1, 1), ends_on=None,
        prices=[NewPrice(product_code="RENT_MONTHLY", price=Decimal(9), floor=Decimal(9))],
        actor=hq_actor(), at=make.NOON,
    )  # fmt: skip
    told = queries.quote_explained(quote_id=quote.id, actor=make.clerk(quote.org))
    assert (told.book_id, told.row_id) == (book_id, quote.row_id)
    assert told.listed == Decimal(3000)
    assert told.replays


def test_a_hold_keeps_the_vehicle_for_the_customer() -> None:
    book()
    quote = sent(drafted(), hold_hours=24)
    assert quote.hold_until == make.NOON + timedelta(hours=24)
    with pytest.raises(services.VehicleAlreadyLeased):
        make.drafted(org=quote.org, vehicle_id=quote.vehicle_id)


def test_a_hold_beyond_what_hq_allows_is_refused() -> None:
    book()
    quote = drafted()
    for wish in ({"hold_hours": 73}, {"valid_until": DAY + timedelta(days=16)}):
        with pytest.raises(services.HoldTooLong):
            sent(quote, **wish)


def test_a_hold_that_is_over_frees_the_vehicle_and_the_quote_stands() -> None:
    book()
    quote = sent(drafted(), hold_hours=24)
    held = quote.lease
    later = make.NOON + timedelta(hours=25)
    fact = services.advance_quotes(actor=hq_actor(), at=later)
    assert fact.released == (quote.id,)
    quote.refresh_from_db()
    assert (quote.state, quote.lease, quote.hold_until) == (QuoteState.SENT, None, None)
    assert held is not None
    assert Lease.objects.get(id=held.id).state == LeaseState.CANCELLED
    assert Segment.objects.get(lease=held).state == "VOID"
    assert "leasing.ReservationExpired" in names()
    assert services.advance_quotes(actor=hq_actor(), at=later).released == ()
    make.drafted(org=quote.org, vehicle_id=quote.vehicle_id)


def test_a_quote_whose_days_are_over_expires_and_is_not_accepted() -> None:
    book()
    quote = sent(drafted(), valid_until=DAY)
    with pytest.raises(services.QuoteExpired):
        services.accept_quote(
            quote_id=quote.id, actor=customer_of(quote), at=make.NOON + timedelta(days=1)
        )
    services.advance_quotes(actor=hq_actor(), at=make.NOON + timedelta(days=1))
    quote.refresh_from_db()
    assert quote.state == QuoteState.EXPIRED


@pytest.mark.parametrize("hours", [0, 24])
def test_the_customer_accepts_and_the_lease_is_reserved_on_these_terms(hours: int) -> None:
    book()
    quote = sent(drafted(), hold_hours=hours)
    fact = services.accept_quote(quote_id=quote.id, actor=customer_of(quote), at=make.NOON)
    lease = Lease.objects.get(id=fact.lease_id)
    assert (lease.state, lease.months) == (LeaseState.RESERVED, 12)
    assert lease.monthly_rent == Decimal(3000)
    assert lease.deposit == quote.deposit
    assert {"leasing.QuoteAccepted", "leasing.ReservationConfirmed"} <= set(names())
    with pytest.raises(IllegalMove):
        services.accept_quote(quote_id=quote.id, actor=customer_of(quote), at=make.NOON)


def test_another_customer_does_not_accept() -> None:
    book()
    quote, other = sent(drafted()), crm.customer()
    thief = replace(customer_of(quote), customer_id=other.id)
    with pytest.raises((NotPermitted, Quote.DoesNotExist)):
        services.accept_quote(quote_id=quote.id, actor=thief, at=make.NOON)


def test_below_the_floor_somebody_else_approves_first() -> None:
    book()
    quote = drafted(monthly_rent=Decimal(2600))
    clerk, boss = make.clerk(quote.org), replace(make.clerk(quote.org), id=BOSS)
    with pytest.raises(services.DiscountNeedsApproval):
        sent(quote)
    services.ask_discount(quote_id=quote.id, reason="十台长租客户", actor=clerk, at=make.NOON)
    asked = replace(clerk, id=Quote.objects.get(id=quote.id).drafted_by_id)
    with pytest.raises(services.OwnDiscount):
        services.decide_discount(
            quote_id=quote.id, approve=True, note="", actor=asked, at=make.NOON
        )
    with pytest.raises(services.DiscountNeedsApproval):
        sent(quote)
    services.decide_discount(quote_id=quote.id, approve=True, note="同意", actor=boss, at=make.NOON)
    assert sent(quote).state == QuoteState.SENT
    assert "leasing.QuoteDiscountExceeded" in names()


def test_a_refused_discount_ends_the_quote() -> None:
    book()
    quote = drafted(monthly_rent=Decimal(2600))
    boss = replace(make.clerk(quote.org), id=BOSS)
    services.ask_discount(
        quote_id=quote.id, reason="试一试", actor=make.clerk(quote.org), at=make.NOON
    )
    services.decide_discount(
        quote_id=quote.id, approve=False, note="低于成本", actor=boss, at=make.NOON
    )
    with pytest.raises((IllegalMove, services.DiscountNeedsApproval)):
        sent(quote)


def test_the_database_keeps_the_price_and_the_second_person() -> None:
    book()
    quote = drafted(monthly_rent=Decimal(2600))
    row = Quote.objects.filter(id=quote.id)
    with pytest.raises(DatabaseError), transaction.atomic():
        row.update(monthly_rent=1)
    with pytest.raises(DatabaseError), transaction.atomic():
        row.update(state="SENT", sent_at=make.NOON, valid_until=DAY)


def test_declining_frees_a_held_vehicle() -> None:
    book()
    quote = sent(drafted(), hold_hours=24)
    services.decline_quote(quote_id=quote.id, reason="太贵", actor=customer_of(quote), at=make.NOON)
    quote.refresh_from_db()
    assert (quote.state, quote.lease) == (QuoteState.DECLINED, None)
    make.drafted(org=quote.org, vehicle_id=quote.vehicle_id)
