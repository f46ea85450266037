"""Pages of rent to own: the price agreed, how far it is paid off, the buy-out; and a default."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from panshi.billing.services import InputsChanged
from panshi.kit.clock import local_day
from panshi.kit.forms import Field, Form, Reading
from panshi.kit.web import Request, day_in, needs
from panshi.leasing import queries, services
from panshi.leasing.choices import customer_choices, vehicle_choices
from panshi.leasing.queries import InstalmentRow, PurchaseView
from panshi.leasing.services import PRODUCT, TermsInvalid

PERCENT: Final = Decimal(100)
_TERMS: Final = (
    Field(
        name="price", label=_("Price of the vehicle"), kind="money", group=_("Price"),
        least=Decimal("0.01"),
    ),
    Field(
        name="monthly_rate", label=_("Interest a month"), kind="number", unit="%", least=0,
        help=_("On the balance that is left: 0.6 stands for 0.6 % a month."),
    ),
    Field(name="fee", label=_("Fee for the change of owner"), kind="money", least=0),
)  # fmt: skip
_SHOWN: Final = ("customer_id", "vehicle_id", "price", "monthly_rate", "fee", "months", "deposit",
                 "starts_on")  # fmt: skip


def _draft_form(request: Request) -> Form:
    return Form(
        fields=[
            Field(
                name="customer_id",
                label=_("Customer"),
                kind="choice",
                choices=customer_choices(request.actor, qualified=True),
                help=_("Only customers whose qualification is approved are listed."),
            ),
            Field(
                name="vehicle_id",
                label=_("Vehicle"),
                kind="choice",
                choices=vehicle_choices(request.actor),
                help=_("Only vehicles that are ready and promised to nobody are listed."),
            ),
            *_TERMS,
            Field(name="deposit", label=_("Deposit"), kind="money", least=0),
            Field(name="starts_on", label=_("First day"), kind="day", group=_("Term")),
            Field(name="months", label=_("Months"), kind="whole", least=1),
        ]
    )


def _chart(rows: Sequence[InstalmentRow]) -> dict[str, Any]:
    """Principal and interest of each instalment, and the balance they leave."""
    balance = pgettext("instalments", "Balance")
    return {
        "legend": {"data": [gettext("Paid off"), gettext("Interest"), balance]},
        "tooltip": {"trigger": "axis"},
        "xAxis": {"type": "category", "data": [row.number for row in rows]},
        "yAxis": [{"type": "value"}, {"type": "value", "splitLine": {"show": False}}],
        "grid": {"left": 8, "right": 8, "top": 40, "bottom": 8, "containLabel": True},
        "series": [
            {
                "name": gettext("Paid off"), "type": "bar", "stack": "payment",
                "data": [float(row.principal) for row in rows],
            },
            {
                "name": gettext("Interest"), "type": "bar", "stack": "payment",
                "data": [float(row.interest) for row in rows],
            },
            {
                "name": balance, "type": "line", "yAxisIndex": 1, "showSymbol": False,
                "data": [float(row.balance) for row in rows],
            },
        ],
    }  # fmt: skip


@require_http_methods(["GET", "POST"])
@needs("leasing.draft_purchase_lease")
def draft(request: Request) -> HttpResponse:
    """Choose price, rate and term, see the instalments, then reserve: only what was shown."""
    form = _draft_form(request)
    if request.method == "GET":
        blank = form.blank(
            starts_on=local_day(timezone.now()), months=36, monthly_rate="0.6", fee="500"
        )
        return blank.respond(request, "leasing/own_draft.html")
    filled = form.read(request.POST)
    if not filled.ok:
        return filled.respond(request, "leasing/own_draft.html")
    values = filled.values
    given = {
        "price": values["price"],
        "monthly_rate": values["monthly_rate"] / PERCENT,
        "months": values["months"],
        "starts_on": values["starts_on"],
    }
    terms = "|".join(str(values[name]) for name in _SHOWN)
    if request.POST.get("act") == "reserve" and request.POST.get("quoted") == terms:
        fact = services.draft_purchase_lease(
            customer_id=UUID(values["customer_id"]),
            vehicle_id=UUID(values["vehicle_id"]),
            fee=values["fee"],
            deposit=values["deposit"],
            actor=request.actor,
            at=timezone.now(),
            **given,
        )
        return redirect("leasing-lease", fact.lease_id)
    return _quoted(request, filled, given, terms)


def _quoted(request: Request, filled: Reading, given: dict[str, Any], terms: str) -> HttpResponse:
    try:
        rows = queries.instalments_quoted(actor=request.actor, **given)
    except TermsInvalid as refusal:
        filled.refuse("price", refusal.words)
        return filled.respond(request, "leasing/own_draft.html")
    context = {
        "rows": rows,
        "quoted": terms,
        "option": _chart(rows),
        "interest": sum((row.interest for row in rows), Decimal(0)),
        "total": sum((row.payment for row in rows), Decimal(0)),
    }
    return filled.respond(request, "leasing/own_draft.html", context)


@require_http_methods(["GET", "POST"])
@needs("leasing.view")
def owning(request: Request, lease_id: UUID) -> HttpResponse:
    """How far the vehicle is the customer's, and what buying it on a day costs."""
    now = timezone.now()
    card = queries.lease_card(lease_id=lease_id, actor=request.actor)
    if card.product_code != PRODUCT:
        raise Http404
    view = queries.purchase_of(lease_id=lease_id, actor=request.actor, at=now)
    if view is None:
        return _enter_terms(request, lease_id, card)
    sent = request.POST if request.method == "POST" else request.GET
    words, status = "", 200
    on = day_in(sent.get("on", ""))
    if request.method == "POST" and on is not None:
        try:
            fact = services.buy_out(
                lease_id=lease_id,
                on=on,
                agreed=sent.get("agreed", ""),
                actor=request.actor,
                at=now,
            )
        except (InputsChanged, TermsInvalid) as refusal:
            words, status = refusal.words, 409
        else:
            messages.success(request, _told(fact.bill_id))
            return redirect("leasing-owning", lease_id)
    return render(
        request,
        "leasing/owning.html",
        {"card": card, "row": card.row, "view": view, "words": words, "today": local_day(now)}
        | {"option": _chart(view.rows), "may": request.actor.may("leasing.buy_out")}
        | _asked(view, lease_id, on, request),
        status=status,
    )


