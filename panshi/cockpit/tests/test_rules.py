"""The arithmetic of figures, against numbers worked by hand."""

from datetime import date
from decimal import Decimal

import pytest

from panshi.cockpit import rules
from panshi.cockpit.catalogue import COUNTED, DEFINITIONS, NOW_ONLY, VEHICLE_DAYS, Indicator
from panshi.cockpit.rules import HIGH, LOW, Measure, Tally

pytestmark = pytest.mark.plain


def test_shares_are_added_before_they_are_divided() -> None:
    small, large = Tally(Decimal(1), Decimal(1)), Tally(Decimal(50), Decimal(99))
    assert rules.value(Measure(rules.RATIO), small + large) == Decimal("0.51")


def test_nothing_to_divide_by_is_no_figure() -> None:
    assert rules.value(Measure(rules.MEAN), Tally(Decimal(3))) is None
    assert rules.value(Measure(rules.SUM), Tally()) == 0


def test_wilson_knows_183_of_190() -> None:
    interval = rules.wilson(183, 190)
    assert interval is not None
    assert (round(interval.low, 3), round(interval.high, 3)) == (0.926, 0.982)
    assert rules.wilson(0, 0) is None


@pytest.mark.parametrize(
    ("figure", "better", "tone"),
    [
        ("0.97", HIGH, "ok"),
        ("0.93", HIGH, "warn"),
        ("0.9299", HIGH, "bad"),
        ("5", LOW, "ok"),
        ("10", LOW, "warn"),
        ("10.1", LOW, "bad"),
    ],
)
def test_grades_at_the_marks(figure: str, better: str, tone: str) -> None:
    green, red = ("0.97", "0.93") if better == HIGH else ("5", "10")
    graded = rules.grade(Decimal(figure), green=Decimal(green), red=Decimal(red), better=better)
    assert graded == tone


def test_an_alert_clears_a_tenth_of_the_way_from_red() -> None:
    def cleared(figure: str) -> bool:
        return rules.is_cleared(Decimal(figure), green=Decimal(100), red=Decimal(90), better=HIGH)

    assert (cleared("90.9"), cleared("91")) == (False, True)
    assert not rules.is_cleared(None, green=Decimal(1), red=Decimal(2), better=LOW)


def test_periods_include_today() -> None:
    today = date(2027, 3, 1)
    assert rules.period("TODAY", today).days == [today]
    assert len(rules.period("WEEK", today).days) == 7
    assert rules.period("MONTH", today).days == [today]
    assert len(rules.period("QUARTER", today).days) == 90


def test_growth_over_nothing_is_no_figure() -> None:
    assert rules.growth(Decimal(110), Decimal(100)) == Decimal("0.1")
    assert rules.growth(Decimal(1), Decimal(0)) is None


def test_every_indicator_is_defined_once_and_comes_from_one_place() -> None:
    assert set(DEFINITIONS) == set(Indicator)
    assert len({d.slug for d in DEFINITIONS.values()}) == len(Indicator)
    assert not COUNTED & VEHICLE_DAYS
    assert not COUNTED & NOW_ONLY
    for definition in DEFINITIONS.values():
        assert (definition.measure.form == rules.SUM) == (not definition.denominator)
        assert definition.facts
