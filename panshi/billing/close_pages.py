"""Pages from which a month is recognised and depreciated by hand, where the night has not."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from panshi.billing import queries, services
from panshi.billing.views import read_month
from panshi.fleet import queries as fleet
from panshi.fleet import services as fleet_services
from panshi.kit.clock import add_months, local_day
from panshi.kit.money import ZERO, yuan
from panshi.kit.web import Request, needs

SHOWN = 200


@require_http_methods(["GET", "POST"])
@needs("billing.recognise_revenue")
def recognition(request: Request) -> HttpResponse:
    month = read_month(request)
    if request.method == "POST":
        fact = services.recognise_revenue(month=month, actor=request.actor, at=timezone.now())
        words = _("%(entries)d entries posted, %(amount)s recognised.")
        messages.success(request, words % {"entries": fact.entries, "amount": yuan(fact.amount)})
        return redirect(reverse("ledger-months") + f"?month={month:%Y-%m}")
    until = add_months(month, 1)
    page = queries.earned_page(since=month, until=until, actor=request.actor, limit=50)
    context = {"month": month, "page": page}
    return render(request, "billing/recognition.html", context)


@require_http_methods(["GET", "POST"])
@needs("billing.view")
def depreciation(request: Request) -> HttpResponse:
    """What vehicles lose in a month and take of what was prepaid; posted by hand, if need be."""
    month = read_month(request)
    if request.method == "POST":
        fleet_services.mark_odometers(month=month, actor=request.actor, at=timezone.now())
        fact = services.post_depreciation(month=month, actor=request.actor, at=timezone.now())
        freed = services.release_prepaid(month=month, actor=request.actor, at=timezone.now())
        words = _(
            "%(leased)s posted for leased days, %(idle)s for all others; %(prepaid)s of prepaid"
            " costs released."
        )
        values = {
            "leased": yuan(fact.leased),
            "idle": yuan(fact.idle),
            "prepaid": yuan(freed.amount),
        }
        messages.success(request, words % values)
        return redirect(reverse("billing-depreciation") + f"?month={month:%Y-%m}")
    losses = fleet.month_losses(month=month, actor=request.actor)
    shown = losses[:SHOWN]
    prepaid = queries.prepaid_waiting(month=month, actor=request.actor)
    ids = tuple(
        {loss.vehicle_id for loss in shown} | {waiting.vehicle_id for waiting in prepaid.rows}
    )
    plates = fleet.vehicle_refs(vehicle_ids=ids, actor=request.actor)
    cards = fleet.assets_of(vehicle_ids=ids, actor=request.actor)
    context = {
        "month": month,
        "before": f"{add_months(month, -1):%Y-%m}",
        "after": f"{add_months(month, 1):%Y-%m}",
        "may_post": request.actor.may("billing.post_depreciation")
        and add_months(month, 1) <= local_day(timezone.now()),
        "rows": [(loss, plates.get(loss.vehicle_id), cards.get(loss.vehicle_id)) for loss in shown],
        "count": len(losses),
        "prepaid": prepaid,
        "waiting": [(row, plates.get(row.vehicle_id)) for row in prepaid.rows],
        "total": sum((loss.amount for loss in losses), ZERO),
    }
    return render(request, "billing/depreciation.html", context)
