"""Verbs by which costs of vehicles come in from a sheet."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _
from pydantic import Base64Bytes

from panshi.billing.cost_events import CostImportCommitted, CostImportStaged, CostImportUndone
from panshi.billing.cost_sheet import KIND, SHEET, CostSheetRow
from panshi.billing.models import VehicleCost
from panshi.billing.services.costs import (
    CostReversed,
    NewCost,
    fault_of,
    record_vehicle_costs,
    reverse_vehicle_costs,
)
from panshi.fleet import queries as fleet
from panshi.kit import imports
from panshi.kit.clock import local_day, month_start
from panshi.kit.imports import Checked, Importer, Problem, RecordsInUse
from panshi.kit.money import ZERO
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.ledger import queries as ledger


def _vehicles(
    rows: Sequence[CostSheetRow], org_id: int, actor: Actor, at: datetime
) -> dict[str, UUID]:
    words = tuple({row.vehicle for row in rows})
    named = fleet.vehicles_named(org_id=org_id, words=words, actor=actor, at=at)
    return {word: vehicle.id for word, vehicle in named.items()}


def _spread_fault(row: CostSheetRow) -> tuple[str, str] | None:
    """What input VAT or the days of a row cannot be: the column's key and the words."""
    return fault_of(
        kind=row.kind,
        amount=row.amount,
        vat=row.vat or ZERO,
        covers_from=row.covers_from,
        covers_until=row.covers_until,
    )


def check(*, rows: Sequence[CostSheetRow], org_id: int, actor: Actor, at: datetime) -> Checked:
    """Compare costs with the fleet, the open months, and what is recorded already."""
    vehicles = _vehicles(rows, org_id, actor, at)
    months = {month_start(row.occurred_on) for row in rows}
    closed = {
        month for month in months if org_id in ledger.books_closed_in(month=month, actor=actor)
    }
    kept = VehicleCost.objects.visible_to(actor).filter(
        org_id=org_id, vehicle_id__in=set(vehicles.values()), reversed_at=None
    )
    known = set(kept.values_list("vehicle_id", "kind", "occurred_on", "amount", "reference"))
    seen: set[object] = set()
    problems: list[Problem] = []
    there: dict[int, str] = {}
    for index, row in enumerate(rows):
        vehicle_id = vehicles.get(row.vehicle)
        key = (vehicle_id, row.kind, row.occurred_on, row.amount, row.reference)
        if vehicle_id is None:
            words = _(
                "There is no such vehicle in the register; import it first, or mend the cell."
            )
            problems.append(Problem(index=index, key="vehicle", reason=words))
        elif row.occurred_on > local_day(at):
            words = _("A cost cannot lie ahead.")
            problems.append(Problem(index=index, key="occurred_on", reason=words))
        elif (fault := _spread_fault(row)) is not None:
            problems.append(Problem(index=index, key=fault[0], reason=fault[1]))
        elif key in seen:
            words = _("The same cost is in the file more than once; tell them apart by 凭证号.")
            problems.append(Problem(index=index, key="amount", reason=words))
        elif key in known:
            there[index] = ""
        elif month_start(row.occurred_on) in closed:
            words = _("The month %s is closed in the books.") % f"{row.occurred_on:%Y-%m}"
            problems.append(Problem(index=index, key="occurred_on", reason=words))
        seen.add(key)
    return Checked(problems=problems, there=there)


def create(
    *, rows: Sequence[CostSheetRow], org_id: int, actor: Actor, at: datetime
) -> Sequence[UUID]:
    """Record the costs; answers their ids in order."""
    vehicles = _vehicles(rows, org_id, actor, at)
    costs = [
        NewCost(
            vehicle_id=vehicles[row.vehicle],
            kind=row.kind,
            amount=row.amount,
            occurred_on=row.occurred_on,
            reference=row.reference,
            words=row.words,
            vat=row.vat or ZERO,
            covers_from=row.covers_from,
            covers_until=row.covers_until,
        )
        for row in rows
    ]
    return record_vehicle_costs(costs=costs, actor=actor, at=at).cost_ids


def remove(*, record_ids: Sequence[UUID], actor: Actor, at: datetime) -> None:
    """Cancel costs in the book. Raises RecordsInUse when one was cancelled by hand before."""
    try:
        reverse_vehicle_costs(
            cost_ids=record_ids, reason=_("The import was undone."), actor=actor, at=at
        )
    except CostReversed as refusal:
        raise RecordsInUse(refusal.words) from refusal


COSTS = Importer(
    kind=KIND, sheet=SHEET, row=CostSheetRow, check=check, create=create, remove=remove
)


@verb
def stage_cost_import(
    *, org_id: int, file_name: str, content: Base64Bytes, actor: Actor, at: datetime
) -> CostImportStaged:
    """Read and check a sheet of costs for preview; nothing else is touched.

    Raises sheets.SheetUnreadable or FileTooLarge.
    """
    actor.must("billing.stage_cost_import", org_id)
    batch = imports.stage(
        COSTS, org_id=org_id, file_name=file_name, content=content, actor=actor, at=at
    )
    return CostImportStaged(**imports.staged(batch, actor, at))


@verb
def commit_cost_import(*, batch_id: UUID, actor: Actor, at: datetime) -> CostImportCommitted:
    """Record the new costs of a staged sheet, all or none; repeating adds nothing.

    Raises imports.RowsInvalid or RowsSinceChanged, or ledger.PeriodClosed.
    """
    org_id = imports.owner_of(COSTS, batch_id=batch_id, actor=actor)
    actor.must("billing.commit_cost_import", org_id)
    batch = imports.commit(COSTS, batch_id=batch_id, actor=actor, at=at)
    return CostImportCommitted(**imports.committed(batch, actor, at))


@verb
def undo_cost_import(*, batch_id: UUID, actor: Actor, at: datetime) -> CostImportUndone:
    """Cancel the costs that a committed sheet brought, by mirror entries of today.

    Raises imports.NotCommitted, RecordsInUse or ledger.PeriodClosed.
    """
    org_id = imports.owner_of(COSTS, batch_id=batch_id, actor=actor)
    actor.must("billing.undo_cost_import", org_id)
    batch = imports.undo(COSTS, batch_id=batch_id, actor=actor, at=at)
    return CostImportUndone(**imports.undone(batch, actor, at))
