"""Verbs of a vehicle's life between the yard, the customer and the workshop."""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.fleet.events import (
    VehicleDeployed,
    VehicleIdled,
    VehicleReadied,
    VehicleReturnedFromService,
    VehicleSentToService,
)
from panshi.fleet.models import (
    Recall,
    Transfer,
    TransferState,
    Vehicle,
    VehicleEvent,
    VehicleState,
    VehicleUse,
)
from panshi.fleet.queries import compliance
from panshi.fleet.services.register import record_move
from panshi.kit.clock import local_day
from panshi.kit.refusals import IllegalMove, Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.kit.wording import listed


class VehicleUnavailable(Refusal):
    pass


class DocumentLapsed(Refusal):
    pass


class RecallOpen(Refusal):
    pass


class CheckFailed(Refusal):
    pass


class OdometerBackwards(Refusal):
    pass


def locked(vehicle_id: UUID, *, actor: Actor, permission: str) -> Vehicle:
    """A vehicle that this actor may change, locked until the verb is done."""
    vehicle = Vehicle.objects.visible_to(actor).select_for_update().get(id=vehicle_id)
    actor.must(permission, vehicle.org_id)
    return vehicle


def locked_all(vehicle_ids: Collection[UUID], *, actor: Actor, permission: str) -> list[Vehicle]:
    """Vehicles that this actor may change, all of them, locked until the verb is done."""
    wanted = set(vehicle_ids)
    vehicles = list(
        Vehicle.objects.visible_to(actor).filter(id__in=wanted).order_by("id").select_for_update()
    )
    if len(vehicles) < len(wanted):
        raise Vehicle.DoesNotExist
    for org_id in sorted({vehicle.org_id for vehicle in vehicles}):
        actor.must(permission, org_id)
    return vehicles


def words_for(vehicle: Vehicle) -> str:
    """What a vehicle is called: its plate, or its VIN before it has one."""
    return vehicle.plate or vehicle.vin


def _refuse_lapsed_papers(vehicle: Vehicle, at: datetime) -> None:
    if lapsed := compliance.hindrances([vehicle.id], local_day(at)).get(vehicle.id):
        labels = ", ".join(str(kind.label) for kind in lapsed)
        raise DocumentLapsed(
            _("%(vehicle)s cannot be delivered; lapsed or missing: %(papers)s.")
            % {"vehicle": words_for(vehicle), "papers": labels},
            way_out=f"/fleet/vehicles/{vehicle.id}/",
        )


def _refuse_recalls(vehicle: Vehicle) -> None:
    numbers = Recall.objects.filter(vehicle=vehicle, done_at=None).values_list("number", flat=True)
    if found := sorted(numbers):
        raise RecallOpen(
            _("%(vehicle)s is called back by its maker (%(numbers)s) and stays until that is done.")
            % {"vehicle": words_for(vehicle), "numbers": listed(found)},
            way_out=f"/fleet/vehicles/{vehicle.id}/",
        )


def refuse_backwards(vehicle: Vehicle, odometer_km: Decimal) -> None:
    """Raise OdometerBackwards for a reading below the known one."""
    if odometer_km < vehicle.odometer_km:
        raise OdometerBackwards(_("The odometer already stood at %s km.") % vehicle.odometer_km)


@verb
def make_ready(*, vehicle_id: UUID, actor: Actor, at: datetime) -> VehicleReadied:
    """Declare a plated or idle vehicle ready to be leased.

    Raises CheckFailed when it came back from a lease and has not passed an inspection since.
    """
    vehicle = locked(vehicle_id, actor=actor, permission="fleet.make_ready")
    if vehicle.needs_check:
        raise CheckFailed(
            _("%s came back and has not passed an inspection since.") % words_for(vehicle),
            way_out=f"/fleet/vehicles/{vehicle.id}/",
        )
    if vehicle.state == VehicleState.IN_SERVICE:
        raise IllegalMove(_("It is in service; its return says where it goes."))
    record_move(vehicle, VehicleState.READY, actor=actor, at=at)
    return VehicleReadied(org_id=vehicle.org_id, actor_id=actor.id, at=at, vehicle_id=vehicle.id)


@verb
def set_idle(*, vehicle_id: UUID, reason: str, actor: Actor, at: datetime) -> VehicleIdled:
    """Take a ready vehicle off the offer, for a stated reason."""
    vehicle = locked(vehicle_id, actor=actor, permission="fleet.set_idle")
    if vehicle.state != VehicleState.READY:
        raise IllegalMove(_("Only a ready vehicle is set idle; a leased one is taken back."))
    record_move(vehicle, VehicleState.IDLE, actor=actor, at=at, reason=reason)
    return VehicleIdled(
        org_id=vehicle.org_id,
        actor_id=actor.id,
        at=at,
        vehicle_id=vehicle.id,
        odometer_km=vehicle.odometer_km,
    )


