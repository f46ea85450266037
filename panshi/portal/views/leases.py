"""Leases: the list, one lease, and asking for its return."""

from datetime import date, timedelta
from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from panshi.billing import queries as billing
from panshi.billing.services import InputsChanged
from panshi.kit.clock import local_day
from panshi.kit.tenancy import Actor
from panshi.kit.web import Request, day_in
from panshi.leasing import queries as leasing
from panshi.leasing import services as acts
from panshi.portal import rows, words
from panshi.portal.door import customer_of, for_customers

BILLED: Final = 6
AHEAD: Final = 3


@require_GET
@for_customers
def leases(request: Request) -> HttpResponse:
    """One's own leases, newest first."""
    found = leasing.customer_leases(customer_id=customer_of(request.actor), actor=request.actor)
    offers = leasing.customer_quotes(customer_id=customer_of(request.actor), actor=request.actor)
    context = {
        "tab": "me",
        "leases": map(rows.lease, found),
        "quotes": len(offers),
        "open_quotes": sum(row.state == "SENT" for row in offers),
    }
    return render(request, "portal/leases.html", context)


@require_GET
@for_customers
def lease(request: Request, lease_id: UUID) -> HttpResponse:
    """One lease with its money and its dates."""
    actor, today = request.actor, local_day(timezone.now())
    card = leasing.lease_card(lease_id=lease_id, actor=actor)
    bills = billing.bills_of_source(source_kind=acts.SOURCE, source_id=lease_id, actor=actor)
    context = {
        "tab": "me",
        "lease": card,
        "charges": _charges(card, today, actor),
        "deposit_bill": next((b for b in bills if b.kind == "DEPOSIT" and b.open_amount), None),
        "handover": next((h for h in card.handovers if h.kind == "OUT"), None),
        "tone": words.LEASE_TONES[card.row.state],
        "contract": leasing.contract_of(lease_id=lease_id, actor=actor),
        "may_return": card.row.state == "ACTIVE" and card.return_asked_for is None,
        "sheet": leasing.settlement_sheet(lease_id=lease_id, actor=actor),
        "may_ask_end": card.row.state == "ACTIVE",
        "end_asked": next((r for r in card.requests if r.kind == "TERMINATION"), None),
        "may_ask_swap": card.row.state in {"ACTIVE", "PAUSED"},
        "swap_asked": next((r for r in card.requests if r.kind == "SWAP"), None),
        "tomorrow": today + timedelta(days=1),
    }
    return render(request, "portal/lease.html", context)


def _charges(
    card: leasing.LeaseCard, today: date, actor: Actor
) -> list[tuple[billing.Charge, str | Promise, str]]:
    """The last rents that were billed and the next that will be, with words and tone."""
    if card.plan_id is None:
        return []
    found = billing.charges_of_plan(plan_id=card.plan_id, today=today, actor=actor)
    billed = sum(charge.number != "" for charge in found)
    return [
        (
            charge,
            words.BILL_WORDS.get(charge.standing, _("Planned")),
            words.BILL_TONES.get(charge.standing, "idle"),
        )
        for charge in found[max(billed - BILLED, 0) : billed + AHEAD]
    ]


@require_POST
@for_customers
def ask_return(request: Request, lease_id: UUID) -> HttpResponse:
    """Say on which day the vehicle comes back."""
    today = local_day(timezone.now())
    on = day_in(request.POST.get("on", ""))
    if on is None or on < today:
        messages.warning(request, _("Choose a day from today on."))
        return redirect("portal-lease", lease_id)
    # A stranger's lease must not be found rather than refused, so it is looked up first.
    leasing.lease_card(lease_id=lease_id, actor=request.actor)
    acts.request_return(lease_id=lease_id, on=on, actor=request.actor, at=timezone.now())
    messages.success(request, _("We expect the vehicle on that day and will call you before."))
    return redirect("portal-lease", lease_id)


@require_http_methods(["GET", "POST"])
@for_customers
def ask_end(request: Request, lease_id: UUID) -> HttpResponse:
    """Choose a day, see what an early end costs, and only then ask for it."""
    card = leasing.lease_card(lease_id=lease_id, actor=request.actor)
    now = timezone.now()
    sent = request.POST if request.method == "POST" else request.GET
    on = day_in(sent.get("on", ""))
    fits = on is not None and local_day(now) <= on < card.row.ends_on
    quote, status = None, 200
    if card.row.state != "ACTIVE":
        raise Http404
    if on is not None and fits:
        quote = leasing.quote_return(lease_id=lease_id, on=on, actor=request.actor)
    reason = sent.get("reason", "").strip()[:200]
    words_ = _("Say in a few words why.") if not reason else ""
    if request.method == "POST" and on is not None and fits and not words_:
        try:
            acts.request_termination(
                lease_id=lease_id, on=on, reason=reason, agreed=request.POST.get("agreed", ""),
                actor=request.actor, at=now,
            )  # fmt: skip
            messages.success(request, _("We look at it and call you before that day."))
            return redirect("portal-lease", lease_id)
        except InputsChanged as refusal:
            words_, status = refusal.words, 409
    elif request.method == "POST":
        status = 422
    context = {
        "tab": "me",
        "lease": card,
        "on": on if fits else None,
        "wrong_day": "on" in sent and not fits,
        "reason": reason,
        "words": words_ if request.method == "POST" else "",
        "quote": quote,
        "lines": leasing.lines_of(quote) if quote is not None else (),
        "owed": -quote.total if quote is not None else None,
        "today": local_day(now),
    }
    return render(request, "portal/end.html", context, status=status)


