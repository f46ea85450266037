"""Columns of telemetry history, their units, and the types that carry rows in and out.

Every number is an integer in the unit named here, so a value comes back as it went in. New columns
go to the end, may be null, and raise `SCHEMA`; a column never changes its meaning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pyarrow as pa

SCHEMA = 1
BUCKETS = 8
DAY_MS = 86_400_000
UTC8_MS = 8 * 3_600_000
NO_CELL = 0xFFFE  # It and the next one are markers of an unread cell, not millivolts.
NO_PROBE = -32_768


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its type, its unit in words, and how its numbers are laid down."""

    name: str
    type: Any
    unit: str
    required: bool = False
    delta: bool = False


def _lists(names: Sequence[str], item: Any, unit: str) -> tuple[Column, ...]:
    return tuple(Column(name, pa.list_(item), unit) for name in names)


COLUMNS: tuple[Column, ...] = (
    Column("series", pa.int32(), "number of a vehicle or bare device", True),
    Column("device_time_ms", pa.int64(), "ms since 1970 UTC, the device's clock", True, True),
    Column("received_ms", pa.int64(), "ms since 1970 UTC, our clock", True, True),
    Column("kind", pa.int16(), "what the reading is, by protocol and message", True),
    Column("crc", pa.uint32(), "crc32 of the data unit", True),
    Column("log_position", pa.int64(), "bytes, of the frame in its gateway's log", True, True),
    Column("flags", pa.uint32(), "bits of data quality", True),
    Column("speed", pa.int32(), "0.1 km/h"),
    Column("odometer", pa.int32(), "0.1 km", delta=True),
    Column("voltage", pa.int32(), "0.1 V"),
    Column("current", pa.int32(), "0.1 A, discharge positive"),
    Column("soc", pa.int16(), "0.1 %"),
    Column("charge_state", pa.int16(), "code of GB/T 32960"),
    Column("vehicle_state", pa.int16(), "code of GB/T 32960"),
    Column("run_mode", pa.int16(), "code of GB/T 32960"),
    Column("gear", pa.int16(), "byte of GB/T 32960"),
    Column("dcdc", pa.int16(), "code of GB/T 32960"),
    Column("accelerator", pa.int16(), "%"),
    Column("brake", pa.int16(), "%, 101 braking without a value"),
    Column("insulation", pa.int32(), "kΩ"),
    Column("lon", pa.int32(), "10⁻⁶ degrees east, WGS-84", delta=True),
    Column("lat", pa.int32(), "10⁻⁶ degrees north, WGS-84", delta=True),
    Column("fix", pa.int16(), "1 valid, 0 the last valid one repeated"),
    Column("direction", pa.int16(), "degrees from north, clockwise"),
    Column("altitude", pa.int16(), "m"),
    Column("satellites", pa.int16(), "count"),
    Column("signal", pa.int16(), "as the terminal reports it"),
    Column("recorder_speed", pa.int32(), "0.1 km/h, of the tachograph"),
    Column("fuel", pa.int32(), "0.1 l"),
    Column("status_bits", pa.int64(), "JT/T 808 status"),
    Column("io_bits", pa.int32(), "JT/T 808 inputs and outputs"),
    Column("analog", pa.int64(), "JT/T 808 analog inputs, raw"),
    Column("alarm_level", pa.int16(), "level as sent"),
    Column("alarm_bits", pa.int64(), "general alarm word as sent"),
    Column("max_cell_pack", pa.int16(), "number"),
    Column("max_cell", pa.int16(), "number"),
    Column("max_cell_mv", pa.int32(), "mV"),
    Column("min_cell_pack", pa.int16(), "number"),
    Column("min_cell", pa.int16(), "number"),
    Column("min_cell_mv", pa.int32(), "mV"),
    Column("max_probe_pack", pa.int16(), "number"),
    Column("max_probe", pa.int16(), "number"),
    Column("max_probe_c", pa.int16(), "°C"),
    Column("min_probe_pack", pa.int16(), "number"),
    Column("min_probe", pa.int16(), "number"),
    Column("min_probe_c", pa.int16(), "°C"),
    Column("engine_state", pa.int16(), "code of GB/T 32960"),
    Column("engine_rpm", pa.int32(), "rpm"),
    Column("engine_fuel_rate", pa.int32(), "0.01 l/100 km"),
    Column("stack_voltage", pa.int32(), "0.1 V, fuel cell"),
    Column("stack_current", pa.int32(), "0.1 A, fuel cell"),
    Column("hydrogen_rate", pa.int32(), "0.01 kg/100 km"),
    Column("hydrogen_c", pa.int32(), "0.1 °C, highest"),
    Column("hydrogen_concentration", pa.int32(), "as the edition scales it"),
    Column("hydrogen_pressure", pa.int32(), "0.1 MPa, highest"),
    Column("hydrogen_left", pa.int16(), "%"),
    Column("fuel_cell_dcdc", pa.int16(), "code of GB/T 32960"),
    Column("fuel_cell_dcdc_c", pa.int16(), "°C"),
    *_lists(("cells",), pa.uint16(), "mV, all packs one behind the other"),
    *_lists(("probes",), pa.int16(), "°C, all packs one behind the other"),
    *_lists(("pack_numbers", "pack_cells", "pack_probes"), pa.int16(), "number, counts"),
    *_lists(("pack_voltages", "pack_currents"), pa.int32(), "0.1 V, 0.1 A"),
    *_lists(("motor_numbers", "motor_states"), pa.int16(), "number, code"),
    *_lists(("motor_controller_c", "motor_c"), pa.int16(), "°C"),
    *_lists(("motor_rpm", "motor_torque"), pa.int32(), "rpm, 0.1 N·m"),
    *_lists(("motor_voltage", "motor_current"), pa.int32(), "0.1 V, 0.1 A"),
    *_lists(("vendor_codes",), pa.int64(), "list number × 2³² + code"),
    *_lists(("alarm_levels",), pa.int16(), "bit number × 256 + level"),
    Column("extras", pa.map_(pa.int32(), pa.binary()), "id → bytes as sent"),
    Column("tail", pa.binary(), "bytes that no codec could name"),
)
BY_NAME = {column.name: column for column in COLUMNS}
ARROW = pa.schema(
    [pa.field(column.name, column.type, nullable=not column.required) for column in COLUMNS]
)
KEY = ("series", "device_time_ms", "kind", "crc")


