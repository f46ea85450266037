"""Who had a vehicle at a moment."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from panshi.crm import queries as crm
from panshi.fleet import queries as fleet
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.leasing.models import Segment


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRow:
    """Who had the vehicle of a plate at a moment; without a lease it was the operator."""

    vehicle_id: UUID
    lease_id: UUID | None = None
    number: str = ""
    customer_id: UUID | None = None
    customer_name: str = ""
    held_from: datetime | None = None
    held_to: datetime | None = None


@question
def who_held(*, plate: str, moment: datetime, actor: Actor) -> HeldRow | None:
    """Who had the vehicle that bore a plate at a moment; None when no vehicle here bore it."""
    vehicle_id = fleet.bearer_of(plate=plate, at=moment, actor=actor)
    if vehicle_id is None:
        return None
    segment = (
        Segment.objects.visible_to(actor)
        .select_related("lease")
        .filter(vehicle_id=vehicle_id, held__contains=moment)
        .first()
    )
    if segment is None:
        return HeldRow(vehicle_id=vehicle_id)
    lease = segment.lease
    names = crm.names_of([lease.customer_id], actor)
    return HeldRow(
        vehicle_id=vehicle_id,
        lease_id=lease.id,
        number=lease.number,
        customer_id=lease.customer_id,
        customer_name=names.get(lease.customer_id, ""),
        held_from=segment.held.lower if segment.held else None,
        held_to=segment.held.upper if segment.held else None,
    )
