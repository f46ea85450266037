"""Where vehicles are, as far as their terminals tell, and where work is to be done."""

from uuid import UUID

from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.optimiser.match import Place
from panshi.service.models import WorkOrder
from panshi.telematics import queries as telematics


def seen_at(vehicle_id: UUID | None, actor: Actor) -> Place | None:
    """The last position of a vehicle, or None when it has no terminal or has not spoken."""
    if vehicle_id is None:
        return None
    seen = telematics.position_of(vehicle_ids=(vehicle_id,), actor=actor).get(vehicle_id)
    return Place(seen.lon, seen.lat) if seen else None


@question
def order_place(*, work_order_id: UUID, actor: Actor) -> Place | None:
    """Where a work order is to be done; None when it names no point, or there is no such order."""
    found = WorkOrder.objects.visible_to(actor).filter(id=work_order_id)
    lon, lat = found.values_list("lon", "lat").first() or (None, None)
    return None if lon is None or lat is None else Place(lon, lat)
