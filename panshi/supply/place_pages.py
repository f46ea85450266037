"""Pages of a place: opening one, receiving goods there, moving, counting and scrapping them."""

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_http_methods

from panshi.fleet import queries as fleet
from panshi.kit.forms import Field, Form, Reading
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.web import Request, needs
from panshi.kit.wording import reads_chinese
from panshi.org import queries as org
from panshi.supply import queries, services
from panshi.supply.events import StockLine
from panshi.supply.models import LocationKind
from panshi.supply.queries import LocationRow

PLACES: Final = [(kind.value, kind.label) for kind in LocationKind if kind in queries.STOCKED]
OPEN: Final = Form(
    fields=[
        Field(name="kind", label=lazy("Kind"), kind="choice", choices=PLACES),
        Field(name="name", label=lazy("Name"), longest=80),
        Field(name="city", label=lazy("City"), longest=40),
        Field(
            name="lon",
            label=lazy("Longitude"),
            kind="number",
            required=False,
            help=lazy("A station or warehouse needs a place on the map."),
        ),
        Field(name="lat", label=lazy("Latitude"), kind="number", required=False),
        Field(
            name="plate",
            label=lazy("Plate"),
            required=False,
            longest=12,
            help=lazy("Of a service van that is in the register of vehicles."),
        ),
    ]
)
ENGINEER: Final = "ENGINEER"
_FIELD_OF: Final[dict[type[Refusal], str]] = {
    services.PlaceMissing: "lon",
    services.UnknownItem: "item",
    services.InsufficientStock: "quantity",
    services.CountInvalid: "quantity",
    services.PriceMissing: "unit_price",
}


@require_http_methods(["GET", "POST"])
@needs("supply.open_location")
def open_place(request: Request) -> HttpResponse:
    """Open a station, a warehouse or a van."""
    context = {
        "title": _("Open a place"),
        "submit": _("Open the place"),
        "cancel_url": reverse("supply-locations"),
    }
    if request.method == "GET":
        return OPEN.blank(kind="WAREHOUSE").respond(request, "supply/form.html", context)
    form = OPEN.read(request.POST)
    if form.ok:
        values = form.values
        for name, limit in (("lon", 180), ("lat", 90)):
            value = values.pop(name)
            if value is not None and abs(value) > limit:
                form.refuse(name, _("Write degrees, such as 120.15."))
            values[name] = None if value is None else float(value)
        if plate := values.pop("plate"):
            values["vehicle_id"] = fleet.bearer_of(
                plate=plate, at=timezone.now(), actor=request.actor
            )
            if values["vehicle_id"] is None:
                form.refuse("plate", _("No vehicle bears this plate."))
    if form.ok:
        try:
            fact = form.call(
                request, services.open_location, org_id=request.actor.org_id, at=timezone.now()
            )
            messages.success(request, _("The place is open."))
            return redirect("supply-location", fact["location_id"])
        except services.PlaceMissing as refusal:
            form.refuse("lon", refusal.words)
    return form.respond(request, "supply/form.html", context)


def place_of(location_id: UUID, actor: Actor) -> LocationRow:
    """One place. Raises Http404."""
    found = queries.locations(actor=actor, at=timezone.now())
    place = next((row for row in found if row.id == location_id), None)
    if place is None:
        raise Http404
    return place


def _catalogue(actor: Actor) -> list[tuple[str, str]]:
    """Every part that may be received, by code."""
    chinese = reads_chinese()
    return [
        (row.code, f"{row.code} · {row.name_zh if chinese else row.name_en}")
        for row in queries.items(actor=actor)
    ]


def _lying(location_id: UUID, actor: Actor) -> list[tuple[str, str]]:
    """What lies in a place, by part and lot; the value is what `_line` reads."""
    chinese = reads_chinese()
    return [
        (
            f"{row.item_code}|{row.lot}",
            " · ".join(
                str(part)
                for part in (
                    row.item_code,
                    row.name_zh if chinese else row.name_en,
                    row.lot,
                    row.free,
                )
                if part != ""
            ),
        )
        for row in queries.stock_at(location_id=location_id, actor=actor)
    ]


def _line(values: dict[str, Any]) -> StockLine:
    code, _bar, lot = values["item"].partition("|")
    return StockLine(
        item_code=code,
        lot=lot or values.get("lot", ""),
        quantity=values["quantity"],
        unit_price=values.get("unit_price"),
    )


