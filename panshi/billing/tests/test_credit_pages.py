"""Credit notes, drafts, products and wishes for instalments have their buttons."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from panshi.billing import services
from panshi.billing.models import Bill, BillLine, DunningCase, Product
from panshi.billing.tests import make
from panshi.kit.clock import local_day
from panshi.kit.ids import uuid7
from panshi.kit.models import Outbox
from panshi.kit.tenancy import hq_actor
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.org.tests.window import page, window


@pytest.fixture
def node() -> OrgNode:
    return org_make.operator()


def bill(node: OrgNode, *prices: str) -> Bill:
    """An issued bill of one line a price."""
    fact = services.raise_bill(
        org_id=node.id,
        customer_id=uuid7(),
        source_kind="test.source",
        source_id=uuid7(),
        due_on=local_day(timezone.now()) - timedelta(days=9),
        vehicle_id=None,
        lines=[
            services.NewLine(
                product_code="DAMAGE", words=f"#{n}", quantity=Decimal(1), unit_price=Decimal(price)
            )
            for n, price in enumerate(prices)
        ],
        actor=hq_actor(node.id),
        at=timezone.now(),
    )
    return Bill.objects.get(id=fact.bill_id)


def given(bill: Bill) -> list[Decimal]:
    """What each line of a bill was given back, in CNY."""
    lines = BillLine.objects.filter(bill__credits=bill).order_by("credits__position")
    return [-line.gross for line in lines]


@pytest.mark.parametrize(
    ("typed", "parts"),
    [
        ({"how": "WHOLE"}, ["100.00", "50.00"]),
        ({"how": "AMOUNT", "amount": "75.01"}, ["50.01", "25.00"]),
        ({"how": "LINES", "line_2": "12.50"}, ["12.50"]),
    ],
)
def test_a_bill_is_given_back_from_its_page(
    node: OrgNode, typed: dict[str, str], parts: list[str]
) -> None:
    issued, clerk = bill(node, "100", "50"), window(node, "FINANCE")
    url = reverse("billing-credit", args=[issued.id])
    assert url in page(clerk.get(reverse("billing-bill", args=[issued.id])))
    assert "150.00" in page(clerk.get(url))
    key = str(uuid7())
    typed = {"_key": key, "reason": "多收", **typed}
    assert clerk.post(url, typed).status_code == 302
    clerk.post(url, typed)  # A second press of the button gives nothing back again.
    assert given(issued) == [Decimal(part) for part in parts]


@pytest.mark.parametrize(
    "typed",
    [
        {"how": "WHOLE", "reason": ""},
        {"how": "AMOUNT", "amount": "100.01"},
        {"how": "AMOUNT"},
        {"how": "LINES"},
        {"how": "LINES", "line_1": "100.01"},
        {"how": "ODD"},
    ],
)
def test_a_wrong_credit_is_refused_in_words(node: OrgNode, typed: dict[str, str]) -> None:
    issued, clerk = bill(node, "100"), window(node, "FINANCE")
    url = reverse("billing-credit", args=[issued.id])
    assert clerk.post(url, {"reason": "多收", **typed}).status_code == 422
    assert given(issued) == []
    stranger = window(org_make.operator(), "FINANCE")
    assert stranger.get(url).status_code == 404


def test_a_draft_is_dropped_from_its_page(node: OrgNode) -> None:
    plan = make.plan(node)
    services.run_bills(cut_off=make.DAY, actor=hq_actor(node.id), at=make.NOON)
    draft = Bill.objects.filter(plan=plan, state="DRAFT").first()
    assert draft is not None
    clerk = window(node, "FINANCE")
    url = reverse("billing-discard", args=[draft.id])
    assert url in page(clerk.get(reverse("billing-bill", args=[draft.id])))
    assert clerk.post(url).status_code == 302
    draft.refresh_from_db()
    assert draft.state == "DISCARDED"


def test_the_platform_adds_a_product_and_an_operator_does_not(node: OrgNode) -> None:
    typed = {
        "code": "RENT_WEEKLY", "name": "Weekly", "name_zh": "周租", "line": "RENTAL",
        "vat_code": Product.objects.get(code="RENT_MONTHLY").vat_code, "account": "6001.rental",
        "alignment": "ANCHOR", "basis": "ACTUAL", "in_advance": "on", "deferred": "on",
        "needs_vehicle": "on", "lead_days": "",
    }  # fmt: skip
    url = reverse("billing-product-new")
    assert window(node, "FINANCE").post(url, typed).status_code == 403
    platform = window(org_make.platform(), "FINANCE")
    assert url in page(platform.get(reverse("billing-prices")))
    assert platform.post(url, {**typed, "code": "weekly rent"}).status_code == 422
    assert platform.post(url, typed).status_code == 302
    assert platform.post(url, typed).status_code == 422
    assert Product.objects.get(code="RENT_WEEKLY").account == "6001.rental"


def test_a_wish_for_instalments_is_noted_at_the_case(node: OrgNode) -> None:
    bill(node, "100")
    today = local_day(timezone.now())
    services.advance_dunning(on=today, actor=hq_actor(), at=timezone.now())
    case = DunningCase.objects.get(org=node)
    clerk = window(node, "FINANCE")
    url = reverse("billing-arrears-act", args=[case.id, "asked"])
    assert url in page(clerk.get(reverse("billing-arrears-case", args=[case.id])))
    assert clerk.post(url, {"reason": ""}).status_code == 422
    assert clerk.post(url, {"reason": "下月起分三期"}).status_code == 302
    told = Outbox.objects.get(name="billing.CollectionInstalmentRequested", org_id=node.id)
    assert "下月起分三期" in str(told.payload)
