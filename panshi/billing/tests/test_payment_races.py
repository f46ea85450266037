"""Two who use one payment at once … one gets the money; over connections that really commit."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from panshi.billing import queries, services, simulator
from panshi.billing.models import BillBalance, Payment
from panshi.billing.tests import make
from panshi.kit.ids import uuid7
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import acting, hq_actor
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from tests.committing import committing_database, race

NAME = "panshi_paying"
RIVALS = 6

pytestmark = [pytest.mark.plain, pytest.mark.needs_database]


@pytest.fixture
def committing(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with committing_database(NAME, threads=RIVALS, blocker=django_db_blocker):
        yield


def _at_once(act: Callable[[int], object], *refusals: type[Refusal]) -> list[str]:
    """What became of each rival, sorted; any of these refusals is one."""
    names = {refusal.__name__ for refusal in refusals}
    answers = race(act, *range(RIVALS))
    return sorted("refused" if answer in names else answer for answer in answers.elements())


def _overpaid(org: OrgNode) -> Payment:
    """One payment with 50.00 on account, whose customer owes 50.00 on another bill."""
    customer = uuid7()
    bill = make.bill(org, 300, customer_id=customer)
    payment = make.payment(org, bill.bill_id)
    simulator.paid(merchant_no=payment.merchant_no, amount=Decimal(350), at=make.NOON)
    services.query_payment(payment_id=payment.id, actor=make.clerk(org), at=make.NOON)
    make.bill(org, 50, customer_id=customer)
    return Payment.objects.get(id=payment.id)


def test_one_refund_and_one_use_of_the_same_money(committing: None) -> None:
    with acting(hq_actor()):
        orgs = [org_make.operator() for _ in range(2)]
        payments = [_overpaid(org) for org in orgs]
        clerks = [[make.clerk(org) for _ in range(RIVALS)] for org in orgs]

    def refund(number: int) -> None:
        services.refund_payment(
            payment_id=payments[0].id,
            amount=Decimal(50),
            reason="多付",
            actor=clerks[0][number],
            at=make.NOON,
        )

    def use(number: int) -> None:
        if number % 2:
            services.allocate(payment_id=payments[1].id, actor=clerks[1][number], at=make.NOON)
        else:
            services.refund_payment(
                payment_id=payments[1].id,
                amount=Decimal(50),
                reason="多付",
                actor=clerks[1][number],
                at=make.NOON,
            )

    no = (services.RefundExceedsPayment, services.AllocationExceeds, services.NothingToPay)
    assert _at_once(refund, *no) == ["done", *["refused"] * (RIVALS - 1)]
    assert _at_once(use, *no) == ["done", *["refused"] * (RIVALS - 1)]
    with acting(hq_actor()):
        for payment in payments:
            free = queries.on_account(
                org_id=payment.org_id, customer_id=payment.customer_id, actor=hq_actor()
            )
            assert free == 0


def test_a_notice_told_by_many_at_once_is_booked_once(committing: None) -> None:
    with acting(hq_actor()):
        org = org_make.operator()
        payment = make.payment(org, make.bill(org, 300).bill_id)
        told = simulator.paid(merchant_no=payment.merchant_no, amount=payment.amount, at=make.NOON)

    def tell(_number: int) -> None:
        services.record_callback(
            channel="SIM", headers=told.headers, body=told.body, actor=hq_actor(), at=make.NOON
        )

    answers = _at_once(tell, services.CallbackRepeated)
    assert answers == ["done", *["refused"] * (RIVALS - 1)]
    with acting(hq_actor()):
        assert Payment.objects.get(id=payment.id).allocated == 300
        assert BillBalance.objects.get(org=org).open_amount == 0
