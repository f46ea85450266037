"""Request invoices … each request gives one invoice, and a red letter nets to zero by line."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from panshi.billing import invoicing, queries, services
from panshi.billing.invoicing import InvoiceAnswer, InvoiceRequest, SimulatedTaxService
from panshi.billing.models import BillLine, EInvoice, EInvoiceLine, InvoiceState
from panshi.billing.tests import make
from panshi.crm.tests import make as crm_make
from panshi.kit.ids import uuid7
from panshi.kit.tenancy import PORTAL, Actor, hq_actor
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make

D = Decimal


def ask(
    org: OrgNode, bill_id: UUID, *, by: Actor | None = None, name: str = "杭州顺达物流有限公司"
) -> UUID:
    return services.request_invoice(
        bill_ids=[bill_id],
        buyer_name=name,
        buyer_tax_no="91330100MA27XXXX0X",
        actor=by or make.clerk(org),
        at=make.NOON,
    ).invoice_id


def work(minutes: int = 0) -> None:
    """What the task does, some minutes later."""
    hq = hq_actor(org_make.platform().id)
    at = make.NOON + timedelta(minutes=minutes)
    services.submit_invoices(actor=hq, at=at)
    services.poll_invoices(actor=hq, at=at)


def settle(invoice_id: UUID) -> EInvoice:
    """Until it is issued: answers that were lost are asked for, rejections put right."""
    for minutes in range(0, 30, 3):
        work(minutes)
        invoice = EInvoice.objects.get(id=invoice_id)
        if invoice.state == InvoiceState.REJECTED:
            services.ask_again(
                invoice_id=invoice.id,
                buyer_name="更正抬头",
                actor=make.clerk(invoice.org),
                at=make.NOON,
            )
        elif invoice.state == InvoiceState.ISSUED:
            return invoice
    raise AssertionError(invoice.state)


def test_a_bill_gets_one_invoice() -> None:
    org = org_make.operator()
    bill = make.bill(org, 300, 199)
    invoice = settle(ask(org, bill.bill_id))
    assert (invoice.total, invoice.net + invoice.vat) == (D("499.00"), D("499.00"))
    assert invoice.lines.count() == 2
    with pytest.raises(services.AlreadyInvoiced):
        ask(org, bill.bill_id)


def test_a_red_letter_nets_to_zero_by_line_and_frees_the_bill() -> None:
    org = org_make.operator()
    bill = make.bill(org, 300, 199)
    invoice = settle(ask(org, bill.bill_id))
    fact = services.request_red(
        invoice_id=invoice.id, reason="抬头有误", actor=make.clerk(org), at=make.NOON
    )
    with pytest.raises(services.NotIssuedYet):
        services.request_red(
            invoice_id=invoice.id, reason="again", actor=make.clerk(org), at=make.NOON
        )
    settle(fact.red_id)
    invoice.refresh_from_db()
    assert invoice.state == InvoiceState.RED_ISSUED
    left: Counter[UUID] = Counter()
    for line in EInvoiceLine.objects.filter(bill_id=bill.bill_id):
        left[line.bill_line_id] += int(line.gross * 100)
    assert set(left.values()) == {0}
    settle(ask(org, bill.bill_id))


def test_a_credited_part_is_not_invoiced() -> None:
    org = org_make.operator()
    raised = make.bill(org, 300)
    line = BillLine.objects.get(bill_id=raised.bill_id)
    services.credit_bill(
        bill_id=raised.bill_id,
        lines=[services.CreditLine(line_id=line.id, gross=D(100))],
        reason="减免",
        actor=make.clerk(org),
        at=make.NOON,
    )
    assert settle(ask(org, raised.bill_id)).total == D("200.00")


def test_needs_a_title_and_something_taxed() -> None:
    org = org_make.operator()
    with pytest.raises(services.TitleMissing):
        ask(org, make.bill(org).bill_id, name=" ")
    fine = make.bill(org, lines=[make.line(200, product_code="FINE")])
    with pytest.raises(services.NothingToInvoice):
        ask(org, fine.bill_id)


def test_a_customer_asks_once_the_bill_is_paid() -> None:
    org = org_make.operator()
    customer_id = crm_make.customer(org=org).id
    me = Actor(
        id=uuid7(),
        org_id=org.id,
        org_ids=(org.id,),
        customer_id=customer_id,
        db_role=PORTAL,
        permissions=frozenset({"billing.request_invoice"}),
    )
    bill = make.bill(org, customer_id=customer_id)
    with pytest.raises(services.NothingToInvoice):
        ask(org, bill.bill_id, by=me)
    make.pay(org, bill.bill_id)
    (offered,) = queries.invoiceable_bills(customer_id=customer_id, actor=me)
    assert offered.id == bill.bill_id
    ask(org, bill.bill_id, by=me)
    assert queries.invoiceable_bills(customer_id=customer_id, actor=me) == []
    assert len(queries.customer_invoices(customer_id=customer_id, actor=me)) == 1


@dataclass
class Forgetful:
    """Whatever is submitted first never arrives."""

    inner: SimulatedTaxService = field(default_factory=SimulatedTaxService)
    seen: set[str] = field(default_factory=set)
    arrived: set[str] = field(default_factory=set)

    def submit(self, request: InvoiceRequest) -> Sequence[InvoiceAnswer]:
        if request.key not in self.seen:
            self.seen.add(request.key)
            return []
        self.arrived.add(request.key)
        return self.inner.submit(request)

    def query(self, request: InvoiceRequest) -> InvoiceAnswer | None:
        return self.inner.query(request) if request.key in self.arrived else None


def test_a_request_that_never_arrived_is_submitted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Forgetful()
    monkeypatch.setattr("panshi.billing.services.invoices.tax_service", lambda: service)
    org = org_make.operator()
    settle(ask(org, make.bill(org).bill_id))
    assert len(service.inner.issued) == 1


@pytest.mark.slow
def test_a_thousand_requests_give_a_thousand_invoices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of a hundred answers are lost, two requests rejected, one answered twice."""
    service = SimulatedTaxService()
    monkeypatch.setattr("panshi.billing.services.invoices.tax_service", lambda: service)
    org = org_make.operator()
    _asked(org, 1000)
    for minutes in range(0, 60, 3):
        work(minutes)
        rejected = EInvoice.objects.filter(org=org, state=InvoiceState.REJECTED)
        for invoice in rejected:
            services.ask_again(
                invoice_id=invoice.id, buyer_name="更正抬头", actor=make.clerk(org), at=make.NOON
            )
        states = EInvoice.objects.filter(org=org).exclude(state=InvoiceState.ISSUED)
        if not states.exists():
            break
    numbers = list(EInvoice.objects.filter(org=org).values_list("number", flat=True))
    assert len(numbers) == len(set(numbers)) == 1000
    assert set(numbers) == set(service.issued.values())
    assert EInvoice.objects.filter(org=org, attempt__gt=1).count() >= 5


