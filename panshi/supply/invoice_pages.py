"""Pages of suppliers' invoices, and of what stock is worth in the books."""

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from panshi.billing import queries as billing
from panshi.kit.clock import local_day
from panshi.kit.files import FileNotAccepted, FileTooLarge
from panshi.kit.forms import Field, Form
from panshi.kit.money import ZERO
from panshi.kit.tables import Column, Filter, Slice, Table
from panshi.kit.web import Request, needs, show_file
from panshi.supply import queries, services
from panshi.supply.events import StockLine
from panshi.supply.models import SupplierInvoiceState

TONES: Final = {"ENTERED": "warn", "PAID": "ok", "CANCELLED": "idle"}
INVOICES: Final = Table(
    name="supplier-invoices",
    columns=(
        Column(key="number", label=lazy("Invoice number"), kind="mono"),
        Column(key="supplier", label=lazy("Supplier")),
        Column(key="issued_on", label=lazy("Day"), kind="day", sort=True),
        Column(key="net", label=lazy("Net"), kind="money", sort=True),
        Column(key="vat", label=lazy("Input VAT"), kind="money"),
        Column(key="total", label=lazy("Total"), kind="money"),
        Column(
            key="state", label=lazy("State"), kind="state", tones=TONES,
            choices=SupplierInvoiceState,
        ),
        Column(key="paid_on", label=pgettext_lazy("invoice of a supplier", "Paid on"), kind="day"),
        Column(key="entered_by", label=lazy("Entered by"), hidden=True),
    ),
    filters=(
        Filter(key="text", label=lazy("Supplier or number")),
        Filter(key="state", label=lazy("State"), kind="choice", choices=SupplierInvoiceState),
    ),
    sort="-issued_on",
    row_url="supply-invoice",
    export="supplier-invoices",
    empty=lazy("No invoice of a supplier was entered yet."),
    live=("supply.SupplierInvoice*",),
)  # fmt: skip


@require_GET
@needs("supply.view")
def invoices(request: Request) -> HttpResponse:
    """What suppliers asked for."""
    ask = INVOICES.read(request.GET)
    page = queries.supplier_invoices(
        text=ask.text("text"),
        state=ask.text("state"),
        order_by=ask.order_by,
        offset=ask.offset,
        limit=ask.limit,
        actor=request.actor,
    )
    part = Slice(rows=page.rows, total=page.total, totals={"net": page.net, "vat": page.vat})
    return INVOICES.respond(request, ask, part, "supply/invoices.html")


def _form(request: Request) -> Form:
    waiting = queries.receipts_to_invoice(org_id=request.actor.org_id, actor=request.actor)
    return Form(
        fields=[
            Field(name="supplier", label=lazy("Supplier"), longest=80),
            Field(name="number", label=lazy("Invoice number"), kind="mono", longest=40),
            Field(name="issued_on", label=lazy("Day"), kind="day"),
            Field(name="net", label=lazy("Net amount"), kind="money"),
            Field(
                name="vat",
                label=lazy("Input VAT"),
                kind="money",
                required=False,
                help=lazy("Leave empty what may not be deducted, and count it to the net amount."),
            ),
            Field(
                name="receipts",
                label=lazy("What was received"),
                kind="choices",
                choices=[
                    (
                        str(row.movement_id),
                        f"{local_day(row.at):%m-%d} · {row.supplier or '—'} · {row.item_code} ×"
                        f" {row.quantity} · {row.estimated:,.2f}",
                    )
                    for row in waiting
                ],
            ),
            Field(
                name="scan",
                label=lazy("Scan"),
                kind="file",
                required=False,
                help=lazy("JPEG, PNG, WebP or PDF, up to 15 MB."),
            ),
        ]
    )


@require_http_methods(["GET", "POST"])
@needs("supply.enter_supplier_invoice")
def enter(request: Request) -> HttpResponse:
    """Enter an invoice for what was received."""
    form = _form(request)
    context = {
        "title": _("Enter an invoice"),
        "submit": _("Enter the invoice"),
        "cancel_url": reverse("supply-invoices"),
    }
    if request.method == "GET":
        blank = form.blank(issued_on=local_day(timezone.now()))
        return blank.respond(request, "supply/form.html", context)
    reading = form.read(request.POST, request.FILES)
    if reading.ok:
        given = reading.values
        upload = given["scan"]
        try:
            fact = services.enter_supplier_invoice(
                org_id=request.actor.org_id,
                supplier=given["supplier"],
                number=given["number"],
                issued_on=given["issued_on"],
                net=given["net"],
                vat=given["vat"] or ZERO,
                movement_ids=[UUID(chosen) for chosen in given["receipts"]],
                file_name=upload.name if upload else "",
                content=upload.read() if upload else None,
                actor=request.actor,
                at=timezone.now(),
            )
            messages.success(request, _("The invoice is in the books."))
            return redirect("supply-invoice", fact.invoice_id)
        except services.ReceiptInvoiced as refusal:
            reading.refuse("receipts", refusal.words)
        except services.InvoiceInvalid as refusal:
            reading.refuse("net", refusal.words)
        except (FileNotAccepted, FileTooLarge) as refusal:
            reading.refuse("scan", refusal.words)
    return reading.respond(request, "supply/form.html", context)


