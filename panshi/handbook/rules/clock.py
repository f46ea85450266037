"""The clock of a run: due moments in wall or working time, counted from the fact's own moment."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from panshi.kit.clock import SHANGHAI

_UNITS: Final = {"m": 60, "h": 3600, "d": 86400}
_SPAN: Final = re.compile(r"([1-9]\d{0,4})([mhd])")
_RUNG: Final = re.compile(r"(\d{1,3})%|\+(.+)")
_FAR: Final = 3700

Workday = Callable[[date], bool]


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time as written: 30m, 4h, 3d."""

    amount: int
    unit: str

    @property
    def wall(self) -> timedelta:
        return timedelta(seconds=self.amount * _UNITS[self.unit])

    def __str__(self) -> str:
        return f"{self.amount}{self.unit}"


@dataclass(frozen=True, slots=True)
class Opening:
    """The hours a city works, by local time; `opens` before `closes`."""

    opens: time = time(9)
    closes: time = time(18)

    def __str__(self) -> str:
        return f"{self.opens:%H:%M}–{self.closes:%H:%M}"

    @property
    def length(self) -> timedelta:
        return timedelta(
            hours=self.closes.hour - self.opens.hour, minutes=self.closes.minute - self.opens.minute
        )


@dataclass(frozen=True, slots=True)
class Calendar:
    """Which days are worked and when; `is_workday` knows holidays and make-up workdays."""

    is_workday: Workday
    opening: Opening = Opening()


@dataclass(frozen=True, slots=True)
class Rung:
    """One rung of the ladder: at a share of the time allowed, or a span after it ran out."""

    to: str
    share: int | None = None
    after: Span | None = None
    reassign: bool = False

    @property
    def at(self) -> str:
        return f"{self.share}%" if self.share is not None else f"+{self.after}"


def span(text: object) -> Span:
    """Read 30m, 4h or 3d; raises ValueError for anything else."""
    match = _SPAN.fullmatch(str(text))
    if match is None:
        raise ValueError(f"“{text}” is not a time such as 30m, 4h or 3d")
    return Span(int(match[1]), match[2])


def rung_at(text: object) -> tuple[int | None, Span | None]:
    """Read 50% or +1d; raises ValueError for anything else."""
    match = _RUNG.fullmatch(str(text))
    if match is None:
        raise ValueError(f"“{text}” is not a rung such as 50% or +1d")
    if match[1] is None:
        return None, span(match[2])
    share = int(match[1])
    if not 1 <= share <= 100:
        raise ValueError(f"“{text}” is not between 1% and 100%")
    return share, None


def _working_length(length: Span, opening: Opening) -> timedelta:
    return length.amount * opening.length if length.unit == "d" else length.wall


def _after_working(start: datetime, left: timedelta, calendar: Calendar) -> datetime:
    """The moment when `left` of opening time has passed since `start`."""
    local = start.astimezone(SHANGHAI)
    day = local.date()
    for _ in range(_FAR):
        if calendar.is_workday(day):
            opens = datetime.combine(day, calendar.opening.opens, SHANGHAI)
            closes = datetime.combine(day, calendar.opening.closes, SHANGHAI)
            begin = max(opens, local)
            if begin < closes:
                if left <= closes - begin:
                    return (begin + left).astimezone(start.tzinfo)
                left -= closes - begin
        day += timedelta(days=1)
    raise ValueError("no working time within ten years")


def due_at(
    start: datetime, allowed: Span, *, working: bool, calendar: Calendar, share: int = 100
) -> datetime:
    """When `share` percent of the time allowed since `start` has passed."""
    if not working:
        return start + allowed.wall * share / 100
    return _after_working(start, _working_length(allowed, calendar.opening) * share / 100, calendar)


def rung_moment(
    rung: Rung, *, start: datetime, due: datetime, allowed: Span, working: bool, calendar: Calendar
) -> datetime:
    """When a rung of the ladder is climbed; a share counts from the start, a span from `due`."""
    if rung.after is not None:
        return due_at(due, rung.after, working=working, calendar=calendar)
    moment = due_at(start, allowed, working=working, calendar=calendar, share=rung.share or 100)
    return due if rung.share == 100 else moment