@require_http_methods(["GET", "POST"])
@for_customers
def own(request: Request, lease_id: UUID) -> HttpResponse:
    """How far the vehicle is one's own; choose a day, see what is left to pay, ask for it."""
    card = leasing.lease_card(lease_id=lease_id, actor=request.actor)
    now = timezone.now()
    view = leasing.purchase_of(lease_id=lease_id, actor=request.actor, at=now)
    if view is None:
        raise Http404
    sent = request.POST if request.method == "POST" else request.GET
    on = day_in(sent.get("on", ""))
    fits = on is not None and view.last_day is not None and local_day(now) <= on <= view.last_day
    words_, status = "", 200
    if request.method == "POST" and on is not None and fits:
        try:
            acts.request_buy_out(
                lease_id=lease_id, on=on, agreed=request.POST.get("agreed", ""),
                actor=request.actor, at=now,
            )  # fmt: skip
            messages.success(request, _("We look at it and bill what is left to pay."))
            return redirect("portal-lease-own", lease_id)
        except InputsChanged as refusal:
            words_, status = refusal.words, 409
    quote = None
    if on is not None and fits:
        quote = leasing.quote_buy_out(lease_id=lease_id, on=on, actor=request.actor)
    context = {
        "tab": "me",
        "lease": card,
        "view": view,
        "on": on if fits else None,
        "wrong_day": "on" in sent and not fits,
        "quote": quote,
        "words": words_,
        "asked": next((r for r in card.requests if r.kind == "PURCHASE"), None),
        "today": local_day(now),
        "paid": round(float(view.paid_share) * 100),
    }
    return render(request, "portal/own.html", context, status=status)


@require_POST
@for_customers
def ask_swap(request: Request, lease_id: UUID) -> HttpResponse:
    """Ask for another vehicle, and say why."""
    reason = request.POST.get("reason", "").strip()[:200]
    if not reason:
        messages.warning(request, _("Say in a few words why."))
        return redirect("portal-lease", lease_id)
    leasing.lease_card(lease_id=lease_id, actor=request.actor)
    now = timezone.now()
    acts.request_swap(
        lease_id=lease_id, on=local_day(now), reason=reason, actor=request.actor, at=now
    )
    messages.success(request, _("We look for another vehicle and call you."))
    return redirect("portal-lease", lease_id)


@require_GET
@for_customers
def settlement(request: Request, lease_id: UUID) -> HttpResponse:
    """What the return leaves between both sides, to be confirmed or contested."""
    card = leasing.lease_card(lease_id=lease_id, actor=request.actor)
    sheet = leasing.settlement_sheet(lease_id=lease_id, actor=request.actor)
    if sheet is None:
        raise Http404
    context = {
        "tab": "me",
        "lease": card,
        "sheet": sheet,
        "open": card.row.state == "SETTLING" and sheet.confirmed_at is None,
        "charges": list(enumerate(sheet.charges)),
        "returns": leasing.deposit_returns(lease_id=lease_id, actor=request.actor),
    }
    return render(request, "portal/settlement.html", context)


@require_POST
@for_customers
def confirm_settlement(request: Request, lease_id: UUID) -> HttpResponse:
    """Agree to the settlement that was shown."""
    leasing.lease_card(lease_id=lease_id, actor=request.actor)
    try:
        acts.confirm_settlement(
            lease_id=lease_id,
            digest=request.POST.get("digest", ""),
            actor=request.actor,
            at=timezone.now(),
        )
    except acts.InputsChanged as refusal:
        messages.warning(request, refusal.words)
        return redirect("portal-settlement", lease_id)
    messages.success(request, _("Confirmed. What comes back leaves by the way it came."))
    return redirect("portal-settlement", lease_id)


@require_POST
@for_customers
def dispute_charge(request: Request, lease_id: UUID, position: int) -> HttpResponse:
    """Contest one charge; the rest is settled without it."""
    words = request.POST.get("words", "").strip()[:200]
    leasing.lease_card(lease_id=lease_id, actor=request.actor)
    if not words:
        messages.warning(request, _("Say in a few words why."))
        return redirect("portal-settlement", lease_id)
    acts.dispute_charge(
        lease_id=lease_id, position=position, words=words, actor=request.actor, at=timezone.now()
    )
    messages.success(request, _("We look at it again. Only its own amount is kept back."))
    return redirect("portal-settlement", lease_id)
