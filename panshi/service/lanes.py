"""The board as cells: a lane per engineer, a column per quarter of an hour."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from panshi.kit.clock import day_start
from panshi.people import queries as people
from panshi.service.queries import Board, BoardVisit, Lane

FROM_HOUR: Final = 7
UNTIL_HOUR: Final = 21
STEP: Final = timedelta(minutes=15)
COLUMNS: Final = (UNTIL_HOUR - FROM_HOUR) * 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A stretch of one lane: `kind` is "off", "free" or "visit"; `span` in quarters of an hour."""

    span: int
    kind: str
    now: bool = False
    visit: BoardVisit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneRow:
    lane: Lane
    cells: tuple[Cell, ...]

    @property
    def skills(self) -> str:
        return " · ".join(people.skill_words(self.lane.skills))


def hours() -> tuple[int, ...]:
    return tuple(range(FROM_HOUR, UNTIL_HOUR))


def _column(moment: datetime, day: date) -> int:
    begins = day_start(day) + timedelta(hours=FROM_HOUR)
    return min(max(int((moment - begins) / STEP), 0), COLUMNS)


def rows(board: Board, now: datetime) -> tuple[LaneRow, ...]:
    """Each lane as cells that fill the row from the first hour to the last."""
    return tuple(LaneRow(lane=lane, cells=_cells(lane, board.day, now)) for lane in board.lanes)


def _cells(lane: Lane, day: date, now: datetime) -> tuple[Cell, ...]:
    here = _column(now, day) if day_start(day) <= now < day_start(day) + timedelta(days=1) else -1
    works = (
        range(_column(lane.shift_start, day), _column(lane.shift_end, day))
        if lane.shift_start and lane.shift_end
        else range(0)
    )
    cells: list[Cell] = []
    at = 0
    for visit in lane.visits:
        if visit.starts_at is None or visit.ends_at is None:
            continue
        begin = max(_column(visit.starts_at, day), at)
        end = max(_column(visit.ends_at - timedelta(seconds=1), day) + 1, begin + 1)
        cells += _idle(at, begin, works, here)
        cells.append(Cell(span=end - begin, kind="visit", visit=visit, now=begin <= here < end))
        at = end
    return (*cells, *_idle(at, COLUMNS, works, here))


def _idle(begin: int, end: int, works: Sequence[int], here: int) -> list[Cell]:
    """Free and off stretches, cut at full hours so that the grid shows through."""
    cells: list[Cell] = []
    at = begin
    while at < end:
        kind = "free" if at in works else "off"
        stop = at + 1
        while stop < end and stop % 4 and stop != here and (stop in works) == (at in works):
            stop += 1
        cells.append(Cell(span=stop - at, kind=kind, now=at <= here < stop))
        at = stop
    return cells
