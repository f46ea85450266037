"""GB/T 32960 straight into columns: the lean path of the ingest loop, without a dict on the way."""

from collections.abc import Sequence
from struct import Struct, error, unpack_from
from typing import TypedDict
from zlib import crc32

from panshi.wire import columns, gb32960
from panshi.wire.clock import binary_epoch
from panshi.wire.columns import Motor, Pack, Probes, Reading
from panshi.wire.gb32960_bodies import CUSTOM_TYPES, SIGNATURE_TYPE
from panshi.wire.gb32960_messages import COMMAND

KINDS = {
    gb32960.LOGIN: columns.LOGIN,
    gb32960.REALTIME: columns.REALTIME,
    gb32960.REISSUE: columns.REISSUE,
    gb32960.LOGOUT: columns.LOGOUT,
    gb32960.PLATFORM_LOGIN: columns.PLATFORM_LOGIN,
    gb32960.PLATFORM_LOGOUT: columns.PLATFORM_LOGOUT,
    gb32960.HEARTBEAT: columns.HEARTBEAT,
    gb32960.TIME_SYNC: columns.TIME_SYNC,
}
TIMED = frozenset((1, 2, 3, 4, 5, 6, 9, 0x80, 0x81, 0x82))
SERIALS = frozenset((1, 4, 5, 6))

VEHICLE_2016 = Struct(">BBBHIHHBBBHBB")
VEHICLE_2025 = Struct(">BBBHIHHBBBH")
MOTOR_2016 = Struct(">BBBHHBHH")
MOTOR_2025 = Struct(">BBBHIB")
POSITION_2016 = Struct(">BII")
POSITION_2025 = Struct(">BBII")
EXTREME = Struct(">BBHBBHBBBBBB")
ALARM = Struct(">BI")
PACK_2016 = Struct(">BHHHHB")
PACK_2025 = Struct(">BHHH")
WORD_MARKER = 0xFFFE
LONG_MARKER = 0xFFFFFFFE
NO_FAULTS = bytes(4)
BYTES: tuple[int | None, ...] = (*range(254), None, None)
TEMPS: tuple[int | None, ...] = (*range(-40, 214), None, None)
# Bodies that fill no column: their length, so that the items behind them are reached.
SKIPPED = {2016: {4: 5}, 2025: {3: 12, 4: 2, 0x32: 18}}
WORD_ALIKE = (b"\xff\xff", b"\xff\xfe")


class _Found(TypedDict, total=False):
    """The columns a data unit fills, by the names of `Reading`."""

    time: int | None
    serial: int | None
    iccid: str | None
    undecoded: bool
    unparsed: int
    crc: int
    vehicle_state: int | None
    charge_state: int | None
    run_mode: int | None
    speed_tenths: int | None
    odometer_tenths: int | None
    voltage_tenths: int | None
    current_tenths: int | None
    soc_pct: int | None
    dcdc_state: int | None
    gear: int | None
    insulation_kohm: int | None
    accelerator_pct: int | None
    brake_pct: int | None
    motors: Sequence[Motor]
    fix_valid: bool | None
    datum: int | None
    lon_e6: int | None
    lat_e6: int | None
    max_cell_pack: int | None
    max_cell_number: int | None
    max_cell_mv: int | None
    min_cell_pack: int | None
    min_cell_number: int | None
    min_cell_mv: int | None
    max_temp_pack: int | None
    max_temp_probe: int | None
    max_temp_c: int | None
    min_temp_pack: int | None
    min_temp_probe: int | None
    min_temp_c: int | None
    alarm_level: int | None
    alarm_bits: int | None
    alarm_bit_levels: Sequence[tuple[int, int]]
    battery_faults: Sequence[int]
    motor_faults: Sequence[int]
    engine_faults: Sequence[int]
    other_faults: Sequence[int]
    packs: list[Pack]
    probes: list[Probes]


