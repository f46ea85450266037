"""Console pages of supply."""

from typing import Final
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_GET

from panshi.kit import workbooks
from panshi.kit.import_pages import ImportPages, download
from panshi.kit.records import Detail, Tile
from panshi.kit.sheets import as_rows
from panshi.kit.tables import Column, Filter, Slice, Table
from panshi.kit.web import Request, needs
from panshi.org import queries as org
from panshi.supply import queries, services
from panshi.supply.models import LocationKind
from panshi.supply.place_pages import PLACES, place_of
from panshi.supply.sheet import KIND, SHEET

LOCATIONS = Table(
    name="supply-locations",
    columns=(
        Column(key="name", label=pgettext_lazy("stock", "Place")),
        Column(key="kind", label=lazy("Kind"), choices=LocationKind),
        Column(key="city", label=lazy("City")),
        Column(key="items", label=lazy("Parts"), kind="number"),
        Column(key="on_hand", label=lazy("On hand"), kind="number"),
        Column(key="reserved", label=lazy("Reserved"), kind="number"),
    ),
    filters=(
        Filter(key="city", label=lazy("City")),
        Filter(key="kind", label=lazy("Kind"), kind="choice", choices=PLACES),
    ),
    row_url="supply-location",
    export="stock-places",
    empty=lazy("No stations, warehouses or vans yet."),
    live=("supply.*",),
)

IMPORT: Final = ImportPages(
    kind=KIND,
    sheet=SHEET,
    title=lazy("Import parts in stock"),
    prefix="supply/import",
    name="supply-import",
    back="supply-locations",
    permission="supply.stage_part_import",
    stage=services.stage_part_import,
    commit=services.commit_part_import,
    undo=services.undo_part_import,
)


@require_GET
@needs("supply.view")
def sheet(request: Request) -> HttpResponse:
    """What lies in all places, in the form of the import sheet."""
    rows = queries.part_sheet_rows(actor=request.actor)
    return download(content=workbooks.write(sheet=SHEET, rows=as_rows(rows)), name="parts")


@require_GET
def locations(request: Request) -> HttpResponse:
    """Places that hold parts, with what lies there."""
    request.actor.must("supply.view", request.actor.org_id)
    ask = LOCATIONS.read(request.GET)
    rows = queries.location_totals(city=ask.text("city"), actor=request.actor)
    if kind := ask.text("kind"):
        rows = [row for row in rows if row.kind == kind]
    part = Slice(rows=rows[ask.offset : ask.offset + ask.limit], total=len(rows))
    return LOCATIONS.respond(request, ask, part, "supply/locations.html")


@require_GET
def location(request: Request, id: UUID) -> HttpResponse:
    """One place: its stock by part and lot, and its last movements."""
    request.actor.must("supply.view", request.actor.org_id)
    place = place_of(id, request.actor)
    stock = queries.stock_at(location_id=id, actor=request.actor)
    keeper = (
        org.names_of(user_ids=(place.keeper_id,), actor=request.actor).get(place.keeper_id, "")
        if place.keeper_id
        else ""
    )
    context = {
        "place": place,
        "may": {"receive": request.actor.may("supply.receive_stock")},
        "stock": stock,
        "movements": queries.movements(location_id=id, actor=request.actor, limit=50),
        "tiles": [
            Tile(label=_("Parts"), value=len({row.item_code for row in stock}), kind="number"),
            Tile(label=_("On hand"), value=sum(row.on_hand for row in stock), kind="number"),
            Tile(label=_("Reserved"), value=sum(row.reserved for row in stock), kind="number"),
        ],
        "details": [
            Detail(label=_("Kind"), value=place.kind.label),
            Detail(label=_("City"), value=place.city),
            Detail(label=_("Driven by"), value=keeper),
        ],
    }
    return render(request, "supply/location.html", context)