def _act(
    request: Request,
    place: LocationRow,
    form: Form,
    title: str,
    submit: str,
    done: str,
    call: Callable[[Reading], object],
) -> HttpResponse:
    """Show a form of a place, or do what it says once and go back to the place."""
    context = {
        "title": title,
        "submit": submit,
        "place": place,
        "cancel_url": reverse("supply-location", args=[place.id]),
    }
    if request.method == "GET":
        return form.blank().respond(request, "supply/form.html", context)
    reading = form.read(request.POST)
    if reading.ok:
        try:
            call(reading)
            messages.success(request, done)
            return redirect("supply-location", place.id)
        except (
            services.UnknownItem,
            services.InsufficientStock,
            services.CountInvalid,
        ) as refusal:
            reading.refuse(_FIELD_OF[type(refusal)], refusal.words)
    return reading.respond(request, "supply/form.html", context)


def _quantity(label: object = lazy("Quantity"), least: int = 1) -> Field:
    return Field(name="quantity", label=str(label), kind="whole", least=least)


@require_http_methods(["GET", "POST"])
@needs("supply.receive_stock")
def receive(request: Request, id: UUID) -> HttpResponse:
    """Receive goods from a supplier into a place."""
    form = Form(
        fields=[
            Field(
                name="item", label=lazy("Part"), kind="choice", choices=_catalogue(request.actor)
            ),
            _quantity(),
            Field(
                name="unit_price",
                label=lazy("Price of one, tax included"),
                kind="money",
                required=False,
                help=lazy("What it is expected to cost; its invoice sets it right."),
            ),
            Field(name="lot", label=lazy("Lot"), required=False, longest=40),
            Field(name="supplier", label=lazy("Supplier"), required=False, longest=80),
            Field(
                name="document", label=lazy("Delivery note or order"), required=False, longest=60
            ),
        ]
    )
    place = place_of(id, request.actor)

    def call(form: Reading) -> object:
        line, given = _line(form.values), form.values
        return services.receive_stock(
            location_id=id,
            lines=[line],
            supplier=given["supplier"],
            document=given["document"],
            client_id=form.key,
            actor=request.actor,
            at=timezone.now(),
        )

    return _act(
        request, place, form, _("Receive goods"), _("Receive"), _("The goods are received."), call
    )


@require_http_methods(["GET", "POST"])
@needs("supply.move_stock")
def move(request: Request, id: UUID) -> HttpResponse:
    """Take parts from a place to another."""
    place = place_of(id, request.actor)
    others = queries.locations(actor=request.actor, at=timezone.now())
    form = Form(
        fields=[
            Field(
                name="item", label=lazy("Part"), kind="choice", choices=_lying(id, request.actor)
            ),
            _quantity(),
            Field(
                name="target",
                label=pgettext_lazy("stock", "To"),
                kind="choice",
                choices=[(str(row.id), row.name) for row in others if row.id != id],
            ),
        ]
    )

    def call(form: Reading) -> object:
        return services.move_stock(
            source_id=id,
            target_id=UUID(form.values["target"]),
            lines=[_line(form.values)],
            reason="TRANSFER",
            client_id=form.key,
            actor=request.actor,
            at=timezone.now(),
        )

    return _act(request, place, form, _("Move parts"), _("Move"), _("The parts are moved."), call)


@require_http_methods(["GET", "POST"])
@needs("supply.count_stock")
def count(request: Request, id: UUID) -> HttpResponse:
    """Make the books say what was counted."""
    place = place_of(id, request.actor)
    listed = _lying(id, request.actor)
    known = {value.partition("|")[0] for value, _label in listed}
    found = [(f"{code}|", words) for code, words in _catalogue(request.actor) if code not in known]
    form = Form(
        fields=[
            Field(name="item", label=lazy("Part"), kind="choice", choices=[*listed, *found]),
            Field(name="quantity", label=lazy("Pieces counted"), kind="whole", least=0),
        ]
    )

    def call(form: Reading) -> object:
        line = _line(form.values)
        return services.count_stock(
            location_id=id,
            item_code=line.item_code,
            lot=line.lot,
            counted=line.quantity,
            actor=request.actor,
            at=timezone.now(),
        )

    return _act(
        request, place, form, _("Count parts"), _("Book the count"), _("The count is booked."), call
    )


