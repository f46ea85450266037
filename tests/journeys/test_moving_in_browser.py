"""An operator moves in: one workbook with a fault, mended, entered, and taken out again."""

import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from django.utils import timezone
from playwright.sync_api import FilePayload, Page, expect

from panshi.crm.tests import make as crm
from panshi.fleet.tests import make as fleet
from panshi.kit.clock import add_months, local_day
from tests.journeys import moving_story
from tests.site import Opener, Site, running

pytestmark = [pytest.mark.browser, pytest.mark.needs_database]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture(scope="module")
def site(static_files: Path) -> Iterator[Site]:
    with running("movingin", static_files) as site:
        site.do(moving_story.found_operator)
        yield site


def workbook(count: int, *, amiss: bool = False) -> FilePayload:
    """Vehicles, customers and leases as an operator keeps them; `amiss` spoils one day."""
    today = local_day(timezone.now())
    sheets: dict[str, list[list[Any]]] = {
        "车辆": [["车架号", "车牌号", "车型", "城市", "状态"]],
        "客户": [["类型", "客户名称", "证件号码", "手机号"]],
        "租约": [
            ["合同号", "车牌号", "承租人", "起租日", "租期", "月租金", "押金", "已交押金", "已付至"]
        ],
    }
    for at in range(count):
        vin, plate, name = fleet.vin(9000 + at), fleet.plate(9000 + at), f"顺达城配 {at + 1} 号车队"
        sheets["车辆"].append([vin, plate, "QY-V42", "深圳", "在租"])
        sheets["客户"].append(["企业", name, crm.credit_code(9000 + at), crm.phone(9000 + at)])
        sheets["租约"].append([
            f"HT-2026-{at + 1:04d}", plate, name, add_months(today, -3).strftime("%Y/%m/%d"),
            "12个月", "¥3,500.00", 7000, 7000, (today - timedelta(days=1)).isoformat(),
        ])  # fmt: skip
    if amiss:
        sheets["租约"][2][8] = "2026-2-30"
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    for name, rows in sheets.items():
        page = book.add_worksheet(name)
        for at, row in enumerate(rows):
            page.write_row(at, 0, row)
    book.close()
    return {"name": "台账.xlsx", "mimeType": XLSX, "buffer": buffer.getvalue()}


def _choose(page: Page, file: FilePayload) -> None:
    page.set_input_files("input[type=file]", files=[file])
    page.locator("#content form button.btn-primary").click()


@pytest.mark.parametrize(("language", "width"), [("zh-hans", 1440), ("en", 390)])
def test_a_workbook_is_checked_entered_and_taken_out(
    opened: Opener, language: str, width: int
) -> None:
    page = opened("yunying", "/leasing/move-in/", language=language, width=width)
    _choose(page, workbook(8, amiss=True))
    expect(page.get_by_text("2026-2-30")).to_be_visible()
    expect(page.locator(".note-warn")).to_be_visible()
    expect(page.locator("#content .page-acts button, .page-head button")).to_have_count(0)

    page.goto("/leasing/move-in/")
    _choose(page, workbook(8))
    page.locator(".page-acts .btn-primary").click()
    expect(page.locator(".message-success")).to_contain_text("24")

    page.goto("/leasing/leases/")
    expect(page.locator("table.grid tbody tr")).to_have_count(8)
    page.go_back()
    page.locator(".page-acts .btn-danger").click()
    page.locator("#confirm [data-yes]").click()
    expect(page.locator(".message-success")).to_contain_text("24")
    page.goto("/leasing/leases/")
    expect(page.locator("table.grid tbody tr")).to_have_count(0)
