"""Moving in from a spreadsheet: staged, previewed, committed as a whole, undone as a whole.

A room declares an `Importer` and calls `stage`, `commit` and `undo` inside its own verbs. What was
staged lies sealed, and is forgotten once it is committed, undone or staged anew.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Generic, TypedDict, TypeVar
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _
from pydantic import TypeAdapter

from panshi.kit import sheets, workbooks
from panshi.kit.ids import uuid7
from panshi.kit.models import ImportBatch, ImportRow
from panshi.kit.personal import seal_all
from panshi.kit.refusals import Refusal
from panshi.kit.sheets import CellError, Sheet
from panshi.kit.tenancy import Actor

R = TypeVar("R")
_BATCH: Final = 1000
_PREVIEW: Final = 50
_CREATED: Final = """
UPDATE kit_importrow r SET record_id = made.record_id, state = 'CREATED'
FROM unnest(%s::uuid[], %s::uuid[]) AS made (id, record_id) WHERE r.id = made.id
"""
_ERRORS: Final = TypeAdapter(tuple[CellError, ...])


class RowsInvalid(Refusal):
    """The batch has rows with errors; nothing of it is taken."""


class RowsSinceChanged(Refusal):
    """The books changed since the preview, so that rows no longer fit; stage the file again."""


class NotCommitted(Refusal):
    """Only a committed batch can be undone."""


class RecordsInUse(Refusal):
    """Something hangs on a record that the batch brought, so it cannot be taken out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A fault that only the books can tell: the index of the row, the column's key, the words."""

    index: int
    key: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What the books say of the rows: `there` are those already in the register, with a note.

    `notes` say what should be known of a new row before it is entered; they hinder nothing.
    """

    problems: Sequence[Problem] = ()
    there: Mapping[int, str] = field(default_factory=dict)
    notes: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Importer(Generic[R]):
    """One kind of import. `row` is a frozen dataclass whose fields are the columns' keys.

    `check(rows=…, org_id=…, actor=…, at=…)` compares with the books; `create(…)`, called the same
    way with the new rows, answers a record id for each; `remove(record_ids=…, actor=…, at=…)` takes
    records out again or raises RecordsInUse.
    """

    kind: str
    sheet: Sheet
    row: type[R]
    check: Callable[..., Checked]
    create: Callable[..., Sequence[UUID]]
    remove: Callable[..., None]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchCard:
    """A batch: `new` rows to create (or created), `there` already in the register, `wrong` ones."""

    id: UUID
    org_id: int
    kind: str
    file_name: str
    state: str
    rows: int
    new: int
    there: int
    wrong: int
    errors: tuple[CellError, ...]
    unused: tuple[str, ...]
    by_id: UUID
    created_at: datetime
    committed_at: datetime | None
    undone_at: datetime | None

    @property
    def label(self) -> str:
        """The state in words."""
        if self.state == "STAGED" and self.wrong:
            return _("With errors")
        return {
            "STAGED": _("Not yet applied"),
            "COMMITTED": _("Applied"),
            "UNDONE": _("Undone"),
        }.get(self.state, _("Replaced"))

    @property
    def ready(self) -> bool:
        return self.state == "STAGED" and not self.wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewRow:
    row: int
    shown: tuple[str, ...]
    state: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The first rows of a batch as they stand in the file."""

    headers: tuple[str, ...]
    rows: tuple[PreviewRow, ...]


def _card(batch: ImportBatch) -> BatchCard:
    return BatchCard(
        id=batch.id,
        org_id=batch.org_id,
        kind=batch.kind,
        file_name=batch.file_name,
        state=batch.state,
        rows=batch.rows,
        new=batch.new,
        there=batch.there,
        wrong=batch.wrong,
        errors=_ERRORS.validate_json(batch.errors),
        unused=tuple(batch.unused),
        by_id=batch.by_id,
        created_at=batch.created_at,
        committed_at=batch.committed_at,
        undone_at=batch.undone_at,
    )


