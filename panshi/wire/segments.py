"""Files of the segment log: segments, the durable mark, chain heads, free space, trimming.

One folder per gateway holds `<first offset, 16 hex>.seg`, `.heads` files beside them (the newest
frame of each device when the segment began, so that opening reads one segment and not all),
`durable` (up to where the log has been synced), `spare` (the next segment, made ahead) and `lock`.
"""

from __future__ import annotations

import os
import shutil
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from zlib import crc32

from panshi.wire.records import Position

SEGMENT_SIZE = 64 * 1024 * 1024
KEEP_US = 48 * 3_600 * 1_000_000
HEADER = struct.Struct("<4sHHQq4x")
HEADER_SIZE = HEADER.size + 4
MAGIC = b"PSLG"
FORMAT = 1
MARK = struct.Struct("<QI")
HEAD = struct.Struct("<QH")
SESSIONS_NEED = 2 * 1024**3
FRAMES_NEED = 512 * 1024**2
ZEROS = bytes(1024 * 1024)


class LogFailed(Exception):
    """The disk refused; nothing of the group is safe and the process must end."""


class LogUnreadable(Exception):
    """A segment was written by a format that this program does not know."""


class Disk:
    """The few calls that may fail for good; tests put a failing disk in their place."""

    def fill(self, descriptor: int, size: int) -> None:
        """Write zeros, not holes: syncing over written blocks needs no journal entry."""
        for offset in range(0, size, len(ZEROS)):
            self.write(descriptor, ZEROS[: min(len(ZEROS), size - offset)], offset)

    def write(self, descriptor: int, data: bytes, offset: int) -> None:
        """Write all of `data`; a file that takes no more raises OSError."""
        done = os.pwrite(descriptor, data, offset)
        while done < len(data):
            more = os.pwrite(descriptor, data[done:], offset + done)
            if more == 0:
                raise OSError("the disk takes no more bytes")
            done += more

    def sync_data(self, descriptor: int) -> None:
        os.fdatasync(descriptor)

    def sync(self, descriptor: int) -> None:
        os.fsync(descriptor)


@dataclass(frozen=True, slots=True)
class Segment:
    """One file: `base` is its first offset, `size` its length in bytes."""

    path: Path
    base: int
    size: int

    @property
    def first(self) -> int:
        """Where its first record begins."""
        return self.base + HEADER_SIZE

    @property
    def end(self) -> int:
        return self.base + self.size


@dataclass(frozen=True, slots=True)
class Header:
    gateway: int
    base: int
    created_us: int


@dataclass(frozen=True, slots=True)
class DiskSpace:
    """Free bytes of the folder's disk and what they still allow."""

    free_bytes: int

    @property
    def accepts_sessions(self) -> bool:
        return self.free_bytes >= SESSIONS_NEED

    @property
    def accepts_frames(self) -> bool:
        return self.free_bytes >= FRAMES_NEED


def disk_space(*, folder: Path) -> DiskSpace:
    """How much room the log still has: under 2 GiB no new sessions, under 512 MiB no frames."""
    return DiskSpace(free_bytes=shutil.disk_usage(folder).free)


def segment_path(*, folder: Path, base: int) -> Path:
    return folder / f"{base:016x}.seg"


def segments(*, folder: Path) -> list[Segment]:
    """All segments of the log by offset; one that vanishes meanwhile is left out."""
    found = []
    for path in folder.glob("*.seg"):
        try:
            found.append(Segment(path=path, base=int(path.stem, 16), size=path.stat().st_size))
        except FileNotFoundError:
            continue
    return sorted(found, key=lambda segment: segment.base)


def pack_header(*, gateway: int, base: int, created_us: int) -> bytes:
    head = HEADER.pack(MAGIC, FORMAT, gateway, base, created_us)
    return head + crc32(head).to_bytes(4, "little")


def read_header(*, segment: Segment) -> Header | None:
    """The segment's header; None when it is damaged. Raises LogUnreadable, FileNotFoundError."""
    with segment.path.open("rb") as file:
        raw = file.read(HEADER_SIZE)
    head, crc = raw[: HEADER.size], raw[HEADER.size :]
    if len(raw) < HEADER_SIZE or crc32(head) != int.from_bytes(crc, "little"):
        return None
    magic, form, gateway, base, created_us = HEADER.unpack(head)
    if magic != MAGIC:
        return None
    if form != FORMAT:
        raise LogUnreadable(f"{segment.path.name} has format {form}")
    return Header(gateway=gateway, base=base, created_us=created_us)


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def prepare_spare(*, folder: Path, size: int, disk: Disk) -> Path:
    """A file of zeros, synced, that becomes the next segment by renaming. Raises OSError."""
    spare = folder / "spare"
    if spare.exists() and spare.stat().st_size == size:
        return spare
    growing = folder / "spare.tmp"
    descriptor = os.open(growing, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o640)
    try:
        disk.fill(descriptor, size)
        disk.sync(descriptor)
    except OSError:
        growing.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)
    growing.rename(spare)
    return spare