PAY: Final = Form(
    fields=[
        Field(name="paid_on", label=pgettext_lazy("invoice of a supplier", "Paid on"), kind="day"),
        Field(name="reference", label=lazy("Bank reference"), required=False, longest=64),
    ]
)
BACK: Final = Form(
    fields=[
        Field(
            name="received_on", label=pgettext_lazy("money of a supplier", "Came on"), kind="day"
        ),
        Field(name="amount", label=lazy("Amount"), kind="money"),
        Field(name="reference", label=lazy("Bank reference"), required=False, longest=64),
    ]
)
CANCEL: Final = Form(fields=[Field(name="reason", label=lazy("Reason"), longest=200)])


@require_http_methods(["GET", "POST"])
@needs("supply.view")
def invoice(request: Request, invoice_id: UUID) -> HttpResponse:
    """One invoice: what it asks for; paid by a second person, or cancelled."""
    row = queries.supplier_invoice(invoice_id=invoice_id, actor=request.actor)
    waits = row.state == SupplierInvoiceState.ENTERED
    own = row.entered_by_id == request.actor.id
    may_pay = waits and not own and request.actor.may("supply.pay_supplier_invoice")
    may_cancel = waits and request.actor.may("supply.cancel_supplier_invoice")
    may_back = row.owed_back > 0 and request.actor.may("supply.receive_supplier_refund")
    today = local_day(timezone.now())
    pay, cancel = PAY.blank(paid_on=today), CANCEL.blank()
    back = BACK.blank(received_on=today, amount=row.owed_back)
    status = 200
    if request.method == "POST":
        act = request.GET.get("act")
        verb: Callable[..., object]
        if act == "pay":
            pay = PAY.read(request.POST)
            reading, verb, done = pay, services.pay_supplier_invoice, _("The payment is booked.")
        elif act == "back":
            back = BACK.read(request.POST)
            reading, verb, done = back, services.receive_supplier_refund, _("Booked.")
        else:
            cancel = CANCEL.read(request.POST)
            reading, verb = cancel, services.cancel_supplier_invoice
            done = _("The invoice is cancelled in the books.")
        if reading.ok:
            verb(invoice_id=invoice_id, actor=request.actor, at=timezone.now(), **reading.values)
            messages.success(request, done)
            return redirect("supply-invoice", invoice_id)
        status = 422
    context = {
        "credits": queries.supplier_credits(invoice_id=invoice_id, actor=request.actor),
        "may_credit": row.state != SupplierInvoiceState.CANCELLED
        and request.actor.may("supply.enter_supplier_credit"),
        "refunds": queries.supplier_refunds(invoice_id=invoice_id, actor=request.actor),
        "back": back if may_back else None,
        "row": row,
        "tone": TONES[row.state],
        "pay": pay if may_pay else None,
        "cancel": cancel if may_cancel else None,
        "own": waits and own,
    }
    return render(request, "supply/invoice.html", context, status=status)


@require_http_methods(["GET", "POST"])
@needs("supply.enter_supplier_credit")
def credit(request: Request, invoice_id: UUID) -> HttpResponse:
    """Enter what the supplier gives back of a line."""
    row = queries.supplier_invoice(invoice_id=invoice_id, actor=request.actor)
    form = Form(
        fields=[
            Field(
                name="line",
                label=lazy("Of what"),
                kind="choice",
                choices=[
                    (str(line.id), f"{line.item_code} · {line.name_zh} · {line.net}")
                    for line in row.lines
                ],
            ),
            Field(name="number", label=lazy("Number of the credit note"), longest=40),
            Field(name="issued_on", label=lazy("Day"), kind="day"),
            Field(name="net", label=lazy("Net"), kind="money"),
            Field(name="vat", label=lazy("Input VAT"), kind="money"),
            Field(name="reason", label=lazy("Reason"), longest=200),
        ]
    )
    context = {
        "title": _("Credit note of the supplier"),
        "submit": _("Enter the credit note"),
        "cancel_url": reverse("supply-invoice", args=[invoice_id]),
    }
    if request.method == "GET":
        blank = form.blank(issued_on=local_day(timezone.now()))
        return blank.respond(request, "supply/form.html", context)
    reading = form.read(request.POST)
    if reading.ok:
        try:
            reading.values["line_id"] = UUID(reading.values.pop("line"))
            services.enter_supplier_credit(
                invoice_id=invoice_id, actor=request.actor, at=timezone.now(), **reading.values
            )
            messages.success(request, _("The credit note is in the books."))
            return redirect("supply-invoice", invoice_id)
        except services.CreditInvalid as refusal:
            reading.refuse("net", refusal.words)
    return reading.respond(request, "supply/form.html", context)


