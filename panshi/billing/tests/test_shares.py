"""Accrue shares … of what was collected, once, both ways to the fen."""

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from panshi.billing import queries, services
from panshi.billing.models import Bill, Payment, ShareAccrual, SharePosting
from panshi.billing.rules.shares import (
    CHANNEL,
    OF_GROSS,
    OF_NET,
    OWNER,
    PARTNER,
    PLATFORM,
    REGION,
    Step,
)
from panshi.billing.tests import make
from panshi.kit.tenancy import hq_actor
from panshi.ledger import queries as ledger
from panshi.ledger import services as books
from panshi.org.models import OrgNode
from panshi.org.services import move_node
from panshi.org.tests import make as org_make
from tools.check_books import check_shares

D = Decimal
RENT = (
    Step(party=CHANNEL, base=OF_GROSS, percent=D("0.006")),
    Step(party=OWNER, base=OF_NET, amount=D(1500)),
    Step(party=PLATFORM, percent=D("0.20")),
    Step(party=REGION, percent=D("0.15")),
)
JULY = datetime(2027, 7, 3, 4, tzinfo=UTC)


def publish(steps: tuple[Step, ...] = RENT, *, org: OrgNode | None = None) -> None:
    node = org or org_make.platform()
    services.publish_share_scheme(
        org_id=node.id,
        name="标准分成",
        starts_on=date(2027, 1, 1),
        steps=steps,
        actor=hq_actor(node.id),
        at=make.NOON,
    )


def rent(org: OrgNode) -> Bill:
    """One period of 3,000.00, billed."""
    plan = make.plan(org, anchor_on=date(2027, 5, 31), ends_on=date(2027, 6, 30))
    make.run(org, date(2027, 5, 31))
    return make.bills_of(plan)[0]


def pay(org: OrgNode, bill: Bill, amount: str) -> None:
    services.record_payment(
        bill_ids=[bill.id], channel="BANK", amount=D(amount), actor=make.clerk(org), at=make.NOON
    )


def accrue(at: datetime = make.NOON) -> int:
    hq = hq_actor(org_make.platform().id)
    return services.accrue_shares(actor=hq, at=at).accruals


def shared(org: OrgNode) -> dict[str, Decimal]:
    """What each party has by now of this book."""
    sums: dict[str, Decimal] = {}
    for party, amount in SharePosting.objects.filter(org=org).values_list("party", "amount"):
        sums[party] = sums.get(party, D(0)) + amount
    return sums


WHOLE = {
    "CHANNEL": D("18.00"), "OWNER": D("1500.00"), "PLATFORM": D("227.37"), "REGION": D("170.53"),
    "OPERATOR": D("738.97"),
}  # fmt: skip


def test_the_example_at_once_and_again() -> None:
    publish()
    org = org_make.operator()
    pay(org, rent(org), "3000.00")
    assert accrue() == 1
    assert shared(org) == WHOLE
    assert accrue() == 0


def test_the_example_in_two_payments() -> None:
    publish()
    org = org_make.operator()
    bill = rent(org)
    pay(org, bill, "1000.00")
    accrue()
    assert shared(org) == {
        "CHANNEL": D("6.00"), "OWNER": D("878.96"), "PLATFORM": D(0), "REGION": D(0),
        "OPERATOR": D(0),
    }  # fmt: skip
    pay(org, bill, "2000.00")
    accrue()
    assert shared(org) == WHOLE


def test_a_credit_after_payment_takes_the_exact_fen_back() -> None:
    publish()
    org = org_make.operator()
    bill = rent(org)
    pay(org, bill, "3000.00")
    accrue()
    line = bill.lines.get()
    services.credit_bill(
        bill_id=bill.id,
        lines=[services.CreditLine(line_id=line.id, gross=line.gross)],
        reason="退款",
        actor=make.clerk(org),
        at=make.NOON,
    )
    assert accrue() == 1
    assert set(shared(org).values()) == {D(0)}
    owed = ledger.balances(
        accounts=("1221.90", "2241.90", "6401.share", "6001.share"),
        until=date(2028, 1, 1),
        actor=hq_actor(),
    )
    assert owed == []


