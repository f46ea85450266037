"""What connected vehicles hear of the fleet."""

from panshi.fleet.events import VehicleDeployed, VehicleIdled, VehiclesReceived
from panshi.kit import outbox
from panshi.kit.facts import Fact
from panshi.kit.tenancy import hq_actor
from panshi.telematics import services


@outbox.on(VehicleDeployed, VehicleIdled, VehiclesReceived)
def follow_owners(fact: Fact) -> None:
    """A lessee sees the vehicle while the lease runs, and not after it."""
    services.follow_owners(actor=hq_actor(fact.org_id), at=fact.at)
