"""Verbs by which a vehicle leaves the fleet: proposed, approved by a second person, sold."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.fleet.events import (
    LowerPriceApproved,
    RetirementProposed,
    RetirementRejected,
    VehicleRetired,
    VehicleSold,
)
from panshi.fleet.models import (
    DISPOSAL_LIFE,
    VEHICLE_LIFE,
    Disposal,
    DisposalState,
    Vehicle,
    VehicleState,
)
from panshi.fleet.services.assets import end_asset
from panshi.fleet.services.life import is_leased, locked, words_for
from panshi.fleet.services.register import record_move
from panshi.kit.clock import local_day
from panshi.kit.refusals import IllegalMove, Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb


class LeaseLive(Refusal):
    """The vehicle is still out on lease."""


class AlreadyProposed(Refusal):
    pass


class NotProposed(Refusal):
    """Nobody has proposed to retire the vehicle."""


class OwnProposal(Refusal):
    """Who proposed does not approve."""


class BelowResidualWithoutApproval(Refusal):
    pass


def _refuse_leased(vehicle: Vehicle) -> None:
    if is_leased(vehicle):
        raise LeaseLive(_("%s is still out on lease.") % words_for(vehicle))


def _open(vehicle: Vehicle, state: DisposalState) -> Disposal:
    found = Disposal.objects.select_for_update().filter(vehicle=vehicle, state=state).first()
    if found is None:
        raise NotProposed(
            _("Nobody has proposed to retire %s.") % words_for(vehicle)
            if state == DisposalState.PROPOSED
            else _("The retirement of %s is not approved.") % words_for(vehicle),
            way_out=f"/fleet/vehicles/{vehicle.id}/",
        )
    return found


def _refuse_own(disposal: Disposal, actor: Actor) -> None:
    if disposal.proposed_by_id == actor.id:
        raise OwnProposal(_("Who proposed a retirement does not decide on it; ask a colleague."))


@verb
def propose_retirement(
    *, vehicle_id: UUID, reason: str, floor_price: Decimal, actor: Actor, at: datetime
) -> RetirementProposed:
    """Propose to take a vehicle out of use and to sell it for `floor_price` at least, CNY.

    Raises LeaseLive, AlreadyProposed, or IllegalMove unless it is idle or in service.
    """
    vehicle = locked(vehicle_id, actor=actor, permission="fleet.propose_retirement")
    _refuse_leased(vehicle)
    VEHICLE_LIFE.step(vehicle.state, VehicleState.RETIRED)
    if Disposal.objects.filter(vehicle=vehicle, state=DisposalState.PROPOSED).exists():
        raise AlreadyProposed(_("The retirement of %s is proposed already.") % words_for(vehicle))
    disposal = Disposal.objects.create(
        org_id=vehicle.org_id,
        vehicle=vehicle,
        reason=reason,
        floor_price=floor_price,
        proposed_by_id=actor.id,
        proposed_at=at,
    )
    return RetirementProposed(
        org_id=vehicle.org_id,
        actor_id=actor.id,
        at=at,
        disposal_id=disposal.id,
        vehicle_id=vehicle.id,
        plate=vehicle.plate,
        reason=reason,
        floor_price=floor_price,
    )


@verb
def retire_vehicle(*, vehicle_id: UUID, actor: Actor, at: datetime) -> VehicleRetired:
    """Approve what a colleague proposed: the vehicle is out of use for good.

    Raises NotProposed, OwnProposal, LeaseLive.
    """
    vehicle = locked(vehicle_id, actor=actor, permission="fleet.retire_vehicle")
    disposal = _open(vehicle, DisposalState.PROPOSED)
    _refuse_own(disposal, actor)
    _refuse_leased(vehicle)
    record_move(vehicle, VehicleState.RETIRED, actor=actor, at=at, reason=disposal.reason)
    disposal.state = DISPOSAL_LIFE.step(disposal.state, DisposalState.APPROVED)
    disposal.decided_by_id, disposal.decided_at = actor.id, at
    disposal.save(update_fields=["state", "decided_by_id", "decided_at"])
    return VehicleRetired(
        org_id=vehicle.org_id,
        actor_id=actor.id,
        at=at,
        vehicle_id=vehicle.id,
        reason=disposal.reason,
    )


@verb
def reject_retirement(
    *, vehicle_id: UUID, note: str, actor: Actor, at: datetime
) -> RetirementRejected:
    """Turn a proposal down, saying why. Raises NotProposed or OwnProposal."""
    vehicle = locked(vehicle_id, actor=actor, permission="fleet.retire_vehicle")
    disposal = _open(vehicle, DisposalState.PROPOSED)
    _refuse_own(disposal, actor)
    disposal.state = DISPOSAL_LIFE.step(disposal.state, DisposalState.REJECTED)
    disposal.decided_by_id, disposal.decided_at, disposal.note = actor.id, at, note
    disposal.save(update_fields=["state", "decided_by_id", "decided_at", "note"])
    return RetirementRejected(
        org_id=vehicle.org_id, actor_id=actor.id, at=at, vehicle_id=vehicle.id, note=note
    )


@verb
def approve_lower_price(
    *, vehicle_id: UUID, price: Decimal, actor: Actor, at: datetime
) -> LowerPriceApproved:
    """Let a retired vehicle go for less than was proposed, CNY. Raises NotProposed, OwnProposal."""
    vehicle = locked(vehicle_id, actor=actor, permission="fleet.approve_lower_price")
    disposal = _open(vehicle, DisposalState.APPROVED)
    _refuse_own(disposal, actor)
    disposal.lower_price, disposal.lowered_by_id = price, actor.id
    disposal.save(update_fields=["lower_price", "lowered_by_id"])
    return LowerPriceApproved(
        org_id=vehicle.org_id, actor_id=actor.id, at=at, vehicle_id=vehicle.id, price=price
    )


@verb
def sell_vehicle(
    *, vehicle_id: UUID, price: Decimal, actor: Actor, at: datetime, buyer: str = ""
) -> VehicleSold:
    """Record that a retired vehicle was sold, for `price` in CNY, tax included.

    Raises BelowResidualWithoutApproval when it lies below the proposed price and below any lower
    one that was approved.
    """
    vehicle = locked(vehicle_id, actor=actor, permission="fleet.sell_vehicle")
    VEHICLE_LIFE.step(vehicle.state, VehicleState.SOLD)
    disposal = _open(vehicle, DisposalState.APPROVED)
    lowest = disposal.floor_price
    if disposal.lower_price is not None:
        lowest = min(lowest, disposal.lower_price)
    if price < lowest:
        raise BelowResidualWithoutApproval(
            _("%(price)s lies below the approved %(lowest)s; have the lower price approved first.")
            % {"price": price, "lowest": lowest}
        )
    record_move(vehicle, VehicleState.SOLD, actor=actor, at=at)
    disposal.state = DISPOSAL_LIFE.step(disposal.state, DisposalState.SOLD)
    disposal.price, disposal.buyer, disposal.sold_at = price, buyer, at
    disposal.save(update_fields=["state", "price", "buyer", "sold_at"])
    end_asset(vehicle, local_day(at))
    return VehicleSold(
        org_id=vehicle.org_id, actor_id=actor.id, at=at, vehicle_id=vehicle.id, price=price
    )


@verb
def pass_to_customer(
    *, vehicle_id: UUID, price: Decimal, buyer: str, actor: Actor, at: datetime
) -> VehicleSold:
    """Let a leased vehicle become its customer's: sold as it runs, for `price` in CNY on a bill.

    Raises IllegalMove unless it is out on lease and not in service just now.
    """
    vehicle = locked(vehicle_id, actor=actor, permission="fleet.pass_to_customer")
    if vehicle.state != VehicleState.LEASED:
        raise IllegalMove(_("%s is not out on lease.") % words_for(vehicle))
    vehicle.customer_id = None
    record_move(vehicle, VehicleState.SOLD, actor=actor, at=at, reason=buyer)
    end_asset(vehicle, local_day(at))
    return VehicleSold(
        org_id=vehicle.org_id,
        actor_id=actor.id,
        at=at,
        vehicle_id=vehicle.id,
        price=price,
        by_bill=True,
    )
