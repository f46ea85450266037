"""The pages of payments, refunds, bank statements and channel checks, as a browser asks them."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from panshi.billing import services, simulator
from panshi.billing.models import BankLine, BillBalance, Payment, Refund
from panshi.billing.tests import make
from panshi.billing.tests.bank_files import csv_of
from panshi.billing.tests.test_refund_payment import overpaid
from panshi.crm.tests import make as crm_make
from panshi.kit.clock import local_day
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.org.tests.window import Window, page, window


@pytest.fixture
def node() -> OrgNode:
    return org_make.operator()


@pytest.fixture
def client(node: OrgNode) -> Window:
    return window(node, "FINANCE")


def test_a_payment_is_taken_back_used_again_and_refunded_by_two(
    client: Window, node: OrgNode
) -> None:
    payment = overpaid(node)
    url = reverse("billing-payment", args=[payment.id])
    assert "350.00" in page(client.get(url))
    allocation = payment.allocations.get()
    assert client.post(reverse("billing-unallocate", args=[allocation.id])).status_code == 302
    assert "Open bills of this customer" in page(client.get(url))
    assert client.post(reverse("billing-allocate", args=[payment.id])).status_code == 302
    assert not BillBalance.objects.filter(org=node, open_amount__gt=0).exists()

    ask = reverse("billing-refund-ask", args=[payment.id])
    form = client.get(ask).context["form"]
    sent = {"_key": str(form.key), "amount": "999", "reason": "多付", "channel": "SIM"}
    refused = client.post(ask, sent)
    assert refused.status_code == 422
    assert "50.00" in refused.content.decode()
    assert client.post(ask, {**sent, "amount": "50", "channel": "BANK"}).status_code == 422
    assert client.post(ask, {**sent, "amount": "50"}).status_code == 302
    refund = Refund.objects.get(org=node)
    record = reverse("billing-refund", args=[refund.id])
    assert "another person has to approve" in page(client.get(record))
    assert client.post(reverse("billing-refund-approve", args=[refund.id])).status_code == 409

    other = window(node, "FINANCE")
    for act in ("approve", "send", "query"):
        assert other.post(reverse(f"billing-refund-{act}", args=[refund.id])).status_code == 302
    refund.refresh_from_db()
    assert refund.state == "PAID"
    assert "Paid back" in page(other.get(record))
    assert refund.number in page(client.get(reverse("billing-refunds")))


def test_a_waiting_payment_is_asked_about_and_closed(client: Window, node: OrgNode) -> None:
    payment = make.payment(node, make.bill(node, 300).bill_id, at=timezone.now())
    services.open_payment(
        payment_id=payment.id, channel="SIM", actor=make.clerk(node), at=timezone.now()
    )
    query = reverse("billing-payment-query", args=[payment.id])
    assert client.post(query).status_code == 302
    assert client.post(reverse("billing-payment-close", args=[payment.id])).status_code == 302
    simulator.paid(merchant_no=payment.merchant_no, amount=payment.amount, at=timezone.now())
    assert client.post(query).status_code == 302
    assert Payment.objects.get(id=payment.id).state == "SUCCEEDED"


def test_a_bank_file_is_brought_in_and_settled_by_hand(client: Window, node: OrgNode) -> None:
    customer = crm_make.customer(org=node, name="杭州远航物流有限公司", phone_no="13912345678")
    bill = make.bill(node, 300, customer_id=customer.id)
    content = csv_of(
        [
            ("2027-06-21", "300.00", "张三", "6222011", ""),
            ("2027-06-21", "-20.00", "某供应商", "", "货款"),
        ]
    )
    url = reverse("billing-bank-import")

    def send(body: bytes) -> int:
        form = client.get(url).context["form"]
        upload = SimpleUploadedFile("bank.csv", body)
        answer = client.post(url, {"_key": str(form.key), "file": upload, "account": "3301"})
        status: int = answer.status_code
        return status

    assert send(b"") == 422
    assert send(content.replace(b"1280.00", b"1281.00")) == 422
    assert send(content) == 302
    assert send(content) == 422
    text = page(client.get(reverse("billing-bank")))
    assert "张三" in text
    assert "bank.csv" in text
    line, out = BankLine.objects.filter(org=node).order_by("line")
    record = reverse("billing-bank-line", args=[line.id])
    assert customer.name not in page(client.get(record))
    found = page(client.get(record, {"phone": "13912345678"}))
    assert customer.name in found
    assert bill.number in found
    confirm = reverse("billing-bank-confirm", args=[line.id, customer.id])
    assert client.post(confirm, {"bill": str(bill.bill_id)}).status_code == 302
    assert BillBalance.objects.get(bill_id=bill.bill_id).open_amount == 0
    aside = reverse("billing-bank-aside", args=[out.id])
    # A cost is booked as one; what is set aside of money out is a transfer, with its reason.
    for sent in ({"kind": "EXPENSE", "words": "货款"}, {"words": ""}):
        assert client.post(aside, sent).status_code == 302
        out.refresh_from_db()
        assert out.state == "QUEUED", sent
    assert client.post(aside, {"words": "转二户"}).status_code == 302
    out.refresh_from_db()
    assert (out.state, out.aside, out.aside_words) == ("SET_ASIDE", "OWN", "转二户")
    assert client.post(reverse("billing-bank-take-up", args=[out.id])).status_code == 302
    assert client.post(reverse("billing-bank-match")).status_code == 302


def test_a_virtual_account_is_given_by_phone(client: Window, node: OrgNode) -> None:
    crm_make.customer(org=node, phone_no="13912345679")
    url = reverse("billing-virtual-account")
    sent = {"phone": "13912340000", "account": "330100010007"}
    assert client.post(url, sent).status_code == 422
    assert client.post(url, {**sent, "phone": "13912345679"}).status_code == 302


def test_headquarters_compares_a_day(node: OrgNode) -> None:
    hq = window(org_make.platform(), "FINANCE")
    url = reverse("billing-check-run")
    form = hq.get(url).context["form"]
    day = local_day(timezone.now()) - timedelta(days=1)
    answer = hq.post(url, {"_key": str(form.key), "channel": "SIM", "day": day.isoformat()})
    assert answer.status_code == 302
    page(hq.get(answer["Location"]))
    assert "Compare a day" in page(hq.get(reverse("billing-checks")))
    operator = window(node, "FINANCE")
    assert "Compare a day" not in page(operator.get(reverse("billing-checks")))


def test_the_order_of_allocation_is_set(client: Window, node: OrgNode) -> None:
    url = reverse("billing-allocation-order")
    page(client.get(url))
    assert client.post(url, {"order": "BACKWARDS"}).status_code == 422
    assert client.post(url, {"order": "OLDEST"}).status_code == 302


@pytest.mark.parametrize("name", ["billing-refunds", "billing-bank", "billing-checks"])
def test_lists_open_empty_and_ask_a_fixed_number_of_questions(
    client: Window, node: OrgNode, name: str
) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as asked:
            page(client.get(reverse(name)))
        return len(asked)

    count()
    empty = count()
    for n in range(3):
        payment = overpaid(node)
        services.refund_payment(
            payment_id=payment.id,
            amount=Decimal(1 + n),
            reason="多付",
            actor=make.clerk(node),
            at=timezone.now(),
        )
    few = count()
    assert few - empty <= 2
    payment = overpaid(node)
    services.refund_payment(
        payment_id=payment.id,
        amount=Decimal(9),
        reason="多付",
        actor=make.clerk(node),
        at=timezone.now(),
    )
    assert count() == few


def test_who_may_not_is_offered_nothing(node: OrgNode) -> None:
    payment = overpaid(node)
    seller = window(node, "SALES")
    text = page(seller.get(reverse("billing-payment", args=[payment.id])))
    assert "Take back" not in text
    assert seller.get(reverse("billing-refund-ask", args=[payment.id])).status_code == 409
    assert seller.get(reverse("billing-bank-import")).status_code == 409
