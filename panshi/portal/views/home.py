"""Home, vehicles, messages and the person."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from panshi.crm import queries as crm
from panshi.fleet import queries as fleet
from panshi.kit.web import Request
from panshi.notify import queries as notify
from panshi.notify import services as notify_acts
from panshi.notify.preference_forms import preferences_page
from panshi.portal import rows
from panshi.portal.door import customer_of, for_customers
from panshi.service import queries as service


@require_GET
@for_customers
def home(request: Request) -> HttpResponse:
    """What runs, what is owed, what was said, and the two things one comes for."""
    actor, customer_id = request.actor, customer_of(request.actor)
    vehicles = fleet.customer_vehicles(customer_id=customer_id, actor=actor)
    jobs = service.customer_orders(customer_id=customer_id, actor=actor, limit=20)
    context = {
        "tab": "home",
        "vehicles": vehicles[:3],
        "more_vehicles": len(vehicles) > 3,
        "jobs": [rows.job(job) for job in jobs if not rows.is_over(job)],
        "bills": rows.open_bills(customer_id, actor),
        "mail": notify.my_messages(actor=actor, limit=3),
        "unread": notify.unread_count(actor=actor),
    }
    return render(request, "portal/home.html", context)


@require_GET
@for_customers
def vehicles(request: Request) -> HttpResponse:
    """One's own and leased vehicles."""
    actor = request.actor
    found = fleet.customer_vehicles(customer_id=customer_of(actor), actor=actor)
    return render(request, "portal/vehicles.html", {"tab": "vehicles", "vehicles": found})


@require_GET
@for_customers
def vehicle(request: Request, vehicle_id: UUID) -> HttpResponse:
    """One vehicle: where and how it is, under which lease, what was done to it."""
    actor, customer_id = request.actor, customer_of(request.actor)
    own = fleet.customer_vehicles(customer_id=customer_id, actor=actor)
    found = next((v for v in own if v.id == vehicle_id), None)
    if found is None:
        raise Http404
    jobs = service.customer_orders(customer_id=customer_id, actor=actor)
    context = {
        "tab": "vehicles",
        "vehicle": found,
        "now": rows.vehicle_now(vehicle_id, actor),
        "leases": rows.leases_of_vehicle(customer_id, vehicle_id, actor),
        "jobs": [rows.job(job) for job in jobs if job.plate in (found.plate, found.vin)][:10],
    }
    return render(request, "portal/vehicle.html", context)


@require_GET
@for_customers
def mail(request: Request) -> HttpResponse:
    context = {
        "tab": "me",
        "mail": notify.my_messages(actor=request.actor),
        "unread": notify.unread_count(actor=request.actor),
    }
    return render(request, "portal/messages.html", context)


@require_POST
@for_customers
def mail_read(request: Request) -> HttpResponse:
    """Mark all messages read."""
    notify_acts.mark_messages_read(actor=request.actor, at=timezone.now())
    messages.success(request, _("All messages are marked as read."))
    return redirect("portal-messages")


@require_http_methods(["GET", "POST"])
@for_customers
def preferences(request: Request) -> HttpResponse:
    """By which channels and at which hours the customer is written to."""
    return preferences_page(request, "portal/preferences.html", "portal-preferences", tab="me")


@require_GET
@for_customers
def me(request: Request) -> HttpResponse:
    """The person: data, language, colours, sign-out."""
    card = crm.customer_card(customer_id=customer_of(request.actor), actor=request.actor)
    unread = notify.unread_count(actor=request.actor)
    return render(request, "portal/me.html", {"tab": "me", "card": card, "unread": unread})


@require_POST
@for_customers
def theme(request: Request) -> HttpResponse:
    """Light or dark colours on this phone."""
    wanted = request.POST.get("theme", "")
    response = redirect("portal-me")
    if wanted in ("light", "dark"):
        response.set_cookie("theme", wanted, max_age=365 * 24 * 3600, samesite="Lax")
    return response
