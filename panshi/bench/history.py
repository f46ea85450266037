"""Questions of history over a day of a whole fleet, beside a database that globs the same files."""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import duckdb
import numpy as np

from panshi.bench.fleet_day import DAY, fleet_day
from panshi.bench.machine import machine
from panshi.lake.ask import History
from panshi.lake.compact import compact
from panshi.lake.files import FileInfo, write
from panshi.lake.schema import Rows, day_bounds

BUCKETS: Final = 8
ASKED: Final = 60
SEED: Final = 5
_GLOB: Final = """
    SELECT device_time_ms, lon, lat, speed FROM read_parquet(?)
    WHERE series = ? AND device_time_ms >= ? AND device_time_ms < ? ORDER BY device_time_ms
"""


def measure_history(folder: Path, *, vehicles: int = 1000, step_s: int = 30) -> dict[str, object]:
    """Bytes a row, seconds to merge, and the p95 of a vehicle's day among `vehicles` (8 or more).

    Full GB/T 32960 reports with 100 cells, one every `step_s` seconds, as flushed and as merged
    on the morning after. `track_p95_s` is of sixty vehicles drawn at random, `fleet_day_s` of
    kilometres and energy of all. The baseline `glob` asks DuckDB for the same tracks over all
    files of the folder, knowing no manifest.
    """
    with tempfile.TemporaryDirectory(prefix="bench-history-", dir=folder) as scratch:
        place = Path(scratch)
        fresh = _flushed(place, vehicles, step_s)
        began_cpu = time.process_time()
        day = [
            merged
            for bucket in range(BUCKETS)
            for merged in compact(
                folder=place, files=[f for f in fresh if f.bucket == bucket], level=2
            )
        ]
        merging_s = time.process_time() - began_cpu
        for file in fresh:
            (place / file.path).unlink()
        rows = sum(file.rows for file in day)
        ours, glob, points = _tracks(place, day, vehicles)
        history = History(folder=place)
        began = time.perf_counter()
        history.fleet_day(files=day, day=DAY)
        fleet_s = time.perf_counter() - began
        history.close()
    p95 = float(np.percentile(ours, 95))
    return {
        "bench": "history",
        "machine": machine(),
        "seed": SEED,
        "ours": {
            "rows": rows,
            "bytes_per_row_fresh": sum(file.bytes for file in fresh) / rows,
            "bytes_per_row_merged": sum(file.bytes for file in day) / rows,
            "merged_rows_per_cpu_s": rows / merging_s,
            "points_per_track": points,
            "track_p95_s": p95,
            "fleet_day_s": fleet_s,
        },
        "baseline": {"glob": {"track_p95_s": float(np.percentile(glob, 95))}},
        "ratio": {"glob.track_p95_s": float(np.percentile(glob, 95)) / p95},
    }


def _flushed(place: Path, vehicles: int, step_s: int) -> list[FileInfo]:
    """The day in eight flushes of the log, each an eighth of the fleet."""
    share = vehicles // BUCKETS
    made = fleet_day(vehicles=share, step_s=step_s)
    files = list[FileInfo]()
    for part in range(BUCKETS):
        files += write(
            folder=place,
            rows=_renamed(made, share * part),
            gateway=1,
            log_from=part,
            log_to=part + 1,
            current_day=DAY,
        )
    return files


def _renamed(made: Rows, by: int) -> Rows:
    """The same day lived by other vehicles."""
    return replace(
        made, columns={**made.columns, "series": np.asarray(made.columns["series"]) + by}
    )


def _tracks(
    place: Path, day: Sequence[FileInfo], vehicles: int
) -> tuple[list[float], list[float], int]:
    """Seconds a track by ours and by the baseline, turn by turn, and how many points it has."""
    history, plain = History(folder=place), duckdb.connect()
    start, end = day_bounds(DAY)
    everything = str(place / "**/*.parquet")
    ours, glob, points = list[float](), list[float](), 0
    numbers = np.random.default_rng(SEED).integers(1, vehicles // BUCKETS * BUCKETS + 1, ASKED)
    for number in numbers.tolist():
        began = time.perf_counter()
        points = history.track(files=day, series=number, start_ms=start, end_ms=end).total
        ours.append(time.perf_counter() - began)
        began = time.perf_counter()
        plain.execute(_GLOB, [everything, number, start, end]).fetchnumpy()
        glob.append(time.perf_counter() - began)
    history.close()
    plain.close()
    return ours, glob, points
