"""An operator's parts move in as opening stock: once, all or nothing, and out again."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.urls import reverse
from django.utils import translation

from panshi.kit import workbooks
from panshi.kit.imports import RecordsInUse, RowsInvalid
from panshi.kit.sheets import as_rows
from panshi.kit.tenancy import hq_actor
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.org.tests.window import page, window
from panshi.people.tests.make import NOON
from panshi.supply import queries, services
from panshi.supply.events import StockLine
from panshi.supply.models import Item, StockMovement
from panshi.supply.sheet import SHEET
from panshi.supply.tests.test_stock import place

Row = dict[str, Any]


@pytest.fixture
def org() -> OrgNode:
    return org_make.operator()


def row(**given: Any) -> Row:
    return {
        "code": "PAD_F",
        "name": "前制动片",
        "spec": "轻运 V42",
        "unit": "SET",
        "place": "城西WAREHOUSE",
        "lot": "2026-05",
        "quantity": 12,
        "unit_price": Decimal("96.50"),
        **given,
    }


def stage(org: OrgNode, *rows: Row) -> UUID:
    return services.stage_part_import(
        org_id=org.id,
        file_name="配件.xlsx",
        content=workbooks.write(sheet=SHEET, rows=rows),
        actor=org_make.actor(org, "supply.*"),
        at=NOON,
    ).batch_id


def commit(org: OrgNode, batch_id: UUID) -> tuple[int, int]:
    by = org_make.actor(org, "supply.*")
    fact = services.commit_part_import(batch_id=batch_id, actor=by, at=NOON)
    return fact.created, fact.there_already


def undo(org: OrgNode, batch_id: UUID) -> int:
    by = org_make.actor(org, "supply.*")
    return services.undo_part_import(batch_id=batch_id, actor=by, at=NOON).removed


def errors(org: OrgNode, *rows: Row) -> list[str]:
    with translation.override("en"):
        card = queries.part_import(batch_id=stage(org, *rows), actor=hq_actor(org.id))
    return [error.header for error in card.errors]


def lying(org: OrgNode, place_id: UUID) -> dict[tuple[str, str], int]:
    rows = queries.stock_at(location_id=place_id, actor=hq_actor(org.id))
    return {(row.item_code, row.lot): row.on_hand for row in rows}


def test_parts_lie_where_the_sheet_says_with_what_they_cost(org: OrgNode) -> None:
    shelf, van = place(org, kind="WAREHOUSE"), place(org, kind="VAN")
    rows = [row(), row(lot="2026-06", quantity=3), row(place="城西VAN", quantity=2)]
    assert commit(org, stage(org, *rows)) == (3, 0)

    assert lying(org, shelf) == {("PAD_F", "2026-05"): 12, ("PAD_F", "2026-06"): 3}
    assert lying(org, van) == {("PAD_F", "2026-05"): 2}
    (item,) = Item.objects.filter(org=org, code="PAD_F")
    assert (item.name_zh, item.spec, item.unit) == ("前制动片", "轻运 V42", "SET")
    prices = StockMovement.objects.filter(org=org).values_list("unit_price", flat=True)
    assert set(prices) == {Decimal("96.50")}
    assert queries.balance_differences(actor=hq_actor()) == 0


def test_the_same_parts_again_and_the_export_add_nothing(org: OrgNode) -> None:
    shelf = place(org, kind="WAREHOUSE")
    commit(org, stage(org, row()))
    exported = as_rows(queries.part_sheet_rows(actor=hq_actor(org.id)))
    assert commit(org, stage(org, *exported, row(lot="2026-06"))) == (1, 1)
    assert commit(org, stage(org, row(quantity=13))) == (0, 1)
    assert lying(org, shelf) == {("PAD_F", "2026-05"): 12, ("PAD_F", "2026-06"): 12}


@pytest.mark.parametrize(
    ("given", "header"),
    [
        ({"place": "没有这个库"}, "仓库"),
        ({"quantity": 0}, "数量"),
        ({"quantity": "1.5"}, "数量"),
        ({"unit": "箱子"}, "单位"),
        ({"unit_price": "九十"}, "单价(元)"),
        ({"code": "SEAL"}, "单位"),
        ({"code": "PAD F"}, "配件编码"),
    ],
)
def test_a_wrong_cell_is_named_and_nothing_comes_in(org: OrgNode, given: Row, header: str) -> None:
    shelf = place(org, kind="WAREHOUSE")
    assert errors(org, row(lot="A"), row(**given)) == [header]
    with pytest.raises(RowsInvalid):
        commit(org, stage(org, row(lot="B"), row(**given)))
    assert lying(org, shelf) == {}


def test_one_place_and_lot_stands_once_in_a_file(org: OrgNode) -> None:
    place(org, kind="WAREHOUSE")
    assert errors(org, row(), row(quantity=1)) == ["配件编码"]
    assert errors(org, row(), row(lot="B", name="后制动片")) == ["配件编码"]


def test_undo_moves_out_what_came_and_it_may_come_again(org: OrgNode) -> None:
    shelf = place(org, kind="WAREHOUSE")
    batch_id = stage(org, row())
    commit(org, batch_id)
    assert undo(org, batch_id) == 1
    assert lying(org, shelf) == {}
    assert StockMovement.objects.filter(org=org).count() == 2
    assert commit(org, stage(org, row(quantity=9))) == (1, 0)
    assert lying(org, shelf) == {("PAD_F", "2026-05"): 9}


def test_undo_is_refused_once_some_were_used(org: OrgNode) -> None:
    shelf = place(org, kind="WAREHOUSE")
    batch_id = stage(org, row())
    commit(org, batch_id)
    services.consume_parts(
        location_id=shelf,
        lines=[StockLine(item_code="PAD_F", quantity=1, lot="2026-05")],
        document="visit:1",
        actor=hq_actor(org.id),
        at=NOON,
    )
    with pytest.raises(RecordsInUse):
        undo(org, batch_id)
    assert lying(org, shelf) == {("PAD_F", "2026-05"): 11}


def test_the_pages_offer_a_template_and_show_the_rows(org: OrgNode) -> None:
    place(org, kind="WAREHOUSE")
    clerk = window(org, "WAREHOUSE")
    assert "supply/import" in page(clerk.get(reverse("supply-locations")))
    answer = clerk.get(reverse("supply-import-template"))
    assert answer.status_code == 200
    batch_id = stage(org, row(), row(place="x", lot="2"))
    assert "前制动片" in page(clerk.get(reverse("supply-import-batch", args=[batch_id])))
