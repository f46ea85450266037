"""Files of telemetry history: how one is laid out, named, made durable and described.

`history/v1/day=2026-11-21/b3/0-<gateway>-<from>-<to>.parquet`; rows that reach us on another day
than their own go to `day=…/late/`. Which files count is kept in PostgreSQL; a file that stands
in no row there is an orphan of a crash and means nothing.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from panshi.lake.schema import ARROW, BUCKETS, COLUMNS, DAY_MS, SCHEMA, UTC8_MS, Rows, day_of

LATE_BUCKET = BUCKETS
MANY_GATEWAYS = 0
ROW_GROUP = 11_520
LEVELS = {0: 3, 1: 3, 2: 9}  # zstd by level: a day file is written once and read for years.
CELLS = "cells.list.element"
FAST_CELLS = "BYTE_STREAM_SPLIT"
DICTIONARY = "DICTIONARY"
CELL_ENCODINGS = (FAST_CELLS, "DELTA_BINARY_PACKED", DICTIONARY)
FIXED_ENCODINGS = {"crc": "PLAIN", "probes.list.element": "BYTE_STREAM_SPLIT"}


@dataclass(frozen=True, slots=True)
class FileInfo:
    """What the manifest keeps of one file; `path` is relative to the history folder.

    `bucket` is series modulo 8, or 8 for a late file; `gateway` 0 stands for several. Times in ms
    UTC, both bounds included; the log range is [log_from, log_to) in its gateway's positions.
    """

    path: str
    day: date
    bucket: int
    level: int
    rows: int
    series_min: int
    series_max: int
    time_min_ms: int
    time_max_ms: int
    gateway: int
    log_from: int
    log_to: int
    bytes: int
    sha256: str
    schema: int


def write(
    *, folder: Path, rows: Rows, gateway: int, log_from: int, log_to: int, current_day: date
) -> tuple[FileInfo, ...]:
    """One flush to level 0: a file per bucket of `current_day`, one late file per other day.

    The files are on disk when this returns; writing the same log range again replaces them with
    equal ones. Raises RowsMalformed before anything is written, OSError from the disk.
    """
    if not rows.count:
        return ()
    table = rows.table()
    series = table["series"].to_numpy()
    times = table["device_time_ms"].to_numpy()
    days = (times + UTC8_MS) // DAY_MS
    today = current_day.toordinal() - date(1970, 1, 1).toordinal()
    places = np.where(days == today, series % BUCKETS, LATE_BUCKET)
    received = table["received_ms"].to_numpy()
    positions = table["log_position"].to_numpy()
    order = np.lexsort((positions, received, times, series, places, days))
    table = table.take(order)
    days, places = days[order], places[order]
    cuts = np.flatnonzero((np.diff(days) != 0) | (np.diff(places) != 0)) + 1
    files = []
    for start, end in zip([0, *cuts], [*cuts, len(order)], strict=True):
        day, bucket = day_of(int(days[start]) * DAY_MS - UTC8_MS), int(places[start])
        target = Target(
            folder=folder,
            day=day,
            bucket=bucket,
            level=0,
            gateway=gateway,
            log_from=log_from,
            log_to=log_to,
        )
        with Writer(target) as writer:
            writer.add(table.slice(start, end - start))
        files.append(writer.info)
    return tuple(files)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a file goes and what its name says."""

    folder: Path
    day: date
    bucket: int
    level: int
    gateway: int
    log_from: int
    log_to: int
    suffix: str = ""

    @property
    def path(self) -> str:
        place = "late" if self.bucket == LATE_BUCKET else f"b{self.bucket}"
        name = f"{self.level}-{self.gateway}-{self.log_from}-{self.log_to}{self.suffix}.parquet"
        return f"v{SCHEMA}/day={self.day.isoformat()}/{place}/{name}"


