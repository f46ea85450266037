"""Query payment … believes the channel alone: after closing, after lies, after lost answers."""

from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest
from django.db import connection

from panshi.billing import channels, queries, services, simulator
from panshi.billing.channels.simulated import Simulated
from panshi.billing.models import Allocation, BillBalance, Payment
from panshi.billing.tests import make
from panshi.kit.ids import uuid7
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import hq_actor
from panshi.ledger import queries as ledger
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make

D = Decimal


def money(org: OrgNode) -> dict[str, Decimal]:
    rows = ledger.trial_balance(month=make.DAY, actor=make.clerk(org))
    return {row.account: row.closing for row in rows if row.closing}


def opened(org: OrgNode, amount: int = 300) -> Payment:
    payment = make.payment(org, make.bill(org, amount).bill_id)
    services.open_payment(payment_id=payment.id, channel="SIM", actor=make.clerk(org), at=make.NOON)
    payment.refresh_from_db()
    return payment


def ask(org: OrgNode, payment: Payment) -> Payment:
    services.query_payment(payment_id=payment.id, actor=make.clerk(org), at=make.NOON)
    return Payment.objects.get(id=payment.id)


def test_books_what_the_channel_received() -> None:
    org = org_make.operator()
    payment = opened(org)
    assert payment.state == "PENDING"
    assert ask(org, payment).state == "PENDING"

    simulator.paid(merchant_no=payment.merchant_no, amount=payment.amount, at=make.NOON)

    assert ask(org, payment).state == "SUCCEEDED"
    assert money(org)["1012.sim"] == 300
    assert ask(org, payment).allocated == 300  # Asked again, nothing moves twice.
    assert money(org)["1012.sim"] == 300


def test_a_payment_made_after_closing_is_taken_on_the_channels_word_alone() -> None:
    org = org_make.operator()
    payment = opened(org)
    services.close_payment(payment_id=payment.id, actor=make.clerk(org), at=make.NOON)
    told = simulator.paid(merchant_no=payment.merchant_no, amount=payment.amount, at=make.NOON)
    with pytest.raises(services.PaymentNotOpen):
        services.record_callback(
            channel="SIM", headers=told.headers, body=told.body, actor=hq_actor(), at=make.NOON
        )
    assert "1012.sim" not in money(org)

    assert ask(org, payment).state == "SUCCEEDED"
    assert money(org)["1012.sim"] == 300


def test_a_lie_about_the_amount_is_settled_by_asking() -> None:
    org = org_make.operator()
    payment = opened(org)
    true = simulator.paid(merchant_no=payment.merchant_no, amount=Decimal(250), at=make.NOON)
    wrong = simulator.altered(true, sign=True, amount="251.00")
    with pytest.raises(services.AmountMismatch):
        services.record_callback(
            channel="SIM", headers=wrong.headers, body=wrong.body, actor=hq_actor(), at=make.NOON
        )
    assert payment.id in queries.doubtful_payments(
        since=make.NOON - timedelta(days=1), before=make.NOON + timedelta(1), actor=hq_actor()
    )

    after = ask(org, payment)

    assert (after.amount, after.asked_amount, after.allocated) == (D(250), D(300), D(250))
    assert money(org)["1012.sim"] == 250


def test_a_closed_order_closes_the_payment() -> None:
    org = org_make.operator()
    payment = opened(org)
    Simulated().close(merchant_no=payment.merchant_no, at=make.NOON)
    assert ask(org, payment).state == "CLOSED"


def test_a_lost_answer_is_asked_for_again() -> None:
    org = org_make.operator()
    payment = make.payment(org, make.bill(org, 300).bill_id)
    with channels.standing_in(Simulated(drops=True)), pytest.raises(channels.ChannelSilent):
        services.open_payment(
            payment_id=payment.id, channel="SIM", actor=make.clerk(org), at=make.NOON
        )
    assert Payment.objects.get(id=payment.id).state == "CREATED"

    fact = services.open_payment(
        payment_id=payment.id, channel="SIM", actor=make.clerk(org), at=make.NOON
    )

    assert fact.kind == "PAGE"
    assert Payment.objects.get(id=payment.id).state == "PENDING"


def test_a_channel_that_is_not_configured_is_not_offered() -> None:
    org = org_make.operator()
    bill = make.bill(org, 300)
    assert queries.pay_channels() == ("SIM",)
    with pytest.raises(channels.ChannelNotOffered):
        services.start_payment(
            bill_ids=[bill.bill_id], channel="WECHAT", actor=make.clerk(org), at=make.NOON
        )


def test_a_storm_of_notices_and_questions_leaves_what_the_clean_order_leaves() -> None:
    clean, stormy = org_make.operator(), org_make.operator()
    for org in (clean, stormy):
        random = Random(11)
        customers = [uuid7() for _ in range(3)]
        payments = []
        for n in range(30):
            bill = make.bill(org, 100 + n % 7, customer_id=customers[n % 3])
            payments.append(make.payment(org, bill.bill_id))
        told = [
            simulator.paid(merchant_no=p.merchant_no, amount=p.amount, at=make.NOON)
            for p in payments
        ]
        sent = told if org is clean else simulator.storm(told, random)
        for place, notice in enumerate(sent):
            with suppress(Refusal):
                services.record_callback(
                    channel="SIM",
                    headers=notice.headers,
                    body=notice.body,
                    actor=hq_actor(),
                    at=make.NOON,
                )
            if org is stormy and place % 5 == 0:
                ask(org, random.choice(payments))
    assert money(clean) == money(stormy)
    assert Allocation.objects.filter(org=stormy).count() == 30
    assert not BillBalance.objects.filter(org=stormy, open_amount__gt=0).exists()
    connection.check_constraints()
