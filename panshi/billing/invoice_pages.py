"""Pages of e-invoices and of financed receivables."""

from decimal import Decimal
from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from panshi.billing import queries, services
from panshi.billing.models import InvoiceState, Recourse
from panshi.kit.clock import add_months, local_day
from panshi.kit.forms import Field, Form
from panshi.kit.records import Detail, Tile
from panshi.kit.tables import Column, Filter, Slice, Table
from panshi.kit.web import Request, needs

TONES: Final = {
    "ASKED": "info", "SUBMITTED": "info", "ISSUED": "ok", "REJECTED": "bad", "RED_ASKED": "warn",
    "RED_ISSUED": "idle",
}  # fmt: skip
INVOICES: Final = Table(
    name="invoices",
    columns=(
        Column(key="number", label=lazy("Number"), kind="mono", show=lambda r: r.number or "—"),
        Column(key="customer_name", label=lazy("Customer")),
        Column(key="buyer_name", label=lazy("Made out to")),
        Column(key="is_red", label=lazy("Red letter"), kind="flag"),
        Column(key="state", label=lazy("State"), kind="state", choices=InvoiceState, tones=TONES),
        Column(key="asked_at", label=lazy("Asked"), kind="moment"),
        Column(key="issued_at", label=lazy("Issued"), kind="moment"),
        Column(key="total", label=lazy("Total"), kind="money"),
    ),
    filters=(
        Filter(key="number", label=lazy("Number")),
        Filter(key="state", label=lazy("State"), kind="choice", choices=InvoiceState.choices),
    ),
    row_url="billing-invoice",
    export="invoices",
    empty=lazy("No invoices yet. Ask for one on the page of a bill."),
    live=("billing.InvoiceRequested", "billing.InvoiceIssued", "billing.InvoiceRejected"),
)
TITLE: Final = Form(
    fields=[
        Field(name="buyer_name", label=lazy("Made out to"), longest=120),
        Field(
            name="buyer_tax_no",
            label=lazy("Tax number"),
            kind="mono",
            required=False,
            longest=24,
            help=lazy("Empty for a person."),
        ),
    ]
)
ASK: Final = Form(
    fields=[
        *TITLE.fields,
        Field(name="email", label=lazy("Send it to"), required=False, longest=120),
    ]
)
REASON: Final = Form(fields=[Field(name="reason", label=lazy("Why it is taken back"), longest=200)])


@require_GET
@needs("billing.view")
def invoices(request: Request) -> HttpResponse:
    ask = INVOICES.read(request.GET)
    page = queries.invoice_page(
        state=ask.text("state"),
        number=ask.text("number"),
        limit=ask.limit,
        offset=ask.offset,
        actor=request.actor,
    )
    part = Slice(rows=page.rows, total=page.total)
    return INVOICES.respond(request, ask, part, "billing/invoices.html")


@require_GET
@needs("billing.view")
def invoice(request: Request, invoice_id: UUID) -> HttpResponse:
    card = queries.invoice_card(invoice_id=invoice_id, actor=request.actor)
    context = {
        "invoice": card,
        "state": InvoiceState(card.state),
        "tone": TONES[card.state],
        "tiles": [
            Tile(label=_("Total, tax included"), value=card.total, kind="money"),
            Tile(label=_("VAT"), value=card.vat, kind="money"),
            Tile(label=_("Net"), value=card.net, kind="money"),
        ],
        "details": [
            Detail(
                label=_("Customer"),
                value=card.customer_name,
                url=reverse("crm-customer", args=[card.customer_id]),
            ),
            Detail(label=_("Made out to"), value=card.buyer_name),
            Detail(label=_("Tax number"), value=card.buyer_tax_no, kind="mono"),
            Detail(label=_("Send it to"), value=card.email),
            Detail(label=_("Asked"), value=card.asked_at, kind="moment"),
            Detail(label=_("Submitted"), value=card.submitted_at, kind="moment"),
            Detail(label=_("Issued"), value=card.issued_at, kind="moment"),
            Detail(label=_("Times submitted"), value=card.attempt, kind="number"),
        ],
        "may_take_back": card.state == InvoiceState.ISSUED
        and card.red_of_id is None
        and request.actor.may("billing.request_red"),
        "may_ask_again": card.state == InvoiceState.REJECTED
        and request.actor.may("billing.request_invoice"),
    }
    return render(request, "billing/invoice.html", context)


