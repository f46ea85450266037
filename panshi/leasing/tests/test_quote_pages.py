"""Quotes as sales and its chief meet them: drafted, discounted, sent, accepted."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from panshi.crm.tests import make as crm
from panshi.fleet.tests import make as fleet
from panshi.kit.clock import local_day
from panshi.leasing.models import Quote
from panshi.leasing.tests import test_quotes as made
from panshi.org.tests import make as org_make
from panshi.org.tests.window import window


def _form(**more: str) -> dict[str, str]:
    return {
        "product_code": "RENT_MONTHLY", "starts_on": "2026-06-21", "months": "12", "volume": "1",
        "alignment": "CALENDAR", "monthly_rent": "", "deposit": "", **more,
    }  # fmt: skip


def test_a_quote_goes_from_its_draft_to_a_reserved_lease() -> None:
    made.book()
    org = org_make.operator()
    customer = crm.customer(org=org, qualified=True)
    vehicle = fleet.vehicle(org=org, state="READY")
    sales, boss = window(org, "SALES"), window(org, "DECISION_MAKER")
    wish = _form(customer_id=str(customer.id), vehicle_id=str(vehicle.id), monthly_rent="2600")
    answer = sales.post(reverse("leasing-quote-new"), wish)
    assert answer.status_code == 302, answer.content.decode()
    quote = Quote.objects.get()
    page = reverse("leasing-quote", args=[quote.id])

    shown = sales.get(page).content.decode()
    assert "below the floor" in shown
    assert str(quote.row_id) in shown
    ask = reverse("leasing-quote-discount", args=[quote.id])
    assert sales.post(ask, {}).status_code == 422
    assert sales.post(ask, {"reason": "十台长租"}).status_code == 302
    decide = reverse("leasing-quote-decide", args=[quote.id])
    assert sales.post(decide, {"note": "x", "act": "approve"}).status_code in (403, 409)
    assert "Decide on the discount" in boss.get(page).content.decode()
    assert boss.post(decide, {"note": "同意", "act": "approve"}).status_code == 302
    send = reverse("leasing-quote-send", args=[quote.id])
    today = local_day(timezone.now())
    over = {"valid_until": (today - timedelta(days=1)).isoformat(), "hold_hours": "24"}
    assert sales.post(send, over).status_code == 409
    assert sales.post(send, {**over, "valid_until": today.isoformat()}).status_code == 302
    accepted = sales.post(reverse("leasing-quote-accept", args=[quote.id]))
    assert "Vehicle reserved" in sales.get(accepted["Location"]).content.decode()
    assert quote.number in sales.get(reverse("leasing-quotes")).content.decode()


def test_a_neighbour_finds_no_quote() -> None:
    made.book()
    quote = made.drafted()
    stranger = window(org_make.operator(), "ADMINISTRATOR")
    assert stranger.get(reverse("leasing-quote", args=[quote.id])).status_code == 404
