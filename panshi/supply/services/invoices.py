"""Invoices of suppliers settle what was received; a second person pays them, or one cancels."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils.translation import gettext as _
from pydantic import Base64Bytes

from panshi.billing import services as billing
from panshi.kit import files
from panshi.kit.clock import local_day
from panshi.kit.money import ZERO, is_amount, split, to_fen
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.ledger import queries as ledger_queries
from panshi.ledger import services as ledger
from panshi.ledger.services import NewEntry, legs_of
from panshi.supply.events import (
    SupplierInvoiceCancelled,
    SupplierInvoiceEntered,
    SupplierInvoicePaid,
)
from panshi.supply.models import (
    SUPPLIER_INVOICE_LIFE,
    LocationKind,
    MovementReason,
    StockMovement,
    SupplierInvoice,
    SupplierInvoiceLine,
    SupplierInvoiceState,
    WorthCause,
    WorthChange,
)
from panshi.supply.queries.due import BANK, PAID
from panshi.supply.services.worth import ESTIMATED, OPENING, STOCK, USED, Worths, worths

INVOICE: Final = "supply.SupplierInvoice"
ENTERED: Final = "SUPPLIER_INVOICE"
REST: Final = "SUPPLIER_INVOICE_REST"
PAYABLE: Final = "2202"
INPUT_VAT: Final = "2221.02"


class InvoiceInvalid(Refusal):
    pass


class ReceiptInvoiced(Refusal):
    pass


class OwnInvoice(Refusal):
    pass


def _receipts(movement_ids: Sequence[UUID], org_id: int, actor: Actor) -> list[StockMovement]:
    """The receipts that an invoice asks for. Raises InvoiceInvalid for anything else."""
    found = (
        StockMovement.objects.visible_to(actor)
        .select_related("item", "target")
        .filter(id__in=list(movement_ids), org_id=org_id, reason=MovementReason.RECEIPT)
        .filter(source__kind=LocationKind.SUPPLIER)
        .exclude(document=OPENING)
    )
    receipts = list(found.order_by("id"))
    if not receipts or len(receipts) < len(set(movement_ids)):
        raise InvoiceInvalid(_("Choose what was received of this invoice."))
    return receipts


def _shares(receipts: Sequence[StockMovement], net: Decimal) -> list[Decimal]:
    """The invoice's net amount by what each receipt was said to cost. Raises InvoiceInvalid."""
    if len(receipts) == 1:
        return [net]
    if any(receipt.unit_price is None for receipt in receipts):
        raise InvoiceInvalid(
            _("One of these receipts has no price; enter an invoice for each, or give it a price.")
        )
    return split(net, [(receipt.unit_price or ZERO) * receipt.quantity for receipt in receipts])


def _refuse(
    supplier: str, number: str, issued_on: date, net: Decimal, vat: Decimal, at: datetime
) -> None:
    if not supplier.strip() or not number.strip():
        raise InvoiceInvalid(_("An invoice names its supplier and its number."))
    if not (is_amount(net) and is_amount(vat)) or net <= 0 or vat < 0 or vat >= net:
        raise InvoiceInvalid(_("The net amount must be above zero, and the VAT a part of it."))
    if issued_on > local_day(at):
        raise InvoiceInvalid(_("This day has not come yet."))


def _post(
    invoice: SupplierInvoice,
    kind: str,
    parts: Sequence[tuple[str, Decimal]],
    *,
    day: date,
    city: str,
    actor: Actor,
    at: datetime,
) -> None:
    """One entry of an invoice; parts of nothing are left out."""
    ledger.post_entries(
        entries=[
            NewEntry(
                org_id=invoice.org_id,
                kind=kind,
                source_kind=INVOICE,
                source_id=invoice.id,
                occurred_on=day,
                postings=legs_of(*(part for part in parts if part[1]), city=city),
            )
        ],
        actor=actor,
        at=at,
    )


