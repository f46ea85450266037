"""GB/T 32960 data units of both editions: the tables that read, write and explain them.

2016 and 2025 renumber the information types, so every table is keyed by edition.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from panshi.wire.layout import (
    Bits,
    Counted,
    Cursor,
    Group,
    Hex,
    Number,
    Part,
    Prefixed,
    Value,
    Values,
    as_int,
    uint_bytes,
)


@dataclass(frozen=True, slots=True)
class Gear:
    """Bits 3..0 the gear, 4 braking force, 5 driving force; 2025: 7 says the gear is not valid."""

    has_validity: bool

    def read(self, cursor: Cursor, out: dict[str, Value]) -> None:
        start = cursor.pos
        raw = cursor.take(1)[0]
        out["gear_raw"] = raw
        out["gear"] = raw & 15
        out["braking"] = bool(raw & 16)
        out["driving"] = bool(raw & 32)
        if self.has_validity:
            out["gear_invalid"] = bool(raw & 128)
        cursor.note("gear_raw", start, raw & 15)

    def write(self, values: Values, out: bytearray) -> None:
        raw = values.get("gear_raw")
        if raw is None:
            raw = as_int(values.get("gear", 0), "gear") & 15
            raw |= 16 * bool(values.get("braking")) | 32 * bool(values.get("driving"))
            raw |= 128 * bool(values.get("gear_invalid"))
        out += uint_bytes(as_int(raw, "gear_raw"), 1, "gear_raw")


@dataclass(frozen=True, slots=True)
class Position:
    """Longitude, then latitude, unsigned: the signs are in the status byte. 2025 adds the datum."""

    has_datum: bool

    def read(self, cursor: Cursor, out: dict[str, Value]) -> None:
        start = cursor.pos
        status = cursor.take(1)[0]
        out["status_raw"] = status
        out["valid"] = not status & 1
        cursor.note("status_raw", start, status)
        if self.has_datum:
            Number("coord_system", 1).read(cursor, out)
        for key, negative in (("lon", status & 4), ("lat", status & 2)):
            start = cursor.pos
            degrees = Number(key, 4, 1_000_000, marked=True).value_of(cursor.take(4))
            out[key] = -degrees if negative and isinstance(degrees, float) else degrees
            cursor.note(key, start, out[key])

    def write(self, values: Values, out: bytearray) -> None:
        status = values.get("status_raw")
        degrees = {key: values.get(key) for key in ("lon", "lat")}
        if status is None:
            status = 0 if values.get("valid", True) else 1
            for key, bit in (("lon", 4), ("lat", 2)):
                place = degrees[key]
                if isinstance(place, (int, float)) and place < 0:
                    status |= bit
        out += uint_bytes(as_int(status, "status_raw"), 1, "status_raw")
        if self.has_datum:
            Number("coord_system", 1).write({"coord_system": 1, **values}, out)
        for key, place in degrees.items():
            unsigned = abs(place) if isinstance(place, (int, float)) else place
            out += Number(key, 4, 1_000_000, marked=True).bytes_of(unsigned)


def _byte(key: str, offset: int = 0) -> Number:
    return Number(key, 1, offset=offset, marked=True)


def _word(key: str, divisor: int = 1, offset: int = 0) -> Number:
    return Number(key, 2, divisor, offset, marked=True)


def _list(key: str, item: Number, count_key: str, size: int = 2) -> Counted:
    return Counted(key, item, size, count_key, marked=True)


def _vehicle(edition: int) -> tuple[Part, ...]:
    shared: tuple[Part, ...] = (
        _byte("vehicle_state"),
        _byte("charge_state"),
        _byte("run_mode"),
        _word("speed_kmh", 10),
        Number("odometer_km", 4, 10, marked=True),
        _word("voltage_v", 10),
        _word("current_a", 10, CURRENT_OFFSET[edition]),
        _byte("soc_pct"),
        _byte("dcdc_state"),
        Gear(edition == 2025),
    )
    if edition == 2025:
        return (*shared, _word("insulation_kohm"))
    # The 2016 edition defines no markers for the insulation resistance.
    pedals = (_byte("accel_pedal_pct"), _byte("brake_pedal"))
    return (*shared, Number("insulation_kohm", 2), *pedals)


CURRENT_OFFSET = {2016: 1000, 2025: 3000}
TEMPERATURE_OFFSET = 40

MOTOR_2016: tuple[Part, ...] = (
    Number("index", 1),
    _byte("state"),
    _byte("controller_temp_c", 40),
    _word("speed_rpm", 1, 20000),
    _word("torque_nm", 10, 2000),
    _byte("temp_c", 40),
    _word("controller_voltage_v", 10),
    _word("controller_current_a", 10, 1000),
)
MOTOR_2025: tuple[Part, ...] = (
    Number("index", 1),
    _byte("state"),
    _byte("controller_temp_c", 40),
    _word("speed_rpm", 1, 32000),
    Number("torque_nm", 4, 10, 20000, marked=True),
    _byte("temp_c", 40),
)
HYDROGEN_PRESSURE: tuple[Part, ...] = (
    _word("h2_max_pressure_mpa", 10),
    _byte("h2_max_pressure_sensor"),
    _byte("hv_dcdc_state"),
)
FUEL_CELL_2016: tuple[Part, ...] = (
    _word("voltage_v", 10),
    _word("current_a", 10),
    _word("fuel_rate_kg_100km", 100),
    _list("temps_c", _byte("temp_c", 40), "probe_count"),
    _word("h2_max_temp_c", 10, 40),
    _byte("h2_max_temp_probe"),
    _word("h2_max_conc_mg_kg"),
    _byte("h2_max_conc_sensor"),
    *HYDROGEN_PRESSURE,
)
FUEL_CELL_2025: tuple[Part, ...] = (
    _word("h2_max_temp_c", 1, 40),
    _byte("h2_max_temp_probe"),
    _word("h2_max_conc_pct", 10000),
    _byte("h2_max_conc_sensor"),
    *HYDROGEN_PRESSURE,
    _byte("h2_remaining_pct"),
    _byte("hv_dcdc_temp_c", 40),
)
EXTREME_2016: tuple[Part, ...] = (
    _byte("max_v_sub"),
    _byte("max_v_cell"),
    _word("max_cell_v", 1000),
    _byte("min_v_sub"),
    _byte("min_v_cell"),
    _word("min_cell_v", 1000),
    _byte("max_t_sub"),
    _byte("max_t_probe"),
    _byte("max_temp_c", 40),
    _byte("min_t_sub"),
    _byte("min_t_probe"),
    _byte("min_temp_c", 40),
)
FAULT_LISTS = ("battery_faults", "motor_faults", "engine_faults", "other_faults")
ALARM_2016: tuple[Part, ...] = (
    _byte("max_level"),
    Bits("general_flags", 4, "general_bits"),
    *(Group(key, (Counted("codes", Hex("code", 4), marked=True),)) for key in FAULT_LISTS),
)


@dataclass(frozen=True, slots=True)
class GeneralLevels:
    """2025: a level for each general flag that is set; a plain list, without its count."""

    def read(self, cursor: Cursor, out: dict[str, Value]) -> None:
        self._counted().read(cursor, out)

    def write(self, values: Values, out: bytearray) -> None:
        self._counted().write(values, out)

    def _counted(self) -> Counted:
        level = (Number("bit", 1), Number("level", 1))
        return Counted("general_levels", level, count_key="", marked=True)


PACK_VOLTAGES_2016: tuple[Part, ...] = (
    Number("sub", 1),
    _word("voltage_v", 10),
    _word("current_a", 10, 1000),
    _word("cell_total"),
    _word("start_index"),
    _list("cell_v", _word("cell_v", 1000), "frame_cells", 1),
)
PACK_VOLTAGES_2025: tuple[Part, ...] = (
    Number("sub", 1),
    _word("voltage_v", 10),
    _word("current_a", 10, 3000),
    _list("cell_v", _word("cell_v", 1000), "cell_count"),
)
PACK_TEMPERATURES: tuple[Part, ...] = (
    Number("sub", 1),
    _list("temps_c", _byte("temp_c", 40), "probe_count"),
)
STACK_2025: tuple[Part, ...] = (
    Number("index", 1),
    _word("voltage_v", 10),
    _word("current_a", 10),
    _word("h2_inlet_kpa", 10, 100),
    _word("air_inlet_kpa", 10, 100),
    _byte("air_temp_c", 40),
    _list("temps_c", _byte("temp_c", 40), "probe_count"),
)
SUPERCAP_2025: tuple[Part, ...] = (
    Number("system", 1),
    _word("voltage_v", 10),
    _word("current_a", 10, 3000),
    _list("cell_v", _word("cell_v", 1000), ""),
    _list("temps_c", _byte("temp_c", 40), ""),
)
SUPERCAP_EXTREME_2025: tuple[Part, ...] = (
    _byte("max_v_system"),
    _word("max_v_cell"),
    _word("max_cell_v", 1000),
    _byte("min_v_system"),
    _word("min_v_cell"),
    _word("min_cell_v", 1000),
    _byte("max_t_system"),
    _word("max_t_probe"),
    _byte("max_temp_c", 40),
    _byte("min_t_system"),
    _word("min_t_probe"),
    _byte("min_temp_c", 40),
)
CUSTOM: tuple[Part, ...] = (Prefixed(Hex("data", 0), 2, "length"),)
CUSTOM_TYPES = range(0x80, 0xFF)
SIGNATURE_TYPE = 0xFF
SIGNATURE: tuple[Part, ...] = (
    Number("algo", 1),
    Prefixed(Hex("r", 0), 2),
    Prefixed(Hex("s", 0), 2),
)


def _rows(key: str, item: tuple[Part, ...]) -> tuple[Part, ...]:
    return (Counted(key, item, marked=True),)


Bodies = Mapping[int, tuple[str, tuple[Part, ...]]]
BODIES: Mapping[int, Bodies] = {
    2016: {
        1: ("vehicle", _vehicle(2016)),
        2: ("motor", _rows("motors", MOTOR_2016)),
        3: ("fuel_cell", FUEL_CELL_2016),
        4: ("engine", (_byte("state"), _word("crank_rpm"), _word("fuel_rate_l_100km", 100))),
        5: ("position", (Position(has_datum=False),)),
        6: ("extreme", EXTREME_2016),
        7: ("alarm", ALARM_2016),
        8: ("cell_voltage", _rows("packs", PACK_VOLTAGES_2016)),
        9: ("cell_temp", _rows("packs", PACK_TEMPERATURES)),
    },
    2025: {
        1: ("vehicle", _vehicle(2025)),
        2: ("motor", _rows("motors", MOTOR_2025)),
        3: ("fuel_cell", FUEL_CELL_2025),
        4: ("engine", (_word("crank_rpm"),)),
        5: ("position", (Position(has_datum=True),)),
        6: ("alarm", (*ALARM_2016, GeneralLevels())),
        7: ("cell_voltage", _rows("packs", PACK_VOLTAGES_2025)),
        8: ("cell_temp", _rows("packs", PACK_TEMPERATURES)),
        0x30: ("fuel_cell_stack", _rows("stacks", STACK_2025)),
        0x31: ("supercap", SUPERCAP_2025),
        0x32: ("supercap_extreme", SUPERCAP_EXTREME_2025),
    },
}
TYPES = {
    edition: {name: kind for kind, (name, _) in bodies.items()}
    for edition, bodies in BODIES.items()
}
