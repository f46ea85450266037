"""Change plan … quotes, then does what it quoted, and corrects the bills that were issued."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Sum
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from panshi.billing import queries, rules, services
from panshi.billing.models import Bill, BillKind, BillState, ChargePlan
from panshi.billing.queries import PlanChange
from panshi.billing.queries.charges import terms_of
from panshi.billing.tests import make
from panshi.kit.ids import uuid7
from panshi.org.tests import make as org_make

D = Decimal
MAY, JUNE = date(2027, 5, 1), date(2027, 6, 1)
AT = make.noon(date(2027, 5, 20))
PAUSE = PlanChange(
    kind="PAUSE", on=date(2027, 5, 10), until=date(2027, 5, 17), cause="FAULT", relief=D(100)
)


def billed_plan(cut_off: date = MAY, **more: Any) -> ChargePlan:
    """A rent of 3,200.00 from May on by calendar months, issued up to the cut-off day."""
    org = org_make.operator()
    given: dict[str, Any] = {"price": 3200, "anchor_on": MAY, "alignment": "CALENDAR"} | more
    plan = make.plan(org, **given)
    make.run(org, cut_off)
    return plan


def quote(plan: ChargePlan, *changes: PlanChange) -> queries.ChangeQuote:
    return queries.change_quoted(plan_id=plan.id, changes=changes, actor=make.clerk(plan.org))


def asked(plan: ChargePlan) -> Decimal:
    """All that issued bills ask for, less what was given back."""
    rows = Bill.objects.filter(source_id=plan.source_id, state=BillState.ISSUED)
    return rows.aggregate(sum=Sum("total"))["sum"] or D(0)


def test_an_issued_period_is_not_changed_unseen() -> None:
    plan = billed_plan()
    with pytest.raises(services.PeriodAlreadyBilled, match=r"722\.58"):
        make.change(plan, PAUSE, at=AT)
    assert terms_of(plan).breaks == ()


def test_a_pause_of_a_billed_month_comes_back_by_a_credit_note() -> None:
    plan = billed_plan()
    quoted = quote(plan, PAUSE)
    (period,) = quoted.periods
    assert (period.before, period.after, quoted.credit) == (D(3200), D("2477.42"), D("722.58"))
    assert [(part.days, part.amount, part.relieved) for part in period.parts] == [
        (9, D("929.03"), D(0)), (7, D(0), D("722.58")), (15, D("1548.39"), D(0)),
    ]  # fmt: skip

    fact = make.change(plan, PAUSE, at=AT, agreed=quoted.digest)

    assert (fact.credited, fact.billed) == (D("722.58"), D(0))
    note = Bill.objects.get(source_id=plan.source_id, kind=BillKind.CREDIT)
    assert note.total == D("-722.58")
    (charge, *_later) = queries.charges_of_plan(
        plan_id=plan.id, today=MAY, actor=make.clerk(plan.org)
    )
    assert (charge.amount, charge.credited) == (D("2477.42"), D("722.58"))


def test_a_higher_price_within_a_billed_month_is_billed_in_addition() -> None:
    plan = billed_plan(JUNE)
    change = PlanChange(kind="PRICE", on=date(2027, 6, 11), price=D(3500))
    quoted = quote(plan, change)
    assert (quoted.extra, quoted.credit) == (D("200.00"), D(0))  # 20 of 30 days of 300.00.

    make.change(plan, change, at=make.noon(date(2027, 6, 5)), agreed=quoted.digest)

    first, second = Bill.objects.filter(plan=plan, period_from__gte=JUNE)
    assert {first.total, second.total} == {D("3200.00"), D("200.00")}
    assert asked(plan) == D(6600)
    assert make.run(plan.org, date(2027, 7, 1)) == 1


def test_a_quote_that_no_longer_holds_is_asked_again() -> None:
    plan = billed_plan()
    quoted = quote(plan, PAUSE)
    make.run(plan.org, JUNE)
    with pytest.raises(services.InputsChanged):
        make.change(plan, PAUSE, at=AT, agreed=quoted.digest)


def test_a_swap_keeps_an_issued_bill_and_divides_the_next() -> None:
    plan = billed_plan()
    spare = uuid7()
    swap = PlanChange(
        kind="VEHICLE", on=date(2027, 5, 18), until=date(2027, 6, 11), vehicle_id=spare
    )
    make.change(plan, swap, at=AT)
    make.run(plan.org, JUNE)
    lines = [
        (line.vehicle_id == spare, line.gross)
        for bill in make.bills_of(plan)
        for line in bill.lines.order_by("position")
    ]
    assert lines == [(False, D(3200)), (True, D("1066.67")), (False, D("2133.33"))]


def test_an_extension_bills_the_rest_of_a_month_that_ended_within_it() -> None:
    plan = billed_plan(ends_on=date(2027, 5, 21))
    assert asked(plan) == D("2064.52")
    longer = PlanChange(kind="END", on=date(2027, 7, 11))
    quoted = quote(plan, longer)
    assert quoted.extra == D("1135.48")

    make.change(plan, longer, at=make.noon(date(2027, 5, 10)), agreed=quoted.digest)

    make.run(plan.org, date(2027, 7, 1))
    assert asked(plan) == D("3200.00") * 2 + D("1032.26")  # Ten of July's 31 days.


def test_an_extension_draws_the_last_draft_anew() -> None:
    org = org_make.operator()
    plan = make.plan(
        org, price=3200, anchor_on=MAY, alignment="CALENDAR", ends_on=date(2027, 5, 21)
    )
    services.run_bills(cut_off=MAY, actor=make.clerk(org), at=make.noon(MAY))
    make.change(plan, PlanChange(kind="END", on=date(2027, 6, 1)), at=make.noon(MAY))
    make.run(org, MAY)
    assert asked(plan) == D(3200)


def test_what_finance_gave_back_before_stays_given() -> None:
    plan = billed_plan()
    (bill,) = make.bills_of(plan)
    (line,) = bill.lines.all()
    services.credit_bill(
        bill_id=bill.id,
        lines=[services.CreditLine(line_id=line.id, gross=D(3000))],
        reason="客户关怀",
        actor=make.clerk(plan.org),
        at=AT,
    )
    quoted = quote(plan, PAUSE)
    assert quoted.credit == D("200.00")  # No more than the bill has left.
    make.change(plan, PAUSE, at=AT, agreed=quoted.digest)
    assert asked(plan) == D(0)


@pytest.mark.parametrize(
    "change",
    [
        PlanChange(kind="PRICE", on=MAY, price=D(-1)),
        PlanChange(kind="RESUME", on=MAY),
        PlanChange(kind="PAUSE", on=date(2027, 5, 9), until=MAY, relief=D(1)),
    ],
)
def test_what_makes_no_sense_is_refused(change: PlanChange) -> None:
    plan = billed_plan()
    with pytest.raises(queries.ChangeImpossible):
        make.change(plan, change, at=AT)


CHANGES = st.lists(
    st.tuples(st.sampled_from(["PRICE", "VEHICLE", "PAUSE", "END"]), st.integers(1, 80)),
    min_size=1,
    max_size=4,
)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    made=CHANGES,
    anchor=st.dates(date(2027, 1, 28), date(2027, 3, 2)),
    alignment=st.sampled_from(["ANCHOR", "CALENDAR"]),
    months=st.integers(0, 3),
)
# A price that lasts longer again: another one has to make room first.
@example(
    made=[("PRICE", 1), ("PRICE", 2), ("PRICE", 1)],
    anchor=date(2027, 1, 28),
    alignment="ANCHOR",
    months=0,
)
def test_bills_follow_the_terms_whatever_changed_and_when(
    made: list[tuple[str, int]], anchor: date, alignment: str, months: int
) -> None:
    """Quote, do, bill on: all that is asked for is what the terms of the end charge."""
    org = org_make.operator()
    start = rules.period(n=5, anchor=anchor, alignment="ANCHOR").start
    plan = make.plan(org, anchor_on=anchor, alignment=alignment, ends_on=start)
    make.run(org, rules.period(n=months, anchor=anchor, alignment="ANCHOR").start)
    for kind, days in made:
        on = anchor + rules.ONE_DAY * days
        change = PlanChange(
            kind=kind, on=on, until=on + rules.ONE_DAY * 9 if kind == "PAUSE" else None,
            price=D(days * 37), vehicle_id=uuid7(), cause="X", relief=D(50),
        )  # fmt: skip
        try:
            quoted = quote(plan, change)
        except queries.ChangeImpossible:
            continue
        before = asked(plan)
        fact = make.change(plan, change, at=AT, agreed=quoted.digest)
        assert asked(plan) - before == quoted.extra - quoted.credit
        assert (fact.billed, fact.credited) == (quoted.extra, quoted.credit)
        make.run(org, on)
    make.run(org, date(2027, 12, 31))
    plan.refresh_from_db()
    terms = terms_of(plan)
    charges = rules.period_charges(terms=terms, since=anchor, most=50)
    assert asked(plan) == sum((charge.amount for charge in charges), D(0))
