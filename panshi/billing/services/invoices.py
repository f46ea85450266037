"""E-invoices: asked for on bills, submitted, queried when no answer came, taken back in red."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from panshi.billing.events import (
    InvoiceCorrectionRequested,
    InvoiceIssued,
    InvoiceRejected,
    InvoiceRequested,
    InvoicesSubmitted,
)
from panshi.billing.invoicing import (
    InvoiceAnswer,
    InvoiceLine,
    InvoiceRequest,
    TaxService,
    tax_service,
)
from panshi.billing.models import (
    INVOICE_LIFE,
    Bill,
    BillBalance,
    BillKind,
    BillState,
    EInvoice,
    EInvoiceLine,
    InvoiceState,
)
from panshi.kit import outbox
from panshi.kit.clock import local_day
from panshi.kit.ids import uuid7
from panshi.kit.money import ZERO
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb


class TitleMissing(Refusal):
    pass


class AlreadyInvoiced(Refusal):
    pass


class NothingToInvoice(Refusal):
    pass


class NotIssuedYet(Refusal):
    pass


BATCH: Final = 500
ANSWER_WITHIN: Final = timedelta(minutes=1)
# What is left of each taxed line when its credit notes are taken off.
_LINES: Final = """
SELECT l.id, l.bill_id, COALESCE(NULLIF(l.words, ''), r.name_zh), l.vat_rate,
    l.net + COALESCE(c.net, 0), l.vat + COALESCE(c.vat, 0), l.gross + COALESCE(c.gross, 0)
