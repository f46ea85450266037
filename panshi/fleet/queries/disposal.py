"""Questions of how a vehicle leaves the fleet."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from panshi.fleet.models import Disposal, DisposalState
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question


@dataclass(frozen=True, slots=True, kw_only=True)
class DisposalCard:
    """The last proposal to retire a vehicle; amounts in CNY."""

    state: DisposalState
    reason: str
    floor_price: Decimal
    lower_price: Decimal | None
    price: Decimal | None
    buyer: str
    note: str
    proposed_by_id: UUID
    proposed_at: datetime
    decided_by_id: UUID | None


@question
def disposal_of(*, vehicle_id: UUID, actor: Actor) -> DisposalCard | None:
    """The last proposal to retire a vehicle, or None when there never was one."""
    found = Disposal.objects.visible_to(actor).filter(vehicle_id=vehicle_id).order_by("-id").first()
    if found is None:
        return None
    return DisposalCard(
        state=DisposalState(found.state),
        reason=found.reason,
        floor_price=found.floor_price,
        lower_price=found.lower_price,
        price=found.price,
        buyer=found.buyer,
        note=found.note,
        proposed_by_id=found.proposed_by_id,
        proposed_at=found.proposed_at,
        decided_by_id=found.decided_by_id,
    )
