"""The pages of an import: choose a file, see its errors at the cell, apply it, undo it.

PAGES = ImportPages(kind=KIND, sheet=SHEET, title=_("Import vehicles"), prefix="fleet/import",
                    name="fleet-import", back="fleet-vehicles", permission="fleet.view",
                    stage=services.stage_…, commit=services.commit_…, undo=services.undo_…)
urlpatterns = [*PAGES.urls(), …]
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from panshi.kit import imports, workbooks
from panshi.kit.files import MAX_BYTES, FileTooLarge
from panshi.kit.forms import Field, Form, Reading
from panshi.kit.imports import BatchCard
from panshi.kit.records import Tile
from panshi.kit.sheets import CellError, Sheet, SheetUnreadable
from panshi.kit.tenancy import Actor
from panshi.kit.web import Request, needs, once
from panshi.kit.workbooks import XLSX

_SHOWN_ERRORS: Final = 200
FILE_FORM: Final = Form(
    fields=[
        Field(
            name="file",
            label=lazy("Excel file (.xlsx)"),
            kind="file",
            help=lazy("Nothing is changed yet: first you see what the file holds."),
        )
    ]
)
ROW_STATES: Final = {
    "NEW": (lazy("New"), "ok"),
    "THERE": (lazy("There already"), "idle"),
    "WRONG": (lazy("Wrong"), "bad"),
    "CREATED": (lazy("Created"), "ok"),
    "REMOVED": (lazy("Removed"), "idle"),
}


def download(*, content: bytes, name: str) -> HttpResponse:
    """An xlsx file as a download."""
    response = HttpResponse(content, content_type=XLSX)
    response["Content-Disposition"] = f'attachment; filename="{name}.xlsx"'
    return response


def batch_tiles(batch: BatchCard) -> list[Tile]:
    """What a batch holds, in figures."""
    return [
        Tile(label=_("Rows"), value=batch.rows, kind="number"),
        Tile(label=_("New"), value=batch.new, kind="number"),
        Tile(label=_("There already"), value=batch.there, kind="number"),
        Tile(
            label=_("Wrong"),
            value=batch.wrong,
            kind="number",
            tone="bad" if batch.wrong else "",
        ),
    ]


def shown_errors(sheet: Sheet, batch: BatchCard, *, most: int) -> list[tuple[CellError, str]]:
    """The first errors of a batch, each with what stands in the cell, personal data masked."""
    masks = {column.header: column.mask for column in sheet.columns}

    def shown(error: CellError) -> str:
        mask = masks.get(error.header)
        return mask(error.value) if mask and error.value else error.value

    return [(error, shown(error)) for error in batch.errors[:most]]


def choose(
    request: Request, *, name: str, stage: Callable[..., Any]
) -> tuple[Reading, dict[str, Any] | None]:
    """The form of a file: blank, staged once by `stage`, or with what is wrong with the file.

    Answers the form and, when the file was staged, the fact of that as plain values.
    """
    if request.method == "GET":
        return FILE_FORM.blank(), None
    form = FILE_FORM.read(request.POST, request.FILES)
    upload = form.values.get("file")
    if not isinstance(upload, UploadedFile):
        return form, None
    try:
        return form, _staged(request, form, upload, name, stage)
    except (SheetUnreadable, FileTooLarge) as refusal:
        form.refuse("file", refusal.words)
        return form, None


def _staged(
    request: Request,
    form: Reading,
    upload: "UploadedFile[bytes]",
    name: str,
    stage: Callable[..., Any],
) -> dict[str, Any]:
    if (upload.size or 0) > MAX_BYTES:
        raise FileTooLarge(
            _("The file is larger than %(limit)d MB.") % {"limit": MAX_BYTES // 1024**2}
        )
    plain, _new = once(
        key=form.key,
        actor=request.actor,
        name=name,
        call=lambda: stage(
            org_id=request.actor.org_id,
            file_name=upload.name or "",
            content=upload.read(),
            actor=request.actor,
            at=timezone.now(),
        ),
    )
    return plain


@dataclass(frozen=True, slots=True)
class _Shown:
    row: int
    cells: tuple[str, ...]
    label: str | Promise
    tone: str
    note: str


_EVERY: "Final[dict[str, ImportPages]]" = {}


def every(actor: Actor) -> "list[ImportPages]":
    """The imports of all rooms that somebody may open, in the order in which rooms declare them."""
    return [pages for pages in _EVERY.values() if actor.may(pages.permission)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPages:
    """One kind of import with its three verbs; `permission` opens the pages, the verbs ask theirs.

    The verbs take (org_id, file_name, content), (batch_id), (batch_id), with actor and at.
    """

    kind: str
    sheet: Sheet
    title: str | Promise
    prefix: str
    name: str
    back: str
    permission: str
    stage: Callable[..., Any]
    commit: Callable[..., Any]
    undo: Callable[..., Any]
    sample: str = ""  # The page that gives a file to try the import with.

    @property
    def template_url(self) -> str:
        return f"{self.name}-template"

    @property
    def batch_url(self) -> str:
        return f"{self.name}-batch"

    @property
    def marked_url(self) -> str:
        return f"{self.name}-marked"

    @property
    def commit_url(self) -> str:
        return f"{self.name}-commit"

    @property
    def undo_url(self) -> str:
        return f"{self.name}-undo"

    def urls(self) -> list[URLPattern]:
        """The patterns of these pages, below `prefix`; from then on the import is among `every`."""
        _EVERY[self.kind] = self
        guarded = needs(self.permission)
        one = f"{self.prefix}/<uuid:batch_id>"
        get = require_GET
        return [
            path(
                f"{self.prefix}/",
                require_http_methods(["GET", "POST"])(guarded(self._choose)),
                name=self.name,
            ),
            path(f"{self.prefix}/template/", get(guarded(self._template)), name=self.template_url),
            path(f"{one}/", get(guarded(self._batch)), name=self.batch_url),
            path(f"{one}/marked/", get(guarded(self._marked)), name=self.marked_url),
            path(f"{one}/commit/", require_POST(guarded(self._commit)), name=self.commit_url),
            path(f"{one}/undo/", require_POST(guarded(self._undo)), name=self.undo_url),
        ]

    def _context(self, **more: Any) -> dict[str, Any]:
        return {"pages": self, **more}

    def _choose(self, request: Request) -> HttpResponse:
        form, staged = choose(request, name=f"kit.stage.{self.kind}", stage=self.stage)
        if staged is not None:
            return redirect(self.batch_url, UUID(str(staged["batch_id"])))
        recent = imports.recent(self.kind, actor=request.actor)
        return form.respond(request, "kit/import.html", self._context(recent=recent))

    def _template(self, request: Request) -> HttpResponse:
        return download(content=workbooks.template(sheets=[self.sheet]), name=self.template_url)

    def _batch(self, request: Request, batch_id: UUID) -> HttpResponse:
        batch = imports.card(self.kind, batch_id=batch_id, actor=request.actor)
        preview = imports.preview(self.sheet, self.kind, batch_id=batch_id, actor=request.actor)
        errors = shown_errors(self.sheet, batch, most=_SHOWN_ERRORS)
        rows = [
            _Shown(row.row, row.shown, *ROW_STATES[row.state], row.note)
            for row in preview.rows
            if row.shown or row.note
        ]
        context = self._context(
            batch=batch,
            errors=errors,
            more_errors=max(len(batch.errors) - _SHOWN_ERRORS, 0),
            headers=preview.headers,
            rows=rows,
            tiles=batch_tiles(batch),
        )
        return render(request, "kit/import_batch.html", context)

    def _marked(self, request: Request, batch_id: UUID) -> HttpResponse:
        content = imports.marked_copy(self.sheet, self.kind, batch_id=batch_id, actor=request.actor)
        return download(content=content, name=f"{self.name}-marked")

    def _commit(self, request: Request, batch_id: UUID) -> HttpResponse:
        fact = self.commit(batch_id=batch_id, actor=request.actor, at=timezone.now())
        messages.success(
            request,
            _("%(created)d entered, %(there)d were there already.")
            % {"created": fact.created, "there": fact.there_already},
        )
        return redirect(self.batch_url, batch_id)

    def _undo(self, request: Request, batch_id: UUID) -> HttpResponse:
        fact = self.undo(batch_id=batch_id, actor=request.actor, at=timezone.now())
        messages.success(request, _("%(count)d taken out again.") % {"count": fact.removed})
        return redirect(self.batch_url, batch_id)
