"""Verbs of the yard: lots, keys, transfers between cities."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils.translation import gettext as _

from panshi.fleet.events import (
    KeyLent,
    KeyReturned,
    LotOpened,
    TransferApproved,
    TransferArrived,
    TransferCancelled,
    TransferDispatched,
    TransfersProposed,
    VehiclesParked,
)
from panshi.fleet.models import (
    TRANSFER_LIFE,
    KeyCustody,
    Lot,
    Transfer,
    TransferState,
    Vehicle,
    VehicleState,
)
from panshi.fleet.services.disposal import OwnProposal
from panshi.fleet.services.life import locked, locked_all, words_for
from panshi.kit.ids import uuid7
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb

_OPEN = (TransferState.PROPOSED, TransferState.APPROVED, TransferState.DISPATCHED)


class LotNameTaken(Refusal):
    pass


class KeyOut(Refusal):
    """Somebody has this key already."""


class KeyNotOut(Refusal):
    pass


class VehicleOut(Refusal):
    """The vehicle is with a customer, or has left the fleet."""


class TransferOpen(Refusal):
    """The vehicle is on its way somewhere already."""


class NowhereElse(Refusal):
    """The vehicle stands where it is to go."""


@verb
def open_lot(
    *,
    org_id: int,
    name: str,
    city: str,
    bays: int,
    lon: float,
    lat: float,
    actor: Actor,
    at: datetime,
    address: str = "",
) -> LotOpened:
    """Enter a place where vehicles stand; degrees WGS-84. Raises LotNameTaken."""
    actor.must("fleet.open_lot", org_id)
    if Lot.objects.filter(org_id=org_id, name=name).exists():
        raise LotNameTaken(_("There is already a lot called %s.") % name)
    lot = Lot.objects.create(
        org_id=org_id, name=name, city=city, address=address, bays=bays, lon=lon, lat=lat
    )
    return LotOpened(org_id=org_id, actor_id=actor.id, at=at, lot_id=lot.id, lot=name)


@verb
def park_vehicles(
    *, lot_id: UUID, vehicle_ids: Sequence[UUID], actor: Actor, at: datetime
) -> VehiclesParked:
    """Note in the book that vehicles stand in a lot. Raises VehicleOut for one on lease."""
    lot = Lot.objects.visible_to(actor).get(id=lot_id)
    actor.must("fleet.park_vehicles", lot.org_id)
    wanted = set(vehicle_ids)
    vehicles = list(
        Vehicle.objects.visible_to(actor)
        .filter(id__in=wanted, org_id=lot.org_id)
        .order_by("id")
        .select_for_update()
    )
    if len(vehicles) < len(wanted):
        raise Vehicle.DoesNotExist
    for vehicle in vehicles:
        if vehicle.state in (VehicleState.LEASED, VehicleState.SOLD):
            raise VehicleOut(_("%s does not stand in a lot.") % words_for(vehicle))
        vehicle.lot, vehicle.parking, vehicle.city = lot, lot.name, lot.city
    Vehicle.objects.bulk_update(vehicles, ["lot", "parking", "city"], batch_size=1000)
    return VehiclesParked(
        org_id=lot.org_id,
        actor_id=actor.id,
        at=at,
        lot_id=lot.id,
        vehicle_ids=tuple(vehicle.id for vehicle in vehicles),
    )


@verb
def lend_key(
    *,
    vehicle_id: UUID,
    key_no: int,
    holder: str,
    actor: Actor,
    at: datetime,
    holder_id: UUID | None = None,
    reason: str = "",
    due_back_at: datetime | None = None,
) -> KeyLent:
    """Hand a key of a vehicle to somebody. Raises KeyOut while somebody else has it."""
    vehicle = locked(vehicle_id, actor=actor, permission="fleet.lend_key")
    held = KeyCustody.objects.filter(vehicle=vehicle, key_no=key_no, during__contains=at).first()
    if held is not None:
        raise KeyOut(
            _("Key %(number)d of %(vehicle)s is with %(holder)s.")
            % {"number": key_no, "vehicle": words_for(vehicle), "holder": held.holder}
        )
    try:
        with transaction.atomic():
            custody = KeyCustody.objects.create(
                org_id=vehicle.org_id,
                vehicle=vehicle,
                key_no=key_no,
                holder=holder.strip(),
                holder_id=holder_id,
                reason=reason,
                due_back_at=due_back_at,
                during=DateTimeTZRange(at, None, "[)"),
                lent_by_id=actor.id,
            )
    except IntegrityError as error:
        if "a_key_has_one_holder" in str(error):
            raise KeyOut(_("Somebody else took this key just now.")) from error
        raise
    return KeyLent(
        org_id=vehicle.org_id,
        actor_id=actor.id,
        at=at,
        custody_id=custody.id,
        vehicle_id=vehicle.id,
        plate=vehicle.plate,
        key_no=key_no,
        holder=custody.holder,
        holder_id=holder_id,
        due_back_at=due_back_at,
    )


@verb
def return_key(*, custody_id: UUID, actor: Actor, at: datetime) -> KeyReturned:
    """Take a key back into its place. Raises KeyNotOut when it is back already."""
    custody = KeyCustody.objects.visible_to(actor).select_for_update().get(id=custody_id)
    actor.must("fleet.return_key", custody.org_id)
    if custody.during.upper is not None:
        raise KeyNotOut(_("This key is back already."))
    custody.during = DateTimeTZRange(custody.during.lower, at, "[)")
    custody.taken_by_id = actor.id
    custody.save(update_fields=["during", "taken_by_id"])
    return KeyReturned(
        org_id=custody.org_id,
        actor_id=actor.id,
        at=at,
        custody_id=custody.id,
        vehicle_id=custody.vehicle_id,
        key_no=custody.key_no,
    )


@verb
def transfer_vehicles(
    *,
    vehicle_ids: Sequence[UUID],
    to_city: str,
    reason: str,
    actor: Actor,
    at: datetime,
    to_lot_id: UUID | None = None,
) -> TransfersProposed:
    """Propose to bring vehicles to another city or lot of their node, all or none.

    Raises VehicleOut, TransferOpen, NowhereElse.
    """
    vehicles = locked_all(vehicle_ids, actor=actor, permission="fleet.transfer_vehicles")
    lot = Lot.objects.visible_to(actor).get(id=to_lot_id) if to_lot_id is not None else None
    city = lot.city if lot is not None else to_city.strip()
    moving = set(
        Transfer.objects.filter(vehicle__in=vehicles, state__in=_OPEN).values_list(
            "vehicle_id", flat=True
        )
    )
    rows = []
    for vehicle in vehicles:
        _refuse_to_move(vehicle, city, lot, moving)
        rows.append(
            Transfer(
                id=uuid7(),
                org_id=vehicle.org_id,
                vehicle=vehicle,
                from_city=vehicle.city,
                from_lot_id=vehicle.lot_id,
                to_city=city,
                to_lot=lot,
                reason=reason,
                proposed_by_id=actor.id,
                proposed_at=at,
            )
        )
    Transfer.objects.bulk_create(rows)
    return TransfersProposed(
        org_id=vehicles[0].org_id if vehicles else actor.org_id,
        actor_id=actor.id,
        at=at,
        transfer_ids=tuple(row.id for row in rows),
        to_city=city,
    )


def _refuse_to_move(vehicle: Vehicle, city: str, lot: Lot | None, moving: set[UUID]) -> None:
    name = words_for(vehicle)
    if vehicle.state in (VehicleState.LEASED, VehicleState.RETIRED, VehicleState.SOLD):
        raise VehicleOut(
            _("%(vehicle)s is “%(state)s” and cannot be transferred.")
            % {"vehicle": name, "state": VehicleState(vehicle.state).label}
        )
    if vehicle.id in moving:
        raise TransferOpen(_("%s has an open transfer already.") % name)
    if lot is not None and lot.org_id != vehicle.org_id:
        raise NowhereElse(_("The lot belongs to another node than %s.") % name)
    if city == vehicle.city and (lot is None or lot.id == vehicle.lot_id):
        raise NowhereElse(_("%s stands there already.") % name)


def _transfer(transfer_id: UUID, *, actor: Actor, permission: str) -> Transfer:
    found = Transfer.objects.visible_to(actor).select_for_update().get(id=transfer_id)
    actor.must(permission, found.org_id)
    return found


def _fields(transfer: Transfer, *, actor: Actor, at: datetime) -> dict[str, Any]:
    return {
        "org_id": transfer.org_id,
        "actor_id": actor.id,
        "at": at,
        "transfer_id": transfer.id,
        "vehicle_id": transfer.vehicle_id,
        "from_city": transfer.from_city,
        "to_city": transfer.to_city,
    }


@verb
def approve_transfer(*, transfer_id: UUID, actor: Actor, at: datetime) -> TransferApproved:
    """Approve what a colleague proposed. Raises OwnProposal or IllegalMove."""
    transfer = _transfer(transfer_id, actor=actor, permission="fleet.approve_transfer")
    if transfer.proposed_by_id == actor.id:
        raise OwnProposal(_("Who proposed a transfer does not approve it; ask a colleague."))
    transfer.state = TRANSFER_LIFE.step(transfer.state, TransferState.APPROVED)
    transfer.decided_by_id, transfer.decided_at = actor.id, at
    transfer.save(update_fields=["state", "decided_by_id", "decided_at"])
    return TransferApproved(**_fields(transfer, actor=actor, at=at))


@verb
def dispatch_transfer(
    *, transfer_id: UUID, carrier: str, eta_on: date, actor: Actor, at: datetime
) -> TransferDispatched:
    """Send a vehicle on its way, to arrive on a day. Raises VehicleOut or IllegalMove."""
    transfer = _transfer(transfer_id, actor=actor, permission="fleet.dispatch_transfer")
    vehicle = Vehicle.objects.select_for_update().get(id=transfer.vehicle_id)
    if vehicle.state == VehicleState.LEASED:
        raise VehicleOut(_("%s was leased in between.") % words_for(vehicle))
    transfer.state = TRANSFER_LIFE.step(transfer.state, TransferState.DISPATCHED)
    transfer.carrier, transfer.eta_on, transfer.dispatched_at = carrier, eta_on, at
    transfer.save(update_fields=["state", "carrier", "eta_on", "dispatched_at"])
    return TransferDispatched(
        **_fields(transfer, actor=actor, at=at), carrier=carrier, eta_on=eta_on
    )


@verb
def arrive_transfer(*, transfer_id: UUID, actor: Actor, at: datetime) -> TransferArrived:
    """Note that a vehicle arrived: its city and lot are the new ones. Raises IllegalMove."""
    transfer = _transfer(transfer_id, actor=actor, permission="fleet.arrive_transfer")
    vehicle = Vehicle.objects.select_for_update().get(id=transfer.vehicle_id)
    transfer.state = TRANSFER_LIFE.step(transfer.state, TransferState.ARRIVED)
    transfer.arrived_at = at
    transfer.save(update_fields=["state", "arrived_at"])
    vehicle.city, vehicle.lot = transfer.to_city, transfer.to_lot
    vehicle.parking = transfer.to_lot.name if transfer.to_lot else ""
    vehicle.save(update_fields=["city", "lot", "parking"])
    return TransferArrived(**_fields(transfer, actor=actor, at=at))


@verb
def cancel_transfer(*, transfer_id: UUID, actor: Actor, at: datetime) -> TransferCancelled:
    """Give up a transfer that has not set off. Raises IllegalMove."""
    transfer = _transfer(transfer_id, actor=actor, permission="fleet.transfer_vehicles")
    transfer.state = TRANSFER_LIFE.step(transfer.state, TransferState.CANCELLED)
    transfer.save(update_fields=["state"])
    return TransferCancelled(**_fields(transfer, actor=actor, at=at))
