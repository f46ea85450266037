"""Questions of telemetry history: the one place that reads the files with SQL.

Each question gets the manifest's files and reads those that can hold an answer, never a glob.
Where two readings share a moment, the last received answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from string import Template
from threading import BoundedSemaphore, Timer
from typing import Any, TypeVar

import duckdb
import numpy as np

from panshi.lake.compact import FileMissing
from panshi.lake.files import LATE_BUCKET, FileInfo
from panshi.lake.schema import BUCKETS, COLUMNS, SCHEMA, Rows, day_bounds, rows_of

POINTS = 5_000
SECONDS = 10.0
AT_ONCE = 2
SILENCE_MS = 600_000  # A longer gap is a vehicle that rests, not one whose energy was missed.
DENSE_MS = 2_000
COVERED = 0.9
DENSE_READINGS = 15  # A minute in use; 27 would cover nine tenths of it at 2 s.
DETAIL_LEVEL = 2  # Files from this level on hold no key twice.

DUCKDB_WORDS: Mapping[str, str] = {
    "list_min": "list_min",
    "list_max": "list_max",
    "list_place": "list_position",
    "divided": "//",
}
"""What DuckDB and Spark spell differently; a question's text is the same for both."""

Array = np.ma.MaskedArray[Any, Any]


class QuestionTooLong(Exception):
    """The answer took more than its ten seconds."""


@dataclass(frozen=True, slots=True)
class Track:
    """Places in order of device time; arrays of one length, null masked.

    `time_ms` ms since 1970 UTC, `lon` and `lat` degrees WGS-84, `speed_kmh`, `direction` degrees,
    `odometer_km`, `fix` 1 or 0. `total` counts the points before thinning.
    """

    time_ms: Array
    lon: Array
    lat: Array
    speed_kmh: Array
    direction: Array
    odometer_km: Array
    fix: Array
    total: int


@dataclass(frozen=True, slots=True)
class Curves:
    """Readings over time: `soc` %, `voltage` V, `current` A (discharge positive), hottest and
    coldest probe °C; arrays of one length, null masked. `total` counts before thinning."""

    time_ms: Array
    soc: Array
    speed_kmh: Array
    voltage: Array
    current: Array
    max_c: Array
    min_c: Array
    total: int


@dataclass(frozen=True, slots=True)
class CellExtremes:
    """Highest and lowest cell of each reading in mV, with their places counted from 1 over all
    packs; arrays of one length. `total` counts before thinning."""

    time_ms: Array
    max_mv: Array
    max_cell: Array
    min_mv: Array
    min_cell: Array
    total: int


@dataclass(frozen=True, slots=True)
class SeriesDay:
    """What one series did in one day; None where its readings do not tell.

    `km` is the last odometer less the first. `kwh` is what left the battery net of what braking
    returned, `charged_kwh` what came in while parked, both integrated only where readings are
    at most 2 s apart over 90 % of the time in use; else the state of charge must answer.
    """

    series: int
    rows: int
    first_ms: int
    last_ms: int
    km: float | None
    kwh: float | None
    charged_kwh: float | None


Answer = TypeVar("Answer", Track, Curves, CellExtremes)
Found = TypeVar("Found")


