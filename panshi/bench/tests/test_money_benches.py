"""The benchmarks of ladder, sheets and walls count what they did, and leave nothing behind."""

from typing import Any, cast

from panshi.bench.documents import measure_documents
from panshi.bench.dunning import measure_dunning
from panshi.bench.importing import measure_import
from panshi.bench.tenancy import measure_tenancy
from panshi.kit.tenancy import hq_actor
from panshi.org.queries import nodes
from panshi.org.tests import make

Document = dict[str, Any]


def test_every_debt_takes_its_steps_once() -> None:
    make.platform()
    before = nodes(actor=hq_actor())
    document = cast(Document, measure_dunning(120, late_one_in=3))
    assert document["ours"]["bills"] == 40
    assert document["ours"]["steps"] >= 40
    assert document["ours"]["rerun_steps"] == 0
    assert document["baseline"]["row_loop"]["sample"] == 40
    assert nodes(actor=hq_actor()) == before


def test_every_row_of_the_sheet_is_read_and_right() -> None:
    make.platform()
    document = cast(Document, measure_import(60, small=20))
    assert (document["ours"]["rows"], document["ours"]["errors"]) == (60, 0)
    assert document["ours"]["small_rows"] == 20
    assert document["baseline"]["plain_reader"]["cells"] >= 60 * 10


def test_every_policy_is_asked_for_the_same() -> None:
    make.platform()
    document = cast(Document, measure_tenancy(660))
    names = {"no_policy", "function_policy", "path_policy"}
    assert set(document["baseline"]) == names
    rows = {document["baseline"][name]["rows"] for name in names} | {document["ours"]["rows"]}
    assert rows == {660 // 220 * 44}


def test_each_paper_is_a_pdf() -> None:
    make.platform()
    document = cast(Document, measure_documents(each=1, lines=30))
    ours = document["ours"]
    assert ours["bill_bytes"] < ours["statement_bytes"]
    assert ours["contract_bytes"] > 10_000
    assert document["baseline"]["bare_typst"]["page_s"] > 0
