"""Verbs of a vehicle's papers: filed by version, reminded of before they lapse."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _
from pydantic import Base64Bytes

from panshi.fleet import rules
from panshi.fleet.events import (
    DocumentExpiring,
    DocumentsFiled,
    DueItemsReminded,
    ExpiringRow,
)
from panshi.fleet.models import Document, DocumentKind, DueItem, DueState, Vehicle
from panshi.kit import files, outbox
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


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDocument:
    """A paper of a vehicle; `expires_on` is the last day on which it is valid."""

    vehicle_id: UUID
    kind: str
    expires_on: date
    number: str = ""
    issued_on: date | None = None


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
    file_name: str = "",
    content: Base64Bytes | None = None,
) -> DocumentsFiled:
    """File a paper, with its scan when there is one, as the new current version of its kind.

    Raises DatesReversed, UnknownKind, SameFile when the current version is this very file, and the
    refusals of kit.files.
    """
    before = Document.objects.filter(vehicle_id=vehicle_id, kind=kind, current=True).first()
    paper = NewDocument(
        vehicle_id=vehicle_id,
        kind=kind,
        expires_on=expires_on,
        number=number,
        issued_on=issued_on,
    )
    row = enter_papers([paper], actor=actor, at=at, permission="fleet.file_document")[0]
    if content is not None:
        stored = files.store(content=content, name=file_name, org_id=row.org_id, actor=actor)
        if before is not None and before.sha256 == stored.sha256:
            raise SameFile(_("This very file is already on record; send the new paper."))
        row.file, row.sha256 = stored, stored.sha256
        row.save(update_fields=["file", "sha256"])
    return DocumentsFiled(org_id=row.org_id, actor_id=actor.id, at=at, document_ids=(row.id,))


_RUNGS = ", ".join(
    f"('{kind}', {rung})" for kind, rule in rules.PAPER_RULES.items() for rung in rule.rungs
)
_REMIND = f"""
WITH rungs (kind, rung) AS (VALUES {_RUNGS}),
due AS (
    SELECT d.org_id, d.vehicle_id, d.kind, d.expires_on, min(r.rung) AS rung
    FROM fleet_document d
    JOIN rungs r ON r.kind = d.kind AND d.expires_on - %(today)s <= r.rung
    JOIN fleet_vehicle v ON v.id = d.vehicle_id AND v.state NOT IN ('RETIRED', 'SOLD')
    WHERE d.current AND d.expires_on <= %(today)s + (SELECT max(rung) FROM rungs)
    GROUP BY d.org_id, d.vehicle_id, d.kind, d.expires_on
),
told AS (
    INSERT INTO fleet_dueitem
        (id, org_id, vehicle_id, kind, due_on, rung, state, reminded_at)
    SELECT gen_random_uuid(), org_id, vehicle_id, kind, expires_on, rung, 'OPEN', %(at)s FROM due
    ON CONFLICT (vehicle_id, kind) WHERE state = 'OPEN'
    DO UPDATE SET rung = EXCLUDED.rung, due_on = EXCLUDED.due_on, reminded_at = EXCLUDED.reminded_at
    WHERE fleet_dueitem.rung > EXCLUDED.rung OR fleet_dueitem.due_on <> EXCLUDED.due_on
    RETURNING id, org_id, vehicle_id, kind, due_on
)
SELECT t.org_id, t.id, t.vehicle_id, v.plate, t.kind, t.due_on
FROM told t JOIN fleet_vehicle v ON v.id = t.vehicle_id ORDER BY t.org_id, t.due_on, t.id
"""


@verb
def remind_due_items(*, actor: Actor, at: datetime) -> DueItemsReminded:
    """Open or advance an item for each paper that reached a new rung today; repeatable.

    Publishes one DocumentExpiring for each node that has such papers.
    """
    actor.must("fleet.remind_due_items", actor.org_id)
    today = local_day(at)
    with connection.cursor() as cursor:
        cursor.execute(_REMIND, {"today": today, "at": at})
        rows = cursor.fetchall()
    for org_id, papers in groupby(rows, key=lambda row: row[0]):
        items = tuple(
            ExpiringRow(
                due_item_id=item_id,
                vehicle_id=vehicle_id,
                plate=plate,
                kind=kind,
                due_on=due_on,
                days_left=(due_on - today).days,
            )
            for _org, item_id, vehicle_id, plate, kind, due_on in papers
        )
        outbox.publish(
            DocumentExpiring(org_id=org_id, actor_id=actor.id, at=at, items=items),
            verb="fleet.remind_due_items",
        )
    return DueItemsReminded(org_id=actor.org_id, actor_id=actor.id, at=at, reminded=len(rows))
