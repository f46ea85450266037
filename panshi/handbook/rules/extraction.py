"""Which closed work teaches something: the rules by which a case is proposed."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

LATE_TWICE, HALTED, REOPENED, LOW_RATING, SAFETY, DEAR, QUICK = (
    "LATE_TWICE", "HALTED", "REOPENED", "LOW_RATING", "SAFETY", "DEAR", "QUICK",
)  # fmt: skip
# The gravest first: a night proposes no more than an editor can read.
WEIGHTS: Final = {
    SAFETY: 6, HALTED: 5, REOPENED: 4, LOW_RATING: 4, LATE_TWICE: 3, DEAR: 2, QUICK: 1,
}  # fmt: skip
# The five heads of a case, in their order.
SITUATION, COURSE, HANDLING, RESULT, LESSON = (
    "SITUATION", "COURSE", "HANDLING", "RESULT", "LESSON",
)  # fmt: skip
HEADS: Final = (SITUATION, COURSE, HANDLING, RESULT, LESSON)
LOW: Final = 2
ENOUGH: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is known of one piece of closed work; None where it does not apply.

    `minutes` it took, `allowed` it had; `median` and `p95_cost` are of its kind when at least
    twenty of it are known.
    """

    minutes: float | None = None
    allowed: float | None = None
    median: float | None = None
    halted: bool = False
    reopened: bool = False
    safety: bool = False
    stars: int | None = None
    cost: Decimal | None = None
    p95_cost: Decimal | None = None
    full_evidence: bool = False


def reasons(told: Told) -> list[str]:
    """Why this is worth a case, the gravest first; empty when it is not."""
    return sorted(_reasons(told), key=lambda reason: -WEIGHTS[reason])


def _reasons(told: Told) -> Iterator[str]:
    late = told.minutes is not None and told.allowed is not None
    if late and (told.minutes or 0) > 2 * (told.allowed or 0) > 0:
        yield LATE_TWICE
    if told.halted:
        yield HALTED
    if told.reopened:
        yield REOPENED
    if told.stars is not None and told.stars <= LOW:
        yield LOW_RATING
    if told.safety:
        yield SAFETY
    if told.cost is not None and told.p95_cost is not None and told.cost > told.p95_cost:
        yield DEAR
    if (
        told.median is not None
        and told.minutes is not None
        and told.full_evidence
        and told.minutes <= told.median / 2
    ):
        yield QUICK