@verb
def enter_supplier_invoice(
    *,
    org_id: int,
    supplier: str,
    number: str,
    issued_on: date,
    net: Decimal,
    vat: Decimal,
    movement_ids: Sequence[UUID],
    actor: Actor,
    at: datetime,
    file_name: str = "",
    content: Base64Bytes | None = None,
) -> SupplierInvoiceEntered:
    """Owe a supplier what its invoice asks for receipts: `net` and input VAT, in CNY.

    What it costs more or less than was taken in goes to the pieces that still lie there, the rest
    to parts used. Raises InvoiceInvalid, ReceiptInvoiced, ledger.PeriodClosed, or what kit.files
    refuses.
    """
    actor.must("supply.enter_supplier_invoice", org_id)
    _refuse(supplier, number, issued_on, net, vat, at)
    receipts = _receipts(movement_ids, org_id, actor)
    shares = _shares(receipts, net)
    invoice = SupplierInvoice(
        org_id=org_id,
        supplier=supplier.strip()[:80],
        number=number.strip()[:40],
        issued_on=issued_on,
        net=net,
        vat=vat,
        entered_by_id=actor.id,
        entered_at=at,
    )
    if content is not None:
        invoice.file = files.store(content=content, name=file_name, org_id=org_id, actor=actor)
    taken = dict(
        WorthChange.objects.filter(movement__in=receipts, cause=WorthCause.MOVED)
        .values_list("movement_id")
        .annotate(Sum("amount"))
    )
    try:
        with transaction.atomic():
            invoice.save(force_insert=True)
            lines = SupplierInvoiceLine.objects.bulk_create(
                SupplierInvoiceLine(
                    org_id=org_id,
                    invoice=invoice,
                    movement=receipt,
                    estimated=taken.get(receipt.id, ZERO),
                    net=share,
                )
                for receipt, share in zip(receipts, shares, strict=True)
            )
    except IntegrityError as error:
        if "a_receipt_is_invoiced_once" in str(error):
            raise ReceiptInvoiced(_("One of these receipts has its invoice already.")) from error
        if "an_invoice_of_a_supplier_is_entered_once" in str(error):
            raise InvoiceInvalid(_("This invoice was entered already.")) from error
        raise
    books = worths([(org_id, receipt.item_id) for receipt in receipts], at=at)
    lying = sum((_corrected(books, line) for line in lines), ZERO)
    books.keep()
    estimated = sum((line.estimated for line in lines), ZERO)
    _post(
        invoice,
        ENTERED,
        (
            (ESTIMATED, estimated),
            (STOCK, lying),
            (USED, net - estimated - lying),
            (INPUT_VAT, vat),
            (PAYABLE, -net - vat),
        ),
        day=ledger_queries.open_day(org_id=org_id, day=issued_on, actor=actor),
        city=receipts[0].target.city,
        actor=actor,
        at=at,
    )
    return SupplierInvoiceEntered(
        org_id=org_id, actor_id=actor.id, at=at, invoice_id=invoice.id, net=net, vat=vat
    )


def _corrected(books: Worths, line: SupplierInvoiceLine) -> Decimal:
    """Bring the difference of a line to its pieces that still lie there; answers that part."""
    movement = line.movement
    key = line.org_id, movement.item_id
    pieces = min(max(books.pieces[key], 0), movement.quantity)
    part = to_fen((line.net - line.estimated) * pieces / movement.quantity)
    return books.change(key, part, cause=WorthCause.INVOICED, invoice_id=line.invoice_id)


def _invoice(invoice_id: UUID, permission: str, actor: Actor) -> SupplierInvoice:
    found = SupplierInvoice.objects.visible_to(actor).select_for_update(of=("self",))
    invoice = found.get(id=invoice_id)
    actor.must(permission, invoice.org_id)
    return invoice


def city_of_invoice(invoice: SupplierInvoice) -> str:
    """The city of the place that an invoice's goods came to."""
    first = invoice.lines.select_related("movement__target").order_by("movement_id").first()
    return first.movement.target.city if first else ""


