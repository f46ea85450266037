"""Pages of quotes: the list, drafting one, one quote with its price explained, its discount."""

from datetime import date
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from panshi.kit import records
from panshi.kit.clock import local_day
from panshi.kit.forms import Field, Form, Reading
from panshi.kit.records import Detail, Tile
from panshi.kit.tables import Column, Filter, Slice, Table
from panshi.kit.web import Request, needs
from panshi.leasing import queries, services
from panshi.leasing.choices import customer_choices, product_choices, vehicle_choices
from panshi.leasing.models import Alignment, QuoteState

TONES: Final = {
    "DRAFT": "idle", "DISCOUNT_REVIEW": "warn", "SENT": "info", "ACCEPTED": "ok",
    "DECLINED": "idle", "EXPIRED": "idle",
}  # fmt: skip
PATH: Final[list[tuple[str, str | Promise]]] = [
    ("DRAFT", pgettext_lazy("quote", "Draft")),
    ("SENT", pgettext_lazy("quote", "Sent")),
    ("ACCEPTED", pgettext_lazy("quote", "Accepted")),
]
ASKED: Final[dict[str, str | Promise]] = {
    "product": _("Product"),
    "model": _("Model"),
    "city": _("City"),
    "months": _("Months"),
    "volume": _("Vehicles at once"),
    "starts_on": _("First day"),
}
QUOTES: Final = Table(
    name="quotes",
    columns=(
        Column(key="number", label=_("Quote"), kind="mono"),
        Column(key="customer_name", label=_("Customer")),
        Column(key="plate", label=_("Vehicle"), kind="plate"),
        Column(key="state", label=_("State"), kind="state", tones=TONES, choices=QuoteState),
        Column(key="monthly_rent", label=_("Monthly rent"), kind="money", sort=True),
        Column(key="listed", label=_("List price"), kind="money"),
        Column(key="months", label=_("Months"), kind="number"),
        Column(key="valid_until", label=_("Valid until"), kind="day", sort=True),
        Column(key="hold_until", label=_("Vehicle held until"), kind="moment"),
        Column(key="drafted_at", label=_("Drafted"), kind="moment", sort=True, hidden=True),
    ),
    filters=(
        Filter(key="text", label=_("Quote number")),
        Filter(key="state", label=_("State"), kind="choice", choices=QuoteState),
    ),
    sort="-drafted_at",
    row_url="leasing-quote",
    export="quotes",
    empty=_("No quotes yet. Draft the first one."),
    live=("leasing.*",),
)
REASON: Final = Form(fields=[Field(name="reason", label=_("Why this rent?"), longest=200)])
DECIDE: Final = Form(
    fields=[Field(name="note", label=pgettext_lazy("discount", "Note"), longest=200)]
)


@require_GET
@needs("leasing.view")
def quotes(request: Request) -> HttpResponse:
    ask = QUOTES.read(request.GET)
    page = queries.quotes(
        text=ask.text("text"),
        state=ask.text("state"),
        order_by=ask.order_by,
        offset=ask.offset,
        limit=ask.limit,
        actor=request.actor,
    )
    return QUOTES.respond(
        request, ask, Slice(rows=page.rows, total=page.total), "leasing/quotes.html"
    )


def _form(request: Request) -> Form:
    return Form(
        fields=[
            Field(
                name="customer_id",
                label=_("Customer"),
                kind="choice",
                choices=customer_choices(request.actor),
            ),
            Field(
                name="vehicle_id",
                label=_("Vehicle"),
                kind="choice",
                choices=vehicle_choices(request.actor),
            ),
            Field(
                name="product_code",
                label=_("Product"),
                kind="choice",
                choices=product_choices(request.actor),
            ),
            Field(name="starts_on", label=_("First day"), kind="day", group=_("Term")),
            Field(name="months", label=_("Months"), kind="whole", least=1),
            Field(name="volume", label=_("Vehicles at once"), kind="whole", least=1),
            Field(name="alignment", label=_("Periods of rent"), kind="choice", choices=Alignment),
            Field(
                name="monthly_rent",
                label=_("Monthly rent"),
                kind="money",
                required=False,
                group=_("Price"),
                help=_("Empty: the price of the book."),
            ),
            Field(
                name="deposit",
                label=_("Deposit"),
                kind="money",
                required=False,
                help=_("Empty: as many months of rent as the qualification asks for."),
            ),
        ]
    )