def _content(shown: Sequence[str], values: Any = None) -> str:
    return json.dumps({"shown": list(shown), "values": values}, ensure_ascii=False)


def stage(
    importer: Importer[R],
    *,
    org_id: int,
    file_name: str,
    content: bytes,
    actor: Actor,
    at: datetime,
) -> BatchCard:
    """Read and check a file and keep it for preview; called inside a verb.

    A file that is committed already answers its batch, and an older preview of it is dropped.
    Raises the refusals of `sheets.read`.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    same = ImportBatch.objects.filter(org_id=org_id, kind=importer.kind, sha256=sha256)
    committed = same.filter(state="COMMITTED").first()
    if committed is not None:
        return _card(committed)
    for older in same.filter(state="STAGED").select_for_update():
        _forget(older)
        older.state = "DISCARDED"
        older.save(update_fields=["state"])
    reading = sheets.read(content=content, sheet=importer.sheet)
    right = [line for line in reading.lines if line.values is not None]
    rows = [importer.row(**(line.values or {})) for line in right]
    checked = importer.check(rows=rows, org_id=org_id, actor=actor, at=at)
    errors = [*reading.errors]
    for problem in checked.problems:
        column = importer.sheet.column(problem.key)
        errors.append(
            reading.error(line=right[problem.index], column=column, reason=problem.reason)
        )
    errors.sort(key=lambda error: (error.row, len(error.column), error.column))
    wrong = {error.row for error in errors}
    there = {right[index].row: note for index, note in checked.there.items()}
    notes = {right[index].row: note for index, note in checked.notes.items()} | there
    batch = ImportBatch.objects.create(
        org_id=org_id,
        kind=importer.kind,
        file_name=Path(file_name).name[:200] or "file.xlsx",
        sha256=sha256,
        by_id=actor.id,
        header_row=reading.header_row,
        headers=list(reading.headers),
        unused=list(reading.unused),
        rows=len(reading.lines),
        wrong=len(wrong),
        there=len(there.keys() - wrong),
        new=len(reading.lines) - len(wrong | there.keys()),
        errors=_ERRORS.dump_json(tuple(errors)).decode(),
    )
    adapter = TypeAdapter(importer.row)
    values = {
        line.row: adapter.dump_python(row, mode="json")
        for line, row in zip(right, rows, strict=True)
    }
    _keep(
        batch,
        [
            {
                "id": str(uuid7()),
                "row": line.row,
                "content": sealed.hex(),
                "state": "WRONG" if line.row in wrong else "THERE" if line.row in there else "NEW",
                "note": notes.get(line.row, "")[:400],
            }
            for line, sealed in zip(
                reading.lines,
                seal_all(_content(line.shown, values.get(line.row)) for line in reading.lines),
                strict=True,
            )
        ],
    )
    return _card(batch)


# A document a thousand rows: a parameter for each value costs more than the rows themselves.
_KEEP: Final = """
INSERT INTO kit_importrow (id, org_id, batch_id, "row", content, state, note)
SELECT id, %(org)s, %(batch)s, "row", decode(content, 'hex'), state, note
FROM jsonb_to_recordset(%(rows)s::jsonb)
    AS r(id uuid, "row" int, content text, state text, note text)
"""


def _keep(batch: ImportBatch, rows: Sequence[dict[str, object]]) -> None:
    with connection.cursor() as cursor:
        for first in range(0, len(rows), _BATCH):
            values: dict[str, Any] = {
                "org": batch.org_id,
                "batch": batch.id,
                "rows": json.dumps(rows[first : first + _BATCH]),
            }
            cursor.execute(_KEEP, values)


def _forget(batch: ImportBatch) -> None:
    """Drop what the rows of a batch said; that they were there stays known."""
    ImportRow.objects.filter(batch=batch).update(content=_content(()))
    batch.errors = "[]"
    batch.save(update_fields=["errors"])


def owner_of(importer: Importer[R], *, batch_id: UUID, actor: Actor) -> int:
    """The node a batch belongs to, for the verb's question of permission."""
    batches = ImportBatch.objects.visible_to(actor).filter(kind=importer.kind)
    return batches.values_list("org_id", flat=True).get(id=batch_id)


