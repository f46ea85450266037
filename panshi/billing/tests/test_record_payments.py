"""Record payments … books a bank statement at once, or nothing of it."""

from datetime import timedelta
from decimal import Decimal

import pytest

from panshi.billing import services
from panshi.billing.models import BillBalance, Payment
from panshi.billing.services import NewPayment
from panshi.billing.tests import make
from panshi.kit.clock import local_day
from panshi.kit.ids import uuid7
from panshi.kit.models import Outbox
from panshi.ledger import queries as ledger
from panshi.org.tests import make as org_make

WEEK = timedelta(days=7)


def test_each_line_pays_its_bills_on_its_own_day() -> None:
    org, first, second = org_make.operator(), uuid7(), uuid7()
    mine = [make.bill(org, 300, customer_id=first), make.bill(org, 113, customer_id=first)]
    other = make.bill(org, 90, customer_id=second)
    fact = services.record_payments(
        payments=[
            NewPayment(
                bill_ids=[b.bill_id for b in mine], amount=Decimal(400), received_at=make.NOON
            ),
            NewPayment(bill_ids=[other.bill_id], amount=Decimal(100), received_at=make.NOON + WEEK),
        ],
        actor=make.clerk(org),
        at=make.NOON + WEEK,
    )

    assert (fact.payments, fact.amount, fact.allocated) == (2, Decimal(500), Decimal(490))
    rows = {row.bill_id: row for row in BillBalance.objects.filter(org=org)}
    open_amounts = [rows[b.bill_id].open_amount for b in (*mine, other)]
    assert open_amounts == [Decimal(0), Decimal(13), Decimal(0)]
    assert rows[mine[0].bill_id].settled_on == make.DAY
    assert rows[other.bill_id].settled_on == local_day(make.NOON + WEEK)
    told = Outbox.objects.filter(org_id=org.id, name="billing.PaymentReceived").order_by("id")
    assert [Decimal(row.payload["allocated"]) for row in told] == [Decimal(400), Decimal(90)]
    closing = {
        row.account: row.closing
        for row in ledger.trial_balance(month=make.DAY, actor=make.clerk(org))
    }
    assert closing["2203"] == -10
    assert closing["1122"] == 13


def test_one_bad_line_books_nothing() -> None:
    org = org_make.operator()
    good, paid = make.bill(org, 300), make.bill(org, 90)
    make.pay(org, paid.bill_id)
    before = Payment.objects.filter(org=org).count()
    with pytest.raises(services.NothingToPay):
        services.record_payments(
            payments=[
                NewPayment(bill_ids=[b.bill_id], amount=b.total, received_at=make.NOON)
                for b in (good, paid)
            ],
            actor=make.clerk(org),
            at=make.NOON,
        )
    assert Payment.objects.filter(org=org).count() == before
    assert BillBalance.objects.get(bill_id=good.bill_id).open_amount == 300


@pytest.mark.parametrize("amount", ["0", "-5", "0.004"])
def test_no_money_is_no_payment(amount: str) -> None:
    org = org_make.operator()
    bill = make.bill(org, 300)
    with pytest.raises(services.NothingToPay):
        services.record_payment(
            bill_ids=[bill.bill_id], amount=Decimal(amount), actor=make.clerk(org), at=make.NOON
        )
