"""The pages of leasing: a quote before a promise, a handover with proofs, a plan of charges."""

import base64
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from panshi.crm.tests import make as crm
from panshi.fleet import services as fleet_services
from panshi.fleet.tests import make as fleet
from panshi.leasing import queries
from panshi.leasing.models import Handover, Lease, Segment
from panshi.leasing.tests import make
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.org.tests.window import Window, page, window

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture
def org() -> OrgNode:
    return org_make.operator()


def _window(org: OrgNode) -> Window:
    return window(org, "OPERATIONS")


def _terms(org: OrgNode, **changed: str) -> dict[str, str]:
    return {
        "customer_id": str(crm.customer(org=org, qualified=True).id),
        "vehicle_id": str(fleet.vehicle(org=org, state="READY").id),
        "product_code": "RENT_MONTHLY",
        "monthly_rent": "2,860.00",
        "deposit": "5720",
        "starts_on": "2027-03-18",
        "months": "12",
        "alignment": "CALENDAR",
        **changed,
    }


def test_terms_are_quoted_before_a_vehicle_is_promised(org: OrgNode) -> None:
    desk, terms = _window(org), _terms(org)

    page = desk.post("/leasing/leases/new/", terms | {"act": "quote"})

    text = page.content.decode()
    # 2,860.00 ÷ 31 × 14 = 1,291.6129; 34,320.00 is twelve times the rent.
    for amount in ("1,291.61", "5,720.00", "7,011.61", "34,320.00"):
        assert amount in text
    assert "¥2,860.00 a month ÷ 31 days × 14 days" in text
    assert not Lease.objects.filter(org=org).exists()

    reserved = desk.post(
        "/leasing/leases/new/", terms | {"act": "reserve", "quoted": page.context["quoted"]}
    )
    assert reserved.status_code == 302
    assert Lease.objects.get(org=org).monthly_rent == Decimal("2860.00")


def test_other_terms_than_the_quoted_are_quoted_anew(org: OrgNode) -> None:
    desk, terms = _window(org), _terms(org)
    quoted = desk.post("/leasing/leases/new/", terms | {"act": "quote"}).context["quoted"]

    page = desk.post(
        "/leasing/leases/new/",
        terms | {"act": "reserve", "quoted": quoted, "monthly_rent": "2600"},
    )

    assert "1,174.19" in page.content.decode()
    assert not Lease.objects.filter(org=org).exists()


@pytest.mark.parametrize("months", ["0", "121"])
def test_a_term_that_cannot_be_is_told_at_its_field(org: OrgNode, months: str) -> None:
    page = _window(org).post("/leasing/leases/new/", _terms(org, months=months) | {"act": "quote"})
    assert page.status_code == 422
    assert "From 1 to 120 months." in page.content.decode()


def test_a_promised_vehicle_is_not_offered_again() -> None:
    lease = make.drafted()
    free = fleet.vehicle(org=lease.org, state="READY")
    offered = queries.free_vehicles(actor=make.clerk(lease.org))
    assert [vehicle.id for vehicle in offered] == [free.id]


def _sheet(**changed: Any) -> dict[str, Any]:
    return {
        "odometer_km": "2000",
        "soc_pct": "87",
        "checks": ["KEYS", "CABLE"],
        "signed_by": "刘海燕",
        "photos": [SimpleUploadedFile("odometer.png", PIXEL, "image/png")],
        "signature": "data:image/png;base64," + base64.b64encode(PIXEL).decode(),
        **changed,
    }


def test_a_handover_keeps_what_both_sides_saw() -> None:
    lease = make.secured()
    desk = _window(lease.org)

    answer = desk.post(f"/leasing/leases/{lease.id}/handover/", _sheet())

    assert answer.status_code == 302
    (seen,) = queries.lease_card(lease_id=lease.id, actor=make.clerk(lease.org)).handovers
    assert seen.odometer_km == Decimal(2000)
    assert (seen.checklist["KEYS"], seen.checklist["BODY"]) == ("YES", "NO")
    assert seen.signature_id is not None
    for file_id in (UUID(seen.photo_ids[0]), seen.signature_id):
        picture = desk.get(f"/leasing/leases/{lease.id}/pictures/{file_id}/")
        assert (picture.content, picture["Content-Type"]) == (PIXEL, "image/png")
    assert "刘海燕" in desk.get(f"/leasing/leases/{lease.id}/").content.decode()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"photos": []}, "At least one picture is needed"),
        ({"odometer_km": "-1"}, "At least 0."),
        ({"soc_pct": "101"}, "At most 100 %."),
        ({"signed_by": ""}, "This is needed."),
    ],
)
def test_a_handover_without_its_proofs_is_not_kept(wrong: dict[str, Any], words: str) -> None:
    lease = make.secured()
    answer = _window(lease.org).post(f"/leasing/leases/{lease.id}/handover/", _sheet(**wrong))
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Handover.objects.filter(segment__lease=lease).exists()


def test_a_picture_of_another_operator_is_not_found() -> None:
    lease = make.secured()
    _window(lease.org).post(f"/leasing/leases/{lease.id}/handover/", _sheet())
    (seen,) = queries.lease_card(lease_id=lease.id, actor=make.clerk(lease.org)).handovers
    stranger = _window(org_make.operator())
    address = f"/leasing/leases/{lease.id}/pictures/{seen.photo_ids[0]}/"
    assert stranger.get(address).status_code == 404


def test_the_page_shows_the_plan_of_charges_with_its_bill() -> None:
    lease = make.active()
    text = _window(lease.org).get(f"/leasing/leases/{lease.id}/").content.decode()
    assert "¥3,000.00 a month ÷ 30 days × 10 days" in text
    assert "1,000.00" in text
    assert "more periods" in text


def test_a_lease_is_red_while_a_paper_of_its_vehicle_is_lapsed() -> None:
    lease = make.active()
    vehicle_id = Segment.objects.get(lease=lease).vehicle_id
    client = window(lease.org, "OPERATIONS")
    at = reverse("leasing-lease", args=[lease.id])
    listed = reverse("leasing-leases")
    paper = "Compulsory insurance"
    for path in (at, listed):
        assert paper not in page(client.get(path))
    fleet_services.file_documents(
        documents=[
            fleet_services.NewDocument(
                vehicle_id=vehicle_id, kind="COMPULSORY_INSURANCE", expires_on=date(2026, 1, 1)
            )
        ],
        actor=make.clerk(lease.org),
        at=make.NOON,
    )
    red = page(client.get(at))
    assert "Lapsed or missing" in red
    assert paper in red
    assert reverse("leasing-change", args=[lease.id, "swap"]) in red
    assert f'state-bad">{paper}' in page(client.get(listed))