def test_what_is_shared_is_owed_between_the_books() -> None:
    publish()
    org = org_make.operator()
    pay(org, rent(org), "3000.00")
    accrue()
    platform = org_make.platform()
    rows = ledger.balances(
        accounts=("1221.90", "2241.90"), until=date(2028, 1, 1), actor=hq_actor()
    )
    owed = {(row.org_id, row.account): row.amount for row in rows}
    assert owed[org.id, "2241.90"] == -(WHOLE["OWNER"] + WHOLE["PLATFORM"] + WHOLE["REGION"])
    assert owed[platform.id, "1221.90"] == WHOLE["OWNER"] + WHOLE["PLATFORM"]
    hq = hq_actor(platform.id)
    books.check_invariants(actor=hq, at=make.NOON)
    assert [one.code for one in ledger.promises(actor=hq) if not one.holds] == []


def test_after_a_move_a_period_before_it_is_shared_as_it_was() -> None:
    publish()
    org, elsewhere = org_make.operator(), org_make.region(city="成都")
    assert org.parent is not None
    bill = rent(org)
    pay(org, bill, "1000.00")
    accrue()
    june = make.NOON.date()
    before = queries.share_statement(org_id=org.parent.id, month=june, actor=hq_actor())
    moved = datetime(2027, 6, 30, 4, tzinfo=UTC)
    move_node(node_id=org.id, parent_id=elsewhere.id, actor=hq_actor(), at=moved)

    assert accrue() == 0
    after = queries.share_statement(org_id=org.parent.id, month=june, actor=hq_actor())
    assert (after, bool(after.lines)) == (before, True)
    pay(org, bill, "2000.00")
    assert accrue() == 1
    payees = SharePosting.objects.filter(party=REGION).values_list("payee_id", flat=True)
    assert set(payees) == {org.parent.id}


def test_a_partner_is_owed_by_the_book_itself() -> None:
    publish((Step(party=PARTNER, base=OF_NET, percent=D("0.10")),))
    org = org_make.operator()
    bill = make.bill(org, 113)
    make.pay(org, bill.bill_id)
    accrue()
    rows = ledger.balances(accounts=("2241.91",), until=date(2028, 1, 1), actor=hq_actor())
    assert [row.amount for row in rows] == [D("-10.00")]


def test_the_nearest_scheme_wins_and_without_one_nothing_is_shared() -> None:
    org, other = org_make.operator(), org_make.operator()
    publish((Step(party=PLATFORM, percent=D("0.5")),), org=org)
    for node in (org, other):
        make.pay(node, make.bill(node, 113).bill_id)
    assert accrue() == 1
    assert shared(org) == {"PLATFORM": D("50.00"), "OPERATOR": D("50.00")}
    assert shared(other) == {}


def test_percentages_above_all_are_refused() -> None:
    steps = (Step(party=PLATFORM, percent=D("0.6")), Step(party=REGION, percent=D("0.5")))
    with pytest.raises(services.SharesExceedAll):
        publish(steps)
    publish()
    with pytest.raises(services.SharesOverlap):
        publish()


def test_an_operator_does_not_say_how_its_money_is_shared() -> None:
    org = org_make.operator()
    with pytest.raises(services.SharesFromAbove):
        services.publish_share_scheme(
            org_id=org.id,
            name="自留",
            starts_on=date(2027, 1, 1),
            steps=(),
            actor=make.clerk(org),
            at=make.NOON,
        )


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.integers(1, 200_000), min_size=1, max_size=5), st.booleans())
def test_any_order_of_payments_gives_the_same_shares(fen: list[int], often: bool) -> None:
    with transaction.atomic():
        publish()
        org, at_once = org_make.operator(), org_make.operator()
        bill, other = rent(org), rent(at_once)
        for part in fen:
            if part <= bill.balance.open_amount * 100:
                pay(org, bill, str(D(part) / 100))
                bill.balance.refresh_from_db()
                if often:
                    accrue()
        if paid := bill.total - bill.balance.open_amount:
            pay(at_once, other, str(paid))
        accrue()
        assert shared(org) == shared(at_once)
        assert accrue() == 0
        for accrual in ShareAccrual.objects.all():
            assert sum(part.amount for part in accrual.parts.all()) == accrual.added
        transaction.set_rollback(True)


