"""Verbs by which notices of violations come in from a sheet."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _
from pydantic import Base64Bytes

from panshi.fleet import queries as fleet
from panshi.kit import imports
from panshi.kit.clock import local_day
from panshi.kit.imports import Checked, Importer, Problem, RecordsInUse
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.leasing.models import Violation, ViolationDispute, ViolationState
from panshi.leasing.queries.violations import terms_on
from panshi.leasing.services.violations import attribute_violations, notify_customers
from panshi.leasing.violation_events import (
    ViolationImportCommitted,
    ViolationImportStaged,
    ViolationImportUndone,
)
from panshi.leasing.violation_sheet import KIND, SHEET, ViolationSheetRow


def _bearers(
    rows: Sequence[ViolationSheetRow], org_id: int, actor: Actor
) -> dict[tuple[str, datetime], UUID]:
    asked = tuple({(row.plate, row.occurred_at) for row in rows})
    return fleet.bearers_at(org_id=org_id, asked=asked, actor=actor)


def check(*, rows: Sequence[ViolationSheetRow], org_id: int, actor: Actor, at: datetime) -> Checked:
    """Compare notices with the fleet: a plate nobody bore then, one that is there, one twice."""
    bearers = _bearers(rows, org_id, actor)
    found = Violation.objects.visible_to(actor).filter(org_id=org_id)
    numbers = set(
        found.filter(number__in=[row.number for row in rows if row.number]).values_list(
            "number", flat=True
        )
    )
    moments = set(
        found.filter(vehicle_id__in=set(bearers.values()), number="").values_list(
            "vehicle_id", "occurred_at", "code"
        )
    )
    seen: Counter[object] = Counter()
    problems: list[Problem] = []
    there: dict[int, str] = {}
    for index, row in enumerate(rows):
        vehicle_id = bearers.get((row.plate, row.occurred_at))
        key: object = row.number or (row.plate, row.occurred_at, row.code)
        seen[key] += 1
        if row.occurred_at > at:
            words = _("This moment has not come yet.")
            problems.append(Problem(index=index, key="occurred_at", reason=words))
        elif vehicle_id is None:
            words = _("No vehicle of this operator bore the plate at that moment.")
            problems.append(Problem(index=index, key="plate", reason=words))
        elif seen[key] > 1:
            words = _("This notice is in the file more than once.")
            problems.append(
                Problem(index=index, key="number" if row.number else "plate", reason=words)
            )
        elif (
            row.number in numbers
            if row.number
            else ((vehicle_id, row.occurred_at, row.code) in moments)
        ):
            there[index] = ""
    return Checked(problems=problems, there=there)


def create(
    *, rows: Sequence[ViolationSheetRow], org_id: int, actor: Actor, at: datetime
) -> list[UUID]:
    """Enter notices, find who held the vehicles, tell the customers; answers ids in order."""
    bearers = _bearers(rows, org_id, actor)
    fee = terms_on(local_day(at)).agency_fee
    made = Violation.objects.bulk_create(
        [
            Violation(
                org_id=org_id,
                number=row.number,
                vehicle_id=bearers[row.plate, row.occurred_at],
                plate=row.plate,
                occurred_at=row.occurred_at,
                code=row.code,
                place=row.place,
                fine=row.fine,
                points=int(row.points),
                agency_fee=fee if row.agency_fee is None else row.agency_fee,
                imported_at=at,
            )
            for row in rows
        ],
        batch_size=1000,
    )
    ids = [violation.id for violation in made]
    attribute_violations(violation_ids=ids, actor=actor, at=at)
    notify_customers(ids, actor=actor, at=at)
    return ids


def remove(*, record_ids: Sequence[UUID], actor: Actor, at: datetime) -> None:
    """Take notices out again that nothing happened to. Raises RecordsInUse."""
    rows = Violation.objects.visible_to(actor).filter(id__in=list(record_ids))
    moved = rows.exclude(state__in=[ViolationState.ATTRIBUTED, ViolationState.NOTIFIED])
    if moved.exists() or ViolationDispute.objects.filter(violation__in=list(record_ids)).exists():
        raise RecordsInUse(_("Some of these violations were dealt with, billed or disputed since."))
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM leasing_violation WHERE id = ANY(%s)", [list(record_ids)])


VIOLATIONS = Importer(
    kind=KIND, sheet=SHEET, row=ViolationSheetRow, check=check, create=create, remove=remove
)


@verb
def stage_violation_import(
    *, org_id: int, file_name: str, content: Base64Bytes, actor: Actor, at: datetime
) -> ViolationImportStaged:
    """Read and check a sheet of violations for preview; nothing else is touched.

    Raises sheets.SheetUnreadable or FileTooLarge.
    """
    actor.must("leasing.stage_violation_import", org_id)
    batch = imports.stage(
        VIOLATIONS, org_id=org_id, file_name=file_name, content=content, actor=actor, at=at
    )
    return ViolationImportStaged(**imports.staged(batch, actor, at))


@verb
def commit_violation_import(
    *, batch_id: UUID, actor: Actor, at: datetime
) -> ViolationImportCommitted:
    """Enter the new notices of a staged sheet, all or none; repeating adds nothing.

    Raises imports.RowsInvalid or RowsSinceChanged.
    """
    org_id = imports.owner_of(VIOLATIONS, batch_id=batch_id, actor=actor)
    actor.must("leasing.commit_violation_import", org_id)
    batch = imports.commit(VIOLATIONS, batch_id=batch_id, actor=actor, at=at)
    return ViolationImportCommitted(**imports.committed(batch, actor, at))


@verb
def undo_violation_import(*, batch_id: UUID, actor: Actor, at: datetime) -> ViolationImportUndone:
    """Take out the notices that a committed sheet brought, while nothing happened to them.

    Raises imports.NotCommitted or RecordsInUse.
    """
    org_id = imports.owner_of(VIOLATIONS, batch_id=batch_id, actor=actor)
    actor.must("leasing.undo_violation_import", org_id)
    batch = imports.undo(VIOLATIONS, batch_id=batch_id, actor=actor, at=at)
    return ViolationImportUndone(**imports.undone(batch, actor, at))
