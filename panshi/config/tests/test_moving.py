"""`panshi import` and `panshi export` at the keyboard."""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
import pytest
import xlsxwriter
from click.testing import CliRunner, Result
from django.utils import timezone
from python_calamine import CalamineWorkbook

from panshi.config import moving
from panshi.crm.models import Customer
from panshi.crm.tests import make as crm_make
from panshi.fleet.models import Vehicle
from panshi.fleet.tests import make as fleet_make
from panshi.kit import workbooks
from panshi.kit.clock import add_months, local_day
from panshi.kit.models import ImportBatch
from panshi.leasing.models import Lease
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make

VEHICLE_HEAD = ("车架号", "车牌号", "品牌型号", "运营城市", "状态")
CUSTOMER_HEAD = ("客户类型", "客户名称", "证件号码", "手机号")
LEASE_HEAD = (
    *("合同号", "车牌", "承租人", "租赁方式", "起租日"),
    *("租期", "月租金", "押金", "已交押金", "租金已付至"),
)


@dataclass(frozen=True)
class Desk:
    """A person at the keyboard, with a folder."""

    org: OrgNode
    folder: Path

    def run(self, *words: str) -> Result:
        @click.group()
        def panshi() -> None:
            """The command under test."""

        for command in moving.commands(lambda: None):
            panshi.add_command(command)
        return CliRunner().invoke(panshi, words)

    def bring_in(self, kind: str, content: bytes, *words: str, name: str = "f.xlsx") -> Result:
        file = self.folder / name
        file.write_bytes(content)
        return self.run("import", kind, str(file), "--org", str(self.org.id), *words)


def book(**sheets: Sequence[Sequence[Any]]) -> bytes:
    """A workbook of text and number cells as an operator's own."""
    buffer = io.BytesIO()
    made = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False})
    for name, rows in sheets.items():
        page = made.add_worksheet(name)
        for at, row in enumerate(rows):
            page.write_row(at, 0, [value if value is not None else "" for value in row])
    made.close()
    return buffer.getvalue()


def _vehicles(count: int) -> list[tuple[str, ...]]:
    return [
        (fleet_make.vin(), fleet_make.plate(), "青原 轻运 V42", "杭州", "在租")
        for _number in range(count)
    ]


def _company(vehicles: Sequence[tuple[str, ...]]) -> dict[str, list[tuple[Any, ...]]]:
    """Vehicles with a customer and a lease each, as three sheets."""
    start = add_months(local_day(timezone.now()), -3)
    paid = local_day(timezone.now()) - timedelta(days=1)
    customers = [
        ("企业", f"顺达 {vin[-6:]}", crm_make.credit_code(), crm_make.phone())
        for vin, *_rest in vehicles
    ]
    leases = [
        (f"HT-{vin[-6:]}", plate, customer[1], "月租", start.isoformat(), "12个月", "¥3,500",
         "7000", "7000", paid.strftime("%Y年%m月%d日"))
        for (vin, plate, *_rest), customer in zip(vehicles, customers, strict=True)
    ]  # fmt: skip
    return {
        "车辆": [VEHICLE_HEAD, *vehicles],
        "客户": [CUSTOMER_HEAD, *customers],
        "租约": [LEASE_HEAD, *leases],
    }


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    fleet_make.model()
    return Desk(org=org_make.operator(), folder=tmp_path)


def test_vehicles_come_in_once(desk: Desk) -> None:
    content = book(车辆=[VEHICLE_HEAD, *_vehicles(3)])

    first = desk.bring_in("vehicles", content)
    assert (first.exit_code, first.stdout) == (
        0, "vehicles: entered 3, 0 were there already\n",
    ), first.output  # fmt: skip
    assert desk.bring_in("vehicles", content).exit_code == 0
    assert Vehicle.objects.filter(org=desk.org).count() == 3


def test_a_dry_run_does_it_all_and_keeps_nothing(desk: Desk) -> None:
    result = desk.bring_in("vehicles", book(车辆=[VEHICLE_HEAD, *_vehicles(2)]), "--dry-run")

    assert (result.exit_code, result.stdout) == (
        0, "vehicles: would enter 2, 0 were there already\n",
    )  # fmt: skip
    assert not Vehicle.objects.filter(org=desk.org).exists()
    assert not ImportBatch.objects.filter(org=desk.org).exists()


def test_a_bad_row_is_named_and_nothing_comes_in(desk: Desk) -> None:
    rows = _vehicles(2)
    rows[1] = ("LPSEV4E1XRA00000I", *rows[1][1:])

    result = desk.bring_in("vehicles", book(车辆=[VEHICLE_HEAD, *rows]))
    assert result.exit_code == 1
    assert result.stderr.startswith("vehicles A3 车架号 “LPSEV4E1XRA00000I”: ")
    assert result.stdout == "vehicles: 2 rows read, nothing entered\n"
    assert not Vehicle.objects.filter(org=desk.org).exists()


def test_the_answer_is_one_json_document_when_asked(desk: Desk) -> None:
    customers = [CUSTOMER_HEAD, ("企业", "顺达", "不对", "13805710001")]
    result = desk.bring_in("customers", book(客户=customers), "--json")

    answer = json.loads(result.stdout)
    assert result.exit_code == 1
    assert answer["sheets"] == {"customers": {"rows": 1, "new": 0, "there": 0}}
    assert [(e["kind"], e["cell"]) for e in answer["errors"]] == [("customers", "C2")]


