"""Pages of recalls: the vehicles under them, a new one, and what was done."""

from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from panshi.fleet import queries, rules, services
from panshi.kit.forms import Field, Form
from panshi.kit.tables import Column, Filter, Slice, Table
from panshi.kit.web import Request, needs
from panshi.kit.wording import listed

RECALLS: Final = Table(
    name="recalls",
    columns=(
        Column(key="plate", label=lazy("Vehicle"), kind="mono"),
        Column(key="model_name", label=lazy("Model")),
        Column(key="number", label=lazy("Recall number"), kind="mono"),
        Column(key="words", label=lazy("What for")),
        Column(key="opened_at", label=lazy("Open since"), kind="moment"),
        Column(key="done_at", label=lazy("Done at"), kind="moment"),
        Column(key="done_words", label=lazy("What was done")),
    ),
    filters=(
        Filter(
            key="open",
            label=lazy("State"),
            kind="choice",
            choices=(("1", lazy("Open alone")),),
        ),
    ),
    row_url="fleet-vehicle",
    row_key="vehicle_id",
    export="recalls",
    empty=lazy("No maker calls a vehicle back."),
    live=("fleet.RecallOpened", "fleet.RecallDone"),
)
NEW: Final = Form(
    fields=[
        Field(name="number", label=lazy("Recall number"), kind="mono", longest=40),
        Field(name="words", label=lazy("What for"), longest=200),
        Field(
            name="vins",
            label=lazy("VINs"),
            kind="area",
            longest=40_000,
            help=lazy("One a line, as the maker's notice lists them."),
        ),
    ]
)


FIND: Final = Form(
    fields=[
        Field(name="model_name", label=lazy("Model"), longest=60, required=False),
        Field(
            name="pack_from", label=lazy("Battery pack from"), kind="mono", longest=40,
            required=False,
        ),
        Field(
            name="pack_until", label=lazy("Battery pack until"), kind="mono", longest=40,
            required=False,
        ),
        Field(name="since", label=lazy("First registered from"), kind="day", required=False),
        Field(name="until", label=lazy("First registered until"), kind="day", required=False),
    ]
)  # fmt: skip


@require_GET
@needs("fleet.view")
def recalls(request: Request) -> HttpResponse:
    """Vehicles that their makers call back."""
    ask = RECALLS.read(request.GET)
    page = queries.recalls(
        open_only=ask.text("open") == "1",
        offset=ask.offset,
        limit=ask.limit,
        actor=request.actor,
    )
    part = Slice(rows=page.rows, total=page.total)
    context = {"may_open": request.actor.may("fleet.set_recall_open")}
    return RECALLS.respond(request, ask, part, "fleet/recalls.html", context)


@require_http_methods(["GET", "POST"])
@needs("fleet.set_recall_open")
def new(request: Request) -> HttpResponse:
    """Enter a recall by the VINs of its notice; those of others are told and left out.

    The register proposes VINs by model, battery pack and day, when these are asked for.
    """
    sought = FIND.read(request.GET)
    context = {
        "submit": _("Open the recall"),
        "cancel_url": reverse("fleet-recalls"),
        "find": sought if request.method == "GET" and request.GET else FIND.blank(),
    }
    if request.method == "GET":
        found_vins: tuple[str, ...] = ()
        if sought.ok:
            given = {name: value for name, value in sought.values.items() if value}
            found_vins = queries.vins_concerned(actor=request.actor, **given)
        if request.GET:
            context["proposed"] = len(found_vins)
        blank = NEW.blank(vins="\n".join(found_vins))
        return blank.respond(request, "fleet/recall_new.html", context)
    form = NEW.read(request.POST)
    if not form.ok:
        return form.respond(request, "fleet/recall_new.html", context)
    vins = [rules.fold(word) for word in str(form.values.pop("vins")).split()]
    found = queries.vehicles_by_vin(vins=tuple(vins), actor=request.actor)
    if not found:
        form.refuse("vins", _("None of these vehicles is in the register."))
        return form.respond(request, "fleet/recall_new.html", context)
    fact = form.call(
        request,
        services.set_recall_open,
        vehicle_ids=[ref.id for ref in found.values()],
        at=timezone.now(),
    )
    others = [vin for vin in vins if vin not in found]
    messages.success(
        request, _("%(count)d vehicles are under recall.") % {"count": len(fact["vehicle_ids"])}
    )
    if others:
        messages.warning(request, _("Not in the register: %s.") % listed(others[:10]))
    return redirect("fleet-recalls")


@require_POST
@needs("fleet.set_recall_done")
def done(request: Request, vehicle_id: UUID) -> HttpResponse:
    """Say what was done about a recall."""
    services.set_recall_done(
        vehicle_id=vehicle_id,
        number=request.POST.get("number", ""),
        words=request.POST.get("words", ""),
        actor=request.actor,
        at=timezone.now(),
    )
    messages.success(request, _("Noted."))
    return redirect("fleet-vehicle", vehicle_id)
