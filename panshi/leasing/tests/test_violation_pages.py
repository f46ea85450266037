"""Pages of violations … show the list with its sum and take every act."""

from datetime import timedelta
from decimal import Decimal

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from panshi.kit import workbooks
from panshi.kit.clock import SHANGHAI
from panshi.kit.sheets import as_rows
from panshi.leasing import services
from panshi.leasing.models import Segment, Violation
from panshi.leasing.tests import make
from panshi.leasing.tests.make import NOON
from panshi.leasing.tests.test_violations import customer, entered, plate_of
from panshi.leasing.violation_sheet import SHEET, ViolationSheetRow
from panshi.org.tests.window import page, window


def test_a_sheet_comes_in_through_the_pages_and_stands_in_the_list() -> None:
    lease = make.active()
    row = ViolationSheetRow(plate=plate_of(lease), occurred_at=NOON, number="N1", fine=Decimal(200))
    client = window(lease.org, "OPERATIONS")
    upload = SimpleUploadedFile(
        "违章.xlsx", workbooks.write(sheet=SHEET, rows=as_rows([row])), content_type="x/y"
    )
    staged = client.post(reverse("leasing-violation-import"), {"file": upload}, follow=True)
    batch = staged.redirect_chain[-1][0]
    assert client.post(batch + "commit/").status_code == 302
    shown = page(client.get(reverse("leasing-violations")))
    assert "200.00" in shown
    assert row.plate[2:] in shown
    found = Violation.objects.get()
    assert str(found.id) in page(client.get(reverse("leasing-violations"), {"state": "OPEN"}))
    assert str(found.id) not in page(client.get(reverse("leasing-violations"), {"state": "CLOSED"}))
    sheet = client.get(reverse("leasing-violation-sheet"))
    assert sheet.status_code == 200


def test_dealt_with_and_billed_by_two_presses() -> None:
    lease = make.active()
    row = entered(lease, NOON + timedelta(days=1))
    client = window(lease.org, "FINANCE")
    path = reverse("leasing-violation", args=[row.id])
    assert lease.number in page(client.get(path))
    wrong = client.post(path + "settle/", {"by": "", "agency_fee": "50"})
    assert wrong.status_code == 422
    assert client.post(path + "settle/", {"by": "AGENCY", "agency_fee": "60"}).status_code == 302
    assert client.post(path + "charge/").status_code == 302
    row.refresh_from_db()
    assert (row.state, row.agency_fee) == ("CHARGED", Decimal(60))
    assert str(row.bill_id) in page(client.get(path))
    assert client.post(path + "close/").status_code == 409


def test_a_dispute_is_answered_on_the_page() -> None:
    lease = make.active()
    row = entered(lease, NOON + timedelta(days=1))
    services.dispute_violation(
        violation_id=row.id,
        words="车在修理厂",
        evidence=[("a.jpg", b"\xff\xd8\xff photo")],
        actor=customer(lease),
        at=NOON + timedelta(days=4),
    )
    client = window(lease.org, "OPERATIONS", language="zh-hans")
    path = reverse("leasing-violation", args=[row.id])
    shown = page(client.get(path))
    assert "车在修理厂" in shown
    assert client.get(f"{path}evidence/{row.id}/").status_code == 404
    assert client.post(path + "decide/", {"act": "refuse", "answer": ""}).status_code == 422
    answered = {"act": "refuse", "answer": "维修单日期不符"}
    assert client.post(path + "decide/", answered).status_code == 302
    row.refresh_from_db()
    assert row.state == "NOTIFIED"


def test_one_that_nobody_held_is_looked_up_again() -> None:
    lease = make.active()
    row = entered(lease, NOON - timedelta(days=1))
    client = window(lease.org, "OPERATIONS")
    path = reverse("leasing-violation", args=[row.id])
    assert client.post(path + "look-again/").status_code == 302
    row.refresh_from_db()
    assert row.responsible == "OPERATOR"


def test_the_settlement_begins_with_the_open_violations() -> None:
    lease = make.active()
    entered(lease, NOON + timedelta(days=1), number="SET-1")
    make.back(lease, at=NOON + timedelta(days=20))
    client = window(lease.org, "OPERATIONS")
    path = reverse("leasing-settle", args=[lease.id])
    assert page(client.get(path)).count("SET-1") >= 2
    wrong = client.post(path, {"act": "quote", "kind": [], "retained": "-1"})
    assert wrong.status_code == 422
    assert client.post(path, {"act": "offer", "retained": "500"}).status_code == 302
    assert client.post(path, {"act": "settle", "retained": "500"}).status_code == 302
    shown = page(client.get(path))
    assert "Kept back until" in shown
    assert Violation.objects.get().in_settlement


def test_who_had_a_vehicle_is_told_by_its_plate_and_moment() -> None:
    lease = make.active()
    vehicle = Segment.objects.get(lease=lease).vehicle
    desk = window(lease.org, "OPERATIONS")
    assert "Look it up" in page(desk.get("/leasing/who-held/"))

    def asked(moment: str, plate: str = vehicle.plate) -> str:
        return page(desk.get("/leasing/who-held/", {"plate": plate, "moment": moment}))

    segment = Segment.objects.get(lease=lease)
    assert segment.held is not None
    begun = segment.held.lower.astimezone(SHANGHAI)
    assert lease.number in asked(f"{begun + timedelta(hours=1):%Y-%m-%dT%H:%M}")
    before = asked(f"{begun - timedelta(hours=1):%Y-%m-%dT%H:%M}")
    assert lease.number not in before
    assert "No vehicle here" in asked("2026-01-01T08:00", "浙AD00000")
    wrong = desk.get("/leasing/who-held/", {"plate": vehicle.plate, "moment": "yesterday"})
    assert wrong.status_code == 422