def read_columns(*, frame: bytes, tolerant: bool = False) -> list[Reading]:
    """The one reading of a frame. Raises WireError as `gb32960.read` does.

    An item that is unknown or runs beyond the data ends the unit: what came before it is kept and
    the rest is counted in `unparsed`. A 2025 frame's extremes come from its lists.
    """
    problem = gb32960.check(frame=frame)
    if problem and not tolerant:
        raise problem
    edition, command, flag = gb32960.EDITIONS[frame[:2]], frame[2], frame[3]
    vin = gb32960.vin_of(frame=frame)
    data = frame[gb32960.HEADER_SIZE : -1]
    found: _Found = {}
    if frame[21] in gb32960.ENCRYPTED:
        found["undecoded"] = True
        found["crc"] = crc32(data)
    elif len(data) >= 6 and command in TIMED:
        found["time"] = binary_epoch(data[:6])
        if flag == COMMAND:
            if command in (2, 3):
                _items(data, edition, found)
            elif command in SERIALS and len(data) >= 8:
                found["serial"] = data[6] << 8 | data[7]
                if command == 1 and len(data) >= 28:
                    found["iccid"] = data[8:28].strip(b"\0 ").decode("latin-1")
    return [
        Reading(
            columns.GB32960,
            edition,
            KINDS.get(command, columns.OTHER),
            command,
            vin.upper(),
            vin,
            is_answer=flag != COMMAND,
            checked=problem is None,
            **found,
        )
    ]


def _items(data: bytes, edition: int, found: _Found) -> None:
    pos, end = 6, len(data)
    signed_to = end
    readers, skipped = READERS[edition], SKIPPED[edition]
    while pos < end:
        kind = data[pos]
        start, pos = pos, pos + 1
        reader = readers.get(kind)
        try:
            if reader is not None:
                pos = reader(data, pos, found)
            elif kind in CUSTOM_TYPES:
                pos += 2 + (data[pos] << 8 | data[pos + 1])
            elif kind in skipped:
                pos += skipped[kind]
            elif kind == SIGNATURE_TYPE and edition == 2025:
                pos = _signature_end(data, pos)
                if pos <= end:
                    signed_to = start
                    found["unparsed"] = end - pos
                    break
            else:
                pos = end + 1
        except (IndexError, error):
            pos = end + 1
        if pos > end:
            found["unparsed"] = end - start
            break
    found["crc"] = crc32(data[:signed_to])
    if edition == 2025:
        _extremes(found)


def _signature_end(data: bytes, pos: int) -> int:
    pos += 3 + (data[pos + 1] << 8 | data[pos + 2])
    return pos + 2 + (data[pos] << 8 | data[pos + 1])


def _word(raw: int) -> int | None:
    return raw if raw < WORD_MARKER else None


def _vehicle_2016(data: bytes, pos: int, found: _Found) -> int:
    raw = VEHICLE_2016.unpack_from(data, pos)
    found["accelerator_pct"] = BYTES[raw[11]]
    found["brake_pct"] = BYTES[raw[12]]
    found["insulation_kohm"] = raw[10]
    found["gear"] = raw[9] & 15
    _vehicle(raw, 10000, found)
    return pos + 20


def _vehicle_2025(data: bytes, pos: int, found: _Found) -> int:
    raw = VEHICLE_2025.unpack_from(data, pos)
    found["insulation_kohm"] = _word(raw[10])
    found["gear"] = None if raw[9] & 128 else raw[9] & 15
    _vehicle(raw, 30000, found)
    return pos + 18


def _vehicle(raw: tuple[int, ...], current_offset: int, found: _Found) -> None:
    state, charge, mode, speed, odometer, voltage, current, soc, dcdc = raw[:9]
    found["vehicle_state"] = BYTES[state]
    found["charge_state"] = BYTES[charge]
    found["run_mode"] = BYTES[mode]
    found["speed_tenths"] = speed if speed < WORD_MARKER else None
    found["odometer_tenths"] = odometer if odometer < LONG_MARKER else None
    found["voltage_tenths"] = voltage if voltage < WORD_MARKER else None
    found["current_tenths"] = current - current_offset if current < WORD_MARKER else None
    found["soc_pct"] = BYTES[soc]
    found["dcdc_state"] = BYTES[dcdc]


def _motors_2016(data: bytes, pos: int, found: _Found) -> int:
    count = data[pos]
    pos += 1
    motors = []
    for _ in range(count if count < 254 else 0):
        raw = MOTOR_2016.unpack_from(data, pos)
        index, state, controller, speed, torque, temp, voltage, current = raw
        motors.append(
            Motor(
                index,
                BYTES[state],
                TEMPS[controller],
                speed - 20000 if speed < WORD_MARKER else None,
                torque - 20000 if torque < WORD_MARKER else None,
                TEMPS[temp],
                _word(voltage),
                current - 10000 if current < WORD_MARKER else None,
            )
        )
        pos += 12
    found["motors"] = motors
    return pos


