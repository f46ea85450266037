"""Questions of history: right answers, whatever the files hold twice, and in time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pytest

from panshi.bench.fleet_day import DAY, fleet_day
from panshi.lake import ask
from panshi.lake.ask import History, QuestionTooLong
from panshi.lake.compact import FileMissing, compact
from panshi.lake.files import FileInfo, write
from panshi.lake.schema import Ragged, Rows, RowsBuilder, day_bounds
from panshi.lake.tests.test_files import flush, reading

pytestmark = pytest.mark.plain

START, END = day_bounds(DAY)
SPAN = {"start_ms": START, "end_ms": END}
Files = tuple[FileInfo, ...]


def twice(folder: Path, builder: RowsBuilder) -> Files:
    """Two files with the same rows, as a crash between file and manifest never leaves them."""
    rows = builder.take()
    files = tuple[FileInfo, ...]()
    for part in range(2):
        files += write(
            folder=folder, rows=rows, gateway=1, log_from=part, log_to=part + 1, current_day=DAY
        )
    return files


def test_a_track_is_in_order_scaled_and_free_of_duplicates(tmp_path: Path) -> None:
    builder = RowsBuilder()
    for second in (30, 10, 20):
        reading(builder, 5, second, lon=116_300_000 + second, lat=-39_900_000, speed=second)
    reading(builder, 5, 25, speed=3)
    reading(builder, 13, 10, lon=1, lat=1)
    files = twice(tmp_path, builder)

    track = History(folder=tmp_path).track(files=files, series=5, **SPAN)

    assert track.time_ms.tolist() == [START + second * 1000 for second in (10, 20, 30)]
    assert track.lon.tolist() == [116.30001, 116.30002, 116.30003]
    assert track.lat.tolist() == [-39.9] * 3
    assert track.speed_kmh.tolist() == [1.0, 2.0, 3.0]
    assert track.direction.tolist() == [None] * 3
    assert track.total == 3


def test_of_two_readings_of_one_moment_the_last_received_answers(tmp_path: Path) -> None:
    builder = RowsBuilder()
    reading(builder, 5, 10, crc=1, lon=1, lat=1, received_ms=START + 60_000)
    reading(builder, 5, 10, crc=2, lon=2, lat=2, received_ms=START + 50_000)
    files = flush(tmp_path, builder)
    history = History(folder=tmp_path)

    assert history.track(files=files, series=5, **SPAN).lon.tolist() == [1e-6]
    both = history.frames_between(files=files, series=5, start_ms=START, end_ms=END)
    assert both.count == 2


def test_a_long_track_is_thinned_to_five_thousand_points_with_both_ends(tmp_path: Path) -> None:
    count = 12_345
    rows = Rows(
        count=count,
        columns={
            "series": np.full(count, 5),
            "device_time_ms": START + np.arange(count) * 1000,
            "received_ms": START + np.arange(count) * 1000,
            "kind": np.full(count, 2),
            "crc": np.arange(count),
            "log_position": np.arange(count),
            "flags": np.zeros(count, dtype=np.int64),
            "lon": np.arange(count),
            "lat": np.arange(count),
        },
    )
    files = write(folder=tmp_path, rows=rows, gateway=1, log_from=0, log_to=1, current_day=DAY)

    track = History(folder=tmp_path).track(files=files, series=5, **SPAN)

    assert track.total == count
    assert 2500 < len(track.time_ms) <= 5000
    assert track.time_ms[0] == START
    assert track.time_ms[-1] == START + (count - 1) * 1000


def test_bounds_of_time_are_half_open_and_other_series_stay_out(tmp_path: Path) -> None:
    builder = RowsBuilder()
    for second in range(10):
        reading(builder, 5, second, lon=second, lat=0)
    files = flush(tmp_path, builder)
    history = History(folder=tmp_path)

    part = history.track(files=files, series=5, start_ms=START + 2000, end_ms=START + 5000)

    assert part.lon.tolist() == [2e-6, 3e-6, 4e-6]
    assert history.track(files=files, series=13, **SPAN).total == 0
    assert history.track(files=(), series=5, **SPAN).total == 0
    assert history.cell_extremes(files=files, series=5, **SPAN).total == 0


def test_series_shows_charge_speed_voltage_and_temperature(tmp_path: Path) -> None:
    builder = RowsBuilder()
    reading(builder, 5, 1, soc=805, speed=123, voltage=3_501, current=-75, max_probe_c=31)
    reading(builder, 5, 2, soc=800, probes=[20, None, -5])
    reading(builder, 5, 3, lon=1, lat=1)

    curves = History(folder=tmp_path).series(files=twice(tmp_path, builder), series=5, **SPAN)

    assert curves.soc.tolist() == [80.5, 80.0]
    assert curves.speed_kmh.tolist() == [12.3, None]
    assert curves.voltage.tolist() == [350.1, None]
    assert curves.current.tolist() == [-7.5, None]
    assert curves.max_c.tolist() == [31, 20]
    assert curves.min_c.tolist() == [None, -5]


def test_cell_extremes_name_value_and_place(tmp_path: Path) -> None:
    builder = RowsBuilder()
    reading(builder, 5, 1, cells=[3300, 3400, None, 3250])
    reading(builder, 5, 2, cells=[None, None])
    reading(builder, 5, 3, cells=[])

    found = History(folder=tmp_path).cell_extremes(files=twice(tmp_path, builder), series=5, **SPAN)

    assert found.time_ms.tolist() == [START + 1000]
    assert (found.max_mv.tolist(), found.max_cell.tolist()) == ([3400], [2])
    assert (found.min_mv.tolist(), found.min_cell.tolist()) == ([3250], [4])


def test_fleet_day_takes_distance_from_the_odometer(tmp_path: Path) -> None:
    builder = RowsBuilder()
    for second, odometer in enumerate([0, 10_000, 10_005, None, 10_042, 0]):
        reading(builder, 5, second * 30, odometer=odometer)
    reading(builder, 6, 1, odometer=500)
    reading(builder, 6, 2, odometer=400)
    reading(builder, 7, 1)
    files = twice(tmp_path, builder)
    history = History(folder=tmp_path)

    days = {day.series: day for day in history.fleet_day(files=files, day=DAY)}

    assert {number: day.km for number, day in days.items()} == {5: 4.2, 6: None, 7: None}
    assert (days[5].first_ms, days[5].last_ms) == (START, START + 150_000)
    assert {day.kwh for day in days.values()} == {None}
    few = history.fleet_day(files=files, day=DAY, series=[5, 8])
    assert [day.series for day in few] == [5]
    assert history.fleet_day(files=files, day=DAY, series=[]) == ()


def test_fleet_day_integrates_energy_only_where_readings_are_dense(tmp_path: Path) -> None:
    builder = RowsBuilder()
    for second in range(1801):
        reading(builder, 5, second, crc=second, voltage=4000, current=500, charge_state=3)
        reading(builder, 5, 40_000 + second, crc=second, voltage=4000, current=-250, charge_state=1)
        if second % 30 == 0:
            reading(builder, 6, second, crc=second, voltage=4000, current=500, charge_state=3)
        if second % 2 == 0 or second > 1000:
            reading(builder, 7, second * 2, crc=second, voltage=4000, current=500, charge_state=3)
    files = twice(tmp_path, builder)

    days = History(folder=tmp_path).fleet_day(files=files, day=DAY)

    by_series = {day.series: day for day in days}
    assert by_series[5].kwh == pytest.approx(400 * 50 / 1000 * 0.5)
    assert by_series[5].charged_kwh == pytest.approx(400 * 25 / 1000 * 0.5)
    assert (by_series[6].kwh, by_series[6].charged_kwh) == (None, None)
    assert by_series[7].kwh is None


def test_frames_between_gives_each_key_once_before_and_after_compaction(tmp_path: Path) -> None:
    builder = RowsBuilder()
    for second in range(100):
        reading(builder, 5, second, crc=second, cells=[3000 + second] * 4, speed=second)
    files = twice(tmp_path, builder)
    history = History(folder=tmp_path)

    def frames(held: Files) -> Rows:
        names = ["device_time_ms", "cells", "speed"]
        return history.frames_between(files=held, series=5, columns=names, **SPAN)

    loose = frames(files)
    packed = frames(compact(folder=tmp_path, files=files, level=2))

    for rows in (loose, packed):
        assert rows.count == 100
        assert set(rows.columns) == {"device_time_ms", "cells", "speed"}
        cells = rows.columns["cells"]
        assert isinstance(cells, Ragged)
        assert cells.dense(4)[:, 0].tolist() == [3000 + second for second in range(100)]
    assert frames(()).count == 0


def test_a_replaced_file_is_named_so_that_the_manifest_is_asked_again(tmp_path: Path) -> None:
    builder = RowsBuilder()
    reading(builder, 5, 1, lon=1, lat=1)
    (file,) = flush(tmp_path, builder)
    (tmp_path / file.path).unlink()

    with pytest.raises(FileMissing, match=file.path):
        History(folder=tmp_path).track(files=[file], series=5, **SPAN)


def test_a_question_reads_no_other_folder(tmp_path: Path) -> None:
    builder = RowsBuilder()
    reading(builder, 5, 1, lon=1, lat=1)
    files = flush(tmp_path / "theirs", builder)
    (tmp_path / "ours").mkdir()
    history = History(folder=tmp_path / "ours")
    stranger = [replace(file, path=f"../theirs/{file.path}") for file in files]

    with pytest.raises(duckdb.PermissionException):
        history.track(files=stranger, series=5, **SPAN)


def test_a_question_ends_at_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = fleet_day(vehicles=16, step_s=10, cells=False)
    files = write(folder=tmp_path, rows=rows, gateway=1, log_from=0, log_to=1, current_day=DAY)
    monkeypatch.setattr(ask, "SECONDS", 0.05)

    with pytest.raises(QuestionTooLong):
        History(folder=tmp_path).fleet_day(files=files * 200, day=DAY)


@pytest.mark.slow
def test_a_day_of_a_fleet_lies_in_eight_buckets_each_vehicle_whole(tmp_path: Path) -> None:
    """Level 2, as on the morning after: a vehicle's day is in the one file of its bucket."""
    files = list[FileInfo]()
    made = fleet_day(vehicles=16, step_s=30, cells=False)
    for part in range(4):
        series = np.asarray(made.columns["series"]) + 16 * part
        rows = replace(made, columns={**made.columns, "series": series})
        files += write(
            folder=tmp_path, rows=rows, gateway=1, log_from=part, log_to=part + 1, current_day=DAY
        )
    day = list[FileInfo]()
    for bucket in range(8):
        parts = [file for file in files if file.bucket == bucket]
        day += compact(folder=tmp_path, files=parts, level=2)
    history = History(folder=tmp_path)
    for number in range(1, 65):
        (own,) = [file for file in day if file.bucket == number % 8]
        assert history.track(files=[own], series=number, **SPAN).total == 2880
    assert len(history.fleet_day(files=day, day=DAY)) == 64
