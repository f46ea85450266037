"""Where vehicles are, as far as their terminals tell."""

from typing import Protocol
from uuid import UUID

from panshi.kit.tenancy import Actor
from panshi.kit.verbs import QUESTIONS
from panshi.optimiser.match import Place


class _Seen(Protocol):
    lon: float
    lat: float


def seen_at(vehicle_id: UUID | None, actor: Actor) -> Place | None:
    """The last position of a vehicle, or None when it has no terminal or has not spoken."""
    ask = QUESTIONS.get("telematics.position_of")
    if vehicle_id is None or ask is None:
        return None
    found: dict[UUID, _Seen] = ask(vehicle_ids=(vehicle_id,), actor=actor)
    seen = found.get(vehicle_id)
    return Place(seen.lon, seen.lat) if seen else None
