"""Reading the segment log, in the writer's process or in another one, while it is written."""

from __future__ import annotations

import os
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path

from panshi.wire.records import (
    ALIGN,
    LostRange,
    Position,
    Stored,
    find_record,
    unpack_record,
)
from panshi.wire.segments import DurableMark, Segment, read_header, segments

CHUNK = 1024 * 1024  # Bytes; longer than the longest record.
PEEK = 4096  # Bytes; most records are shorter.


@dataclass(frozen=True, slots=True)
class Batch:
    """Frames in the order of the log, where to go on, and what could not be read on the way."""

    frames: tuple[Stored, ...]
    next: Position
    lost: tuple[LostRange, ...]


class LogReader:
    """Follows a log; opening it needs no writer. Use from one thread at a time."""

    def __init__(self, *, folder: Path) -> None:
        self._folder = folder
        self._mark: DurableMark | None = None
        self._files: list[Segment] = []
        self._open: tuple[int, int] | None = None  # Base and descriptor of the segment in hand.

    def end(self) -> Position:
        """Up to where the log is on disk; 0 before a writer has opened it."""
        if self._mark is None:
            try:
                self._mark = DurableMark(folder=self._folder, write=False)
            except FileNotFoundError:
                return Position(0)
        return Position(self._mark.get() or 0)

    def read(self, start: Position, limit: int) -> Batch:
        """At most `limit` durable frames from `start` on; position 0 is the oldest kept.

        Each damaged or missing range behind `start` is named once, by the batch that passes it.
        Raises LogUnreadable.
        """
        frames, lost = list[Stored](), list[LostRange]()
        end, at = self.end(), int(start)
        while at < end and len(frames) < limit:
            segment = self._segment(at)
            if segment is None:
                segment = self._following(at)
                if segment is None:
                    break
                if segment.base > at > 0:
                    lost.append(LostRange(start=Position(at), end=Position(segment.base)))
            at = max(at, segment.first)
            if at >= end:
                break
            chunk = self._bytes(segment=segment, at=at, end=end)
            if chunk is None:
                continue  # Trimmed since the folder was listed.
            begin = at
            at = _gather(chunk=chunk, at=at, limit=limit, frames=frames)
            if at == begin:
                at = self._skip(segment=segment, at=at, end=min(segment.end, end), lost=lost)
        return Batch(frames=tuple(frames), next=Position(at), lost=tuple(lost))

    def chain(self, head: Position, limit: int) -> tuple[Stored, ...]:
        """One device's last frames, newest first: each record names the one before it.

        Ends early where a record is damaged or trimmed.
        """
        frames, at, end = list[Stored](), int(head), self.end()
        while 0 < at < end and len(frames) < limit:
            segment = self._segment(at)
            stored = self._record(segment=segment, at=at, end=end) if segment else None
            if stored is None or stored.previous >= at:
                break
            frames.append(stored)
            at = stored.previous
        return tuple(frames)

    def close(self) -> None:
        self._let_go()
        if self._mark is not None:
            self._mark.close()
            self._mark = None

    def _segment(self, at: int) -> Segment | None:
        """The segment that holds offset `at`, from the known list or a fresh one."""
        for fresh in (False, True):
            if fresh:
                self._files = segments(folder=self._folder)
            index = bisect_right(self._files, at, key=lambda segment: segment.base) - 1
            if index >= 0 and at < self._files[index].end:
                return self._files[index]
        return None

    def _following(self, at: int) -> Segment | None:
        index = bisect_right(self._files, at, key=lambda segment: segment.base)
        return self._files[index] if index < len(self._files) else None

    def _record(self, *, segment: Segment, at: int, end: int) -> Stored | None:
        for size in (PEEK, CHUNK):
            chunk = self._bytes(segment=segment, at=at, end=end, size=size)
            stored = chunk and unpack_record(buffer=chunk, at=0, offset=at)
            if stored:
                return stored
        return None

    def _skip(self, *, segment: Segment, at: int, end: int, lost: list[LostRange]) -> int:
        """Pass what is no record: the zeros behind a sealed segment's last one, or damage."""
        rest = self._bytes(segment=segment, at=at, end=end, size=segment.size)
        if rest is None:
            return at
        stored = find_record(buffer=rest, at=ALIGN, offset=at + ALIGN)
        resumed = stored.position if stored else Position(end)
        if stored or end < segment.end or rest.strip(b"\0"):
            lost.append(LostRange(start=Position(at), end=resumed))
        return resumed

    def _bytes(self, *, segment: Segment, at: int, end: int, size: int = CHUNK) -> bytes | None:
        if self._open is None or self._open[0] != segment.base:
            self._let_go()
            try:
                read_header(segment=segment)
                self._open = (segment.base, os.open(segment.path, os.O_RDONLY))
            except FileNotFoundError:
                self._files = []
                return None
        return os.pread(self._open[1], min(size, end - at), at - segment.base)

    def _let_go(self) -> None:
        if self._open is not None:
            os.close(self._open[1])
            self._open = None


def _gather(*, chunk: bytes, at: int, limit: int, frames: list[Stored]) -> int:
    """Take whole records from a chunk that begins at offset `at`; answers where they end."""
    begin = at
    while len(frames) < limit:
        stored = unpack_record(buffer=chunk, at=at - begin, offset=at)
        if stored is None:
            break
        frames.append(stored)
        at = stored.next
    return at
