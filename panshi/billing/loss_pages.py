"""Pages of hopeless debts: to the lawyers, proposed, decided by another person, recovered."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from panshi.billing import queries, services
from panshi.billing.models import WriteOffState
from panshi.kit import cells
from panshi.kit.clock import local_day
from panshi.kit.forms import Field, Form
from panshi.kit.money import yuan
from panshi.kit.records import Detail, Tile
from panshi.kit.tables import Column, Filter, Slice, Table
from panshi.kit.web import Request, needs

TONES: Final[Mapping[str, str]] = {
    "PROPOSED": "warn",
    "DECLINED": "idle",
    "WRITTEN_OFF": "bad",
    "RECOVERED": "ok",
}
LIST: Final = Table(
    name="write-offs",
    columns=(
        Column(key="customer_name", label=lazy("Customer")),
        Column(key="plate", label=lazy("Vehicle"), kind="plate"),
        Column(key="proposed_at", label=lazy("Proposed"), kind="moment"),
        Column(key="reason", label=lazy("Reason")),
        Column(key="state", label=lazy("State"), kind="state", choices=WriteOffState, tones=TONES),
        Column(key="amount", label=lazy("Written off"), kind="money"),
        Column(key="recovered", label=lazy("Recovered"), kind="money"),
    ),
    filters=(
        Filter(key="state", label=lazy("State"), kind="choice", choices=WriteOffState.choices),
    ),
    row_url="billing-write-off",
    export="write-offs",
    empty=lazy("No debt was written off."),
    live=("billing.*",),
)
REASON: Final = Form(fields=[Field(name="reason", label=lazy("Reason"), longest=200)])
_ACTS: Final = {
    "lawyers": (services.hand_to_lawyers, lazy("Hand over to the lawyers")),
    "write-off": (services.propose_write_off, lazy("Propose a write-off")),
}


@require_GET
@needs("billing.view")
def write_offs(request: Request) -> HttpResponse:
    ask = LIST.read(request.GET)
    page = queries.write_off_rows(
        state=ask.text("state"), limit=ask.limit, offset=ask.offset, actor=request.actor
    )
    sums = {"amount": page.amount, "recovered": page.recovered}
    part = Slice(rows=page.rows, total=page.total, totals=sums)
    return LIST.respond(request, ask, part, "billing/write_offs.html")


@require_http_methods(["GET", "POST"])
@needs("billing.view")
def begin(request: Request, case_id: UUID, name: str) -> HttpResponse:
    """Hand a case to the lawyers, or propose that its debt is written off; with a reason."""
    verb, title = _ACTS["lawyers" if name == "lawyers" else "write-off"]
    today = local_day(timezone.now())
    card = queries.arrears_card(case_id=case_id, today=today, actor=request.actor)
    context = {"card": card, "title": title, "submit": title}
    if request.method == "GET":
        return REASON.blank().respond(request, "billing/arrears_act.html", context)
    form = REASON.read(request.POST)
    if not form.ok:
        return form.respond(request, "billing/arrears_act.html", context)
    fact = form.call(request, verb, case_id=case_id, at=timezone.now())
    if name == "lawyers":
        messages.success(request, _("The lawyers have the case."))
        return redirect("billing-arrears-case", case_id)
    messages.success(request, _("Another person decides now."))
    return redirect("billing-write-off", fact["write_off_id"])


@require_GET
@needs("billing.view")
def write_off(request: Request, write_off_id: UUID) -> HttpResponse:
    card = queries.write_off_card(write_off_id=write_off_id, actor=request.actor)
    may, own = request.actor.may, card.proposed_by_id == request.actor.id
    decides = card.state == "PROPOSED" and may("billing.decide_write_off")
    context = {
        "card": card,
        "state": cells.state(card.state, TONES[card.state], str(WriteOffState(card.state).label)),
        "tiles": [
            Tile(label=_("Written off"), value=card.amount, kind="money"),
            Tile(label=_("Recovered"), value=card.recovered, kind="money"),
        ],
        "details": [
            Detail(
                label=_("Customer"),
                value=card.customer_name,
                url=reverse("crm-customer", args=[card.customer_id]),
            ),
            Detail(
                label=_("Arrears"),
                value=_("See it"),
                url=reverse("billing-arrears-case", args=[card.case_id]),
            ),
            Detail(label=_("Reason"), value=card.reason),
            Detail(label=_("Proposed by"), value=card.proposed_by),
            Detail(label=_("Decided by"), value=card.decided_by or None),
            Detail(label=_("Words"), value=card.words or None),
        ],
        "may_decide": decides and not own,
        "waits_for_another": decides and own,
        "may_recover": may("billing.recover_debt"),
    }
    return render(request, "billing/write_off.html", context)


@require_POST
def approve(request: Request, write_off_id: UUID) -> HttpResponse:
    fact = services.approve_write_off(
        write_off_id=write_off_id, actor=request.actor, at=timezone.now()
    )
    messages.success(request, _("%(amount)s written off.") % {"amount": yuan(fact.amount)})
    return redirect("billing-write-off", write_off_id)


@require_POST
def decline(request: Request, write_off_id: UUID) -> HttpResponse:
    services.decline_write_off(
        write_off_id=write_off_id,
        words=request.POST.get("words", "")[:200],
        actor=request.actor,
        at=timezone.now(),
    )
    messages.success(request, _("The debt stays in the books."))
    return redirect("billing-write-off", write_off_id)


@require_POST
def recover(request: Request, write_off_id: UUID, payment_id: UUID) -> HttpResponse:
    fact = services.recover_debt(
        write_off_id=write_off_id,
        payment_id=payment_id,
        actor=request.actor,
        at=timezone.now(),
    )
    messages.success(request, _("%(amount)s recovered.") % {"amount": yuan(fact.amount)})
    return redirect("billing-write-off", write_off_id)


URLS: Final = [
    path("finance/write-offs/", write_offs, name="billing-write-offs"),
    path("finance/write-offs/<uuid:write_off_id>/", write_off, name="billing-write-off"),
    path(
        "finance/write-offs/<uuid:write_off_id>/approve/", approve, name="billing-write-off-approve"
    ),
    path(
        "finance/write-offs/<uuid:write_off_id>/decline/", decline, name="billing-write-off-decline"
    ),
    path(
        "finance/write-offs/<uuid:write_off_id>/recover/<uuid:payment_id>/",
        recover,
        name="billing-write-off-recover",
    ),
    path("finance/arrears/<uuid:case_id>/end/<slug:name>/", begin, name="billing-arrears-end"),
]