def commit(importer: Importer[R], *, batch_id: UUID, actor: Actor, at: datetime) -> BatchCard:
    """Create the new rows of a batch, all or none; called inside a verb. Repeating adds nothing.

    Raises RowsInvalid, RowsSinceChanged, or what `create` refuses.
    """
    batch = _locked(importer, batch_id, actor)
    if batch.state == "COMMITTED":
        return _card(batch)
    if batch.state != "STAGED" or batch.wrong:
        raise RowsInvalid(_("This file has errors or is no longer staged; nothing was imported."))
    kept, ids = _enter(importer, batch, actor=actor, at=at)
    with connection.cursor() as cursor:
        cursor.execute(_CREATED, [[row.id for row in kept], list(ids)])
    batch.state, batch.committed_at = "COMMITTED", at
    batch.save(update_fields=["state", "committed_at"])
    _forget(batch)
    return _card(batch)


def _enter(
    importer: Importer[R], batch: ImportBatch, *, actor: Actor, at: datetime
) -> tuple[list[ImportRow], Sequence[UUID]]:
    """Create the new rows of a staged batch; answers them with their records' ids."""
    kept = list(ImportRow.objects.filter(batch=batch, state="NEW").order_by("row"))
    adapter = TypeAdapter(importer.row)
    rows = [adapter.validate_python(json.loads(row.content)["values"]) for row in kept]
    checked = importer.check(rows=rows, org_id=batch.org_id, actor=actor, at=at)
    if checked.problems or checked.there:
        raise RowsSinceChanged(
            _("Nothing was imported: the register changed since. Choose the file again.")
        )
    ids = importer.create(rows=rows, org_id=batch.org_id, actor=actor, at=at) if rows else ()
    if len(ids) != len(kept):
        raise ValueError(f"{importer.kind}: {len(ids)} records for {len(kept)} rows")
    return kept, ids


class Staged(TypedDict):
    """What a room's fact says of a batch that was staged."""

    org_id: int
    actor_id: UUID
    at: datetime
    batch_id: UUID
    rows: int
    errors: int


class Committed(TypedDict):
    """What a room's fact says of a batch that was committed."""

    org_id: int
    actor_id: UUID
    at: datetime
    batch_id: UUID
    created: int
    there_already: int


class Undone(TypedDict):
    """What a room's fact says of a batch that was taken out again."""

    org_id: int
    actor_id: UUID
    at: datetime
    batch_id: UUID
    removed: int


def staged(batch: BatchCard, actor: Actor, at: datetime) -> Staged:
    return {
        "org_id": batch.org_id,
        "actor_id": actor.id,
        "at": at,
        "batch_id": batch.id,
        "rows": batch.rows,
        "errors": len(batch.errors),
    }


def committed(batch: BatchCard, actor: Actor, at: datetime) -> Committed:
    return {
        "org_id": batch.org_id,
        "actor_id": actor.id,
        "at": at,
        "batch_id": batch.id,
        "created": batch.new,
        "there_already": batch.there,
    }


def undone(batch: BatchCard, actor: Actor, at: datetime) -> Undone:
    return {
        "org_id": batch.org_id,
        "actor_id": actor.id,
        "at": at,
        "batch_id": batch.id,
        "removed": batch.new,
    }


def rehearse(importer: Importer[R], *, batch_id: UUID, actor: Actor, at: datetime) -> None:
    """Create what is right in a staged batch, in a transaction that the caller rolls back.

    So a sheet that names these rows can be checked before either is committed.
    """
    batch = _locked(importer, batch_id, actor)
    if batch.state == "STAGED":
        _enter(importer, batch, actor=actor, at=at)


