"""The clock of a run, in wall and in working time."""

from datetime import UTC, datetime, time, timedelta

import pytest

from panshi.handbook.rules import clock
from panshi.handbook.rules.clock import Calendar, Opening, Rung, span
from panshi.handbook.workdays import is_workday
from panshi.kit.clock import SHANGHAI

pytestmark = pytest.mark.plain

CALENDAR = Calendar(is_workday, Opening(time(9), time(18)))


def shanghai(year: int, month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=SHANGHAI)


def due(start: datetime, allowed: str, *, working: bool = True, share: int = 100) -> datetime:
    return clock.due_at(
        start, span(allowed), working=working, calendar=CALENDAR, share=share
    ).astimezone(SHANGHAI)


@pytest.mark.parametrize(
    ("start", "allowed", "expected"),
    [
        (shanghai(2026, 3, 10, 10), "4h", shanghai(2026, 3, 10, 14)),
        (shanghai(2026, 3, 10, 16), "4h", shanghai(2026, 3, 11, 11)),
        (shanghai(2026, 3, 10, 22), "30m", shanghai(2026, 3, 11, 9, 30)),
        (shanghai(2026, 3, 13, 17), "2h", shanghai(2026, 3, 16, 10)),  # Over a weekend.
        (shanghai(2026, 3, 10, 10), "3d", shanghai(2026, 3, 13, 10)),
        (shanghai(2026, 9, 30, 17), "2h", shanghai(2026, 10, 8, 10)),  # Over National Day.
        (shanghai(2026, 10, 9, 17), "2h", shanghai(2026, 10, 10, 10)),  # A make-up Saturday.
    ],
)
def test_working_time_skips_nights_weekends_and_holidays(
    start: datetime, allowed: str, expected: datetime
) -> None:
    assert due(start, allowed) == expected


def test_wall_time_runs_through() -> None:
    start = datetime(2027, 3, 12, 15, tzinfo=UTC)
    assert due(start, "3d", working=False) == start + timedelta(days=3)
    assert due(start, "1h", working=False, share=50) == start + timedelta(minutes=30)


def test_rungs_count_from_the_start_or_from_what_was_due() -> None:
    start = shanghai(2026, 3, 10, 10)
    moved = start + timedelta(hours=9)  # A pause moved what is due.

    def at(rung: Rung) -> datetime:
        return clock.rung_moment(
            rung, start=start, due=moved, allowed=span("4h"), working=False, calendar=CALENDAR
        )

    assert at(Rung(to="a", share=50)) == start + timedelta(hours=2)
    assert at(Rung(to="a", share=100)) == moved
    assert at(Rung(to="a", after=span("1d"))) == moved + timedelta(days=1)


@pytest.mark.parametrize("text", ["", "4", "h", "0h", "4 h", "-1h", "4w", 4])
def test_what_is_no_time_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="is not a time"):
        span(text)
