"""GB/T 32960 data units by command: login, reports, parameters, control, and the 2025 additions."""

from collections.abc import Mapping
from dataclasses import dataclass

from panshi.wire.clock import BinaryTime
from panshi.wire.errors import WireError
from panshi.wire.gb32960_bodies import (
    BODIES,
    CUSTOM,
    CUSTOM_TYPES,
    SIGNATURE,
    SIGNATURE_TYPE,
    TYPES,
)
from panshi.wire.layout import (
    Counted,
    Cursor,
    Group,
    Hex,
    Number,
    Part,
    Prefixed,
    Text,
    Truncated,
    Value,
    Values,
    as_int,
    as_list,
    as_mapping,
    as_text,
    from_hex,
    read_list,
    read_parts,
    uint_bytes,
    write_parts,
)

COMMAND = 0xFE
TIME = BinaryTime()
SERIAL = Number("serial", 2)
PACK_CODE_2025 = Text("code", 24)


@dataclass(frozen=True, slots=True)
class Codes2016:
    """n subsystems with a code of m bytes each; m = 0 means that no codes follow."""

    def read(self, cursor: Cursor, out: dict[str, Value]) -> None:
        Number("subsystems", 1, marked=True).read(cursor, out)
        Number("code_len", 1, marked=True).read(cursor, out)
        count, length = out["subsystems"], out["code_len"]
        if isinstance(count, int) and isinstance(length, int) and length:
            out["codes"] = read_list(cursor, "codes", Text("code", length), count)
        else:
            out["codes"] = []

    def write(self, values: Values, out: bytearray) -> None:
        codes = as_list(values.get("codes", ()), "codes")
        lengths = [len(as_text(code, "codes")) for code in codes]
        counts = {
            "subsystems": values.get("subsystems", len(codes)),
            "code_len": values.get("code_len", max(lengths, default=0)),
        }
        Number("subsystems", 1, marked=True).write(counts, out)
        Number("code_len", 1, marked=True).write(counts, out)
        if codes:
            if len(codes) != counts["subsystems"]:
                raise WireError("value", "subsystems must be the number of codes")
            length = as_int(counts["code_len"], "code_len")
            if length:
                for code in codes:
                    out += Text("codes", length).bytes_of(code)


@dataclass(frozen=True, slots=True)
class Codes2025:
    """The packs of each battery management system, then one 24-byte code per pack."""

    def read(self, cursor: Cursor, out: dict[str, Value]) -> None:
        packs = Counted("packs_per_bms", Number("packs", 1), count_key="subsystems", marked=True)
        packs.read(cursor, out)
        total = sum(as_int(n, "packs_per_bms") for n in as_list(out["packs_per_bms"], "packs"))
        out["pack_codes"] = read_list(cursor, "pack_codes", PACK_CODE_2025, total)

    def write(self, values: Values, out: bytearray) -> None:
        codes = as_list(values.get("pack_codes", ()), "pack_codes")
        packs = values.get("packs_per_bms", [len(codes)] if codes else [])
        counted = Counted("packs_per_bms", Number("packs", 1), count_key="subsystems", marked=True)
        counted.write({**values, "packs_per_bms": packs}, out)
        for code in codes:
            out += PACK_CODE_2025.bytes_of(code)


@dataclass(frozen=True, slots=True)
class Items:
    """Information items to the end of the data unit. They carry no length, so an unknown or broken
    one makes the rest unreadable: the items before it are kept and the rest stays raw."""

    edition: int

    def read(self, cursor: Cursor, out: dict[str, Value]) -> None:
        items: list[Value] = []
        out["items"] = items
        path = cursor.path
        while cursor.left:
            start = cursor.pos
            kind = cursor.take(1)[0]
            cursor.note("type", start, kind)
            notes = len(cursor.fields or ())
            start = cursor.pos
            name, parts = self._layout(kind)
            if parts is None:
                out["unknown_type"] = kind
                _keep_rest(cursor, out)
                break
            cursor.path = f"{path}{name}."
            try:
                body = read_parts(parts, cursor)
            except Truncated:
                cursor.path, cursor.pos = path, start
                if cursor.fields is not None:
                    del cursor.fields[notes:]
                out["truncated_type"] = kind
                _keep_rest(cursor, out)
                break
            cursor.path = path
            if name == "signature":
                out["signature"] = body
                if cursor.left:
                    _keep_rest(cursor, out)
                break
            items.append({"type": kind, "name": name, **body})

    def _layout(self, kind: int) -> tuple[str, tuple[Part, ...] | None]:
        if kind in BODIES[self.edition]:
            return BODIES[self.edition][kind]
        if kind in CUSTOM_TYPES:
            return "custom", CUSTOM
        if kind == SIGNATURE_TYPE and self.edition == 2025:
            return "signature", SIGNATURE
        return "", None

    def write(self, values: Values, out: bytearray) -> None:
        for row in as_list(values.get("items", ()), "items"):
            item = as_mapping(row, "items")
            name = as_text(item.get("name"), "name")
            kind = as_int(item.get("type", TYPES[self.edition].get(name)), f"type of {name}")
            parts = self._layout(kind)[1]
            if parts is None or kind == SIGNATURE_TYPE:
                raise WireError("value", f"type {kind} is no item of the {self.edition} edition")
            out += uint_bytes(kind, 1, "type") + write_parts(parts, item)
        if "signature" in values:
            signature = as_mapping(values["signature"], "signature")
            out += b"\xff" + write_parts(SIGNATURE, signature)
        for key in ("unknown_type", "truncated_type"):
            if key in values:
                out += uint_bytes(as_int(values[key], key), 1, key)
        out += from_hex(values.get("rest", ""), "rest")


