"""The benchmark of history prints the house's one document and leaves no file."""

import json
from pathlib import Path

import pytest

from panshi.bench.history import measure_history

pytestmark = pytest.mark.plain


def test_measures_tracks_beside_a_glob_and_leaves_no_file(tmp_path: Path) -> None:
    measured = json.loads(json.dumps(measure_history(tmp_path, vehicles=16, step_s=300)))

    assert set(measured) == {"bench", "machine", "seed", "ours", "baseline", "ratio"}
    assert measured["ours"]["rows"] == 16 * 288
    assert measured["ours"]["points_per_track"] == 288
    assert measured["ours"]["track_p95_s"] > 0 < measured["baseline"]["glob"]["track_p95_s"]
    assert list(tmp_path.iterdir()) == []
