"""Orders of the platform on their way to terminals' lines, and what comes back."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from panshi.wire import gb32960_columns, jtt808_columns
from panshi.wire.adapters import ADAPTERS
from panshi.wire.columns import CODES, GB32960
from panshi.wire.errors import WireError

if TYPE_CHECKING:
    from panshi.gateway.lines import Line

_log = logging.getLogger(__name__)
FRESH_S: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order as telematics handed it over; `still` ones reach a standing vehicle only."""

    command_id: str
    code: int
    identity: bytes
    adapter: str
    data: bytes
    still: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What became of an order: WRITTEN is not told, VETOED, LOST or ANSWERED are."""

    command_id: str
    outcome: str
    taken: bool = False
    state: str = ""
    data: bytes = b""


class Orders:
    """Orders that were written and wait for their answer, one a line; lives in the event loop."""

    def __init__(self) -> None:
        self._waiting: dict[Line, Order] = {}
        self._heard: list[Heard] = []

    def write(self, order: Order, line: Line | None, *, now: float) -> None:
        """Write an order to its line, unless that is gone or the vehicle moves."""
        if line is None or line.reason:
            self._heard.append(Heard(command_id=order.command_id, outcome="LOST"))
        elif order.still and not stands(line, now=now):
            self._heard.append(Heard(command_id=order.command_id, outcome="VETOED"))
        else:
            self._waiting[line] = order
            line.write(order.data)

    def answered(self, line: Line, frame: bytes) -> bool:
        """Take a frame that answers this line's order; False when it is none."""
        order = self._waiting.get(line)
        if order is None:
            return False
        try:
            answer = ADAPTERS[order.adapter].understands(frame=frame)
        except WireError as problem:
            _log.warning("an answer is not understood: %s", problem)
            return False
        if answer is None:
            return False
        del self._waiting[line]
        self._heard.append(
            Heard(
                command_id=order.command_id,
                outcome="ANSWERED",
                taken=answer.taken,
                state=answer.state,
                data=frame,
            )
        )
        return True

    def left(self, line: Line) -> None:
        """The line is gone, and with it the answer; whether the order arrived nobody knows."""
        order = self._waiting.pop(line, None)
        if order is not None:
            self._heard.append(Heard(command_id=order.command_id, outcome="LOST"))

    def turn(self) -> list[Heard]:
        """Give what was heard since the last turn."""
        heard, self._heard = self._heard, []
        return heard

    def put_back(self, heard: Sequence[Heard]) -> None:
        self._heard[:0] = heard


def stands(line: Line, *, now: float) -> bool:
    """Whether the newest report of this very session that has a speed is fresh and says zero."""
    if line.moved_frame is None or now - line.moved_at > FRESH_S:
        return False
    codec = gb32960_columns if line.code == CODES[GB32960] else jtt808_columns
    try:
        readings = codec.read_columns(frame=line.moved_frame, tolerant=True)
    except WireError:
        return False
    speeds = [r.speed_tenths for r in readings if r.speed_tenths is not None]
    return bool(speeds) and speeds[-1] == 0
