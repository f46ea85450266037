"""The price book as the platform writes it and an operator reads it."""

from typing import Any

from django.urls import reverse

from panshi.billing.models import PriceBook
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.org.tests.window import window


def _platform() -> OrgNode:
    found = OrgNode.objects.filter(kind="PLATFORM").first()
    if found is None:
        org_make.operator()
        found = OrgNode.objects.get(kind="PLATFORM")
    return found


def _rows(*rows: dict[str, str], **head: str) -> dict[str, Any]:
    names = ("product_code", "model_code", "city", "region_id", "term_months", "volume_from",
             "season_from", "season_to", "price", "floor")  # fmt: skip
    table = {name: [row.get(name, "") for row in rows] for name in names}
    return {"version": "2030", "starts_on": "2030-01-01", "ends_on": "2031-01-01", **table, **head}


def test_one_writes_another_publishes_and_operators_read() -> None:
    platform = _platform()
    one, other = window(platform, "ADMINISTRATOR"), window(platform, "FINANCE")
    rent = {"product_code": "RENT_MONTHLY", "price": "3000", "floor": "2700"}
    draft = reverse("billing-price-draft")
    assert one.get(draft).status_code == 200
    tie = one.post(draft, _rows(rent, rent))
    assert tie.status_code == 422
    assert "nothing decides" in tie.content.decode()
    bad = one.post(draft, _rows({**rent, "price": "NaN"}))
    assert "does not read" in bad.content.decode()
    assert one.post(draft, _rows(rent, {**rent, "city": "深圳"})).status_code == 302
    book = PriceBook.objects.get()
    publish = reverse("billing-price-publish", args=[book.id])
    assert one.post(publish).status_code == 409
    assert other.post(publish).status_code == 302
    reader = window(org_make.operator(), "FINANCE")
    shown = reader.get(reverse("billing-price-book", args=[book.id])).content.decode()
    assert "3,000.00" in shown
    assert "深圳" in shown
    assert "2030" in reader.get(reverse("billing-prices")).content.decode()
    refused = reader.post(draft, _rows(rent, version="MINE", starts_on="2040-01-01", ends_on=""))
    assert refused.status_code in (403, 422)
