"""Verbs by which leases that ran before an operator moved in take up their vehicles."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.fleet import queries
from panshi.fleet.events import VehiclesGivenUp, VehiclesTakenUp
from panshi.fleet.models import Vehicle, VehicleEvent, VehicleState
from panshi.fleet.services.life import VehicleUnavailable
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.kit.wording import listed

_BATCH = 1000


class VehicleMovedSince(Refusal):
    """Something happened to a vehicle since its lease took it up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The customer who has a vehicle already."""

    vehicle_id: UUID
    customer_id: UUID


def _locked(vehicle_ids: Sequence[UUID], actor: Actor) -> list[Vehicle]:
    found = Vehicle.objects.visible_to(actor).filter(id__in=list(vehicle_ids))
    return list(found.order_by("id").select_for_update())


def _must(vehicles: Sequence[Vehicle], permission: str, actor: Actor) -> None:
    for org_id in sorted({vehicle.org_id for vehicle in vehicles}):
        actor.must(permission, org_id)


@verb
def take_up_vehicles(*, holders: Sequence[Holder], actor: Actor, at: datetime) -> VehiclesTakenUp:
    """Enter vehicles as leased to the customers who have them on the road already.

    Lapsed papers do not hinder it: the vehicle is out, and the register says so; the calendar of
    due papers shows what is missing. Raises VehicleUnavailable unless each is ready to be leased
    or moved in as leased; then none is taken up.
    """
    customers = {holder.vehicle_id: holder.customer_id for holder in holders}
    vehicles = _locked(tuple(customers), actor)
    _must(vehicles, "fleet.take_up_vehicles", actor)
    if len(vehicles) != len(customers):
        raise VehicleUnavailable(_("One of these vehicles is not in the register."))
    moved = []
    for vehicle in vehicles:
        if words := queries.hindrance_of(vehicle):
            raise VehicleUnavailable(f"{vehicle.plate or vehicle.vin}: {words}")
        if vehicle.state == VehicleState.READY:
            moved.append(vehicle)
            vehicle.state, vehicle.state_since = VehicleState.LEASED, at
        vehicle.customer_id = customers[vehicle.id]
        vehicle.awaits_lease = False
    Vehicle.objects.bulk_update(
        vehicles, ["state", "state_since", "customer_id", "awaits_lease"], batch_size=_BATCH
    )
    VehicleEvent.objects.bulk_create(
        (
            VehicleEvent(
                org_id=vehicle.org_id,
                vehicle=vehicle,
                from_state=VehicleState.READY,
                to_state=VehicleState.LEASED,
                reason=_("Moved in with its lease"),
                actor_id=actor.id,
                at=at,
            )
            for vehicle in moved
        ),
        batch_size=_BATCH,
    )
    return VehiclesTakenUp(
        org_id=vehicles[0].org_id if vehicles else actor.org_id,
        actor_id=actor.id,
        at=at,
        vehicle_ids=tuple(vehicle.id for vehicle in vehicles),
    )


@verb
def give_up_vehicles(
    *, vehicle_ids: Sequence[UUID], since: datetime, actor: Actor, at: datetime
) -> VehiclesGivenUp:
    """Put vehicles back to where they stood before `since`, when their leases took them up.

    Raises VehicleMovedSince when one has moved in between; then all stay.
    """
    vehicles = _locked(vehicle_ids, actor)
    _must(vehicles, "fleet.give_up_vehicles", actor)
    events = VehicleEvent.objects.filter(vehicle__in=vehicles)
    later = set(events.filter(at__gt=since).values_list("vehicle_id", flat=True))
    moved = [
        vehicle.plate or vehicle.vin
        for vehicle in vehicles
        if vehicle.state != VehicleState.LEASED or vehicle.id in later
    ]
    if moved:
        raise VehicleMovedSince(
            _("%(count)d of these vehicles have a history since, so they stay: %(names)s.")
            % {"count": len(moved), "names": listed(moved[:10])}
        )
    taken_up = events.filter(at=since, from_state=VehicleState.READY, to_state=VehicleState.LEASED)
    were_ready = set(taken_up.values_list("vehicle_id", flat=True))
    for vehicle in vehicles:
        vehicle.customer_id = None
        if vehicle.id in were_ready:
            vehicle.state, vehicle.state_since = VehicleState.READY, at
        else:
            vehicle.awaits_lease = True
    Vehicle.objects.bulk_update(
        vehicles, ["state", "state_since", "customer_id", "awaits_lease"], batch_size=_BATCH
    )
    # History is only ever added to, so the way back is told step by step.
    back = [VehicleState.LEASED, VehicleState.IDLE, VehicleState.READY]
    VehicleEvent.objects.bulk_create(
        (
            VehicleEvent(
                org_id=vehicle.org_id,
                vehicle=vehicle,
                from_state=here,
                to_state=there,
                reason=_("The move-in of its lease was undone"),
                actor_id=actor.id,
                at=at,
            )
            for vehicle in vehicles
            if vehicle.id in were_ready
            for here, there in pairwise(back)
        ),
        batch_size=_BATCH,
    )
    return VehiclesGivenUp(
        org_id=vehicles[0].org_id if vehicles else actor.org_id,
        actor_id=actor.id,
        at=at,
        vehicle_ids=tuple(vehicle.id for vehicle in vehicles),
    )
