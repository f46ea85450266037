"""Questions about vehicles as rows of the operator's sheet, and about its imports."""

from datetime import date
from uuid import UUID

from django.db.models import QuerySet

from panshi.fleet.models import Document, Vehicle, VehicleState, VehicleUse
from panshi.fleet.sheet import KIND, PAPERS, SHEET, VehicleSheetRow
from panshi.kit import imports
from panshi.kit.imports import BatchCard, Preview
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question


def _sheet_rows(vehicles: QuerySet[Vehicle]) -> list[VehicleSheetRow]:
    found = list(vehicles)
    last_days: dict[UUID, dict[str, date]] = {}
    for document in Document.objects.filter(vehicle__in=[v.id for v in found], current=True):
        last_days.setdefault(document.vehicle_id, {})[document.kind] = document.expires_on
    return [
        VehicleSheetRow(
            vin=vehicle.vin,
            model=vehicle.model_name,
            city=vehicle.city,
            state=vehicle.state,
            plate=vehicle.plate,
            plate_class=vehicle.plate_class,
            motor_no=vehicle.motor_no,
            pack_no=vehicle.pack_no,
            purchased_on=vehicle.purchased_on,
            cost=vehicle.cost,
            funding=vehicle.funding,
            first_registered_on=vehicle.first_registered_on,
            parking=vehicle.parking,
            odometer_km=vehicle.odometer_km,
            **{key: last_days.get(vehicle.id, {}).get(kind) for key, kind in PAPERS.items()},
        )
        for vehicle in found
    ]


@question
def sheet_rows_of(*, vins: tuple[str, ...], actor: Actor) -> dict[str, VehicleSheetRow]:
    """Vehicles as rows of the sheet, by VIN."""
    rows = _sheet_rows(Vehicle.objects.visible_to(actor).filter(vin__in=vins))
    return {row.vin: row for row in rows}


@question
def vehicle_sheet_rows(*, actor: Actor) -> list[VehicleSheetRow]:
    """The whole register as rows of the sheet, without sold vehicles and customers' own."""
    found = Vehicle.objects.visible_to(actor).exclude(state=VehicleState.SOLD)
    return _sheet_rows(found.exclude(use=VehicleUse.EXTERNAL).order_by("vin"))


@question
def vehicle_imports(*, actor: Actor) -> list[BatchCard]:
    """The newest vehicle sheets that were staged or imported."""
    return imports.recent(KIND, actor=actor)


@question
def vehicle_import(*, batch_id: UUID, actor: Actor) -> BatchCard:
    """One vehicle sheet that was staged or imported, with its errors."""
    return imports.card(KIND, batch_id=batch_id, actor=actor)


@question
def vehicle_import_preview(*, batch_id: UUID, actor: Actor) -> Preview:
    """The first rows of a staged vehicle sheet."""
    return imports.preview(SHEET, KIND, batch_id=batch_id, actor=actor)
