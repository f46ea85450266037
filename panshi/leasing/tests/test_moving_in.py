"""An operator's running leases move in from a spreadsheet: all or nothing, once, and out again."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import connection

from panshi.billing import queries as billing_queries
from panshi.billing import services as billing
from panshi.billing.models import Bill, ChargePlan, Deposit
from panshi.billing.tests import make as billing_make
from panshi.fleet import services as fleet
from panshi.fleet.models import DocumentKind, Vehicle
from panshi.kit import relay, workbooks
from panshi.kit.imports import NotCommitted, RecordsInUse, RowsInvalid, RowsSinceChanged
from panshi.kit.models import ImportBatch, ImportRow
from panshi.kit.refusals import NotPermitted
from panshi.kit.sheets import as_rows
from panshi.kit.tenancy import acting, hq_actor
from panshi.leasing import queries, services
from panshi.leasing.models import Lease, Segment
from panshi.leasing.sheet import SHEET
from panshi.leasing.tests import make, moving
from panshi.leasing.tests.moving import AT, START, Office, Row
from panshi.org.tests import make as org_make


@pytest.fixture
def office() -> Office:
    return moving.office()


def test_a_lease_moves_in_as_it_runs(office: Office) -> None:
    lease = office.move_in(arrears="¥1,200.50", arrears_due_on="2026/5/31", note="老客户")
    vehicle = Vehicle.objects.get(id=Segment.objects.get(lease=lease).vehicle_id)

    assert (lease.state, lease.starts_on, lease.ends_on) == ("ACTIVE", START, date(2027, 1, 15))
    assert (lease.monthly_rent, lease.deposit) == (Decimal(3000), Decimal(6000))
    assert lease.note == "老客户"
    assert (vehicle.state, vehicle.customer_id, vehicle.awaits_lease) == (
        "LEASED", office.customer.id, False,
    )  # fmt: skip
    held = queries.lease_holding(vehicle_id=vehicle.id, moment=AT, actor=office.by)
    assert held is not None
    assert held.lease_id == lease.id
    assert office.balances() == {
        "1122": Decimal("1200.50"),
        "2241.01": Decimal(-6000),
        "4103": Decimal("4799.50"),
    }
    deposit = Deposit.objects.get(source_id=lease.id)
    assert (deposit.state, deposit.held) == ("HELD", Decimal(6000))
    assert deposit.bill_id is None
    (arrears,) = billing_queries.bills_of_source(
        source_kind=services.SOURCE, source_id=lease.id, actor=hq_actor(office.org.id)
    )
    assert (arrears.open_amount, arrears.due_on) == (Decimal("1200.50"), date(2026, 5, 31))


@pytest.mark.parametrize(
    ("paid_until", "alignment", "bills"),
    [
        # 20 of June's 30 days, at 3,000 a month.
        (date(2026, 6, 10), "", [(date(2026, 6, 11), date(2026, 7, 1), Decimal("2000.00"))]),
        # 4 of the 31 days from 15 May to 14 June, then the month that begins on 15 June.
        (
            date(2026, 6, 10),
            "ANCHOR",
            [
                (date(2026, 6, 11), date(2026, 6, 15), Decimal("387.10")),
                (date(2026, 6, 15), date(2026, 7, 15), Decimal("3000.00")),
            ],
        ),
        (date(2026, 6, 14), "ANCHOR", [(date(2026, 6, 15), date(2026, 7, 15), Decimal(3000))]),
        (date(2026, 6, 30), "", []),
        (date(2027, 1, 14), "", []),
    ],
)
def test_rent_is_billed_from_the_first_unpaid_day(
    office: Office,
    paid_until: date,
    alignment: str,
    bills: list[tuple[date, date, Decimal]],
) -> None:
    lease = office.move_in(paid_until=paid_until, alignment=alignment)
    relay.drain()
    assert not Bill.objects.filter(plan_id=lease.plan_id).exists()

    for _again in range(2):
        billing.run_bills(cut_off=date(2026, 6, 21), actor=hq_actor(office.org.id), at=AT)
    drawn = Bill.objects.filter(plan_id=lease.plan_id).order_by("period_from")
    assert [(bill.period_from, bill.period_to, bill.total) for bill in drawn] == bills


def test_a_lease_paid_to_its_end_that_runs_over_is_billed_for_what_runs_over(
    office: Office,
) -> None:
    lease = office.move_in(paid_until=date(2027, 1, 14), alignment="ANCHOR")
    by, late = hq_actor(office.org.id), datetime(2027, 1, 25, 4, tzinfo=UTC)
    assert lease.plan_id is not None
    billing.end_plan(plan_id=lease.plan_id, ends_on=date(2027, 1, 25), actor=by, at=late)
    billing.run_bills(cut_off=date(2027, 1, 25), actor=by, at=late)
    (bill,) = Bill.objects.filter(plan_id=lease.plan_id)
    assert (bill.period_from, bill.period_to) == (date(2027, 1, 15), date(2027, 1, 25))


def test_a_lease_returned_before_its_first_unpaid_day_is_charged_nothing_more(
    office: Office,
) -> None:
    lease = office.move_in(paid_until=date(2026, 6, 30))
    by = make.clerk(office.org)
    services.request_return(lease_id=lease.id, on=date(2026, 6, 21), actor=by, at=AT)
    services.accept_return(
        lease_id=lease.id,
        odometer_km=Decimal(9000),
        soc_pct=Decimal(50),
        signed_by="王芳",
        actor=by,
        at=AT,
    )
    settled = services.settle_lease(lease_id=lease.id, charges=(), actor=by, at=AT)
    billing.run_bills(cut_off=date(2026, 8, 1), actor=hq_actor(office.org.id), at=AT)
    assert not Bill.objects.filter(plan_id=lease.plan_id).exists()
    assert settled.refund == 6000
    billing_make.give_back(office.org, lease.id, at=AT)
    assert office.balances() == {"1002": Decimal(-6000), "4103": Decimal(6000)}


def test_arrears_are_paid_like_any_bill(office: Office) -> None:
    lease = office.move_in(arrears=Decimal(800))
    by = hq_actor(office.org.id)
    (owed,) = billing_queries.bills_of_source(
        source_kind=services.SOURCE, source_id=lease.id, actor=by
    )
    billing.record_payment(bill_ids=[owed.id], amount=owed.total, actor=by, at=AT)
    assert office.balances() == {
        "1002": Decimal(800),
        "2241.01": Decimal(-6000),
        "4103": Decimal(5200),
    }


def test_lapsed_papers_do_not_hinder_but_are_told(office: Office) -> None:
    vehicle = office.vehicle(state="READY", papers=False)
    batch_id = office.stage(office.row(vehicle))
    (row,) = ImportRow.objects.filter(batch_id=batch_id)
    assert str(DocumentKind.COMPULSORY_INSURANCE.label) in row.note
    assert office.commit(batch_id) == (1, 0)
    vehicle.refresh_from_db()
    assert vehicle.state == "LEASED"


def test_a_deposit_held_in_part_is_taken_as_it_is_held(office: Office) -> None:
    lease = office.move_in(deposit_held=Decimal(2500))
    assert lease.deposit == 2500
    assert "6,000.00" in lease.note
    assert "2,500.00" in lease.note
    assert office.balances()["2241.01"] == -2500


def test_without_a_deposit_nothing_is_posted(office: Office) -> None:
    lease = office.move_in(deposit=None, deposit_held=None)
    assert lease.deposit == 0
    assert lease.deposit_held_at is None
    assert office.balances() == {}


def test_a_lease_without_a_number_gets_one_and_comes_once(office: Office) -> None:
    row = office.row(number="")
    assert office.commit(office.stage(row)) == (1, 0)
    assert Lease.objects.get(org=office.org).number == "L-2026-000001"
    assert office.commit(office.stage({**row, "note": "again"})) == (0, 1)
    assert Lease.objects.filter(org=office.org).count() == 1


@pytest.mark.parametrize(
    ("given", "ends_on", "months"),
    [
        ({"months": 12, "ends_on": None}, date(2027, 1, 15), 12),
        ({"months": None, "ends_on": date(2027, 1, 14)}, date(2027, 1, 15), 12),
        ({"months": None, "ends_on": date(2027, 1, 15)}, date(2027, 1, 15), 12),
        ({"months": "12个月", "ends_on": date(2027, 1, 14)}, date(2027, 1, 15), 12),
        ({"months": "1年", "ends_on": None}, date(2027, 1, 15), 12),
        ({"months": None, "ends_on": date(2026, 6, 30)}, date(2026, 7, 1), 6),
    ],
)
def test_the_term_is_read_however_it_is_written(
    office: Office, given: Row, ends_on: date, months: int
) -> None:
    lease = office.move_in(**given)
    assert (lease.ends_on, lease.months) == (ends_on, months)


def test_undo_restores_everything(office: Office) -> None:
    awaiting, ready = office.vehicle(state="LEASED"), office.vehicle(state="READY")
    stood = ("id", "state", "customer_id", "awaits_lease", "needs_check")
    before = list(Vehicle.objects.filter(org=office.org).order_by("id").values(*stood))
    batch_id = office.stage(office.row(awaiting, arrears=Decimal(100)), office.row(ready))
    with pytest.raises(NotCommitted):
        office.undo(batch_id)
    assert office.commit(batch_id) == (2, 0)
    relay.drain()

    assert office.undo(batch_id) == 2
    assert office.balances() == {}
    assert list(Vehicle.objects.filter(org=office.org).order_by("id").values(*stood)) == before
    for nouns in (Lease, Segment, ChargePlan, Deposit):
        assert not nouns._default_manager.filter(org=office.org).exists()
    owed = billing_queries.open_bills(actor=hq_actor(office.org.id))
    assert [bill for bill in owed if bill.customer_id == office.customer.id] == []
    relay.drain()

    again = office.stage(office.row(awaiting), office.row(ready))
    assert office.commit(again) == (2, 0)
    assert office.balances() == {"2241.01": Decimal(-12000), "4103": Decimal(12000)}


def test_undo_is_refused_once_rent_was_billed(office: Office) -> None:
    row = office.row()
    batch_id = office.stage(row)
    office.commit(batch_id)
    billing.run_bills(cut_off=date(2026, 6, 21), actor=hq_actor(office.org.id), at=AT)
    with pytest.raises(RecordsInUse, match=row["number"]):
        office.undo(batch_id)
    assert Lease.objects.filter(org=office.org).count() == 1


def test_undo_is_refused_once_arrears_were_paid(office: Office) -> None:
    batch_id = office.stage(office.row(arrears=Decimal(100)))
    office.commit(batch_id)
    by = hq_actor(office.org.id)
    (owed,) = [b for b in billing_queries.open_bills(actor=by) if b.total == 100]
    billing.record_payment(bill_ids=[owed.id], amount=Decimal(40), actor=by, at=AT)
    with pytest.raises(RecordsInUse):
        office.undo(batch_id)
    assert office.balances()["2241.01"] == -6000


def test_undo_is_refused_once_the_vehicle_moved(office: Office) -> None:
    vehicle = office.vehicle(state="LEASED")
    batch_id = office.stage(office.row(vehicle))
    office.commit(batch_id)
    later = datetime(2026, 6, 22, 4, tzinfo=UTC)
    fleet.send_to_service(vehicle_id=vehicle.id, actor=hq_actor(office.org.id), at=later)
    with pytest.raises(RecordsInUse, match=vehicle.plate):
        office.undo(batch_id)


def test_undo_is_refused_once_a_return_was_asked_for(office: Office) -> None:
    row = office.row()
    batch_id = office.stage(row)
    office.commit(batch_id)
    lease = Lease.objects.get(number=row["number"])
    services.request_return(lease_id=lease.id, on=date(2026, 6, 30), actor=office.by, at=AT)
    with pytest.raises(RecordsInUse, match=row["number"]):
        office.undo(batch_id)


def test_only_what_moved_in_can_be_deleted(office: Office) -> None:
    lease, moved_in = make.drafted(org=office.org), office.move_in()
    for noun, column in (("leasing_segment", "lease_id"), ("leasing_lease", "id")):
        with acting(office.by), connection.cursor() as cursor:
            cursor.execute(
                f"DELETE FROM {noun} WHERE {column} = ANY(%s)", [[lease.id, moved_in.id]]
            )
            assert cursor.rowcount == 1
    assert list(Lease.objects.filter(org=office.org)) == [lease]


def test_a_preview_that_no_longer_fits_is_refused(office: Office) -> None:
    vehicle = office.vehicle(state="READY")
    batch_id = office.stage(office.row(vehicle), office.row())
    fleet.set_idle(vehicle_id=vehicle.id, reason="待检", actor=hq_actor(office.org.id), at=AT)
    with pytest.raises(RowsSinceChanged):
        office.commit(batch_id)
    assert not Lease.objects.filter(org=office.org).exists()
    assert office.balances() == {}


def test_nothing_moves_in_with_one_bad_row(office: Office) -> None:
    batch_id = office.stage(office.row(), office.row(customer="不认识的人"))
    with pytest.raises(RowsInvalid):
        office.commit(batch_id)
    assert not Lease.objects.filter(org=office.org).exists()


def test_the_export_imports_back_to_no_change(office: Office) -> None:
    office.commit(office.stage(*(office.row() for _number in range(5))))
    rows = queries.lease_sheet_rows(actor=office.by)
    assert [row.paid_until for row in rows] == [date(2026, 6, 10)] * 5
    batch_id = office.stage_content(workbooks.write(sheet=SHEET, rows=as_rows(rows)))
    card = queries.lease_import(batch_id=batch_id, actor=office.by)
    assert (card.rows, card.new, card.there, card.wrong) == (5, 0, 5, 0)
    assert set(ImportRow.objects.filter(batch_id=batch_id).values_list("note", flat=True)) == {""}


def test_what_differs_from_the_register_is_told_and_left(office: Office) -> None:
    row = office.row()
    office.commit(office.stage(row))
    batch_id = office.stage({**row, "monthly_rent": Decimal(9999)})
    assert "月租金" in ImportRow.objects.get(batch_id=batch_id).note
    assert office.commit(batch_id) == (0, 1)
    assert Lease.objects.get(org=office.org).monthly_rent == 3000


def test_strangers_and_clerks_do_not_import(office: Office) -> None:
    batch_id = office.stage(office.row())
    stranger = org_make.actor(org_make.operator(), "leasing.*")
    with pytest.raises(ImportBatch.DoesNotExist):
        services.commit_lease_import(batch_id=batch_id, actor=stranger, at=AT)
    clerk = org_make.actor(office.org, "leasing.view")
    with pytest.raises(NotPermitted):
        services.commit_lease_import(batch_id=batch_id, actor=clerk, at=AT)


def test_personal_numbers_are_masked_in_the_preview(office: Office) -> None:
    batch_id = office.stage(office.row(phone=office.customer.phone))
    preview = queries.lease_import_preview(batch_id=batch_id, actor=office.by)
    shown = [cell for row in preview.rows for cell in row.shown]
    assert office.customer.phone not in shown
