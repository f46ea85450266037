"""Changes of a plan and its end, as plain arithmetic: what a period costs before and after."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panshi.billing import rules
from panshi.billing.rules import (
    END,
    PAUSE,
    PRICE,
    RESUME,
    VEHICLE,
    PlanChange,
    PlanTerms,
    ReturnCharge,
    ReturnInputs,
    Span,
)

pytestmark = pytest.mark.plain
D = Decimal
OLD, NEW = UUID(int=1), UUID(int=2)
MAY = date(2027, 5, 1)


def terms(
    anchor: date = date(2027, 1, 31), *, price: int = 3200, months: int = 12, **more: Any
) -> PlanTerms:
    return PlanTerms(
        anchor=anchor,
        starts_on=anchor,
        ends_on=rules.period(n=months, anchor=anchor, alignment=rules.ANCHOR).start,
        alignment=more.pop("alignment", rules.ANCHOR),
        basis=more.pop("basis", rules.ACTUAL),
        prices=(rules.PriceSpan(anchor, None, D(price)),),
        vehicles=(rules.VehicleSpan(anchor, None, OLD),),
        **more,
    )


def billed(plan: PlanTerms, periods: int) -> tuple[Span, ...]:
    found = rules.period_charges(terms=plan, since=plan.starts_on, most=periods)
    return tuple(charge.span for charge in found)


def amount(plan: PlanTerms, n: int) -> Decimal:
    charge = rules.period_charge(terms=plan, n=n)
    return charge.amount if charge else D(0)


def inputs(**changed: Any) -> ReturnInputs:
    plan = terms()
    given: dict[str, Any] = {
        "terms": plan,
        "returned_on": date(2027, 5, 20),
        "billed": billed(plan, 4),
        "deposit": D(6400),
        "charges": (
            ReturnCharge(
                product_code="KM_OVERAGE", words="", quantity=D(620), unit_price=D("0.35")
            ),
            ReturnCharge(product_code="DAMAGE", words="", unit_price=D(180)),
            ReturnCharge(product_code="FINE", words="", unit_price=D(200)),
            ReturnCharge(product_code="AGENCY_FEE", words="", unit_price=D(50)),
        ),
    }
    return ReturnInputs(**(given | changed))


def sheet(given: ReturnInputs) -> dict[str, Decimal]:
    return {line.product_code: line.amount for line in rules.settlement(given)}


def test_the_settlement_example() -> None:
    assert sheet(inputs()) == {
        "DEPOSIT": D("6400.00"),
        "RENT_CREDIT": D("1135.48"),
        "KM_OVERAGE": D("-217.00"),
        "DAMAGE": D("-180.00"),
        "FINE": D("-200.00"),
        "AGENCY_FEE": D("-50.00"),
        "EARLY_FEE": D("-3200.00"),
    }
    assert sum(sheet(inputs()).values()) == D("3688.48")


def test_a_disputed_charge_is_not_on_the_sheet() -> None:
    charges = (ReturnCharge(product_code="DAMAGE", words="", unit_price=D(180), disputed=True),)
    assert "DAMAGE" not in sheet(inputs(charges=charges))


def test_the_early_fee_takes_the_lesser() -> None:
    nearly_over = date(2027, 9, 10)
    late = inputs(returned_on=nearly_over, billed=billed(terms(), 8))
    assert sheet(late)["EARLY_FEE"] == D("-2560.00")  # A fifth of four months.
    over = inputs(returned_on=date(2028, 1, 31), billed=billed(terms(), 12))
    assert "EARLY_FEE" not in sheet(over)


def test_a_return_on_the_day_of_delivery_pays_one_day() -> None:
    plan = terms(date(2027, 3, 1), price=3100)
    same_day = inputs(
        terms=plan, returned_on=plan.starts_on, billed=billed(plan, 1), charges=(), deposit=D(0)
    )
    assert sheet(same_day)["RENT_CREDIT"] == D("3000.00")


def test_rent_that_no_bill_asked_for_is_still_due() -> None:
    unbilled = inputs(billed=billed(terms(), 3), charges=())
    assert sheet(unbilled)["RENT_DUE"] == D("-2064.52")
    assert "RENT_CREDIT" not in sheet(unbilled)


def test_days_beyond_the_agreed_end_are_due() -> None:
    plan = terms(date(2027, 1, 1))
    late = inputs(terms=plan, billed=billed(plan, 12), returned_on=date(2028, 1, 11), charges=())
    assert sheet(late)["RENT_DUE"] == -rules.rent(
        price=D(3200), basis=rules.ACTUAL, days=10, whole_days=31
    )


@given(
    st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    st.integers(0, 400),
    st.integers(0, 14),
    st.sampled_from([rules.ANCHOR, rules.CALENDAR]),
    st.sampled_from([rules.ACTUAL, rules.THIRTY, rules.DAILY, rules.WHOLE]),
    st.integers(1, 999_999).map(lambda fen: D(fen) / 100),
)
def test_a_return_on_any_day_costs_the_rent_used_however_much_was_billed(
    anchor: date, days: int, bills: int, alignment: str, basis: str, price: Decimal
) -> None:
    """What was billed, less what comes back, plus what is due: that is the rent of the days."""
    plan = replace(
        terms(anchor, alignment=alignment, basis=basis),
        prices=(rules.PriceSpan(anchor, None, price),),
    )
    on = anchor + timedelta(days=days)
    asked = billed(plan, bills)
    ended = rules.changed(terms=plan, change=PlanChange(kind=END, on=on))
    back, due = rules.rent_differences(before=plan, after=ended, billed=asked)
    was = sum((amount(plan, n) for n in rules.by_number(terms=plan, billed=asked)), D(0))
    used = sum((c.amount for c in rules.period_charges(terms=ended, since=anchor, most=99)), D(0))
    assert was - back + due == used


def test_a_temporary_swap_knows_its_way_back() -> None:
    swapped = rules.changed(
        terms=terms(MAY),
        change=PlanChange(
            kind=VEHICLE, on=date(2027, 5, 11), until=date(2027, 5, 21), vehicle_id=NEW
        ),
    )
    charge = rules.period_charge(terms=swapped, n=0)
    assert charge is not None
    assert [(x.vehicle_id, x.span.days) for x in charge.lines] == [(OLD, 10), (NEW, 10), (OLD, 11)]
    assert charge.amount == D(3200)


def test_a_pause_is_relieved_until_it_is_resumed() -> None:
    paused = rules.changed(
        terms=terms(MAY),
        change=PlanChange(kind=PAUSE, on=date(2027, 5, 10), cause="X", relief=D(100)),
    )
    assert (amount(paused, 0), amount(paused, 1)) == (D("929.03"), D(0))
    resumed = rules.changed(terms=paused, change=PlanChange(kind=RESUME, on=date(2027, 5, 17)))
    assert (amount(resumed, 0), amount(resumed, 1)) == (D("2477.42"), D(3200))


def test_a_later_price_replaces_what_was_planned_after_it() -> None:
    plan = terms(date(2027, 6, 1), price=3000)
    for day, price in ((date(2027, 6, 21), 4000), (date(2027, 6, 11), 3300)):
        plan = rules.changed(terms=plan, change=PlanChange(kind=PRICE, on=day, price=D(price)))
    assert amount(plan, 0) == D("3200.00")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (PlanChange(kind=PAUSE, on=date(2027, 5, 12), relief=D(50)), "PAUSES_MEET"),
        (PlanChange(kind=PRICE, on=date(2027, 4, 30), price=D(1)), "OUTSIDE"),
        (PlanChange(kind=PAUSE, on=MAY, until=MAY, relief=D(1)), "REVERSED"),
        (PlanChange(kind=PRICE, on=date(2028, 5, 1), price=D(1)), "OUTSIDE"),
        (PlanChange(kind=PRICE, on=MAY, price=D(-1)), "NEGATIVE"),
        (PlanChange(kind=PAUSE, on=date(2027, 5, 2), until=MAY, relief=D(1)), "REVERSED"),
        (PlanChange(kind=PAUSE, on=MAY, relief=D(101)), "NEGATIVE"),
        (PlanChange(kind=RESUME, on=MAY), "NOT_PAUSED"),
        (PlanChange(kind="COLOUR", on=MAY), "INCOMPLETE"),
    ],
)
def test_a_change_that_makes_no_sense_is_no_change(change: PlanChange, words: str) -> None:
    paused = rules.changed(
        terms=terms(MAY), change=PlanChange(kind=PAUSE, on=date(2027, 5, 10), relief=D(100))
    )
    with pytest.raises(ValueError, match=words):
        rules.changed(terms=paused, change=change)


@given(
    st.integers(1, 10**6),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1, max_size=6),
)
def test_a_credit_goes_to_its_lines_and_never_beyond_what_they_have(
    fen: int, rows: list[tuple[int, int]]
) -> None:
    wanted, left = [D(w) / 100 for w, _l in rows], [D(x) / 100 for _w, x in rows]
    parts = rules.given_back(amount=D(fen) / 100, wanted=wanted, left=left)
    assert sum(parts) == min(D(fen) / 100, sum(left))
    assert all(D(0) <= part <= room for part, room in zip(parts, left, strict=True))
