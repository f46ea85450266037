"""Rhythms: which periods of a schedule begin between two moments, by Shanghai days."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from panshi.kit.clock import SHANGHAI, day_start, local_day, month_start

MIDNIGHT: Final = time()
SHIFTS: Final = (time(0), time(8), time(16))
MONDAY: Final = 0
FORTNIGHTS_FROM: Final = date(2024, 1, 1)  # A Monday.
# What nobody did on its day cannot be done a month later; what a month asks for still can.
SOON_PAST: Final = timedelta(days=3)
LOOK_BACK: Final = timedelta(days=35)
_BRIEF: Final = ("shift", "daily", "nightly")

Holidays = Callable[[date, date], Sequence[date]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """How often something is done: `every`, from what hour on, or how long before the period.

    `shifts` are the hours at which a shift begins; `holidays` answers the first days of the
    holidays between two days.
    """

    every: str
    at: time = MIDNIGHT
    before: timedelta = timedelta()
    shifts: tuple[time, ...] = SHIFTS
    holidays: Holidays = lambda since, until: ()


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """One period of a rhythm: when its run begins, and its name, such as 2027-03 or 2027-W10."""

    begins: datetime
    key: str


def _week(day: date) -> str:
    year, week, _weekday = day.isocalendar()
    return f"{year}-W{week:02}"


def _name(every: str, day: date) -> str | None:
    """What the period that begins on this day is called; None when none does."""
    first = day.day == 1
    match every:
        case "daily" | "nightly":
            return day.isoformat()
        case "weekly":
            return _week(day) if day.weekday() == MONDAY else None
        case "fortnightly":
            return _week(day) if (day - FORTNIGHTS_FROM).days % 14 == 0 else None
        case "monthly" | "billing_day":
            return f"{day:%Y-%m}" if first else None
        case "month_end":
            return f"{month_start(day - timedelta(days=1)):%Y-%m}" if first else None
        case "quarterly":
            return f"{day.year}-Q{day.month // 3 + 1}" if first and day.month % 3 == 1 else None
        case "half_yearly":
            return f"{day.year}-H{day.month // 6 + 1}" if first and day.month % 6 == 1 else None
        case "yearly":
            return str(day.year) if first and day.month == 1 else None
    return None


def _days(since: date, until: date) -> Iterator[date]:
    for number in range((until - since).days + 1):
        yield since + timedelta(days=number)


def _begun(rhythm: Rhythm, since: date, until: date) -> Iterator[Period]:
    if rhythm.every == "shift":
        for day in _days(since, until):
            for hour in rhythm.shifts:
                yield Period(datetime.combine(day, hour, SHANGHAI), f"{day}T{hour:%H:%M}")
        return
    holidays = rhythm.holidays(since, until) if rhythm.every == "holiday" else ()
    for day in _days(since, until):
        name = day.isoformat() if day in holidays else _name(rhythm.every, day)
        if name:
            start = day - rhythm.before
            yield Period(datetime.combine(start, rhythm.at, SHANGHAI), name)


def begun(rhythm: Rhythm, since: datetime, until: datetime) -> list[Period]:
    """The periods whose run begins in (since, until], first to last."""
    days = local_day(since), local_day(until + rhythm.before)
    return sorted(p for p in _begun(rhythm, *days) if since < p.begins <= until)


def looked_back(every: str, at: datetime) -> datetime:
    """From when on a period that was missed is still started."""
    back = SOON_PAST if every in _BRIEF else LOOK_BACK
    return day_start(local_day(at - back))
