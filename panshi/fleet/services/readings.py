"""Verbs that bring readings to a vehicle: odometers from terminals, inspections by people."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from panshi.fleet.events import OdometersRecorded, VehicleInspected
from panshi.fleet.models import Inspection, InspectionKind, Vehicle
from panshi.fleet.services.life import locked, refuse_backwards
from panshi.kit.refusals import IllegalMove
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb

_RECORD = """
UPDATE fleet_vehicle v SET odometer_km = r.km, soc_pct = COALESCE(r.soc, v.soc_pct)
FROM unnest(%s::uuid[], %s::numeric[], %s::numeric[]) AS r (id, km, soc)
WHERE v.id = r.id AND r.km >= v.odometer_km
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class OdometerReading:
    """What a terminal says of a vehicle: kilometres, and the state of charge in percent."""

    vehicle_id: UUID
    odometer_km: Decimal
    soc_pct: Decimal | None = None


@verb
def record_odometers(
    *, readings: Sequence[OdometerReading], actor: Actor, at: datetime
) -> OdometersRecorded:
    """Advance the odometers of many vehicles; a reading below the known one is passed over."""
    actor.must("fleet.record_odometers", actor.org_id)
    ordered = sorted(readings, key=lambda reading: reading.vehicle_id)
    with connection.cursor() as cursor:
        cursor.execute(
            _RECORD,
            [
                [reading.vehicle_id for reading in ordered],
                [reading.odometer_km for reading in ordered],
                [reading.soc_pct for reading in ordered],
            ],
        )
        changed = cursor.rowcount
    return OdometersRecorded(org_id=actor.org_id, actor_id=actor.id, at=at, vehicles=changed)


@verb
def sign_inspection(
    *,
    vehicle_id: UUID,
    kind: str,
    odometer_km: Decimal,
    soc_pct: Decimal,
    passed: bool,
    actor: Actor,
    at: datetime,
    note: str = "",
) -> VehicleInspected:
    """Record a signed inspection with its readings; once passed, a returned vehicle may be ready.

    Raises OdometerBackwards, or IllegalMove for a count.
    """
    vehicle = locked(vehicle_id, actor=actor, permission="fleet.sign_inspection")
    if kind == InspectionKind.COUNT:
        raise IllegalMove(_("A stock take is begun at its lot."))
    refuse_backwards(vehicle, odometer_km)
    inspection = Inspection.objects.create(
        org_id=vehicle.org_id,
        vehicle=vehicle,
        kind=InspectionKind(kind),
        odometer_km=odometer_km,
        soc_pct=soc_pct,
        passed=passed,
        note=note,
        signed_by_id=actor.id,
        signed_at=at,
    )
    return inspected(
        vehicle,
        inspection.id,
        kind=inspection.kind,
        odometer_km=odometer_km,
        soc_pct=soc_pct,
        passed=passed,
        actor=actor,
        at=at,
    )


def inspected(
    vehicle: Vehicle,
    inspection_id: UUID,
    *,
    kind: str,
    odometer_km: Decimal,
    soc_pct: Decimal | None,
    passed: bool,
    actor: Actor,
    at: datetime,
) -> VehicleInspected:
    """Carry what a signed inspection found over to its vehicle."""
    vehicle.odometer_km, vehicle.soc_pct = odometer_km, soc_pct
    vehicle.needs_check = vehicle.needs_check and not passed
    vehicle.save(update_fields=["odometer_km", "soc_pct", "needs_check"])
    return VehicleInspected(
        org_id=vehicle.org_id,
        actor_id=actor.id,
        at=at,
        inspection_id=inspection_id,
        vehicle_id=vehicle.id,
        kind=kind,
        passed=passed,
    )
