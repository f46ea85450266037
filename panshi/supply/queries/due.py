"""What suppliers wait to be paid, and what they owe back, as the bank's lines ask for it."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db.models import F, Sum
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext as _

from panshi.billing.queries import OutgoingDue
from panshi.kit.money import ZERO
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import guard
from panshi.ledger import queries as ledger
from panshi.supply.models import (
    SupplierCredit,
    SupplierInvoice,
    SupplierInvoiceState,
    SupplierRefund,
)

PAID: Final = "SUPPLIER_INVOICE_PAID"
BANK: Final = "1002"


@guard
def outgoing_due(
    *, line_id: UUID, org_id: int, amount: Decimal, actor: Actor
) -> tuple[OutgoingDue, ...]:
    """Invoices of this amount in CNY that were not paid, each with where this line pays it."""
    found = SupplierInvoice.objects.visible_to(actor).filter(
        org_id=org_id, state=SupplierInvoiceState.ENTERED
    )
    given = Coalesce(Sum(F("credits__net") + F("credits__vat")), Decimal(0))
    found = found.annotate(given=given).filter(net=amount - F("vat") + F("given"))
    return tuple(
        OutgoingDue(
            words=_("Invoice %(number)s of %(supplier)s")
            % {"number": row.number, "supplier": row.supplier},
            payee=row.supplier,
            numbers=(row.number,),
            due_on=row.issued_on,
            amount=amount,
            url=reverse("supply-invoice-by-line", args=[row.id, line_id]),
        )
        for row in found.order_by("issued_on", "id")[:20]
    )


def owed_back(invoices: Sequence[SupplierInvoice], actor: Actor) -> dict[UUID, Decimal]:
    """What suppliers still have to send back of each paid invoice that they credited, in CNY.

    What was paid and credited, less what the invoice asked and what came back: a credit note of
    before the payment had lowered that payment already.
    """
    ids = tuple(row.id for row in invoices if row.state == SupplierInvoiceState.PAID)
    paid = {
        entry.source_id: leg.credit or ZERO
        for entry in ledger.entries_of_sources(source_ids=ids, actor=actor)
        if entry.kind == PAID
        for leg in entry.legs
        if leg.account == BANK
    }
    given = SupplierCredit.objects.filter(invoice_id__in=ids).values_list("invoice_id")
    credited = dict(given.annotate(gross=Sum(F("net") + F("vat"))))
    sent = SupplierRefund.objects.filter(invoice_id__in=ids).values_list("invoice_id")
    back = dict(sent.annotate(Sum("amount")))
    return {
        row.id: paid[row.id]
        + credited.get(row.id, ZERO)
        - row.net
        - row.vat
        - back.get(row.id, ZERO)
        for row in invoices
        if row.id in paid
    }


@guard
def incoming_due(
    *, line_id: UUID, org_id: int, amount: Decimal, actor: Actor
) -> tuple[OutgoingDue, ...]:
    """Paid invoices of which this amount in CNY is owed back, each with where a line books it.

    The amount is all that is owed of an invoice, or one of its credit notes.
    """
    found = SupplierInvoice.objects.visible_to(actor).filter(
        org_id=org_id, state=SupplierInvoiceState.PAID, credits__isnull=False
    )
    invoices = list(found.distinct().order_by("-issued_on", "id").prefetch_related("credits")[:200])
    owed = owed_back(invoices, actor)
    rows = []
    for row in invoices:
        left = owed.get(row.id, ZERO)
        notes = {credit.number: credit.net + credit.vat for credit in row.credits.all()}
        if amount == left or (amount < left and amount in notes.values()):
            rows.append(
                OutgoingDue(
                    words=_("Money back of %(supplier)s for invoice %(number)s")
                    % {"number": row.number, "supplier": row.supplier},
                    payee=row.supplier,
                    numbers=(row.number, *notes),
                    due_on=max(credit.issued_on for credit in row.credits.all()),
                    amount=amount,
                    url=reverse("supply-refund-by-line", args=[row.id, line_id]),
                )
            )
    return tuple(rows[:20])
