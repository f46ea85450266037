"""The billing benchmark counts what it did, and leaves nothing behind."""

from panshi.bench.billing import measure_billing
from panshi.kit.tenancy import hq_actor
from panshi.org.queries import nodes
from panshi.org.tests import make


def test_bills_every_plan_once_and_leaves_nothing() -> None:
    make.platform()
    before = nodes(actor=hq_actor())
    document = measure_billing(300)
    ours = document["ours"]
    assert isinstance(ours, dict)
    assert (ours["bills"], ours["postings"], ours["rerun_rows"]) == (300, 900, 0)
    baseline = document["baseline"]
    assert isinstance(baseline, dict)
    assert baseline["orm_loop"]["sample"] == 300
    assert min(ours["bill_s"], baseline["orm_loop"]["bill_s"]) > 0
    assert nodes(actor=hq_actor()) == before
