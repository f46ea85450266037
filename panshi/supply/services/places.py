"""Places are opened, vans change hands, parts enter the catalogue."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from psycopg.types.range import TimestamptzRange

from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.supply.events import ItemsLoaded, LocationOpened, VanHandedOver
from panshi.supply.models import Item, Location, LocationKind, VanKeeping


class NotAVan(Refusal):
    pass


class VanTaken(Refusal):
    pass


class PlaceMissing(Refusal):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class NewItem:
    """A part as the catalogue knows it; `unit` is a code such as PCS, L, SET."""

    code: str
    name_zh: str
    name_en: str
    unit: str = "PCS"
    spec: str = ""
    high_voltage: bool = False
    safety: bool = False
    serial_tracked: bool = False


@verb
def load_items(*, org_id: int, items: Sequence[NewItem], actor: Actor, at: datetime) -> ItemsLoaded:
    """Add parts to a node's catalogue; codes that are there already stay as they are."""
    actor.must("supply.load_items", org_id)
    known = set(Item.objects.filter(org_id=org_id).values_list("code", flat=True))
    new = [
        Item(
            org_id=org_id,
            code=item.code,
            name_zh=item.name_zh,
            name_en=item.name_en,
            unit=item.unit,
            spec=item.spec,
            high_voltage=item.high_voltage,
            safety=item.safety,
            serial_tracked=item.serial_tracked,
        )
        for item in items
        if item.code not in known
    ]
    Item.objects.bulk_create(new)
    return ItemsLoaded(org_id=org_id, actor_id=actor.id, at=at, added=len(new), items=len(items))


@verb
def open_location(
    *,
    org_id: int,
    kind: str,
    name: str,
    city: str,
    actor: Actor,
    at: datetime,
    lon: float | None = None,
    lat: float | None = None,
    vehicle_id: UUID | None = None,
) -> LocationOpened:
    """Open a station, warehouse or van. Raises PlaceMissing for a station without a place."""
    actor.must("supply.open_location", org_id)
    if kind in (LocationKind.STATION, LocationKind.WAREHOUSE) and (lon is None or lat is None):
        raise PlaceMissing(_("A station or warehouse needs a place on the map."))
    location = Location.objects.create(
        org_id=org_id,
        kind=LocationKind(kind),
        name=name,
        city=city,
        lon=lon,
        lat=lat,
        vehicle_id=vehicle_id,
    )
    return LocationOpened(
        org_id=org_id, actor_id=actor.id, at=at, location_id=location.id, kind=kind, city=city
    )


@verb
def hand_over_van(*, location_id: UUID, user_id: UUID, actor: Actor, at: datetime) -> VanHandedOver:
    """Give a van to an engineer from now on; who had it before has it no longer.

    Raises NotAVan, or VanTaken when the engineer's former van changes hands at the same time.
    """
    van = Location.objects.visible_to(actor).select_for_update().get(id=location_id)
    actor.must("supply.hand_over_van", van.org_id)
    if van.kind != LocationKind.VAN:
        raise NotAVan(_("%(name)s is not a van.") % {"name": van.name})
    held = VanKeeping.objects.select_for_update().filter(during__contains=at).order_by("id")
    for keeping in (*held.filter(van=van), *held.filter(user_id=user_id).exclude(van=van)):
        keeping.during = TimestamptzRange(keeping.during.lower, at)
        keeping.save(update_fields=["during"])
    try:
        with transaction.atomic():
            VanKeeping.objects.create(
                org_id=van.org_id, van=van, user_id=user_id, during=TimestamptzRange(at, None)
            )
    except IntegrityError as error:
        raise VanTaken(_("Van or engineer changed hands a moment ago.")) from error
    return VanHandedOver(
        org_id=van.org_id, actor_id=actor.id, at=at, location_id=van.id, user_id=user_id
    )
