"""Verbs of terminals: into the archive, into a vehicle, out of it, blocked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from panshi.fleet import queries as fleet
from panshi.kit.ids import uuid7
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor, acting, hq_actor
from panshi.kit.verbs import verb
from panshi.telematics import rules
from panshi.telematics.events import (
    DeviceBlocked,
    DeviceRegistered,
    DevicesRegistered,
    OwnersFollowed,
    TerminalInstalled,
    TerminalRemoved,
)
from panshi.telematics.models import Device, DeviceState, Fitting, Protocol
from panshi.wire.columns import GB32960

LONGEST_IDENTITY = 40
EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
CHANNEL = "devices"
"""NOTIFY on it tells gateway and ingest that the archive of terminals changed."""


class DeviceKnown(Refusal):
    pass


class UnknownVehicle(Refusal):
    pass


class UnknownProtocol(Refusal):
    pass


class IdentityInvalid(Refusal):
    pass


class SlotTaken(Refusal):
    pass


class DeviceInstalledElsewhere(Refusal):
    pass


class NotInstalled(Refusal):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDevice:
    """A terminal to enter, in a vehicle or in none."""

    protocol: str
    identity: str
    vehicle_id: UUID | None = None


def normal_identity(*, protocol: str, identity: str) -> str:
    """A VIN in upper case, a phone without leading zeros."""
    text = identity.strip()
    return text.upper() if protocol == GB32960 else text.lstrip("0") or "0"


_SERIES = """
INSERT INTO telematics_series (vehicle_id)
SELECT id FROM unnest(%s::uuid[]) AS id
ON CONFLICT (vehicle_id) DO NOTHING
"""
_BARE_SERIES = """
INSERT INTO telematics_series (device_id)
SELECT id FROM unnest(%s::uuid[]) AS id
ON CONFLICT (device_id) DO NOTHING
"""


def _number(*, vehicles: Sequence[UUID], devices: Sequence[UUID]) -> None:
    """Give each vehicle and each device its series number for history, once."""
    with acting(hq_actor()), connection.cursor() as cursor:
        cursor.execute(_SERIES, [list(vehicles)])
        cursor.execute(_BARE_SERIES, [list(devices)])


def _tell() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])


def _enter(
    devices: Sequence[NewDevice], since: datetime | None, actor: Actor
) -> tuple[list[Device], dict[UUID, fleet.VehicleRef]]:
    wanted = tuple({device.vehicle_id for device in devices if device.vehicle_id is not None})
    vehicles = fleet.vehicle_refs(vehicle_ids=wanted, actor=actor)
    if missing := set(wanted) - vehicles.keys():
        raise UnknownVehicle(_("There is no vehicle %(id)s here.") % {"id": min(map(str, missing))})
    rows = []
    for new in devices:
        if new.protocol not in Protocol.values:
            raise UnknownProtocol(
                _("“%(protocol)s” is not a protocol of terminals; GB32960 and JTT808 are.")
                % {"protocol": new.protocol}
            )
        org_id = vehicles[new.vehicle_id].org_id if new.vehicle_id else actor.org_id
        actor.must("telematics.register_device", org_id)
        if not 0 < len(new.identity.strip()) <= LONGEST_IDENTITY:
            raise IdentityInvalid(
                _("What a terminal calls itself has 1 to %(most)d characters.")
                % {"most": LONGEST_IDENTITY}
            )
        rows.append(
            Device(
                id=uuid7(),
                org_id=org_id,
                protocol=new.protocol,
                identity=normal_identity(protocol=new.protocol, identity=new.identity),
            )
        )
    known = _known(rows)
    if known:
        raise DeviceKnown(
            _("Terminal %(identity)s is already in the archive.") % {"identity": known}
        )
    Device.objects.bulk_create(rows, batch_size=1000)
    pairs = [
        (device, new.vehicle_id)
        for device, new in zip(rows, devices, strict=True)
        if new.vehicle_id
    ]
    fitted = {(vehicle_id, rules.SLOTS[device.protocol]) for device, vehicle_id in pairs}
    open_slots = Fitting.objects.filter(
        vehicle_id__in=[vehicle_id for _device, vehicle_id in pairs], during__upper_inf=True
    ).values_list("vehicle_id", "slot")
    taken = fitted & set(open_slots)
    if taken or len(fitted) < len(pairs):
        raise SlotTaken(_("The vehicle has a terminal of this kind already; take that out first."))
    Fitting.objects.bulk_create(
        [
            Fitting(
                org_id=device.org_id,
                device=device,
                vehicle_id=vehicle_id,
                slot=rules.SLOTS[device.protocol],
                during=(since or EPOCH, None),
            )
            for device, vehicle_id in pairs
        ],
        batch_size=1000,
    )
    _number(vehicles=[vehicle_id for _device, vehicle_id in pairs], devices=[d.id for d in rows])
    _tell()
    return rows, vehicles


def _known(rows: Sequence[Device]) -> str | None:
    """An identity of `rows` that is taken, here or in a node out of sight."""
    seen: set[tuple[str, str]] = set()
    for row in rows:
        if (row.protocol, row.identity) in seen:
            return row.identity
        seen.add((row.protocol, row.identity))
    with acting(hq_actor()):
        found = Device.objects.filter(identity__in=[row.identity for row in rows])
        taken = set(found.values_list("protocol", "identity"))
    return next((identity for protocol, identity in sorted(seen & taken)), None)


@verb
def register_device(
    *,
    protocol: str,
    identity: str,
    vehicle_id: UUID | None,
    actor: Actor,
    at: datetime,
    since: datetime | None = None,
) -> DeviceRegistered:
    """Enter a terminal, GB32960 by VIN or JTT808 by phone, and tie it to a vehicle.

    Readings from `since` on count as the vehicle's, by default all of them. Raises DeviceKnown,
    SlotTaken, UnknownVehicle, UnknownProtocol, IdentityInvalid.
    """
    new = NewDevice(protocol=protocol, identity=identity, vehicle_id=vehicle_id)
    rows, _vehicles = _enter([new], since, actor)
    device = rows[0]
    return DeviceRegistered(
        org_id=device.org_id,
        actor_id=actor.id,
        at=at,
        device_id=device.id,
        vehicle_id=vehicle_id,
        protocol=device.protocol,
        identity=device.identity,
    )


@verb
def register_devices(
    *, devices: Sequence[NewDevice], actor: Actor, at: datetime
) -> DevicesRegistered:
    """Enter many terminals at once, all or none; refusals as `register_device`."""
    rows, _vehicles = _enter(devices, None, actor)
    return DevicesRegistered(
        org_id=actor.org_id, actor_id=actor.id, at=at, device_ids=tuple(row.id for row in rows)
    )


@verb
def install_terminal(
    *, device_id: UUID, vehicle_id: UUID, actor: Actor, at: datetime
) -> TerminalInstalled:
    """Tie a terminal to a vehicle from now on.

    Raises SlotTaken, DeviceInstalledElsewhere, UnknownVehicle.
    """
    device = Device.objects.visible_to(actor).select_for_update().get(id=device_id)
    actor.must("telematics.install_terminal", device.org_id)
    vehicle = fleet.vehicle_refs(vehicle_ids=(vehicle_id,), actor=actor).get(vehicle_id)
    if vehicle is None:
        raise UnknownVehicle(_("There is no vehicle %(id)s here.") % {"id": vehicle_id})
    slot = rules.SLOTS[device.protocol]
    if Fitting.objects.filter(device=device, during__upper_inf=True).exists():
        raise DeviceInstalledElsewhere(_("The terminal sits in a vehicle; take it out first."))
    if Fitting.objects.filter(vehicle_id=vehicle_id, slot=slot, during__upper_inf=True).exists():
        raise SlotTaken(_("The vehicle has a terminal of this kind already; take that out first."))
    device.org_id = vehicle.org_id
    device.state = DeviceState.ACTIVE
    device.first_report_at = None
    device.save(update_fields=["org_id", "state", "first_report_at"])
    Fitting.objects.create(
        org_id=vehicle.org_id, device=device, vehicle_id=vehicle_id, slot=slot, during=(at, None)
    )
    _number(vehicles=[vehicle_id], devices=[])
    _tell()
    return TerminalInstalled(
        org_id=vehicle.org_id, actor_id=actor.id, at=at, device_id=device.id, vehicle_id=vehicle_id
    )


@verb
def remove_terminal(*, device_id: UUID, actor: Actor, at: datetime) -> TerminalRemoved:
    """End a terminal's time in its vehicle. Raises NotInstalled."""
    device = Device.objects.visible_to(actor).select_for_update().get(id=device_id)
    actor.must("telematics.remove_terminal", device.org_id)
    fitting = Fitting.objects.filter(device=device, during__upper_inf=True).first()
    if fitting is None:
        raise NotInstalled(_("The terminal sits in no vehicle."))
    fitting.during = (fitting.during.lower, at)
    fitting.save(update_fields=["during"])
    _tell()
    return TerminalRemoved(
        org_id=device.org_id,
        actor_id=actor.id,
        at=at,
        device_id=device.id,
        vehicle_id=fitting.vehicle_id,
    )


