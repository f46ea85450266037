"""Device clocks: both standards send China time (UTC+8), one in binary bytes, one in BCD digits."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

from panshi.wire.errors import WireError
from panshi.wire.layout import Scalar, Value, as_text

CHINA = timezone(timedelta(hours=8))
ISO = re.compile(r"(\w{4})-(\w{1,3})-(\w{1,3})T(\w{1,3}):(\w{1,3}):(\w{1,3})(?:\+08:00)?")


def wire_time(*, at: datetime) -> str:
    """A moment as bodies carry it: ISO 8601 in China time, to the second."""
    return at.astimezone(CHINA).isoformat(timespec="seconds")


@lru_cache(maxsize=8192)
def binary_epoch(raw: bytes) -> int | None:
    """Seconds since 1970 UTC of six binary bytes; None when they are no date."""
    try:
        year, month, day, hour, minute, second = raw
        at = datetime(2000 + year, month, day, hour, minute, second, tzinfo=CHINA)
        return int(at.timestamp())
    except ValueError:
        return None


@lru_cache(maxsize=8192)
def bcd_epoch(raw: bytes) -> int | None:
    """Seconds since 1970 UTC of six BCD bytes; None when they are no date."""
    digits = raw.hex()
    if not digits.isdecimal():
        return None
    return binary_epoch(bytes(int(digits[at : at + 2]) for at in range(0, 12, 2)))


def epoch_moment(*, epoch: int | None) -> datetime | None:
    """The moment of a reading's `time`, in UTC."""
    return None if epoch is None else datetime.fromtimestamp(epoch, UTC)


@dataclass(frozen=True, slots=True)
class BinaryTime(Scalar):
    """Year-2000, month, day, hour, minute, second; not checked to be a date."""

    key: str = "time"
    size: int = 6

    def value_of(self, raw: bytes) -> Value:
        year, month, day, hour, minute, second = raw
        date = f"{2000 + year}-{month:02d}-{day:02d}"
        return f"{date}T{hour:02d}:{minute:02d}:{second:02d}+08:00"

    def bytes_of(self, value: Value) -> bytes:
        try:
            year, *rest = (int(part) for part in time_parts(value, self.key))
            return bytes((year - 2000, *rest))
        except ValueError as problem:
            raise WireError("value", f"{self.key} is no time a frame can carry") from problem


@dataclass(frozen=True, slots=True)
class BcdTime(Scalar):
    """YYMMDDhhmmss; not checked to be a date, and vendors put hex digits there."""

    key: str = "time"
    size: int = 6

    def value_of(self, raw: bytes) -> Value:
        d = raw.hex()
        return f"20{d[:2]}-{d[2:4]}-{d[4:6]}T{d[6:8]}:{d[8:10]}:{d[10:12]}+08:00"

    def bytes_of(self, value: Value) -> bytes:
        year, *rest = time_parts(value, self.key)
        try:
            raw = bytes.fromhex(year[2:] + "".join(rest))
        except ValueError as problem:
            raise WireError("value", f"{self.key} is no time a frame can carry") from problem
        if len(raw) != 6:
            raise WireError("value", f"{self.key} is no time a frame can carry")
        return raw


def time_parts(value: Value, key: str) -> tuple[str, ...]:
    match = ISO.fullmatch(as_text(value, key))
    if match is None:
        raise WireError("value", f"{key} must look like 2026-01-31T08:00:00+08:00")
    return match.groups()
