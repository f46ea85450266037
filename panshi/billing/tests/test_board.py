"""The finance board … each figure opens the postings that it is made of."""

from datetime import date
from decimal import Decimal
from uuid import uuid4

from django.urls import reverse
from django.utils import translation

from panshi.billing import lists, queries, services
from panshi.billing.queries.money import FIGURES
from panshi.billing.tests import make
from panshi.kit.tenancy import Actor, hq_actor
from panshi.ledger import queries as ledger
from panshi.ledger import services as books
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.org.tests.window import page, window

JUNE = date(2027, 6, 1)


def money(org: OrgNode) -> Actor:
    """A bit of everything that the board counts, this month and before; answers who looks."""
    by = make.clerk(org)
    make.pay(org, make.bill(org, 300, 199).bill_id)
    make.bill(org, 113)
    make.pay(org, make.deposit(org).bill_id)
    make.plan(org, anchor_on=date(2027, 5, 31), ends_on=date(2027, 7, 31))
    make.run(org, date(2027, 5, 31))
    services.recognise_revenue(month=date(2027, 5, 1), actor=by, at=make.NOON)
    legs = (("1405", 40), ("1123", 30), ("2202", -60), ("2202.est", -10))
    entry = books.NewEntry(
        org_id=org.id, kind="TEST", source_kind="test", source_id=uuid4(), occurred_on=make.DAY,
        postings=books.legs_of(*((code, Decimal(sum)) for code, sum in legs), city=org.city),
    )  # fmt: skip
    books.post_entries(entries=[entry], actor=hq_actor(org.id), at=make.NOON)
    return by


def test_every_figure_is_the_sum_of_its_postings() -> None:
    org = org_make.operator()
    by = money(org)
    for month in (date(2027, 5, 1), JUNE):
        board = queries.finance_board(month=month, today=make.DAY, actor=by)
        for figure in sorted(FIGURES):
            shown: Decimal = getattr(board.total, figure)
            behind = queries.postings_behind(figure=figure, month=month, today=make.DAY, actor=by)
            assert behind.amount + behind.not_booked == shown, figure
            assert sum(behind.sign * row.amount for row in behind.rows) == behind.amount, figure
            one = queries.postings_behind(
                figure=figure, month=month, today=make.DAY, org_id=org.id, city=org.city, actor=by
            )
            assert one.amount == behind.amount, figure


def test_each_month_before_is_as_its_own_board_says() -> None:
    org = org_make.operator()
    by = money(org)
    [(may, before), (june, running)] = queries.finance_board(
        month=JUNE, today=make.DAY, actor=by
    ).months
    assert (may, june) == (date(2027, 5, 1), JUNE)
    of_may = queries.finance_board(month=may, today=make.DAY, actor=by).total
    assert before.revenue == of_may.revenue > 0
    assert before.margin == of_may.margin
    assert running.not_booked > 0


def test_the_vehicles_make_the_result_of_the_book() -> None:
    org = org_make.operator()
    by = money(org)
    results = ledger.vehicle_pnl(month=JUNE, actor=by)
    trial = ledger.trial_balance(month=JUNE, actor=by)
    kinds = ("INCOME", "EXPENSE")
    book = sum(row.credit - row.debit for row in trial if row.kind in kinds)
    assert results.income - results.cost == book != 0
    assert sum(row.result for row in results.rows) == book


def test_a_payment_shows_at_once() -> None:
    org = org_make.operator()
    by = make.clerk(org)
    bill = make.bill(org, 300)
    books.fold_sums(actor=hq_actor(), at=make.NOON)
    before = queries.finance_board(month=JUNE, today=make.DAY, actor=by).total
    make.pay(org, bill.bill_id)
    after = queries.finance_board(month=JUNE, today=make.DAY, actor=by).total
    assert (after.cash - before.cash, before.receivable - after.receivable) == (
        Decimal(300), Decimal(300),
    )  # fmt: skip


def test_the_margin_of_the_running_month_says_what_comes_at_its_end() -> None:
    by = money(org_make.operator())
    hints = []
    for month in (date(2027, 5, 1), JUNE):
        total = queries.finance_board(month=month, today=make.DAY, actor=by).total
        with translation.override("en"):
            tiles = {str(tile.label): tile for tile in lists.board_tiles(total, month)}
        hints.append("depreciation" in str(tiles["Gross margin"].hint))
    assert hints == [False, True]


def test_the_tables_name_who_has_something_in_them() -> None:
    org = org_make.operator()
    share = books.NewEntry(
        org_id=org.id, kind="TEST", source_kind="test", source_id=uuid4(), occurred_on=JUNE,
        postings=books.legs_of(("4103", Decimal(70)), ("6001.share", Decimal(-70)), city="杭州"),
    )  # fmt: skip
    books.post_entries(entries=[share], actor=make.clerk(org), at=make.NOON)
    shown = window(org, "FINANCE").get(reverse("billing-board"), {"month": "2027-06"}).context
    assert [row.shared for row, _tail in shown["results"]] == [Decimal(70)]
    assert shown["moneys"] == []


def test_two_clicks_lead_from_a_figure_to_its_entry() -> None:
    org = org_make.operator()
    money(org)
    client = window(org, "FINANCE")
    board = page(client.get(reverse("billing-board"), {"month": "2027-06"}))
    for figure in sorted(FIGURES):
        url = reverse("billing-figure", args=[figure])
        assert url in board
        assert client.get(url, {"month": "2027-06"}).status_code == 200
    cash = client.get(reverse("billing-figure", args=["cash"]), {"month": "2027-06"})
    row = cash.context["rows"][0][0]
    entry = reverse("ledger-entry", args=[row.entry_id])
    assert entry in page(cash)
    assert "Balanced" in page(client.get(entry))
    assert client.get(reverse("billing-figure", args=["nonsense"])).status_code == 404
    results = reverse("billing-vehicle-results")
    assert "Belongs to no vehicle" not in page(client.get(results, {"month": "2027-05"}))
