"""Slots that can truly be kept."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.fleet import queries as fleet
from panshi.kit.clock import local_day
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor, system_actor
from panshi.kit.verbs import question
from panshi.service import rules
from panshi.service.queries import planning
from panshi.service.queries.catalogue import Price, ordered_items, price_rows, priced


class NotYourVehicle(Refusal):
    pass


class PlaceUnknown(Refusal):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotOffer:
    """A window that the running plan can keep, proved by an engineer and a start inside it."""

    day: date
    window_start: datetime
    window_end: datetime
    starts_at: datetime
    engineer_id: UUID
    extra_travel_s: int
    total: Decimal
    earliest: bool
    cheapest: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotOffers:
    """The offers of the coming days with the price they share, but for night windows."""

    minutes: int
    crew: int
    price: Price
    offers: tuple[SlotOffer, ...]


def desk(actor: Actor, org_id: int) -> Actor:
    """Who looks into the plan: staff themselves; on behalf of a customer, the house."""
    return actor if actor.customer_id is None else system_actor(org_id)


def vehicle_for(vehicle_id: UUID, actor: Actor) -> fleet.VehicleRef:
    """The vehicle, if this actor may book for it. Raises NotYourVehicle."""
    looking = desk(actor, actor.org_id)
    vehicle = fleet.vehicle_refs(vehicle_ids=(vehicle_id,), actor=looking).get(vehicle_id)
    if vehicle is None or actor.customer_id not in (None, vehicle.customer_id):
        raise NotYourVehicle(_("This vehicle is not among yours."))
    return vehicle


def check_place(lon: float, lat: float) -> None:
    """Raise PlaceUnknown unless the place lies in or near the country."""
    if not (73 <= lon <= 136 and 3 <= lat <= 54):
        raise PlaceUnknown(_("Choose a place on the map."))


@question
def slot_offers(
    *,
    vehicle_id: UUID,
    item_codes: tuple[str, ...],
    lon: float,
    lat: float,
    actor: Actor,
    at: datetime,
    city: str = "",
    first_day: date | None = None,
    days: int = rules.OFFER_DAYS,
) -> SlotOffers:
    """Windows of the coming days that can be kept, each proved against the running plan.

    Raises NotYourVehicle, UnknownService, PriceMissing, PlaceUnknown.
    """
    check_place(lon, lat)
    vehicle = vehicle_for(vehicle_id, actor)
    where = city or vehicle.city
    items = ordered_items(vehicle.org_id, item_codes)
    wish = planning.wish_of(
        org_id=vehicle.org_id,
        city=where,
        lon=lon,
        lat=lat,
        items=items,
        model_code=vehicle.model_code,
        at=at,
    )
    first = max(first_day or local_day(at), local_day(at))
    last = first + timedelta(days=min(max(days, 1), rules.OFFER_DAYS) - 1)
    plan = planning.days_of(
        org_id=vehicle.org_id,
        city=where,
        first=first,
        last=last,
        actor=desk(actor, vehicle.org_id),
        at=at,
    )
    totals = {
        night: priced(
            org_id=vehicle.org_id,
            items=items,
            model_code=vehicle.model_code,
            city=where,
            day=local_day(at),
            night=night,
        )
        for night in (False, True)
    }
    found: list[tuple[datetime, datetime, planning.Choice]] = []
    for day, running in sorted(plan.items()):
        for opens, closes in rules.windows_of(day):
            if closes <= at + rules.LEAD:
                continue
            choice = planning.choose(running, wish, max(opens, at + rules.LEAD), closes, at)
            if choice is not None:
                found.append((opens, closes, choice))
    cheapest = min((c.fits[0].extra for _o, _c, c in found), default=0.0)
    return SlotOffers(
        minutes=wish.minutes,
        crew=wish.crew,
        price=Price(
            total=rules.total(totals[False]),
            minutes=wish.minutes,
            lines=price_rows(totals[False]),
        ),
        offers=tuple(
            SlotOffer(
                day=local_day(opens),
                window_start=opens,
                window_end=closes,
                starts_at=choice.starts_at,
                engineer_id=UUID(choice.fits[0].engineer),
                extra_travel_s=round(choice.fits[0].extra),
                total=rules.total(totals[rules.is_night(opens)]),
                earliest=index == 0,
                cheapest=choice.fits[0].extra == cheapest,
            )
            for index, (opens, closes, choice) in enumerate(found)
        ),
    )
