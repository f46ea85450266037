"""Verbs by which an operator's vehicles move in from its spreadsheet."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _
from pydantic import Base64Bytes

from panshi.fleet import queries, rules
from panshi.fleet.events import (
    VehicleImportCommitted,
    VehicleImportStaged,
    VehicleImportUndone,
)
from panshi.fleet.models import (
    Document,
    PlateClass,
    Vehicle,
    VehicleEvent,
    VehicleModel,
    VehicleState,
)
from panshi.fleet.services.papers import NewDocument, enter_papers
from panshi.fleet.services.register import (
    NewVehicle,
    enter,
    models_of,
    plate_words,
    taken_plates,
    taken_vins,
)
from panshi.fleet.sheet import KIND, PAPERS, SHEET, VehicleSheetRow
from panshi.kit import imports, wording
from panshi.kit.imports import Checked, Importer, Problem, RecordsInUse
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb

_REMOVE = (
    "DELETE FROM fleet_dueitem WHERE vehicle_id = ANY(%s)",
    "DELETE FROM fleet_document WHERE vehicle_id = ANY(%s)",
    "DELETE FROM fleet_plateholding WHERE vehicle_id = ANY(%s)",
    "DELETE FROM fleet_vehicleevent WHERE vehicle_id = ANY(%s)",
    "DELETE FROM fleet_vehicle WHERE id = ANY(%s)",
)


def _squeezed(words: str) -> str:
    return rules.fold(words).replace("_", "")


def _models_by_words(org_id: int) -> Mapping[str, VehicleModel]:
    """The models a node may use, by code, by name, and by maker and name."""
    known: dict[str, VehicleModel] = {}
    for model in models_of(org_id):
        for words in (model.name, f"{model.maker}{model.name}", model.code):
            known[_squeezed(words)] = model
    return known


def _plate_class(row: VehicleSheetRow) -> str:
    if not row.plate:
        return ""
    return row.plate_class or rules.plate_class_of(row.plate)


def _faults(row: VehicleSheetRow, index: int, models: Mapping[str, VehicleModel]) -> list[Problem]:
    """What is wrong with a row by itself."""
    faults = []
    if _squeezed(row.model) not in models:
        words = _("There is no vehicle model “%s”; ask headquarters to publish it.") % row.model
        faults.append(Problem(index=index, key="model", reason=words))
    if row.plate and (words := plate_words(row.plate, _plate_class(row))):
        faults.append(Problem(index=index, key="plate", reason=words))
    needs_plate = row.state not in (VehicleState.PROCURED, VehicleState.RETIRED)
    if needs_plate and not row.plate:
        words = _("A vehicle in this state has a plate.")
        faults.append(Problem(index=index, key="plate", reason=words))
    return faults


def check(*, rows: Sequence[VehicleSheetRow], org_id: int, actor: Actor, at: datetime) -> Checked:
    """Compare rows with the register: what is taken, repeated, unknown, or there already."""
    models = _models_by_words(org_id)
    vins = taken_vins([row.vin for row in rows])
    plates = taken_plates([row.plate for row in rows if row.plate])
    vin_counts = Counter(row.vin for row in rows)
    plate_counts = Counter(row.plate for row in rows if row.plate)
    problems: list[Problem] = []
    there: list[int] = []
    for index, row in enumerate(rows):
        problems += _faults(row, index, models)
        known, bearer = vins.get(row.vin), plates.get(row.plate)
        if vin_counts[row.vin] > 1:
            words = _("This VIN is in the file more than once.")
            problems.append(Problem(index=index, key="vin", reason=words))
        elif known is not None and known.org_id != org_id:
            words = _("This VIN is in the register of another node.")
            problems.append(Problem(index=index, key="vin", reason=words))
        elif known is not None:
            there.append(index)
        if plate_counts[row.plate] > 1:
            words = _("This plate is in the file more than once.")
            problems.append(Problem(index=index, key="plate", reason=words))
        elif bearer is not None and (known is None or bearer.vehicle_id != known.vehicle_id):
            words = _("This plate is on another vehicle.")
            problems.append(Problem(index=index, key="plate", reason=words))
    kept = queries.sheet_rows_of(vins=tuple(rows[index].vin for index in there), actor=actor)
    notes = {index: _difference(rows[index], kept.get(rows[index].vin)) for index in there}
    return Checked(problems=problems, there=notes)


def _difference(row: VehicleSheetRow, kept: VehicleSheetRow | None) -> str:
    """Say in which columns a row differs from the register, which is left as it is."""
    if kept is None:
        return ""
    differing = [
        column.header
        for column in SHEET.columns
        if column.key != "model"
        and getattr(row, column.key) not in (None, "")
        and getattr(row, column.key) != getattr(kept, column.key)
    ]
    if not differing:
        return ""
    return _("The register says otherwise and is left as it is: %s.") % wording.listed(differing)


def create(
    *, rows: Sequence[VehicleSheetRow], org_id: int, actor: Actor, at: datetime
) -> list[UUID]:
    """Enter the rows as vehicles with their papers; answers their ids in order."""
    models = _models_by_words(org_id)
    made = enter(
        [
            NewVehicle(
                org_id=org_id,
                vin=row.vin,
                model_code=models[_squeezed(row.model)].code,
                city=row.city,
                plate=row.plate,
                plate_class=PlateClass(_plate_class(row)) if row.plate else "",
                state=row.state,
                odometer_km=row.odometer_km or Decimal(0),
                parking=row.parking,
                motor_no=row.motor_no,
                pack_no=row.pack_no,
                purchased_on=row.purchased_on,
                cost=row.cost,
                funding=row.funding,
                first_registered_on=row.first_registered_on,
            )
            for row in rows
        ],
        actor=actor,
        at=at,
    )
    papers = [
        NewDocument(vehicle_id=vehicle.id, kind=kind, expires_on=getattr(row, key))
        for vehicle, row in zip(made, rows, strict=True)
        for key, kind in PAPERS.items()
        if getattr(row, key) is not None
    ]
    enter_papers(papers, actor=actor, at=at, permission="fleet.commit_vehicle_import")
    return [vehicle.id for vehicle in made]


def _refuse_use(ids: Sequence[UUID]) -> None:
    """Raise RecordsInUse for vehicles to which something happened since they came."""
    used = {
        *VehicleEvent.objects.filter(vehicle_id__in=ids, from_state__isnull=False).values_list(
            "vehicle_id", flat=True
        ),
        *Document.objects.filter(vehicle_id__in=ids, version__gt=1).values_list(
            "vehicle_id", flat=True
        ),
    }
    if used:
        names = Vehicle.objects.filter(id__in=used).order_by("plate").values_list("plate", "vin")
        listed = wording.listed(plate or vin for plate, vin in names[:10])
        raise RecordsInUse(
            _("%(count)d of these vehicles have a history since, so they stay: %(names)s.")
            % {"count": len(used), "names": listed}
        )


def remove(*, record_ids: Sequence[UUID], actor: Actor, at: datetime) -> None:
    """Take vehicles out again to which nothing has happened. Raises RecordsInUse."""
    found = Vehicle.objects.visible_to(actor).filter(id__in=record_ids)
    ids = list(found.select_for_update().order_by("id").values_list("id", flat=True))
    _refuse_use(ids)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            for statement in _REMOVE:
                cursor.execute(statement, [ids])
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    except IntegrityError as error:
        raise RecordsInUse(_("Other records already name these vehicles, so they stay.")) from error


VEHICLES = Importer(
    kind=KIND,
    sheet=SHEET,
    row=VehicleSheetRow,
    check=check,
    create=create,
    remove=remove,
)


@verb
def stage_vehicle_import(
    *, org_id: int, file_name: str, content: Base64Bytes, actor: Actor, at: datetime
) -> VehicleImportStaged:
    """Read and check a vehicle sheet for preview; the register is not touched.

    Raises sheets.SheetUnreadable or FileTooLarge.
    """
    actor.must("fleet.stage_vehicle_import", org_id)
    batch = imports.stage(
        VEHICLES, org_id=org_id, file_name=file_name, content=content, actor=actor, at=at
    )
    return VehicleImportStaged(**imports.staged(batch, actor, at))


@verb
def commit_vehicle_import(*, batch_id: UUID, actor: Actor, at: datetime) -> VehicleImportCommitted:
    """Enter the new vehicles of a staged sheet, all or none; repeating adds nothing.

    Raises imports.RowsInvalid or RowsSinceChanged, and what receive_vehicles refuses.
    """
    org_id = imports.owner_of(VEHICLES, batch_id=batch_id, actor=actor)
    actor.must("fleet.commit_vehicle_import", org_id)
    batch = imports.commit(VEHICLES, batch_id=batch_id, actor=actor, at=at)
    return VehicleImportCommitted(**imports.committed(batch, actor, at))


@verb
def undo_vehicle_import(*, batch_id: UUID, actor: Actor, at: datetime) -> VehicleImportUndone:
    """Take out the vehicles that a committed sheet brought, while nothing hangs on them.

    Raises imports.NotCommitted or RecordsInUse.
    """
    org_id = imports.owner_of(VEHICLES, batch_id=batch_id, actor=actor)
    actor.must("fleet.undo_vehicle_import", org_id)
    batch = imports.undo(VEHICLES, batch_id=batch_id, actor=actor, at=at)
    return VehicleImportUndone(**imports.undone(batch, actor, at))