class History:
    """Asks the files under `folder`: 512 MiB, two threads, two questions at a time, 10 s each.

    Safe for threads. Every question raises FileMissing when a file of the list has been replaced
    meanwhile (ask the manifest once more) and QuestionTooLong.
    """

    def __init__(self, *, folder: Path) -> None:
        self._folder = folder.resolve()
        self._turns = BoundedSemaphore(AT_ONCE)
        self._database = duckdb.connect(config={"memory_limit": "512MiB", "threads": 2})
        place = str(folder.resolve()).replace("'", "''")
        for setting in (
            f"allowed_directories = ['{place}/']",
            "temp_directory = ''",
            "parquet_metadata_cache = true",
            "autoinstall_known_extensions = false",
            "autoload_known_extensions = false",
            "enable_external_access = false",
            "lock_configuration = true",
        ):
            self._database.execute(f"SET {setting}")

    def close(self) -> None:
        self._database.close()

    def track(self, *, files: Sequence[FileInfo], series: int, start_ms: int, end_ms: int) -> Track:
        """Where the series was in [start, end), at most 5,000 points."""
        return self._over_time(Track, TRACK, files, series, start_ms, end_ms)

    def series(
        self, *, files: Sequence[FileInfo], series: int, start_ms: int, end_ms: int
    ) -> Curves:
        """Charge, speed, voltage, current and temperature in [start, end), at most 5,000 points."""
        return self._over_time(Curves, CURVES, files, series, start_ms, end_ms)

    def cell_extremes(
        self, *, files: Sequence[FileInfo], series: int, start_ms: int, end_ms: int
    ) -> CellExtremes:
        """The outermost cells in [start, end), at most 5,000 readings."""
        return self._over_time(CellExtremes, CELLS, files, series, start_ms, end_ms)

    def fleet_day(
        self, *, files: Sequence[FileInfo], day: date, series: Sequence[int] | None = None
    ) -> tuple[SeriesDay, ...]:
        """Kilometres and energy of the UTC+8 day, of the given series or of all in the files."""
        start, end = day_bounds(day)
        wanted = None if series is None else set(series)
        paths = self._paths(files, wanted, start, end)
        if not paths:
            return ()
        span = {"files": paths, "start": start, "end": end}
        everyone = {"all": wanted is None, "wanted": sorted(wanted or ())}
        rows = self._run(
            _text(DISTANCES, files), span | everyone | {"dense_readings": DENSE_READINGS}, _all
        )
        # Most series report far too seldom to be integrated: only the others are sorted.
        dense = [row[0] for row in rows if row[5]]
        limits = {"dense": DENSE_MS, "silence": SILENCE_MS, "share": COVERED}
        energy = dict[int, tuple[float, float]]()
        if dense:
            few = {"all": False, "wanted": dense}
            found = self._run(_text(ENERGY, files), span | few | limits, _all)
            energy = {number: (used, charged) for number, used, charged in found}
        return tuple(
            SeriesDay(
                series=number,
                rows=count,
                first_ms=first,
                last_ms=last,
                km=km if km is not None and km >= 0 else None,
                kwh=energy[number][0] if number in energy else None,
                charged_kwh=energy[number][1] if number in energy else None,
            )
            for number, count, first, last, km, _ in rows
        )

    def frames_between(
        self,
        *,
        files: Sequence[FileInfo],
        series: int,
        start_ms: int,
        end_ms: int,
        columns: Sequence[str] | None = None,
    ) -> Rows:
        """The readings of [start, end) as stored, each key once, by device time and arrival.

        `columns` are names of the schema, all by default; cells and probes come as Ragged.
        """
        names = [column.name for column in COLUMNS if columns is None or column.name in columns]
        paths = self._paths(files, {series}, start_ms, end_ms)
        if not paths:
            return Rows(count=0, columns={name: [] for name in names})
        once = "" if _each_once(files) else EACH_KEY_ONCE
        sql = _text(FRAMES, files, columns=", ".join(names), once=once)
        parameters = {"files": paths, "series": series, "start": start_ms, "end": end_ms}
        return rows_of(self._run(sql, parameters, _table))

    def _over_time(
        self,
        answer: type[Answer],
        template: str,
        files: Sequence[FileInfo],
        series: int,
        start_ms: int,
        end_ms: int,
    ) -> Answer:
        names = [field.name for field in fields(answer) if field.name != "total"]
        paths = self._paths(files, {series}, start_ms, end_ms)
        if not paths:
            return answer(**{name: np.ma.masked_array([]) for name in names}, total=0)
        parameters = {
            "files": paths,
            "series": series,
            "start": start_ms,
            "end": end_ms,
            "points": POINTS,
        }
        sql = _text(template + NEWEST_FEW, files, names=", ".join(names))
        found = self._run(sql, parameters, _columns)
        total = int(found["total"][0]) if len(found["total"]) else 0
        return answer(**{name: np.ma.asarray(found[name]) for name in names}, total=total)

    def _paths(
        self, files: Sequence[FileInfo], series: set[int] | None, start_ms: int, end_ms: int
    ) -> list[str]:
        """The files that can hold rows of these series and this time, by the manifest alone."""
        buckets = None if series is None else {number % BUCKETS for number in series}
        return [
            str(self._folder / file.path)
            for file in files
            if file.time_min_ms < end_ms
            and file.time_max_ms >= start_ms
            and (buckets is None or file.bucket in buckets or file.bucket == LATE_BUCKET)
            and (
                series is None
                or any(file.series_min <= number <= file.series_max for number in series)
            )
        ]

    def _run(
        self,
        sql: str,
        parameters: Mapping[str, Any],
        fetch: Callable[[Any, str, dict[str, Any]], Found],
    ) -> Found:
        with self._turns:
            cursor = self._database.cursor()
            clock = Timer(SECONDS, cursor.interrupt)
            clock.start()
            try:
                return fetch(cursor, sql, dict(parameters))
            except duckdb.InterruptException as error:
                raise QuestionTooLong(f"more than {SECONDS:.0f} s") from error
            except duckdb.IOException as error:
                for path in parameters["files"]:
                    if not Path(path).exists():
                        raise FileMissing(path) from error
                raise
            finally:
                clock.cancel()
                cursor.close()


def _each_once(files: Sequence[FileInfo]) -> bool:
    """Whether no key can come twice: one compacted file for each day and bucket."""
    places = {(file.day, file.bucket) for file in files}
    return len(places) == len(files) and all(file.level >= DETAIL_LEVEL for file in files)


def _all(cursor: Any, sql: str, parameters: dict[str, Any]) -> Any:
    return cursor.execute(sql, parameters).fetchall()


