"""Vehicles with terminals, and readings of them, with honest defaults."""

from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID

from panshi.fleet.models import Vehicle
from panshi.fleet.tests import make as fleet_make
from panshi.kit.tenancy import hq_actor
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.telematics import queries, services
from panshi.telematics.events import DeviceRegistered
from panshi.telematics.models import Fitting
from panshi.telematics.services import Seen
from panshi.wire import columns
from panshi.wire.columns import Reading

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
NOON_S = int(NOON.timestamp())
_positions = count(64, 8)


def connected(*, org: OrgNode | None = None, **vehicle: Any) -> Vehicle:
    """A vehicle with a GB/T 32960 terminal in it."""
    made = fleet_make.vehicle(org=org, **vehicle)
    device(made)
    return made


def device(vehicle: Vehicle, *, protocol: str = "GB32960", identity: str = "") -> DeviceRegistered:
    return services.register_device(
        protocol=protocol,
        identity=identity or vehicle.vin,
        vehicle_id=vehicle.id,
        actor=hq_actor(org_make.platform().id),
        at=NOON,
    )


def reading(vehicle: Vehicle, **fields: Any) -> Reading:
    """A report of a GB/T 32960 terminal."""
    defaults: dict[str, Any] = {
        "protocol": columns.GB32960,
        "edition": 2016,
        "kind": columns.REALTIME,
        "code": 2,
        "identity": vehicle.vin,
        "sent_identity": vehicle.vin,
        "time": NOON_S,
    }
    return Reading(**{**defaults, **fields})


def seen(vehicle: Vehicle, *, after_s: int = 0, position: int | None = None, **fields: Any) -> Seen:
    """The reading as ingest hands it over, sent `after_s` seconds after noon."""
    one = reading(vehicle, time=NOON_S + after_s, **fields)
    archive = queries.device_directory(actor=hq_actor())
    known = archive[queries.CODES[one.protocol], one.identity]
    fitted = known.fitted_at(NOON_S + after_s)
    assert fitted is not None
    return Seen(
        fitted,
        one,
        NOON_S + after_s,
        (NOON_S + after_s) * 1_000_000,
        next(_positions) if position is None else position,
    )


def record(*readings: Seen, gateway: int = 1) -> services.ReadingsRecorded:
    """Bring readings into live state from wherever the consumer stands."""
    actor = hq_actor(org_make.platform().id)
    start = queries.consumer_positions(gateway=gateway, actor=actor).get("live", 0)
    end = max([start, *(one.position for one in readings)]) + 8
    return services.record_readings(
        gateway=gateway, start=start, end=end, seen=readings, actor=actor, at=NOON
    )


def device_of(vehicle: Vehicle) -> UUID:
    """The terminal that was put into a vehicle."""
    return Fitting.objects.get(vehicle=vehicle).device_id