@verb
def block_device(*, device_id: UUID, reason: str, actor: Actor, at: datetime) -> DeviceBlocked:
    """Let a terminal sign in no more; what it sent stays."""
    device = Device.objects.visible_to(actor).select_for_update().get(id=device_id)
    actor.must("telematics.block_device", device.org_id)
    device.state = DeviceState.BLOCKED
    device.save(update_fields=["state"])
    _tell()
    return DeviceBlocked(
        org_id=device.org_id, actor_id=actor.id, at=at, device_id=device.id, reason=reason
    )


_FOLLOW = """
UPDATE telematics_livestate l SET org_id = v.org_id, customer_id = v.customer_id
FROM fleet_vehicle v
WHERE v.id = l.vehicle_id
    AND (l.org_id, l.customer_id) IS DISTINCT FROM (v.org_id, v.customer_id)
"""


@verb
def follow_owners(*, actor: Actor, at: datetime) -> OwnersFollowed:
    """Let live states belong to the node and the customer that have the vehicles now."""
    actor.must("telematics.follow_owners", actor.org_id)
    with connection.cursor() as cursor:
        cursor.execute(_FOLLOW)
        changed = cursor.rowcount
    return OwnersFollowed(org_id=actor.org_id, actor_id=actor.id, at=at, vehicles=changed)
