"""Pages of lots, keys, transfers and stock takes."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from panshi.fleet import queries, services
from panshi.fleet.lists import city_choices
from panshi.kit.forms import Field, Form
from panshi.kit.records import Detail, Tile
from panshi.kit.refusals import Refusal
from panshi.kit.web import Request, needs
from panshi.kit.wording import listed
from panshi.org import queries as org

LOT_FORM = Form(
    fields=[
        Field(name="name", label=lazy("Name"), longest=60),
        Field(name="city", label=lazy("City"), longest=40),
        Field(name="address", label=lazy("Address"), required=False, longest=120),
        Field(name="bays", label=lazy("Bays"), kind="whole", least=1),
        Field(name="lon", label=lazy("Longitude"), kind="number", unit="°"),
        Field(name="lat", label=lazy("Latitude"), kind="number", unit="°"),
    ]
)
KEY_FORM = Form(
    fields=[
        Field(name="key_no", label=lazy("Key number"), kind="whole", least=1),
        Field(name="holder", label=lazy("Who takes it"), longest=60),
        Field(name="reason", label=lazy("What for"), required=False, longest=120),
        Field(name="due_back_at", label=lazy("To be back by"), kind="moment", required=False),
    ]
)
DISPATCH_FORM = Form(
    fields=[
        Field(name="carrier", label=lazy("Carrier or driver"), longest=60),
        Field(name="eta_on", label=lazy("Arrives on"), kind="day"),
    ]
)
SCAN_FORM = Form(
    fields=[
        Field(name="plate", label=lazy("Plate or VIN"), kind="mono", longest=20),
        Field(name="lon", kind="hidden", required=False),
        Field(name="lat", kind="hidden", required=False),
    ]
)
TRANSFER_TONES = {
    "PROPOSED": "info",
    "APPROVED": "info",
    "DISPATCHED": "warn",
    "ARRIVED": "ok",
    "CANCELLED": "idle",
}


@require_GET
@needs("fleet.view")
def lots(request: Request) -> HttpResponse:
    """Lots, keys that are out, transfers under way."""
    now = timezone.now()
    found = queries.lots(actor=request.actor)
    keys = queries.keys_lent(actor=request.actor, at=now)
    moving = queries.transfers(open_only=True, actor=request.actor)
    context = {
        "lots": found,
        "keys": keys,
        "transfers": [(row, TRANSFER_TONES[row.state]) for row in moving],
        "tiles": [
            Tile(label=_("Lots"), value=len(found), kind="number"),
            Tile(
                label=_("Vehicles in lots"), value=sum(row.vehicles for row in found), kind="number"
            ),
            Tile(label=_("Keys out"), value=len(keys), kind="number"),
            Tile(
                label=_("Keys late"),
                value=(late := sum(row.late for row in keys)),
                kind="number",
                tone="bad" if late else "",
            ),
            Tile(label=_("Transfers under way"), value=len(moving), kind="number"),
        ],
    }
    return render(request, "fleet/lots.html", context)


@require_http_methods(["GET", "POST"])
@needs("fleet.open_lot")
def new_lot(request: Request) -> HttpResponse:
    context = {"title": _("New lot")}
    if request.method == "GET":
        return LOT_FORM.blank().respond(request, "fleet/lot_form.html", context)
    form = LOT_FORM.read(request.POST)
    if form.ok:
        lon, lat = float(form.values["lon"]), float(form.values["lat"])
        if not (-180 <= lon <= 180 and -90 <= lat <= 90):
            form.refuse("lon", _("Degrees east of Greenwich, and north of the equator."))
            return form.respond(request, "fleet/lot_form.html", context)
        form.values |= {"lon": lon, "lat": lat}
        try:
            fact = form.call(
                request, services.open_lot, org_id=request.actor.org_id, at=timezone.now()
            )
            return redirect("fleet-lot", fact["lot_id"])
        except services.LotNameTaken as refusal:
            form.refuse("name", refusal.words)
    return form.respond(request, "fleet/lot_form.html", context)


@require_GET
@needs("fleet.view")
def lot(request: Request, lot_id: UUID) -> HttpResponse:
    """A lot: who stands there by the book, and where terminals say they are."""
    parked = queries.parked_vehicles(lot_id=lot_id, actor=request.actor)
    known = next(row for row in queries.lots(actor=request.actor) if row.id == lot_id)
    context = {
        "lot": known,
        "parked": parked,
        "may_count": request.actor.may("fleet.start_stocktake"),
        "may_park": request.actor.may("fleet.park_vehicles"),
        "tiles": [
            Tile(label=_("Bays"), value=known.bays, kind="number"),
            Tile(
                label=_("In the book"),
                value=len(parked),
                kind="number",
                tone="warn" if len(parked) > known.bays else "",
            ),
            Tile(
                label=_("Terminal elsewhere"),
                value=(apart := sum(row.apart for row in parked)),
                kind="number",
                tone="bad" if apart else "",
            ),
        ],
    }
    return render(request, "fleet/lot.html", context)


@require_POST
@needs("fleet.park_vehicles")
def park(request: Request, lot_id: UUID) -> HttpResponse:
    """Enter a vehicle into the book of a lot, by its plate or VIN."""
    text = request.POST.get("plate", "")
    page = queries.vehicle_list(text=text, limit=2, actor=request.actor)
    if not text.strip() or page.total != 1:
        messages.error(request, _("%(count)d vehicles fit “%(text)s”; give the whole plate.")
                       % {"count": page.total, "text": text})  # fmt: skip
        return redirect("fleet-lot", lot_id)
    services.park_vehicles(
        lot_id=lot_id, vehicle_ids=[page.rows[0].id], actor=request.actor, at=timezone.now()
    )
    messages.success(request, _("It stands in this lot now."))
    return redirect("fleet-lot", lot_id)


@require_POST
@needs("fleet.start_stocktake")
def start_stocktake(request: Request, lot_id: UUID) -> HttpResponse:
    fact = services.start_stocktake(lot_id=lot_id, actor=request.actor, at=timezone.now())
    return redirect("fleet-stocktake", fact.stocktake_id)


@require_http_methods(["GET", "POST"])
@needs("fleet.view")
def stocktake(request: Request, stocktake_id: UUID) -> HttpResponse:
    """Count a lot by phone: one plate after the other; once closed, what disagrees."""
    card = queries.stocktake_card(stocktake_id=stocktake_id, actor=request.actor)
    context: dict[str, Any] = {"card": card, "form": SCAN_FORM.blank()}
    if request.method == "GET" or card.closed_at is not None:
        return render(request, "fleet/stocktake.html", context)
    form = SCAN_FORM.read(request.POST)
    if form.ok:
        place = {key: _degrees(form.values.pop(key, "")) for key in ("lon", "lat")}
        try:
            form.call(
                request,
                services.count_vehicle,
                stocktake_id=stocktake_id,
                **place,
                at=timezone.now(),
            )
            return redirect("fleet-stocktake", stocktake_id)
        except services.UnknownVehicle as refusal:
            form.refuse("plate", refusal.words)
    return form.respond(request, "fleet/stocktake.html", context)


def _degrees(words: Any) -> float | None:
    try:
        value = float(words)
    except (TypeError, ValueError):
        return None
    return value if -180 <= value <= 180 else None


@require_POST
@needs("fleet.close_stocktake")
def close_stocktake(request: Request, stocktake_id: UUID) -> HttpResponse:
    services.close_stocktake(stocktake_id=stocktake_id, actor=request.actor, at=timezone.now())
    return redirect("fleet-stocktake", stocktake_id)


@require_POST
@needs("fleet.settle_variance")
def settle_variance(request: Request, stocktake_id: UUID, variance_id: UUID) -> HttpResponse:
    services.settle_variance(
        variance_id=variance_id,
        cause=request.POST.get("cause", ""),
        actor=request.actor,
        at=timezone.now(),
    )
    return redirect("fleet-stocktake", stocktake_id)


@require_http_methods(["GET", "POST"])
@needs("fleet.view")
def keys(request: Request, vehicle_id: UUID) -> HttpResponse:
    """The keys of a vehicle: who has one, who had, and lending another."""
    now = timezone.now()
    card = queries.vehicle_card(vehicle_id=vehicle_id, actor=request.actor, at=now)
    context = {
        "vehicle": card,
        "name": card.plate or card.vin,
        "keys": queries.keys_lent(
            vehicle_id=vehicle_id, returned=True, actor=request.actor, at=now
        ),
        "submit": _("Lend the key"),
    }
    if request.method == "GET":
        return KEY_FORM.blank(key_no=1).respond(request, "fleet/keys.html", context)
    form = KEY_FORM.read(request.POST)
    if form.ok and form.values["key_no"] > 9:
        form.refuse("key_no", _("A vehicle has nine keys at most."))
    if form.ok:
        try:
            form.call(request, services.lend_key, vehicle_id=vehicle_id, at=now)
            messages.success(request, _("The key is lent."))
            return redirect("fleet-keys", vehicle_id)
        except services.KeyOut as refusal:
            form.refuse("key_no", refusal.words)
    return form.respond(request, "fleet/keys.html", context)


@require_POST
@needs("fleet.return_key")
def return_key(request: Request, custody_id: UUID) -> HttpResponse:
    services.return_key(custody_id=custody_id, actor=request.actor, at=timezone.now())
    messages.success(request, _("The key is back."))
    return redirect("fleet-lots")


@require_http_methods(["GET", "POST"])
@needs("fleet.transfer_vehicles")
def new_transfer(request: Request, vehicle_id: UUID) -> HttpResponse:
    """Propose to bring a vehicle to another city or lot."""
    card = queries.vehicle_card(vehicle_id=vehicle_id, actor=request.actor, at=timezone.now())
    places = [(str(row.id), f"{row.city} {row.name}") for row in queries.lots(actor=request.actor)]
    declared = Form(
        fields=[
            Field(name="to_city", label=lazy("To the city"), longest=40,
                  help=listed(city for city, _city in city_choices(request.actor))),
            Field(name="to_lot_id", label=lazy("To the lot"), kind="choice", required=False,
                  choices=places),
            Field(name="reason", label=lazy("Reason"), longest=200),
        ]
    )  # fmt: skip
    context = {"vehicle": card, "name": card.plate or card.vin, "title": _("Propose a transfer")}
    if request.method == "GET":
        return declared.blank().respond(request, "fleet/act.html", context)
    form = declared.read(request.POST)
    if form.ok:
        lot_id = form.values.pop("to_lot_id", None)
        try:
            fact = form.call(
                request,
                services.transfer_vehicles,
                vehicle_ids=[vehicle_id],
                to_lot_id=UUID(str(lot_id)) if lot_id else None,
                at=timezone.now(),
            )
            return redirect("fleet-transfer", fact["transfer_ids"][0])
        except (services.VehicleOut, services.TransferOpen, services.NowhereElse) as refusal:
            form.refuse("to_city", refusal.words)
    return form.respond(request, "fleet/act.html", context)


@require_http_methods(["GET", "POST"])
@needs("fleet.view")
def transfer(request: Request, transfer_id: UUID) -> HttpResponse:
    """A transfer with what can be done next; dispatching asks for carrier and day."""
    row = queries.transfer_card(transfer_id=transfer_id, actor=request.actor)
    people = {person for person in (row.proposed_by_id, row.decided_by_id) if person}
    names = org.names_of(user_ids=tuple(people), actor=request.actor)
    form = DISPATCH_FORM.blank()
    if request.method == "POST":
        form = DISPATCH_FORM.read(request.POST)
        if form.ok:
            form.call(
                request, services.dispatch_transfer, transfer_id=transfer_id, at=timezone.now()
            )
            return redirect("fleet-transfer", transfer_id)
    may = request.actor.may
    context = {
        "row": row,
        "form": form,
        "tone": TRANSFER_TONES[row.state],
        "may_approve": row.state == "PROPOSED"
        and may("fleet.approve_transfer")
        and row.proposed_by_id != request.actor.id,
        "may_cancel": row.state in ("PROPOSED", "APPROVED") and may("fleet.transfer_vehicles"),
        "may_dispatch": row.state == "APPROVED" and may("fleet.dispatch_transfer"),
        "may_arrive": row.state == "DISPATCHED" and may("fleet.arrive_transfer"),
        "details": [
            Detail(label=_("From"), value=row.from_city),
            Detail(label=_("To"), value=f"{row.to_city} {row.to_lot}".strip()),
            Detail(label=_("Reason"), value=row.reason),
            Detail(label=_("Proposed by"), value=names.get(row.proposed_by_id, "")),
            Detail(
                label=_("Approved by"),
                value=names.get(row.decided_by_id, "") if row.decided_by_id else "",
            ),
            Detail(label=_("Carrier or driver"), value=row.carrier),
            Detail(label=_("Arrives on"), value=row.eta_on, kind="day"),
            Detail(label=_("Arrived at"), value=row.arrived_at, kind="moment"),
        ],
    }
    status = 200 if form.ok else 422
    return render(request, "fleet/transfer.html", context, status=status)


_ACTS: Mapping[str, Callable[..., Any]] = {
    "approve": services.approve_transfer,
    "cancel": services.cancel_transfer,
    "arrive": services.arrive_transfer,
}


@require_POST
@needs("fleet.view")
def transfer_act(request: Request, transfer_id: UUID, name: str) -> HttpResponse:
    if name not in _ACTS:
        raise Refusal(_("There is no such act."))
    _ACTS[name](transfer_id=transfer_id, actor=request.actor, at=timezone.now())
    return redirect("fleet-transfer", transfer_id)
