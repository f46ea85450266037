"""Parts are counted and scrapped; what is missing or found stands in the books."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.supply.events import StockCounted, StockLine, StockMoved
from panshi.supply.models import Location, LocationKind, MovementReason, StockBalance
from panshi.supply.services.stock import lock_places, outside, write_movements


class CountInvalid(Refusal):
    pass


@verb
def count_stock(
    *,
    location_id: UUID,
    item_code: str,
    counted: int,
    actor: Actor,
    at: datetime,
    lot: str = "",
) -> StockCounted:
    """Make the books say what was counted of a part and lot in a place.

    Raises CountInvalid, UnknownItem, or InsufficientStock where more is reserved than was found.
    """
    place = Location.objects.visible_to(actor).get(id=location_id)
    actor.must("supply.count_stock", place.org_id)
    if not 0 <= counted <= 1_000_000:
        raise CountInvalid(_("Count pieces from 0 on."))
    lock_places(place)
    lying = StockBalance.objects.filter(location=place, item__code=item_code, lot=lot).first()
    booked = lying.on_hand if lying else 0
    beyond = outside(place.org_id, LocationKind.SCRAP)
    source, target = (beyond, place) if counted > booked else (place, beyond)
    movement_ids: tuple[UUID, ...] = ()
    if counted != booked:
        movement_ids = write_movements(
            source=source,
            target=target,
            lines=[StockLine(item_code=item_code, quantity=abs(counted - booked), lot=lot)],
            reason=MovementReason.COUNT,
            document="",
            actor=actor,
            at=at,
        )
    return StockCounted(
        org_id=place.org_id,
        actor_id=actor.id,
        at=at,
        location_id=place.id,
        item_code=item_code,
        lot=lot,
        booked=booked,
        counted=counted,
        movement_ids=movement_ids,
    )


@verb
def scrap_parts(
    *, location_id: UUID, lines: Sequence[StockLine], reason: str, actor: Actor, at: datetime
) -> StockMoved:
    """Throw parts away, with a reason. Raises CountInvalid, UnknownItem, InsufficientStock."""
    place = Location.objects.visible_to(actor).get(id=location_id)
    actor.must("supply.scrap_parts", place.org_id)
    if not reason.strip():
        raise CountInvalid(_("Say why."))
    target = outside(place.org_id, LocationKind.SCRAP)
    movement_ids = write_movements(
        source=place,
        target=target,
        lines=lines,
        reason=MovementReason.SCRAP,
        document=reason.strip()[:60],
        actor=actor,
        at=at,
    )
    return StockMoved(
        org_id=place.org_id,
        actor_id=actor.id,
        at=at,
        source_id=place.id,
        target_id=target.id,
        reason=MovementReason.SCRAP,
        document=reason.strip()[:60],
        lines=tuple(lines),
        movement_ids=movement_ids,
    )
