"""The ledger's benchmarks count what they did, and leave nothing behind."""

from typing import Any

from panshi.bench.ledger import measure_board, measure_ledger
from panshi.ledger.models import Entry, Snapshot
from panshi.org.tests import make


def test_the_trigger_is_measured_beside_none_and_beside_one_per_row() -> None:
    document: Any = measure_ledger(300)
    assert document["ours"]["postings"] == 900
    assert document["baseline"]["no_check"]["insert_s"] > 0
    assert document["baseline"]["per_row_deferred"]["insert_s"] > 0


def test_the_board_is_measured_over_months_and_leaves_nothing() -> None:
    make.platform()
    document: Any = measure_board(60)
    assert document["ours"]["postings"] == 60 * 6 * 5
    assert document["ours"]["hq_trial_ms"] > 0
    assert document["baseline"]["full_scan"]["operator_trial_ms"] > 0
    assert not Entry.objects.exists()
    assert not Snapshot.objects.exists()
