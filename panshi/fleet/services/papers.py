"""Verbs of a vehicle's papers: filed by version, verified by a second person, opened."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _
from pydantic import Base64Bytes

from panshi.fleet.events import DocumentOpened, DocumentsFiled, DocumentVerified
from panshi.fleet.models import (
    Document,
    DocumentKind,
    DocumentView,
    DueItem,
    DueState,
    Vehicle,
)
from panshi.fleet.services.compliance import compute_for
from panshi.kit import files
from panshi.kit.clock import local_day
from panshi.kit.ids import uuid7
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb

_BATCH = 1000


class DatesReversed(Refusal):
    pass


class SameFile(Refusal):
    pass


class UnknownKind(Refusal):
    pass


class OwnPaper(Refusal):
    """Who filed a paper does not verify it."""


class AlreadyVerified(Refusal):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDocument:
    """A paper of a vehicle; `expires_on` is the last day on which it is valid, `cost` is CNY."""

    vehicle_id: UUID
    kind: str
    expires_on: date
    number: str = ""
    issued_on: date | None = None
    cost: Decimal | None = None


def enter_papers(
    papers: Sequence[NewDocument], *, actor: Actor, at: datetime, permission: str
) -> list[Document]:
    """Write papers as the current versions and close what was due; refusals as the verb's."""
    for paper in papers:
        if paper.kind not in DocumentKind.values:
            raise UnknownKind(_("There is no kind of paper “%s”.") % paper.kind)
        if paper.issued_on is not None and paper.issued_on > paper.expires_on:
            raise DatesReversed(_("A paper cannot lapse before the day it was issued."))
    ids = sorted({paper.vehicle_id for paper in papers})
    owned = {
        vehicle.id: vehicle.org_id
        for vehicle in Vehicle.objects.visible_to(actor)
        .filter(id__in=ids)
        .select_for_update()
        .order_by("id")
    }
    for org_id in set(owned.values()):
        actor.must(permission, org_id)
    if len(owned) < len(ids):
        raise Vehicle.DoesNotExist
    latest = {
        (document.vehicle_id, document.kind): document.version
        for document in Document.objects.filter(vehicle_id__in=ids).order_by("version")
    }
    rows = []
    for paper in papers:
        key = (paper.vehicle_id, paper.kind)
        latest[key] = latest.get(key, 0) + 1
        rows.append(
            Document(
                id=uuid7(),
                org_id=owned[paper.vehicle_id],
                vehicle_id=paper.vehicle_id,
                kind=paper.kind,
                version=latest[key],
                number=paper.number,
                issued_on=paper.issued_on,
                expires_on=paper.expires_on,
                cost=paper.cost,
                filed_by_id=actor.id,
                filed_at=at,
            )
        )
    for row in rows:
        row.current = row.version == latest[row.vehicle_id, row.kind]
    kinds = {paper.kind for paper in papers}
    for kind in kinds:
        replaced = [row.vehicle_id for row in rows if row.kind == kind]
        Document.objects.filter(vehicle_id__in=replaced, kind=kind, current=True).update(
            current=False
        )
        DueItem.objects.filter(vehicle_id__in=replaced, kind=kind, state=DueState.OPEN).update(
            state=DueState.DONE, done_at=at
        )
    Document.objects.bulk_create(rows, batch_size=_BATCH)
    # A paper that has lapsed when it is filed falls due at once.
    today = local_day(at)
    if late := [row.vehicle_id for row in rows if row.current and row.expires_on < today]:
        compute_for(late, actor=actor, at=at)
    return rows


@verb
def file_documents(
    *, documents: Sequence[NewDocument], actor: Actor, at: datetime
) -> DocumentsFiled:
    """File papers without their images, each as the new current version of its kind.

    Raises DatesReversed or UnknownKind; then none is filed.
    """
    rows = enter_papers(documents, actor=actor, at=at, permission="fleet.file_document")
    return DocumentsFiled(
        org_id=rows[0].org_id if rows else actor.org_id,
        actor_id=actor.id,
        at=at,
        document_ids=tuple(row.id for row in rows),
    )


@verb
def file_document(
    *,
    vehicle_id: UUID,
    kind: str,
    expires_on: date,
    actor: Actor,
    at: datetime,
    number: str = "",
    issued_on: date | None = None,
    cost: Decimal | None = None,
    file_name: str = "",
    content: Base64Bytes | None = None,
) -> DocumentsFiled:
    """File a paper, with its scan when there is one, as the new current version of its kind.

    `cost` is what it cost in CNY, a premium or fee, which billing posts to the vehicle. Raises
    DatesReversed, UnknownKind, SameFile when the current version is this very file, and the
    refusals of kit.files.
    """
    before = Document.objects.filter(vehicle_id=vehicle_id, kind=kind, current=True).first()
    paper = NewDocument(
        vehicle_id=vehicle_id,
        kind=kind,
        expires_on=expires_on,
        number=number,
        issued_on=issued_on,
        cost=cost,
    )
    row = enter_papers([paper], actor=actor, at=at, permission="fleet.file_document")[0]
    if content is not None:
        stored = files.store(content=content, name=file_name, org_id=row.org_id, actor=actor)
        if before is not None and before.sha256 == stored.sha256:
            raise SameFile(_("This very file is already on record; send the new paper."))
        row.file, row.sha256 = stored, stored.sha256
        row.save(update_fields=["file", "sha256"])
    return DocumentsFiled(org_id=row.org_id, actor_id=actor.id, at=at, document_ids=(row.id,))


@verb
def verify_document(*, document_id: UUID, actor: Actor, at: datetime) -> DocumentVerified:
    """Confirm that a paper was held against its original. Raises OwnPaper, AlreadyVerified."""
    document = Document.objects.visible_to(actor).select_for_update().get(id=document_id)
    actor.must("fleet.verify_document", document.org_id)
    if document.verified_at is not None:
        raise AlreadyVerified(_("This paper was verified already."))
    if document.filed_by_id == actor.id:
        raise OwnPaper(_("Who filed a paper does not verify it; ask a colleague."))
    document.verified_by_id, document.verified_at = actor.id, at
    document.save(update_fields=["verified_by_id", "verified_at"])
    return DocumentVerified(
        org_id=document.org_id,
        actor_id=actor.id,
        at=at,
        document_id=document.id,
        vehicle_id=document.vehicle_id,
    )


@verb
def open_document(*, document_id: UUID, actor: Actor, at: datetime) -> DocumentOpened:
    """Note that somebody looks at the scan of a paper. Raises Document.DoesNotExist without one."""
    document = Document.objects.visible_to(actor).get(id=document_id, file__isnull=False)
    actor.must("fleet.view", document.org_id)
    DocumentView.objects.create(
        org_id=document.org_id, document=document, viewer_id=actor.id, at=at
    )
    return DocumentOpened(
        org_id=document.org_id,
        actor_id=actor.id,
        at=at,
        document_id=document.id,
        vehicle_id=document.vehicle_id,
    )
