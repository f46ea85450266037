"""Questions about vehicles as rows of the operator's sheet, and about its imports."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from panshi.fleet import rules
from panshi.fleet.models import Document, Vehicle, VehicleModel, VehicleState, VehicleUse
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


SAMPLES: Final = 12
# What is wrong with the VIN of some rows: by place of the row, and as one mistypes.
_MISTYPED: Final[Mapping[int, Callable[[str], str]]] = {
    2: lambda vin: vin[:12] + "O" + vin[13:],
    5: lambda vin: vin[:8] + ("1" if vin[8] == "0" else "0") + vin[9:],
    9: lambda vin: vin[:16],
}


@question
def sample_sheet_rows(*, actor: Actor) -> list[VehicleSheetRow]:
    """Twelve invented vehicles of the models there are, three with a wrong VIN: to try it out."""
    found = VehicleModel.objects.order_by("code")
    models = [f"{model.maker} {model.name}" for model in found[:3]] or [""]
    rows = []
    for place in range(SAMPLES):
        blank = f"LSAMPLE10{actor.org_id % 10_000:04d}{place:04d}"
        vin = blank[:8] + rules.vin_check_digit(blank[:8] + "0" + blank[9:]) + blank[9:]
        rows.append(
            VehicleSheetRow(
                vin=_MISTYPED.get(place, str)(vin),
                model=models[place % len(models)],
                city="杭州",
                state="PROCURED",
                cost=Decimal(96_000 + 1_500 * place),
                funding="OWN",
            )
        )
    return rows


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
