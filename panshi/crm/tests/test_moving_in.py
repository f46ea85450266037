"""An operator's customers move in from a spreadsheet, and its register goes out again."""

from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from panshi.crm import queries, services
from panshi.crm.models import Customer, PersonalRead
from panshi.crm.services import ReasonMissing
from panshi.crm.sheet import SHEET
from panshi.crm.tests import make
from panshi.crm.tests.make import NOON
from panshi.kit import workbooks
from panshi.kit.imports import RecordsInUse, RowsInvalid
from panshi.kit.models import ImportRow
from panshi.kit.refusals import NotPermitted
from panshi.kit.tenancy import Actor
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make


def _rows(count: int) -> list[dict[str, Any]]:
    return [
        {
            "kind": "COMPANY" if at % 2 else "PERSON",
            "name": f"客户{at}",
            "id_no": make.credit_code() if at % 2 else make.id_no(),
            "phone": make.phone(),
            "settlement": "MONTHLY",
            "credit_limit": Decimal(20_000),
            "city": "杭州",
        }
        for at in range(count)
    ]


def _office() -> tuple[OrgNode, Actor]:
    org = org_make.operator()
    return org, org_make.actor(org, "crm.*")


def _content(rows: Sequence[dict[str, Any]]) -> bytes:
    return workbooks.write(sheet=SHEET, rows=rows)


def _stage(org: OrgNode, by: Actor, rows: Sequence[dict[str, Any]]) -> UUID:
    return services.stage_customer_import(
        org_id=org.id, file_name="客户.xlsx", content=_content(rows), actor=by, at=NOON
    ).batch_id


def _commit(batch_id: UUID, by: Actor) -> tuple[int, int]:
    fact = services.commit_customer_import(batch_id=batch_id, actor=by, at=NOON)
    return fact.created, fact.there_already


def test_imports_nothing_with_a_bad_cell_then_once_and_never_twice() -> None:
    org, by = _office()
    good = _rows(40)
    bad = [dict(row) for row in good]
    bad[4]["id_no"] = bad[4]["id_no"][:17] + ("1" if bad[4]["id_no"][17] != "1" else "2")
    bad[9]["phone"] = "123"
    bad[11]["kind"] = ""
    batch_id = _stage(org, by, bad)
    errors = queries.customer_import(batch_id=batch_id, actor=by).errors
    assert [(error.row, error.column, error.header) for error in errors] == [
        (6, "C", "证件号码/统一社会信用代码"),
        (11, "E", "手机号"),
        (13, "A", "客户类型"),
    ]
    with pytest.raises(RowsInvalid):
        _commit(batch_id, by)
    assert not Customer.objects.filter(org=org).exists()

    assert _commit(_stage(org, by, good), by) == (40, 0)
    assert _commit(_stage(org, by, good[::-1]), by) == (0, 40)
    assert Customer.objects.filter(org=org).count() == 40


def test_the_export_in_clear_imports_back_to_no_change_and_is_on_record() -> None:
    org, by = _office()
    _commit(_stage(org, by, _rows(6)), by)
    rows = services.export_in_clear(reason="对账", actor=by, at=NOON)
    batch_id = _stage(org, by, [asdict(row) for row in rows])
    card = queries.customer_import(batch_id=batch_id, actor=by)
    assert (card.new, card.there, card.wrong) == (0, 6, 0)
    assert set(ImportRow.objects.filter(batch_id=batch_id).values_list("note", flat=True)) == {""}
    assert PersonalRead.objects.filter(field="export", by_id=by.id).count() == 6
    with pytest.raises(ReasonMissing):
        services.export_in_clear(reason="", actor=by, at=NOON)
    with pytest.raises(NotPermitted):
        services.export_in_clear(reason="x", actor=org_make.actor(org, "crm.view"), at=NOON)


def test_the_usual_export_and_the_preview_are_masked() -> None:
    org, by = _office()
    rows = _rows(3)
    batch_id = _stage(org, by, rows)
    preview = repr(queries.customer_import_preview(batch_id=batch_id, actor=by))
    _commit(batch_id, by)
    written = repr(queries.customer_sheet_rows(actor=by))
    for row in rows:
        for shown in (preview, written):
            assert row["id_no"] not in shown
            assert row["phone"] not in shown


def test_undo_takes_customers_out_unless_something_hangs_on_one() -> None:
    org, by = _office()
    batch_id = _stage(org, by, _rows(3))
    _commit(batch_id, by)
    customer = Customer.objects.filter(org=org).first()
    assert customer is not None
    services.file_complaint(customer_id=customer.id, subject="OTHER", text="x", actor=by, at=NOON)
    with pytest.raises(RecordsInUse):
        services.undo_customer_import(batch_id=batch_id, actor=by, at=NOON)
    assert Customer.objects.filter(org=org).count() == 3

    other, their = _office()
    again = _stage(other, their, _rows(2))
    _commit(again, their)
    assert services.undo_customer_import(batch_id=again, actor=their, at=NOON).removed == 2
    assert not Customer.objects.filter(org=other).exists()


def test_a_customer_twice_in_the_file_is_named_twice() -> None:
    org, by = _office()
    rows = _rows(3)
    rows[2]["id_no"], rows[2]["kind"] = rows[0]["id_no"], rows[0]["kind"]
    batch_id = _stage(org, by, rows)
    errors = queries.customer_import(batch_id=batch_id, actor=by).errors
    assert [error.row for error in errors] == [2, 4]
