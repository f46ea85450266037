"""Leases as rows of the sheet they move in and out by, and the sheets that came."""

from datetime import timedelta
from uuid import UUID

from panshi.billing import queries as billing
from panshi.fleet import queries as fleet
from panshi.kit import imports
from panshi.kit.imports import BatchCard, Preview
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.leasing.models import OUT, Lease
from panshi.leasing.queries.leases import lease_rows
from panshi.leasing.sheet import KIND, SHEET, LeaseSheetRow

_RUNNING = OUT


def _sheet_rows(leases: list[Lease], actor: Actor) -> dict[UUID, LeaseSheetRow]:
    rows = {row.id: row for row in lease_rows(leases, actor)}
    vehicles = fleet.vehicle_refs(
        vehicle_ids=tuple({row.vehicle_id for row in rows.values() if row.vehicle_id}), actor=actor
    )
    standings = billing.standings(source_ids=tuple(rows), actor=actor)
    answer = {}
    for lease in leases:
        row, standing = rows[lease.id], standings.get(lease.id)
        vehicle = vehicles.get(row.vehicle_id) if row.vehicle_id else None
        answer[lease.id] = LeaseSheetRow(
            number=lease.number,
            vin=vehicle.vin if vehicle else "",
            plate=row.plate,
            customer=row.customer_name,
            product=lease.product_code,
            starts_on=lease.starts_on,
            months=lease.months,
            ends_on=lease.ends_on - timedelta(days=1),
            monthly_rent=lease.monthly_rent,
            deposit=lease.deposit,
            deposit_held=standing.deposit if standing else None,
            paid_until=standing.paid_until if standing else lease.starts_on - timedelta(days=1),
            alignment=standing.alignment if standing else "",
            arrears=standing.arrears if standing and standing.arrears else None,
            note=lease.note,
        )
    return answer


def sheet_rows_of(*, lease_ids: tuple[UUID, ...], actor: Actor) -> dict[UUID, LeaseSheetRow]:
    """Leases as rows of the sheet, by id; only for comparing with what was handed in."""
    found = Lease.objects.visible_to(actor).filter(id__in=lease_ids)
    return _sheet_rows(list(found), actor)


@question
def lease_sheet_rows(*, actor: Actor) -> list[LeaseSheetRow]:
    """The leases that run, as rows of the sheet, without the customers' numbers."""
    found = Lease.objects.visible_to(actor).filter(state__in=_RUNNING)
    return list(_sheet_rows(list(found.order_by("number", "id")), actor).values())


@question
def lease_imports(*, actor: Actor) -> list[BatchCard]:
    """The newest lease sheets that were staged or imported."""
    return imports.recent(KIND, actor=actor)


@question
def lease_import(*, batch_id: UUID, actor: Actor) -> BatchCard:
    """One lease sheet with the faults of its cells."""
    return imports.card(KIND, batch_id=batch_id, actor=actor)


@question
def lease_import_preview(*, batch_id: UUID, actor: Actor) -> Preview:
    """The first rows of a staged lease sheet."""
    return imports.preview(SHEET, KIND, batch_id=batch_id, actor=actor)


@question
def batches_of_file(*, batch_id: UUID, actor: Actor) -> list[BatchCard]:
    """The sheets that came in one workbook, each as its newest batch."""
    return imports.of_same_file(batch_id=batch_id, actor=actor)
