"""History files: what is written comes back, once, from the right place."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from panshi.bench.fleet_day import CELLS, DAY, PROBES, fleet_day
from panshi.lake.ask import History
from panshi.lake.compact import DaysMixed, FileMissing, compact
from panshi.lake.files import LATE_BUCKET, ROW_GROUP, FileInfo, sweep, write
from panshi.lake.schema import (
    COLUMNS,
    NO_CELL,
    NO_PROBE,
    Ragged,
    Rows,
    RowsBuilder,
    RowsMalformed,
    day_bounds,
    day_of,
    rows_of,
)

pytestmark = pytest.mark.plain

START, END = day_bounds(DAY)


def reading(builder: RowsBuilder, series: int, second: int, *, crc: int = 1, **more: Any) -> None:
    time_ms = START + second * 1000
    builder.add(
        **{
            "series": series,
            "device_time_ms": time_ms,
            "received_ms": time_ms + 200,
            "kind": 2,
            "crc": crc,
            "log_position": second * 560,
            "flags": 0,
        }
        | more
    )


def flush(folder: Path, builder: RowsBuilder, log_from: int = 0) -> tuple[FileInfo, ...]:
    return write(
        folder=folder,
        rows=builder.take(),
        gateway=1,
        log_from=log_from,
        log_to=log_from + 1000,
        current_day=DAY,
    )


def stored(folder: Path, files: tuple[FileInfo, ...], series: int) -> list[dict[str, object]]:
    history = History(folder=folder)
    rows = history.frames_between(files=files, series=series, start_ms=START, end_ms=END)
    history.close()
    return rows.table().to_pylist() if rows.count else []


def test_every_column_comes_back_as_it_went_in(tmp_path: Path) -> None:
    builder, sent = RowsBuilder(), dict[str, object]()
    for place, column in enumerate(COLUMNS):
        kind = str(column.type)
        if kind.startswith("list"):
            sent[column.name] = [place, 0, 255]
        elif kind.startswith("map"):
            sent[column.name] = [(0xE1, b"\x00\xff"), (1, b"")]
        elif kind == "binary":
            sent[column.name] = bytes(range(256))
        else:
            sent[column.name] = 3 * place + 1
    limits = {
        "device_time_ms": START,
        "crc": 2**32 - 1,
        "flags": 2**32 - 1,
        "alarm_bits": 2**32 - 1,
        "lon": -180_000_000,
        "current": -30_000,
        "odometer": 9_999_999,
        "cells": [0, None, 65_533],
        "probes": [-40, None, 210],
        "vendor_codes": [4 * 2**32 + 2**32 - 1],
        "motor_torque": [-200_000, None],
    }
    builder.add(**sent | limits)
    reading(builder, 1, 5)

    files = flush(tmp_path, builder)

    assert stored(tmp_path, files, 1) == [
        sent | limits,
        {column.name: None for column in COLUMNS}
        | {
            "series": 1,
            "device_time_ms": START + 5000,
            "received_ms": START + 5200,
            "kind": 2,
            "crc": 1,
            "log_position": 2800,
            "flags": 0,
        },
    ]


def test_arrays_carry_markers_masks_and_missing_lists(tmp_path: Path) -> None:
    rows = Rows(
        count=3,
        columns={
            "series": np.full(3, 8),
            "device_time_ms": START + np.arange(3) * 1000,
            "received_ms": START + np.arange(3) * 1000,
            "kind": np.full(3, 2),
            "crc": np.arange(3),
            "log_position": np.arange(3),
            "flags": np.zeros(3, dtype=np.int64),
            "soc": np.ma.MaskedArray([700, 0, 705], mask=[False, True, False]),
            "cells": Ragged(
                np.array([3300, NO_CELL, 0xFFFF, 3301], dtype=np.uint16),
                np.array([0, 3, 3, 4]),
                np.array([True, False, True]),
            ),
            "probes": [np.array([20, NO_PROBE], dtype=np.int16), None, []],
        },
    )

    files = write(folder=tmp_path, rows=rows, gateway=1, log_from=0, log_to=1, current_day=DAY)

    back = stored(tmp_path, files, 8)
    assert [row["soc"] for row in back] == [700, None, 705]
    assert [row["cells"] for row in back] == [[3300, None, None], None, [3301]]
    assert [row["probes"] for row in back] == [[20, None], None, []]


def test_cells_become_a_matrix_that_hides_what_was_not_read() -> None:
    ragged = Ragged(
        np.ma.MaskedArray([1, 2, 3, 4, 5, 6, 7], mask=np.arange(7) == 1),
        np.array([0, 3, 4, 7]),
    )

    dense = ragged.dense(3)

    assert dense.tolist() == [[1, None, 3], [None, None, None], [5, 6, 7]]


@pytest.mark.parametrize(
    "values",
    [
        {"voltage_of_mars": 1},
        {"kind": None},
        {"crc": -1},
        {"soc": 40_000},
        {"cells": [70_000]},
        {"speed": "fast"},
    ],
)
def test_refuses_what_a_column_cannot_hold_and_writes_nothing(
    tmp_path: Path, values: dict[str, Any]
) -> None:
    builder = RowsBuilder()

    def fill() -> None:
        reading(builder, 1, 0, **values)
        flush(tmp_path, builder)

    with pytest.raises(RowsMalformed):
        fill()
    assert list(tmp_path.rglob("*.parquet")) == []


def test_refuses_columns_of_unequal_length() -> None:
    with pytest.raises(RowsMalformed):
        Rows(count=2, columns={"series": [1]}).table()


def test_files_lie_by_day_and_bucket_and_late_days_in_one_file(tmp_path: Path) -> None:
    builder = RowsBuilder()
    for series in range(1, 17):
        reading(builder, series, 60 - series)
        reading(builder, series, 10)
        reading(builder, series, -86_400)
    reading(builder, 3, 86_400 + 5)

    files = flush(tmp_path, builder, 500)

    today = [file for file in files if file.day == DAY]
    late = [file for file in files if file.day != DAY]
    assert [file.bucket for file in today] == list(range(8))
    assert [(file.day, file.bucket, file.rows) for file in late] == [
        (DAY - timedelta(days=1), LATE_BUCKET, 16),
        (DAY + timedelta(days=1), LATE_BUCKET, 1),
    ]
    b3 = today[3]
    assert b3.path == "v1/day=2026-11-21/b3/0-1-500-1500.parquet"
    assert (b3.rows, b3.series_min, b3.series_max) == (4, 3, 11)
    assert (b3.time_min_ms, b3.time_max_ms) == (START + 10_000, START + 57_000)
    assert (b3.gateway, b3.log_from, b3.log_to, b3.level) == (1, 500, 1500, 0)
    content = (tmp_path / b3.path).read_bytes()
    assert (b3.bytes, b3.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert list(tmp_path.rglob("*.tmp")) == []


def test_a_day_begins_at_sixteen_hours_utc() -> None:
    assert day_of(START) == DAY
    assert day_of(START - 1) == DAY - timedelta(days=1)
    assert day_of(END) == DAY + timedelta(days=1)
    assert START % 86_400_000 == 16 * 3_600_000


def test_rows_are_sorted_in_row_groups(tmp_path: Path) -> None:
    rows = fleet_day(vehicles=16, step_s=30, cells=False)
    files = write(folder=tmp_path, rows=rows, gateway=1, log_from=0, log_to=9, current_day=DAY)

    (merged,) = compact(folder=tmp_path, files=[files[0]], level=2)

    parquet = pq.ParquetFile(tmp_path / merged.path)
    table = parquet.read(columns=["series", "device_time_ms"])
    keys = list(zip(*(table[name].to_pylist() for name in table.column_names), strict=True))
    assert keys == sorted(keys)
    assert parquet.metadata.row_group(0).num_rows == min(ROW_GROUP, merged.rows)
    parquet.close()


def test_writing_a_range_again_replaces_the_file_with_an_equal_one(tmp_path: Path) -> None:
    builder = RowsBuilder()
    reading(builder, 1, 1)
    first = flush(tmp_path, builder)
    reading(builder, 1, 1)

    again = flush(tmp_path, builder)

    assert again == first
    assert len(list(tmp_path.rglob("*.parquet"))) == 1


def test_an_empty_flush_writes_no_file(tmp_path: Path) -> None:
    assert flush(tmp_path, RowsBuilder()) == ()


def test_compaction_drops_exact_duplicates_and_keeps_the_first_received(tmp_path: Path) -> None:
    first, again = RowsBuilder(), RowsBuilder()
    for second in range(50):
        reading(first, 9, second, crc=second, speed=second)
        reading(again, 9, second, crc=second, speed=second, received_ms=END)
    reading(again, 9, 7, crc=999, speed=1)
    files = flush(tmp_path, first) + flush(tmp_path, again, 1000)

    (merged,) = compact(folder=tmp_path, files=files, level=1)

    rows = stored(tmp_path, (merged,), 9)
    assert merged.rows == len(rows) == 51
    assert (merged.level, merged.log_from, merged.log_to) == (1, 0, 2000)
    assert END not in {row["received_ms"] for row in rows}
    assert {row["crc"] for row in rows if row["device_time_ms"] == START + 7000} == {7, 999}


def test_compaction_equals_a_plain_sort_for_any_split_into_files(tmp_path: Path) -> None:
    chance, files = np.random.default_rng(3), tuple[FileInfo, ...]()
    expected = set[tuple[int, int, int, int]]()
    for part in range(7):
        builder = RowsBuilder()
        for _ in range(int(chance.integers(1, 30_000))):
            series, second = 8 * int(chance.integers(0, 6)), int(chance.integers(0, 4000))
            crc = int(chance.integers(0, 2))
            reading(builder, series, second, crc=crc)
            expected.add((series, START + second * 1000, 2, crc))
        files += flush(tmp_path, builder, part * 1000)

    (merged,) = compact(folder=tmp_path, files=files, level=2)

    table = pq.read_table(tmp_path / merged.path)
    names = ("series", "device_time_ms", "kind", "crc")
    keys = list(zip(*(table[name].to_pylist() for name in names), strict=True))
    assert keys == sorted(expected)
    assert merged.rows == len(expected)


def test_compaction_brings_late_rows_into_their_buckets(tmp_path: Path) -> None:
    builder = RowsBuilder()
    for series in range(8):
        reading(builder, series, 1)
    files = flush(tmp_path, builder)
    for series in range(8):
        reading(builder, series, 2)
    late = write(
        folder=tmp_path,
        rows=builder.take(),
        gateway=2,
        log_from=5,
        log_to=6,
        current_day=DAY + timedelta(days=1),
    )

    merged = compact(folder=tmp_path, files=[*files, *late], level=2)

    assert [(file.bucket, file.rows, file.gateway) for file in merged] == [
        (bucket, 2, 0) for bucket in range(8)
    ]
    assert {file.path for file in merged}.isdisjoint({file.path for file in [*files, *late]})


def test_compaction_refuses_mixed_days_and_missing_files(tmp_path: Path) -> None:
    builder = RowsBuilder()
    reading(builder, 1, 1)
    reading(builder, 1, 86_401)
    files = flush(tmp_path, builder)

    with pytest.raises(DaysMixed):
        compact(folder=tmp_path, files=files, level=1)
    with pytest.raises(DaysMixed):
        compact(folder=tmp_path, files=[], level=1)
    (tmp_path / files[0].path).unlink()
    with pytest.raises(FileMissing):
        compact(folder=tmp_path, files=files[:1], level=1)
    assert list(tmp_path.rglob("*.tmp")) == []


def test_compaction_reads_a_file_of_an_older_schema(tmp_path: Path) -> None:
    builder = RowsBuilder()
    reading(builder, 1, 1, soc=500)
    (file,) = flush(tmp_path, builder)
    path = tmp_path / file.path
    pq.write_table(pq.read_table(path).drop_columns(["tail", "extras"]), path)

    (merged,) = compact(folder=tmp_path, files=[replace(file, schema=0)], level=1)

    (row,) = stored(tmp_path, (merged,), 1)
    assert (row["soc"], row["tail"], row["extras"]) == (500, None, None)


def test_the_sweep_takes_orphans_only_and_only_old_ones(tmp_path: Path) -> None:
    builder = RowsBuilder()
    for series in range(3):
        reading(builder, series, 1)
    kept, orphan, other = flush(tmp_path, builder)
    written = (tmp_path / orphan.path).stat().st_mtime

    def swept(now_s: float) -> list[str]:
        known = [kept.path, other.path]
        return sweep(folder=tmp_path, known=known, older_than_s=3600, now_s=now_s)

    assert swept(written + 3000) == []
    assert swept(written + 4000) == [orphan.path]
    assert (tmp_path / kept.path).exists()


def test_a_realistic_full_row_takes_at_most_sixty_bytes(tmp_path: Path) -> None:
    """58 scalars, 100 cells, 30 probes, one motor and one pack; a day at 30 s, all day on."""
    rows = fleet_day(vehicles=16, step_s=30)
    files = write(folder=tmp_path, rows=rows, gateway=1, log_from=0, log_to=9, current_day=DAY)
    table = rows_of(pq.read_table(tmp_path / files[0].path)).columns
    cells, probes = table["cells"], table["probes"]
    assert isinstance(cells, Ragged)
    assert isinstance(probes, Ragged)
    assert cells.dense(CELLS).shape[1] == CELLS
    assert not cells.dense(CELLS).mask.any()
    assert probes.dense(PROBES).count() == files[0].rows * PROBES

    merged = [compact(folder=tmp_path, files=[file], level=2)[0] for file in files]

    assert sum(file.bytes for file in merged) / rows.count <= 60
