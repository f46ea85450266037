"""The segment log: frames are acknowledged when, and only when, they are on disk.

One process per gateway writes through `SegmentLog`; any number of processes read through
`LogReader` while it writes. A reader sees nothing that has not been synced, so no consumer ever
holds a position that a loss of power could give to another frame. Where each consumer stands is
kept elsewhere, in the same transaction as what the consumer did.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Protocol

from panshi.wire.reader import Batch, LogReader
from panshi.wire.records import (
    ALIGN,
    Frame,
    LostRange,
    Position,
    check_frame,
    device_key,
    find_record,
    pack_records,
    unpack_record,
)
from panshi.wire.segments import (
    HEADER_SIZE,
    SEGMENT_SIZE,
    Disk,
    DurableMark,
    LogFailed,
    Segment,
    create_segment,
    pack_header,
    prepare_spare,
    read_header,
    read_heads,
    segments,
    sync_folder,
    trim,
    write_heads,
)

HEADS_LOOK_BACK = 16  # Segments; behind them a device's chain begins anew.


class LogLocked(Exception):
    """Another process writes this log."""


class Log(Protocol):
    """What the gateway and its consumers ask of a log, on files or on a server."""

    def append(self, frames: Sequence[Frame]) -> Position:
        """Write the frames; returns, only when durable, the position behind the last one."""
        ...

    def read(self, start: Position, limit: int) -> Batch:
        """At most `limit` durable frames from `start` on."""
        ...

    def trim(self, before: Position) -> None:
        """Give up what lies behind `before`, in whole segments."""
        ...


@dataclass(frozen=True, slots=True)
class Run:
    """Bytes that go to one place: `base` names the segment, `heads` come with a new one."""

    base: int
    offset: int
    pieces: list[bytes]
    heads: dict[bytes, int] | None


class Stage:
    """Gives each frame its place in the log and turns it into bytes, before any disk is touched.

    Not safe for threads: whoever adds and takes holds one lock around both.
    """

    def __init__(
        self, *, base: int, limit: int, offset: int, size: int, heads: dict[bytes, int]
    ) -> None:
        self._base, self._limit, self._offset, self._size = base, limit, offset, size
        self._heads = heads
        self._pieces: list[bytes] = []
        self._runs = [Run(base=base, offset=offset, pieces=self._pieces, heads=None)]

    def add(self, frames: Sequence[Frame]) -> int:
        """Place the frames; answers the bytes they take. Raises FrameTooLong, then places none."""
        for frame in frames:
            check_frame(frame=frame, room=self._size - HEADER_SIZE)
        taken = 0
        while frames:
            count, behind = pack_records(
                frames=frames,
                offset=self._offset,
                limit=self._limit,
                heads=self._heads,
                pieces=self._pieces,
            )
            taken += behind - self._offset
            self._offset = behind
            frames = frames[count:]
            if frames:
                self._begin_segment()
        return taken

    def take(self) -> tuple[list[Run], Position]:
        """What has been placed since the last take, and the position behind it."""
        runs = [run for run in self._runs if run.pieces]
        self._pieces = []
        self._runs = [Run(base=self._base, offset=self._offset, pieces=self._pieces, heads=None)]
        return runs, Position(self._offset)

    def _begin_segment(self) -> None:
        self._base = self._limit
        self._limit += self._size
        self._offset = self._base + HEADER_SIZE
        self._pieces = []
        self._runs.append(
            Run(
                base=self._base,
                offset=self._offset,
                pieces=self._pieces,
                heads=dict(self._heads),
            )
        )


class SegmentLog:
    """The one writer of a gateway's log.

    `gateway` is 1..65535, `segment_size` in bytes. Opening
    repairs a torn tail and names, in `lost`, damaged ranges of the last segment. Raises LogLocked
    when another writer lives, LogUnreadable, LogFailed when the disk refuses.
    """

    def __init__(
        self,
        *,
        folder: Path,
        gateway: int,
        segment_size: int = SEGMENT_SIZE,
        disk: Disk | None = None,
    ) -> None:
        self._folder, self._gateway, self._size = folder, gateway, segment_size
        self._disk = disk or Disk()
        self._helper: Thread | None = None
        self._failed = False
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = _lock(folder)
        self._mark = DurableMark(folder=folder, write=True)
        self._reader = LogReader(folder=folder)
        self.lost: tuple[LostRange, ...] = ()
        try:
            self._open()
        except BaseException as error:
            self._mark.close()
            os.close(self._lock)
            if isinstance(error, OSError):
                raise LogFailed(str(error)) from error
            raise

    def append(self, frames: Sequence[Frame]) -> Position:
        """Write the frames as one group. Raises FrameTooLong before, LogFailed at the disk."""
        self.stage.add(frames)
        return self.flush(*self.stage.take())

    def flush(self, runs: Sequence[Run], end: Position) -> Position:
        """Bring staged runs to disk: one write and one sync for each. Raises LogFailed.

        After a failure the descriptor is closed unsynced and every further call fails, since a
        second sync would report success for pages that the kernel has already given up.
        """
        if self._failed:
            raise LogFailed("the log failed before")
        try:
            for run in runs:
                if run.base != self._segment.base:
                    self._roll(run)
                self._disk.write(
                    self._descriptor, b"".join(run.pieces), run.offset - self._segment.base
                )
                self._disk.sync_data(self._descriptor)
            self._mark.set(end)
        except OSError as error:
            self._failed = True
            os.close(self._descriptor)
            raise LogFailed(str(error)) from error
        return end

    def read(self, start: Position, limit: int) -> Batch:
        return self._reader.read(start, limit)

    def trim(self, before: Position) -> None:
        trim(folder=self._folder, before=before)

    def close(self) -> None:
        """Let another writer in. Everything acknowledged is on disk already."""
        if self._helper is not None:
            self._helper.join()
        if not self._failed:
            os.close(self._descriptor)
        self._reader.close()
        self._mark.close()
        os.close(self._lock)

    def _open(self) -> None:
        mark = self._mark.get() or 0
        files = segments(folder=self._folder)
        if files and mark <= files[-1].end:
            self._segment = files[-1]
            self._descriptor = os.open(self._segment.path, os.O_RDWR)
            heads = _former_heads(folder=self._folder, files=files)
            end = self._recover(mark=mark, heads=heads)
        else:
            # Offsets never restart, even when the files of a marked log are gone.
            heads = {}
            self._create(base=(mark + ALIGN - 1) & -ALIGN)
            end = self._segment.first
        self._mark.set(end)
        self.stage = Stage(
            base=self._segment.base,
            limit=self._segment.end,
            offset=end,
            size=self._size,
            heads=heads,
        )

    def _recover(self, *, mark: int, heads: dict[bytes, int]) -> int:
        """Find the end, zero what lies behind it, and have all of it on disk."""
        segment, descriptor = self._segment, self._descriptor
        whole = max(segment.size, self._size)  # One that was cut short gets its length again.
        content = os.pread(descriptor, segment.size, 0)
        found = _scan(content=content, segment=segment, mark=mark, heads=heads)
        self.lost = tuple(found.lost)
        here = found.end - segment.base
        torn = len(content[here:].rstrip(b"\0"))
        self._disk.write(descriptor, bytes(torn if whole == segment.size else whole - here), here)
        self._segment = Segment(path=segment.path, base=segment.base, size=whole)
        if read_header(segment=segment) is None:
            header = pack_header(
                gateway=self._gateway, base=segment.base, created_us=time.time_ns() // 1000
            )
            self._disk.write(descriptor, header, 0)
        # A process that died at a failed sync may have left pages which the kernel calls clean
        # though they never reached the disk: written again, they are synced for certain.
        again = max(mark, segment.first) - segment.base
        self._disk.write(descriptor, content[again:here], again)
        self._disk.sync(descriptor)
        sync_folder(self._folder)
        return found.end

    def _create(self, *, base: int) -> None:
        self._segment = create_segment(
            folder=self._folder,
            gateway=self._gateway,
            base=base,
            created_us=time.time_ns() // 1000,
            size=self._size,
            disk=self._disk,
        )
        self._descriptor = os.open(self._segment.path, os.O_RDWR)

    def _roll(self, run: Run) -> None:
        """Go on in the next segment; the one after it is prepared while frames flow."""
        if self._helper is not None:
            self._helper.join()
        former = self._descriptor
        self._create(base=run.base)
        os.close(former)
        self._helper = Thread(target=self._prepare, args=(run,), name="log-spare", daemon=True)
        self._helper.start()

    def _prepare(self, run: Run) -> None:
        try:
            write_heads(folder=self._folder, base=run.base, heads=run.heads or {})
            prepare_spare(folder=self._folder, size=self._size, disk=self._disk)
        except OSError:
            # Both are aids: the roll makes its own file and fails there if the disk is full.
            return


@dataclass(frozen=True, slots=True)
class _Found:
    end: int
    lost: list[LostRange]


def _lock(folder: Path) -> int:
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o640)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise LogLocked(f"{folder} has a writer") from error
    return descriptor


def _scan(*, content: bytes, segment: Segment, mark: int, heads: dict[bytes, int]) -> _Found:
    """Walk a segment; `heads` follow. Damage before `mark` is skipped, behind it is the end."""
    at, lost = HEADER_SIZE, list[LostRange]()
    durable = mark - segment.base
    while True:
        offset = segment.base + at
        stored = unpack_record(buffer=content, at=at, offset=offset)
        if stored is None:
            if at >= durable:
                return _Found(end=offset, lost=lost)
            stored = find_record(buffer=content[:durable], at=at + ALIGN, offset=offset + ALIGN)
            resumed = stored.position if stored else Position(mark)
            lost.append(LostRange(start=Position(offset), end=resumed))
            if stored is None:
                at = durable
                continue
        heads[device_key(protocol=stored.protocol, identity=stored.identity)] = stored.position
        at = stored.next - segment.base


def _former_heads(*, folder: Path, files: Sequence[Segment]) -> dict[bytes, int]:
    """The chain heads when the last segment began, from the newest file of them onwards."""
    last = len(files) - 1
    for index in range(last, max(last - HEADS_LOOK_BACK, -1), -1):
        heads = read_heads(folder=folder, base=files[index].base)
        if heads is not None or index in (0, last - HEADS_LOOK_BACK + 1):
            heads = heads or {}
            for segment in files[index:last]:
                content = segment.path.read_bytes()
                _scan(content=content, segment=segment, mark=segment.end, heads=heads)
            return {key: offset for key, offset in heads.items() if offset >= files[0].base}
    return {}
