"""Acts on late fees: bill them before their time, ask a waiver, decide it."""

from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_http_methods, require_POST

from panshi.billing import queries, services
from panshi.kit.clock import local_day
from panshi.kit.forms import Field, Form
from panshi.kit.web import Request, needs

WAIVER: Final = Form(
    fields=[
        Field(name="amount", label=lazy("Amount waived"), kind="money"),
        Field(name="reason", label=lazy("Reason"), longest=200),
    ]
)


@require_POST
def bill_now(request: Request, case_id: UUID) -> HttpResponse:
    fact = services.bill_late_fees(case_id=case_id, actor=request.actor, at=timezone.now())
    messages.success(request, _("Billed as %(number)s.") % {"number": fact.number})
    return redirect("billing-arrears-case", case_id)


@require_http_methods(["GET", "POST"])
@needs("billing.ask_fee_waiver")
def ask(request: Request, bill_id: UUID) -> HttpResponse:
    """Ask that a late fee be let go."""
    today = local_day(timezone.now())
    card = queries.bill_card(bill_id=bill_id, today=today, actor=request.actor)
    context = {"bill": card, "submit": _("Ask for a waiver")}
    if request.method == "GET":
        blank = WAIVER.blank(amount=card.open_amount or card.total)
        return blank.respond(request, "billing/waiver_ask.html", context)
    form = WAIVER.read(request.POST)
    if form.ok:
        try:
            form.call(request, services.ask_fee_waiver, bill_id=bill_id, at=timezone.now())
            messages.success(request, _("Another person decides now."))
            return redirect("billing-bill", bill_id)
        except services.WaiverExceedsFee as refusal:
            form.refuse("amount", refusal.words)
    return form.respond(request, "billing/waiver_ask.html", context)


@require_POST
def grant(request: Request, waiver_id: UUID) -> HttpResponse:
    fact = services.grant_fee_waiver(waiver_id=waiver_id, actor=request.actor, at=timezone.now())
    messages.success(request, _("The fee is waived."))
    return redirect("billing-bill", fact.bill_id)


@require_POST
def decline(request: Request, waiver_id: UUID) -> HttpResponse:
    fact = services.decline_fee_waiver(
        waiver_id=waiver_id,
        words=request.POST.get("words", ""),
        actor=request.actor,
        at=timezone.now(),
    )
    messages.success(request, _("The fee stays."))
    return redirect("billing-bill", fact.bill_id)


URLS: Final = [
    path("finance/arrears/<uuid:case_id>/late-fees/", bill_now, name="billing-late-fees-bill"),
    path("finance/bills/<uuid:bill_id>/waiver/", ask, name="billing-waiver-ask"),
    path("finance/waivers/<uuid:waiver_id>/grant/", grant, name="billing-waiver-grant"),
    path("finance/waivers/<uuid:waiver_id>/decline/", decline, name="billing-waiver-decline"),
]
