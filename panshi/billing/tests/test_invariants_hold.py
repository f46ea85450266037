"""Check invariants … all hold after any steps, and each breach is told."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from panshi.billing import services
from panshi.billing.models import BillBalance, BillKind, BillLine, Deposit
from panshi.billing.services import CreditLine
from panshi.billing.tests import make
from panshi.kit.ids import uuid7
from panshi.kit.models import Outbox
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import hq_actor
from panshi.ledger import queries as ledger
from panshi.ledger import services as books
from panshi.ledger.services import NewTransfer
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make

STEPS = ("BILL", "RENT", "PAY", "PART", "TOO_MUCH", "CREDIT", "DEPOSIT", "RESERVE", "RETURN",
         "GIVE_BACK", "RECOGNISE", "CATCH_UP", "FOLD", "BETWEEN", "CLOSE")  # fmt: skip


def broken() -> list[str]:
    hq = hq_actor(org_make.platform().id)
    books.check_invariants(actor=hq, at=make.NOON)
    standing = ledger.promises(actor=hq)
    assert len(standing) == 13
    return [one.code for one in standing if not one.holds]


def _open_bill(org: OrgNode, pick: int) -> BillBalance | None:
    rows = list(BillBalance.objects.filter(org=org, open_amount__gt=0).order_by("bill_id"))
    return rows[pick % len(rows)] if rows else None


def _step(org: OrgNode, other: OrgNode, name: str, pick: int) -> None:
    by = make.clerk(org)
    bill = _open_bill(org, pick)
    deposits = list(Deposit.objects.filter(org=org).order_by("id"))
    deposit = deposits[pick % len(deposits)] if deposits else None
    if name == "BILL":
        make.bill(org, Decimal(pick) / 100, 199)
    elif name == "RENT":
        make.plan(org, price=pick, anchor_on=date(2027, 4, 1 + pick % 28))
        make.run(org, make.DAY)
    elif name in ("PAY", "PART", "TOO_MUCH") and bill:
        rest = bill.open_amount
        amount = {"PAY": rest, "PART": min(rest, Decimal(pick) / 100), "TOO_MUCH": rest + pick}
        services.record_payment(
            bill_ids=[bill.bill_id], channel="BANK", amount=amount[name], actor=by, at=make.NOON
        )
    elif name == "CREDIT" and bill and bill.kind == BillKind.CHARGE:
        line = BillLine.objects.filter(bill_id=bill.bill_id).order_by("position").last()
        assert line is not None
        services.credit_bill(
            bill_id=bill.bill_id,
            lines=[CreditLine(line_id=line.id, gross=line.gross)],
            reason="更正",
            actor=by,
            at=make.NOON,
        )
    elif name == "DEPOSIT":
        make.deposit(org, pick)
    elif name in ("RESERVE", "RETURN") and deposit:
        verb = services.reserve_deposit if name == "RESERVE" else services.return_deposit
        verb(deposit_id=deposit.id, actor=by, at=make.NOON)
    elif name == "GIVE_BACK" and deposit:
        make.give_back(org, deposit.source_id)
    elif name == "RECOGNISE":
        services.recognise_revenue(month=date(2027, 4 + pick % 2, 1), actor=by, at=make.NOON)
    elif name == "CATCH_UP":
        services.catch_up_revenue(actor=by, at=make.NOON)
    elif name == "FOLD":
        books.fold_sums(actor=hq_actor(), at=make.NOON)
    elif name == "BETWEEN":
        books.post_between(
            transfers=[
                NewTransfer(
                    payer_id=org.id,
                    receiver_id=other.id,
                    kind="SHARE_ACCRUED",
                    source_kind="test.Share",
                    source_id=uuid7(),
                    occurred_on=make.DAY,
                    amount=Decimal(pick) / 100,
                )
            ],
            actor=hq_actor(),
            at=make.NOON,
        )
    elif name == "CLOSE":
        books.close_month(org_id=org.id, month=date(2027, 4, 1), actor=by, at=make.NOON)


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@example([("DEPOSIT", 185), ("PART", 100)])
@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(1, 400_000)), max_size=15))
def test_all_hold_after_any_steps(steps: list[tuple[str, int]]) -> None:
    """A step may be refused, as a person would be; whatever was done, every promise is kept."""
    with transaction.atomic():
        org, other = org_make.operator(), org_make.operator()
        for name, pick in steps:
            try:
                _step(org, other, name, pick)
            except Refusal:
                continue
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