def test_a_workbook_comes_in_as_a_whole(desk: Desk) -> None:
    content = book(**_company(_vehicles(4)))

    rehearsed = desk.bring_in("workbook", content, "--dry-run")
    assert rehearsed.exit_code == 0, rehearsed.output
    assert not Customer.objects.filter(org=desk.org).exists()
    for _again in range(2):
        result = desk.bring_in("workbook", content)
        assert result.exit_code == 0, result.output
        counts = [
            noun._default_manager.filter(org=desk.org).count()
            for noun in (Vehicle, Customer, Lease)
        ]
        assert counts == [4, 4, 4]


def test_a_workbook_with_one_bad_lease_brings_nothing(desk: Desk) -> None:
    sheets = _company(_vehicles(2))
    lease = list(sheets["租约"][2])
    lease[2] = "没有这个人"
    sheets["租约"][2] = tuple(lease)

    result = desk.bring_in("workbook", book(**sheets))
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("leases C3 客户名称 “没有这个人”: ")
    for noun in (Vehicle, Customer, Lease):
        assert not noun._default_manager.filter(org=desk.org).exists()


@pytest.mark.parametrize("kind", ["vehicles", "customers", "leases"])
def test_what_is_exported_comes_back_to_no_change(desk: Desk, kind: str) -> None:
    assert desk.bring_in("workbook", book(**_company(_vehicles(3)))).exit_code == 0
    file = desk.folder / "out.xlsx"

    result = desk.run("export", kind, str(file), "--org", str(desk.org.id))
    assert (result.exit_code, result.stdout) == (0, f"{file}: 3 rows\n")
    if kind == "customers":
        return  # Their numbers are masked, so that sheet is for reading.
    again = desk.bring_in(kind, file.read_bytes(), "--json")
    assert json.loads(again.stdout)["sheets"] == {kind: {"rows": 3, "new": 0, "there": 3}}


def test_an_export_holds_the_operators_own_rows_and_no_formulas(desk: Desk) -> None:
    crm_make.customer()
    name = "=HYPERLINK(1)"
    crm_make.customer(org=desk.org, name=name, qualified=False)
    file = desk.folder / "out.xlsx"
    assert desk.run("export", "customers", str(file), "--org", str(desk.org.id)).exit_code == 0

    rows = CalamineWorkbook.from_path(str(file)).get_sheet_by_index(0).to_python()
    assert [row[1] for row in rows[1:]] == [name]


def test_the_ledger_is_written_as_text(desk: Desk) -> None:
    assert desk.bring_in("workbook", book(**_company(_vehicles(1)))).exit_code == 0
    file = desk.folder / "out.beancount"

    assert desk.run("export", "ledger", str(file), "--org", str(desk.org.id)).exit_code == 0
    text = file.read_text(encoding="utf-8")
    assert "Liabilities:A2241:A01  -7000.00 CNY" in text
    assert "Equity:A4103  7000.00 CNY" in text


@pytest.mark.parametrize(
    ("words", "exit_code", "says"),
    [
        (("import", "vehicles", "missing.xlsx", "--org", "1"), 2, "does not exist"),
        (("import", "boats", "x.xlsx", "--org", "1"), 2, "'boats' is not one of"),
        (("export", "boats", "x.xlsx", "--org", "1"), 2, "'boats' is not one of"),
        (("export", "vehicles", "x.xlsx"), 2, "Missing option '--org'"),
        (("export", "vehicles", "x.xlsx", "--org", "999999"), 2, "there is no node 999999"),
    ],
)
def test_what_is_asked_wrongly_is_said(
    desk: Desk, words: tuple[str, ...], exit_code: int, says: str
) -> None:
    result = desk.run(*words)
    assert (result.exit_code, says in result.stderr) == (exit_code, True), result.output


@pytest.mark.parametrize("content", [b"", b"not a workbook", b"PK\x03\x04broken"])
def test_a_file_that_is_no_workbook_is_refused_in_one_line(desk: Desk, content: bytes) -> None:
    for kind in ("vehicles", "customers", "leases", "workbook"):
        result = desk.bring_in(kind, content)
        assert result.exit_code == 1
        assert result.stderr.startswith("Error: ")
        assert result.stderr.count("\n") == 1


def test_a_folder_that_is_not_there_is_said(desk: Desk) -> None:
    file = desk.folder / "nowhere" / "out.xlsx"
    result = desk.run("export", "leases", str(file), "--org", str(desk.org.id))
    assert (result.exit_code, str(file) in result.stderr) == (1, True)


def test_a_file_written_by_the_templates_is_read(desk: Desk) -> None:
    sheet = moving._kinds()["vehicles"].importer.sheet
    row = {
        "vin": fleet_make.vin(),
        "plate": fleet_make.plate(),
        "model": "QY-V42",
        "city": "杭州",
        "state": "READY",
        "purchased_on": date(2026, 1, 5),
        "cost": Decimal(86_800),
    }
    assert desk.bring_in("vehicles", workbooks.write(sheet=sheet, rows=[row])).exit_code == 0
