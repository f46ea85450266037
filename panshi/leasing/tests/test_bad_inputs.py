"""What people and programs send by mistake or malice is refused in words, by page and by API."""

import base64
import io
import json
import zipfile
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader
from python_calamine import load_workbook

from panshi.billing.models import Bill, BillLine, Refund
from panshi.billing.tests import make as billing_make
from panshi.billing.tests.test_refund_payment import overpaid
from panshi.crm.models import Customer
from panshi.field.tests.test_acts import send
from panshi.fleet import services as fleet_services
from panshi.fleet.models import InspectionPhoto, Vehicle
from panshi.fleet.tests import make as fleet
from panshi.kit.models import ImportBatch
from panshi.kit.tenancy import hq_actor
from panshi.leasing.models import Lease, Segment
from panshi.leasing.tests import make
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.org.tests.window import Window, page, window

EXIF_1970 = (
    b"\xff\xd8\xff\xe1\x00\x3cExif\x00\x00MM\x00*\x00\x00\x00\x08" + b"1970:01:01 00:00:12\x00"
)
JPEG = b"\xff\xd8\xff\xe0 a picture \xff\xd9"
PHOTOS = {
    "nothing": b"",
    "HEIC": b"\x00\x00\x00\x18ftypheic rest",
    "1970": EXIF_1970,
    "22 MB": bytes(22 * 1024 * 1024),
    "80 MB": bytes(80 * 1024 * 1024),
}
# A mark that turns the direction of reading, a letter of four bytes, and what a page would run.
NAME = "<script>\u202e𬭎田#$*"


@pytest.fixture
def node() -> OrgNode:
    return org_make.operator()


def call(desk: Window, name: str, **given: Any) -> Any:
    body = json.dumps(given, default=str)
    return desk.post(f"/api/v1/{name}", body, content_type="application/json")


def refused(answer: Any) -> str:
    """The words of a refusal, which its reader understands."""
    assert answer.status_code in (409, 413, 422), (answer.status_code, answer.content[:300])
    words = str(answer.json()["words"])
    assert any("\u4e00" <= sign <= "\u9fff" for sign in words), words
    return words


@pytest.mark.parametrize(
    "photo", [*list(PHOTOS)[:-1], pytest.param("80 MB", marks=pytest.mark.deep)]
)
def test_a_photo_is_refused_alone_and_the_checklist_goes_on(node: OrgNode, photo: str) -> None:
    desk = window(node, "YARD", language="zh-hans")
    inspection_id = uuid4()
    fleet_services.start_inspection(
        vehicle_id=fleet.vehicle(org=node, state="READY").id, kind="OUT",
        inspection_id=inspection_id, actor=hq_actor(node.id), at=timezone.now(),
    )  # fmt: skip
    given = {"inspection_id": inspection_id, "view": "FRONT", "photo_name": "p.jpg"}
    encoded = base64.b64encode(PHOTOS[photo]).decode()
    refused(call(desk, "fleet/keep_inspection_photo", **given, photo=encoded))
    act = {"content": SimpleUploadedFile("p.jpg", PHOTOS[photo])}
    refused(send(desk, "fleet.keep_inspection_photo", given, **act))
    assert not InspectionPhoto.objects.exists()
    good = base64.b64encode(JPEG).decode()
    assert call(desk, "fleet/keep_inspection_photo", **given, photo=good).status_code == 201
    assert InspectionPhoto.objects.filter(inspection_id=inspection_id).count() == 1


def _rows(count: int) -> bytes:
    """An xlsx of so many empty rows, written by hand."""
    kinds = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    rels = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    rows = "".join(f'<row r="{n}"/>' for n in range(1, count + 1))
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kinds}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kinds}.worksheet+xml"/>'
        "</Types>",
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{rels}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{rels}"><sheets>'
        '<sheet name="车辆" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{rels}/worksheet" Target="worksheets/sheet1.xml"/>'
        "</Relationships>",
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{rows}</sheetData>'
        "</worksheet>",
    }
    return _packed({name: text.encode() for name, text in parts.items()})


