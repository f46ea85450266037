"""A made-up fleet day: vehicles that drive, charge and stand, with packs that behave like packs."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np

from panshi.lake.schema import Ragged, Rows, day_bounds

DAY = date(2026, 11, 21)
CELLS, PROBES = 100, 30
STANDING, DRIVING, CHARGING = 0, 1, 2
INTERNAL_OHM = 0.0006  # Of one cell with its connections.

Array = np.ndarray[Any, Any]


def fleet_day(
    *, vehicles: int, step_s: int, first_series: int = 1, seed: int = 7, cells: bool = True
) -> Rows:
    """One day of full GB/T 32960 reports, one row every `step_s` seconds per vehicle.

    Six hours driving, five charging, the rest standing with the vehicle switched on. Rows come
    in the order of arrival, vehicle by vehicle interleaved, as a flush of the log gives them.
    """
    parts = [
        _vehicle_day(np.random.default_rng((seed, series)), series, step_s, cells)
        for series in range(first_series, first_series + vehicles)
    ]
    count = len(parts[0]["speed"])
    order = np.argsort(np.concatenate([part["received_ms"] for part in parts]), kind="stable")
    columns: dict[str, Any] = {}
    for name in parts[0]:
        joined = np.concatenate([part[name] for part in parts])[order]
        if joined.ndim == 2:
            width = joined.shape[1]
            columns[name] = Ragged(
                joined.reshape(-1), np.arange(len(joined) + 1, dtype=np.int64) * width
            )
        else:
            columns[name] = joined
    columns["log_position"] = 32 + np.cumsum(np.full(len(order), 560))
    return Rows(count=count * vehicles, columns=columns)


def _vehicle_day(
    chance: np.random.Generator, series: int, step_s: int, cells: bool
) -> dict[str, Array]:
    start, end = day_bounds(DAY)
    offset = int(chance.integers(0, step_s * 1000))
    times = np.arange(start, end, step_s * 1000) + offset - offset % 1000
    count = len(times)
    hour = (times - start) / 3_600_000
    activity = np.select(
        [(hour > 8) & (hour < 11), (hour > 13) & (hour < 16), hour < 5],
        [DRIVING, DRIVING, CHARGING],
        STANDING,
    )
    driving, charging = activity == DRIVING, activity == CHARGING
    wave = np.abs(_walk(chance, count, 0.96, 14.0) + 35) * (chance.random(count) > 0.25)
    speed = np.where(driving, np.clip(wave, 0, 90), 0.0)
    km = 20_000 + 100 * series + np.cumsum(speed * step_s / 3600)
    power_kw = np.where(driving, 0.25 * speed + _walk(chance, count, 0.5, 8), 0.4)
    power_kw = np.where(charging, -14.0, power_kw)
    soc = np.clip(60 - np.cumsum(power_kw) * step_s / 3600 / 60 * 100, 5, 100)
    open_mv = 3200 + 1.6 * soc
    current = power_kw * 1000 / (CELLS * open_mv / 1000)
    columns = {
        "series": np.full(count, series),
        "device_time_ms": times,
        "received_ms": times + chance.integers(80, 900, count),
        "kind": np.full(count, 2),
        "crc": chance.integers(0, 2**32, count),
        "flags": np.zeros(count, dtype=np.int64),
        "speed": speed * 10,
        "odometer": km * 10,
        "voltage": CELLS * open_mv / 100 - current * CELLS * INTERNAL_OHM * 10,
        "current": current * 10,
        "soc": np.floor(soc) * 10,
        "charge_state": np.where(charging, 1, 3),
        "vehicle_state": np.where(charging, 2, 1),
        "run_mode": np.ones(count),
        "gear": np.where(driving, 14, 15),
        "dcdc": np.ones(count),
        "accelerator": np.where(driving, np.clip(power_kw, 0, 100), 0),
        "brake": np.where(driving & (power_kw < 0), 101, 0),
        "insulation": 2000 + chance.integers(-3, 4, count) * 10,
        "lon": (116.3 + np.cumsum(_walk(chance, count, 0.98, 0.0002) * driving)) * 1e6,
        "lat": (39.9 + np.cumsum(_walk(chance, count, 0.98, 0.0002) * driving)) * 1e6,
        "fix": np.ones(count),
        "direction": np.where(driving, np.cumsum(_walk(chance, count, 0.5, 10)) % 360, 90),
        "altitude": np.where(driving, 45 + _walk(chance, count, 0.99, 1), 45),
        "alarm_level": np.zeros(count),
        "alarm_bits": np.zeros(count),
        "motor_numbers": np.ones((count, 1)),
        "motor_states": np.where(driving, 1, 3)[:, None],
        "motor_rpm": (speed * 85)[:, None],
        "motor_torque": np.where(driving, power_kw * 30, 0)[:, None],
        "motor_c": (35 + 10 * driving + 0 * speed)[:, None],
        "motor_controller_c": (32 + 8 * driving + 0 * speed)[:, None],
        "motor_voltage": (CELLS * open_mv / 100)[:, None],
        "motor_current": np.where(driving, current * 10, 0)[:, None],
        "pack_numbers": np.ones((count, 1)),
        "pack_voltages": (CELLS * open_mv / 100)[:, None],
        "pack_currents": (current * 10)[:, None],
        "pack_cells": np.full((count, 1), CELLS),
        "pack_probes": np.full((count, 1), PROBES),
    }
    if cells:
        columns |= _pack(chance, open_mv, current)
    return {name: np.asarray(values).astype(np.int64) for name, values in columns.items()}


def _pack(chance: np.random.Generator, open_mv: Array, current: Array) -> dict[str, Array]:
    """Cells of 1 mV resolution: own offset, own resistance, noise that grows with the load."""
    count = len(open_mv)
    own = chance.normal(0, 4, CELLS)
    ohm = INTERNAL_OHM * chance.normal(1, 0.03, CELLS)
    noise = chance.normal(0, 1, (count, CELLS)) * (0.15 + 0.02 * np.abs(current))[:, None]
    cells = np.rint(open_mv[:, None] + own - 1000 * current[:, None] * ohm + noise)
    warm = 18 + np.cumsum(np.abs(current)) * 8 / np.abs(current).sum()
    probes = np.rint(warm[:, None] + chance.normal(0, 1.2, PROBES))
    rows = np.arange(count)
    return {
        "cells": cells,
        "probes": probes,
        "max_cell_pack": np.ones(count),
        "max_cell": cells.argmax(1) + 1,
        "max_cell_mv": cells[rows, cells.argmax(1)],
        "min_cell_pack": np.ones(count),
        "min_cell": cells.argmin(1) + 1,
        "min_cell_mv": cells[rows, cells.argmin(1)],
        "max_probe_pack": np.ones(count),
        "max_probe": probes.argmax(1) + 1,
        "max_probe_c": probes.max(1),
        "min_probe_pack": np.ones(count),
        "min_probe": probes.argmin(1) + 1,
        "min_probe_c": probes.min(1),
    }


def _walk(chance: np.random.Generator, count: int, keep: float, spread: float) -> Array:
    """Noise with memory: each step keeps a share of the former one."""
    steps = chance.normal(0, spread * np.sqrt(1 - keep**2), count)
    walk = np.empty(count)
    value = 0.0
    for index, step in enumerate(steps.tolist()):
        value = keep * value + step
        walk[index] = value
    return walk
