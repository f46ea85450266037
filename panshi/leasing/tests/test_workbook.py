"""A workbook with vehicles, customers and leases moves in at once, or not at all."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import xlsxwriter
from django.db.models import Sum

from panshi.crm.models import Customer
from panshi.crm.tests import make as crm_make
from panshi.fleet.models import Vehicle
from panshi.fleet.tests import make as fleet_make
from panshi.kit import imports
from panshi.kit.imports import NotCommitted, RecordsInUse, RowsInvalid
from panshi.kit.models import ImportBatch
from panshi.kit.refusals import NotPermitted
from panshi.kit.sheets import CellError, SheetUnreadable
from panshi.kit.tenancy import Actor, acting
from panshi.leasing import services
from panshi.leasing.models import Lease
from panshi.ledger.models import Posting
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make

AT = datetime(2026, 6, 21, 4, 0, tzinfo=UTC)
NOUNS = (Vehicle, Customer, Lease)
Rows = list[list[Any]]
Company = dict[str, Rows]


def book(company: Company) -> bytes:
    """A workbook as an operator keeps it: a cover, a title above merged headers, its own words."""
    buffer = io.BytesIO()
    made = xlsxwriter.Workbook(buffer, {"in_memory": True})
    made.add_worksheet("封面").write_string(0, 0, "台账 2026")
    for name, (head, *rows) in company.items():
        page = made.add_worksheet(name)
        page.merge_range(0, 0, 0, len(head) - 1, f"{name}（2026年6月）")
        for place, words in enumerate(head):
            page.merge_range(1, place, 2, place, words)
        for at, row in enumerate(rows, start=3):
            for place, value in enumerate(row):
                if isinstance(value, str) and value.startswith("="):
                    page.write_formula(at, place, value, None, 3500)
                else:
                    page.write(at, place, value)
    made.close()
    return buffer.getvalue()


def company(count: int) -> Company:
    """Vehicles out on lease, a customer each, and the leases that join them."""
    vehicles: Rows = [["VIN", "车牌", "车型", "城市", "车辆状态"]]
    customers: Rows = [["类型", "姓名", "身份证号", "手机"]]
    leases: Rows = [
        ["合同号", "车牌", "承租人", "起租日", "租期", "月租", "押金", "已交押金", "已付至"]
    ]
    for at in range(count):
        vin, plate = fleet_make.vin(), fleet_make.plate()
        vehicles.append([vin, plate, "轻运 V42", "杭州", "出租中"])
        customers.append(["个人", f"陈国强{vin[-6:]}", crm_make.id_no(), crm_make.phone()])
        starts = ["2026/1/15", "2026年1月15日", "20260115", 46037][at % 4]
        rent = ["¥3,500.00", "３５００", "3500元", "=3000+500"][at % 4]
        leases.append([
            f"HT-{vin[-6:]}", plate, f"陈国强{vin[-6:]}", starts, "12个月", rent, 7000, "7,000",
            "2026.6.10",
        ])  # fmt: skip
    return {"车辆台账": vehicles, "客户信息": customers, "租约台账": leases}


@dataclass(frozen=True)
class Office:
    org: OrgNode
    by: Actor

    def stage(self, sheets: Company) -> dict[str, UUID]:
        return self.stage_content(book(sheets))

    def stage_content(self, content: bytes) -> dict[str, UUID]:
        return services.stage_workbook(
            org_id=self.org.id, file_name="台账.xlsx", content=content, actor=self.by, at=AT
        ).batches

    def commit(self, batches: dict[str, UUID]) -> tuple[dict[str, int], dict[str, int]]:
        fact = services.commit_workbook(batches=batches, actor=self.by, at=AT)
        return fact.created, fact.there_already

    def errors(self, batches: dict[str, UUID]) -> dict[str, list[CellError]]:
        with acting(self.by):
            cards = {
                kind: imports.card(kind, batch_id=batch_id, actor=self.by)
                for kind, batch_id in batches.items()
            }
        return {kind: list(card.errors) for kind, card in cards.items() if card.errors}

    def held(self) -> Decimal:
        """The deposits that the book of the operator says it holds."""
        postings = Posting.objects.filter(org=self.org, account="2241.01")
        return -Decimal(postings.aggregate(sum=Sum("amount"))["sum"] or 0)

    def counts(self) -> list[int]:
        return [noun._default_manager.filter(org=self.org).count() for noun in NOUNS]


@pytest.fixture
def office() -> Office:
    fleet_make.model()
    org = org_make.operator()
    return Office(org=org, by=org_make.actor(org, "leasing.*", "fleet.*", "crm.*"))


def _each(count: int) -> dict[str, int]:
    return dict.fromkeys(("VEHICLES", "CUSTOMERS", "LEASES"), count)


@pytest.mark.parametrize("count", [60, pytest.param(500, marks=pytest.mark.deep)])
def test_a_workbook_with_3_bad_cells_brings_nothing_then_comes_once(
    office: Office, count: int
) -> None:
    good = company(count)
    bad = {name: [list(row) for row in rows] for name, rows in good.items()}
    bad["车辆台账"][10][0] = "LPSEV4E1XRA00000I"
    bad["客户信息"][20][3] = "12345"
    bad["租约台账"][30][8] = "2026-6-31"
    # The leases of the bad vehicle and customer name what is not there either; leave them out.
    bad["租约台账"] = [row for at, row in enumerate(bad["租约台账"]) if at not in (10, 20)]

    batches = office.stage(bad)
    assert {
        kind: [(error.column, error.row, error.value) for error in errors]
        for kind, errors in office.errors(batches).items()
    } == {
        "VEHICLES": [("A", 13, "LPSEV4E1XRA00000I")],
        "CUSTOMERS": [("D", 23, "12345")],
        "LEASES": [("I", 31, "2026-6-31")],
    }
    with pytest.raises(RowsInvalid):
        office.commit(batches)
    assert office.counts() == [0, 0, 0]

    content = book(good)
    mended = office.stage_content(content)
    assert office.errors(mended) == {}
    assert office.counts() == [0, 0, 0]
    assert office.commit(mended) == (_each(count), _each(0))
    assert office.stage_content(content) == mended
    assert office.commit(mended) == (_each(count), _each(0))
    shuffled = {name: [rows[0], *rows[:0:-1]] for name, rows in good.items()}
    assert office.commit(office.stage(shuffled)) == (_each(0), _each(count))
    assert office.counts() == [count, count, count]
    assert office.held() == count * 7000
    assert set(Lease.objects.filter(org=office.org).values_list("monthly_rent", flat=True)) == {
        3500
    }

    undone = services.undo_workbook(batches=mended, actor=office.by, at=AT)
    assert undone.removed == _each(count)
    assert office.counts() == [0, 0, 0]
    assert office.held() == 0


def test_a_lease_of_a_bad_vehicle_is_named_too(office: Office) -> None:
    sheets = company(2)
    sheets["车辆台账"][1][2] = "无此车型"
    errors = office.errors(office.stage(sheets))
    assert [error.header for error in errors["VEHICLES"]] == ["品牌型号"]
    assert [(error.row, error.header) for error in errors["LEASES"]] == [(4, "车牌号")]


def test_leases_may_name_what_is_in_the_register_already(office: Office) -> None:
    sheets = company(3)
    leases = {"租约台账": sheets.pop("租约台账")}
    assert office.commit(office.stage(sheets))[0] == {"VEHICLES": 3, "CUSTOMERS": 3}
    assert office.commit(office.stage(leases))[0] == {"LEASES": 3}


def test_a_workbook_without_any_of_the_sheets_is_refused(office: Office) -> None:
    with pytest.raises(SheetUnreadable):
        office.stage({"配件": [["名称"], ["轮胎"]]})


def test_undo_is_refused_whole_when_one_lease_has_a_history(office: Office) -> None:
    batches = office.stage(company(2))
    with pytest.raises(NotCommitted):
        services.undo_workbook(batches=batches, actor=office.by, at=AT)
    office.commit(batches)
    lease = Lease.objects.filter(org=office.org).first()
    assert lease is not None
    services.request_return(lease_id=lease.id, on=AT.date(), actor=office.by, at=AT)
    with pytest.raises(RecordsInUse):
        services.undo_workbook(batches=batches, actor=office.by, at=AT)
    assert office.counts() == [2, 2, 2]


def test_who_may_not_import_vehicles_does_not_by_a_workbook(office: Office) -> None:
    sheets = company(1)
    seller = org_make.actor(office.org, "leasing.*", "crm.*")
    with pytest.raises(NotPermitted):
        services.stage_workbook(
            org_id=office.org.id, file_name="x.xlsx", content=book(sheets), actor=seller, at=AT
        )
    batches = office.stage(sheets)
    with pytest.raises(NotPermitted):
        services.commit_workbook(batches=batches, actor=seller, at=AT)
    office.commit(batches)
    with pytest.raises(NotPermitted):
        services.undo_workbook(batches=batches, actor=seller, at=AT)


def test_a_stranger_sees_no_batch(office: Office) -> None:
    batches = office.stage(company(1))
    stranger = org_make.actor(org_make.operator(), "leasing.*", "fleet.*", "crm.*")
    with pytest.raises(ImportBatch.DoesNotExist):
        services.commit_workbook(batches=batches, actor=stranger, at=AT)


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7", b"PK\x03\x04half"])
def test_a_broken_file_is_refused(office: Office, content: bytes) -> None:
    for stage in (services.stage_workbook, services.stage_lease_import):
        with pytest.raises(SheetUnreadable):
            stage(org_id=office.org.id, file_name="x", content=content, actor=office.by, at=AT)


def test_an_empty_sheet_is_refused(office: Office) -> None:
    head: Sequence[Any] = company(0)["租约台账"][0]
    with pytest.raises(SheetUnreadable):
        office.stage({"租约台账": [list(head)]})