def _keep_rest(cursor: Cursor, out: dict[str, Value]) -> None:
    start = cursor.pos
    out["rest"] = cursor.take(cursor.left).hex()
    cursor.note("rest", start, out["rest"])


NUMBER_PARAMETERS = {
    2016: {1: 2, 2: 2, 3: 2, 4: 1, 6: 2, 9: 1, 10: 2, 11: 2, 12: 1, 13: 1, 15: 2, 16: 1},
    2025: {1: 2, 2: 1, 3: 1, 4: 1, 6: 2, 9: 1, 10: 2, 11: 2, 12: 1, 13: 1, 15: 2, 16: 1},
}
VERSION_PARAMETERS = {7: 5, 8: 5}
DOMAIN_PARAMETERS = {5: 4, 14: 13}


@dataclass(frozen=True, slots=True)
class Parameters:
    """{id, value} without lengths: the reader must know each id, and a domain takes its length from
    the parameter before it. What follows an unknown id stays unread."""

    edition: int

    def read(self, cursor: Cursor, out: dict[str, Value]) -> None:
        start = cursor.pos
        count = cursor.take(1)[0]
        out["count"] = count
        cursor.note("count", start, count)
        params: list[Value] = []
        out["params"] = params
        known: dict[int, Value] = {}
        for _ in range(count):
            start = cursor.pos
            number = cursor.take(1)[0]
            value = self._value(number, known)
            if value is None or (isinstance(value, Text) and value.size > cursor.left):
                cursor.pos = start
                break
            found = value.value_of(cursor.take(value.size)) if value.size else ""
            known[number] = found
            params.append({"id": number, "value": found})
            cursor.note(f"parameter {number:02x}", start, found)

    def _value(self, number: int, known: Mapping[int, Value]) -> Number | Text | None:
        if number in NUMBER_PARAMETERS[self.edition]:
            return Number("value", NUMBER_PARAMETERS[self.edition][number])
        if number in VERSION_PARAMETERS:
            return Text("value", VERSION_PARAMETERS[number])
        length = known.get(DOMAIN_PARAMETERS.get(number, 0))
        return Text("value", length) if isinstance(length, int) else None

    def write(self, values: Values, out: bytearray) -> None:
        rows = as_list(values.get("params", ()), "params")
        out += uint_bytes(as_int(values.get("count", len(rows)), "count"), 1, "count")
        known: dict[int, Value] = {}
        for row in rows:
            item = as_mapping(row, "params")
            number = as_int(item.get("id"), "id")
            value = self._value(number, known)
            if value is None:
                raise WireError("value", f"parameter {number} has no known length here")
            known[number] = item.get("value")
            out += uint_bytes(number, 1, "id")
            if value.size:
                out += value.bytes_of(item.get("value"))


@dataclass(frozen=True, slots=True)
class Optional:
    """A last part that may be missing."""

    part: Hex

    def read(self, cursor: Cursor, out: dict[str, Value]) -> None:
        if cursor.left:
            self.part.read(cursor, out)

    def write(self, values: Values, out: bytearray) -> None:
        if self.part.key in values:
            self.part.write(values, out)


def _login(edition: int) -> tuple[Part, ...]:
    codes = Codes2016() if edition == 2016 else Codes2025()
    return (TIME, SERIAL, Text("iccid", 20), codes)


PLATFORM_LOGIN: tuple[Part, ...] = (
    TIME,
    SERIAL,
    Text("username", 12),
    Text("password", 20),
    Number("encryption", 1),
)
ACTIVATION: tuple[Part, ...] = (
    TIME,
    Text("chip_id", 16, strip="\0 "),
    Prefixed(Hex("public_key", 0), 2),
    Text("vin", 17),
    Group("signature", SIGNATURE),
)
KEY_EXCHANGE: tuple[Part, ...] = (
    Number("key_type", 1),
    Prefixed(Hex("key", 0), 2),
    BinaryTime("valid_from"),
    BinaryTime("valid_to"),
)
CONTROL: tuple[Part, ...] = (TIME, Number("control", 1), Optional(Hex("params_raw", 0)))
PARAMETER_QUERY: tuple[Part, ...] = (TIME, Counted("ids", Number("id", 1)))


def data_unit(*, edition: int, command: int, flag: int, length: int) -> tuple[Part, ...] | None:
    """The parts of a data unit, or None when it has no table. An answer of six bytes is its time
    only; a longer one repeats the command's body, which the 2016 annex asks for."""
    if flag != COMMAND and command != 0x80 and length <= 6:
        return (TIME,) if length == 6 else ()
    match command:
        case 0x01:
            return _login(edition)
        case 0x02 | 0x03:
            return (TIME, Items(edition))
        case 0x04 | 0x06:
            return (TIME, SERIAL)
        case 0x05:
            return PLATFORM_LOGIN
        case 0x07 | 0x08:
            return ()
        case 0x09 if edition == 2025:
            return ACTIVATION
        case 0x0A if edition == 2025:
            return (Number("status", 1), Number("info", 1))
        case 0x0B if edition == 2025:
            return KEY_EXCHANGE
        case 0x80 if flag == COMMAND:
            return PARAMETER_QUERY
        case 0x80 | 0x81:
            return (TIME, Parameters(edition))
        case 0x82:
            return CONTROL
    return None
