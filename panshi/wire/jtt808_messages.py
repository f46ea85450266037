"""JT/T 808 messages by id: which parts their bodies have in each edition."""

from collections.abc import Callable
from dataclasses import dataclass

from panshi.wire.jtt808_bodies import ACK_SERIAL, TIME, Location
from panshi.wire.layout import (
    Counted,
    Cursor,
    Group,
    Hex,
    Number,
    Part,
    Prefixed,
    Scalar,
    Text,
    Truncated,
    Value,
    Values,
    as_list,
    as_mapping,
    as_text,
    from_hex,
    read_parts,
    write_parts,
)

EMPTY = frozenset((0x0002, 0x0003, 0x0004, 0x8104, 0x8107, 0x8201, 0x8204))
REGISTER_SIZES = {2011: (5, 8, 7), 2013: (5, 20, 7), 2019: (11, 30, 30)}


def gbk(key: str, size: int = 0) -> Text:
    return Text(key, size, "gbk", "\0 ")


@dataclass(frozen=True, slots=True)
class Register:
    """0100. The editions differ in the widths of maker, model and terminal id only."""

    edition: int

    def read(self, cursor: Cursor, out: dict[str, Value]) -> None:
        Number("province", 2).read(cursor, out)
        Number("city", 2).read(cursor, out)
        out["layout"] = self.edition
        out.update(read_parts(self._names(), cursor))

    def write(self, values: Values, out: bytearray) -> None:
        Number("province", 2).write({"province": 0, **values}, out)
        Number("city", 2).write({"city": 0, **values}, out)
        out += write_parts(self._names(), values)

    def _names(self) -> tuple[Part, ...]:
        maker, model, terminal = REGISTER_SIZES[self.edition]
        return (
            gbk("maker", maker),
            gbk("model", model),
            gbk("terminal_id", terminal),
            Number("plate_color", 1),
            gbk("plate"),
        )


@dataclass(frozen=True, slots=True)
class ParameterId(Scalar):
    """A parameter's number in hex digits, four of them where four will do."""

    def value_of(self, raw: bytes) -> Value:
        return f"{int.from_bytes(raw, 'big'):04x}"

    def bytes_of(self, value: Value) -> bytes:
        return from_hex(as_text(value, self.key).zfill(2 * self.size), self.key)


@dataclass(frozen=True, slots=True)
class Attributes:
    """0107. In 2019 some terminals give the maker 11 bytes instead of 5: the width is right with
    which the two version lengths use up the body exactly."""

    edition: int
    maker: int = 5

    def read(self, cursor: Cursor, out: dict[str, Value]) -> None:
        out.update(read_parts(self._parts(), cursor))
        if cursor.left:
            raise Truncated("the version lengths do not use up the body")

    def write(self, values: Values, out: bytearray) -> None:
        out += write_parts(self._parts(), values)

    def _parts(self) -> tuple[Part, ...]:
        maker = self.maker
        model, terminal = (30, 30) if self.edition == 2019 else (20, 7)
        return (
            Number("terminal_type", 2),
            gbk("maker", maker),
            gbk("model", model),
            gbk("terminal_id", terminal),
            Hex("iccid", 10),
            Prefixed(gbk("hw")),
            Prefixed(gbk("fw")),
            Number("gnss", 1),
            Number("comm", 1),
        )


@dataclass(frozen=True, slots=True)
class When:
    """Parts that are there only if the values read so far say so."""

    holds: Callable[[Values], bool]
    parts: tuple[Part, ...]

    def read(self, cursor: Cursor, out: dict[str, Value]) -> None:
        if self.holds(out):
            out.update(read_parts(self.parts, cursor))

    def write(self, values: Values, out: bytearray) -> None:
        if self.holds(values):
            out += write_parts(self.parts, values)


@dataclass(frozen=True, slots=True)
class IfLeft:
    """Parts that a shorter body leaves out; `key` says on writing whether they are wanted."""

    key: str
    parts: tuple[Part, ...]

    def read(self, cursor: Cursor, out: dict[str, Value]) -> None:
        if cursor.left:
            out.update(read_parts(self.parts, cursor))

    def write(self, values: Values, out: bytearray) -> None:
        if self.key in values:
            out += write_parts(self.parts, values)


@dataclass(frozen=True, slots=True)
class Batch:
    """0704: location reports, each behind its length. A broken one ends the list; the rest of the
    body becomes the message's tail."""

    def read(self, cursor: Cursor, out: dict[str, Value]) -> None:
        start = cursor.pos
        count = int.from_bytes(cursor.take(2), "big")
        out["count"] = count
        cursor.note("count", start, count)
        Number("type", 1).read(cursor, out)
        locations: list[Value] = []
        out["locations"] = locations
        path = cursor.path
        for number in range(1, count + 1):
            start = cursor.pos
            if cursor.left < 2:
                break
            length = int.from_bytes(cursor.take(2), "big")
            if not 28 <= length <= cursor.left:
                cursor.pos = start
                break
            cursor.note(f"locations[{number}]_length", start, length)
            part = Cursor(
                data=cursor.data, pos=cursor.pos, end=cursor.pos + length, fields=cursor.fields
            )
            part.path = f"{path}locations[{number}]."
            locations.append(read_parts((Location(),), part))
            cursor.pos = part.pos

    def write(self, values: Values, out: bytearray) -> None:
        rows = as_list(values.get("locations", ()), "locations")
        out += Number("count", 2).bytes_of(values.get("count", len(rows)))
        out += Number("type", 1).bytes_of(values.get("type", 0))
        for row in rows:
            raw = write_parts((Location(),), as_mapping(row, "locations"))
            out += Number("length", 2).bytes_of(len(raw)) + raw


