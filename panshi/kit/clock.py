"""Local days and months. Moments are UTC; a day is a day in Shanghai."""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
_FIRST_YEAR = 1900
_LAST_YEAR = 2199


def local_day(at: datetime) -> date:
    return at.astimezone(SHANGHAI).date()


def day_start(day: date) -> datetime:
    """Return the moment, in UTC, at which a local day begins."""
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)


def day_span(day: date) -> tuple[datetime, datetime]:
    """Return [start, end) of a local day in UTC."""
    return day_start(day), day_start(day + timedelta(days=1))


def read_day(words: str) -> date:
    """The day that somebody wrote as 2027-03-09.

    Raises ValueError for what is no day, and for one that no business has: the days around the
    ends of the calendar have no neighbours to count with.
    """
    day = date.fromisoformat(words)
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise ValueError(words)
    return day


def month_start(day: date) -> date:
    return day.replace(day=1)


def months_apart(since: date, until: date) -> int:
    """From which calendar month to which, whatever the days: negative when `until` is earlier."""
    return (until.year - since.year) * 12 + until.month - since.month


def add_months(anchor: date, months: int) -> date:
    """Return `anchor` moved by whole months, clamped to the month's end; never chain it."""
    index = anchor.year * 12 + anchor.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(anchor.day, monthrange(year, month + 1)[1]))
