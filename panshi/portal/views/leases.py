"""Leases: the list, one lease, and asking for its return."""

from datetime import date, timedelta
from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from panshi.billing import queries as billing
from panshi.kit.clock import local_day
from panshi.kit.tenancy import Actor
from panshi.kit.web import Request, show_file
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
    return render(request, "portal/leases.html", {"tab": "me", "leases": map(rows.lease, found)})


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
        "may_return": card.row.state == "ACTIVE" and card.return_asked_for is None,
        "tomorrow": today + timedelta(days=1),
    }
    return render(request, "portal/lease.html", context)


@require_GET
@for_customers
def contract(request: Request, lease_id: UUID) -> HttpResponse:
    """The contract as both sides have it."""
    found = leasing.contract(lease_id=lease_id, actor=request.actor)
    return show_file(found.content, found.media_type, name=found.name)


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
    try:
        on = parse_date(request.POST.get("on", ""))
    except ValueError:
        on = None
    if on is None or on < today:
        messages.warning(request, _("Choose a day from today on."))
        return redirect("portal-lease", lease_id)
    # A stranger's lease must not be found rather than refused, so it is looked up first.
    leasing.lease_card(lease_id=lease_id, actor=request.actor)
    acts.request_return(lease_id=lease_id, on=on, actor=request.actor, at=timezone.now())
    messages.success(request, _("We expect the vehicle on that day and will call you before."))
    return redirect("portal-lease", lease_id)
