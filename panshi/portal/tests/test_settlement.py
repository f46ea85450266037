"""A settlement on its customer's phone: read, confirmed, contested; a stranger finds nothing."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from panshi.kit.clock import local_day
from panshi.leasing import queries as leasing_queries
from panshi.leasing import services as leasing
from panshi.leasing.models import Lease, LeaseRequest, SettlementSheet
from panshi.leasing.tests import make
from panshi.portal.tests.phones import phone_of

CHARGES = (
    leasing.ReturnCharge(
        product_code="DAMAGE", words="右后门划痕", unit_price=Decimal(180), clause="车损 2"
    ),
)


@pytest.fixture
def lease() -> Lease:
    """Given back on its first day, and a settlement offered."""
    lease = make.active()
    make.billed(lease, local_day(make.NOON))
    make.back(lease, at=make.NOON)
    leasing.start_settlement(
        lease_id=lease.id, charges=CHARGES, actor=make.clerk(lease.org), at=make.NOON
    )
    return lease


def test_it_is_read_and_confirmed(lease: Lease) -> None:
    phone = phone_of(lease, lease.customer_id)
    at = f"/portal/leases/{lease.id}/settlement/"
    assert at in phone.get(f"/portal/leases/{lease.id}/").content.decode()
    page = phone.get(at)
    for words in ("右后门划痕", "车损 2", "180.00", "Fee for the early end", "I agree"):
        assert words in page.content.decode()

    phone.post(f"{at}confirm/", {"digest": page.context["sheet"].digest})

    assert SettlementSheet.objects.get(lease=lease).confirmed_at is not None
    assert "I agree" not in phone.get(at).content.decode()


def test_what_was_offered_anew_is_not_confirmed_unseen(lease: Lease) -> None:
    phone = phone_of(lease, lease.customer_id)
    at = f"/portal/leases/{lease.id}/settlement/"
    seen = phone.get(at).context["sheet"].digest
    leasing.start_settlement(
        lease_id=lease.id, charges=(), actor=make.clerk(lease.org), at=make.NOON
    )
    phone.post(f"{at}confirm/", {"digest": seen})
    assert not SettlementSheet.objects.filter(lease=lease, confirmed_at__isnull=False).exists()
    assert "changed since it was shown" in phone.get(at).content.decode()


def test_a_charge_is_contested_with_a_reason(lease: Lease) -> None:
    phone = phone_of(lease, lease.customer_id)
    at = f"/portal/leases/{lease.id}/settlement/"
    phone.post(f"{at}0/dispute/", {"words": ""})
    assert SettlementSheet.objects.filter(lease=lease).count() == 1
    phone.post(f"{at}0/dispute/", {"words": "交车时就有"})
    assert SettlementSheet.objects.get(lease=lease, version=2).disputed == Decimal(180)
    assert "only this amount is kept back" in phone.get(at).content.decode()


def test_another_customers_settlement_is_not_found(lease: Lease) -> None:
    other = make.drafted(org=lease.org)
    stranger = phone_of(lease, other.customer_id)
    at = f"/portal/leases/{lease.id}/settlement/"
    assert stranger.get(at).status_code == 404
    assert stranger.post(f"{at}confirm/", {"digest": "x"}).status_code == 404
    assert stranger.post(f"{at}0/dispute/", {"words": "x"}).status_code == 404


def test_another_vehicle_is_asked_for_with_a_reason() -> None:
    lease = make.active()
    phone = phone_of(lease, lease.customer_id)
    phone.post(f"/portal/leases/{lease.id}/swap/", {"reason": ""})
    assert not LeaseRequest.objects.filter(lease=lease).exists()
    phone.post(f"/portal/leases/{lease.id}/swap/", {"reason": "冷机不制冷"})
    assert "冷机不制冷" in phone.get(f"/portal/leases/{lease.id}/").content.decode()


def test_an_early_end_is_asked_for_once_its_cost_was_seen() -> None:
    today = local_day(timezone.now())
    start = datetime.combine(today - timedelta(days=40), time(4), UTC)
    lease = make.active(at=start)
    make.billed(lease, today)
    phone = phone_of(lease, lease.customer_id)
    at = f"/portal/leases/{lease.id}/end/"
    assert at in phone.get(f"/portal/leases/{lease.id}/").content.decode()
    assert "before the agreed end" in phone.get(f"{at}?on={lease.ends_on}").content.decode()
    on = today + timedelta(days=10)
    shown = phone.get(f"{at}?on={on}")
    quote = leasing_queries.quote_return(lease_id=lease.id, on=on, actor=make.clerk(lease.org))
    assert "Fee for the early end" in shown.content.decode()
    assert shown.context["quote"].digest == quote.digest
    sent = {"on": f"{on}", "agreed": quote.digest, "reason": ""}
    assert phone.post(at, sent).status_code == 422
    assert phone.post(at, {**sent, "agreed": "0" * 64, "reason": "搬厂"}).status_code == 409
    assert not LeaseRequest.objects.filter(lease=lease).exists()
    assert phone.post(at, {**sent, "reason": "搬厂"}).status_code == 302
    asked = LeaseRequest.objects.get(lease=lease)
    assert (asked.kind, asked.wished_on, asked.reason) == ("TERMINATION", on, "搬厂")
    assert "搬厂" in phone.get(f"/portal/leases/{lease.id}/").content.decode()
    stranger = phone_of(lease, make.drafted(org=lease.org).customer_id)
    assert stranger.get(at).status_code == 404