def undo(importer: Importer[R], *, batch_id: UUID, actor: Actor, at: datetime) -> BatchCard:
    """Take out again what a committed batch created; called inside a verb.

    Raises NotCommitted or RecordsInUse; then all of it stays.
    """
    batch = _locked(importer, batch_id, actor)
    if batch.state != "COMMITTED":
        raise NotCommitted(_("Only a committed import can be undone."))
    created = ImportRow.objects.filter(batch=batch, record_id__isnull=False)
    ids = tuple(created.values_list("record_id", flat=True))
    importer.remove(record_ids=ids, actor=actor, at=at)
    created.update(state="REMOVED")
    batch.state, batch.undone_at = "UNDONE", at
    batch.save(update_fields=["state", "undone_at"])
    return _card(batch)


def _locked(importer: Importer[R], batch_id: UUID, actor: Actor) -> ImportBatch:
    batches = ImportBatch.objects.visible_to(actor).filter(kind=importer.kind)
    return batches.select_for_update().get(id=batch_id)


def card(kind: str, *, batch_id: UUID, actor: Actor) -> BatchCard:
    """One batch; called inside a question."""
    batches = ImportBatch.objects.visible_to(actor).filter(kind=kind)
    return _card(batches.get(id=batch_id))


def of_same_file(*, batch_id: UUID, actor: Actor) -> list[BatchCard]:
    """The batches of the sheets that came in one file, this one among them, newest per kind."""
    batches = ImportBatch.objects.visible_to(actor)
    one = batches.get(id=batch_id)
    same = batches.filter(org_id=one.org_id, sha256=one.sha256).exclude(state="DISCARDED")
    newest: dict[str, ImportBatch] = {}
    for batch in same.order_by("created_at", "id"):
        newest[batch.kind] = batch
    return [_card(batch) for batch in newest.values()]


def recent(kind: str, *, actor: Actor, limit: int = 20) -> list[BatchCard]:
    """The newest batches of a kind, without those replaced by a later preview."""
    batches = ImportBatch.objects.visible_to(actor).filter(kind=kind)
    shown = batches.exclude(state="DISCARDED").order_by("-created_at")[:limit]
    return [_card(batch) for batch in shown]


def _masks(sheet: Sheet, headers: Sequence[str]) -> dict[int, Callable[[str], str]]:
    """The masks of personal columns, by their place in the file."""
    places = sheet.places(headers)
    return {
        places[column.key]: column.mask
        for column in sheet.columns
        if column.mask is not None and column.key in places
    }


def preview(sheet: Sheet, kind: str, *, batch_id: UUID, actor: Actor) -> Preview:
    """The first rows of a staged batch as they stand in the file."""
    batches = ImportBatch.objects.visible_to(actor).filter(kind=kind)
    batch = batches.get(id=batch_id)
    kept = ImportRow.objects.filter(batch=batch).order_by("row")[:_PREVIEW]
    masks = _masks(sheet, batch.headers)
    return Preview(
        headers=tuple(batch.headers),
        rows=tuple(
            PreviewRow(
                row=row.row,
                shown=tuple(
                    masks[place](words) if words and place in masks else words
                    for place, words in enumerate(json.loads(row.content)["shown"])
                ),
                state=row.state,
                note=row.note,
            )
            for row in kept
        ),
    )


def marked_copy(sheet: Sheet, kind: str, *, batch_id: UUID, actor: Actor) -> bytes:
    """The staged file with its wrong cells marked, as xlsx."""
    batches = ImportBatch.objects.visible_to(actor).filter(kind=kind)
    batch = batches.get(id=batch_id)
    kept = ImportRow.objects.filter(batch=batch).order_by("row")
    return workbooks.marked_copy(
        sheet=sheet,
        header_row=batch.header_row,
        headers=batch.headers,
        rows={row.row: json.loads(row.content)["shown"] for row in kept},
        errors=_ERRORS.validate_json(batch.errors),
    )
