"""The page benchmark on a company of tens of rows: its keys, and lists whose questions stay few."""

import json
from datetime import UTC, datetime

import pytest
from django.db import transaction

from panshi.bench import pages
from panshi.bench.company import Size
from panshi.handbook.tests import make as handbook
from panshi.kit import tenancy
from panshi.kit.tenancy import acting, hq_actor
from panshi.org import services as org
from panshi.org.tests.window import NOBODY

AT = datetime.now(UTC)


def _silent(words: str) -> None:
    """Progress is for people who wait."""


def _measured(rows: int, *roles: str) -> dict[str, object]:
    """What the benchmark says of a company of `rows` vehicles; then the company is gone again."""
    size = Size(
        vehicles=rows,
        operators=2,
        regions=1,
        customers=rows,
        months=3,
        work_orders=rows * 4,
        findings=rows,
        runs=rows,
    )
    with transaction.atomic():
        pages.found(size=size, at=AT, say=_silent)
        with acting(NOBODY):
            document = pages.measure_pages(requests=1, say=_silent, roles=roles)
        transaction.set_rollback(True)
    return document


def test_measures_every_page_and_no_list_asks_more_with_more_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # On a slow machine the lines of the tree would be forgotten, and asked again, within a page.
    monkeypatch.setattr(tenancy, "_KEPT_S", 3600.0)
    org.found_platform(name="Bench", city="杭州", actor=hq_actor(), at=AT)
    handbook.edition()

    few = json.loads(json.dumps(_measured(10, "hq")))
    many = json.loads(json.dumps(_measured(60, "hq", "customer")))

    assert set(many) == {"bench", "machine", "ours", "baseline", "ratio"}
    assert many["bench"] == "pages"
    ours = many["ours"]
    assert ours["failed"] == few["ours"]["failed"] == {}
    found = ours["pages"]
    assert {"/fleet/vehicles/", "/finance/bills/", "/finance/board/", "/portal/"} <= set(found)
    assert ours["worst_p95_ms"] == max(page["p95_ms"] for page in found.values())
    assert all(page["queries"] > 0 for page in found.values())
    goal = {path: pages.GOALS_MS.get(path, pages.GOAL_MS) for path in found}
    slow = {path for path, page in found.items() if page["p95_ms"] > goal[path]}
    assert set(ours["over_goal"]) == slow
    grown = {
        path: (page["queries"], found[path]["queries"])
        for path, page in few["ours"]["pages"].items()
        if "<id>" not in path and found[path]["queries"] > page["queries"]
    }
    assert grown == {}
    assert set(many["baseline"]["naive"]) <= set(found)
    assert all(ratio > 0 for ratio in many["ratio"].values())
