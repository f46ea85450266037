"""What is earned by days … sums to what the ledger books for the month, to the fen."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

from django.urls import reverse

from panshi.billing import queries, services
from panshi.billing.models import EarnedDay
from panshi.billing.tests import make
from panshi.kit.clock import local_day
from panshi.kit.ids import uuid7
from panshi.kit.money import ZERO
from panshi.kit.tenancy import acting, hq_actor
from panshi.ledger import queries as ledger
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.org.tests.window import page, window

JUNE, JULY = date(2027, 6, 1), date(2027, 7, 1)


def _rents(org: OrgNode, count: int) -> None:
    """Rents that begin on any day of two months, at prices that do not divide evenly."""
    random = Random(11)
    for _ in range(count):
        start = date(2027, 5, 1) + timedelta(days=random.randrange(55))
        make.plan(org, price=Decimal(random.randrange(100_000, 500_000)) / 100, anchor_on=start)
    for day in (date(2027, 5, 31), date(2027, 6, 30)):
        make.run(org, day)


def test_the_days_of_a_month_sum_to_what_is_booked_for_it() -> None:
    org = org_make.operator()
    _rents(org, 25)
    by = make.clerk(org)

    days = queries.earned_by_day(since=JUNE, until=JULY, actor=by)
    booked = services.recognise_revenue(month=JUNE, actor=by, at=make.NOON)

    assert {row.day for row in days} == {JUNE + timedelta(n) for n in range(30)}
    assert sum(row.amount for row in days) == booked.amount > 0
    (line,) = queries.earned_sums(since=JUNE, until=JULY, actor=by)
    page = queries.earned_page(since=JUNE, until=JULY, actor=by, limit=5)
    assert line.amount == page.amount == booked.amount
    assert len(page.rows) == 5
    every = queries.earned_page(since=JUNE, until=JULY, actor=by, limit=page.total)
    assert sum(row.amount for row in every.rows) == page.amount


def test_a_span_may_be_cut_anywhere() -> None:
    org = org_make.operator()
    _rents(org, 12)
    by = make.clerk(org)
    whole = queries.earned_page(since=JUNE, until=JULY, actor=by).amount
    for day in (2, 13, 29):
        cut = JUNE + timedelta(day)
        first = queries.earned_page(since=JUNE, until=cut, actor=by).amount
        second = queries.earned_page(since=cut, until=JULY, actor=by).amount
        assert first + second == whole


def test_kept_sums_answer_like_the_lines_and_say_when_bills_changed() -> None:
    org = org_make.operator()
    _rents(org, 12)
    by, hq = make.clerk(org), hq_actor(org.id)
    at = datetime(2027, 6, 20, 4, tzinfo=UTC)
    today = local_day(at)

    def asked() -> tuple[object, ...]:
        until = today + timedelta(1)
        return (
            queries.earned_by_day(since=JUNE, until=until, actor=by),
            queries.earned_by_day(since=JUNE, until=until, city="杭州", actor=by),
            {
                (row.account, row.amount)
                for row in queries.earned_sums(since=JUNE, until=until, actor=by)
            },
            queries.vehicle_standings(month=JUNE, today=today, actor=by),
        )

    read = asked()
    assert queries.earnings_changed(actor=hq, at=at)
    services.keep_earnings(actor=hq, at=at)
    assert not queries.earnings_changed(actor=hq, at=at)
    assert queries.earnings_changed(actor=hq, at=at + timedelta(1))
    assert asked() == read
    with acting(hq):
        assert EarnedDay.objects.filter(org=org, day__gte=JUNE).count() == today.day

    make.plan(org, price=Decimal("2999.99"), anchor_on=JUNE)
    make.run(org, date(2027, 6, 30))
    assert queries.earnings_changed(actor=hq, at=at)
    read_again = asked()
    services.keep_earnings(actor=hq, at=at)
    assert asked() == read_again != read


def test_the_board_of_the_running_month_shows_what_is_earned_and_not_booked() -> None:
    org = org_make.operator()
    make.plan(org, price=3000, anchor_on=JUNE)
    make.run(org, JUNE)
    by = make.clerk(org)
    net = Decimal("2654.87")

    def rental(today: date) -> tuple[Decimal, Decimal]:
        total = queries.finance_board(month=JUNE, today=today, actor=by).total
        return total.rental, total.not_booked

    so_far = (net * 15 / 30).quantize(Decimal("0.01"))
    assert rental(date(2027, 6, 15)) == (so_far, so_far)
    assert rental(date(2027, 7, 2)) == (ZERO, ZERO)
    services.recognise_revenue(month=JUNE, actor=by, at=make.NOON)
    assert rental(date(2027, 7, 2)) == (net, ZERO)
    assert rental(date(2027, 6, 30)) == (net, ZERO)
    posted = ledger.balances(accounts=("6001.rental",), since=JUNE, until=JULY, actor=by)
    assert [row.amount for row in posted] == [-net]


def test_another_operators_lines_are_not_counted() -> None:
    ours, theirs = org_make.operator(), org_make.operator()
    make.plan(theirs, anchor_on=JUNE)
    make.run(theirs, JUNE)
    assert queries.earned_by_day(since=JUNE, until=JULY, actor=make.clerk(ours)) == []
    assert queries.earned_page(since=JUNE, until=JULY, actor=make.clerk(ours)).total == 0


def test_the_running_month_shows_each_vehicle_with_what_its_days_earned() -> None:
    org, vehicle = org_make.operator(), uuid7()
    make.plan(org, price=3390, anchor_on=JUNE, vehicle_id=vehicle)
    make.run(org, JUNE)
    by = make.clerk(org)
    today = JUNE + timedelta(9)

    page = queries.vehicle_standings(month=JUNE, today=today, actor=by)
    (row,) = page.rows
    # 10 of 30 days of 3,000.00 net.
    assert (row.vehicle_id, row.income, row.earned) == (vehicle, ZERO, Decimal(1000))
    assert (page.running, page.earned, row.result) == (True, Decimal(1000), Decimal(1000))
    until = today + timedelta(1)
    assert page.earned == queries.earned_page(since=JUNE, until=until, actor=by).amount

    services.recognise_revenue(month=JUNE, actor=by, at=make.NOON)
    over = queries.vehicle_standings(month=JUNE, today=JULY, actor=by)
    assert (over.running, over.earned, over.income) == (False, ZERO, Decimal(3000))
    assert queries.earned_by_vehicle(since=JUNE, until=JULY, actor=by) == {vehicle: Decimal(3000)}


def test_the_page_of_results_marks_what_is_not_booked() -> None:
    node = org_make.operator()
    results = page(window(node, "FINANCE").get(reverse("billing-vehicle-results")))
    assert "This month is running" in results
    past = window(node, "FINANCE").get(reverse("billing-vehicle-results"), {"month": "2026-01"})
    assert "This month is running" not in page(past)
