"""Check invariants … all hold after any steps, and each breach is told."""

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from panshi.billing.models import BillBalance, Deposit
from panshi.billing.tests import make
from panshi.billing.tests.steps import STEPS, broken, walk
from panshi.kit.models import Outbox
from panshi.kit.tenancy import hq_actor
from panshi.ledger import services as books
from panshi.org.tests import make as org_make


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@example([("DEPOSIT", 185), ("PART", 100)])
@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(1, 400_000)), max_size=15))
def test_all_hold_after_any_steps(steps: list[tuple[str, int]]) -> None:
    """A step may be refused, as a person would be; whatever was done, every promise is kept."""
    with transaction.atomic():
        walk(steps)
        assert broken() == []
        transaction.set_rollback(True)


def _told() -> set[str]:
    return {row.payload["code"] for row in Outbox.objects.filter(name="ledger.InvariantBroken")}


def test_a_bill_opened_by_hand_is_told() -> None:
    org = org_make.operator()
    bill = make.bill(org)
    make.pay(org, bill.bill_id)
    assert broken() == []
    BillBalance.objects.filter(bill_id=bill.bill_id).update(open_amount=5)
    assert broken() == ["I7", "I9"]
    assert _told() == {"I7", "I9"}
    with pytest.raises(books.MonthNotReady, match="I7"):
        books.close_month(org_id=org.id, month=make.DAY, actor=make.clerk(org), at=make.NOON)
    BillBalance.objects.filter(bill_id=bill.bill_id).update(open_amount=0)
    assert broken() == []


def test_a_deposit_changed_by_hand_is_told() -> None:
    org = org_make.operator()
    demanded = make.deposit(org)
    make.pay(org, demanded.bill_id)
    Deposit.objects.filter(id=demanded.deposit_id).update(held=6000, returned=400)
    assert broken() == ["I8"]


def test_a_sum_changed_by_hand_is_told() -> None:
    org = org_make.operator()
    make.bill(org)
    books.fold_sums(actor=hq_actor(), at=make.NOON)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ledger_snapshot SET debit = debit + 1 WHERE org_id = %s AND account_id = %s",
            [org.id, "1122"],
        )
    assert broken() == ["I7", "I11"]
    books.recount_sums(actor=hq_actor(), at=make.NOON)
    assert broken() == []


def test_what_was_slipped_into_a_closed_month_is_told() -> None:
    org = org_make.operator()
    make.bill(org)
    by = make.clerk(org)
    books.close_month(org_id=org.id, month=make.DAY, actor=by, at=make.NOON)
    assert broken() == []
    with connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_period SET state = 'OPEN', closed_at = NULL")
        make.bill(org)
        cursor.execute("UPDATE ledger_period SET state = 'CLOSED', closed_at = now()")
    assert broken() == ["I10"]
