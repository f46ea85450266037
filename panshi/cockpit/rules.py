"""The arithmetic of figures: added before they are divided, with interval and verdict."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from math import sqrt
from typing import Final

SUM, RATIO, MEAN, PRODUCT = "SUM", "RATIO", "MEAN", "PRODUCT"
HIGH, LOW = "HIGH", "LOW"
OK, WARN, BAD = "ok", "warn", "bad"
ENOUGH: Final = 20
RED_PERIODS: Final = 3
_Z: Final = 1.959964

RENTAL, SERVICE, OTHER = "RENTAL", "SERVICE", "OTHER"
SOURCE_OF: Final = {
    "6001.rental": RENTAL,
    "6001.service": SERVICE,
    "6001.smart": OTHER,
    "6001.share": OTHER,
    "6051": OTHER,
}
INCOME: Final = tuple(SOURCE_OF)
RECEIVABLE: Final = "1122"
BILL_KINDS: Final = ("BILL_ISSUED", "BILL_CREDITED")


@dataclass(frozen=True, slots=True)
class Measure:
    """How an indicator is computed: `scale` × Σ numerators ÷ Σ denominators, or their sum.

    A PRODUCT of shares comes from its owner as a numerator over cases, and has no interval.
    """

    form: str
    scale: int = 1
    better: str = ""
    green: Decimal | None = None
    red: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """Numerators and denominators of any number of cells, added."""

    numerator: Decimal = Decimal(0)
    denominator: Decimal = Decimal(0)

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.numerator + other.numerator, self.denominator + other.denominator)


@dataclass(frozen=True, slots=True)
class Interval:
    low: float
    high: float


def value(measure: Measure, tally: Tally) -> Decimal | None:
    """The figure, or None when there is nothing to divide by."""
    if measure.form == SUM:
        return tally.numerator
    if not tally.denominator:
        return None
    return measure.scale * tally.numerator / tally.denominator


def wilson(part: float, whole: float) -> Interval | None:
    """The 95 % interval of a share (Wilson's score); None without cases."""
    if whole <= 0:
        return None
    share = min(max(part / whole, 0.0), 1.0)
    middle = share + _Z * _Z / (2 * whole)
    spread = _Z * sqrt(share * (1 - share) / whole + _Z * _Z / (4 * whole * whole))
    scale = 1 + _Z * _Z / whole
    return Interval((middle - spread) / scale, (middle + spread) / scale)


def grade(
    figure: Decimal | None, *, green: Decimal | None, red: Decimal | None, better: str
) -> str:
    """`ok`, `warn` or `bad` against the two marks; empty where there is no figure or no mark."""
    if figure is None or not better or green is None or red is None:
        return ""
    sign = 1 if better == HIGH else -1
    if sign * figure >= sign * green:
        return OK
    return BAD if sign * figure < sign * red else WARN


def is_alarming(
    *, measure: Measure, whole: Tally, days: list[Tally], green: Decimal, red: Decimal
) -> bool:
    """Whether a figure calls for an alert.

    It does when its 95 % interval lies wholly beyond red, or the last three days with cases are
    red each. A share has Wilson's interval; other forms are judged by days only. Fewer cases than
    twenty never alarm by interval.
    """
    if measure.form == RATIO and measure.scale == 1 and whole.denominator >= ENOUGH:
        interval = wilson(float(whole.numerator), float(whole.denominator))
        if interval is not None:
            beyond = (
                interval.high < float(red) if measure.better == HIGH else interval.low > float(red)
            )
            if beyond:
                return True
    graded = [
        grade(value(measure, day), green=green, red=red, better=measure.better)
        for day in days
        if day.denominator or measure.form == SUM
    ]
    return len(graded) >= RED_PERIODS and all(g == BAD for g in graded[-RED_PERIODS:])


def is_cleared(figure: Decimal | None, *, green: Decimal, red: Decimal, better: str) -> bool:
    """Whether an alert may close: the figure is off red by a tenth of the way to green."""
    if figure is None:
        return False
    margin = red + (green - red) / 10
    return figure >= margin if better == HIGH else figure <= margin


def growth(now: Decimal, before: Decimal) -> Decimal | None:
    """now ÷ before − 1, or None when there was nothing before."""
    return now / before - 1 if before else None


def score(likelihood: int, impact: int) -> int:
    """A risk's weight, from 1 to 25."""
    return likelihood * impact


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `since` up to, and without, `until`."""

    code: str
    since: date
    until: date

    @property
    def days(self) -> list[date]:
        return [self.since + timedelta(n) for n in range((self.until - self.since).days)]


PERIODS: Final = ("TODAY", "WEEK", "MONTH", "QUARTER")


def period(code: str, today: date) -> Period:
    """Today, seven days, this month or ninety days, today included; the month for any other."""
    until = today + timedelta(1)
    since = {
        "TODAY": today,
        "WEEK": today - timedelta(6),
        "QUARTER": today - timedelta(89),
    }.get(code, today.replace(day=1))
    return Period(code if code in PERIODS else "MONTH", since, until)
