"""Group commit: many sessions' frames share one write and one sync, then all are answered."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Condition, Thread
from time import monotonic

from panshi.wire.log import Run, SegmentLog
from panshi.wire.records import Frame, Position
from panshi.wire.segments import LogFailed

GROUP_SECONDS = 0.010
GROUP_FRAMES = 300
GROUP_BYTES = 256 * 1024

NOWHERE = Position(0)
Done = Callable[[Position], None]


@dataclass(slots=True)
class _Group:
    closes_at: float
    done: list[Done] = field(default_factory=list)
    bytes: int = 0
    runs: list[Run] = field(default_factory=list)
    end: Position = NOWHERE
    closed: bool = False


class GroupCommit:
    """Hands frames from the event loop to one writer thread.

    A group closes 10 ms after its first frame, at 300 frames or at 256 KiB. Frames become bytes in
    the loop while the thread waits for the disk. When a group is durable, all its callbacks run in
    one turn of the loop. When the disk fails, no callback of that group or a later one ever
    runs, and `on_failed` is called once, in the loop; the process must then end.
    """

    def __init__(
        self,
        *,
        log: SegmentLog,
        loop: asyncio.AbstractEventLoop,
        on_failed: Callable[[LogFailed], None],
        group_frames: int = GROUP_FRAMES,
    ) -> None:
        self._log, self._loop, self._on_failed = log, loop, on_failed
        self._group_frames = group_frames
        self._groups: deque[_Group] = deque()
        self._wake = Condition()
        self._closing = False
        self._waiting = 0
        self._writer = Thread(target=self._write_groups, name="log-writer", daemon=True)
        self._writer.start()

    @property
    def backlog(self) -> int:
        """Frames handed in and not yet durable; the gateway stops reading when it grows."""
        return self._waiting

    def submit(self, *, frame: Frame, done: Done) -> None:
        """Take one frame; `done` hears, in the loop, the position up to which all is durable.

        Called in the loop's thread. Raises FrameTooLong.
        """
        with self._wake:
            group = self._groups[-1] if self._groups else None
            if group is None or group.closed:
                group = _Group(closes_at=monotonic() + GROUP_SECONDS)
                self._groups.append(group)
                self._wake.notify()
            group.bytes += self._log.stage.add((frame,))
            group.done.append(done)
            self._waiting += 1
            if len(group.done) >= self._group_frames or group.bytes >= GROUP_BYTES:
                self._close(group)
                self._wake.notify()

    async def append(self, frame: Frame) -> Position:
        """The same for a coroutine: returns once the frame is durable. Raises FrameTooLong."""
        durable: asyncio.Future[Position] = self._loop.create_future()

        def resolve(end: Position) -> None:
            if not durable.cancelled():
                durable.set_result(end)

        self.submit(frame=frame, done=resolve)
        return await durable

    def close(self) -> None:
        """Write what is waiting and end the thread; the log stays open. Callbacks still come."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._writer.join()

    def _close(self, group: _Group) -> None:
        group.runs, group.end = self._log.stage.take()
        group.closed = True

    def _next_group(self) -> _Group | None:
        with self._wake:
            while not self._groups and not self._closing:
                self._wake.wait()
            if not self._groups:
                return None
            group = self._groups[0]
            while not group.closed:
                left = group.closes_at - monotonic()
                if left <= 0 or self._closing:
                    self._close(group)
                else:
                    self._wake.wait(left)
            return self._groups.popleft()

    def _write_groups(self) -> None:
        while (group := self._next_group()) is not None:
            try:
                self._log.flush(group.runs, group.end)
            except LogFailed as error:
                self._loop.call_soon_threadsafe(self._on_failed, error)
                return
            self._loop.call_soon_threadsafe(self._answer, group)

    def _answer(self, group: _Group) -> None:
        self._waiting -= len(group.done)
        for done in group.done:
            try:
                done(group.end)
            except Exception as error:
                # One session's broken socket must not keep the others from their answers.
                self._loop.call_exception_handler(
                    {"message": "an answer to a durable frame failed", "exception": error}
                )