class RowsMalformed(ValueError):
    """A column is unknown, missing, too short, or holds a value its type cannot."""


@dataclass(frozen=True, slots=True)
class Ragged:
    """A column of lists as numpy: row i is `values[offsets[i]:offsets[i + 1]]`.

    `present` (bool per row) tells a missing list from an empty one; None means that all are there.
    Masked values are null, and so are the markers NO_CELL, NO_CELL + 1 (cells), NO_PROBE (probes).
    """

    values: np.ndarray[Any, Any]
    offsets: np.ndarray[Any, Any]
    present: np.ndarray[Any, Any] | None = None

    def dense(self, width: int) -> np.ma.MaskedArray[Any, Any]:
        """Shape (rows, width): lists of another length are masked whole, nulls one by one."""
        lengths = np.diff(self.offsets)
        whole = lengths == width
        shape = (len(lengths), width)
        data, mask = np.zeros(shape, dtype=self.values.dtype), np.ones(shape, dtype=bool)
        rows = np.flatnonzero(whole)
        places = self.offsets[:-1][rows, None] + np.arange(width)
        data[rows] = np.ma.getdata(self.values)[places]
        mask[rows] = np.ma.getmaskarray(self.values)[places]
        return np.ma.MaskedArray(data, mask=mask)


Values = Sequence[Any] | np.ndarray[Any, Any] | Ragged


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows as columns: each a sequence with None for null, a (masked) array, or Ragged.

    Names and units are those of COLUMNS; a column that is left out is null in every row.
    """

    count: int
    columns: Mapping[str, Values]

    def table(self) -> Any:
        """The rows as an Arrow table of the full schema. Raises RowsMalformed."""
        unknown = self.columns.keys() - BY_NAME.keys()
        if unknown:
            raise RowsMalformed(f"unknown columns: {', '.join(sorted(unknown))}")
        arrays = []
        for column in COLUMNS:
            values = self.columns.get(column.name)
            try:
                array = _array(column, values, self.count)
            except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, TypeError) as error:
                raise RowsMalformed(f"{column.name}: {error}") from error
            if len(array) != self.count:
                raise RowsMalformed(f"{column.name}: {len(array)} values for {self.count} rows")
            if column.required and array.null_count:
                raise RowsMalformed(f"{column.name}: a key may not be null")
            arrays.append(array)
        return pa.Table.from_arrays(arrays, schema=ARROW)


@dataclass(slots=True)
class RowsBuilder:
    """Collects rows one by one; a column costs only the rows that have it."""

    count: int = 0
    _columns: dict[str, list[Any]] = field(default_factory=dict)

    def add(self, **values: Any) -> None:
        """One row, by column name; what is left out is null. Raises RowsMalformed."""
        columns, count = self._columns, self.count
        for name, value in values.items():
            column = columns.get(name)
            if column is None:
                if name not in BY_NAME:
                    raise RowsMalformed(f"unknown column: {name}")
                column = columns[name] = []
            if len(column) < count:
                column.extend([None] * (count - len(column)))
            column.append(value)
        self.count = count + 1

    def take(self) -> Rows:
        """The rows so far; the builder begins anew."""
        for column in self._columns.values():
            column.extend([None] * (self.count - len(column)))
        rows = Rows(count=self.count, columns=self._columns)
        self.count, self._columns = 0, {}
        return rows


def rows_of(table: Any) -> Rows:
    """An Arrow table as masked arrays, Ragged columns, and lists for bytes and maps."""
    columns: dict[str, Values] = {}
    for name in table.column_names:
        array = table[name].combine_chunks()
        kind = array.type
        if pa.types.is_integer(kind):
            columns[name] = _masked(array)
        elif pa.types.is_list(kind) and not pa.types.is_map(kind):
            offsets = array.offsets.to_numpy()
            values = _masked(array.values.slice(offsets[0], offsets[-1] - offsets[0]))
            present = array.is_valid().to_numpy(zero_copy_only=False)
            columns[name] = Ragged(values, offsets - offsets[0], present)
        else:
            columns[name] = array.to_pylist()
    return Rows(count=table.num_rows, columns=columns)


def day_of(time_ms: int) -> date:
    """The UTC+8 day of a moment in ms since 1970 UTC."""
    return datetime.fromtimestamp((time_ms + UTC8_MS) // 1000, UTC).date()


def day_bounds(day: date) -> tuple[int, int]:
    """First ms of the UTC+8 day and of the next one."""
    start = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000 - UTC8_MS
    return start, start + DAY_MS


def _masked(array: Any) -> np.ma.MaskedArray[Any, Any]:
    mask = array.is_null().to_numpy(zero_copy_only=False)
    return np.ma.MaskedArray(array.fill_null(0).to_numpy(zero_copy_only=False), mask=mask)


def _array(column: Column, values: Values | None, count: int) -> Any:
    if values is None:
        if column.required:
            raise RowsMalformed(f"{column.name}: a key is missing")
        return pa.nulls(count, column.type)
    if isinstance(values, Ragged):
        mask = None if values.present is None else pa.array(~values.present)
        items = _items(column, values.values)
        return pa.ListArray.from_arrays(
            pa.array(values.offsets, pa.int32()), items, type=column.type, mask=mask
        )
    if isinstance(values, np.ma.MaskedArray):
        return pa.array(values.data, column.type, mask=np.ma.getmaskarray(values))
    if column.name in ("cells", "probes"):
        return _array(column, _ragged(values), count)
    return pa.array(values, column.type)


def _ragged(lists: Sequence[Any] | np.ndarray[Any, Any]) -> Ragged:
    """Lists and arrays of one column, joined by numpy: many times faster than item by item."""
    parts = [np.asarray(part, dtype=np.float64) if _has_null(part) else part for part in lists]
    lengths = [0 if part is None else len(part) for part in parts]
    present = np.array([part is not None for part in parts], dtype=bool)
    kept = [part for part in parts if part is not None and len(part)]
    values = np.concatenate(kept) if kept else np.empty(0, dtype=np.int64)
    if values.dtype.kind == "f":
        nulls = np.isnan(values)
        values = np.ma.MaskedArray(np.where(nulls, 0, values).astype(np.int64), mask=nulls)
    return Ragged(values, np.concatenate([[0], np.cumsum(lengths)]), present)


def _has_null(part: Any) -> bool:
    return isinstance(part, (list, tuple)) and None in part


def _items(column: Column, values: np.ndarray[Any, Any]) -> Any:
    data, mask = np.ma.getdata(values), np.ma.getmaskarray(values)
    if column.name == "cells":
        mask = mask | (data == NO_CELL) | (data == NO_CELL + 1)
    if column.name == "probes":
        mask = mask | (data == NO_PROBE)
    return pa.array(data, column.type.value_type, mask=mask)
