"""The arithmetic of adherence."""

import pytest

from panshi.handbook.rules import measure
from panshi.handbook.rules.measure import Tally

pytestmark = pytest.mark.plain


def tally(expected: int, on_time: int, steps: tuple[int, int], proofs: tuple[int, int]) -> Tally:
    return Tally(
        expected=expected, closed=on_time, on_time=on_time, steps_done=steps[0],
        steps_due=steps[1], evidence_valid=proofs[0], evidence_due=proofs[1],
    )  # fmt: skip


def test_is_the_product_of_three_shares() -> None:
    assert tally(10, 8, (45, 50), (18, 20)).adherence == pytest.approx(0.8 * 0.9 * 0.9)


def test_is_unknown_when_nothing_was_expected() -> None:
    assert Tally(voided=3).adherence is None


def test_a_run_nobody_took_counts_against_it() -> None:
    assert tally(1, 0, (0, 5), (0, 4)).adherence == 0


def test_adds_counts_before_it_multiplies() -> None:
    small, large = tally(2, 2, (2, 2), (2, 2)), tally(98, 0, (0, 98), (0, 98))
    averaged = ((small.adherence or 0) + (large.adherence or 0)) / 2
    rolled = measure.total([small, large]).adherence
    assert rolled == pytest.approx(0.02**3)
    assert averaged == 0.5  # What adding percentages would have told.


def test_a_part_without_a_denominator_does_not_lower_it() -> None:
    assert tally(4, 4, (8, 8), (0, 0)).adherence == 1


def test_more_than_a_twentieth_voided_asks_for_a_look() -> None:
    assert not Tally(expected=95, voided=5).many_voids
    assert Tally(expected=94, voided=6).many_voids


def test_a_fall_needs_ten_points_and_runs_enough_in_both_periods() -> None:
    good, worse = tally(20, 18, (1, 1), (1, 1)), tally(20, 16, (1, 1), (1, 1))
    assert measure.fell(good, worse)
    assert not measure.fell(good, tally(20, 17, (1, 1), (1, 1)))
    assert not measure.fell(tally(19, 19, (1, 1), (1, 1)), worse)
