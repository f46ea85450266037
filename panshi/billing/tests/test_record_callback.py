"""Record callback … books what is true and new, keeps and refuses all else."""

from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

import pytest

from panshi.billing import services
from panshi.billing.models import (
    Allocation,
    BillBalance,
    Callback,
    Payment,
    PaymentState,
    Verdict,
)
from panshi.billing.tests import make
from panshi.kit.ids import uuid7
from panshi.kit.models import Outbox
from panshi.kit.refusals import NotPermitted
from panshi.kit.tenancy import PORTAL, Actor
from panshi.ledger import queries as ledger
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make


def money(org: OrgNode) -> dict[str, Decimal]:
    rows = ledger.trial_balance(month=make.DAY, actor=make.clerk(org))
    return {row.account: row.closing for row in rows if row.closing}


def test_pays_the_bills_it_was_started_for() -> None:
    org, customer = org_make.operator(), uuid7()
    bills = [make.bill(org, 300, customer_id=customer), make.bill(org, 113, customer_id=customer)]
    fact = make.pay(org, *(bill.bill_id for bill in bills))
    assert (fact.amount, fact.allocated) == (Decimal(413), Decimal(413))
    assert not BillBalance.objects.filter(org=org, open_amount__gt=0).exists()
    assert money(org)["1012.sim"] == 413
    assert "1122" not in money(org)
    assert "2203" not in money(org)
    told = Outbox.objects.filter(org_id=org.id, name="billing.BillPaid")
    assert {row.payload["bill_id"] for row in told} == {str(b.bill_id) for b in bills}


@pytest.mark.parametrize(
    ("lie", "refusal", "verdict"),
    [
        ({"sign": False}, services.ForgedCallback, Verdict.FORGED),
        ({"merchant": "OTHER"}, services.ForgedCallback, Verdict.MERCHANT),
        ({"app": "OTHER"}, services.ForgedCallback, Verdict.APP),
        ({"currency": "USD"}, services.ForgedCallback, Verdict.CURRENCY),
        ({"amount": Decimal("300.01")}, services.AmountMismatch, Verdict.AMOUNT),
        ({"amount": Decimal("299.99")}, services.AmountMismatch, Verdict.AMOUNT),
    ],
)
def test_a_lie_is_kept_and_moves_nothing(
    lie: dict[str, Any], refusal: type[Exception], verdict: str
) -> None:
    org = org_make.operator()
    payment = make.payment(org, make.bill(org, 300).bill_id)
    before = money(org)
    with pytest.raises(refusal):
        make.notice(payment, **lie)
    assert Callback.objects.get(payment=payment).verdict == verdict
    assert money(org) == before
    assert make.notice(payment).amount == 300


def test_a_notice_of_an_unknown_payment_is_kept() -> None:
    org = org_make.operator()
    payment = make.payment(org, make.bill(org, 300).bill_id)
    payment.merchant_no = "P0"
    with pytest.raises(services.UnknownPayment):
        make.notice(payment)
    assert Callback.objects.get(merchant_no="P0").org_id is None


def test_a_repeated_notice_is_counted_and_moves_nothing() -> None:
    org = org_make.operator()
    payment = make.payment(org, make.bill(org, 300).bill_id)
    make.notice(payment, notification_id=f"N{org.id}")
    before = money(org)
    for _ in range(3):
        with pytest.raises(services.CallbackRepeated):
            make.notice(payment, notification_id=f"N{org.id}")
    assert Callback.objects.get(payment=payment).times == 4
    assert money(org) == before


def test_a_forgery_does_not_use_up_the_true_notices_number() -> None:
    org = org_make.operator()
    payment = make.payment(org, make.bill(org, 300).bill_id)
    with pytest.raises(services.ForgedCallback):
        make.notice(payment, notification_id="N-same", sign=False)
    assert make.notice(payment, notification_id="N-same").allocated == 300


def test_a_second_notice_of_a_received_payment_moves_nothing() -> None:
    org = org_make.operator()
    payment = make.payment(org, make.bill(org, 300).bill_id)
    make.notice(payment)
    with pytest.raises(services.PaymentNotOpen):
        make.notice(payment)


def test_a_notice_after_closing_moves_nothing() -> None:
    org = org_make.operator()
    payment = make.payment(org, make.bill(org, 300).bill_id)
    services.close_payment(payment_id=payment.id, actor=make.clerk(org), at=make.NOON)
    with pytest.raises(services.PaymentNotOpen):
        make.notice(payment)
    assert Payment.objects.get(id=payment.id).state == PaymentState.CLOSED


@pytest.mark.parametrize(
    ("payments_made", "times", "seed"),
    [(12, 3, 0), *(pytest.param(125, 9, n, marks=pytest.mark.deep) for n in range(1, 9))],
)
def test_a_storm_leaves_the_balances_of_the_clean_order(
    payments_made: int, times: int, seed: int
) -> None:
    """Each notice comes several times and once forged, all of them shuffled: 10,000 in eight."""
    clean, storm = org_make.operator(), org_make.operator()
    for org in (clean, storm):
        chance = Random(seed)
        payments = [
            make.payment(org, make.bill(org, 100 + n).bill_id) for n in range(payments_made)
        ]
        said = [(p, f"{org.id}-{n}", True) for n, p in enumerate(payments)]
        if org is storm:
            said = said * times + [(p, f"{org.id}-f{n}", False) for n, p in enumerate(payments)]
            chance.shuffle(said)
        for payment, number, sign in said:
            try:
                make.notice(payment, notification_id=number, sign=sign)
            except (services.CallbackRepeated, services.ForgedCallback):
                continue
    assert money(clean) == money(storm)
    assert Allocation.objects.filter(org=storm).count() == payments_made


def test_more_than_is_open_stays_with_the_customer() -> None:
    org = org_make.operator()
    bill = make.bill(org, 300)
    fact = services.record_payment(
        bill_ids=[bill.bill_id], amount=Decimal(350), actor=make.clerk(org), at=make.NOON
    )
    assert (fact.amount, fact.allocated) == (Decimal(350), Decimal(300))
    assert (money(org)["1002"], money(org)["2203"]) == (Decimal(350), Decimal(-50))


def test_bills_of_two_customers_are_not_paid_together() -> None:
    org = org_make.operator()
    with pytest.raises(services.NothingToPay):
        make.payment(org, make.bill(org).bill_id, make.bill(org).bill_id)


def test_a_paid_bill_is_not_paid_again() -> None:
    org = org_make.operator()
    bill = make.bill(org)
    make.pay(org, bill.bill_id)
    with pytest.raises(services.NothingToPay):
        make.payment(org, bill.bill_id)


def test_a_customer_starts_a_payment_of_their_own_bills_only() -> None:
    org = org_make.operator()
    bill = make.bill(org)

    def customer(customer_id: UUID) -> Actor:
        return Actor(
            id=uuid7(),
            org_id=org.id,
            org_ids=(org.id,),
            permissions=frozenset({"billing.start_payment"}),
            db_role=PORTAL,
            customer_id=customer_id,
        )

    with pytest.raises(NotPermitted):
        services.start_payment(
            bill_ids=[bill.bill_id], channel="SIM", actor=customer(uuid7()), at=make.NOON
        )
    fact = services.start_payment(
        bill_ids=[bill.bill_id], channel="SIM", actor=customer(bill.customer_id), at=make.NOON
    )
    assert fact.amount == 300