class Writer:
    """Writes sorted tables to one file; the name appears only when all of it is on disk.

    Leaving the context without an error finishes the file and sets `info`; an error removes it.
    """

    info: FileInfo

    def __init__(self, target: Target) -> None:
        self._target = target
        self._path = target.folder / target.path
        self._growing = self._path.with_suffix(".tmp")
        self._parquet: Any = None
        self._waiting: list[Any] = []
        self._waiting_rows = 0
        self._rows = 0
        self._bounds: list[tuple[int, int, int, int]] = []

    def __enter__(self) -> Writer:
        _make_folder(self._path.parent, self._target.folder)
        return self

    def add(self, table: Any) -> None:
        """Rows behind all former ones in order of (series, time)."""
        if not table.num_rows:
            return
        series, times = table["series"].to_numpy(), table["device_time_ms"].to_numpy()
        self._bounds.append((series[0], series[-1], times.min(), times.max()))
        self._waiting.append(table)
        self._waiting_rows += table.num_rows
        self._rows += table.num_rows
        if self._waiting_rows >= ROW_GROUP:
            self._put(self._waiting_rows // ROW_GROUP * ROW_GROUP)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None and self._rows:
                self._finish()
        finally:
            if self._parquet is not None and self._parquet.is_open:
                self._parquet.close()
            self._growing.unlink(missing_ok=True)

    def _put(self, count: int) -> None:
        table = pa.concat_tables(self._waiting)
        if self._parquet is None:
            self._parquet = pq.ParquetWriter(
                self._growing, ARROW, **_layout(table, level=self._target.level)
            )
        self._parquet.write_table(table.slice(0, count), row_group_size=ROW_GROUP)
        self._waiting = [table.slice(count)]
        self._waiting_rows -= count

    def _finish(self) -> None:
        if self._waiting_rows:
            self._put(self._waiting_rows)
        self._parquet.close()
        with self._growing.open("rb") as file:
            os.fsync(file.fileno())
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
        self._growing.rename(self._path)
        _sync(self._path.parent)
        lows, highs, firsts, lasts = zip(*self._bounds, strict=True)
        target = self._target
        self.info = FileInfo(
            path=target.path,
            day=target.day,
            bucket=target.bucket,
            level=target.level,
            rows=self._rows,
            series_min=int(min(lows)),
            series_max=int(max(highs)),
            time_min_ms=int(min(firsts)),
            time_max_ms=int(max(lasts)),
            gateway=target.gateway,
            log_from=target.log_from,
            log_to=target.log_to,
            bytes=size,
            sha256=digest,
            schema=SCHEMA,
        )


def _layout(sample: Any, *, level: int) -> dict[str, Any]:
    """How the columns are encoded.

    Which encoding suits cells depends on whether packs move or rest; files that are read for long
    try them on their first row group, a flush takes the quickest.
    """
    encodings = {column.name: "DELTA_BINARY_PACKED" for column in COLUMNS if column.delta}
    encodings |= FIXED_ENCODINGS
    cells = _best_cells(sample, level=level) if level else FAST_CELLS
    if cells != DICTIONARY:
        encodings[CELLS] = cells
    return {
        "compression": "zstd",
        "compression_level": LEVELS[level],
        "use_dictionary": _dictionary_paths(encodings),
        "column_encoding": encodings,
        "write_statistics": ["series", "device_time_ms"],
        "store_schema": False,
        # Pages of version 2 leave the list levels uncompressed: eight bytes a row.
        "data_page_version": "1.0",
        "version": "2.6",
    }


def _dictionary_paths(encodings: dict[str, str]) -> list[str]:
    paths = []
    for column in COLUMNS:
        if pa.types.is_map(column.type):
            paths += [f"{column.name}.key_value.key", f"{column.name}.key_value.value"]
        elif pa.types.is_list(column.type):
            paths.append(f"{column.name}.list.element")
        else:
            paths.append(column.name)
    return [path for path in paths if path not in encodings]


def _best_cells(sample: Any, *, level: int) -> str:
    cells = sample.slice(0, ROW_GROUP).select(["cells"])
    sizes = {}
    for encoding in CELL_ENCODINGS:
        by_dictionary = encoding == DICTIONARY
        trial = io.BytesIO()
        pq.write_table(
            cells,
            trial,
            compression="zstd",
            compression_level=LEVELS[level],
            use_dictionary=by_dictionary,
            column_encoding=None if by_dictionary else {CELLS: encoding},
        )
        sizes[encoding] = trial.tell()
    return min(sizes, key=lambda encoding: sizes[encoding])


def _make_folder(path: Path, root: Path) -> None:
    """Make the folders below `root` and have their names on disk."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for folder in missing:
        _sync(folder.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep(*, folder: Path, known: Sequence[str], older_than_s: float, now_s: float) -> list[str]:
    """Remove files that stand in no row of the manifest and were last written before; tells which.

    `known` are the manifest's paths; `now_s` seconds since 1970 UTC.
    """
    keep, gone = set(known), []
    for path in sorted(folder.glob(f"v{SCHEMA}/day=*/*/*")):
        name = path.relative_to(folder).as_posix()
        if name not in keep and path.stat().st_mtime < now_s - older_than_s:
            path.unlink()
            gone.append(name)
    return gone
