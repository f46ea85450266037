"""What a phone needs to inspect a vehicle without network: what was known, and what it costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from panshi.fleet.models import (
    DamageMark,
    Inspection,
    InspectionKind,
    InspectionPhoto,
    Vehicle,
    WearClause,
)
from panshi.fleet.queries.inspections import (
    ClauseRow,
    MarkRow,
    clause_row,
    mark_row,
    standard_in_force,
)
from panshi.kit.clock import local_day
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question

_ROUNDS = (InspectionKind.PDI, InspectionKind.OUT, InspectionKind.IN)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenInspection:
    """An inspection that has begun and is not signed: its marks, and the views photographed."""

    id: UUID
    marks: tuple[MarkRow, ...]
    views: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionGround:
    """What an inspection of a vehicle starts from.

    `known` is the damage that it showed before: at its last delivery for a return, else at its last
    round. `out_km` is the odometer of the delivery that a return is compared with, None without
    one. `since` is the day from which its age counts. `clauses` are those of the `standard` in
    force, both empty without one.
    """

    vehicle_id: UUID
    odometer_km: Decimal
    soc_pct: Decimal | None
    since: date | None
    known: tuple[MarkRow, ...]
    compared_at: datetime | None
    out_km: Decimal | None
    standard: str
    clauses: tuple[ClauseRow, ...]
    open: OpenInspection | None


def _marks(inspections: Sequence[Inspection]) -> dict[UUID, tuple[MarkRow, ...]]:
    found: dict[UUID, list[MarkRow]] = {}
    rows = DamageMark.objects.filter(inspection__in=inspections)
    for mark in rows.order_by("view", "part", "damage"):
        found.setdefault(mark.inspection_id, []).append(mark_row(mark))
    return {inspection_id: tuple(marks) for inspection_id, marks in found.items()}


def _last_rounds(vehicle_ids: Sequence[UUID], kinds: Sequence[str]) -> dict[UUID, Inspection]:
    """The last signed inspection of each vehicle among these kinds."""
    rows = Inspection.objects.filter(
        vehicle_id__in=vehicle_ids, kind__in=kinds, signed_at__isnull=False
    )
    last = rows.order_by("vehicle_id", "-signed_at").distinct("vehicle_id")
    return {row.vehicle_id: row for row in last}


def _standards(org_ids: set[int], on: date) -> dict[int, tuple[str, tuple[ClauseRow, ...]]]:
    found = {}
    for org_id in org_ids:
        standard = standard_in_force(org_id, on)
        clauses = WearClause.objects.filter(standard=standard).order_by("code") if standard else ()
        name = f"{standard.name} v{standard.version}" if standard else ""
        found[org_id] = (name, tuple(clause_row(clause) for clause in clauses))
    return found


@question
def inspection_grounds(
    *, kinds: dict[UUID, str], actor: Actor, at: datetime
) -> dict[UUID, InspectionGround]:
    """By vehicle, what the inspection of the given kind, OUT or IN, starts from."""
    vehicles = list(Vehicle.objects.visible_to(actor).filter(id__in=kinds))
    returned = [v.id for v in vehicles if kinds[v.id] == InspectionKind.IN]
    others = [v.id for v in vehicles if kinds[v.id] != InspectionKind.IN]
    before = _last_rounds(returned, [InspectionKind.OUT]) | _last_rounds(others, _ROUNDS)
    begun = {
        row.vehicle_id: row
        for row in Inspection.objects.filter(vehicle__in=vehicles, signed_at=None)
        if row.kind == kinds[row.vehicle_id]
    }
    marks = _marks([*before.values(), *begun.values()])
    views: dict[UUID, list[str]] = {}
    for photo in InspectionPhoto.objects.filter(inspection__in=begun.values()).order_by("view"):
        views.setdefault(photo.inspection_id, []).append(photo.view)
    standards = _standards({vehicle.org_id for vehicle in vehicles}, local_day(at))

    answer = {}
    for vehicle in vehicles:
        last, now = before.get(vehicle.id), begun.get(vehicle.id)
        out = last if kinds[vehicle.id] == InspectionKind.IN else None
        standard, clauses = standards[vehicle.org_id]
        answer[vehicle.id] = InspectionGround(
            vehicle_id=vehicle.id,
            odometer_km=vehicle.odometer_km,
            soc_pct=vehicle.soc_pct,
            since=vehicle.first_registered_on or vehicle.purchased_on,
            known=marks.get(last.id, ()) if last else (),
            compared_at=out.signed_at if out else None,
            out_km=out.odometer_km if out else None,
            standard=standard,
            clauses=clauses,
            open=OpenInspection(
                id=now.id, marks=marks.get(now.id, ()), views=tuple(views.get(now.id, ()))
            )
            if now
            else None,
        )
    return answer
