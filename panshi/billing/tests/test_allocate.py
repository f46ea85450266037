"""Allocate and unallocate … move money between bills and account, and back to the fen."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from panshi.billing import queries, rules, services
from panshi.billing.models import Allocation, BillBalance, Payment
from panshi.billing.tests import make
from panshi.billing.tests.test_query_payment import money
from panshi.crm.tests import make as crm_make
from panshi.kit.ids import uuid7
from panshi.kit.tenancy import hq_actor
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make

D = Decimal


def owing(org: OrgNode, *amounts: int, customer_id: UUID | None = None) -> list[UUID]:
    """Bills of one customer, the first the oldest."""
    customer_id = customer_id or uuid7()
    return [
        make.bill(
            org, amount, customer_id=customer_id, due_on=make.DAY - timedelta(days=30 - place)
        ).bill_id
        for place, amount in enumerate(amounts)
    ]


def on_account(org: OrgNode, bill_id: UUID, amount: int) -> Payment:
    """Pay a bill with `amount` more than is open on it."""
    balance = BillBalance.objects.get(bill_id=bill_id)
    services.record_payment(
        bill_ids=[bill_id],
        amount=balance.open_amount + amount,
        actor=make.clerk(org),
        at=make.NOON,
    )
    return Payment.objects.filter(org=org).latest("created_at")


def open_of(*bill_ids: UUID) -> list[Decimal]:
    rows = {b.bill_id: b.open_amount for b in BillBalance.objects.filter(bill_id__in=bill_ids)}
    return [rows[bill_id] for bill_id in bill_ids]


def test_settles_the_oldest_first_and_no_deposit_unless_named() -> None:
    org, customer = org_make.operator(), uuid7()
    first, old, new = owing(org, 100, 200, 300, customer_id=customer)
    deposit = make.deposit(org, 150, customer_id=customer)
    payment = on_account(org, first, 250)

    fact = services.allocate(payment_id=payment.id, actor=make.clerk(org), at=make.NOON)

    assert (fact.amount, fact.bill_ids) == (D(250), (old, new))
    assert open_of(old, new, deposit.bill_id) == [0, 250, 150]
    more = on_account(org, new, 150)
    services.allocate(
        payment_id=more.id, bill_ids=[deposit.bill_id], actor=make.clerk(org), at=make.NOON
    )
    assert open_of(deposit.bill_id) == [0]
    with pytest.raises(services.DepositInUse):
        services.unallocate(
            allocation_id=Allocation.objects.get(bill_id=deposit.bill_id).id,
            actor=make.clerk(org),
            at=make.NOON,
        )


def test_an_operators_order_puts_fees_first() -> None:
    org, customer = org_make.operator(), uuid7()
    old, new = owing(org, 100, 200, customer_id=customer)
    fee = make.bill(
        org, customer_id=customer, lines=[make.line(30, product_code="LATE_FEE")]
    ).bill_id
    services.set_allocation_order(
        org_id=org.id, order="FEES_FIRST", actor=make.clerk(org), at=make.NOON
    )
    assert queries.allocation_order(org_id=org.id, actor=make.clerk(org)) == "FEES_FIRST"
    services.record_payment(
        bill_ids=[new, old, fee], amount=Decimal(80), actor=make.clerk(org), at=make.NOON
    )
    assert open_of(old, new, fee) == [50, 200, 0]
    services.set_allocation_order(
        org_id=org.id, order="CHOSEN", actor=make.clerk(org), at=make.NOON
    )
    services.record_payment(
        bill_ids=[new, old], amount=Decimal(80), actor=make.clerk(org), at=make.NOON
    )
    assert open_of(old, new) == [50, 120]


def test_refuses_more_than_is_there_and_bills_of_others() -> None:
    org = org_make.operator()
    first, second = owing(org, 100, 30)
    payment = on_account(org, first, 50)
    stranger = make.bill(org, 40).bill_id
    by = make.clerk(org)
    for refusal, bill_ids, amount in (
        (services.AllocationExceeds, [second], Decimal(51)),
        (services.AllocationExceeds, [second], Decimal(31)),
        (services.AllocationExceeds, [second], Decimal(0)),
        (services.NothingToPay, [stranger], Decimal(40)),
        (services.NothingToPay, [first], None),
    ):
        with pytest.raises(refusal):
            services.allocate(
                payment_id=payment.id, bill_ids=bill_ids, amount=amount, actor=by, at=make.NOON
            )
    assert open_of(first, second, stranger) == [0, 30, 40]


def test_undone_once_restores_every_balance() -> None:
    org = org_make.operator()
    (bill,) = owing(org, 100)
    before = money(org)
    payment = on_account(org, bill, 0)
    allocation = Allocation.objects.get(bill_id=bill)

    services.unallocate(allocation_id=allocation.id, actor=make.clerk(org), at=make.NOON)

    payment.refresh_from_db()
    assert (open_of(bill), payment.allocated) == ([D(100)], D(0))
    assert money(org) == {**before, "1002": Decimal(100), "2203": Decimal(-100)}
    for again in (allocation.id, Allocation.objects.get(undoes=allocation).id):
        with pytest.raises(services.AllocationUndone):
            services.unallocate(allocation_id=again, actor=make.clerk(org), at=make.NOON)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    steps=st.lists(
        st.tuples(st.integers(0, 2), st.integers(1, 400), st.booleans()), min_size=1, max_size=8
    )
)
def test_whatever_is_done_and_undone_leaves_the_books_as_they_were(
    steps: list[tuple[int, int, bool]],
) -> None:
    org, customer = org_make.operator(), uuid7()
    by = make.clerk(org)
    bills = owing(org, 120, 340, 77, customer_id=customer)
    payment = on_account(org, make.bill(org, 1, customer_id=customer).bill_id, 400)
    balances, books = open_of(*bills), money(org)
    for place, amount, undo in steps:
        try:
            services.allocate(
                payment_id=payment.id,
                bill_ids=[bills[place]],
                amount=Decimal(amount),
                actor=by,
                at=make.NOON,
            )
        except (services.AllocationExceeds, services.NothingToPay):
            continue
        if undo:
            _undo_all(payment, org, bills)
        _agree(org, customer)
    _undo_all(payment, org, bills)
    assert (open_of(*bills), money(org)) == (balances, books)


def _undo_all(payment: Payment, org: OrgNode, bills: list[UUID]) -> None:
    live = Allocation.objects.filter(
        payment=payment, bill_id__in=bills, undoes=None, undone_by=None
    )
    for allocation in live:
        services.unallocate(allocation_id=allocation.id, actor=make.clerk(org), at=make.NOON)


def _agree(org: OrgNode, customer: UUID) -> None:
    """Receivables are the open bills, 2203 is what is on account."""
    books = money(org)
    owed = sum(BillBalance.objects.filter(org=org).values_list("open_amount", flat=True))
    assert books.get("1122", 0) == owed
    free = queries.on_account(org_id=org.id, customer_id=customer, actor=hq_actor())
    assert -books.get("2203", Decimal(0)) == free


def test_the_parts_of_the_lines_never_drift() -> None:
    grosses = [Decimal("33.34"), Decimal("33.33"), Decimal("0.01"), Decimal("120.07")]
    paid, before = Decimal(0), [Decimal(0)] * 4
    for step in ("0.01", "10.00", "33.33", "0.02", "99.99", "43.40"):
        paid += Decimal(step)
        parts = rules.line_parts(paid=paid, grosses=grosses)
        assert sum(parts) == paid
        before = parts
    assert before == grosses


def test_money_of_the_wrong_customer_is_given_to_the_right_one() -> None:
    org = org_make.operator()
    (bill,) = owing(org, 100)
    payment = on_account(org, bill, 0)
    customer = crm_make.customer(org=org)
    with pytest.raises(services.PaymentInUse):
        services.reassign_payment(
            payment_id=payment.id, customer_id=customer.id, actor=make.clerk(org), at=make.NOON
        )
    services.unallocate(
        allocation_id=Allocation.objects.get(bill_id=bill).id, actor=make.clerk(org), at=make.NOON
    )
    services.reassign_payment(
        payment_id=payment.id, customer_id=customer.id, actor=make.clerk(org), at=make.NOON
    )
    free = queries.on_account(org_id=org.id, customer_id=customer.id, actor=make.clerk(org))
    assert (free, money(org)["2203"]) == (D(100), D(-100))