def _motors_2025(data: bytes, pos: int, found: _Found) -> int:
    count = data[pos]
    pos += 1
    motors = []
    for _ in range(count if count < 254 else 0):
        index, state, controller, speed, torque, temp = MOTOR_2025.unpack_from(data, pos)
        motors.append(
            Motor(
                index,
                BYTES[state],
                TEMPS[controller],
                speed - 32000 if speed < WORD_MARKER else None,
                torque - 200000 if torque < LONG_MARKER else None,
                TEMPS[temp],
            )
        )
        pos += 10
    found["motors"] = motors
    return pos


def _position_2016(data: bytes, pos: int, found: _Found) -> int:
    status, lon, lat = POSITION_2016.unpack_from(data, pos)
    _position(status, lon, lat, found)
    return pos + 9


def _position_2025(data: bytes, pos: int, found: _Found) -> int:
    status, datum, lon, lat = POSITION_2025.unpack_from(data, pos)
    found["datum"] = BYTES[datum]
    _position(status, lon, lat, found)
    return pos + 10


def _position(status: int, lon: int, lat: int, found: _Found) -> None:
    found["fix_valid"] = not status & 1
    if lon < LONG_MARKER:
        found["lon_e6"] = -lon if status & 4 else lon
    if lat < LONG_MARKER:
        found["lat_e6"] = -lat if status & 2 else lat


def _extreme_2016(data: bytes, pos: int, found: _Found) -> int:
    raw = EXTREME.unpack_from(data, pos)
    found["max_cell_pack"] = BYTES[raw[0]]
    found["max_cell_number"] = BYTES[raw[1]]
    found["max_cell_mv"] = _word(raw[2])
    found["min_cell_pack"] = BYTES[raw[3]]
    found["min_cell_number"] = BYTES[raw[4]]
    found["min_cell_mv"] = _word(raw[5])
    found["max_temp_pack"] = BYTES[raw[6]]
    found["max_temp_probe"] = BYTES[raw[7]]
    found["max_temp_c"] = TEMPS[raw[8]]
    found["min_temp_pack"] = BYTES[raw[9]]
    found["min_temp_probe"] = BYTES[raw[10]]
    found["min_temp_c"] = TEMPS[raw[11]]
    return pos + 14


def _alarm_2016(data: bytes, pos: int, found: _Found) -> int:
    level, bits = ALARM.unpack_from(data, pos)
    pos += 5
    if data[pos : pos + 4] == NO_FAULTS:
        pos += 4
        lists: list[Sequence[int]] = [(), (), (), ()]
    else:
        lists = []
        for _ in range(4):
            count = data[pos]
            count = count if count < 254 else 0
            lists.append(unpack_from(f">{count}I", data, pos + 1))
            pos += 1 + 4 * count
    found["alarm_level"] = BYTES[level]
    found["alarm_bits"] = bits
    found["battery_faults"], found["motor_faults"] = lists[0], lists[1]
    found["engine_faults"], found["other_faults"] = lists[2], lists[3]
    return pos


def _alarm_2025(data: bytes, pos: int, found: _Found) -> int:
    alarm: _Found = {}
    pos = _alarm_2016(data, pos, alarm)
    count = data[pos]
    pos += 1
    levels = data[pos : pos + 2 * (count if count < 254 else 0)]
    if count < 254 and len(levels) < 2 * count:
        return len(data) + 1
    alarm["alarm_bit_levels"] = tuple(zip(levels[::2], levels[1::2], strict=True))
    found.update(alarm)
    return pos + len(levels)


def _cells(data: bytes, pos: int, count: int) -> Sequence[int | None]:
    """`count` cell voltages in mV. Markers are rare, so their bytes are looked for first."""
    cells: tuple[int, ...] = unpack_from(f">{count}H", data, pos)
    raw = data[pos : pos + 2 * count]
    if WORD_ALIKE[0] in raw or WORD_ALIKE[1] in raw:
        return [cell if cell < WORD_MARKER else None for cell in cells]
    return cells


def _voltages_2016(data: bytes, pos: int, found: _Found) -> int:
    packs = []
    count = data[pos]
    pos += 1
    for _ in range(count if count < 254 else 0):
        number, voltage, current, total, start, here = PACK_2016.unpack_from(data, pos)
        here = here if here < 254 else 0
        pos += 10
        stop = pos + 2 * here
        current = current - 10000 if current < WORD_MARKER else None
        cells = _cells(data, pos, here)
        packs.append(Pack(number, _word(voltage), current, total, start, cells))
        pos = stop
    found.setdefault("packs", []).extend(packs)
    return pos


