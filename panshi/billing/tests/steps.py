"""Steps of a book for tests: what people and nights do, drawn at random."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from panshi.billing import services
from panshi.billing.models import BillBalance, BillKind, BillLine, Deposit
from panshi.billing.services import CreditLine
from panshi.billing.tests import make
from panshi.kit.ids import uuid7
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


def walk(steps: Sequence[tuple[str, int]]) -> int:
    """Take steps in a book of their own; answers how many a person would not have been refused."""
    org, other = org_make.operator(), org_make.operator()
    done = 0
    for name, pick in steps:
        try:
            _step(org, other, name, pick)
        except Refusal:
            continue
        done += 1
    return done
