"""Advance dunning … climbs the ladder a rung at a time, and stops when the debt is paid."""

from datetime import date

import pytest

from panshi.billing import services
from panshi.billing.models import CaseState, DunningCase, DunningStep
from panshi.billing.tests import make
from panshi.kit.models import Outbox
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make

DUE = date(2027, 6, 21)


def advance(org: OrgNode, days: int) -> int:
    on = make.days_after(DUE, days)
    return services.advance_dunning(on=on, actor=make.clerk(org), at=make.noon(on)).steps


def overdue_days(org: OrgNode) -> list[int]:
    rows = Outbox.objects.filter(org_id=org.id, name="billing.BillOverdue").order_by("id")
    return [row.payload["days"] for row in rows]


def test_publishes_each_day_of_the_ladder_once() -> None:
    org = org_make.operator()
    make.bill(org, due_on=DUE)
    for day in (-5, -3, 0, 1, 1, 2, 3, 5, 7, 8, 10, 15, 20, 30, 31):
        advance(org, day)
    assert overdue_days(org) == [1, 3, 5, 7, 10, 15, 20, 30]
    case = DunningCase.objects.get(org=org)
    assert (case.rung, case.opened_on) == (30, date(2027, 6, 22))
    fired = DunningStep.objects.filter(case=case).order_by("day")
    assert [step.code for step in fired][:3] == ["PAY_LINK", "CALL", "FORMAL_NOTICE"]


def test_fires_only_the_highest_rung_after_an_outage() -> None:
    org = org_make.operator()
    make.bill(org, due_on=DUE)
    advance(org, 9)
    assert overdue_days(org) == [7]


def test_a_payment_clears_the_case_at_once() -> None:
    org = org_make.operator()
    bill = make.bill(org, due_on=DUE)
    advance(org, 1)
    make.pay(org, bill.bill_id, at=make.noon(date(2027, 6, 23)))
    assert DunningCase.objects.get(org=org).state == CaseState.CLEARED
    assert Outbox.objects.filter(org_id=org.id, name="billing.ArrearsCleared").count() == 1
    advance(org, 7)
    assert overdue_days(org) == [1]


def test_a_case_on_hold_stays_where_it_is() -> None:
    org = org_make.operator()
    make.bill(org, due_on=DUE)
    advance(org, 1)
    case = DunningCase.objects.get(org=org)
    by = make.clerk(org)
    services.hold_case(
        case_id=case.id, reason="客户有异议", until=date(2027, 7, 1), actor=by, at=make.NOON
    )
    assert advance(org, 7) == 0
    assert overdue_days(org) == [1]
    advance(org, 10)
    assert overdue_days(org) == [1, 10]


def test_deposits_and_paid_bills_are_left_in_peace() -> None:
    org = org_make.operator()
    make.deposit(org)
    paid = make.bill(org, due_on=DUE)
    make.pay(org, paid.bill_id)
    assert advance(org, 7) == 0
    assert overdue_days(org) == []


@pytest.mark.parametrize("count", [1, 3])
def test_bills_of_one_source_make_one_case(count: int) -> None:
    org = org_make.operator()
    plan = make.plan(org, anchor_on=date(2027, 3, 31))
    make.run(org, make.days_after(date(2027, 3, 31), 31 * count))
    on = date(2027, 7, 5)
    services.advance_dunning(on=on, actor=make.clerk(org), at=make.noon(on))
    case = DunningCase.objects.get(org=org)
    assert (case.source_id, case.oldest_due_on) == (plan.source_id, date(2027, 3, 31))
