"""An operator's rent ledger moves in: nothing is counted twice, and it goes out again."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.urls import reverse
from django.utils import translation

from panshi.billing import queries as billing_queries
from panshi.billing import services as billing
from panshi.fleet.tests import make as fleet_make
from panshi.kit import workbooks
from panshi.kit.imports import NotCommitted, RecordsInUse, RowsInvalid
from panshi.kit.sheets import as_rows
from panshi.kit.tenancy import hq_actor
from panshi.leasing import queries, services
from panshi.leasing.models import Lease, RentRecord
from panshi.leasing.rent_sheet import SHEET
from panshi.leasing.tests import moving
from panshi.leasing.tests.moving import AT, Office, Row
from panshi.leasing.tests.test_workbook import book, company
from panshi.ledger.models import Entry
from panshi.org.tests import make as org_make
from panshi.org.tests.window import page, window


@pytest.fixture
def office() -> Office:
    return moving.office()


def rent(lease: Lease, month: int, **given: Any) -> Row:
    """A whole month of 2026, due and paid, unless told otherwise."""
    last = {2: 28, 4: 30, 6: 30}.get(month, 31)
    return {
        "number": lease.number,
        "since": date(2026, month, 1),
        "until": date(2026, month, last),
        "due": Decimal(3000),
        "received": Decimal(3000),
        **given,
    }


def stage(office: Office, *rows: Row) -> UUID:
    return services.stage_rent_import(
        org_id=office.org.id,
        file_name="租金台账.xlsx",
        content=workbooks.write(sheet=SHEET, rows=rows),
        actor=office.by,
        at=AT,
    ).batch_id


def commit(office: Office, batch_id: UUID) -> tuple[int, int]:
    fact = services.commit_rent_import(batch_id=batch_id, actor=office.by, at=AT)
    return fact.created, fact.there_already


def undo(office: Office, batch_id: UUID) -> int:
    return services.undo_rent_import(batch_id=batch_id, actor=office.by, at=AT).removed


def errors(office: Office, *rows: Row) -> list[tuple[str, str]]:
    with translation.override("en"):
        card = queries.rent_import(batch_id=stage(office, *rows), actor=office.by)
    return [(error.header, error.reason) for error in card.errors]


def owed(office: Office, lease: Lease) -> list[billing_queries.OwedRow]:
    return billing_queries.bills_of_source(
        source_kind=services.SOURCE, source_id=lease.id, actor=hq_actor(office.org.id)
    )


def test_what_is_open_becomes_one_bill_and_one_entry_a_lease(office: Office) -> None:
    lease = office.move_in(deposit=None, deposit_held=None, paid_until=date(2026, 5, 31))
    paid = office.move_in(deposit=None, deposit_held=None, paid_until=date(2026, 5, 31))
    rows = [
        rent(lease, 3),
        rent(lease, 4, received=Decimal(1000), due_on=date(2026, 4, 5)),
        rent(lease, 5, received=None, due_on=date(2026, 5, 5)),
        rent(paid, 5),
    ]
    assert commit(office, stage(office, *rows)) == (4, 0)

    assert office.balances() == {"1122": Decimal(5000), "4103": Decimal(-5000)}
    (entry,) = Entry.objects.filter(org=office.org)
    (bill,) = owed(office, lease)
    assert (entry.source_id, bill.total, bill.due_on) == (
        bill.id,
        Decimal(5000),
        date(2026, 4, 5),
    )
    assert owed(office, paid) == []
    seen = queries.rents_before(lease_id=lease.id, actor=office.by)
    assert [(row.since.month, row.open, row.bill_id) for row in seen] == [
        (5, Decimal(3000), bill.id), (4, Decimal(2000), bill.id), (3, Decimal(0), None),
    ]  # fmt: skip


def test_the_same_ledger_again_adds_nothing_and_its_export_neither(office: Office) -> None:
    lease = office.move_in(paid_until=date(2026, 5, 31))
    commit(office, stage(office, rent(lease, 5, received=Decimal(0), note="欠一个月")))
    exported = as_rows(queries.rent_sheet_rows(actor=office.by))
    assert commit(office, stage(office, *exported, rent(lease, 4))) == (1, 1)
    assert RentRecord.objects.filter(lease=lease).count() == 2


def test_days_that_are_billed_here_are_never_taken_over(office: Office) -> None:
    lease = office.move_in(paid_until=date(2026, 5, 31))
    june = rent(lease, 6, received=None)
    assert commit(office, stage(office, rent(lease, 5), june)) == (1, 1)
    ((header, _words),) = errors(office, {**june, "since": date(2026, 5, 20)})
    assert header == "账期结束"


def test_what_was_paid_ahead_waits_on_account_for_the_bills_to_come(office: Office) -> None:
    lease = office.move_in(paid_until=date(2026, 5, 31))
    before = office.balances()
    ahead = [rent(lease, 6), rent(lease, 7, received=Decimal(1000))]
    batch_id = stage(office, rent(lease, 5), *ahead)
    assert commit(office, batch_id) == (3, 0)
    assert office.balances() != before
    assert commit(office, stage(office, *ahead, rent(lease, 5))) == (0, 3)

    by = hq_actor(office.org.id)
    undo(office, batch_id)
    assert office.balances() == before
    statement = billing_queries.statement(customer_id=lease.customer_id, month=AT.date(), actor=by)
    assert not statement.lines
    assert statement.closing == 0
    again = stage(office, rent(lease, 5), *ahead)
    assert commit(office, again) == (3, 0)

    billing.run_bills(cut_off=date(2026, 7, 1), actor=by, at=AT)
    billing.issue_bills(draft_hours=0, actor=by, at=AT)
    used = billing.use_opening_receipts(actor=by, at=AT)
    assert used.amount == Decimal(4000)
    assert billing.use_opening_receipts(actor=by, at=AT).bills == 0
    assert sum(row.open_amount for row in owed(office, lease)) == Decimal(2000)
    with pytest.raises(RecordsInUse):
        undo(office, again)


def test_arrears_of_the_lease_sheet_are_explained_and_not_doubled(office: Office) -> None:
    lease = office.move_in(arrears=Decimal(1200), paid_until=date(2026, 5, 31))
    before = office.balances()
    ((_header, words),) = errors(office, rent(lease, 5, received=Decimal(2000)))
    assert "1,200.00" in words
    assert "1,000.00" in words

    assert commit(office, stage(office, rent(lease, 5, received=Decimal(1800)))) == (1, 0)
    assert office.balances() == before
    assert len(owed(office, lease)) == 1


@pytest.mark.parametrize(
    ("given", "header"),
    [
        ({"number": "HT-0"}, "合同编号"),
        ({"until": date(2026, 4, 1)}, "账期结束"),
        ({"since": date(2025, 12, 1)}, "账期开始"),
        ({"received": Decimal("3000.01")}, "已收金额(元)"),
        ({"received_on": date(2027, 1, 1)}, "收款日期"),
        ({"due": "三千"}, "应收金额(元)"),
        ({"since": "2026-2-30"}, "账期开始"),
    ],
)
def test_a_wrong_cell_is_named(office: Office, given: Row, header: str) -> None:
    lease = office.move_in(paid_until=date(2026, 5, 31))
    row = rent(lease, 5) | given
    assert [found for found, _words in errors(office, row)] == [header]
    with pytest.raises(RowsInvalid):
        commit(office, stage(office, rent(lease, 4), row))
    assert not RentRecord.objects.filter(lease=lease).exists()


def test_a_period_that_touches_another_is_refused(office: Office) -> None:
    lease = office.move_in(paid_until=date(2026, 5, 31))
    other = {**rent(lease, 5), "since": date(2026, 4, 30)}
    assert len(errors(office, rent(lease, 5), other)) == 1
    commit(office, stage(office, rent(lease, 5)))
    ((_header, words),) = errors(office, other)
    assert "2026-05-01" in words


def test_undo_gives_the_bills_back_and_lets_the_leases_go_too(office: Office) -> None:
    row = office.row(paid_until=date(2026, 5, 31))
    leases = office.stage(row)
    office.commit(leases)
    lease = Lease.objects.get(number=row["number"])
    batch_id = stage(office, rent(lease, 4), rent(lease, 5, received=Decimal(100)))
    with pytest.raises(NotCommitted):
        undo(office, batch_id)
    commit(office, batch_id)
    with pytest.raises(RecordsInUse):
        office.undo(leases)

    assert undo(office, batch_id) == 2
    assert [bill.open_amount for bill in owed(office, lease)] == [0]
    assert set(office.balances()) == {"2241.01", "4103"}
    # The same ledger may come again, as a new bill.
    assert commit(office, stage(office, rent(lease, 4), rent(lease, 5, received=None))) == (2, 0)
    assert office.balances()["1122"] == 3000


def test_undoing_ledger_and_leases_leaves_no_balance(office: Office) -> None:
    row = office.row(paid_until=date(2026, 5, 31))
    leases = office.stage(row)
    office.commit(leases)
    lease = Lease.objects.get(number=row["number"])
    batch_id = stage(office, rent(lease, 5, received=None))
    commit(office, batch_id)
    undo(office, batch_id)
    assert office.undo(leases) == 1
    assert office.balances() == {}


def test_undo_is_refused_once_something_was_paid(office: Office) -> None:
    lease = office.move_in(paid_until=date(2026, 5, 31))
    batch_id = stage(office, rent(lease, 5, received=None))
    commit(office, batch_id)
    (bill,) = owed(office, lease)
    billing.record_payment(
        bill_ids=[bill.id], amount=Decimal(1), actor=hq_actor(office.org.id), at=AT
    )
    with pytest.raises(RecordsInUse):
        undo(office, batch_id)
    assert RentRecord.objects.filter(lease=lease).count() == 1


def test_a_workbook_brings_leases_and_their_rents_at_once() -> None:
    fleet_make.model()
    node = moving.office()
    sheets = company(2)
    _head, *leases = sheets["租约台账"]
    sheets["租金台账"] = [
        ["合同号", "账期起", "账期止", "应收", "实收"],
        *([lease[0], "2026-5-1", "2026-5-31", 3500, 3000] for lease in leases),
    ]
    by = org_make.actor(node.org, "leasing.*", "fleet.*", "crm.*")
    staged = services.stage_workbook(
        org_id=node.org.id, file_name="台账.xlsx", content=book(sheets), actor=by, at=AT
    )
    assert (staged.rows, staged.errors) == (8, 0)
    services.commit_workbook(batches=staged.batches, actor=by, at=AT)
    assert node.balances()["1122"] == 1000
    services.undo_workbook(batches=staged.batches, actor=by, at=AT)
    assert node.balances() == {}
    assert not Lease.objects.filter(org=node.org).exists()


def test_the_lease_shows_the_rents_from_before(office: Office) -> None:
    lease = office.move_in(paid_until=date(2026, 5, 31))
    commit(office, stage(office, rent(lease, 5, received=Decimal(2500))))
    shown = page(window(office.org, "FINANCE").get(reverse("leasing-lease", args=[lease.id])))
    assert "2026-05-01 – 2026-05-31" in shown
    assert "2,500.00" in shown
