"""Fair wear: a diff that can be applied, a price that cites its clause and grows with size."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from panshi.fleet.rules import wear
from panshi.fleet.rules.wear import Clause, Mark
from panshi.fleet.services.wear import starting_clauses

pytestmark = pytest.mark.plain
CLAUSES = starting_clauses()
DAMAGES = (
    "SCRATCH", "PRIMER", "DENT", "CARGO_WEAR", "TYRE", "GLASS_CHIP", "GLASS_CRACK", "MISSING_KIT",
    "OTHER",
)  # fmt: skip
PLACES = [(view, part) for view, parts in wear.VIEWS.items() for part in parts]

marks = st.builds(
    lambda place, damage, size, count: Mark(
        view=place[0], part=place[1], damage=damage, size=Decimal(size) / 10, count=count
    ),
    st.sampled_from(PLACES), st.sampled_from(DAMAGES), st.integers(0, 2000), st.integers(1, 6),
)  # fmt: skip
inspections = st.lists(marks, max_size=12, unique_by=lambda mark: mark.key)


def _price(*changes: wear.Change, age: int = 24) -> list[wear.Line]:
    return wear.price(changes, CLAUSES, age_months=age, distance_km=Decimal(20_000))


def _one(damage: str, size: str, count: int = 1, part: str = "DOOR_LEFT", age: int = 24) -> str:
    mark = Mark(view="LEFT", part=part, damage=damage, size=Decimal(size), count=count)
    (line,) = _price(*wear.diff([], [mark]), age=age)
    return f"{line.clause} {line.amount}"


@given(inspections, inspections)
def test_the_changes_applied_to_the_delivery_are_the_return(
    out: list[Mark], back: list[Mark]
) -> None:
    applied = wear.apply(out, wear.diff(out, back))
    assert applied == sorted(back, key=lambda mark: mark.key)


@given(inspections)
def test_nothing_changed_means_nothing_to_pay(out: list[Mark]) -> None:
    changes = wear.diff(out, out)
    assert {change.status for change in changes} <= {wear.SAME}
    assert _price(*changes) == []


@given(inspections, inspections, st.integers(0, 120))
def test_every_charge_cites_a_clause_and_none_means_no_charge(
    out: list[Mark], back: list[Mark], age: int
) -> None:
    codes = {clause.code for clause in CLAUSES}
    for line in _price(*wear.diff(out, back), age=age):
        assert line.amount >= 0
        assert line.clause in codes or line.amount == 0


@given(marks, st.integers(0, 1500), st.integers(0, 120), st.integers(0, 500), st.booleans())
def test_a_larger_mark_never_costs_less(
    mark: Mark, more: int, age: int, before: int, was_there: bool
) -> None:
    out = []
    if was_there:
        out = [Mark(view=mark.view, part=mark.part, damage=mark.damage, size=Decimal(before) / 10)]

    def total(size: Mark) -> Decimal:
        return sum((line.amount for line in _price(*wear.diff(out, [size]), age=age)), Decimal(0))

    assert total(mark) <= total(wear.larger(mark, Decimal(more) / 10))


@pytest.mark.parametrize(
    ("damage", "size", "count", "due"),
    [
        ("SCRATCH", "50", 3, "1.1 0.00"), ("SCRATCH", "50", 4, "1.1 80.00"),
        ("SCRATCH", "51", 1, "1.1 80.00"), ("PRIMER", "20", 1, "1.2 0.00"),
        ("PRIMER", "20.1", 1, "1.2 180.00"), ("DENT", "20", 3, "1.3 260.00"),
        ("DENT", "35", 2, "1.3 520.00"), ("TYRE", "6.4", 1, "3.1 0.00"),
        ("TYRE", "7.2", 1, "3.1 210.00"), ("TYRE", "9", 1, "3.1 420.00"),
        ("GLASS_CHIP", "5", 1, "4.1 0.00"), ("GLASS_CRACK", "1", 1, "4.2 900.00"),
        ("OTHER", "900", 1, " 0.00"),
    ],
)  # fmt: skip
def test_the_starting_standard(damage: str, size: str, count: int, due: str) -> None:
    assert _one(damage, size, count) == due


def test_the_age_of_the_vehicle_picks_the_clause() -> None:
    assert _one("CARGO_WEAR", "45", part="SIDE_LEFT", age=11) == "2.1 540.00"
    assert _one("CARGO_WEAR", "45", part="SIDE_LEFT", age=12) == "2.2 60.00"


def test_missing_kit_costs_its_listed_price_less_its_age() -> None:
    cable = Mark(view="KIT", part="CABLE", damage="MISSING_KIT", size=Decimal(1))
    (line,) = _price(*wear.diff([], [cable]), age=15)
    assert (line.clause, line.amount) == ("5.1", Decimal("600.00"))
    (old,) = _price(*wear.diff([], [cable]), age=80)
    assert old.amount == 0


def test_what_was_there_before_is_not_charged_again() -> None:
    out = Mark(view="LEFT", part="DOOR_LEFT", damage="PRIMER", size=Decimal(30))
    back = Mark(view="LEFT", part="DOOR_LEFT", damage="PRIMER", size=Decimal(60), count=3)
    (line,) = _price(*wear.diff([out], [back]))
    assert (line.change.status, line.amount) == (wear.WORSE, Decimal("360.00"))
    assert _price(*wear.diff([back], [])) == []


def test_a_clause_that_names_the_part_goes_first() -> None:
    special = Clause(code="9", damage="DENT", parts=("DOOR_LEFT",), price=Decimal(5))
    mark = Mark(view="LEFT", part="DOOR_LEFT", damage="DENT", size=Decimal(99))
    found = wear.clause_for(mark, [*CLAUSES, special], age_months=0)
    assert found is special
