"""Pages by which leases move in from a sheet, and the sheet as the register writes it."""

from typing import Final

from django.http import HttpResponse
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET

from panshi.kit import workbooks
from panshi.kit.import_pages import ImportPages, download
from panshi.kit.sheets import as_rows
from panshi.kit.web import Request, needs
from panshi.leasing import queries, services
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


@require_GET
@needs("leasing.view")
def sheet(request: Request) -> HttpResponse:
    """The leases that run, in the form of the import sheet."""
    rows = queries.lease_sheet_rows(actor=request.actor)
    return download(content=workbooks.write(sheet=SHEET, rows=as_rows(rows)), name="leases")
