"""Pages of shares, invoices and financing, as a browser asks them."""

from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse

from panshi.billing import services
from panshi.billing.models import EInvoice, Financing, ShareScheme
from panshi.billing.rules.shares import PLATFORM, Step
from panshi.billing.tests import make
from panshi.crm.tests import make as crm_make
from panshi.kit.tenancy import hq_actor
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.org.tests.window import Window, page, window


@pytest.fixture
def node() -> OrgNode:
    return org_make.operator()


@pytest.fixture
def client(node: OrgNode) -> Window:
    return window(node, "FINANCE")


def test_a_scheme_is_published_and_shares_what_comes_in(client: Window, node: OrgNode) -> None:
    platform = org_make.platform()
    hq = window(platform, "ADMINISTRATOR")
    url = reverse("billing-share-scheme-new")
    given = {
        "name": "标准分成", "starts_on": "2026-01-01", "channel": "0.6", "owner": "0",
        "partner": "0", "platform": "20", "region": "15",
    }  # fmt: skip
    assert hq.post(url, {**given, "platform": "90"}).status_code == 422
    assert hq.post(url, given).status_code == 302
    assert ShareScheme.objects.get().steps.count() == 3
    make.pay(node, make.bill(node, 1130).bill_id)
    services.accrue_shares(actor=hq_actor(platform.id), at=make.NOON)
    shown = page(client.get(reverse("billing-shares"), {"month": "2027-06"}))
    assert "1,000.00" in shown
    text = client.get(reverse("billing-share-lines"), {"month": "2027-06"})
    assert text["Content-Type"].startswith("text/csv")
    assert "标准分成" in page(client.get(reverse("billing-share-schemes")))


def test_hq_shares_now_and_an_operator_settles_a_month_that_is_over(node: OrgNode) -> None:
    platform = org_make.platform()
    services.publish_share_scheme(
        org_id=platform.id,
        name="x",
        starts_on=date(2026, 1, 1),
        steps=[Step(party=PLATFORM, percent=Decimal("0.2"))],
        actor=hq_actor(platform.id),
        at=make.NOON,
    )
    hq = window(platform, "ADMINISTRATOR")
    answer = hq.post(reverse("billing-accrue-shares"), {"month": "2026-05", "org": str(node.id)})
    assert answer.status_code == 302
    client = window(node, "FINANCE")
    url = reverse("billing-close-settlement") + "?month=2026-05"
    assert client.post(url, {"month": "2026-05", "org": str(node.id)}).status_code == 302
    assert "Settled" in page(client.get(reverse("billing-shares"), {"month": "2026-05"}))


def test_an_invoice_is_asked_for_issued_and_taken_back(client: Window, node: OrgNode) -> None:
    customer = crm_make.customer(org=node)
    bill = make.bill(node, 300, customer_id=customer.id)
    shown = page(client.get(reverse("billing-bill", args=[bill.bill_id])))
    assert reverse("billing-invoice-ask", args=[bill.bill_id]) in shown
    url = reverse("billing-invoice-ask", args=[bill.bill_id])
    assert customer.name in page(client.get(url))
    assert client.post(url, {"buyer_name": ""}).status_code == 422
    assert client.post(url, {"buyer_name": "杭州顺达"}).status_code == 302
    invoice = EInvoice.objects.get()
    hq = hq_actor(org_make.platform().id)
    for _ in range(3):
        services.submit_invoices(actor=hq, at=make.NOON)
        services.poll_invoices(actor=hq, at=make.noon(date(2027, 6, 22)))
        invoice.refresh_from_db()
        if invoice.state == "REJECTED":
            again = reverse("billing-invoice-again", args=[invoice.id])
            assert client.post(again, {"buyer_name": "杭州顺达"}).status_code == 302
    record = page(client.get(reverse("billing-invoice", args=[invoice.id])))
    assert invoice.number is not None
    assert invoice.number in record
    assert "杭州顺达" in page(client.get(reverse("billing-invoices")))
    red = reverse("billing-invoice-red", args=[invoice.id])
    assert "Why it is taken back" in page(client.get(red))
    assert client.post(red, {"reason": "抬头有误"}).status_code == 302
    assert EInvoice.objects.filter(red_of=invoice).exists()


def test_bills_are_financed_by_their_numbers(client: Window, node: OrgNode) -> None:
    bill = make.bill(node, 300)
    url = reverse("billing-finance")
    assert "Funder" in page(client.get(url))
    given = {
        "numbers": f"{bill.number}\n", "funder": "某保理公司", "percent": "80", "fee": "5",
        "recourse": "WITH", "starts_on": "2027-06-21", "ends_on": "2027-09-21",
    }  # fmt: skip
    assert client.post(url, {**given, "numbers": "B0-1"}).status_code == 422
    assert client.post(url, given).status_code == 302
    assert client.post(url, given).status_code == 422
    batch = Financing.objects.get().batch_id
    assert "某保理公司" in page(client.get(reverse("billing-financings")))
    assert client.post(reverse("billing-repay", args=[batch])).status_code == 302


def test_an_engineer_sees_none_of_it(node: OrgNode) -> None:
    engineer = window(node, "ENGINEER")
    for name in ("billing-shares", "billing-invoices", "billing-financings"):
        assert engineer.get(reverse(name)).status_code in (403, 404, 409)
