"""A whole workbook moves in at once: vehicles, customers, leases and rents, all or nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _
from pydantic import Base64Bytes

from panshi.crm import services as crm
from panshi.fleet import services as fleet
from panshi.kit import imports, sheets
from panshi.kit.imports import Checked, Importer
from panshi.kit.sheets import SheetUnreadable
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.kit.wording import listed
from panshi.leasing.events import WorkbookCommitted, WorkbookStaged, WorkbookUndone
from panshi.leasing.services.moving_in import (
    LEASES,
    commit_lease_import,
    stage_lease_import,
    undo_lease_import,
)
from panshi.leasing.services.rent_import import (
    RENTS,
    commit_rent_import,
    stage_rent_import,
    undo_rent_import,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """One kind of sheet with its three verbs."""

    importer: Importer[Any]
    stage: Callable[..., Any]
    commit: Callable[..., Any]
    undo: Callable[..., Any]

    @property
    def kind(self) -> str:
        return self.importer.kind

    def must(self, verb: Callable[..., Any], org_id: int, actor: Actor) -> None:
        """Ask the permission of the sheet's own verb, which the workbook's does not stand for."""
        actor.must(f"{verb.__module__.split('.')[1]}.{verb.__name__}", org_id)


# In the order in which they lean on each other.
_PARTS: Final = (
    _Part(
        importer=fleet.VEHICLES,
        stage=fleet.stage_vehicle_import,
        commit=fleet.commit_vehicle_import,
        undo=fleet.undo_vehicle_import,
    ),
    _Part(
        importer=crm.CUSTOMERS,
        stage=crm.stage_customer_import,
        commit=crm.commit_customer_import,
        undo=crm.undo_customer_import,
    ),
    _Part(
        importer=LEASES,
        stage=stage_lease_import,
        commit=commit_lease_import,
        undo=undo_lease_import,
    ),
    _Part(
        importer=RENTS,
        stage=stage_rent_import,
        commit=commit_rent_import,
        undo=undo_rent_import,
    ),
)
# Their rows name records of the sheets before them.
_LEANING: Final = (LEASES.kind, RENTS.kind)


class _Rehearsed(Exception):
    """Ends a rehearsal, so that all it did is rolled back."""


@verb
def stage_workbook(
    *, org_id: int, file_name: str, content: Base64Bytes, actor: Actor, at: datetime
) -> WorkbookStaged:
    """Read and check the sheets 车辆, 客户, 租约 and 租金台账 of a workbook, those that it has.

    Leases are checked as if vehicles and customers of the same file were in the register, rents as
    if its leases were; nothing but the preview is kept. Raises sheets.SheetUnreadable or
    FileTooLarge.
    """
    actor.must("leasing.stage_workbook", org_id)
    names = sheets.names(content=content)
    found = [part for part in _PARTS if any(part.importer.sheet.name in name for name in names)]
    if not found:
        wanted = listed(part.importer.sheet.name for part in _PARTS)
        raise SheetUnreadable(_("The workbook has none of the sheets %s.") % wanted)
    for part in found:
        part.must(part.stage, org_id, actor)
    given = {"org_id": org_id, "file_name": file_name, "content": content, "actor": actor, "at": at}
    batches: dict[str, UUID] = {}
    rows = errors = 0
    for part in found:
        if part.kind in _LEANING:
            check = _rehearsing(part.importer, dict(batches), actor, at)
            card = imports.stage(
                replace(part.importer, check=check),
                org_id=org_id,
                file_name=file_name,
                content=content,
                actor=actor,
                at=at,
            )
            batches[part.kind], counts = card.id, (card.rows, len(card.errors))
        else:
            fact = part.stage(**given)
            batches[part.kind], counts = fact.batch_id, (fact.rows, fact.errors)
        rows, errors = rows + counts[0], errors + counts[1]
    return WorkbookStaged(
        org_id=org_id, actor_id=actor.id, at=at, batches=batches, rows=rows, errors=errors
    )


def _rehearsing(
    importer: Importer[Any], batches: Mapping[str, UUID], actor: Actor, at: datetime
) -> Callable[..., Checked]:
    """A check of one sheet after the right rows of those before were entered, then taken back."""

    def check(*, rows: Sequence[Any], org_id: int, actor: Actor, at: datetime) -> Checked:
        checked: list[Checked] = []
        try:
            with transaction.atomic():
                for part in _PARTS:
                    if part.kind in batches:
                        imports.rehearse(
                            part.importer, batch_id=batches[part.kind], actor=actor, at=at
                        )
                checked.append(importer.check(rows=rows, org_id=org_id, actor=actor, at=at))
                raise _Rehearsed
        except _Rehearsed:
            return checked[0]

    return check


def _ordered(batches: Mapping[str, UUID]) -> list[tuple[_Part, UUID]]:
    return [(part, batches[part.kind]) for part in _PARTS if part.kind in batches]


@verb
def commit_workbook(*, batches: dict[str, UUID], actor: Actor, at: datetime) -> WorkbookCommitted:
    """Enter the new rows of all sheets of a staged workbook, or none; repeating adds nothing.

    `batches` are those that `stage_workbook` answered, by kind. Raises what the commits of the
    sheets raise.
    """
    ordered = _ordered(batches)
    for part, batch_id in ordered:
        org_id = imports.owner_of(part.importer, batch_id=batch_id, actor=actor)
        part.must(part.commit, org_id, actor)
    facts = {
        part.kind: part.commit(batch_id=batch_id, actor=actor, at=at) for part, batch_id in ordered
    }
    return WorkbookCommitted(
        org_id=actor.org_id,
        actor_id=actor.id,
        at=at,
        created={kind: fact.created for kind, fact in facts.items()},
        there_already={kind: fact.there_already for kind, fact in facts.items()},
    )


@verb
def undo_workbook(*, batches: dict[str, UUID], actor: Actor, at: datetime) -> WorkbookUndone:
    """Take out again what all sheets of a workbook brought, the leases first.

    Raises imports.NotCommitted or RecordsInUse; then all of it stays.
    """
    ordered = _ordered(batches)[::-1]
    for part, batch_id in ordered:
        org_id = imports.owner_of(part.importer, batch_id=batch_id, actor=actor)
        part.must(part.undo, org_id, actor)
    facts = {
        part.kind: part.undo(batch_id=batch_id, actor=actor, at=at) for part, batch_id in ordered
    }
    return WorkbookUndone(
        org_id=actor.org_id,
        actor_id=actor.id,
        at=at,
        removed={kind: fact.removed for kind, fact in facts.items()},
    )
