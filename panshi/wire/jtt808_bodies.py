"""JT/T 808 bodies: the tables that read, write and explain them, and the location report."""

from collections.abc import Mapping
from dataclasses import dataclass

from panshi.wire.clock import BcdTime
from panshi.wire.errors import WireError
from panshi.wire.layout import (
    Bits,
    Cursor,
    Hex,
    Number,
    Part,
    Scalar,
    Truncated,
    Value,
    Values,
    as_int,
    as_list,
    as_mapping,
    as_number,
    bit_list,
    from_bits,
    from_hex,
    read_parts,
    uint_bytes,
    write_parts,
)

TIME = BcdTime()
ACK_SERIAL = Number("ack_serial", 2)
LOCATION_SIZE = 28
ACC_ON, POSITIONED, SOUTH, WEST = 1, 2, 4, 8


@dataclass(frozen=True, slots=True)
class BitList(Scalar):
    """A flag word shown as the list of its set bits."""

    def value_of(self, raw: bytes) -> Value:
        return bit_list(int.from_bytes(raw, "big"))

    def bytes_of(self, value: Value) -> bytes:
        return uint_bytes(from_bits(value, self.key), self.size, self.key)


@dataclass(frozen=True, slots=True)
class ByteList(Scalar):
    """One number per byte."""

    def value_of(self, raw: bytes) -> Value:
        return list(raw)

    def bytes_of(self, value: Value) -> bytes:
        return b"".join(
            uint_bytes(as_int(number, self.key), 1, self.key) for number in as_list(value, self.key)
        )


# Standard additional information, by id and length. Vendors reuse ids with other lengths, and those
# stay hex.
EXTRAS: Mapping[tuple[int, int], tuple[Part, ...]] = {
    (0x01, 4): (Number("mileage_km", 4, 10),),
    (0x02, 2): (Number("fuel_l", 2, 10),),
    (0x03, 2): (Number("recorder_speed_kmh", 2, 10),),
    (0x04, 2): (Number("manual_alarm_id", 2),),
    (0x05, 30): (ByteList("tyre_pressures_pa_raw", 30),),
    (0x11, 1): (Number("overspeed_loc_type", 1),),
    (0x11, 5): (Number("overspeed_loc_type", 1), Number("area_id", 4)),
    (0x12, 6): (Number("inout_loc_type", 1), Number("area_id", 4), Number("direction", 1)),
    (0x13, 7): (Number("route_id", 4), Number("route_time_s", 2), Number("route_result", 1)),
    (0x25, 4): (BitList("signal_bits", 4),),
    (0x2A, 2): (BitList("io_bits", 2),),
    (0x2B, 4): (Number("ad1", 2), Number("ad0", 2)),
    (0x30, 1): (Number("rssi", 1),),
    (0x31, 1): (Number("satellites", 1),),
}


@dataclass(frozen=True, slots=True)
class Extras:
    """{id, length, value} to the end; bytes that do not fit are kept as `extra_trailing`."""

    def read(self, cursor: Cursor, out: dict[str, Value]) -> None:
        extras: list[Value] = []
        out["extras"] = extras
        path = cursor.path
        while cursor.left:
            start = cursor.pos
            if cursor.left < 2 or cursor.data[start + 1] > cursor.left - 2:
                out["extra_trailing"] = cursor.take(cursor.left).hex()
                cursor.note("extra_trailing", start, out["extra_trailing"])
                break
            number, length = cursor.take(2)
            raw = cursor.data[cursor.pos : cursor.pos + length]
            extra: dict[str, Value] = {"id": f"{number:02x}", "len": length, "hex": raw.hex()}
            cursor.note(f"extra {number:02x}", start, length)
            parts = EXTRAS.get((number, length))
            cursor.path = f"{path}extra {number:02x}."
            if parts is not None:
                extra.update(read_parts(parts, cursor))
            elif length:
                start = cursor.pos
                cursor.take(length)
                cursor.note("hex", start, raw.hex())
            cursor.path = path
            extras.append(extra)

    def write(self, values: Values, out: bytearray) -> None:
        for row in as_list(values.get("extras", ()), "extras"):
            extra = as_mapping(row, "extras")
            number = int.from_bytes(Hex("id", 1).bytes_of(extra.get("id")), "big")
            raw = self._bytes(number, extra)
            out += bytes((number,)) + uint_bytes(len(raw), 1, "extra's length") + raw
        out += from_hex(values.get("extra_trailing", ""), "extra_trailing")

    def _bytes(self, number: int, extra: Values) -> bytes:
        if "hex" in extra:
            return from_hex(extra["hex"], "hex")
        forms = [form for (known, _), form in EXTRAS.items() if known == number]
        for form in reversed(forms):
            keys = {part.key for part in form if isinstance(part, Scalar)}
            if keys <= set(extra):
                return bytes(write_parts(form, extra))
        raise WireError("value", f"extra {number:02x} needs its hex or its standard keys")


@dataclass(frozen=True, slots=True)
class Location:
    """The location report: 28 fixed bytes, then, when `has_extras`, additional information."""

    has_extras: bool = True

    def read(self, cursor: Cursor, out: dict[str, Value]) -> None:
        if cursor.left < LOCATION_SIZE:
            raise Truncated(f"{cursor.left} bytes are no location")
        Bits("alarm", 4, "alarm_bits").read(cursor, out)
        status = int.from_bytes(cursor.data[cursor.pos : cursor.pos + 4], "big")
        Bits("status", 4, "status_bits").read(cursor, out)
        out["acc_on"] = bool(status & ACC_ON)
        out["positioned"] = bool(status & POSITIONED)
        for key, negative in (("lat", status & SOUTH), ("lon", status & WEST)):
            start = cursor.pos
            degrees = int.from_bytes(cursor.take(4), "big") / 1_000_000
            out[key] = -degrees if negative else degrees
            cursor.note(key, start, out[key])
        Number("altitude_m", 2).read(cursor, out)
        Number("speed_kmh", 2, 10).read(cursor, out)
        Number("direction_deg", 2).read(cursor, out)
        TIME.read(cursor, out)
        out["extras"] = []
        if self.has_extras:
            Extras().read(cursor, out)

    def write(self, values: Values, out: bytearray) -> None:
        degrees = {key: as_number(values.get(key, 0), key) for key in ("lat", "lon")}
        Bits("alarm", 4, "alarm_bits").write(values, out)
        status = values.get("status")
        if status is None:
            bits = from_bits(values.get("status_bits", ()), "status_bits")
            bits |= ACC_ON * bool(values.get("acc_on"))
            bits |= POSITIONED * bool(values.get("positioned"))
            bits |= SOUTH * (degrees["lat"] < 0) | WEST * (degrees["lon"] < 0)
            status = f"{bits:08x}"
        out += Hex("status", 4).bytes_of(status)
        for key in ("lat", "lon"):
            out += Number(key, 4, 1_000_000).bytes_of(abs(degrees[key]))
        out += Number("altitude_m", 2).bytes_of(values.get("altitude_m", 0))
        out += Number("speed_kmh", 2, 10).bytes_of(values.get("speed_kmh", 0))
        out += Number("direction_deg", 2).bytes_of(values.get("direction_deg", 0))
        TIME.write(values, out)
        if self.has_extras:
            Extras().write(values, out)