@dataclass(frozen=True, slots=True)
class MediaLength:
    """0801: how many bytes of media follow; they are the message's tail."""

    def read(self, cursor: Cursor, out: dict[str, Value]) -> None:
        out["data_len"] = cursor.left

    def write(self, values: Values, out: bytearray) -> None:
        """The length is not on the wire."""


def _succeeded(values: Values) -> bool:
    return values.get("result") == 0


def _inserted(values: Values) -> bool:
    return values.get("status") == 1


def _card_read(values: Values) -> bool:
    return values.get("ic_result") == 0


def _driver(edition: int) -> tuple[Part, ...]:
    card: tuple[Part, ...] = (
        Prefixed(gbk("name")),
        gbk("licence", 20),
        Prefixed(gbk("issuer")),
        Hex("valid_to", 4),
    )
    if edition == 2019:
        card = (*card, gbk("id_card", 20))
    inserted = (Number("ic_result", 1), When(_card_read, card))
    return (Number("status", 1), TIME, When(_inserted, inserted))


ACKNOWLEDGEMENT: tuple[Part, ...] = (ACK_SERIAL, Hex("ack_id", 2), Number("result", 1))
PARAMETERS = Counted("params", (ParameterId("id", 4), Prefixed(Hex("hex", 0), 1, "len")))
MEDIA: tuple[Part, ...] = tuple(
    Number(key, 4 if key == "media_id" else 1)
    for key in ("media_id", "media_type", "format", "event", "channel")
)
SHOT_SETTINGS = ("save", "resolution", "quality", "brightness", "contrast", "saturation", "chroma")
ANSWERED_LOCATION: tuple[Part, ...] = (ACK_SERIAL, Group("location", (Location(),)))
RSA_KEY: tuple[Part, ...] = (Number("e", 4), Hex("n", 128))

# Bodies that are alike in all editions.
SHARED: dict[int, tuple[Part, ...]] = {
    0x0001: ACKNOWLEDGEMENT,
    0x0104: (ACK_SERIAL, PARAMETERS),
    0x0108: (Number("type", 1), Number("result", 1)),
    0x0200: (Location(),),
    0x0201: ANSWERED_LOCATION,
    0x0500: ANSWERED_LOCATION,
    0x0704: (Batch(),),
    0x0800: MEDIA,
    0x0801: (*MEDIA, Group("location", (Location(has_extras=False),)), MediaLength()),
    0x0900: (Hex("type", 1), Hex("data", 0)),
    0x0A00: RSA_KEY,
    0x8001: ACKNOWLEDGEMENT,
    0x8004: (TIME,),
    0x8100: (ACK_SERIAL, Number("result", 1), When(_succeeded, (gbk("auth_code"),))),
    0x8103: (PARAMETERS,),
    0x8105: (Number("command", 1), gbk("args")),
    0x8106: (Counted("ids", Hex("id", 4)),),
    0x8202: (Number("interval_s", 2), Number("duration_s", 4)),
    0x8203: (Number("alarm_serial", 2), Hex("alarm_type", 4)),
    0x8400: (Number("flag", 1), gbk("phone")),
    0x8800: (
        Number("media_id", 4),
        IfLeft("retransmit", (Counted("retransmit", Number("index", 2), count_key=""),)),
    ),
    0x8801: (
        Number("channel", 1),
        Number("command", 2),
        Number("interval_s", 2),
        *(Number(key, 1) for key in SHOT_SETTINGS),
    ),
    0x8A00: RSA_KEY,
}


def body_parts(*, msg_id: int, edition: int) -> tuple[Part, ...] | None:
    """The parts of a body, or None when it has no table and stays raw."""
    if msg_id in SHARED:
        return SHARED[msg_id]
    if msg_id in EMPTY:
        return ()
    newest = edition == 2019
    match msg_id:
        case 0x0100:
            return (Register(edition),)
        case 0x0102 if newest:
            return (Prefixed(gbk("auth_code")), gbk("imei", 15), gbk("software", 20))
        case 0x0102:
            return (gbk("auth_code"),)
        case 0x0107:
            return (Attributes(edition),)
        case 0x0702:
            return _driver(edition)
        case 0x8003:
            indexes = Counted("ids", Number("index", 2), 2 if newest else 1)
            return (Number("orig_serial", 2), indexes)
        case 0x8300 if newest:
            return (Number("flag", 1), Number("text_type", 1), gbk("text"))
        case 0x8300:
            return (Number("flag", 1), gbk("text"))
        case 0x8500 if newest:
            return (Number("count", 2), Hex("raw_items", 0))
        case 0x8500:
            return (Number("flag", 1),)
    return None


def register_edition(*, edition: int, length: int) -> int:
    """The edition a registration was written in: the older two share their header and differ only
    in the length of this body."""
    if edition == 2019:
        return 2019
    return 2013 if length >= 37 else 2011