def create_segment(
    *, folder: Path, gateway: int, base: int, created_us: int, size: int, disk: Disk
) -> Segment:
    """A new segment that is on disk in its full length, file and folder. Raises OSError."""
    spare = prepare_spare(folder=folder, size=size, disk=disk)
    descriptor = os.open(spare, os.O_RDWR)
    try:
        disk.write(descriptor, pack_header(gateway=gateway, base=base, created_us=created_us), 0)
        disk.sync(descriptor)
    finally:
        os.close(descriptor)
    path = segment_path(folder=folder, base=base)
    spare.rename(path)
    sync_folder(folder)
    return Segment(path=path, base=base, size=size)


class DurableMark:
    """Up to where the log is on disk, for readers in other processes.

    Written after each sync, never before; itself it need not be synced, because after a loss of
    power an older mark is only a later start of the recovery scan.
    """

    def __init__(self, *, folder: Path, write: bool) -> None:
        flags = os.O_RDWR | os.O_CREAT if write else os.O_RDONLY
        self._descriptor = os.open(folder / "durable", flags, 0o640)

    def get(self) -> int | None:
        """The mark; None when it was never written or is damaged."""
        for _ in range(100):  # A reader may meet the writer half-way through its twelve bytes.
            raw = os.pread(self._descriptor, MARK.size, 0)
            if len(raw) < MARK.size:
                return None
            mark, crc = MARK.unpack(raw)
            if crc32(raw[:8]) == crc:
                return int(mark)
        return None

    def set(self, mark: int) -> None:
        raw = mark.to_bytes(8, "little")
        os.pwrite(self._descriptor, raw + crc32(raw).to_bytes(4, "little"), 0)

    def close(self) -> None:
        os.close(self._descriptor)


def write_heads(*, folder: Path, base: int, heads: Mapping[bytes, int]) -> None:
    """Keep the newest record of each device as of the segment's beginning; it may be lost."""
    body = b"".join(HEAD.pack(offset, len(key)) + key for key, offset in heads.items())
    growing = folder / "heads.tmp"
    growing.write_bytes(crc32(body).to_bytes(4, "little") + body)
    growing.rename(folder / f"{base:016x}.heads")


def read_heads(*, folder: Path, base: int) -> dict[bytes, int] | None:
    """The chain heads when the segment began; None when there is no whole file of them."""
    try:
        raw = (folder / f"{base:016x}.heads").read_bytes()
    except FileNotFoundError:
        return None
    body = raw[4:]
    if len(raw) < 4 or crc32(body) != int.from_bytes(raw[:4], "little"):
        return None
    heads, at = {}, 0
    while at < len(body):
        offset, length = HEAD.unpack_from(body, at)
        at += HEAD.size
        heads[body[at : at + length]] = offset
        at += length
    return heads


def trim_point(*, folder: Path, consumed: Position, at_us: int, size_limit: int) -> Position:
    """Up to where segments may go: behind every consumer, and 48 h old or over the size limit.

    `consumed` is the position of the slowest consumer, `at_us` now, `size_limit` in bytes.
    """
    files = segments(folder=folder)
    total = sum(segment.size for segment in files)
    point = files[0].base if files else 0
    for oldest, following in pairwise(files):
        header = read_header(segment=following)
        sealed_us = header.created_us if header else at_us
        old = sealed_us <= at_us - KEEP_US
        if following.base > consumed or not (old or total > size_limit):
            break
        total -= oldest.size
        point = following.base
    return Position(point)


def trim(*, folder: Path, before: Position) -> Sequence[Path]:
    """Remove the segments that lie wholly behind `before`, never the last; answers which."""
    files = segments(folder=folder)
    gone = [oldest.path for oldest, following in pairwise(files) if following.base <= before]
    for path in gone:
        path.with_suffix(".heads").unlink(missing_ok=True)
        path.unlink(missing_ok=True)
    if gone:
        sync_folder(folder)
    return gone