@require_http_methods(["GET", "POST"])
@needs("leasing.draft_quote")
def draft(request: Request) -> HttpResponse:
    """Choose customer, vehicle and term; the book gives the price."""
    form = _form(request)
    context = {"submit": _("Draft the quote"), "cancel_url": reverse("leasing-quotes")}
    if request.method == "GET":
        return form.blank(
            starts_on=local_day(timezone.now()),
            months=12,
            volume=1,
            product_code="RENT_MONTHLY",
            alignment=Alignment.CALENDAR,
        ).respond(request, "leasing/quote_new.html", context)
    filled = form.read(request.POST)
    if filled.ok:
        values = filled.values
        try:
            fact = services.draft_quote(
                customer_id=UUID(values["customer_id"]),
                vehicle_id=UUID(values["vehicle_id"]),
                product_code=values["product_code"],
                starts_on=values["starts_on"],
                months=values["months"],
                volume=values["volume"],
                alignment=values["alignment"],
                monthly_rent=values["monthly_rent"],
                deposit=values["deposit"],
                actor=request.actor,
                at=timezone.now(),
            )
            return redirect("leasing-quote", fact.quote_id)
        except services.NoPrice as refusal:
            filled.refuse("product_code", refusal.words)
        except services.TermsInvalid as refusal:
            filled.refuse("monthly_rent", refusal.words)
    return filled.respond(request, "leasing/quote_new.html", context)


@require_GET
@needs("leasing.view")
def quote(request: Request, quote_id: UUID) -> HttpResponse:
    """One quote: its terms, where its price comes from, what can be done."""
    return render(request, "leasing/quote.html", _shown(request, quote_id))


def _shown(request: Request, quote_id: UUID) -> dict[str, Any]:
    card = queries.quote_card(quote_id=quote_id, actor=request.actor)
    explained = queries.quote_explained(quote_id=quote_id, actor=request.actor)
    row, today = card.row, local_day(timezone.now())
    limits = queries.quote_limits(on=today, actor=request.actor)
    may = request.actor.may
    below = card.below_floor
    reviewed = row.state == QuoteState.DISCOUNT_REVIEW
    return {
        "card": card,
        "row": row,
        "tone": TONES[row.state],
        "explained": explained,
        "asked": [(ASKED[name], value) for name, value in explained.asked],
        "send": _send_form(limits, today).blank(
            valid_until=limits.latest_end(today), hold_hours=min(24, limits.hold_hours)
        ),
        "may_send": may("leasing.send_quote")
        and ((row.state == QuoteState.DRAFT and not below) or (reviewed and card.approved)),
        "discount": REASON.blank()
        if may("leasing.draft_quote") and row.state == QuoteState.DRAFT and below
        else None,
        "decide": DECIDE.blank()
        if may("billing.approve_discount") and reviewed and not card.approved
        else None,
        "stages": []
        if row.state in (QuoteState.DECLINED, QuoteState.EXPIRED)
        else records.stages(
            path=PATH,
            state="DRAFT" if reviewed else row.state,
            dates={
                name: at
                for name, at in (
                    ("DRAFT", row.drafted_at),
                    ("SENT", card.sent_at),
                    ("ACCEPTED", card.answered_at),
                )
                if at
            },
        ),
        "tiles": [
            Tile(
                label=_("Monthly rent"),
                value=row.monthly_rent,
                kind="money",
                tone="warn" if below else "",
            ),
            Tile(label=_("List price"), value=row.listed, kind="money"),
            Tile(label=_("Lowest without approval"), value=card.floor, kind="money"),
            Tile(label=_("Deposit"), value=row.deposit, kind="money"),
        ],
        "details": [
            Detail(
                label=_("Customer"),
                value=row.customer_name,
                url=reverse("crm-customer", args=[row.customer_id]),
            ),
            Detail(
                label=_("Vehicle"),
                value=row.plate,
                kind="plate",
                url=reverse("fleet-vehicle", args=[row.vehicle_id]),
            ),
            Detail(label=_("Model"), value=row.model_name),
            Detail(label=_("First day"), value=row.starts_on, kind="day"),
            Detail(label=_("Months"), value=row.months, kind="number"),
            Detail(label=_("Valid until"), value=row.valid_until, kind="day"),
            Detail(label=_("Vehicle held until"), value=row.hold_until, kind="moment"),
            Detail(label=_("Drafted by"), value=card.drafted_by),
        ],
    }