@require_POST
@needs("supply.pay_supplier_invoice")
def pay_by_line(request: Request, invoice_id: UUID, line_id: UUID) -> HttpResponse:
    """Note an invoice as paid on the day of the bank's line that says so."""
    line = billing.bank_line(line_id=line_id, actor=request.actor)
    services.pay_supplier_invoice(
        invoice_id=invoice_id,
        paid_on=line.value_on,
        reference=line.serial_no,
        line_id=line_id,
        actor=request.actor,
        at=timezone.now(),
    )
    messages.success(request, _("The payment is booked."))
    return redirect("billing-bank-line", line_id)


@require_POST
@needs("supply.receive_supplier_refund")
def back_by_line(request: Request, invoice_id: UUID, line_id: UUID) -> HttpResponse:
    """Note money that a supplier sent back on the day of the bank's line that says so."""
    line = billing.bank_line(line_id=line_id, actor=request.actor)
    services.receive_supplier_refund(
        invoice_id=invoice_id,
        received_on=line.value_on,
        amount=line.amount,
        reference=line.serial_no,
        line_id=line_id,
        actor=request.actor,
        at=timezone.now(),
    )
    messages.success(request, _("Booked."))
    return redirect("billing-bank-line", line_id)


@require_GET
@needs("supply.view")
def scan(request: Request, invoice_id: UUID) -> HttpResponse:
    """The scan of an invoice."""
    try:
        found = queries.supplier_invoice_file(invoice_id=invoice_id, actor=request.actor)
    except ObjectDoesNotExist as error:
        raise Http404 from error
    return show_file(found.content, found.media_type)


WORTH_PAGE: Final = 100


@require_http_methods(["GET", "POST"])
@needs("supply.view")
def worth(request: Request) -> HttpResponse:
    """What stock is worth in the books; parts without a worth are taken in here."""
    words = request.GET.get("from", "")
    offset = int(words) if words.isdecimal() and len(words) < 8 else 0
    blanks = queries.parts_without_worth(org_id=request.actor.org_id, actor=request.actor)
    may = request.actor.may("supply.take_stock_into_books")
    price = Form(
        fields=[
            Field(
                name="item",
                label=lazy("Part"),
                kind="choice",
                choices=[(code, f"{code} · {name}") for code, name in blanks],
            ),
            Field(name="unit_price", label=lazy("Price of one, tax included"), kind="money"),
        ]
    )
    form = price.blank()
    if request.method == "POST":
        form = price.read(request.POST)
        last = request.POST.get("act") == "last"
        if last or form.ok:
            given: dict[str, Any] = form.values
            prices = () if last else (
                StockLine(item_code=given["item"], quantity=1, unit_price=given["unit_price"]),
            )  # fmt: skip
            try:
                fact = services.take_stock_into_books(
                    org_id=request.actor.org_id, prices=prices, actor=request.actor,
                    at=timezone.now(),
                )  # fmt: skip
                words = _("%(parts)d parts are taken into the books.") % {"parts": fact.parts}
                messages.success(request, words)
                return redirect("supply-worth")
            except services.PriceMissing as refusal:
                form.refuse("unit_price", refusal.words)
    part = queries.stock_worth(limit=WORTH_PAGE, offset=offset, actor=request.actor)
    context = {
        "rows": part.rows,
        "next": offset + WORTH_PAGE if offset + WORTH_PAGE < part.total else None,
        "total": part.value,
        "many": part.books > 1,
        "blanks": len(blanks),
        "form": form if may and blanks else None,
    }
    return render(request, "supply/worth.html", context, status=200 if form.ok else 422)


URLS: Final = [
    path("supply/invoices/", invoices, name="supply-invoices"),
    path("supply/invoices/new/", enter, name="supply-invoice-new"),
    path("supply/invoices/<uuid:invoice_id>/", invoice, name="supply-invoice"),
    path(
        "supply/invoices/<uuid:invoice_id>/line/<uuid:line_id>/",
        pay_by_line,
        name="supply-invoice-by-line",
    ),
    path(
        "supply/invoices/<uuid:invoice_id>/back/<uuid:line_id>/",
        back_by_line,
        name="supply-refund-by-line",
    ),
    path("supply/invoices/<uuid:invoice_id>/credit/", credit, name="supply-invoice-credit"),
    path("supply/invoices/<uuid:invoice_id>/scan/", scan, name="supply-invoice-scan"),
    path("supply/worth/", worth, name="supply-worth"),
]
