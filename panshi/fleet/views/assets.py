"""The page by which a vehicle is taken into the books."""

from decimal import Decimal
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_http_methods

from panshi.fleet import queries, services
from panshi.fleet.models import DepreciationMethod
from panshi.kit.clock import local_day
from panshi.kit.forms import Field, Form
from panshi.kit.money import to_fen
from panshi.kit.web import Request, needs

ASSET: Form = Form(
    fields=[
        Field(name="cost", label=lazy("Cost"), kind="money", least=Decimal("0.01")),
        Field(name="residual", label=lazy("Residual value"), kind="money", least=0),
        Field(name="method", label=lazy("Method"), kind="choice", choices=DepreciationMethod),
        Field(
            name="life_months",
            label=lazy("Life"),
            kind="whole",
            least=1,
            unit=lazy("months of life"),
        ),
        Field(
            name="life_km",
            label=lazy("Kilometres of its life"),
            kind="whole",
            least=0,
            unit="km",
            required=False,
        ),
        Field(name="in_use_on", label=lazy("In use since"), kind="day"),
        Field(
            name="opening",
            label=lazy("Written off before"),
            kind="money",
            least=0,
            required=False,
            group=lazy("Moved in from other books"),
        ),
        Field(name="first_month", label=lazy("Depreciates here from"), kind="day", required=False),
    ]
)


@require_http_methods(["GET", "POST"])
@needs("fleet.enter_asset")
def enter(request: Request, vehicle_id: UUID) -> HttpResponse:
    """Cost, residual value and life of a vehicle; proposed by the terms of the platform."""
    now = timezone.now()
    card = queries.vehicle_card(vehicle_id=vehicle_id, actor=request.actor, at=now)
    context = {
        "vehicle": card,
        "name": card.plate or card.vin,
        "title": _("Take into the books"),
    }
    if request.method == "GET":
        terms = queries.asset_defaults(on=local_day(now), actor=request.actor)
        cost = card.cost
        return ASSET.blank(
            cost=cost,
            residual=None if cost is None else to_fen(cost * terms.residual_share),
            method=DepreciationMethod.STRAIGHT,
            life_months=terms.life_months,
            life_km=terms.life_km,
            in_use_on=card.purchased_on,
        ).respond(request, "fleet/act.html", context)
    form = ASSET.read(request.POST)
    if form.ok:
        values = form.values
        try:
            services.enter_asset(
                vehicle_id=vehicle_id,
                cost=values["cost"],
                residual=values["residual"],
                method=values["method"],
                life_months=values["life_months"],
                life_km=values["life_km"] or 0,
                in_use_on=values["in_use_on"],
                opening=values["opening"] or Decimal(0),
                first_month=values["first_month"],
                actor=request.actor,
                at=now,
            )
        except services.AssetTermsInvalid as refusal:
            form.refuse("residual", refusal.words)
        else:
            messages.success(request, _("The vehicle is in the books."))
            return redirect("fleet-vehicle", vehicle_id)
    return form.respond(request, "fleet/act.html", context)
