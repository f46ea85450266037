"""What billing hears."""

from panshi.billing import services
from panshi.fleet import queries as fleet
from panshi.fleet.events import UpkeepFinished, VehicleSold
from panshi.kit import outbox
from panshi.kit.tenancy import system_actor


@outbox.on(VehicleSold)
def take_out_of_the_books(fact: VehicleSold) -> None:
    """A vehicle that was an asset leaves the books at its price."""
    actor = system_actor(fact.org_id)
    if fleet.asset_of(vehicle_id=fact.vehicle_id, actor=actor) is not None:
        services.post_disposal(
            vehicle_id=fact.vehicle_id, price=fact.price, actor=actor, at=fact.at
        )


@outbox.on(UpkeepFinished)
def post_upkeep(fact: UpkeepFinished) -> None:
    """What upkeep cost stands at the vehicle."""
    if fact.cost:
        services.post_upkeep(
            task_id=fact.task_id,
            vehicle_id=fact.vehicle_id,
            amount=fact.cost,
            actor=system_actor(fact.org_id),
            at=fact.at,
        )
