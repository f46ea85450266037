"""Verbs of the watch: vehicles that fell silent, odometers carried to the archive."""

from datetime import datetime

from django.db import connection

from panshi.fleet import services as fleet
from panshi.fleet.services import OdometerReading
from panshi.kit import outbox
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.telematics import rules
from panshi.telematics.events import (
    MileageRow,
    MileageUpdated,
    SilenceWatched,
    VehicleWentOffline,
)

_SILENT = """
SELECT l.id, l.org_id, l.received_at, l.offline_told, l.soc_pct, l.lon_e6, l.lat_e6
FROM telematics_livestate l JOIN fleet_vehicle v ON v.id = l.vehicle_id
WHERE l.received_at < %s - interval '2 hours' AND l.offline_told < 72
    AND v.state NOT IN ('RETIRED', 'SOLD')
ORDER BY l.id FOR UPDATE OF l
"""
_TOLD = """
UPDATE telematics_livestate l SET offline_told = n.hours
FROM unnest(%s::uuid[], %s::int[]) AS n(id, hours) WHERE l.id = n.id
"""


@verb
def watch_silence(*, actor: Actor, at: datetime) -> SilenceWatched:
    """Publish VehicleWentOffline for vehicles without a frame for 2, 24 and 72 hours, each once."""
    actor.must("telematics.watch_silence", actor.org_id)
    with connection.cursor() as cursor:
        cursor.execute(_SILENT, [at])
        rows = cursor.fetchall()
        steps = [
            rules.offline_step(told=row[3], silent_s=(at - row[2]).total_seconds()) for row in rows
        ]
        due = [(row, hours) for row, hours in zip(rows, steps, strict=True) if hours > row[3]]
        cursor.execute(_TOLD, [[row[0] for row, _h in due], [hours for _row, hours in due]])
    outbox.publish_all(
        [
            VehicleWentOffline(
                org_id=org_id,
                actor_id=actor.id,
                at=at,
                vehicle_id=vehicle_id,
                hours=hours,
                last_report_at=received_at,
                soc_pct=soc,
                lon=None if lon is None else lon / 1e6,
                lat=None if lat is None else lat / 1e6,
            )
            for (vehicle_id, org_id, received_at, _told, soc, lon, lat), hours in due
        ],
        verb="telematics.watch_silence",
    )
    return SilenceWatched(org_id=actor.org_id, actor_id=actor.id, at=at, vehicles=len(due))


_ODOMETERS = """
SELECT l.id, l.org_id, l.odometer_tenths, l.odometer_at, l.soc_pct
FROM telematics_livestate l JOIN fleet_vehicle v ON v.id = l.vehicle_id
WHERE l.odometer_tenths > v.odometer_km * 10 + 9
ORDER BY l.id
"""


@verb
def update_mileage(*, actor: Actor, at: datetime) -> MileageUpdated:
    """Carry odometers that advanced by a kilometre or more into the archive of vehicles.

    Publishes MileageUpdated for each node; answers the one of the whole tree.
    """
    actor.must("telematics.update_mileage", actor.org_id)
    with connection.cursor() as cursor:
        cursor.execute(_ODOMETERS)
        found = cursor.fetchall()
    rows: dict[int, list[MileageRow]] = {}
    readings = []
    for vehicle_id, org_id, tenths, odometer_at, soc in found:
        km = rules.km(tenths)
        rows.setdefault(org_id, []).append(
            MileageRow(vehicle_id=vehicle_id, odometer_km=km, at=odometer_at)
        )
        readings.append(
            OdometerReading(
                vehicle_id=vehicle_id,
                odometer_km=km,
                soc_pct=None if soc is None else rules.percent(soc),
            )
        )
    if readings:
        fleet.record_odometers(readings=readings, actor=actor, at=at)
    for org_id, changed in sorted(rows.items()):
        fact = MileageUpdated(org_id=org_id, actor_id=actor.id, at=at, rows=tuple(changed))
        outbox.publish(fact, verb="telematics.update_mileage")
    return MileageUpdated(org_id=actor.org_id, actor_id=actor.id, at=at, rows=())
