"""Leases: the list, one lease, and asking for its return."""

from datetime import timedelta
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from panshi.kit.clock import local_day
from panshi.kit.web import Request
from panshi.leasing import queries as leasing
from panshi.leasing import services as acts
from panshi.portal import rows, words
from panshi.portal.door import customer_of, for_customers


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
    card = leasing.lease_card(lease_id=lease_id, actor=request.actor)
    context = {
        "tab": "me",
        "lease": card,
        "tone": words.LEASE_TONES[card.row.state],
        "may_return": card.row.state == "ACTIVE" and card.return_asked_for is None,
        "tomorrow": local_day(timezone.now()) + timedelta(days=1),
    }
    return render(request, "portal/lease.html", context)


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
