"""Readings as columns of history, batch by batch: what the lake writes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, Final, NamedTuple

import numpy as np

from panshi.lake.schema import Ragged, Rows
from panshi.wire.columns import GB32960, Reading

GB_REPORT: Final = 1
JT_REPORT: Final = 2
"""Kinds of row: a report and its re-issued copy are the same."""

CLOCK_WRONG: Final = 1
UNCHECKED: Final = 2
UNDECODED: Final = 4
UNPARSED: Final = 8

PLAIN: Final = {
    "speed": "speed_tenths",
    "odometer": "odometer_tenths",
    "voltage": "voltage_tenths",
    "current": "current_tenths",
    "charge_state": "charge_state",
    "vehicle_state": "vehicle_state",
    "run_mode": "run_mode",
    "gear": "gear",
    "dcdc": "dcdc_state",
    "accelerator": "accelerator_pct",
    "brake": "brake_pct",
    "insulation": "insulation_kohm",
    "lon": "lon_e6",
    "lat": "lat_e6",
    "direction": "direction_deg",
    "altitude": "altitude_m",
    "satellites": "satellites",
    "signal": "signal",
    "status_bits": "status_bits",
    "alarm_level": "alarm_level",
    "alarm_bits": "alarm_bits",
    "max_cell_pack": "max_cell_pack",
    "max_cell": "max_cell_number",
    "max_cell_mv": "max_cell_mv",
    "min_cell_pack": "min_cell_pack",
    "min_cell": "min_cell_number",
    "min_cell_mv": "min_cell_mv",
    "max_probe_pack": "max_temp_pack",
    "max_probe": "max_temp_probe",
    "max_probe_c": "max_temp_c",
    "min_probe_pack": "min_temp_pack",
    "min_probe": "min_temp_probe",
    "min_probe_c": "min_temp_c",
}
"""Columns of history and the field of a reading that fills them as it is."""

_PLACES: Final = tuple((name, Reading._fields.index(field)) for name, field in PLAIN.items())
_LISTS: Final = (0, 2**32, 2 * 2**32, 3 * 2**32)


class Kept(NamedTuple):
    """A reading for history: `time_ms` is its cleaned device time, `raw` its frame."""

    series: int
    time_ms: int
    received_ms: int
    position: int
    clock_right: bool
    reading: Reading
    raw: bytes


def rows_of(kept: Sequence[Kept]) -> Rows:
    """The readings as columns; numbers keep the integers of the wire."""
    readings = [one.reading for one in kept]
    fields = list(zip(*readings, strict=True))
    columns: dict[str, Any] = {
        "series": [one.series for one in kept],
        "device_time_ms": [one.time_ms for one in kept],
        "received_ms": [one.received_ms for one in kept],
        "kind": [GB_REPORT if r.protocol == GB32960 else JT_REPORT for r in readings],
        "crc": [r.crc for r in readings],
        "log_position": [one.position for one in kept],
        "flags": [_flags(one) for one in kept],
        "soc": [None if r.soc_pct is None else r.soc_pct * 10 for r in readings],
        "fix": [None if r.fix_valid is None else int(r.fix_valid) for r in readings],
    }
    columns |= {name: fields[place] for name, place in _PLACES}
    columns["cells"] = _cells(readings)
    columns["probes"] = [r.temps_c if r.probes else None for r in readings]
    columns |= _packs(readings)
    columns |= _motors(readings)
    if any(_has_faults(r) for r in readings):
        columns["vendor_codes"] = [_vendor_codes(r) if _has_faults(r) else None for r in readings]
    if any(r.alarm_bit_levels for r in readings):
        columns["alarm_levels"] = [
            [bit << 8 | level for bit, level in r.alarm_bit_levels] or None for r in readings
        ]
    if any(r.extras for r in readings):
        columns["extras"] = [list(r.extras) or None for r in readings]
    if any(r.unparsed for r in readings):
        columns["tail"] = [
            one.raw[-1 - one.reading.unparsed : -1] if one.reading.unparsed else None
            for one in kept
        ]
    return Rows(count=len(kept), columns=columns)


def _flags(one: Kept) -> int:
    reading = one.reading
    return (
        (0 if one.clock_right else CLOCK_WRONG)
        | (0 if reading.checked else UNCHECKED)
        | (UNDECODED if reading.undecoded else 0)
        | (UNPARSED if reading.unparsed else 0)
    )


def _cells(readings: Sequence[Reading]) -> Any:
    """All cells of each reading; the usual case without a marker goes through numpy in one go."""
    lists: list[Sequence[int | None]] = [
        r.packs[0].cells if len(r.packs) == 1 else r.cells_mv for r in readings
    ]
    lengths = [len(cells) for cells in lists]
    try:
        flat: Iterator[Any] = chain.from_iterable(lists)
        values = np.fromiter(flat, dtype=np.int32, count=sum(lengths))
    except TypeError:
        return [list(cells) if cells else None for cells in lists]
    present = np.array([length > 0 for length in lengths], dtype=bool)
    return Ragged(values, np.concatenate([[0], np.cumsum(lengths)]), present)


def _packs(readings: Sequence[Reading]) -> dict[str, Any]:
    if not any(r.packs for r in readings):
        return {}
    probes = [{p.pack: len(p.temps) for p in r.probes} for r in readings]
    return {
        "pack_numbers": [[p.number for p in r.packs] or None for r in readings],
        "pack_cells": [[len(p.cells) for p in r.packs] or None for r in readings],
        "pack_probes": [
            [counts.get(p.number, 0) for p in r.packs] or None
            for r, counts in zip(readings, probes, strict=True)
        ],
        "pack_voltages": [[p.voltage_tenths for p in r.packs] or None for r in readings],
        "pack_currents": [[p.current_tenths for p in r.packs] or None for r in readings],
    }


def _motors(readings: Sequence[Reading]) -> dict[str, Any]:
    if not any(r.motors for r in readings):
        return {}
    columns: dict[str, list[list[int | None] | None]] = {name: [] for name in _MOTOR_COLUMNS}
    for reading in readings:
        if not reading.motors:
            for values in columns.values():
                values.append(None)
            continue
        for values, parts in zip(columns.values(), zip(*reading.motors, strict=True), strict=True):
            values.append(list(parts))
    return columns


_MOTOR_COLUMNS: Final = (
    "motor_numbers", "motor_states", "motor_controller_c", "motor_rpm", "motor_torque", "motor_c",
    "motor_voltage", "motor_current",
)  # fmt: skip
"""In the order of the fields of a motor."""


def _has_faults(reading: Reading) -> bool:
    return bool(
        reading.battery_faults
        or reading.motor_faults
        or reading.engine_faults
        or reading.other_faults
    )


def _vendor_codes(reading: Reading) -> list[int]:
    faults = (
        reading.battery_faults,
        reading.motor_faults,
        reading.engine_faults,
        reading.other_faults,
    )
    return [base + code for base, codes in zip(_LISTS, faults, strict=True) for code in codes]