def _close(
    invoice: SupplierInvoice, state: SupplierInvoiceState, words: str, actor: Actor, at: datetime
) -> None:
    invoice.state = SUPPLIER_INVOICE_LIFE.step(invoice.state, state)
    invoice.closed_by_id, invoice.closed_at, invoice.words = actor.id, at, words.strip()[:200]
    invoice.save(update_fields=["state", "closed_by_id", "closed_at", "paid_on", "words"])


@verb
def pay_supplier_invoice(
    *,
    invoice_id: UUID,
    paid_on: date,
    actor: Actor,
    at: datetime,
    reference: str = "",
    line_id: UUID | None = None,
) -> SupplierInvoicePaid:
    """Note that an invoice was paid from the bank, by another person than who entered it.

    `line_id` is the bank's line that says so. Raises IllegalMove, OwnInvoice, InvoiceInvalid for a
    day ahead, ledger.PeriodClosed, or billing.EntryDoesNotFit when the line is of another amount.
    """
    invoice = _invoice(invoice_id, "supply.pay_supplier_invoice", actor)
    if paid_on > local_day(at):
        raise InvoiceInvalid(_("This day has not come yet."))
    if invoice.entered_by_id == actor.id:
        raise OwnInvoice(_("Somebody else than who entered the invoice pays it."))
    invoice.paid_on = paid_on
    _close(invoice, SupplierInvoiceState.PAID, reference, actor, at)
    given = invoice.credits.aggregate(net=Sum("net"), vat=Sum("vat"))
    total = invoice.net + invoice.vat - (given["net"] or ZERO) - (given["vat"] or ZERO)
    _post(
        invoice, PAID, ((PAYABLE, total), (BANK, -total)),
        day=paid_on, city=city_of_invoice(invoice), actor=actor, at=at,
    )  # fmt: skip
    if line_id is not None:
        found = ledger_queries.entries_of_sources(source_ids=(invoice.id,), actor=actor)
        (entry,) = (entry for entry in found if entry.kind == PAID)
        billing.settle_outgoing(line_id=line_id, entry_id=entry.id, actor=actor, at=at)
    return SupplierInvoicePaid(
        org_id=invoice.org_id, actor_id=actor.id, at=at, invoice_id=invoice.id, amount=total
    )


@verb
def cancel_supplier_invoice(
    *, invoice_id: UUID, reason: str, actor: Actor, at: datetime
) -> SupplierInvoiceCancelled:
    """Cancel an invoice that was not paid by a mirror entry; its receipts wait for another.

    Raises IllegalMove, InvoiceInvalid without a reason, or ledger.PeriodClosed.
    """
    invoice = _invoice(invoice_id, "supply.cancel_supplier_invoice", actor)
    if not reason.strip():
        raise InvoiceInvalid(_("Say why."))
    if invoice.credits.exists():
        raise InvoiceInvalid(_("A part of this invoice was credited; it cannot be cancelled."))
    city = city_of_invoice(invoice)
    _close(invoice, SupplierInvoiceState.CANCELLED, reason, actor, at)
    invoice.lines.update(live=False)
    found = ledger_queries.entries_of_sources(source_ids=(invoice.id,), actor=actor)
    ledger.reverse_entries(
        entry_ids=[entry.id for entry in found if entry.kind == ENTERED],
        occurred_on=local_day(at),
        actor=actor,
        at=at,
    )
    changes = list(WorthChange.objects.filter(invoice=invoice, cause=WorthCause.INVOICED))
    books = worths([(change.org_id, change.item_id) for change in changes], at=at)
    rest = ZERO
    for change in changes:
        key = change.org_id, change.item_id
        # What no piece is left to bear has gone into parts used, and comes back from there.
        wanted = -change.amount if books.pieces[key] > 0 else ZERO
        back = books.change(key, wanted, cause=WorthCause.INVOICE_CANCELLED, invoice_id=invoice.id)
        rest += back + change.amount
    books.keep()
    if rest:
        _post(
            invoice, REST, ((STOCK, rest), (USED, -rest)),
            day=local_day(at), city=city, actor=actor, at=at,
        )  # fmt: skip
    return SupplierInvoiceCancelled(
        org_id=invoice.org_id, actor_id=actor.id, at=at, invoice_id=invoice.id, reason=reason
    )