def _voltages_2025(data: bytes, pos: int, found: _Found) -> int:
    packs = []
    count = data[pos]
    pos += 1
    for _ in range(count if count < 254 else 0):
        number, voltage, current, total = PACK_2025.unpack_from(data, pos)
        total = total if total < WORD_MARKER else 0
        pos += 7
        stop = pos + 2 * total
        current = current - 30000 if current < WORD_MARKER else None
        cells = _cells(data, pos, total)
        packs.append(Pack(number, _word(voltage), current, total, 1, cells))
        pos = stop
    found.setdefault("packs", []).extend(packs)
    return pos


def _temperatures(data: bytes, pos: int, found: _Found) -> int:
    packs = []
    count = data[pos]
    pos += 1
    for _ in range(count if count < 254 else 0):
        number, here = data[pos], data[pos + 1] << 8 | data[pos + 2]
        here = here if here < WORD_MARKER else 0
        pos += 3
        stop = pos + here
        if stop > len(data):
            return stop
        packs.append(Probes(number, [TEMPS[raw] for raw in data[pos:stop]]))
        pos = stop
    found.setdefault("probes", []).extend(packs)
    return pos


def _fuel_cell_2016(data: bytes, pos: int, found: _Found) -> int:
    probes = data[pos + 6] << 8 | data[pos + 7]
    return pos + 18 + (probes if probes < WORD_MARKER else 0)


def _stacks_2025(data: bytes, pos: int, found: _Found) -> int:
    count = data[pos]
    pos += 1
    for _ in range(count if count < 254 else 0):
        probes = data[pos + 10] << 8 | data[pos + 11]
        pos += 12 + (probes if probes < WORD_MARKER else 0)
    return pos


def _supercap_2025(data: bytes, pos: int, found: _Found) -> int:
    cells = data[pos + 5] << 8 | data[pos + 6]
    pos += 7 + 2 * (cells if cells < WORD_MARKER else 0)
    probes = data[pos] << 8 | data[pos + 1]
    return pos + 2 + (probes if probes < WORD_MARKER else 0)


READERS = {
    2016: {
        1: _vehicle_2016,
        2: _motors_2016,
        3: _fuel_cell_2016,
        5: _position_2016,
        6: _extreme_2016,
        7: _alarm_2016,
        8: _voltages_2016,
        9: _temperatures,
    },
    2025: {
        1: _vehicle_2025,
        2: _motors_2025,
        5: _position_2025,
        6: _alarm_2025,
        7: _voltages_2025,
        8: _temperatures,
        0x30: _stacks_2025,
        0x31: _supercap_2025,
    },
}


Extreme = tuple[int | None, int | None, int | None]
NOTHING: tuple[Extreme, Extreme] = ((None, None, None), (None, None, None))


def _extremes(found: _Found) -> None:
    """The edition of 2025 sends no extremes: the first highest and lowest of the lists."""
    high, low = _high_and_low([(pack.number, pack.cells) for pack in found.get("packs", ())])
    found["max_cell_mv"], found["max_cell_pack"], found["max_cell_number"] = high
    found["min_cell_mv"], found["min_cell_pack"], found["min_cell_number"] = low
    high, low = _high_and_low([(pack.pack, pack.temps) for pack in found.get("probes", ())])
    found["max_temp_c"], found["max_temp_pack"], found["max_temp_probe"] = high
    found["min_temp_c"], found["min_temp_pack"], found["min_temp_probe"] = low


def _high_and_low(packs: list[tuple[int, Sequence[int | None]]]) -> tuple[Extreme, Extreme]:
    highs, lows = [], []
    for pack, values in packs:
        # A tuple comes straight from the bytes: it had no marker to take out.
        if isinstance(values, tuple):
            known: Sequence[int] = values
        else:
            known = [value for value in values if value is not None]
        if known:
            high, low = max(known), min(known)
            highs.append((high, pack, values.index(high) + 1))
            lows.append((low, pack, values.index(low) + 1))
    if not highs:
        return NOTHING
    return max(highs, key=lambda row: row[0]), min(lows, key=lambda row: row[0])