def _table(cursor: Any, sql: str, parameters: dict[str, Any]) -> Any:
    return cursor.sql(sql, params=parameters).to_arrow_table()


def _columns(cursor: Any, sql: str, parameters: dict[str, Any]) -> Any:
    return cursor.execute(sql, parameters).fetchnumpy()


def _text(template: str, files: Sequence[FileInfo], **parts: str) -> str:
    template = template.replace("@day_of_fleet", DAY_OF_FLEET)
    mixed = any(file.schema != SCHEMA for file in files)
    source = f"read_parquet($files{', union_by_name = true' if mixed else ''})"
    return Sql(template).substitute(DUCKDB_WORDS, source=source, moments=MOMENTS, **parts)


class Sql(Template):
    """Parameters of a question begin with $, so the words of the dialect begin with @."""

    delimiter = "@"


MOMENTS = "series = $series AND device_time_ms >= $start AND device_time_ms < $end"

NEWEST_FEW = """
, newest AS (
    SELECT *, row_number() OVER (
        PARTITION BY time_ms ORDER BY received_ms DESC, log_position DESC
    ) AS answer
    FROM readings
), placed AS (
    SELECT *, row_number() OVER (ORDER BY time_ms) AS place, count(*) OVER () AS total
    FROM newest WHERE answer = 1
)
SELECT @names, total
FROM placed
WHERE place = total OR (place - 1) % ((total + $points - 2) @divided ($points - 1)) = 0
ORDER BY time_ms
"""

TRACK = """
WITH readings AS (
    SELECT device_time_ms AS time_ms, received_ms, log_position, lon / 1e6 AS lon, lat / 1e6 AS lat,
        speed / 10.0 AS speed_kmh, direction, odometer / 10.0 AS odometer_km, fix
    FROM @source WHERE @moments AND lon IS NOT NULL AND lat IS NOT NULL
)
"""

CURVES = """
WITH readings AS (
    SELECT device_time_ms AS time_ms, received_ms, log_position, soc / 10.0 AS soc,
        speed / 10.0 AS speed_kmh, voltage / 10.0 AS voltage, current / 10.0 AS current,
        coalesce(max_probe_c, @list_max(probes)) AS max_c,
        coalesce(min_probe_c, @list_min(probes)) AS min_c
    FROM @source WHERE @moments AND (soc IS NOT NULL OR speed IS NOT NULL OR voltage IS NOT NULL)
)
"""

CELLS = """
WITH lists AS (
    SELECT device_time_ms AS time_ms, received_ms, log_position, cells,
        @list_max(cells) AS max_mv, @list_min(cells) AS min_mv
    FROM @source WHERE @moments AND cells IS NOT NULL
), readings AS (
    SELECT time_ms, received_ms, log_position, max_mv, @list_place(cells, max_mv) AS max_cell,
        min_mv, @list_place(cells, min_mv) AS min_cell
    FROM lists WHERE max_mv IS NOT NULL
)
"""

FRAMES = """
SELECT @columns
FROM @source WHERE @moments
@once
ORDER BY device_time_ms, received_ms, log_position
"""

EACH_KEY_ONCE = """
QUALIFY row_number() OVER (
    PARTITION BY device_time_ms, kind, crc ORDER BY received_ms, log_position
) = 1
"""

DAY_OF_FLEET = """
    FROM @source
    WHERE device_time_ms >= $start AND device_time_ms < $end
        AND ($all OR list_contains($wanted, series))
"""

DISTANCES = """
SELECT series, count(*) AS readings, min(device_time_ms), max(device_time_ms),
    (arg_max(odometer, device_time_ms) FILTER (odometer > 0)
        - arg_min(odometer, device_time_ms) FILTER (odometer > 0)) / 10.0 AS km,
    count(voltage + current)
        >= $dense_readings * approx_count_distinct(device_time_ms @divided 60000) AS dense
@day_of_fleet
GROUP BY series
ORDER BY series
"""

ENERGY = """
WITH readings AS (
    SELECT series, device_time_ms AS time_ms, received_ms,
        voltage * current / 100.0 AS watts, charge_state IS NOT DISTINCT FROM 1 AS charging
    @day_of_fleet AND voltage IS NOT NULL AND current IS NOT NULL
), steps AS (
    SELECT series, charging, time_ms - lag(time_ms) OVER moments AS gap,
        watts + lag(watts) OVER moments AS watts_twice
    FROM readings
    WINDOW moments AS (PARTITION BY series ORDER BY time_ms, received_ms)
)
SELECT series,
    coalesce(sum(watts_twice * gap / 7.2e9) FILTER (gap <= $dense AND NOT charging), 0),
    coalesce(-sum(watts_twice * gap / 7.2e9) FILTER (gap <= $dense AND charging), 0)
FROM steps
GROUP BY series
HAVING sum(gap) FILTER (gap <= $dense) >= $share * sum(gap) FILTER (gap <= $silence)
"""