FROM billing_billline l JOIN billing_product r ON r.code = l.product_id
LEFT JOIN LATERAL (
    SELECT sum(net) AS net, sum(vat) AS vat, sum(gross) AS gross FROM billing_billline k
    JOIN billing_bill b ON b.id = k.bill_id AND b.state = 'ISSUED' WHERE k.credits_id = l.id
) c ON true
WHERE l.bill_id = ANY(%s) AND l.vat_rate > 0 AND l.gross + COALESCE(c.gross, 0) > 0
ORDER BY l.bill_id, l.position
"""


@verb
def request_invoice(
    *,
    bill_ids: Sequence[UUID],
    buyer_name: str,
    actor: Actor,
    at: datetime,
    buyer_tax_no: str = "",
    email: str = "",
) -> InvoiceRequested:
    """Ask for one invoice on the taxed lines of bills of one customer.

    A customer asks for bills that are paid; staff for any that is issued. Raises TitleMissing,
    NothingToInvoice or AlreadyInvoiced.
    """
    if not buyer_name.strip():
        raise TitleMissing(_("Say to whom the invoice is made out."))
    bills = list(Bill.objects.visible_to(actor).filter(
        id__in=bill_ids, kind=BillKind.CHARGE, state=BillState.ISSUED
    ))  # fmt: skip
    owners = {(bill.org_id, bill.customer_id) for bill in bills}
    if len(owners) != 1 or len(bills) != len(set(bill_ids)):
        raise NothingToInvoice(_("Choose issued bills of one customer."))
    ((org_id, customer_id),) = owners
    actor.must("billing.request_invoice", org_id)
    actor.must_be(customer_id)
    if actor.customer_id is not None and _open(bills):
        raise NothingToInvoice(_("An invoice is made out once a bill is paid."))
    with connection.cursor() as cursor:
        cursor.execute(_LINES, [[bill.id for bill in bills]])
        rows = cursor.fetchall()
    if not rows:
        raise NothingToInvoice(_("These bills have no line with VAT."))
    invoice = EInvoice(
        id=uuid7(),
        org_id=org_id,
        customer_id=customer_id,
        buyer_name=buyer_name.strip(),
        buyer_tax_no=buyer_tax_no.strip(),
        email=email.strip(),
        net=sum((row[4] for row in rows), ZERO),
        vat=sum((row[5] for row in rows), ZERO),
        total=sum((row[6] for row in rows), ZERO),
        asked_at=at,
    )
    try:
        with transaction.atomic():
            invoice.save(force_insert=True)
            EInvoiceLine.objects.bulk_create(
                EInvoiceLine(
                    org_id=org_id,
                    invoice=invoice,
                    customer_id=customer_id,
                    bill_line_id=line_id,
                    bill_id=bill_id,
                    words=words,
                    vat_rate=rate,
                    net=net,
                    vat=vat,
                    gross=gross,
                )
                for line_id, bill_id, words, rate, net, vat, gross in rows
            )
    except IntegrityError as error:
        raise AlreadyInvoiced(_("One of these lines has an invoice already.")) from error
    return InvoiceRequested(
        org_id=org_id,
        actor_id=actor.id,
        at=at,
        invoice_id=invoice.id,
        customer_id=customer_id,
        total=invoice.total,
    )


def _open(bills: Sequence[Bill]) -> bool:
    return BillBalance.objects.filter(bill__in=bills, open_amount__gt=0).exists()


@verb
def request_red(
    *, invoice_id: UUID, reason: str, actor: Actor, at: datetime
) -> InvoiceCorrectionRequested:
    """Ask for a red letter that takes a whole invoice back, line by line. Raises NotIssuedYet."""
    invoice = EInvoice.objects.visible_to(actor).select_for_update().get(id=invoice_id)
    actor.must("billing.request_red", invoice.org_id)
    if invoice.state != InvoiceState.ISSUED or invoice.red_of_id is not None:
        raise NotIssuedYet(_("Only an issued invoice is taken back, and only once."))
    invoice.state = INVOICE_LIFE.step(invoice.state, InvoiceState.RED_ASKED)
    invoice.save(update_fields=["state"])
    red = EInvoice.objects.create(
        org_id=invoice.org_id,
        customer_id=invoice.customer_id,
        buyer_name=invoice.buyer_name,
        buyer_tax_no=invoice.buyer_tax_no,
        email=invoice.email,
        red_of=invoice,
        net=-invoice.net,
        vat=-invoice.vat,
        total=-invoice.total,
        reason=reason.strip(),
        asked_at=at,
    )
    EInvoiceLine.objects.bulk_create(
        EInvoiceLine(
            org_id=line.org_id,
            invoice=red,
            customer_id=line.customer_id,
            bill_line_id=line.bill_line_id,
            bill_id=line.bill_id,
            words=line.words,
            vat_rate=line.vat_rate,
            net=-line.net,
            vat=-line.vat,
            gross=-line.gross,
        )
        for line in invoice.lines.order_by("id")
    )
    return InvoiceCorrectionRequested(
        org_id=invoice.org_id,
        actor_id=actor.id,
        at=at,
        invoice_id=invoice.id,
        red_id=red.id,
        customer_id=invoice.customer_id,
        reason=red.reason,
    )


@verb
def ask_again(
    *, invoice_id: UUID, buyer_name: str, actor: Actor, at: datetime, buyer_tax_no: str = ""
) -> InvoiceRequested:
    """Put a rejected request right and ask again, under a new key. Raises TitleMissing."""
    invoice = EInvoice.objects.visible_to(actor).select_for_update().get(id=invoice_id)
    actor.must("billing.request_invoice", invoice.org_id)
    actor.must_be(invoice.customer_id)
    if not buyer_name.strip():
        raise TitleMissing(_("Say to whom the invoice is made out."))
    invoice.state = INVOICE_LIFE.step(invoice.state, InvoiceState.ASKED)
    invoice.buyer_name, invoice.buyer_tax_no = buyer_name.strip(), buyer_tax_no.strip()
    invoice.attempt += 1
    invoice.reason = ""
    invoice.save(update_fields=["state", "buyer_name", "buyer_tax_no", "attempt", "reason"])
    return InvoiceRequested(
        org_id=invoice.org_id,
        actor_id=actor.id,
        at=at,
        invoice_id=invoice.id,
        customer_id=invoice.customer_id,
        total=invoice.total,
    )


@verb
def submit_invoices(*, actor: Actor, at: datetime) -> InvoicesSubmitted:
    """Submit what was asked for, at most 500 at a time; who gets no answer is queried later."""
    return _work(InvoiceState.ASKED, actor, at, tax_service())


@verb
def poll_invoices(*, actor: Actor, at: datetime) -> InvoicesSubmitted:
    """Query what was submitted a minute ago and more; what never arrived is submitted again."""
    return _work(InvoiceState.SUBMITTED, actor, at, tax_service())


def _work(
    state: InvoiceState, actor: Actor, at: datetime, service: TaxService
) -> InvoicesSubmitted:
    actor.must("billing.submit_invoices", actor.org_id)
    rows = EInvoice.objects.visible_to(actor).filter(state=state)
    if state == InvoiceState.SUBMITTED:
        rows = rows.filter(submitted_at__lte=at - ANSWER_WITHIN)
    due = rows.order_by("id").select_for_update(of=("self",), skip_locked=True)
    invoices = list(due.select_related("red_of").prefetch_related("lines")[:BATCH])
    facts: list[InvoiceIssued | InvoiceRejected] = []
    for invoice in invoices:
        request = _request(invoice, at)
        if state == InvoiceState.ASKED:
            invoice.state = INVOICE_LIFE.step(invoice.state, InvoiceState.SUBMITTED)
            invoice.submitted_at = at
            answers = service.submit(request)
        else:
            known = service.query(request)
            answers = [known] if known else service.submit(request)
        for answer in answers:
            # The same answer may come twice; the first has settled it.
            if invoice.state == InvoiceState.SUBMITTED:
                facts.append(_settle(invoice, answer, actor, at))
        invoice.save(
            update_fields=["state", "submitted_at", "number", "year", "issued_at", "reason"]
        )
    outbox.publish_all(facts)
    issued = sum(isinstance(fact, InvoiceIssued) for fact in facts)
    return InvoicesSubmitted(
        org_id=actor.org_id,
        actor_id=actor.id,
        at=at,
        issued=issued,
        rejected=len(facts) - issued,
        unknown=len(invoices) - len(facts),
    )


def _request(invoice: EInvoice, at: datetime) -> InvoiceRequest:
    red = invoice.red_of
    return InvoiceRequest(
        key=f"{invoice.id}-{invoice.attempt}",
        year=local_day(invoice.submitted_at or at).year,
        buyer_name=invoice.buyer_name,
        buyer_tax_no=invoice.buyer_tax_no,
        total=invoice.total,
        lines=tuple(
            InvoiceLine(words=line.words, vat_rate=line.vat_rate, net=line.net, vat=line.vat)
            for line in sorted(invoice.lines.all(), key=lambda line: line.id)
        ),
        red_of=(red.year or 0, red.number or "") if red else None,
    )


def _settle(
    invoice: EInvoice, answer: InvoiceAnswer, actor: Actor, at: datetime
) -> InvoiceIssued | InvoiceRejected:
    red_of = invoice.red_of
    if not answer.number:
        invoice.state = INVOICE_LIFE.step(invoice.state, InvoiceState.REJECTED)
        invoice.reason = answer.reason[:200]
        if red_of is not None:
            _set_state(red_of, InvoiceState.ISSUED)
        return InvoiceRejected(
            org_id=invoice.org_id,
            actor_id=actor.id,
            at=at,
            invoice_id=invoice.id,
            customer_id=invoice.customer_id,
            reason=invoice.reason,
        )
    invoice.state = INVOICE_LIFE.step(invoice.state, InvoiceState.ISSUED)
    invoice.number, invoice.year, invoice.issued_at = answer.number, answer.year, at
    if red_of is not None:
        _set_state(red_of, InvoiceState.RED_ISSUED)
        EInvoiceLine.objects.filter(invoice__in=[invoice, red_of]).update(taken_back=True)
    return InvoiceIssued(
        org_id=invoice.org_id,
        actor_id=actor.id,
        at=at,
        invoice_id=invoice.id,
        customer_id=invoice.customer_id,
        number=answer.number,
        total=invoice.total,
    )


def _set_state(invoice: EInvoice, state: InvoiceState) -> None:
    invoice.state = INVOICE_LIFE.step(invoice.state, state)
    invoice.save(update_fields=["state"])
