"""The compliance benchmark counts what it did, and leaves nothing behind."""

from panshi.bench.compliance import measure_compliance
from panshi.kit.tenancy import hq_actor
from panshi.org.queries import nodes
from panshi.org.tests import make


def test_tells_of_every_deadline_once_and_leaves_nothing() -> None:
    make.platform()
    before = nodes(actor=hq_actor())
    document = measure_compliance(300)
    ours = document["ours"]
    assert isinstance(ours, dict)
    assert ours["items"] > 100
    assert ours["notices"] >= ours["items"]
    assert ours["rerun_items"] == 0
    baseline = document["baseline"]
    assert isinstance(baseline, dict)
    assert min(ours["compute_s"], baseline["row_loop"]["compute_s"]) > 0
    assert nodes(actor=hq_actor()) == before
