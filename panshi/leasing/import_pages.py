"""Pages by which an operator moves in: leases from a sheet, or a whole workbook at once."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from panshi.crm import services as crm
from panshi.fleet import services as fleet
from panshi.kit import workbooks
from panshi.kit.import_pages import (
    ImportPages,
    batch_tiles,
    choose,
    download,
    every,
    shown_errors,
)
from panshi.kit.imports import BatchCard, Importer
from panshi.kit.records import Tile
from panshi.kit.sheets import CellError, as_rows
from panshi.kit.web import Request, needs
from panshi.leasing import queries, services
from panshi.leasing.rent_sheet import KIND as RENT_KIND
from panshi.leasing.rent_sheet import SHEET as RENT_SHEET
from panshi.leasing.sheet import KIND, SHEET

IMPORT: Final = ImportPages(
    kind=KIND,
    sheet=SHEET,
    title=lazy("Import leases"),
    prefix="leasing/import",
    name="leasing-import",
    back="leasing-leases",
    permission="leasing.stage_lease_import",
    stage=services.stage_lease_import,
    commit=services.commit_lease_import,
    undo=services.undo_lease_import,
)
RENT_IMPORT: Final = ImportPages(
    kind=RENT_KIND,
    sheet=RENT_SHEET,
    title=lazy("Import a rent ledger"),
    prefix="leasing/rents/import",
    name="leasing-rent-import",
    back="leasing-leases",
    permission="leasing.stage_rent_import",
    stage=services.stage_rent_import,
    commit=services.commit_rent_import,
    undo=services.undo_rent_import,
)
_ERRORS: Final = 10
# The sheets of a workbook: how they are called here, and the page of one such sheet.
_PARTS: Final[dict[Importer[Any], tuple[Promise, str]]] = {
    fleet.VEHICLES: (lazy("Vehicles"), "fleet-import-batch"),
    crm.CUSTOMERS: (lazy("Customers"), "crm-import-batch"),
    services.LEASES: (lazy("Leases"), IMPORT.batch_url),
    services.RENTS: (lazy("Rent ledger"), RENT_IMPORT.batch_url),
}
_guarded = needs("leasing.stage_workbook")


@require_GET
@needs("leasing.view")
def sheet(request: Request) -> HttpResponse:
    """The leases that run, in the form of the import sheet."""
    rows = queries.lease_sheet_rows(actor=request.actor)
    content = workbooks.write(sheet=SHEET, rows=as_rows(rows))
    return download(content=content, name="leases")


@require_GET
@needs("leasing.view")
def rents(request: Request) -> HttpResponse:
    """The rent periods from before the move-in, in the form of the import sheet."""
    rows = queries.rent_sheet_rows(actor=request.actor)
    content = workbooks.write(sheet=RENT_SHEET, rows=as_rows(rows))
    return download(content=content, name="rents")


@dataclass(frozen=True, slots=True)
class _Part:
    """A sheet of the workbook as the page shows it."""

    label: str | Promise
    url_name: str
    batch: BatchCard
    tiles: list[Tile]
    errors: list[tuple[CellError, str]]

    @property
    def more(self) -> int:
        """How many errors are not shown."""
        return len(self.batch.errors) - len(self.errors)


@require_http_methods(["GET", "POST"])
@_guarded
def move_in(request: Request) -> HttpResponse:
    """Choose a workbook; a good one leads to what its sheets hold."""
    form, staged = choose(request, name="leasing.stage_workbook", stage=services.stage_workbook)
    if staged is not None:
        return redirect("leasing-move-in-file", UUID(str(next(iter(staged["batches"].values())))))
    return form.respond(request, "leasing/move_in.html", {"every": every(request.actor)})


@require_GET
@_guarded
def template(request: Request) -> HttpResponse:
    """One workbook with all sheets, to fill in."""
    sheets = [fleet.VEHICLES.sheet, crm.CUSTOMERS.sheet, SHEET, RENT_SHEET]
    return download(content=workbooks.template(sheets=sheets), name="move-in-template")


def _parts(request: Request, batch_id: UUID) -> list[_Part]:
    batches = {
        batch.kind: batch
        for batch in queries.batches_of_file(batch_id=batch_id, actor=request.actor)
    }
    parts = [
        _Part(
            label,
            url_name,
            batch,
            batch_tiles(batch),
            shown_errors(importer.sheet, batch, most=_ERRORS),
        )
        for importer, (label, url_name) in _PARTS.items()
        if (batch := batches.get(importer.kind)) is not None
    ]
    if not parts:
        raise Http404
    return parts


@require_GET
@_guarded
def file(request: Request, batch_id: UUID) -> HttpResponse:
    """What the sheets of one workbook hold, and the acts on all of them."""
    parts = _parts(request, batch_id)
    batches = [part.batch for part in parts]
    staged = [batch for batch in batches if batch.state == "STAGED"]
    context = {
        "batch_id": batch_id,
        "file_name": batches[0].file_name,
        "parts": parts,
        "wrong": sum(batch.wrong for batch in batches),
        "new": sum(batch.new for batch in staged),
        "committed": not staged and any(batch.state == "COMMITTED" for batch in batches),
        "created": sum(batch.new for batch in batches if batch.state == "COMMITTED"),
    }
    return render(request, "leasing/move_in_file.html", context)


@require_POST
@_guarded
def enter(request: Request, batch_id: UUID) -> HttpResponse:
    parts = _parts(request, batch_id)
    fact = services.commit_workbook(
        batches={part.batch.kind: part.batch.id for part in parts},
        actor=request.actor,
        at=timezone.now(),
    )
    messages.success(
        request,
        _("%(created)d entered, %(there)d were there already.")
        % {"created": sum(fact.created.values()), "there": sum(fact.there_already.values())},
    )
    return redirect("leasing-move-in-file", batch_id)


@require_POST
@_guarded
def take_out(request: Request, batch_id: UUID) -> HttpResponse:
    parts = _parts(request, batch_id)
    fact = services.undo_workbook(
        batches={
            part.batch.kind: part.batch.id for part in parts if part.batch.state == "COMMITTED"
        },
        actor=request.actor,
        at=timezone.now(),
    )
    messages.success(
        request, _("%(count)d taken out again.") % {"count": sum(fact.removed.values())}
    )
    return redirect("leasing-move-in-file", batch_id)


URLS: Final = [
    path("leasing/leases/sheet/", sheet, name="leasing-sheet"),
    path("leasing/move-in/", move_in, name="leasing-move-in"),
    path("leasing/move-in/template/", template, name="leasing-move-in-template"),
    path("leasing/move-in/<uuid:batch_id>/", file, name="leasing-move-in-file"),
    path("leasing/move-in/<uuid:batch_id>/enter/", enter, name="leasing-move-in-enter"),
    path("leasing/move-in/<uuid:batch_id>/undo/", take_out, name="leasing-move-in-undo"),
    path("leasing/rents/sheet/", rents, name="leasing-rent-sheet"),
    *IMPORT.urls(),
    *RENT_IMPORT.urls(),
]
