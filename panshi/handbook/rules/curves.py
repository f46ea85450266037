"""A new city beside mature ones: which city is mature, the band they keep, where one lags."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import quantiles
from typing import Final

from panshi.handbook.rules.measure import ENOUGH, Tally

WEEK: Final = 7
MATURE_WEEKS: Final = 52
LOOKED_BACK: Final = 12
STEADY_WEEKS: Final = 8
COACHED: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """The adherence of some cities: its quartiles, from 0 to 1, and how many cities they are of."""

    low: float
    middle: float
    high: float
    cities: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """How far one city is behind mature ones in one thing, and how often it is done.

    `weight` is gap × runs expected: the runs that would go by the book if the gap were closed.
    `best` is the mature city with the best figure.
    """

    key: str
    own: Tally
    band: Band
    gap: float
    weight: float
    best: str
    best_tally: Tally


def band(tallies: Sequence[Tally]) -> Band | None:
    """The quartiles of cities with runs enough; None when there is no such city."""
    shares = sorted(t.adherence or 0.0 for t in tallies if t.enough)
    if not shares:
        return None
    if len(shares) == 1:
        return Band(low=shares[0], middle=shares[0], high=shares[0], cities=1)
    low, middle, high = quantiles(shares, n=4, method="inclusive")
    return Band(low=low, middle=middle, high=high, cities=len(shares))


def window(today: date) -> tuple[date, date]:
    """The days [since, until) of the last twelve whole weeks before today."""
    return today - timedelta(days=WEEK * LOOKED_BACK), today


def weeks_since(launched_on: date, day: date) -> int:
    """In which week after its launch a city is on a day, the first being 0."""
    return (day - launched_on).days // WEEK


def is_mature(launched_on: date, today: date, expected: Sequence[int]) -> bool:
    """Launched at least 52 weeks ago, with runs enough in 8 of the last 12 weeks.

    `expected` holds the runs expected in each of these weeks.
    """
    steady = sum(count >= ENOUGH for count in expected)
    return weeks_since(launched_on, today) >= MATURE_WEEKS and steady >= STEADY_WEEKS


def lag(key: str, own: Tally, mature: Mapping[str, Tally]) -> Lag | None:
    """How far a city is behind; None when it or all mature cities have too few runs to say."""
    known = {city: tally for city, tally in mature.items() if tally.enough}
    found = band(list(known.values()))
    if not own.enough or found is None:
        return None
    gap = found.middle - (own.adherence or 0.0)
    best = min(known, key=lambda city: (-(known[city].adherence or 0.0), city))
    return Lag(
        key=key, own=own, band=found, gap=gap, weight=gap * own.expected, best=best,
        best_tally=known[best],
    )  # fmt: skip


def coaching(
    own: Mapping[str, Tally], mature: Mapping[str, Mapping[str, Tally]]
) -> tuple[Lag, ...]:
    """The ten things in which closing the gap would help most; where it leads nothing is owed."""
    found = [lag(key, tally, mature.get(key, {})) for key, tally in own.items()]
    behind = [one for one in found if one is not None and one.gap > 0]
    return tuple(sorted(behind, key=lambda one: (-one.weight, one.key))[:COACHED])