def test_the_database_refuses_parts_that_are_not_the_whole() -> None:
    publish()
    org = org_make.operator()
    pay(org, rent(org), "3000.00")
    accrue()
    accrual = ShareAccrual.objects.get(org=org)
    with pytest.raises(IntegrityError), transaction.atomic():
        SharePosting.objects.create(
            org=org, accrual=accrual, party="PARTNER", on=make.DAY, amount=D(1)
        )
    with (
        pytest.raises(DatabaseError),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE billing_shareposting SET amount = amount + 1")


def test_a_month_is_settled_disputed_and_settled_again() -> None:
    publish()
    org = org_make.operator()
    pay(org, rent(org), "3000.00")
    accrue()
    by = make.clerk(org)
    with pytest.raises(services.SettlementNotOver):
        services.close_settlement(org_id=org.id, month=make.DAY, actor=by, at=make.NOON)
    fact = services.close_settlement(org_id=org.id, month=make.DAY, actor=by, at=JULY)
    assert fact.passed_on == D("2654.87") - WHOLE["OPERATOR"]
    with pytest.raises(services.NoDispute):
        services.dispute_settlement(statement_id=fact.statement_id, reason=" ", actor=by, at=JULY)
    services.dispute_settlement(
        statement_id=fact.statement_id, reason="资产回收有误", actor=by, at=JULY
    )
    services.close_settlement(org_id=org.id, month=make.DAY, actor=by, at=JULY)
    kept = queries.settlement_of(org_id=org.id, month=make.DAY, actor=by)
    assert kept is not None
    statement = queries.share_statement(org_id=org.id, month=make.DAY, actor=by)
    assert (kept.state, kept.sha256) == ("CLOSED", statement.sha256)
    rows = list(csv.DictReader(io.StringIO(statement.text)))
    assert sum(D(row["amount"]) for row in rows) == statement.collected == D("2654.87")
    assert check_shares(statement.text, D("2654.87")) == []
    assert len(check_shares(statement.text.replace("227.37", "227.38"), D("2654.87"))) == 2


def refund(org: OrgNode, payment: Payment) -> None:
    """All of a payment leaves its bill and goes back to the payer, by two people and the bank."""
    by, at = make.clerk(org), make.NOON
    for allocation in payment.allocations.all():
        services.unallocate(allocation_id=allocation.id, actor=by, at=at)
    asked = services.refund_payment(
        payment_id=payment.id, amount=payment.amount, reason="退款", payee="李一",
        account="622202", actor=by, at=at,
    )  # fmt: skip
    services.approve_refund(refund_id=asked.refund_id, actor=make.clerk(org), at=at)
    services.send_refund(refund_id=asked.refund_id, actor=by, at=at)
    services.conclude_refund(refund_id=asked.refund_id, paid=True, actor=by, at=at)


def test_a_refund_takes_its_shares_back_to_the_fen_and_the_lines_still_add_up() -> None:
    publish()
    org = org_make.operator()
    bill = rent(org)
    pay(org, bill, "1000.00")
    accrue()
    first = shared(org)
    pay(org, bill, "2000.00")
    accrue()
    assert shared(org) == WHOLE
    one, two = Payment.objects.filter(org=org).order_by("amount")

    refund(org, two)
    assert accrue() == 1
    assert shared(org) == first, "what the second payment had added, and not a fen more"
    refund(org, one)
    accrue()
    assert set(shared(org).values()) == {D(0)}
    pay(org, bill, "3000.00")
    accrue()
    assert shared(org) == WHOLE
    make.books_agree(org)
    statement = queries.share_statement(org_id=org.id, month=make.DAY, actor=make.clerk(org))
    assert statement.collected == D("2654.87")
    assert check_shares(statement.text, statement.collected) == []
    assert check_shares(statement.text.replace("227.37", "227.38"), D("2654.87")) != []
    hq = hq_actor(org_make.platform().id)
    books.check_invariants(actor=hq, at=make.NOON)
    assert [promise.code for promise in ledger.promises(actor=hq) if not promise.holds] == []