@verb
def deploy_vehicle(
    *, vehicle_id: UUID, actor: Actor, at: datetime, customer_id: UUID | None = None
) -> VehicleDeployed:
    """Send a ready vehicle out on lease; with `customer_id` that customer sees it in the portal.

    A vehicle that moved in as leased is taken up by its lease without moving.
    Raises VehicleUnavailable, DocumentLapsed or RecallOpen.
    """
    vehicle = locked(vehicle_id, actor=actor, permission="fleet.deploy_vehicle")
    if vehicle.use != VehicleUse.LEASE:
        raise VehicleUnavailable(_("%s is not a vehicle for lease.") % words_for(vehicle))
    taken_up = vehicle.state == VehicleState.LEASED and vehicle.awaits_lease
    if not taken_up:
        if vehicle.state != VehicleState.READY:
            raise VehicleUnavailable(
                _("%(vehicle)s is not ready; its state is “%(state)s”.")
                % {
                    "vehicle": words_for(vehicle),
                    "state": VehicleState(vehicle.state).label,
                },
                way_out=f"/fleet/vehicles/{vehicle.id}/",
            )
        if Transfer.objects.filter(vehicle=vehicle, state=TransferState.DISPATCHED).exists():
            raise VehicleUnavailable(_("%s is on its way to another place.") % words_for(vehicle))
        _refuse_lapsed_papers(vehicle, at)
        _refuse_recalls(vehicle)
    vehicle.lot = None
    vehicle.customer_id = customer_id
    vehicle.awaits_lease = False
    if taken_up:
        vehicle.save(update_fields=["customer_id", "awaits_lease", "lot"])
    else:
        record_move(vehicle, VehicleState.LEASED, actor=actor, at=at)
    return VehicleDeployed(
        org_id=vehicle.org_id,
        actor_id=actor.id,
        at=at,
        vehicle_id=vehicle.id,
        customer_id=customer_id,
    )


def came_from(vehicle: Vehicle) -> VehicleState:
    """The state a vehicle in service left for it; IDLE when it moved in while in service."""
    last = VehicleEvent.objects.filter(vehicle=vehicle).order_by("-id").first()
    if last is None or last.from_state is None:
        return VehicleState.IDLE
    return VehicleState(last.from_state)


def is_leased(vehicle: Vehicle) -> bool:
    """Whether a vehicle is out on lease, be it in service just now."""
    in_service = vehicle.state == VehicleState.IN_SERVICE
    origin = came_from(vehicle) if in_service else VehicleState(vehicle.state)
    return origin == VehicleState.LEASED


@verb
def take_back_vehicle(
    *,
    vehicle_id: UUID,
    odometer_km: Decimal | None,
    actor: Actor,
    at: datetime,
    soc_pct: Decimal | None = None,
    checked: bool = False,
) -> VehicleIdled:
    """Receive a leased vehicle back into the yard: idle until it has passed an inspection.

    `checked` says that the inspection of its return has passed already.

    Raises OdometerBackwards, or IllegalMove unless it is leased, be it in service just now.
    """
    vehicle = locked(vehicle_id, actor=actor, permission="fleet.take_back_vehicle")
    if not is_leased(vehicle):
        raise IllegalMove(_("%s is not out on lease.") % words_for(vehicle))
    if odometer_km is not None:
        refuse_backwards(vehicle, odometer_km)
        vehicle.odometer_km = odometer_km
    vehicle.soc_pct = soc_pct if soc_pct is not None else vehicle.soc_pct
    vehicle.customer_id = None
    vehicle.awaits_lease = False
    vehicle.needs_check = not checked
    record_move(vehicle, VehicleState.IDLE, actor=actor, at=at)
    return VehicleIdled(
        org_id=vehicle.org_id,
        actor_id=actor.id,
        at=at,
        vehicle_id=vehicle.id,
        odometer_km=vehicle.odometer_km,
    )


@verb
def send_to_service(
    *, vehicle_id: UUID, actor: Actor, at: datetime, reason: str = ""
) -> VehicleSentToService:
    """Take a ready, idle or leased vehicle into service; its lease runs on."""
    vehicle = locked(vehicle_id, actor=actor, permission="fleet.send_to_service")
    record_move(vehicle, VehicleState.IN_SERVICE, actor=actor, at=at, reason=reason)
    return VehicleSentToService(
        org_id=vehicle.org_id, actor_id=actor.id, at=at, vehicle_id=vehicle.id
    )


@verb
def return_from_service(
    *, vehicle_id: UUID, actor: Actor, at: datetime
) -> VehicleReturnedFromService:
    """Bring a vehicle back from service into the state it left. Raises IllegalMove."""
    vehicle = locked(vehicle_id, actor=actor, permission="fleet.return_from_service")
    if vehicle.state != VehicleState.IN_SERVICE:
        raise IllegalMove(_("%s is not in service.") % words_for(vehicle))
    record_move(vehicle, came_from(vehicle), actor=actor, at=at)
    return VehicleReturnedFromService(
        org_id=vehicle.org_id,
        actor_id=actor.id,
        at=at,
        vehicle_id=vehicle.id,
        state=vehicle.state,
    )