@require_http_methods(["GET", "POST"])
@needs("supply.scrap_parts")
def scrap(request: Request, id: UUID) -> HttpResponse:
    """Throw parts away, with a reason."""
    place = place_of(id, request.actor)
    form = Form(
        fields=[
            Field(
                name="item", label=lazy("Part"), kind="choice", choices=_lying(id, request.actor)
            ),
            _quantity(),
            Field(name="reason", label=lazy("Reason"), longest=60),
        ]
    )

    def call(form: Reading) -> object:
        return services.scrap_parts(
            location_id=id,
            lines=[_line(form.values)],
            reason=form.values["reason"],
            actor=request.actor,
            at=timezone.now(),
        )

    return _act(
        request, place, form, _("Scrap parts"), _("Scrap"), _("The parts are scrapped."), call
    )


@require_http_methods(["GET", "POST"])
@needs("supply.hand_over_van")
def hand_over(request: Request, id: UUID) -> HttpResponse:
    """Give a van to an engineer."""
    place = place_of(id, request.actor)
    engineers = [row for row in org.staff(actor=request.actor) if ENGINEER in row.roles]
    form = Form(
        fields=[
            Field(
                name="user",
                label=lazy("Engineer"),
                kind="choice",
                choices=[(str(row.id), row.full_name or row.username) for row in engineers],
            )
        ]
    )

    def call(form: Reading) -> object:
        return services.hand_over_van(
            location_id=id,
            user_id=UUID(form.values["user"]),
            actor=request.actor,
            at=timezone.now(),
        )

    return _act(
        request, place, form, _("Hand the van over"), _("Hand over"), _("The van is handed over."),
        call,
    )  # fmt: skip


NEW_PART: Final = Form(
    fields=[
        Field(name="code", label=lazy("Code"), kind="mono", longest=40),
        Field(name="name_zh", label=lazy("Chinese name"), longest=80),
        Field(name="name_en", label=lazy("English name"), longest=80),
        Field(name="spec", label=lazy("Specification"), required=False, longest=80),
        Field(
            name="unit",
            label=lazy("Unit"),
            kind="choice",
            choices=[
                ("PCS", pgettext_lazy("unit", "Piece")),
                ("SET", pgettext_lazy("unit", "Set")),
                ("PAIR", pgettext_lazy("unit", "Pair")),
                ("L", pgettext_lazy("unit", "Litre")),
                ("M", pgettext_lazy("unit", "Metre")),
                ("KG", pgettext_lazy("unit", "Kilogram")),
                ("BARREL", pgettext_lazy("unit", "Barrel")),
                ("BOTTLE", pgettext_lazy("unit", "Bottle")),
            ],
        ),
        Field(name="safety", label=lazy("Safety part"), kind="flag", required=False),
        Field(name="high_voltage", label=lazy("High voltage"), kind="flag", required=False),
    ]
)


@require_http_methods(["GET", "POST"])
@needs("supply.load_items")
def new_part(request: Request) -> HttpResponse:
    """Enter a part in the catalogue of one's node."""
    context = {
        "title": _("New part"),
        "submit": _("Enter the part"),
        "cancel_url": reverse("supply-locations"),
    }
    if request.method == "GET":
        return NEW_PART.blank(unit="PCS").respond(request, "supply/form.html", context)
    form = NEW_PART.read(request.POST)
    if form.ok and any(
        row.code == form.values["code"] for row in queries.items(actor=request.actor)
    ):
        form.refuse("code", _("There is a part of this code already."))
    if form.ok:
        services.load_items(
            org_id=request.actor.org_id,
            items=[services.NewItem(**form.values)],
            actor=request.actor,
            at=timezone.now(),
        )
        messages.success(request, _("The part is in the catalogue."))
        return redirect("supply-locations")
    return form.respond(request, "supply/form.html", context)


URLS: Final = [
    path("supply/locations/new/", open_place, name="supply-location-new"),
    path("supply/parts/new/", new_part, name="supply-part-new"),
    path("supply/locations/<uuid:id>/receive/", receive, name="supply-receive"),
    path("supply/locations/<uuid:id>/move/", move, name="supply-move"),
    path("supply/locations/<uuid:id>/count/", count, name="supply-count"),
    path("supply/locations/<uuid:id>/scrap/", scrap, name="supply-scrap"),
    path("supply/locations/<uuid:id>/hand-over/", hand_over, name="supply-van"),
]