def _packed(parts: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["bomb", "xls", "empty rows"])
def test_a_workbook_that_is_none_is_refused_once(node: OrgNode, kind: str) -> None:
    desk = window(node, "OPERATIONS", language="zh-hans")
    content = {
        "bomb": lambda: _packed({"xl/worksheets/sheet1.xml": bytes(257 * 1024 * 1024)}),
        "xls": lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4096),
        "empty rows": lambda: _rows(200_000),
    }[kind]()
    answer = desk.post(
        reverse("leasing-move-in"), {"file": SimpleUploadedFile("台账.xlsx", content)}
    )
    assert answer.status_code == 422
    assert "alert" in answer.content.decode() or "error" in answer.content.decode()
    encoded = base64.b64encode(content).decode()
    refused(
        call(desk, "leasing/stage_workbook", org_id=node.id, file_name="台账.xlsx", content=encoded)
    )
    assert not ImportBatch.objects.exists()


def test_odd_letters_are_kept_as_text_by_page_workbook_and_paper(node: OrgNode) -> None:
    lease = make.drafted(org=node)
    Customer.objects.filter(id=lease.customer_id).update(name=NAME)
    desk = window(node, "OPERATIONS", "FINANCE", language="zh-hans")
    shown = page(desk.get(reverse("crm-customer", args=[lease.customer_id])))
    assert "&lt;script&gt;\u202e𬭎田#$*" in shown
    assert NAME not in shown
    sheet = desk.get(reverse("crm-customers"), {"export": "xlsx"})
    cells = load_workbook(io.BytesIO(b"".join(sheet))).get_sheet_by_index(0).to_python()
    assert NAME in [cell for row in cells for cell in row]
    paper = desk.get(reverse("leasing-contract", args=[lease.id]))
    text = "".join(p.extract_text() for p in PdfReader(io.BytesIO(paper.content)).pages)
    assert "<script>𬭎田#$*" in "".join(text.split())


def test_a_return_needs_a_handover_and_an_odometer_that_goes_on(node: OrgNode) -> None:
    desk = window(node, "OPERATIONS", "YARD", language="zh-hans")
    before = make.secured(org=node)
    refused(call(desk, "leasing/request_return", lease_id=before.id, on="2026-06-22"))
    back = {"odometer_km": "9000", "soc_pct": "40", "signed_by": "王芳"}
    refused(call(desk, "leasing/accept_return", lease_id=before.id, **back))
    assert desk.post(
        reverse("leasing-return", args=[before.id]), {"on": "2026-06-22"}
    ).status_code in (409, 422)
    lease = make.active(org=node)
    assert (
        call(desk, "leasing/request_return", lease_id=lease.id, on="2026-06-22").status_code == 201
    )
    refused(
        call(desk, "leasing/accept_return", lease_id=lease.id, **back | {"odometer_km": "1999"})
    )
    assert Segment.objects.get(lease=lease).state == "OUT"
    assert Vehicle.objects.get(id=Segment.objects.get(lease=lease).vehicle_id).state == "LEASED"
    assert Lease.objects.get(id=before.id).state == "SIGNED"


def test_more_than_was_billed_or_another_channel_is_no_way_back(node: OrgNode) -> None:
    desk = window(node, "FINANCE", language="zh-hans")
    bill = billing_make.bill(node, 300)
    line = BillLine.objects.get(bill_id=bill.bill_id)
    for gross in ("300.01", "-1", "0"):
        refused(
            call(
                desk, "billing/credit_bill", bill_id=bill.bill_id, reason="更正",
                lines=[{"line_id": line.id, "gross": gross}],
            )
        )  # fmt: skip
    credit = reverse("billing-credit", args=[bill.bill_id])
    more = {"how": "AMOUNT", "amount": "300.01", "reason": "更正"}
    assert desk.post(credit, more).status_code in (409, 422)
    payment = overpaid(node)
    asked = {"payment_id": payment.id, "amount": "50", "reason": "多付"}
    refused(call(desk, "billing/refund_payment", **asked, channel="ALIPAY"))
    refused(call(desk, "billing/refund_payment", **asked, channel="BANK"))
    refused(call(desk, "billing/refund_payment", **asked | {"amount": "50.01"}))
    form = {"amount": "50", "reason": "多付", "channel": "ALIPAY"}
    assert desk.post(reverse("billing-refund-ask", args=[payment.id]), form).status_code == 422
    assert not Refund.objects.filter(org=node).exists()
    assert Bill.objects.filter(org=node, kind="CREDIT").count() == 0
    assert payment.amount == Decimal(350)
