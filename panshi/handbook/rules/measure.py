"""Adherence, with its denominators: counts are added first, shares are taken last."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from typing import Final

ENOUGH: Final = 20
FALL_POINTS: Final = 10
PERIODS: Final = (7, 28, 84)  # Days of adherence that a page may ask for.


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of the runs that fell due in one cell: node, city, edition, day or any sum of such.

    `expected` leaves voided runs out and keeps those that nobody took.
    """

    expected: int = 0
    voided: int = 0
    by_hand: int = 0
    closed: int = 0
    on_time: int = 0
    steps_due: int = 0
    steps_done: int = 0
    evidence_due: int = 0
    evidence_valid: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    @property
    def adherence(self) -> float | None:
        """T/E × S/S₀ × V/V₀, from 0 to 1; None when nothing was expected.

        A part without a denominator does not lower the product.
        """
        if not self.expected:
            return None
        return (
            self.on_time
            / self.expected
            * _share(self.steps_done, self.steps_due)
            * _share(self.evidence_valid, self.evidence_due)
        )

    @property
    def punctuality(self) -> float | None:
        return self.on_time / self.expected if self.expected else None

    @property
    def completion(self) -> float | None:
        return self.closed / self.expected if self.expected else None

    @property
    def enough(self) -> bool:
        """Whether there are runs enough to show and rank a city by."""
        return self.expected >= ENOUGH

    @property
    def many_voids(self) -> bool:
        """More than a twentieth of the runs was voided, which asks for a look."""
        return self.voided * 20 > self.expected + self.voided


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def total(tallies: Iterable[Tally]) -> Tally:
    return sum(tallies, Tally())


def fell(before: Tally, now: Tally) -> bool:
    """Whether adherence dropped by ten points or more between two periods with runs enough."""
    if not (before.enough and now.enough):
        return False
    was, is_ = before.adherence, now.adherence
    return was is not None and is_ is not None and round((was - is_) * 100, 6) >= FALL_POINTS