def _asked(org: OrgNode, count: int) -> None:
    """Requests on bills that need not exist: the verb for one is tested above."""
    invoices = [
        EInvoice(
            org=org, customer_id=uuid7(), buyer_name="客户", net=D(100), vat=D(13), total=D(113),
            asked_at=make.NOON,
        )
        for _ in range(count)
    ]  # fmt: skip
    EInvoice.objects.bulk_create(invoices)
    EInvoiceLine.objects.bulk_create(
        EInvoiceLine(
            org=org, invoice=one, bill_id=uuid7(), bill_line_id=uuid7(),
            customer_id=one.customer_id, words="租金", vat_rate=D("0.13"), net=D(100), vat=D(13),
            gross=D(113),
        )
        for one in invoices
    )  # fmt: skip


@pytest.mark.plain
def test_the_simulator_fails_as_often_as_it_says() -> None:
    service = SimulatedTaxService()
    requests = [
        InvoiceRequest(
            key=f"{n}-1", year=2027, buyer_name="x", buyer_tax_no="", total=D(1), lines=()
        )
        for n in range(5000)
    ]
    answers = [service.submit(request) for request in requests]
    lost = sum(not some for some in answers)
    doubled = sum(len(some) == 2 for some in answers)
    rejected = sum(bool(some) and not some[0].number for some in answers)
    assert 70 <= lost <= 130
    assert 30 <= doubled <= 70
    assert 70 <= rejected <= 130
    assert invoicing.tax_service() is invoicing.tax_service()
