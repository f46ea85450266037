"""Credit bill … gives back by line, never more than is left."""

from decimal import Decimal
from uuid import UUID

import pytest

from panshi.billing import services
from panshi.billing.models import Bill, BillBalance, BillLine
from panshi.billing.tests import make
from panshi.ledger import queries as ledger
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make


def credit(org: OrgNode, bill_id: UUID, amount: str) -> Bill:
    line = BillLine.objects.get(bill_id=bill_id, position=1)
    fact = services.credit_bill(
        bill_id=line.bill_id,
        lines=[services.CreditLine(line_id=line.id, gross=Decimal(amount))],
        reason="少修一项",
        actor=make.clerk(org),
        at=make.NOON,
    )
    return Bill.objects.get(id=fact.credit_id)


def balances(org: OrgNode) -> dict[str, Decimal]:
    rows = ledger.trial_balance(month=make.DAY, actor=make.clerk(org))
    return {row.account: row.closing for row in rows}


def test_shrinks_what_is_open() -> None:
    org = org_make.operator()
    bill = make.bill(org, 300)
    note = credit(org, bill.bill_id, "113.00")
    line = note.lines.get()
    assert (note.total, line.vat, line.net) == (Decimal(-113), Decimal(-13), Decimal(-100))
    assert BillBalance.objects.get(bill_id=bill.bill_id).open_amount == 187
    assert balances(org)["1122"] == 187


def test_leaves_the_rest_with_the_customer_when_the_bill_was_paid() -> None:
    org = org_make.operator()
    bill = make.bill(org, 300)
    make.pay(org, bill.bill_id)
    credit(org, bill.bill_id, "100.00")
    assert (balances(org)["1122"], balances(org)["2203"]) == (Decimal(0), Decimal(-100))


def test_never_gives_back_more_than_is_left() -> None:
    org = org_make.operator()
    bill = make.bill(org, 300)
    credit(org, bill.bill_id, "200.00")
    with pytest.raises(services.CreditExceedsBill):
        credit(org, bill.bill_id, "100.01")
    credit(org, bill.bill_id, "100.00")
    assert BillBalance.objects.get(bill_id=bill.bill_id).open_amount == 0


def test_a_draft_is_discarded_not_credited() -> None:
    org = org_make.operator()
    plan = make.plan(org)
    services.run_bills(cut_off=make.DAY, actor=make.clerk(org), at=make.NOON)
    with pytest.raises(services.BillImmutable):
        credit(org, make.bills_of(plan)[0].id, "1.00")
