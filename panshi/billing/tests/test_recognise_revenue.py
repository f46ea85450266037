"""Recognise revenue … by days, and the months of a line sum to its net."""

from datetime import date
from decimal import Decimal

from panshi.billing import services
from panshi.billing.tests import make
from panshi.ledger import queries as ledger
from panshi.ledger import services as ledger_services
from panshi.org.tests import make as org_make


def test_spreads_a_period_over_its_months() -> None:
    org = org_make.operator()
    make.plan(org, anchor_on=date(2027, 1, 31), ends_on=date(2027, 2, 28))
    make.run(org, date(2027, 1, 31))
    by = make.clerk(org)
    parts = []
    for month in (1, 2, 3):
        fact = services.recognise_revenue(month=date(2027, month, 1), actor=by, at=make.NOON)
        parts.append(fact.amount)
        again = services.recognise_revenue(month=date(2027, month, 9), actor=by, at=make.NOON)
        assert again.entries == 0
    net = Decimal("2654.87")
    assert parts == [Decimal("94.82"), net - Decimal("94.82"), 0]
    rows = ledger.trial_balance(month=date(2027, 3, 1), actor=by)
    closing = {row.account: row.closing for row in rows}
    assert (closing["2205"], closing["6001.rental"]) == (Decimal(0), -net)


def test_a_month_with_drafts_does_not_close() -> None:
    org = org_make.operator()
    make.plan(org, anchor_on=date(2027, 5, 31))
    by = make.clerk(org)
    services.run_bills(cut_off=date(2027, 6, 1), actor=by, at=make.NOON)
    for month, closes in ((date(2027, 5, 1), False), (date(2027, 4, 1), True)):
        try:
            ledger_services.close_month(org_id=org.id, month=month, actor=by, at=make.NOON)
            assert closes
        except ledger_services.MonthNotReady:
            assert not closes
