"""Arithmetic of connected vehicles: groups of a reading, edges of alarms, places, clocks."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from operator import attrgetter
from typing import Any, Final, NamedTuple

from panshi.wire import columns
from panshi.wire.columns import Reading

GB: Final = "GB"
JT: Final = "JT"
SLOTS: Final[Mapping[str, str]] = {columns.GB32960: GB, columns.JTT808: JT}

FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "place": ("lon_e6", "lat_e6", "direction_deg"),
    "motion": ("speed_tenths", "acc_on", "gear", "status_bits", "signal"),
    "odometer": ("odometer_tenths",),
    "energy": (
        "soc_pct", "voltage_tenths", "current_tenths", "charge_state", "vehicle_state", "run_mode",
        "dcdc_state", "insulation_kohm",
    ),
    "health": (
        "max_cell_mv", "max_cell_number", "min_cell_mv", "min_cell_number",
        "max_temp_c", "max_temp_probe", "min_temp_c", "min_temp_probe",
    ),
    "gb_alarm": ("gb_alarm_bits", "gb_alarm_level"),
    "jt_alarm": ("jt_alarm_bits",),
}  # fmt: skip
"""The groups of live state: each is replaced whole, by a reading newer than the one it holds."""

FACTS: Final = frozenset(
    {
        columns.REALTIME,
        columns.REISSUE,
        columns.LOCATION_ANSWER,
        columns.CONTROL_ANSWER,
    }
)
"""The kinds of reading that say something about the vehicle, and so belong into history."""

EARLIEST_S: Final = 1_420_070_400  # 2015-01-01: terminals without a clock say 1970 or 2000.
AHEAD_S: Final = 600
OFFLINE_HOURS: Final = (2, 24, 72)

_TAKE: Final = {
    group: attrgetter(*names) if len(names) > 1 else None
    for group, names in FIELDS.items()
    if not group.endswith("_alarm")
}


class Moment(NamedTuple):
    """When a reading was true: device time in seconds since 1970 UTC, then its place in the log."""

    time: int
    position: int


def device_time(*, time: int | None, received_us: int) -> tuple[int, bool]:
    """The reading's time and whether the device's clock was right.

    A clock that is no date, lies before 2015 or runs over 10 min ahead counts as the moment of
    arrival.
    """
    received = received_us // 1_000_000
    if time is None or time < EARLIEST_S or time > received + AHEAD_S:
        return received, False
    return time, True


def groups_of(reading: Reading) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """The groups that a reading fills, with their values in the order of FIELDS."""
    lon, lat = reading.lon_e6, reading.lat_e6
    if reading.fix_valid and lon is not None and lat is not None and (lon or lat):
        if reading.datum == GCJ02:
            lon, lat = _to_wgs84_e6(lon, lat)
        yield "place", (lon, lat, reading.direction_deg)
    if reading.speed_tenths is not None or reading.acc_on is not None:
        yield "motion", _values(reading, "motion")
    if reading.odometer_tenths:
        yield "odometer", (reading.odometer_tenths,)
    if reading.soc_pct is not None or reading.voltage_tenths is not None:
        yield "energy", _values(reading, "energy")
    if reading.max_cell_mv is not None or reading.max_temp_c is not None:
        yield "health", _values(reading, "health")
    if reading.alarm_bits is not None:
        if reading.protocol == columns.GB32960:
            yield "gb_alarm", (reading.alarm_bits, reading.alarm_level)
        else:
            yield "jt_alarm", (reading.alarm_bits,)


def _values(reading: Reading, group: str) -> tuple[Any, ...]:
    take = _TAKE[group]
    assert take is not None
    found: tuple[Any, ...] = take(reading)
    return found


@dataclass(frozen=True, slots=True)
class Edge:
    """An alarm bit that changed: `raised` or cleared, by the reading at `moment`."""

    bit: int
    raised: bool
    moment: Moment
    reading: Reading


def edges(
    *, bits: int, since: Moment | None, readings: Iterable[tuple[Moment, Reading]]
) -> Iterator[Edge]:
    """The changes of an alarm word by readings newer than `since`, in order of their moments."""
    for moment, reading in sorted(readings, key=lambda pair: pair[0]):
        if (since is not None and moment <= since) or reading.alarm_bits is None:
            continue
        changed = bits ^ reading.alarm_bits
        while changed:
            bit = (changed & -changed).bit_length() - 1
            changed &= changed - 1
            yield Edge(bit, bool(reading.alarm_bits >> bit & 1), moment, reading)
        bits, since = reading.alarm_bits, moment


def level_of(*, reading: Reading, bit: int) -> int:
    """The level 0..4 that the vehicle gave to an alarm: its own in 2025, the highest in 2016."""
    for number, level in reading.alarm_bit_levels:
        if number == bit:
            return min(level, 4)
    return min(reading.alarm_level or 0, 4)


def offline_step(*, told: int, silent_s: float) -> int:
    """The hours of silence to tell now: the longest step reached, or `told` when it was told."""
    reached = [hours for hours in OFFLINE_HOURS if silent_s >= hours * 3600]
    return max([told, *reached])


def hours(value: float) -> Decimal:
    """Hours with one place."""
    return Decimal(round(value * 10)) / 10


def km(tenths: int) -> Decimal:
    return Decimal(tenths) / 10


def percent(whole: int) -> Decimal:
    return Decimal(whole)


STATES: Final = ("DRIVING", "CHARGING", "STANDING", "OFFLINE", "SILENT")


OFFLINE_S: Final = 600
SILENT_S: Final = 86_400
MOVING_TENTHS: Final = 30


def activity(
    *,
    silent_s: float | None,
    speed_tenths: int | None,
    charge_state: int | None,
    current_tenths: int | None,
) -> str:
    """DRIVING, CHARGING, STANDING; OFFLINE without a frame for 10 min, SILENT for a day or ever."""
    if silent_s is None or silent_s >= SILENT_S:
        return "SILENT"
    if silent_s >= OFFLINE_S:
        return "OFFLINE"
    if speed_tenths is not None and speed_tenths > MOVING_TENTHS:
        return "DRIVING"
    if charge_state == 1 or (charge_state is None and (current_tenths or 0) < -10):
        return "CHARGING"
    return "STANDING"


def tone_of(*, state: str, alarm_level: int | None, gb_bits: int | None) -> str:
    """The colour of a vehicle on the map: an open alarm of level 2 or more shows first."""
    if state in ("DRIVING", "CHARGING", "STANDING") and gb_bits and (alarm_level or 0) >= 3:
        return "bad"
    if state in ("DRIVING", "CHARGING", "STANDING") and gb_bits and (alarm_level or 0) >= 1:
        return "warn"
    return {"DRIVING": "ok", "CHARGING": "info", "STANDING": "idle"}.get(state, "idle")


@dataclass(frozen=True, slots=True)
class Cell:
    """Vehicles of one grid cell: their middle in degrees, and how many."""

    lon: float
    lat: float
    count: int


GCJ02: Final = 2  # The datum byte of GB/T 32960-2025.
_AXIS: Final = 6_378_245.0
_ECCENTRICITY: Final = 0.00669342162296594323


def _to_wgs84_e6(lon_e6: int, lat_e6: int) -> tuple[int, int]:
    lon, lat = to_wgs84(lon=lon_e6 / 1e6, lat=lat_e6 / 1e6)
    return round(lon * 1e6), round(lat * 1e6)


def to_wgs84(*, lon: float, lat: float) -> tuple[float, float]:
    """A GCJ-02 place in degrees as WGS-84, by iteration to under 0.1 m; unchanged outside China."""
    if not (72.004 <= lon <= 137.8347 and 0.8293 <= lat <= 55.8271):
        return lon, lat
    x, y = lon, lat
    for _ in range(4):
        east, north = _shift(x, y)
        x, y = lon - east, lat - north
    return x, y


def _shift(lon: float, lat: float) -> tuple[float, float]:
    """By how many degrees GCJ-02 moves a WGS-84 place."""
    x, y = lon - 105.0, lat - 35.0
    ripple = (20 * math.sin(6 * x * math.pi) + 20 * math.sin(2 * x * math.pi)) * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x)) + ripple
    north += (20 * math.sin(y * math.pi) + 40 * math.sin(y / 3 * math.pi)) * 2 / 3
    north += (160 * math.sin(y / 12 * math.pi) + 320 * math.sin(y * math.pi / 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x)) + ripple
    east += (20 * math.sin(x * math.pi) + 40 * math.sin(x / 3 * math.pi)) * 2 / 3
    east += (150 * math.sin(x / 12 * math.pi) + 300 * math.sin(x / 30 * math.pi)) * 2 / 3
    angle = math.radians(lat)
    magic = 1 - _ECCENTRICITY * math.sin(angle) ** 2
    meridian = _AXIS * (1 - _ECCENTRICITY) / (magic * math.sqrt(magic))
    parallel = _AXIS / math.sqrt(magic) * math.cos(angle)
    return math.degrees(east / parallel), math.degrees(north / meridian)
