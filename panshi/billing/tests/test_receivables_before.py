"""What customers owed … is what account 1122 says on any day."""

from datetime import date, timedelta

from panshi.billing import queries
from panshi.billing.models import Bill
from panshi.billing.tests import make
from panshi.ledger import queries as ledger
from panshi.org.tests import make as org_make


def test_equals_the_ledger_on_every_day() -> None:
    org = org_make.operator()
    for price in (3000, 2000):
        make.plan(org, price=price, anchor_on=date(2027, 5, 1))
    for day in (date(2027, 5, 1), date(2027, 6, 1)):
        make.run(org, day)
    bill = Bill.objects.filter(org=org, total=3000).order_by("due_on")[0]
    make.pay(org, bill.id)
    by = make.clerk(org)

    seen = set()
    for offset in range(0, 60, 3):
        until = date(2027, 4, 29) + timedelta(offset)
        booked = ledger.balances(accounts=("1122",), until=until, actor=by)
        owed = queries.receivables_before(until=until, actor=by)
        assert owed == {(row.org_id, row.city): row.amount for row in booked}
        seen |= {*owed.values()}
    assert len(seen) > 2
