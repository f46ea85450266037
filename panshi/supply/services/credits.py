"""Credit notes of suppliers: what an invoice asked for too much, or for goods that went back."""

from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from panshi.kit.clock import local_day
from panshi.kit.money import ZERO, is_amount, to_fen, yuan
from panshi.kit.refusals import IllegalMove, Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.ledger import queries as ledger_queries
from panshi.ledger import services as ledger
from panshi.ledger.services import NewEntry, legs_of
from panshi.supply.events import SupplierCreditEntered
from panshi.supply.models import (
    SupplierCredit,
    SupplierInvoice,
    SupplierInvoiceLine,
    SupplierInvoiceState,
    WorthCause,
)
from panshi.supply.services.invoices import INPUT_VAT, PAYABLE
from panshi.supply.services.worth import STOCK, USED, worths

CREDIT: Final = "supply.SupplierCredit"
CREDITED: Final = "SUPPLIER_CREDIT"


class CreditInvalid(Refusal):
    pass


def _left(line: SupplierInvoiceLine) -> tuple[Decimal, Decimal]:
    """What may still be given back of a line, net, and of its invoice's VAT."""
    net = line.credits.aggregate(sum=Sum("net"))["sum"] or ZERO
    vat = line.invoice.credits.aggregate(sum=Sum("vat"))["sum"] or ZERO
    return line.net - net, line.invoice.vat - vat


def _refuse(line: SupplierInvoiceLine, net: Decimal, vat: Decimal, day: date, at: datetime) -> None:
    if not (is_amount(net) and is_amount(vat)) or net <= 0 or vat < 0:
        raise CreditInvalid(_("The net amount must be above zero, and the VAT a part of it."))
    if day > local_day(at):
        raise CreditInvalid(_("This day has not come yet."))
    net_left, vat_left = _left(line)
    if net > net_left or vat > vat_left:
        raise CreditInvalid(
            _("Of this line only %(net)s and VAT of %(vat)s can still be given back.")
            % {"net": yuan(net_left), "vat": yuan(vat_left)}
        )
    given = line.invoice.credits.aggregate(sum=Sum("net"))["sum"] or ZERO
    if line.invoice.state == SupplierInvoiceState.ENTERED and given + net >= line.invoice.net:
        raise CreditInvalid(_("This gives the whole invoice back: cancel the invoice instead."))


@verb
def enter_supplier_credit(
    *,
    invoice_id: UUID,
    line_id: UUID,
    number: str,
    issued_on: date,
    net: Decimal,
    vat: Decimal,
    reason: str,
    actor: Actor,
    at: datetime,
) -> SupplierCreditEntered:
    """Enter what a supplier gives back of a line: `net` and input VAT, in CNY.

    The pieces that still lie there are worth less by their share, parts used cost less by the rest;
    less is owed, or the supplier owes it where the invoice was paid. Raises CreditInvalid,
    IllegalMove for a cancelled invoice, or ledger.PeriodClosed.
    """
    found = SupplierInvoice.objects.visible_to(actor).select_for_update(of=("self",))
    invoice = found.get(id=invoice_id)
    actor.must("supply.enter_supplier_credit", invoice.org_id)
    if invoice.state == SupplierInvoiceState.CANCELLED:
        raise IllegalMove(_("This invoice was cancelled."))
    line = invoice.lines.select_related("movement__target").get(id=line_id)
    if not number.strip() or not reason.strip():
        raise CreditInvalid(_("A credit note has its number, and says why."))
    _refuse(line, net, vat, issued_on, at)
    try:
        with transaction.atomic():
            credit = SupplierCredit.objects.create(
                org_id=invoice.org_id,
                invoice=invoice,
                line=line,
                number=number.strip()[:40],
                issued_on=issued_on,
                net=net,
                vat=vat,
                reason=reason.strip()[:200],
                entered_by_id=actor.id,
                entered_at=at,
            )
    except IntegrityError as error:
        if "a_line_is_credited_by_a_note_once" not in str(error):
            raise
        raise CreditInvalid(_("This credit note was entered already.")) from error
    lying = -_worth_less(line, net, at)
    ledger.post_entries(
        entries=[
            NewEntry(
                org_id=invoice.org_id,
                kind=CREDITED,
                source_kind=CREDIT,
                source_id=credit.id,
                occurred_on=ledger_queries.open_day(
                    org_id=invoice.org_id, day=issued_on, actor=actor
                ),
                postings=legs_of(
                    *(
                        part
                        for part in (
                            (PAYABLE, net + vat),
                            (STOCK, -lying),
                            (USED, lying - net),
                            (INPUT_VAT, -vat),
                        )
                        if part[1]
                    ),
                    city=line.movement.target.city,
                ),
            )
        ],
        actor=actor,
        at=at,
    )
    return SupplierCreditEntered(
        org_id=invoice.org_id, actor_id=actor.id, at=at, credit_id=credit.id,
        invoice_id=invoice.id, net=net, vat=vat,
    )  # fmt: skip


def _worth_less(line: SupplierInvoiceLine, net: Decimal, at: datetime) -> Decimal:
    """Take a credit from the pieces of a line that still lie there; answers that part, negative."""
    key = line.org_id, line.movement.item_id
    books = worths([key], at=at)
    pieces = min(max(books.pieces[key], 0), line.movement.quantity)
    part = to_fen(-net * pieces / line.movement.quantity)
    taken = books.change(key, part, cause=WorthCause.CREDITED, invoice_id=line.invoice_id)
    books.keep()
    return taken
