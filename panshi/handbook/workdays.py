"""Which days are worked in the cities, holidays and make-up workdays included."""

import logging
from datetime import date, time, timedelta
from functools import cache
from typing import Final

import chinese_calendar

from panshi.handbook.rules.clock import Calendar, Opening

log = logging.getLogger("panshi.handbook")
SATURDAY: Final = 5


@cache
def _warn(year: int) -> None:
    log.warning("no holidays are published for %d yet; weekdays are taken as workdays", year)


def is_workday(day: date) -> bool:
    """Whether a day is worked; a year not yet published counts Monday to Friday, with a warning."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        _warn(day.year)
        return day.weekday() < SATURDAY


def _public_holiday(day: date) -> bool:
    try:
        resting, name = chinese_calendar.get_holiday_detail(day)
    except NotImplementedError:
        _warn(day.year)
        return False
    return bool(resting) and name is not None


def holidays_between(since: date, until: date) -> list[date]:
    """The first days of the public holidays that begin on these days, both included."""
    days = (since + timedelta(days=n) for n in range((until - since).days + 1))
    return [d for d in days if _public_holiday(d) and not _public_holiday(d - timedelta(days=1))]


def calendar(opens: object, closes: object) -> Calendar:
    """The calendar of a city by its opening hours, written “09:00”; 9 to 18 when not given."""
    return Calendar(
        is_workday,
        Opening(
            time.fromisoformat(opens) if isinstance(opens, str) else time(9),
            time.fromisoformat(closes) if isinstance(closes, str) else time(18),
        ),
    )