def _send_form(limits: queries.QuoteLimits, today: date) -> Form:
    latest = limits.latest_end(today).isoformat()
    return Form(
        fields=[
            Field(
                name="valid_until",
                label=_("Valid until"),
                kind="day",
                help=gettext("%(day)s at the latest") % {"day": latest},
            ),
            Field(
                name="hold_hours",
                label=_("Hold the vehicle for"),
                kind="whole",
                unit=pgettext_lazy("unit", "h"),
                least=0,
                help=gettext("0: not held. %(hours)d at most.") % {"hours": limits.hold_hours},
            ),
        ]
    )


def _again(request: Request, quote_id: UUID, name: str, form: Reading) -> HttpResponse:
    """The page of a quote once more, with what was typed into one of its forms."""
    shown = {**_shown(request, quote_id), name: form}
    return render(request, "leasing/quote.html", shown, status=422)


@require_POST
def send(request: Request, quote_id: UUID) -> HttpResponse:
    today = local_day(timezone.now())
    limits = queries.quote_limits(on=today, actor=request.actor)
    form = _send_form(limits, today).read(request.POST)
    if not form.ok:
        return _again(request, quote_id, "send", form)
    services.send_quote(
        quote_id=quote_id,
        valid_until=form.values["valid_until"],
        hold_hours=form.values["hold_hours"],
        actor=request.actor,
        at=timezone.now(),
    )
    messages.success(request, gettext("Sent. The customer sees it in the portal."))
    return redirect("leasing-quote", quote_id)


@require_POST
def ask_discount(request: Request, quote_id: UUID) -> HttpResponse:
    form = REASON.read(request.POST)
    if not form.ok:
        return _again(request, quote_id, "discount", form)
    services.ask_discount(
        quote_id=quote_id,
        reason=form.values["reason"],
        actor=request.actor,
        at=timezone.now(),
    )
    return redirect("leasing-quote", quote_id)


@require_POST
def decide_discount(request: Request, quote_id: UUID) -> HttpResponse:
    form = DECIDE.read(request.POST)
    if not form.ok:
        return _again(request, quote_id, "decide", form)
    services.decide_discount(
        quote_id=quote_id,
        approve=request.POST.get("act") == "approve",
        note=form.values["note"],
        actor=request.actor,
        at=timezone.now(),
    )
    return redirect("leasing-quote", quote_id)


@require_POST
def accept(request: Request, quote_id: UUID) -> HttpResponse:
    """The customer has said yes on the telephone or at the desk."""
    fact = services.accept_quote(quote_id=quote_id, actor=request.actor, at=timezone.now())
    return redirect("leasing-lease", fact.lease_id)


@require_POST
def decline(request: Request, quote_id: UUID) -> HttpResponse:
    services.decline_quote(
        quote_id=quote_id,
        reason=request.POST.get("reason", ""),
        actor=request.actor,
        at=timezone.now(),
    )
    return redirect("leasing-quote", quote_id)


URLS = [
    path("leasing/quotes/", quotes, name="leasing-quotes"),
    path("leasing/quotes/new/", draft, name="leasing-quote-new"),
    path("leasing/quotes/<uuid:quote_id>/", quote, name="leasing-quote"),
    path("leasing/quotes/<uuid:quote_id>/send/", send, name="leasing-quote-send"),
    path("leasing/quotes/<uuid:quote_id>/discount/", ask_discount, name="leasing-quote-discount"),
    path("leasing/quotes/<uuid:quote_id>/decide/", decide_discount, name="leasing-quote-decide"),
    path("leasing/quotes/<uuid:quote_id>/accept/", accept, name="leasing-quote-accept"),
    path("leasing/quotes/<uuid:quote_id>/decline/", decline, name="leasing-quote-decline"),
]
