"""The pages by which an operator moves in, as a browser asks them."""

import io
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from python_calamine import CalamineWorkbook, load_workbook

from panshi.crm.models import Customer
from panshi.crm.tests import make as crm_make
from panshi.fleet.models import Vehicle
from panshi.fleet.tests import make as fleet_make
from panshi.kit import workbooks
from panshi.kit.clock import add_months, local_day
from panshi.leasing.models import Lease
from panshi.leasing.sheet import SHEET
from panshi.leasing.tests.test_workbook import Company, book, company
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.org.tests.window import Window, page, window


@pytest.fixture
def node() -> OrgNode:
    fleet_make.model()
    return org_make.operator()


@pytest.fixture
def client(node: OrgNode) -> Window:
    return window(node, "OPERATIONS")


def _current(count: int) -> Company:
    """A company whose leases run today, for pages read the clock themselves."""
    sheets, today = company(count), local_day(timezone.now())
    for row in sheets["租约台账"][1:]:
        row[3] = add_months(today, -2).strftime("%Y/%m/%d")
        row[8] = (today - timedelta(days=1)).isoformat()
    return sheets


def _choose(client: Window, url: str, content: bytes) -> Any:
    return client.post(url, {"file": SimpleUploadedFile("台账.xlsx", content)})


def test_leases_come_in_by_their_page(client: Window, node: OrgNode) -> None:
    customer = crm_make.customer(org=node, qualified=False)
    vehicle = fleet_make.vehicle(org=node, state="LEASED")
    today = local_day(timezone.now())
    row = {
        "number": "HT-1",
        "plate": vehicle.plate,
        "customer": customer.name,
        "starts_on": add_months(today, -2),
        "months": 12,
        "monthly_rent": 3500,
        "paid_until": today,
    }
    url = reverse("leasing-import")
    assert "Import leases" in page(client.get(url))
    template = client.get(reverse("leasing-import-template"))
    assert template.content.startswith(b"PK")

    bad = _choose(client, url, workbooks.write(sheet=SHEET, rows=[{**row, "plate": "浙A00000"}]))
    shown = page(client.get(bad.headers["Location"]))
    assert "浙A00000" in shown
    assert "no such vehicle" in shown
    assert client.post(bad.headers["Location"] + "commit/").status_code == 409

    good = _choose(client, url, workbooks.write(sheet=SHEET, rows=[row]))
    assert "Enter 1 row" in page(client.get(good.headers["Location"]))
    assert client.post(good.headers["Location"] + "commit/").status_code == 302
    lease = Lease.objects.get(org=node)
    assert "HT-1" in page(client.get(reverse("leasing-lease", args=[lease.id])))
    assert "Undo this import" in page(client.get(good.headers["Location"]))
    assert client.post(good.headers["Location"] + "undo/").status_code == 302
    assert not Lease.objects.filter(org=node).exists()


def test_a_workbook_comes_in_by_one_upload(client: Window, node: OrgNode) -> None:
    url = reverse("leasing-move-in")
    assert "租约" in page(client.get(url))
    refused = _choose(client, url, b"not a workbook")
    assert refused.status_code == 422
    assert "not an xlsx file" in refused.content.decode()

    sheets = _current(3)
    wrong = {name: [list(row) for row in rows] for name, rows in sheets.items()}
    wrong["客户信息"][2][3] = "12345"
    bad = _choose(client, url, book(wrong)).headers["Location"]
    shown = page(client.get(bad))
    assert "Nothing was changed" in shown
    assert "手机号" in shown
    assert client.post(bad + "enter/").status_code == 409

    good = _choose(client, url, book(sheets)).headers["Location"]
    assert "Enter 9 rows" in page(client.get(good))
    assert client.post(good + "enter/").status_code == 302
    counts = [noun._default_manager.filter(org=node).count() for noun in (Vehicle, Customer, Lease)]
    assert counts == [3, 3, 3]
    assert "Undo this import" in page(client.get(good))

    stranger = window(org_make.operator(), "OPERATIONS")
    assert stranger.get(good).status_code == 404
    assert stranger.post(good + "undo/").status_code == 404
    assert client.post(good + "undo/").status_code == 302
    assert not Vehicle.objects.filter(org=node).exists()


def test_every_kind_of_sheet_is_offered_with_its_template(client: Window) -> None:
    shown = page(client.get(reverse("leasing-move-in")))
    for name in ("fleet", "crm", "leasing", "leasing-rent", "leasing-violation", "supply"):
        assert reverse(f"{name}-import") in shown
        assert client.get(reverse(f"{name}-import-template")).status_code == 200
    assert reverse("billing-cost-import") not in shown  # Not for this role.


def test_the_template_has_all_sheets_and_explains_them(client: Window) -> None:
    content = client.get(reverse("leasing-move-in-template")).content
    made = load_workbook(io.BytesIO(content))
    assert made.sheet_names[:4] == ["车辆", "客户", "租约", "租金台账"]
    headers = made.get_sheet_by_name("租约").to_python()[0]
    assert headers[:2] == ["合同编号", "车牌号"]
    notes = made.get_sheet_by_index(4).to_python()
    assert ["租约", "租金已付至"] in [row[:2] for row in notes]


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_the_list_is_exported_without_formulas(client: Window, node: OrgNode, kind: str) -> None:
    sheets = _current(1)
    sheets["客户信息"][1][1] = sheets["租约台账"][1][2] = "+86 车队"
    moved = _choose(client, reverse("leasing-move-in"), book(sheets)).headers["Location"]
    assert client.post(moved + "enter/").status_code == 302

    answer = client.get(reverse("leasing-leases"), {"export": kind})
    if kind == "csv":
        assert "'+86 车队" in answer.content.decode("utf-8-sig")
    else:
        (_head, row) = (
            CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
            .get_sheet_by_index(0)
            .to_python()
        )
        assert "+86 车队" in row
    register = client.get(reverse("leasing-sheet"))
    rows = CalamineWorkbook.from_filelike(io.BytesIO(register.content)).get_sheet_by_index(0)
    assert rows.to_python()[1][0] == sheets["租约台账"][1][0]


def test_the_pages_ask_for_their_permission(node: OrgNode) -> None:
    auditor = window(node, "AUDITOR")
    for name in ("leasing-import", "leasing-move-in", "leasing-move-in-template"):
        assert auditor.get(reverse(name)).status_code == 409
    assert auditor.get(reverse("leasing-sheet")).status_code == 200
