"""Recognise revenue … by days, and the months of a line sum to its net."""

from datetime import date
from decimal import Decimal

import pytest
from django.utils.translation import override

from panshi.billing import queries, services
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


def test_a_closed_month_is_caught_up_in_the_first_open_one() -> None:
    """Billed in June for service since February; February to April are closed by then."""
    org = org_make.operator()
    by = make.clerk(org)
    for month in (2, 3, 4):
        ledger_services.close_month(
            org_id=org.id, month=date(2027, month, 1), actor=by, at=make.NOON
        )
    make.plan(org, anchor_on=date(2027, 2, 10), ends_on=date(2027, 6, 30))
    make.run(org, date(2027, 6, 21))
    for month in (2, 3, 4, 5):
        services.recognise_revenue(month=date(2027, month, 1), actor=by, at=make.NOON)
    caught = services.catch_up_revenue(actor=by, at=make.NOON)
    assert caught.entries > 0
    assert services.catch_up_revenue(actor=by, at=make.NOON).entries == 0
    kept = {
        row.account: row.amount
        for row in ledger.balances(
            accounts=("6001.rental",), since=date(2027, 5, 1), until=date(2027, 6, 1), actor=by
        )
    }
    earned = sum(
        row.amount
        for row in queries.earned_sums(since=date(2027, 2, 1), until=date(2027, 6, 1), actor=by)
    )
    assert kept == {"6001.rental": -earned}


def test_what_was_caught_up_is_not_booked_again_after_a_reopening() -> None:
    org = org_make.operator()
    by, second = make.clerk(org), make.clerk(org)
    march = date(2027, 3, 1)
    ledger_services.close_month(org_id=org.id, month=march, actor=by, at=make.NOON)
    make.plan(org, anchor_on=date(2027, 3, 5), ends_on=date(2027, 4, 5))
    make.run(org, date(2027, 6, 21))
    assert services.catch_up_revenue(actor=by, at=make.NOON).entries == 2
    ledger_services.ask_reopening(org_id=org.id, month=march, reason="补记", actor=by, at=make.NOON)
    ledger_services.reopen_month(org_id=org.id, month=march, actor=second, at=make.NOON)
    assert services.recognise_revenue(month=march, actor=by, at=make.NOON).entries == 0
    net = Decimal("2654.87")
    closing = {row.account: row.closing for row in ledger.trial_balance(month=make.DAY, actor=by)}
    assert closing["6001.rental"] == -net


def test_a_month_with_revenue_unrecognised_does_not_close() -> None:
    org = org_make.operator()
    by = make.clerk(org)
    make.plan(org, anchor_on=date(2027, 5, 1), ends_on=date(2027, 6, 1))
    make.run(org, date(2027, 5, 1))
    with override("en"), pytest.raises(ledger_services.MonthNotReady, match="recognised"):
        ledger_services.close_month(org_id=org.id, month=date(2027, 5, 1), actor=by, at=make.NOON)
    services.recognise_revenue(month=date(2027, 5, 1), actor=by, at=make.NOON)
    ledger_services.close_month(org_id=org.id, month=date(2027, 5, 1), actor=by, at=make.NOON)
