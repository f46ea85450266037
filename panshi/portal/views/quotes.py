"""Quotes on the customer's phone: what was offered, until when, and the answer."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from panshi.billing import queries as billing
from panshi.kit.clock import local_day
from panshi.kit.web import Request
from panshi.leasing import queries as leasing
from panshi.leasing import services as acts
from panshi.portal import words
from panshi.portal.door import customer_of, for_customers


@require_GET
@for_customers
def quotes(request: Request) -> HttpResponse:
    """One's own quotes, newest first."""
    found = leasing.customer_quotes(customer_id=customer_of(request.actor), actor=request.actor)
    rows = [(row, words.QUOTE_TONES[row.state]) for row in found]
    return render(request, "portal/quotes.html", {"tab": "me", "quotes": rows})


@require_GET
@for_customers
def quote(request: Request, quote_id: UUID) -> HttpResponse:
    """One quote with its terms and its first rents, to accept or to decline."""
    card = leasing.quote_card(quote_id=quote_id, actor=request.actor)
    row = card.row
    quoted = leasing.quote(
        product_code=row.product_code,
        monthly_rent=row.monthly_rent,
        deposit=row.deposit,
        starts_on=row.starts_on,
        months=row.months,
        alignment=card.alignment,
        actor=request.actor,
    )
    today = local_day(timezone.now())
    names = {p.code: p.name for p in billing.products(on=today, actor=request.actor)}
    context = {
        "tab": "me",
        "row": row,
        "card": card,
        "tone": words.QUOTE_TONES[row.state],
        "product": names.get(row.product_code, ""),
        "total": quoted.total,
        "first": quoted.charges[0],
        "open": row.state == "SENT" and row.valid_until is not None and row.valid_until >= today,
    }
    return render(request, "portal/quote.html", context)


@require_POST
@for_customers
def accept(request: Request, quote_id: UUID) -> HttpResponse:
    """Take the offer; the vehicle is reserved."""
    leasing.quote_card(quote_id=quote_id, actor=request.actor)
    try:
        fact = acts.accept_quote(quote_id=quote_id, actor=request.actor, at=timezone.now())
    except (acts.QuoteExpired, acts.VehicleAlreadyLeased) as refusal:
        messages.warning(request, refusal.words)
        return redirect("portal-quote", quote_id)
    messages.success(request, _("Accepted. The vehicle is reserved; the contract comes next."))
    return redirect("portal-lease", fact.lease_id)


@require_POST
@for_customers
def decline(request: Request, quote_id: UUID) -> HttpResponse:
    """Turn the offer down."""
    leasing.quote_card(quote_id=quote_id, actor=request.actor)
    acts.decline_quote(
        quote_id=quote_id,
        reason=request.POST.get("reason", ""),
        actor=request.actor,
        at=timezone.now(),
    )
    messages.success(request, _("Declined."))
    return redirect("portal-quote", quote_id)
