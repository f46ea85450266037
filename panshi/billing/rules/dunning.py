"""Which rung of the ladder a case climbs next: plain Python."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """A rung as it is climbed: `day` names it, `after` is the day on which it is due here."""

    day: int
    code: str
    after: int
    template: str = ""
    controls: bool = False
    notice_day: int | None = None
    notice_hours: int = 0


def next_rung(
    *,
    rungs: Sequence[Rung],
    days: int,
    fired: Collection[int],
    proven: Mapping[int, datetime],
    at: datetime,
) -> Rung | None:
    """The rung that fires now, `days` after the due day; None when there is none.

    Of several due ones only the highest fires. A rung that controls a vehicle waits until its
    notice was delivered long enough before: a notice that was never sent goes out instead, and
    while one is under way the highest other rung may fire.
    """
    top = max(fired, default=0)
    due = sorted((r for r in rungs if 0 < r.after <= days), key=lambda r: r.after, reverse=True)
    by_day = {r.day: r for r in rungs}
    for rung in due:
        if rung.day in fired or rung.day < top:
            continue
        if not rung.controls:
            return rung
        chosen = _allowed(rung, by_day, fired, proven, at)
        if chosen is not None:
            return chosen
    return None


def _allowed(
    rung: Rung,
    by_day: Mapping[int, Rung],
    fired: Collection[int],
    proven: Mapping[int, datetime],
    at: datetime,
) -> Rung | None:
    """The rung itself, or the notice that has to go before it, or None while that is under way."""
    if not rung.controls or rung.notice_day is None:
        return rung
    if rung.notice_day not in fired:
        notice = by_day.get(rung.notice_day)
        return None if notice is None else _allowed(notice, by_day, fired, proven, at)
    delivered = proven.get(rung.notice_day)
    old_enough = delivered is not None and at - delivered >= timedelta(hours=rung.notice_hours)
    return rung if old_enough else None


def working_day(day: date) -> date:
    """The day itself, or the Monday after a weekend."""
    return day + timedelta(days=max(0, 7 - day.weekday())) if day.weekday() >= 5 else day
