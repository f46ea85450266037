"""Verbs by which an operator's staff moves in from its spreadsheet."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _
from pydantic import Base64Bytes

from panshi.kit import imports
from panshi.kit.clock import local_day
from panshi.kit.imports import Checked, Importer, Problem, RecordsInUse
from panshi.kit.tenancy import Actor, lineage
from panshi.kit.verbs import verb
from panshi.org import queries as org_queries
from panshi.org import services as org
from panshi.org.queries import StaffName
from panshi.people.events import StaffImportCommitted, StaffImportStaged, StaffImportUndone
from panshi.people.models import Certificate, CertificateState
from panshi.people.services.certificates import grant_certificate, suspend_certificate
from panshi.people.staff_sheet import KIND, SHEET, StaffSheetRow

UNDONE: Final = "IMPORT_UNDONE"


@dataclass(frozen=True, slots=True)
class _Books:
    """What the rows are compared with: nodes by name, sign-ins by telephone."""

    nodes: Mapping[str, Sequence[int]]
    known: Mapping[str, StaffName]
    taken: frozenset[str]
    today: date


def _books(rows: Sequence[StaffSheetRow], org_id: int, actor: Actor, at: datetime) -> _Books:
    nodes: dict[str, list[int]] = {}
    for node in org_queries.nodes(actor=actor):
        if org_id in lineage(node.id):
            nodes.setdefault(node.name, []).append(node.id)
    phones = tuple({row.phone for row in rows})
    return _Books(
        nodes=nodes,
        known=org_queries.staff_named(usernames=phones, actor=actor),
        taken=org_queries.names_taken(usernames=phones, actor=actor),
        today=local_day(at),
    )


def _problem(index: int, row: StaffSheetRow, books: _Books) -> Problem | None:
    """What the books refuse of a row, if anything."""
    nodes = books.nodes.get(row.node, ())
    if len(nodes) != 1:
        words = (
            _("Several organisations below yours have this name.")
            if nodes
            else _("Neither your organisation nor one below it has this name.")
        )
        return Problem(index=index, key="node", reason=words)
    if row.phone in books.taken and row.phone not in books.known:
        words = _("Somebody else signs in by this telephone, at another place or as a customer.")
        return Problem(index=index, key="phone", reason=words)
    if row.certificate and row.valid_until is None:
        words = _("Write until when the certificate is valid.")
        return Problem(index=index, key="valid_until", reason=words)
    if row.valid_until is not None and not row.certificate:
        words = _("Write which certificate it is.")
        return Problem(index=index, key="certificate", reason=words)
    if row.valid_until is not None and row.valid_until < books.today:
        words = _("This certificate has lapsed; leave it out.")
        return Problem(index=index, key="valid_until", reason=words)
    return None


def _note(row: StaffSheetRow) -> str:
    if row.post == "ENGINEER":
        return _("Home and skills of the engineer are entered here afterwards.")
    return ""


def check(*, rows: Sequence[StaffSheetRow], org_id: int, actor: Actor, at: datetime) -> Checked:
    """Compare people with the organisation and with who signs in already."""
    books = _books(rows, org_id, actor, at)
    phones = Counter(row.phone for row in rows)
    problems: list[Problem] = []
    there: dict[int, str] = {}
    notes: dict[int, str] = {}
    for index, row in enumerate(rows):
        known = books.known.get(row.phone)
        if phones[row.phone] > 1:
            words = _("This telephone is in the file more than once.")
            problems.append(Problem(index=index, key="phone", reason=words))
        elif (problem := _problem(index, row, books)) is not None:
            problems.append(problem)
        elif known is not None and known.is_active:
            same = (known.full_name, known.roles) == (row.name, (row.post,))
            words = _("The register says otherwise and is left as it is: %s.") % known.full_name
            there[index] = "" if same else words
        else:
            notes[index] = _note(row)
    return Checked(problems=problems, there=there, notes=notes)


def create(
    *, rows: Sequence[StaffSheetRow], org_id: int, actor: Actor, at: datetime
) -> Sequence[UUID]:
    """Enter people, without a password, and their certificates; answers their ids in order."""
    books = _books(rows, org_id, actor, at)
    ids = [_enter(row, books, actor=actor, at=at) for row in rows]
    for user_id, row in zip(ids, rows, strict=True):
        if row.certificate and row.valid_until is not None:
            grant_certificate(
                user_id=user_id,
                kind=row.certificate,
                valid_from=min(row.joined_on or books.today, books.today),
                valid_until=row.valid_until,
                actor=actor,
                at=at,
            )
    return ids


def _enter(row: StaffSheetRow, books: _Books, *, actor: Actor, at: datetime) -> UUID:
    (node,) = books.nodes[row.node]
    known = books.known.get(row.phone)
    if known is not None:
        return org.open_user_again(
            user_id=known.id,
            org_id=node,
            full_name=row.name,
            roles=[row.post],
            actor=actor,
            at=at,
        ).user_id
    return org.create_user(
        org_id=node,
        username=row.phone,
        full_name=row.name,
        roles=[row.post],
        password=None,
        joined_on=row.joined_on,
        actor=actor,
        at=at,
    ).user_id


def remove(*, record_ids: Sequence[UUID], actor: Actor, at: datetime) -> None:
    """Close the sign-ins again and suspend their certificates. Raises RecordsInUse."""
    try:
        org.close_users(user_ids=record_ids, actor=actor, at=at)
    except org.PersonAtWork as refusal:
        raise RecordsInUse(refusal.words) from refusal
    papers = Certificate.objects.visible_to(actor).filter(user_id__in=list(record_ids))
    for paper in papers.filter(state=CertificateState.VALID).order_by("id"):
        suspend_certificate(
            certificate_id=paper.id,
            reason=_("The import was undone."),
            cause=UNDONE,
            actor=actor,
            at=at,
        )


STAFF = Importer(
    kind=KIND, sheet=SHEET, row=StaffSheetRow, check=check, create=create, remove=remove
)


@verb
def stage_staff_import(
    *, org_id: int, file_name: str, content: Base64Bytes, actor: Actor, at: datetime
) -> StaffImportStaged:
    """Read and check a sheet of staff for preview; nothing else is touched.

    Raises sheets.SheetUnreadable or FileTooLarge.
    """
    actor.must("people.stage_staff_import", org_id)
    actor.must("org.create_user", org_id)
    batch = imports.stage(
        STAFF, org_id=org_id, file_name=file_name, content=content, actor=actor, at=at
    )
    return StaffImportStaged(**imports.staged(batch, actor, at))


@verb
def commit_staff_import(*, batch_id: UUID, actor: Actor, at: datetime) -> StaffImportCommitted:
    """Enter the new people of a staged sheet, all or none; repeating adds nothing.

    They have no password yet. Raises imports.RowsInvalid or RowsSinceChanged.
    """
    org_id = imports.owner_of(STAFF, batch_id=batch_id, actor=actor)
    actor.must("people.commit_staff_import", org_id)
    actor.must("org.create_user", org_id)
    batch = imports.commit(STAFF, batch_id=batch_id, actor=actor, at=at)
    return StaffImportCommitted(**imports.committed(batch, actor, at))


@verb
def undo_staff_import(*, batch_id: UUID, actor: Actor, at: datetime) -> StaffImportUndone:
    """Close the sign-ins that a committed sheet brought, while nobody used one.

    Raises imports.NotCommitted or RecordsInUse.
    """
    org_id = imports.owner_of(STAFF, batch_id=batch_id, actor=actor)
    actor.must("people.undo_staff_import", org_id)
    actor.must("org.close_users", org_id)
    batch = imports.undo(STAFF, batch_id=batch_id, actor=actor, at=at)
    return StaffImportUndone(**imports.undone(batch, actor, at))
