"""Pages of vehicle models: those that may be used here, and publishing one."""

from typing import Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods

from panshi.fleet import queries, services
from panshi.fleet.models import VehicleClass
from panshi.kit.forms import Field, Form
from panshi.kit.tables import Column, Slice, Table
from panshi.kit.web import Request, needs

MODELS: Final = Table(
    name="vehicle-models",
    columns=(
        Column(key="code", label=lazy("Code"), kind="mono"),
        Column(key="maker", label=lazy("Maker")),
        Column(key="name", label=lazy("Model")),
        Column(key="vehicle_class", label=lazy("Class"), choices=VehicleClass),
        Column(key="battery_kwh", label=lazy("Battery (kWh)"), kind="number"),
        Column(key="gvw_kg", label=lazy("Gross weight (kg)"), kind="number"),
        Column(key="range_km", label=lazy("Range (km)"), kind="number"),
        Column(key="service_km", label=lazy("Maintenance every (km)"), kind="number"),
    ),
    export="vehicle-models",
    empty=lazy("No vehicle model was published yet."),
    live=("fleet.VehicleModelPublished",),
)
NEW: Final = Form(
    fields=[
        Field(
            name="code",
            label=lazy("Code"),
            kind="mono",
            longest=40,
            help=lazy("Sheets of vehicles name the model by it, or by maker and model."),
        ),
        Field(name="maker", label=lazy("Maker"), longest=40),
        Field(name="name", label=lazy("Model"), longest=60),
        Field(name="vehicle_class", label=lazy("Class"), kind="choice", choices=VehicleClass),
        Field(name="battery_kwh", label=lazy("Battery"), kind="number", unit="kWh"),
        Field(name="gvw_kg", label=lazy("Gross weight"), kind="whole", unit="kg"),
        Field(name="range_km", label=lazy("Range"), kind="whole", unit="km"),
        Field(name="service_km", label=lazy("Maintenance every"), kind="whole", unit="km"),
    ]
)


@require_GET
@needs("fleet.view")
def models(request: Request) -> HttpResponse:
    """The models that may be used here."""
    ask = MODELS.read(request.GET)
    rows = queries.vehicle_models(actor=request.actor)
    part = Slice(rows=rows[ask.offset : ask.offset + ask.limit], total=len(rows))
    return MODELS.respond(request, ask, part, "fleet/models.html")


@require_http_methods(["GET", "POST"])
@needs("fleet.publish_vehicle_model")
def publish(request: Request) -> HttpResponse:
    """Publish a model for one's node and all below it."""
    context = {"submit": _("Publish the model"), "cancel_url": reverse("fleet-models")}
    if request.method == "GET":
        return NEW.blank().respond(request, "fleet/model_new.html", context)
    form = NEW.read(request.POST)
    if form.ok:
        try:
            form.call(
                request,
                services.publish_vehicle_model,
                org_id=request.actor.org_id,
                at=timezone.now(),
            )
            messages.success(request, _("The model is published."))
            return redirect("fleet-models")
        except services.ModelCodeTaken as refusal:
            form.refuse("code", refusal.words)
        except services.ModelInvalid as refusal:
            form.refuse("battery_kwh", refusal.words)
    return form.respond(request, "fleet/model_new.html", context)
