"""Records of the segment log: how one frame lies on disk.

A record is little-endian and begins on a multiple of eight:

    length u32 · crc32 u32 · received µs i64 · session u64 · previous u64 ·
    protocol u8 · flags u8 · identity length u8 · identity · frame · zeros up to eight

`length` counts the bytes behind the crc without the zeros. The crc starts from the record's own
offset, so a frame whose content imitates a record is never taken for one while a damaged
place is being skipped, and a block written to a wrong place is noticed.
"""

from __future__ import annotations

import struct
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from typing import NewType
from zlib import crc32

import numpy as np

Position = NewType("Position", int)
"""Byte offset in one gateway's log; never restarts, so two positions compare as integers."""

LEAD = struct.Struct("<II")
BODY = struct.Struct("<qQQBBB")
ALIGN = 8
MAX_IDENTITY = 255
MAX_DATA = 128 * 1024  # The longest frame of either standard is 64 KiB and a header.
MAX_RECORD = (LEAD.size + BODY.size + MAX_IDENTITY + MAX_DATA + ALIGN - 1) & -ALIGN
PADDING = tuple(bytes(count) for count in range(ALIGN))
KEY_PREFIX = tuple(bytes((protocol,)) for protocol in range(256))


@dataclass(frozen=True, slots=True)
class Frame:
    """One received frame: UTC microseconds, session number, codes 0..255, identity, raw bytes.

    `identity` is the VIN or the phone as text without leading zeros, at most 255 bytes; `data`
    is at most 128 KiB.
    """

    received_us: int
    session: int
    protocol: int
    flags: int
    identity: bytes
    data: bytes


@dataclass(frozen=True, slots=True)
class Stored:
    """A frame with its place: `next` is where the following record may begin.

    `previous` is the position of the same device's former frame, 0 when none is known.
    """

    position: Position
    next: Position
    previous: Position
    received_us: int
    session: int
    protocol: int
    flags: int
    identity: bytes
    data: bytes


@dataclass(frozen=True, slots=True)
class LostRange:
    """Bytes from `start` up to, not including, `end` that no longer hold readable records."""

    start: Position
    end: Position


class FrameTooLong(ValueError):
    """A frame or an identity beyond what a record can hold."""


def check_frame(*, frame: Frame, room: int) -> None:
    """Raises FrameTooLong for what no record, or no segment with `room` bytes, can hold."""
    data, named = len(frame.data), len(frame.identity)
    if data > MAX_DATA or named > MAX_IDENTITY or MAX_RECORD - MAX_DATA + data > room:
        raise FrameTooLong(f"{data} bytes from a device with a name of {named} bytes")


def pack_records(
    *,
    frames: Sequence[Frame],
    offset: int,
    limit: int,
    heads: MutableMapping[bytes, int],
    pieces: list[bytes],
) -> tuple[int, int]:
    """Append the records' bytes to `pieces`, from `offset` on, as many as end before `limit`.

    Answers how many were packed and the offset behind them. `heads` names each device's newest
    record and follows. The loop is the log's only work per frame, hence written out flat.
    """
    count, former, lead, body = 0, heads.get, LEAD.pack, BODY.pack
    for frame in frames:
        identity, data, protocol = frame.identity, frame.data, frame.protocol
        named = len(identity)
        length = BODY.size + named + len(data)
        padding = PADDING[-length % ALIGN]
        behind = offset + LEAD.size + length + len(padding)
        if behind > limit:
            break
        key = KEY_PREFIX[protocol] + identity
        head = (
            body(frame.received_us, frame.session, former(key, 0), protocol, frame.flags, named)
            + identity
        )
        crc = crc32(data, crc32(head, offset & 0xFFFFFFFF))
        pieces += (lead(length, crc), head, data, padding)
        heads[key] = offset
        offset = behind
        count += 1
    return count, offset


def unpack_record(*, buffer: bytes, at: int, offset: int) -> Stored | None:
    """The record at `buffer[at:]`, whose place in the log is `offset`; None unless it is whole."""
    if at + LEAD.size > len(buffer):
        return None
    length, crc = LEAD.unpack_from(buffer, at)
    start = at + LEAD.size
    end = start + length
    if length < BODY.size or end > len(buffer) or length > MAX_RECORD:
        return None
    if crc32(buffer[start:end], offset & 0xFFFFFFFF) != crc:
        return None
    received_us, session, previous, protocol, flags, named = BODY.unpack_from(buffer, start)
    name = start + BODY.size
    return Stored(
        position=Position(offset),
        next=Position(offset + ((LEAD.size + length + ALIGN - 1) & -ALIGN)),
        previous=Position(previous),
        received_us=received_us,
        session=session,
        protocol=protocol,
        flags=flags,
        identity=buffer[name : name + named],
        data=buffer[name + named : end],
    )


def find_record(*, buffer: bytes, at: int, offset: int) -> Stored | None:
    """The first whole record at or behind `buffer[at:]`, in steps of eight bytes."""
    rest = memoryview(buffer)[at:]
    lengths = np.frombuffer(rest[: len(rest) & -ALIGN], dtype="<u4")[::2]
    for step in np.flatnonzero((lengths >= BODY.size) & (lengths <= MAX_RECORD)).tolist():
        ahead = step * ALIGN
        stored = unpack_record(buffer=buffer, at=at + ahead, offset=offset + ahead)
        if stored is not None:
            return stored
    return None


def device_key(*, protocol: int, identity: bytes) -> bytes:
    """What the chain of a device's frames is kept under."""
    return KEY_PREFIX[protocol] + identity
