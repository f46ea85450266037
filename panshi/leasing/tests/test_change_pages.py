"""The pages that change and settle a lease: what they show is what is then done."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from panshi.fleet.tests import make as fleet
from panshi.kit.clock import local_day
from panshi.leasing.models import Amendment, Lease, SettlementSheet
from panshi.leasing.tests import make
from panshi.org.tests import make as org_make
from panshi.org.tests.window import Window, window


@pytest.fixture
def lease() -> Lease:
    """On the road for forty days, its rents billed and paid."""
    now = timezone.now()
    lease = make.active(at=now - timedelta(days=40), rent=Decimal(3100), alignment="ANCHOR")
    make.billed(lease, local_day(now))
    return lease


def desk(lease: Lease) -> Window:
    return window(lease.org, "OPERATIONS")


def address(lease: Lease, kind: str) -> str:
    return f"/leasing/leases/{lease.id}/change/{kind}/"


def test_the_record_offers_the_changes_of_its_state(lease: Lease) -> None:
    text = desk(lease).get(f"/leasing/leases/{lease.id}/").content.decode()
    for kind in ("extend", "swap", "pause", "price", "end"):
        assert address(lease, kind) in text
    assert address(lease, "resume") not in text


@pytest.mark.parametrize("kind", ["extend", "swap", "pause", "resume", "price", "end"])
def test_each_change_has_its_page(lease: Lease, kind: str) -> None:
    assert desk(lease).get(address(lease, kind)).status_code == 200
    stranger = window(org_make.operator(), "OPERATIONS")
    assert stranger.get(address(lease, kind)).status_code == 404


def test_a_pause_is_shown_as_days_before_it_is_made(lease: Lease) -> None:
    page, today = desk(lease), local_day(timezone.now())
    terms = {
        "cause": "OPERATOR_FAULT",
        "starts_on": str(today - timedelta(days=3)),
        "ends_on": str(today),
        "reason": "换电池",
    }
    answer = page.post(address(lease, "pause"), terms | {"act": "quote"})
    text = answer.content.decode()
    assert "days-paused" in text
    assert "300.00" in text or "310.00" in text  # Three days of thirty or thirty-one.
    assert not Amendment.objects.filter(lease=lease).exists()

    done = page.post(
        address(lease, "pause"),
        terms | {"act": "confirm", "agreed": answer.context["digest"]},
    )
    assert done.status_code == 302
    assert Amendment.objects.get(lease=lease).credited == answer.context["quote"].credit
    record = page.get(f"/leasing/leases/{lease.id}/").content.decode()
    assert "given back" in record
    assert "换电池" in record


def test_other_terms_than_the_quoted_are_not_made(lease: Lease) -> None:
    page = desk(lease)
    today = str(local_day(timezone.now()))
    quoted = page.post(
        address(lease, "price"), {"monthly_rent": "3000", "effective_on": today, "act": "quote"}
    ).context["digest"]
    answer = page.post(
        address(lease, "price"),
        {"monthly_rent": "2000", "effective_on": today, "act": "confirm", "agreed": quoted},
    )
    assert answer.status_code == 422
    assert "Look at the new quote" in answer.content.decode()
    assert not Amendment.objects.filter(lease=lease).exists()


def test_a_change_that_cannot_be_is_told_on_the_page(lease: Lease) -> None:
    today = local_day(timezone.now())
    answer = desk(lease).post(
        address(lease, "pause"),
        {"cause": "AGREED", "starts_on": str(today), "act": "quote"},
    )
    assert answer.status_code == 422
    assert "the relief where it is agreed" in answer.content.decode()


def test_a_swap_is_signed_for_on_its_page(lease: Lease) -> None:
    spare = fleet.vehicle(org=lease.org, state="READY")
    terms = {
        "vehicle_id": str(spare.id),
        "odometer_km": "5000",
        "soc_pct": "40",
        "new_odometer_km": "2000",
        "new_soc_pct": "95",
        "signed_by": "刘海燕",
    }
    page = desk(lease)
    digest = page.post(address(lease, "swap"), terms | {"act": "quote"}).context["digest"]
    done = page.post(address(lease, "swap"), terms | {"act": "confirm", "agreed": digest})
    assert done.status_code == 302
    assert spare.plate in page.get(f"/leasing/leases/{lease.id}/").content.decode()


ROWS = {
    "kind": ["DAMAGE", "KM_OVERAGE"],
    "words": ["右后门划痕", "超里程"],
    "quantity": ["", "620"],
    "unit_price": ["180", "0.35"],
    "clause": ["车损 2", ""],
}


def test_a_settlement_is_reckoned_offered_and_carried_out(lease: Lease) -> None:
    make.back(lease, at=timezone.now())
    page, at = desk(lease), f"/leasing/leases/{lease.id}/settle/"
    text = page.post(at, ROWS | {"act": "quote"}).content.decode()
    for words in ("180.00", "217.00", "车损 2", "Fee for the early end"):
        assert words in text
    assert not SettlementSheet.objects.filter(lease=lease).exists()

    assert page.post(at, ROWS | {"act": "offer"}).status_code == 302
    sheet = SettlementSheet.objects.get(lease=lease)
    done = page.post(at, ROWS | {"act": "settle", "agreed": sheet.digest})

    assert done.status_code == 302
    lease.refresh_from_db()
    assert lease.state == "ENDED"
    assert "Back from the deposit" in page.get(at).content.decode()


def test_other_charges_than_the_offered_are_asked_again(lease: Lease) -> None:
    make.back(lease, at=timezone.now())
    page, at = desk(lease), f"/leasing/leases/{lease.id}/settle/"
    page.post(at, ROWS | {"act": "offer"})
    sheet = SettlementSheet.objects.get(lease=lease)
    dearer = ROWS | {"unit_price": ["380", "0.35"]}
    answer = page.post(at, dearer | {"act": "settle", "agreed": sheet.digest})
    assert answer.status_code == 422
    assert "DAMAGE 180.00" in answer.content.decode()
    lease.refresh_from_db()
    assert lease.state == "SETTLING"


def test_the_desk_decides_a_dispute(lease: Lease) -> None:
    make.back(lease, at=timezone.now())
    page, at = desk(lease), f"/leasing/leases/{lease.id}/settle/"
    disputed = ROWS | {"disputed": ["0"]}
    digest = page.post(at, disputed | {"act": "quote"}).context["digest"]
    page.post(at, disputed | {"act": "settle", "agreed": digest})
    assert "Its amount stays reserved" in page.get(at).content.decode()
    page.post(f"/leasing/leases/{lease.id}/disputes/0/", {"upheld": "80", "words": "照片比对"})
    assert "80.00" in page.get(at).content.decode()


def test_a_charge_that_does_not_read_is_told_in_its_row(lease: Lease) -> None:
    make.back(lease, at=timezone.now())
    wrong = ROWS | {"unit_price": ["180 元", "0.35"]}
    answer = desk(lease).post(f"/leasing/leases/{lease.id}/settle/", wrong | {"act": "offer"})
    assert answer.status_code == 422
    assert "Write a number." in answer.content.decode()


def test_the_arrival_is_noted_on_the_record(lease: Lease) -> None:
    page = desk(lease)
    page.post(f"/leasing/leases/{lease.id}/return/")
    page.post(f"/leasing/leases/{lease.id}/arrive/")
    lease.refresh_from_db()
    assert lease.arrived_at is not None
    assert "Vehicle in the yard" in page.get(f"/leasing/leases/{lease.id}/").content.decode()
