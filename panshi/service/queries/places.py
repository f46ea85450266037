"""Where vehicles are, as far as their terminals tell."""

from uuid import UUID

from panshi.kit.tenancy import Actor
from panshi.optimiser.match import Place
from panshi.telematics import queries as telematics


def seen_at(vehicle_id: UUID | None, actor: Actor) -> Place | None:
    """The last position of a vehicle, or None when it has no terminal or has not spoken."""
    if vehicle_id is None:
        return None
    seen = telematics.position_of(vehicle_ids=(vehicle_id,), actor=actor).get(vehicle_id)
    return Place(seen.lon, seen.lat) if seen else None