def _told(bill_id: UUID | None) -> str:
    if bill_id is None:
        return gettext("Nothing was left to pay: the vehicle is the customer's now.")
    return gettext("Billed. Once it is paid the vehicle is the customer's.")


def _asked(view: PurchaseView, lease_id: UUID, on: Any, request: Request) -> dict[str, Any]:
    """The quote of a day that can be chosen."""
    if on is None or view.last_day is None:
        return {"on": on}
    today = local_day(timezone.now())
    if not today <= on <= view.last_day:
        return {"on": on, "wrong_day": True}
    quote = queries.quote_buy_out(lease_id=lease_id, on=on, actor=request.actor)
    return {"on": on, "quote": quote}


def _enter_terms(request: Request, lease_id: UUID, card: queries.LeaseCard) -> HttpResponse:
    """A lease that moved in as rent to own has its price entered once."""
    form = Form(fields=list(_TERMS))
    context = {"card": card, "row": card.row}
    if request.method == "GET":
        return form.blank().respond(request, "leasing/own_terms.html", context)
    filled = form.read(request.POST)
    if filled.ok:
        try:
            services.agree_purchase(
                lease_id=lease_id,
                price=filled.values["price"],
                monthly_rate=filled.values["monthly_rate"] / PERCENT,
                fee=filled.values["fee"],
                actor=request.actor,
                at=timezone.now(),
            )
        except TermsInvalid as refusal:
            filled.refuse("price", refusal.words)
        else:
            return redirect("leasing-owning", lease_id)
    return filled.respond(request, "leasing/own_terms.html", context)


@require_POST
@needs("leasing.confirm_default")
def default(request: Request, lease_id: UUID) -> HttpResponse:
    """Give a lease up after the ladder's last rung."""
    services.confirm_default(
        lease_id=lease_id,
        reason=request.POST.get("reason", "")[:200],
        actor=request.actor,
        at=timezone.now(),
    )
    messages.success(
        request, gettext("The default is confirmed. Note when the vehicle comes back.")
    )
    return redirect("leasing-lease", lease_id)


LEASE: Final = "leasing/leases/<uuid:lease_id>/"
URLS: Final = [
    path("leasing/leases/own/new/", draft, name="leasing-own-draft"),
    path(f"{LEASE}owning/", owning, name="leasing-owning"),
    path(f"{LEASE}default/", default, name="leasing-default"),
]
