"""How a body is laid out: one table of parts reads it, writes it, and explains it byte by byte."""

import struct
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from panshi.wire.errors import WireError

Value: TypeAlias = "bool | int | float | str | Sequence[Value] | Mapping[str, Value] | None"
Values: TypeAlias = Mapping[str, Value]

UNITS = {
    "kmh": "km/h",
    "km": "km",
    "v": "V",
    "a": "A",
    "pct": "%",
    "c": "°C",
    "rpm": "rpm",
    "nm": "N·m",
    "kohm": "kΩ",
    "m": "m",
    "deg": "°",
    "s": "s",
    "l": "L",
    "mpa": "MPa",
    "kpa": "kPa",
    "kg": "mg/kg",
    "100km": "/100 km",
}
STRUCT_CODES = {1: "B", 2: "H", 4: "I"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """Some bytes of a frame and what they say; `offset` counts from the frame's first byte."""

    offset: int
    length: int
    name: str
    raw_hex: str
    value: Value
    unit: str = ""


class Truncated(WireError):
    """A body ends before its own fields do."""

    def __init__(self, detail: str) -> None:
        super().__init__("body", detail)


class Cursor:
    """A place in `data` that moves forward to `end`; notes fields when `fields` is a list."""

    __slots__ = ("data", "end", "fields", "path", "pos")

    def __init__(
        self,
        *,
        data: bytes,
        pos: int = 0,
        end: int | None = None,
        fields: list[Field] | None = None,
    ) -> None:
        self.data = data
        self.pos = pos
        self.end = len(data) if end is None else end
        self.fields = fields
        self.path = ""

    @property
    def left(self) -> int:
        return self.end - self.pos

    def take(self, size: int) -> bytes:
        stop = self.pos + size
        if stop > self.end:
            raise Truncated(f"{size} bytes wanted at {self.pos}, {self.left} left")
        raw = self.data[self.pos : stop]
        self.pos = stop
        return raw

    def note(self, name: str, start: int, value: Value) -> None:
        """Remember the bytes from `start` up to here under `name`."""
        if self.fields is not None:
            self.fields.append(
                Field(
                    offset=start,
                    length=self.pos - start,
                    name=self.path + name,
                    raw_hex=self.data[start : self.pos].hex(),
                    value=value,
                    unit=unit_of(name),
                )
            )


def unit_of(name: str) -> str:
    """The unit a key ends in: `speed_kmh` is in km/h; none for a plain key."""
    stem, _, last = name.partition("[")[0].rpartition("_")
    return UNITS.get(last, "") if stem else ""


class Part(Protocol):
    def read(self, cursor: Cursor, out: dict[str, Value]) -> None: ...

    def write(self, values: Values, out: bytearray) -> None: ...


def as_number(value: Value, key: str) -> int | float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    raise WireError("value", f"{key} must be a number")


def as_int(value: Value, key: str) -> int:
    number = as_number(value, key)
    if number != number or int(number) != number:
        raise WireError("value", f"{key} must be a whole number")
    return int(number)


def as_text(value: Value, key: str) -> str:
    if isinstance(value, str):
        return value
    raise WireError("value", f"{key} must be text")


def as_list(value: Value, key: str) -> Sequence[Value]:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return value
    raise WireError("value", f"{key} must be a list")


def as_mapping(value: Value, key: str) -> Values:
    if isinstance(value, Mapping):
        return value
    raise WireError("value", f"{key} must be an object")


def from_hex(value: Value, key: str) -> bytes:
    try:
        return bytes.fromhex(as_text(value, key))
    except ValueError as problem:
        raise WireError("value", f"{key} must be hex digits") from problem


def uint_bytes(number: int, size: int, key: str) -> bytes:
    try:
        return number.to_bytes(size, "big")
    except OverflowError as problem:
        raise WireError("value", f"{key} does not fit {size} bytes") from problem


def bit_list(number: int) -> list[int]:
    """The set bits, lowest first."""
    return [bit for bit in range(number.bit_length()) if number >> bit & 1]


def from_bits(value: Value, key: str) -> int:
    number = 0
    for bit in as_list(value, key):
        place = as_int(bit, key)
        if not 0 <= place < 32:
            raise WireError("value", f"{key} holds bits 0 to 31")
        number |= 1 << place
    return number


def read_parts(parts: Sequence[Part], cursor: Cursor) -> dict[str, Value]:
    out: dict[str, Value] = {}
    for part in parts:
        part.read(cursor, out)
    return out


def write_parts(parts: Sequence[Part], values: Values) -> bytearray:
    out = bytearray()
    for part in parts:
        part.write(values, out)
    return out


@dataclass(frozen=True, slots=True)
class Scalar(ABC):
    """One value of `size` bytes under `key`; size 0 takes all that is left."""

    key: str
    size: int

    @abstractmethod
    def value_of(self, raw: bytes) -> Value: ...

    @abstractmethod
    def bytes_of(self, value: Value) -> bytes: ...

    def values_of(self, raw: bytes) -> list[Value]:
        size = self.size
        return [self.value_of(raw[at : at + size]) for at in range(0, len(raw), size)]

    def join(self, values: Sequence[Value]) -> bytes:
        return b"".join(map(self.bytes_of, values))

    def read(self, cursor: Cursor, out: dict[str, Value]) -> None:
        start = cursor.pos
        value = self.value_of(cursor.take(self.size or cursor.left))
        out[self.key] = value
        cursor.note(self.key, start, value)

    def write(self, values: Values, out: bytearray) -> None:
        out += self.bytes_of(values.get(self.key))


@dataclass(frozen=True, slots=True)
class Number(Scalar):
    """value = raw / divisor - offset. A `marked` field may hold "abnormal" or "invalid" instead."""

    divisor: int = 1
    offset: int = 0
    marked: bool = False

    def value_of(self, raw: bytes) -> Value:
        return self.scaled(int.from_bytes(raw, "big"))

    def scaled(self, number: int) -> Value:
        if self.marked:
            top = (1 << 8 * self.size) - 1
            if number >= top - 1:
                return "invalid" if number == top else "abnormal"
        if self.divisor == 1:
            return number - self.offset
        return (number - self.offset * self.divisor) / self.divisor

    def values_of(self, raw: bytes) -> list[Value]:
        numbers = struct.unpack(f">{len(raw) // self.size}{STRUCT_CODES[self.size]}", raw)
        return [self.scaled(number) for number in numbers]

    def join(self, values: Sequence[Value]) -> bytes:
        plain = [value for value in values if type(value) in (int, float)]
        if len(plain) < len(values):
            return b"".join(map(self.bytes_of, values))
        offset, divisor = self.offset, self.divisor
        try:
            raws = [round((as_number(value, self.key) + offset) * divisor) for value in plain]
            return struct.pack(f">{len(raws)}{STRUCT_CODES[self.size]}", *raws)
        except (struct.error, ValueError, OverflowError) as problem:
            raise WireError("value", f"{self.key} holds what {self.size} bytes cannot") from problem

    def bytes_of(self, value: Value) -> bytes:
        top = (1 << 8 * self.size) - 1
        if self.marked and value in (None, "invalid"):
            return uint_bytes(top, self.size, self.key)
        if self.marked and value == "abnormal":
            return uint_bytes(top - 1, self.size, self.key)
        number = as_number(value, self.key)
        try:
            raw = round((number + self.offset) * self.divisor)
        except (OverflowError, ValueError) as problem:
            raise WireError("value", f"{self.key} is no finite number") from problem
        return uint_bytes(raw, self.size, self.key)


@dataclass(frozen=True, slots=True)
class Hex(Scalar):
    """Bytes as lower-case hex digits."""

    def value_of(self, raw: bytes) -> Value:
        return raw.hex()

    def bytes_of(self, value: Value) -> bytes:
        raw = from_hex(value, self.key)
        if self.size and len(raw) != self.size:
            raise WireError("value", f"{self.key} must be {self.size} bytes")
        return raw


class Padded(str):
    """Text as it was read, without padding; it remembers its bytes, and writing gives them back."""

    __slots__ = ("raw",)
    raw: bytes


@dataclass(frozen=True, slots=True)
class Text(Scalar):
    """Text without its padding; what the encoding cannot say is shown as {"hex": …}."""

    encoding: Literal["ascii", "gbk", "gb18030"] = "ascii"
    strip: str = "\0"

    def value_of(self, raw: bytes) -> Value:
        try:
            text = raw.decode(self.encoding)
        except UnicodeDecodeError:
            return {"hex": raw.hex()}
        stripped = text.strip(self.strip)
        if stripped.encode(self.encoding).ljust(self.size, b"\0") == raw:
            return stripped
        padded = Padded(stripped)
        padded.raw = raw
        return padded

    def bytes_of(self, value: Value) -> bytes:
        if isinstance(value, Padded) and len(value.raw) == (self.size or len(value.raw)):
            return value.raw
        if isinstance(value, Mapping):
            raw = from_hex(value.get("hex"), self.key)
        else:
            try:
                raw = as_text(value, self.key).encode(self.encoding)
            except UnicodeEncodeError as problem:
                raise WireError("value", f"{self.key} cannot be written as text") from problem
        if not self.size:
            return raw
        if len(raw) > self.size:
            raise WireError("value", f"{self.key} is longer than {self.size} bytes")
        return raw.ljust(self.size, b"\0")


@dataclass(frozen=True, slots=True)
class Bits(Scalar):
    """A flag word: hex digits under `key`, its set bits under `bits_key`; either can write it."""

    bits_key: str

    def value_of(self, raw: bytes) -> Value:
        return raw.hex()

    def bytes_of(self, value: Value) -> bytes:
        return from_hex(value, self.key)

    def read(self, cursor: Cursor, out: dict[str, Value]) -> None:
        start = cursor.pos
        raw = cursor.take(self.size)
        bits = bit_list(int.from_bytes(raw, "big"))
        out[self.key] = raw.hex()
        out[self.bits_key] = bits
        cursor.note(self.key, start, bits)

    def write(self, values: Values, out: bytearray) -> None:
        if values.get(self.key) is not None:
            raw = from_hex(values[self.key], self.key)
            if len(raw) != self.size:
                raise WireError("value", f"{self.key} must be {self.size} bytes")
            out += raw
        else:
            number = from_bits(values.get(self.bits_key, ()), self.bits_key)
            out += uint_bytes(number, self.size, self.bits_key)


@dataclass(frozen=True, slots=True)
class Group:
    """Parts under one key of their own."""

    key: str
    parts: tuple[Part, ...]

    def read(self, cursor: Cursor, out: dict[str, Value]) -> None:
        path, cursor.path = cursor.path, f"{cursor.path}{self.key}."
        out[self.key] = read_parts(self.parts, cursor)
        cursor.path = path

    def write(self, values: Values, out: bytearray) -> None:
        out += write_parts(self.parts, as_mapping(values.get(self.key, {}), self.key))


@dataclass(frozen=True, slots=True)
class Counted:
    """A count of `size` bytes, then the items. If `marked`, FE… and FF… say that none follow.

    A count without a key of its own is that of the items; only its marker is then kept, by `name`.
    """

    key: str
    item: Scalar | tuple[Part, ...]
    size: int = 1
    count_key: str = "count"
    marked: bool = False

    @property
    def name(self) -> str:
        return self.count_key or f"{self.key}_count"

    def read(self, cursor: Cursor, out: dict[str, Value]) -> None:
        start = cursor.pos
        counted = Number(self.name, self.size, marked=self.marked)
        count = counted.value_of(cursor.take(self.size))
        if self.count_key or not isinstance(count, int):
            out[self.name] = count
        cursor.note(self.name, start, count)
        out[self.key] = self._items(cursor, count) if isinstance(count, int) else []

    def _items(self, cursor: Cursor, count: int) -> list[Value]:
        if not isinstance(self.item, tuple):
            return read_list(cursor, self.key, self.item, count)
        rows: list[Value] = []
        path = cursor.path
        for number in range(1, count + 1):
            if cursor.fields is not None:
                cursor.path = f"{path}{self.key}[{number}]."
            rows.append(read_parts(self.item, cursor))
        cursor.path = path
        return rows

    def write(self, values: Values, out: bytearray) -> None:
        rows = as_list(values.get(self.key, ()), self.key)
        marker = values.get(self.name) if self.marked and not rows else None
        counted = Number(self.name, self.size, marked=self.marked)
        out += counted.bytes_of(marker if isinstance(marker, str) else len(rows))
        if not isinstance(self.item, tuple):
            out += self.item.join(rows)
            return
        for row in rows:
            out += write_parts(self.item, as_mapping(row, self.key))


def read_list(cursor: Cursor, key: str, item: Scalar, count: int) -> list[Value]:
    """`count` values of one kind, one after the other."""
    start = cursor.pos
    found = item.values_of(cursor.take(count * item.size))
    if cursor.fields is not None:
        end = cursor.pos
        for number, value in enumerate(found):
            cursor.pos = start + (number + 1) * item.size
            cursor.note(f"{key}[{number + 1}]", start + number * item.size, value)
        cursor.pos = end
    return found


@dataclass(frozen=True, slots=True)
class Prefixed:
    """A length of `size` bytes, then so many bytes of text or hex digits."""

    item: Hex | Text
    size: int = 1
    length_key: str = ""

    def read(self, cursor: Cursor, out: dict[str, Value]) -> None:
        key, start = self.item.key, cursor.pos
        length = int.from_bytes(cursor.take(self.size), "big")
        if self.length_key:
            out[self.length_key] = length
        cursor.note(self.length_key or f"{key}_length", start, length)
        start = cursor.pos
        out[key] = self.item.value_of(cursor.take(length))
        if length:
            cursor.note(key, start, out[key])

    def write(self, values: Values, out: bytearray) -> None:
        raw = self.item.bytes_of(values.get(self.item.key))
        out += uint_bytes(len(raw), self.size, f"length of {self.item.key}") + raw
