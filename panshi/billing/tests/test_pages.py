"""The finance pages, as a browser asks them."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from panshi.billing import queries, services, simulator
from panshi.billing.models import BillBalance, Callback, Payment
from panshi.billing.tests import make
from panshi.kit.clock import local_day
from panshi.kit.ids import uuid7
from panshi.kit.tenancy import PORTAL, Actor, acting, hq_actor
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.org.tests.window import Window, page, window

LIST_QUERIES = 22


@pytest.fixture
def node() -> OrgNode:
    return org_make.operator()


@pytest.fixture
def client(node: OrgNode) -> Window:
    return window(node, "FINANCE")


def test_the_list_filters_sums_and_pages(client: Window, node: OrgNode) -> None:
    now = timezone.now()
    today = local_day(now)
    late = make.bill(node, 113, due_on=today - timedelta(days=40), at=now)
    made = [make.bill(node, 300, due_on=today, at=now) for _ in range(24)]
    foreign = make.bill(org_make.operator(), 777, due_on=today, at=now)
    url = reverse("billing-bills")

    first = page(client.get(url))
    assert "777.00" not in first
    assert "7,313.00" in first  # The totals row goes over the filter, not the page.
    assert str(late.bill_id) not in first
    overdue = page(client.get(url, {"standing": "OVERDUE"}))
    assert str(late.bill_id) in overdue
    assert str(made[0].bill_id) not in overdue
    assert str(foreign.bill_id) not in overdue
    found = page(client.get(url, {"number": made[3].number}))
    assert str(made[3].bill_id) in found
    assert str(made[4].bill_id) not in found


def test_the_cursor_walks_every_bill_once(node: OrgNode) -> None:
    by = make.clerk(node)
    made = {make.bill(node).bill_id for _ in range(11)}
    seen: list[object] = []
    after = ""
    for _ in range(5):
        part = queries.bill_rows(today=make.DAY, after=after, limit=4, actor=by)
        seen += [row.id for row in part.rows]
        after = part.next
        if not after:
            break
    assert len(seen) == 11
    assert set(seen) == made


def test_the_list_asks_a_fixed_number_of_questions(client: Window, node: OrgNode) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as asked:
            page(client.get(reverse("billing-bills")))
        return len(asked)

    make.bill(node)
    count()
    few = count()
    for _ in range(15):
        make.bill(node)
    assert count() == few <= LIST_QUERIES


def test_a_bill_shows_its_entry_balanced(client: Window, node: OrgNode) -> None:
    bill = make.bill(node, 113)
    make.pay(node, bill.bill_id)
    text = page(client.get(reverse("billing-bill", args=[bill.bill_id])))
    assert bill.number in text
    assert "Balanced" in text
    assert text.count("113.00") >= 6
    assert "2221.01" in text


def test_a_neighbours_bill_is_not_found(client: Window) -> None:
    foreign = make.bill(org_make.operator())
    answer = client.get(reverse("billing-bill", args=[foreign.bill_id]))
    assert answer.status_code == 404


def test_a_bill_as_pdf(client: Window, node: OrgNode) -> None:
    bill = make.bill(node, lines=[make.line(113), make.line("0.01", product_code="SERVICE_PARTS")])
    answer = client.get(reverse("billing-bill-pdf", args=[bill.bill_id]))
    assert answer.status_code == 200
    assert answer.content.startswith(b"%PDF-")
    again = client.get(reverse("billing-bill-pdf", args=[bill.bill_id]))
    assert again.content == answer.content


@pytest.mark.parametrize(
    "name", ["billing-board", "billing-receivables", "billing-payments", "billing-runs"]
)
def test_every_page_opens_empty_and_filled(client: Window, node: OrgNode, name: str) -> None:
    page(client.get(reverse(name)))
    now = timezone.now()
    bill = make.bill(node, 226, due_on=local_day(now) - timedelta(days=5), at=now)
    payment = make.payment(node, bill.bill_id, at=now)
    with pytest.raises(services.ForgedCallback):
        make.notice(payment, sign=False)
    make.deposit(node)
    text = page(client.get(reverse(name)))
    assert "226.00" in text or name == "billing-runs"


def test_the_board_counts_revenue_cash_and_collection(node: OrgNode) -> None:
    paid, _open = make.bill(node, 113), make.bill(node, 226)
    make.pay(node, paid.bill_id)
    deposit = make.deposit(node, 6400)
    make.pay(node, deposit.bill_id)
    total = queries.finance_board(month=make.DAY, today=make.DAY, actor=make.clerk(node)).total
    assert (total.service, total.revenue) == (Decimal(300), Decimal(300))
    assert total.received == 6513
    assert (total.due, total.collected) == (Decimal(339), Decimal(113))
    assert (total.receivable, total.deposits) == (Decimal(226), Decimal(6400))


def test_the_ages_sum_to_the_ledger(node: OrgNode) -> None:
    for days in (0, 1, 30, 31, 60, 61, 90, 91, 180, 181):
        make.bill(node, 100 + days, due_on=make.DAY - timedelta(days=days))
    (row,) = queries.receivables_by_age(today=make.DAY, actor=make.clerk(node))
    assert (row.not_due, row.to_30, row.to_60) == (Decimal(100), Decimal(231), Decimal(291))
    assert (row.to_90, row.to_180, row.over_180) == (Decimal(351), Decimal(471), Decimal(281))
    board = queries.finance_board(month=make.DAY, today=make.DAY, actor=make.clerk(node))
    assert row.total == board.total.receivable


def test_the_statement_closes_on_the_ledgers_balance(client: Window, node: OrgNode) -> None:
    customer = uuid7()
    first = make.bill(node, 300, customer_id=customer)
    make.bill(node, 113, customer_id=customer)
    services.record_payment(
        bill_ids=[first.bill_id], amount=Decimal(500), actor=make.clerk(node), at=make.NOON
    )
    made = queries.statement(customer_id=customer, month=make.DAY, actor=make.clerk(node))
    assert (made.opening, made.billed, made.settled) == (Decimal(0), Decimal(413), Decimal(500))
    assert made.closing == -87
    url = reverse("billing-statement", args=[customer])
    assert "-" in page(client.get(url, {"month": "2027-06"}))


def test_runs_and_issues_from_the_page(client: Window, node: OrgNode) -> None:
    plan = make.plan(node, anchor_on=local_day(timezone.now()))
    assert client.post(reverse("billing-run")).status_code == 302
    assert client.post(reverse("billing-issue")).status_code == 302
    (bill,) = make.bills_of(plan)
    assert bill.state == "ISSUED"


def test_a_seller_cannot_run_bills(node: OrgNode) -> None:
    answer = window(node, "SALES").post(reverse("billing-run"))
    assert answer.status_code in (403, 404, 409)


def test_the_pay_page_takes_the_money(client: Window, node: OrgNode) -> None:
    bill = make.bill(node, 300)
    opened = client.post(reverse("billing-pay-link", args=[bill.bill_id]))
    assert opened.status_code == 302
    address = opened["Location"]
    stranger = window(node, "ENGINEER")
    stranger.cookies.clear()
    assert "300.00" in page(stranger.get(address))
    assert stranger.post(address).status_code == 302
    assert "Paid" in page(stranger.get(address)) or "已" in page(stranger.get(address))
    assert BillBalance.objects.get(bill_id=bill.bill_id).open_amount == 0
    assert stranger.post(address).status_code == 409


def test_a_transfer_seen_on_the_statement_is_recorded_once(client: Window, node: OrgNode) -> None:
    bill = make.bill(node, 300)
    url = reverse("billing-record", args=[bill.bill_id])
    form = client.get(url).context["form"]
    sent = {"_key": str(form.key), "amount": "300.00"}

    answers = [client.post(url, sent) for _press in range(2)]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert Payment.objects.get(channel="BANK", org=node).amount == Decimal("300.00")
    assert BillBalance.objects.get(bill_id=bill.bill_id).open_amount == 0
    assert "Record a payment" not in page(client.get(reverse("billing-bill", args=[bill.bill_id])))


@pytest.mark.parametrize("amount", ["0", "-1", "1.001", "viel", ""])
def test_no_payment_of_nothing_is_recorded(client: Window, node: OrgNode, amount: str) -> None:
    bill = make.bill(node, 300)
    answer = client.post(reverse("billing-record", args=[bill.bill_id]), {"amount": amount})
    assert answer.status_code == 422
    assert not Payment.objects.filter(org=node).exists()


def test_who_may_not_record_payments_is_not_offered_it(node: OrgNode) -> None:
    bill = make.bill(node, 300)
    seller = window(node, "SALES")
    assert "Record a payment" not in page(seller.get(reverse("billing-bill", args=[bill.bill_id])))
    url = reverse("billing-record", args=[bill.bill_id])
    assert seller.post(url, {"amount": "300"}).status_code == 409


def test_a_forged_pay_address_opens_nothing(client: Window) -> None:
    assert client.get(reverse("billing-pay", args=["forged"])).status_code == 409


def test_the_channel_posts_its_notice(client: Window, node: OrgNode) -> None:
    payment = make.payment(node, make.bill(node, 300).bill_id)
    notice = simulator.paid(
        merchant_no=payment.merchant_no, amount=payment.amount, at=timezone.now()
    )
    url = reverse("billing-callback", args=["SIM"])

    def post(body: bytes) -> int:
        status: int = client.post(
            url, body, content_type="application/json", headers=dict(notice.headers)
        ).status_code
        return status

    told = json.loads(notice.body)
    nonsense = [
        b"{",
        b"{}",
        b"",
        b"[1]",
        b"\xff\x00",
        json.dumps({**told, "amount": "NaN"}).encode(),
    ]
    assert {post(body) for body in nonsense} == {400}
    assert post(b" " * (64 * 1024 + 1)) == 413
    assert client.post(reverse("billing-callback", args=["WECHAT"]), b"{}",
                       content_type="application/json").status_code == 404  # fmt: skip
    assert not Callback.objects.filter(payment=payment).exists()
    forged = simulator.altered(notice, amount="0.01")
    assert post(forged.body) == 409
    assert Callback.objects.filter(payment=payment, verdict="FORGED").count() == 1
    assert [post(notice.body), post(notice.body)] == [200, 200]
    assert Payment.objects.get(id=payment.id).state == "SUCCEEDED"
    assert Callback.objects.get(payment=payment, verdict="ACCEPTED").times == 2


def test_a_customer_reads_their_own_bills_only(node: OrgNode) -> None:
    mine, other = make.bill(node, 300), make.bill(node, 113)
    customer = Actor(
        id=uuid7(),
        org_id=node.id,
        org_ids=(node.id,),
        db_role=PORTAL,
        customer_id=mine.customer_id,
    )
    rows = queries.customer_bills(customer_id=mine.customer_id, today=make.DAY, actor=customer)
    assert [row.id for row in rows] == [mine.bill_id]
    card = queries.bill_card(bill_id=mine.bill_id, today=make.DAY, actor=customer)
    assert (len(card.lines), card.entries) == (1, ())
    with pytest.raises(Exception, match="does not exist"):
        queries.bill_card(bill_id=other.bill_id, today=make.DAY, actor=customer)
    with acting(hq_actor()):
        assert BillBalance.objects.filter(org=node).count() == 2
