"""An operator's vehicles move in from a spreadsheet: all or nothing, once, and out again."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import translation

from panshi.fleet import queries, services
from panshi.fleet.models import Document, Vehicle, VehicleEvent
from panshi.fleet.services.moving_in import VEHICLES
from panshi.fleet.sheet import SHEET
from panshi.fleet.tests import make
from panshi.fleet.tests.make import NOON
from panshi.kit import imports, sheets, workbooks
from panshi.kit.imports import NotCommitted, RecordsInUse, RowsInvalid, RowsSinceChanged
from panshi.kit.models import ImportBatch, ImportRow
from panshi.kit.refusals import NotPermitted
from panshi.kit.tenancy import Actor, acting
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make

Rows = list[dict[str, Any]]


def _rows(count: int) -> Rows:
    return [
        {
            "vin": make.vin(),
            "plate": make.plate(),
            "plate_class": "小型新能源",
            "model": "青原 轻运 V42",
            "motor_no": f"TZ{at:06d}",
            "cost": Decimal("86800.00"),
            "city": "杭州",
            "odometer_km": Decimal(at),
            "state": ("READY", "IDLE", "LEASED")[at % 3],
            "purchased_on": date(2026, 1, 5),
            "compulsory_on": date(2027, 5, 31),
            "inspection_on": date(2027, 4, 30),
        }
        for at in range(count)
    ]


def _content(rows: Sequence[dict[str, Any]]) -> bytes:
    plain = [{**row, "plate_class": ""} for row in rows]
    return workbooks.write(sheet=SHEET, rows=plain)


def _office() -> tuple[OrgNode, Actor]:
    make.model()
    org = org_make.operator()
    return org, org_make.actor(org, "fleet.*")


def _stage(org: OrgNode, by: Actor, content: bytes, name: str = "车辆台账.xlsx") -> UUID:
    return services.stage_vehicle_import(
        org_id=org.id, file_name=name, content=content, actor=by, at=NOON
    ).batch_id


def _commit(batch_id: UUID, by: Actor) -> tuple[int, int]:
    fact = services.commit_vehicle_import(batch_id=batch_id, actor=by, at=NOON)
    return fact.created, fact.there_already


def test_500_rows_with_3_bad_vins_import_nothing_then_once_and_never_twice() -> None:
    org, by = _office()
    good = _rows(500)
    bad = [dict(row) for row in good]
    bad[35]["vin"] = bad[35]["vin"][:8] + "I" + bad[35]["vin"][9:]
    wrong = "0" if bad[120]["vin"][8] != "0" else "1"
    bad[120]["vin"] = bad[120]["vin"][:8] + wrong + bad[120]["vin"][9:]
    bad[499]["vin"] = bad[499]["vin"][:-1]

    batch_id = _stage(org, by, _content(bad))
    card = queries.vehicle_import(batch_id=batch_id, actor=by)
    assert [(error.row, error.column, error.header) for error in card.errors] == [
        (37, "A", "车架号"),
        (122, "A", "车架号"),
        (501, "A", "车架号"),
    ]
    assert "I" in card.errors[0].reason
    assert (card.rows, card.new, card.wrong, card.ready) == (500, 497, 3, False)
    with pytest.raises(RowsInvalid):
        _commit(batch_id, by)
    assert not Vehicle.objects.filter(org=org).exists()

    content = _content(good)
    mended = _stage(org, by, content)
    assert queries.vehicle_import(batch_id=mended, actor=by).ready
    assert _commit(mended, by) == (500, 0)
    assert Vehicle.objects.filter(org=org).count() == 500
    assert Document.objects.filter(org=org, current=True).count() == 1000

    assert _commit(mended, by) == (500, 0)
    assert _stage(org, by, content) == mended
    shuffled = _stage(org, by, _content(good[::-1]))
    assert _commit(shuffled, by) == (0, 500)
    assert Vehicle.objects.filter(org=org).count() == 500
    assert VehicleEvent.objects.filter(org=org).count() == 500


def test_the_export_imports_back_to_no_change() -> None:
    org, by = _office()
    _commit(_stage(org, by, _content(_rows(12))), by)
    written = workbooks.write(
        sheet=SHEET, rows=[asdict(row) for row in queries.vehicle_sheet_rows(actor=by)]
    )
    batch_id = _stage(org, by, written)
    card = queries.vehicle_import(batch_id=batch_id, actor=by)
    assert (card.rows, card.new, card.there, card.wrong) == (12, 0, 12, 0)
    assert set(ImportRow.objects.filter(batch_id=batch_id).values_list("note", flat=True)) == {""}


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"plate": "浙AD1234", "plate_class": "GREEN_SMALL"}, "plate"),
        ({"plate": "浙A123"}, "plate"),
        ({"plate": ""}, "plate"),
        ({"model": "无此车型"}, "model"),
        ({"state": "飞行"}, "state"),
        ({"city": ""}, "city"),
        ({"cost": "8.68万"}, "cost"),
        ({"inspection_on": "2027-2-29"}, "inspection_on"),
        ({"odometer_km": -1}, "odometer_km"),
    ],
)
def test_a_bad_cell_is_named(changes: dict[str, Any], key: str) -> None:
    org, by = _office()
    row = {**_rows(1)[0], "plate_class": "", **changes}
    batch_id = _stage(org, by, workbooks.write(sheet=SHEET, rows=[row]))
    errors = queries.vehicle_import(batch_id=batch_id, actor=by).errors
    assert [error.header for error in errors] == [SHEET.column(key).header]
    assert errors[0].row == 2


def test_errors_are_told_in_chinese_at_their_cell() -> None:
    org, by = _office()
    rows = _rows(36)
    rows[35]["vin"] = "LPSEV4E10RA00000I"
    with translation.override("zh-hans"):
        batch_id = _stage(org, by, _content(rows))
        errors = queries.vehicle_import(batch_id=batch_id, actor=by).errors
        assert [str(error) for error in errors] == [
            "第 37 行 A 列 车架号：第 17 位字符“I”不允许出现在车架号中。"
        ]


def test_repeated_and_taken_vins_and_plates_are_named() -> None:
    org, by = _office()
    foreign = make.vehicle()
    neighbour = make.vehicle(org=org)
    rows = _rows(5)
    rows[1]["vin"] = rows[0]["vin"]
    rows[2]["vin"] = foreign.vin
    rows[3]["plate"] = neighbour.plate
    batch_id = _stage(org, by, _content(rows))
    errors = queries.vehicle_import(batch_id=batch_id, actor=by).errors
    assert [(error.row, error.header) for error in errors] == [
        (2, "车架号"),
        (3, "车架号"),
        (4, "车架号"),
        (5, "车牌号"),
    ]


def test_what_is_there_already_is_left_as_it_is_and_the_difference_told() -> None:
    org, by = _office()
    rows = _rows(2)
    _commit(_stage(org, by, _content(rows[:1])), by)
    rows[0]["city"] = "宁波"
    batch_id = _stage(org, by, _content(rows))
    kept = ImportRow.objects.get(batch_id=batch_id, state="THERE")
    assert "运营城市" in kept.note
    assert _commit(batch_id, by) == (1, 1)
    assert Vehicle.objects.get(vin=rows[0]["vin"]).city == "杭州"


def test_a_preview_that_no_longer_fits_is_refused() -> None:
    org, by = _office()
    rows = _rows(3)
    batch_id = _stage(org, by, _content(rows))
    make.vehicle(org=org, vin_code=rows[1]["vin"])
    with pytest.raises(RowsSinceChanged):
        _commit(batch_id, by)
    assert Vehicle.objects.filter(org=org).count() == 1


def test_undo_takes_out_what_came_and_the_file_can_come_again() -> None:
    org, by = _office()
    content = _content(_rows(4))
    batch_id = _stage(org, by, content)
    with pytest.raises(NotCommitted):
        services.undo_vehicle_import(batch_id=batch_id, actor=by, at=NOON)
    _commit(batch_id, by)
    fact = services.undo_vehicle_import(batch_id=batch_id, actor=by, at=NOON)
    assert fact.removed == 4
    assert not Vehicle.objects.filter(org=org).exists()
    assert not VehicleEvent.objects.filter(org=org).exists()
    again = _stage(org, by, content)
    assert again != batch_id
    assert _commit(again, by) == (4, 0)


def test_undo_is_refused_once_something_hangs_on_a_vehicle() -> None:
    org, by = _office()
    batch_id = _stage(org, by, _content(_rows(3)))
    _commit(batch_id, by)
    vehicle = Vehicle.objects.filter(org=org, state="READY").first()
    assert vehicle is not None
    services.set_idle(vehicle_id=vehicle.id, reason="待检", actor=by, at=NOON)
    with pytest.raises(RecordsInUse, match=vehicle.plate):
        services.undo_vehicle_import(batch_id=batch_id, actor=by, at=NOON)
    assert Vehicle.objects.filter(org=org).count() == 3


def test_undo_is_refused_by_whatever_record_names_a_vehicle() -> None:
    org, by = _office()
    batch_id = _stage(org, by, _content(_rows(2)))
    _commit(batch_id, by)
    vehicle = Vehicle.objects.filter(org=org).first()
    assert vehicle is not None
    services.sign_inspection(
        vehicle_id=vehicle.id,
        kind="IDLE",
        odometer_km=Decimal(10),
        soc_pct=Decimal(60),
        passed=True,
        actor=by,
        at=NOON,
    )
    with pytest.raises(RecordsInUse):
        services.undo_vehicle_import(batch_id=batch_id, actor=by, at=NOON)
    assert Document.objects.filter(org=org, current=True).count() == 4


def test_personal_and_staged_content_is_sealed_and_forgotten() -> None:
    org, by = _office()
    rows = _rows(1)
    batch_id = _stage(org, by, _content(rows))
    with connection.cursor() as cursor:
        cursor.execute("SELECT content::text FROM kit_importrow WHERE batch_id = %s", [batch_id])
        assert rows[0]["vin"] not in cursor.fetchone()[0]
    _commit(batch_id, by)
    assert rows[0]["vin"] not in ImportRow.objects.get(batch_id=batch_id).content


def test_a_file_is_committed_once_also_by_the_database() -> None:
    org, by = _office()
    batch_id = _stage(org, by, _content(_rows(1)))
    _commit(batch_id, by)
    batch = ImportBatch.objects.get(id=batch_id)
    with pytest.raises(DatabaseError, match="imported_once"), transaction.atomic():
        ImportBatch.objects.create(
            org=org,
            kind=batch.kind,
            file_name="x",
            sha256=batch.sha256,
            by_id=by.id,
            state="COMMITTED",
            header_row=1,
            headers=[],
            unused=[],
            rows=1,
            new=1,
            there=0,
            wrong=0,
            errors="[]",
            committed_at=NOON,
        )


def test_strangers_and_clerks_do_not_import() -> None:
    org, by = _office()
    batch_id = _stage(org, by, _content(_rows(1)))
    stranger = org_make.actor(org_make.operator(), "fleet.*")
    with pytest.raises(ImportBatch.DoesNotExist):
        _commit(batch_id, stranger)
    with pytest.raises(NotPermitted):
        _stage(org, stranger, _content(_rows(1)))
    with pytest.raises(NotPermitted):
        _commit(batch_id, org_make.actor(org, "fleet.view"))


def test_a_vehicle_moves_in_as_it_stands() -> None:
    org, by = _office()
    rows = _rows(3)
    _commit(_stage(org, by, _content(rows)), by)
    vehicle = Vehicle.objects.get(vin=rows[2]["vin"])
    assert (vehicle.state, vehicle.awaits_lease, vehicle.plate_class) == (
        "LEASED", True, "GREEN_SMALL",
    )  # fmt: skip
    assert (vehicle.cost, vehicle.odometer_km) == (Decimal("86800.00"), Decimal(2))
    papers = dict(Document.objects.filter(vehicle=vehicle).values_list("kind", "expires_on"))
    assert papers == {
        "COMPULSORY_INSURANCE": date(2027, 5, 31),
        "INSPECTION": date(2027, 4, 30),
    }


def test_the_marked_copy_has_the_reason_beside_the_row() -> None:
    org, by = _office()
    rows = _rows(2)
    rows[1]["vin"] = "X"
    batch_id = _stage(org, by, _content(rows))
    with acting(by):
        copy = imports.marked_copy(SHEET, VEHICLES.kind, batch_id=batch_id, actor=by)
    reading = sheets.read(content=copy, sheet=SHEET)
    assert [(error.row, error.column) for error in reading.errors] == [(3, "A")]
