"""Refund payment … gives back what is on account, once, by two people, to who paid."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from panshi.billing import channels, queries, services, simulator
from panshi.billing.channels import simulated
from panshi.billing.channels.simulated import Simulated
from panshi.billing.models import BillLine, Payment, Refund
from panshi.billing.tests import make
from panshi.billing.tests.test_query_payment import money
from panshi.kit.models import Outbox
from panshi.kit.refusals import IllegalMove
from panshi.kit.tenancy import hq_actor
from panshi.ledger import queries as ledger
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make

D = Decimal


def overpaid(org: OrgNode, *, on_account: int = 50) -> Payment:
    """A simulated payment of a bill of 300.00 and something besides."""
    bill = make.bill(org, 300)
    payment = make.payment(org, bill.bill_id)
    amount = Decimal(300 + on_account)
    simulator.paid(merchant_no=payment.merchant_no, amount=amount, at=make.NOON)
    services.query_payment(payment_id=payment.id, actor=make.clerk(org), at=make.NOON)
    return Payment.objects.get(id=payment.id)


def ask(org: OrgNode, payment: Payment, amount: Decimal | int = 50, **more: Any) -> UUID:
    return services.refund_payment(
        payment_id=payment.id,
        amount=Decimal(amount),
        reason="多付",
        actor=make.clerk(org),
        at=make.NOON,
        **more,
    ).refund_id


def sent(org: OrgNode, payment: Payment, amount: Decimal | int = 50, **more: Any) -> UUID:
    refund_id = ask(org, payment, amount, **more)
    services.approve_refund(refund_id=refund_id, actor=make.clerk(org), at=make.NOON)
    services.send_refund(refund_id=refund_id, actor=make.clerk(org), at=make.NOON)
    return refund_id


def test_goes_back_to_the_channel_that_paid() -> None:
    org = org_make.operator()
    payment = overpaid(org)
    refund_id = ask(org, payment)
    assert (money(org)["2241.08"], "2203" in money(org)) == (D(-50), False)

    services.approve_refund(refund_id=refund_id, actor=make.clerk(org), at=make.NOON)
    services.send_refund(refund_id=refund_id, actor=make.clerk(org), at=make.NOON)
    services.query_refund(refund_id=refund_id, actor=make.clerk(org), at=make.NOON)

    payment.refresh_from_db()
    assert (payment.state, payment.refunded, payment.refunding) == ("PART_REFUNDED", D(50), D(0))
    assert (money(org)["1012.sim"], "2241.08" in money(org)) == (D(300), False)
    assert Refund.objects.get(id=refund_id).state == "PAID"
    told = Outbox.objects.filter(org_id=org.id, name__startswith="billing.Refund")
    assert [row.name for row in told.order_by("id")] == [
        "billing.RefundRequested", "billing.RefundApproved", "billing.RefundSent",
        "billing.RefundPaid", "billing.RefundSent",
    ]  # fmt: skip


def test_all_of_a_payment_goes_back_once_its_bill_is_open_again() -> None:
    org = org_make.operator()
    payment = overpaid(org, on_account=0)
    with pytest.raises(services.RefundExceedsPayment):
        ask(org, payment, 300)
    allocation = payment.allocations.get()
    services.unallocate(allocation_id=allocation.id, actor=make.clerk(org), at=make.NOON)

    refund_id = sent(org, payment, 300)
    services.query_refund(refund_id=refund_id, actor=make.clerk(org), at=make.NOON)

    payment.refresh_from_db()
    assert (payment.state, payment.refunded) == ("REFUNDED", D(300))
    assert (money(org)["1122"], "1012.sim" in money(org)) == (D(300), False)


def test_what_a_credit_note_left_goes_back() -> None:
    org = org_make.operator()
    bill = make.bill(org, 300)
    make.pay(org, bill.bill_id)
    line = BillLine.objects.get(bill_id=bill.bill_id)
    services.credit_bill(
        bill_id=bill.bill_id,
        lines=[services.CreditLine(line_id=line.id, gross=Decimal(100))],
        reason="差错",
        actor=make.clerk(org),
        at=make.NOON,
    )
    payment = Payment.objects.get(org=org)
    assert queries.on_account(
        org_id=org.id, customer_id=bill.customer_id, actor=make.clerk(org)
    ) == Decimal(100)
    ask(org, payment, 100)
    with pytest.raises(services.RefundExceedsPayment):
        ask(org, payment, Decimal("0.01"))


def test_takes_two_people() -> None:
    org = org_make.operator()
    clerk = make.clerk(org)
    refund_id = services.refund_payment(
        payment_id=overpaid(org).id, amount=Decimal(50), reason="多付", actor=clerk, at=make.NOON
    ).refund_id
    for decide in (
        lambda: services.approve_refund(refund_id=refund_id, actor=clerk, at=make.NOON),
        lambda: services.decline_refund(refund_id=refund_id, reason="", actor=clerk, at=make.NOON),
    ):
        with pytest.raises(services.SamePerson):
            decide()
    with pytest.raises(IllegalMove):
        services.send_refund(refund_id=refund_id, actor=make.clerk(org), at=make.NOON)
    with pytest.raises(IntegrityError), transaction.atomic():
        Refund.objects.filter(id=refund_id).update(state="APPROVED", decided_by_id=clerk.id)


def test_declined_money_stays_on_account() -> None:
    org = org_make.operator()
    payment = overpaid(org)
    refund_id = ask(org, payment)
    services.decline_refund(
        refund_id=refund_id, reason="已用于账单", actor=make.clerk(org), at=make.NOON
    )
    assert (money(org)["2203"], "2241.08" in money(org)) == (D(-50), False)
    assert ask(org, payment)


def test_a_failed_refund_is_sent_again_under_another_number() -> None:
    org = org_make.operator()
    payment = overpaid(org)
    refund_id = sent(org, payment)
    first = Refund.objects.get(id=refund_id).number
    assert first == f"R{make.NOON.year}-000001-{refund_id.hex[-6:].upper()}"
    with channels.standing_in(Simulated(refuses=True)):
        services.query_refund(refund_id=refund_id, actor=make.clerk(org), at=make.NOON)
    refund = Refund.objects.get(id=refund_id)
    assert (refund.state, refund.words, money(org)["2203"]) == ("FAILED", "ACCOUNT_CLOSED", D(-50))

    services.send_refund(refund_id=refund_id, actor=make.clerk(org), at=make.NOON)
    services.query_refund(refund_id=refund_id, actor=make.clerk(org), at=make.NOON)

    refund.refresh_from_db()
    assert (refund.state, refund.attempts, refund.number) == ("PAID", 2, f"{first}-2")
    assert (money(org)["1012.sim"], "2203" in money(org)) == (D(300), False)


def test_the_statement_follows_the_money_there_and_back() -> None:
    org = org_make.operator()
    payment, by = overpaid(org), make.clerk(org)

    def closing() -> Decimal:
        made = queries.statement(customer_id=payment.customer_id, month=make.DAY, actor=by)
        assert made.opening + made.billed - made.settled == made.closing
        assert made.billed == D(300)
        assert made.closing == ledger.customer_balance(
            customer_id=payment.customer_id,
            accounts=("1122", "2203"),
            until=date(2027, 7, 1),
            actor=by,
        )
        return made.closing

    declined = ask(org, payment, 10)
    assert closing() == D(-40)
    services.decline_refund(refund_id=declined, reason="", actor=make.clerk(org), at=make.NOON)
    assert closing() == D(-50)
    refund_id = sent(org, payment, 20)
    with channels.standing_in(Simulated(refuses=True)):
        services.query_refund(refund_id=refund_id, actor=by, at=make.NOON)
    assert closing() == D(-50)
    services.send_refund(refund_id=refund_id, actor=by, at=make.NOON)
    assert closing() == D(-30)
    services.query_refund(refund_id=refund_id, actor=by, at=make.NOON)
    assert (Payment.objects.get(id=payment.id).state, closing()) == ("PART_REFUNDED", D(-30))


def test_a_lost_answer_pays_once() -> None:
    org = org_make.operator()
    refund_id = sent(org, overpaid(org))
    with channels.standing_in(Simulated(drops=True)), pytest.raises(channels.ChannelSilent):
        services.query_refund(refund_id=refund_id, actor=make.clerk(org), at=make.NOON)
    assert refund_id in queries.refunds_under_way(actor=hq_actor())
    services.query_refund(refund_id=refund_id, actor=make.clerk(org), at=make.NOON)
    number = Refund.objects.get(id=refund_id).number
    with simulated.books() as kept:
        rows = kept.execute("SELECT count(*) FROM refunds WHERE number = ?", [number])
        assert rows.fetchone() == (1,)
    assert money(org)["1012.sim"] == 300


def test_the_channels_notice_ends_it_and_a_second_moves_nothing() -> None:
    org = org_make.operator()
    payment = overpaid(org)
    refund = Refund.objects.get(id=sent(org, payment))

    def tell() -> None:
        told = simulator.refunded(
            number=refund.number,
            merchant_no=payment.merchant_no,
            amount=refund.amount,
            at=make.NOON,
        )
        services.record_callback(
            channel="SIM", headers=told.headers, body=told.body, actor=hq_actor(), at=make.NOON
        )

    tell()
    assert Refund.objects.get(id=refund.id).state == "PAID"
    with pytest.raises(services.PaymentNotOpen):
        tell()
    assert money(org)["1012.sim"] == 300


def test_a_notice_of_a_refund_before_the_payments_moves_nothing() -> None:
    org = org_make.operator()
    payment = make.payment(org, make.bill(org, 300).bill_id)
    told = simulator.refunded(
        number="R0", merchant_no=payment.merchant_no, amount=Decimal(300), at=make.NOON
    )
    before = money(org)
    with pytest.raises(services.UnknownPayment):
        services.record_callback(
            channel="SIM", headers=told.headers, body=told.body, actor=hq_actor(), at=make.NOON
        )
    assert money(org) == before
    make.notice(payment)
    assert money(org)["1012.sim"] == 300


def test_goes_by_no_other_channel_but_the_bank() -> None:
    org = org_make.operator()
    payment = overpaid(org)
    with pytest.raises(services.WrongChannel):
        ask(org, payment, channel="WECHAT")
    with pytest.raises(services.PayeeMissing):
        ask(org, payment, channel="BANK")
    refund_id = sent(org, payment, channel="BANK", payee="李雷", account="6222020200112233445")
    with pytest.raises(services.NotByChannel):
        services.query_refund(refund_id=refund_id, actor=make.clerk(org), at=make.NOON)
    services.conclude_refund(refund_id=refund_id, paid=True, actor=make.clerk(org), at=make.NOON)
    assert (money(org)["1002"], money(org)["1012.sim"]) == (D(-50), D(350))
    card = queries.refund_card(refund_id=refund_id, actor=make.clerk(org))
    assert card.account_masked.startswith("6222*")
    assert len(card.entries) == 2


@pytest.mark.parametrize("amount", ["0", "-1", "50.01", "350"])
def test_no_more_than_is_on_account(amount: str) -> None:
    org = org_make.operator()
    with pytest.raises(services.RefundExceedsPayment):
        ask(org, overpaid(org), Decimal(amount))


def test_nothing_of_what_never_came() -> None:
    org = org_make.operator()
    payment = make.payment(org, make.bill(org, 300).bill_id)
    with pytest.raises(services.PaymentNotReceived):
        ask(org, payment, 1)
