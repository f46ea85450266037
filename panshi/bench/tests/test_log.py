"""The log's benchmark prints the house's one document, beside baselines of the same run."""

import json
from pathlib import Path

import pytest

from panshi.bench.log import measure_log

pytestmark = pytest.mark.plain


def test_measures_ours_and_both_baselines_and_leaves_no_file(tmp_path: Path) -> None:
    measured = json.loads(json.dumps(measure_log(tmp_path, 1.0)))

    assert set(measured) == {"bench", "machine", "seed", "rounds", "ours", "baseline", "ratio"}
    assert measured["bench"] == "log"
    rates = [measured["ours"], *measured["baseline"].values()]
    assert all(rate[f"frames_per_s_{size}"] > 0 for rate in rates for size in (100, 300))
    assert measured["ratio"]["bare_100"] > 0
    assert list(tmp_path.iterdir()) == []