@require_http_methods(["GET", "POST"])
@needs("billing.request_invoice")
def ask_invoice(request: Request, bill_id: UUID) -> HttpResponse:
    bill = queries.bill_card(bill_id=bill_id, today=local_day(timezone.now()), actor=request.actor)
    context = {
        "bill": bill,
        "submit": _("Ask for the invoice"),
        "cancel_url": reverse("billing-bill", args=[bill_id]),
    }
    if request.method == "GET":
        blank = ASK.blank(buyer_name=bill.customer_name or None)
        return blank.respond(request, "billing/invoice_ask.html", context)
    form = ASK.read(request.POST)
    if not form.ok:
        return form.respond(request, "billing/invoice_ask.html", context)
    fact = form.call(request, services.request_invoice, bill_ids=[bill_id], at=timezone.now())
    messages.success(request, _("The invoice was asked for."))
    return redirect("billing-invoice", fact["invoice_id"])


@require_http_methods(["GET", "POST"])
@needs("billing.request_red")
def take_back(request: Request, invoice_id: UUID) -> HttpResponse:
    card = queries.invoice_card(invoice_id=invoice_id, actor=request.actor)
    context = {
        "invoice": card,
        "submit": _("Ask for the red letter"),
        "cancel_url": reverse("billing-invoice", args=[invoice_id]),
    }
    if request.method == "GET":
        return REASON.blank().respond(request, "billing/invoice_red.html", context)
    form = REASON.read(request.POST)
    if not form.ok:
        return form.respond(request, "billing/invoice_red.html", context)
    fact = form.call(request, services.request_red, invoice_id=invoice_id, at=timezone.now())
    messages.success(request, _("The red letter was asked for."))
    return redirect("billing-invoice", fact["red_id"])


@require_http_methods(["GET", "POST"])
@needs("billing.request_invoice")
def ask_again(request: Request, invoice_id: UUID) -> HttpResponse:
    card = queries.invoice_card(invoice_id=invoice_id, actor=request.actor)
    context = {
        "invoice": card,
        "submit": _("Ask again"),
        "cancel_url": reverse("billing-invoice", args=[invoice_id]),
    }
    if request.method == "GET":
        filled = TITLE.blank(buyer_name=card.buyer_name, buyer_tax_no=card.buyer_tax_no)
        return filled.respond(request, "billing/invoice_again.html", context)
    form = TITLE.read(request.POST)
    if not form.ok:
        return form.respond(request, "billing/invoice_again.html", context)
    form.call(request, services.ask_again, invoice_id=invoice_id, at=timezone.now())
    messages.success(request, _("The invoice was asked for."))
    return redirect("billing-invoice", invoice_id)


FINANCE: Final = Form(
    fields=[
        Field(
            name="numbers",
            label=lazy("Numbers of bills"),
            kind="area",
            help=lazy("One on each line, all of one book."),
        ),
        Field(name="funder", label=lazy("Funder"), longest=80),
        Field(name="percent", label=lazy("Advance"), kind="number", unit="%"),
        Field(name="fee", label=lazy("Fee"), kind="money"),
        Field(name="recourse", label=lazy("Recourse"), kind="choice", choices=Recourse),
        Field(name="starts_on", label=lazy("From"), kind="day"),
        Field(name="ends_on", label=lazy("To be repaid by"), kind="day"),
    ]
)


@require_GET
@needs("billing.view")
def financings(request: Request) -> HttpResponse:
    context = {
        "rows": queries.financings(actor=request.actor),
        "may_finance": request.actor.may("billing.finance_receivables"),
        "may_repay": request.actor.may("billing.repay_financing"),
    }
    return render(request, "billing/financings.html", context)


@require_http_methods(["GET", "POST"])
@needs("billing.finance_receivables")
def finance(request: Request) -> HttpResponse:
    today = local_day(timezone.now())
    context = {"submit": _("Take the advance"), "cancel_url": reverse("billing-financings")}
    if request.method == "GET":
        filled = FINANCE.blank(
            percent=Decimal(80), fee=Decimal(0), starts_on=today, ends_on=add_months(today, 3)
        )
        return filled.respond(request, "billing/finance.html", context)
    form = FINANCE.read(request.POST)
    if form.ok:
        asked = tuple(dict.fromkeys(form.values.pop("numbers").split()))
        found = queries.bills_by_number(numbers=asked, actor=request.actor)
        missing = [number for number in asked if number not in found]
        if missing:
            form.refuse("numbers", _("Unknown: %(numbers)s") % {"numbers": ", ".join(missing)})
        else:
            try:
                form.call(
                    request,
                    services.finance_receivables,
                    bill_ids=list(found.values()),
                    at=timezone.now(),
                )
                messages.success(request, _("The advance is booked."))
                return redirect("billing-financings")
            except (services.AlreadyFinanced, services.NothingToFinance) as refusal:
                form.refuse("numbers", refusal.words)
    return form.respond(request, "billing/finance.html", context)


@require_POST
def repay(request: Request, batch_id: UUID) -> HttpResponse:
    services.repay_financing(batch_id=batch_id, actor=request.actor, at=timezone.now())
    messages.success(request, _("The advance is paid back."))
    return redirect("billing-financings")
