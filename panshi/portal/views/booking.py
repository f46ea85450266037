"""Booking in five taps: vehicle, service, place, time, confirm. Each step is a plain page."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from panshi.fleet import queries as fleet
from panshi.kit.clock import local_day
from panshi.kit.ids import uuid7
from panshi.kit.tenancy import Actor, system_actor
from panshi.kit.web import Request, once
from panshi.org import queries as org
from panshi.portal import booking
from panshi.portal.booking import Wish
from panshi.portal.door import customer_of, for_customers
from panshi.service import queries as service
from panshi.service import services as acts
from panshi.supply import queries as supply
from panshi.telematics import queries as telematics

STEPS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A place one can choose with one tap."""

    title: str
    note: str
    icon: str
    lon: float
    lat: float
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotDay:
    day: date
    slots: tuple[service.SlotOffer, ...]


def _vehicles(actor: Actor) -> list[fleet.VehicleRef]:
    return fleet.customer_vehicles(customer_id=customer_of(actor), actor=actor)


def _vehicle(wish: Wish, actor: Actor) -> fleet.VehicleRef:
    """The chosen vehicle; one that is not the customer's is not found."""
    found = next((v for v in _vehicles(actor) if v.id == wish.vehicle), None)
    if found is None:
        raise Http404
    return found


def _page(request: Request, step: int, wish: Wish, **context: object) -> HttpResponse:
    shared = {
        "tab": "service",
        "wish": wish,
        "steps": [number <= step for number in range(1, STEPS + 1)],
    }
    template = ("vehicle", "service", "place", "slot", "confirm")[step - 1]
    return render(request, f"portal/book_{template}.html", shared | context)


def _to(name: str, wish: Wish) -> HttpResponse:
    return redirect(f"{reverse(name)}?{wish.query}")


@require_GET
@for_customers
def vehicle(request: Request) -> HttpResponse:
    """Step 1: which vehicle."""
    wish = booking.read(request.GET)
    return _page(request, 1, wish, vehicles=_vehicles(request.actor))


@require_GET
@for_customers
def services(request: Request) -> HttpResponse:
    """Step 2: which service, with price and minutes for this very vehicle."""
    wish = booking.read(request.GET)
    if wish.vehicle is None:
        return redirect("portal-book")
    chosen = _vehicle(wish, request.actor)
    rows = service.public_catalogue(
        org_id=chosen.org_id,
        city=chosen.city,
        model_code=chosen.model_code,
        actor=system_actor(chosen.org_id),
        at=timezone.now(),
    )
    groups: dict[str, list[tuple[service.ServiceRow, str]]] = defaultdict(list)
    for row in rows:
        if row.total is not None and row.code not in wish.items:
            query = wish.with_items((*wish.items, row.code)).query
            groups[str(row.category.label)].append((row, query))
    return _page(request, 2, wish, vehicle=chosen, groups=list(groups.items()))


def _spots(chosen: fleet.VehicleRef, actor: Actor) -> list[Spot]:
    """Where the vehicle says it is, and where it was served last."""
    spots = []
    seen = telematics.position_of(vehicle_ids=(chosen.id,), actor=actor).get(chosen.id)
    if seen is not None:
        here = _("Where the vehicle stands now")
        spots.append(
            Spot(title=here, note=_("By its own position"), icon="satellite", lon=seen.lon,
                 lat=seen.lat, address=here)
        )  # fmt: skip
    jobs = service.customer_orders(customer_id=customer_of(actor), actor=actor, limit=1)
    for job in jobs:
        last = service.work_order_card(work_order_id=job.id, actor=actor)
        if last.lon is not None and last.lat is not None and last.address:
            spots.append(
                Spot(title=last.address, note=_("Where we came last time"), icon="history",
                     lon=last.lon, lat=last.lat, address=last.address)
            )  # fmt: skip
    return spots


@require_http_methods(["GET", "POST"])
@for_customers
def place(request: Request) -> HttpResponse:
    """Step 3: where. A typed address needs a station near it, from which the way is reckoned."""
    wish = booking.read(request.POST if request.method == "POST" else request.GET)
    if wish.vehicle is None:
        return redirect("portal-book")
    if not wish.items:
        return _to("portal-book-service", wish)
    chosen = _vehicle(wish, request.actor)
    house = system_actor(chosen.org_id)
    stations = [
        row
        for row in supply.locations(city=chosen.city, actor=house, at=timezone.now())
        if row.kind == "STATION" and row.lon is not None and row.lat is not None
    ]
    wrong = ""
    if request.method == "POST":
        address = wish.address
        near = next((s for s in stations if str(s.id) == request.POST.get("near")), None)
        if wish.has_place:
            here = address or _("My place when booking")
            return _to("portal-book-slot", wish.at_place(
                lon=wish.lon or 0, lat=wish.lat or 0, address=here))  # fmt: skip
        if address and near is not None:
            return _to("portal-book-slot", wish.at_place(
                lon=near.lon or 0, lat=near.lat or 0, address=address))  # fmt: skip
        wrong = _("Enter the address and choose the station nearest to it.")
    spots = [
        (spot, wish.at_place(lon=spot.lon, lat=spot.lat, address=spot.address).query)
        for spot in _spots(chosen, request.actor)
    ]
    return _page(
        request, 3, wish, vehicle=chosen, spots=spots, stations=stations, wrong=wrong,
        again=wish.with_items(wish.items).query,
    )  # fmt: skip


@require_http_methods(["GET", "POST"])
@for_customers
def slot(request: Request) -> HttpResponse:
    """Step 4: when. Only times that can be kept are shown; the chosen one is held for a while."""
    wish = booking.read(request.POST if request.method == "POST" else request.GET)
    if wish.vehicle is None:
        return redirect("portal-book")
    if not wish.items or not wish.has_place:
        return _to("portal-book-place", wish)
    chosen = _vehicle(wish, request.actor)
    at = timezone.now()
    if request.method == "POST" and wish.starts_at is not None:
        try:
            acts.hold_slot(
                vehicle_id=chosen.id, customer_id=customer_of(request.actor),
                item_codes=wish.items, address=wish.address, lon=wish.lon or 0, lat=wish.lat or 0,
                starts_at=wish.starts_at, actor=request.actor, at=at,
            )  # fmt: skip
        except acts.SlotTaken as refusal:
            messages.warning(request, refusal.words)
            return _to("portal-book-slot", wish.without_time())
        except acts.HoldLimit:
            # Other held times stand; this one is taken when the customer confirms.
            return _to("portal-book-confirm", wish)
        return _to("portal-book-confirm", wish)
    offers = service.slot_offers(
        vehicle_id=chosen.id, item_codes=wish.items, lon=wish.lon or 0, lat=wish.lat or 0,
        actor=request.actor, at=at,
    )  # fmt: skip
    by_day: dict[date, list[service.SlotOffer]] = defaultdict(list)
    for offer in offers.offers:
        by_day[offer.day].append(offer)
    days = [SlotDay(day=day, slots=tuple(found)) for day, found in by_day.items()]
    shown = _day_of(request.GET.get("day", ""), days)
    return _page(
        request, 4, wish, vehicle=chosen, offers=offers, days=days, shown=shown,
        base=offers.price.total, today=local_day(at),
    )  # fmt: skip


def _day_of(text: str, days: list[SlotDay]) -> SlotDay | None:
    """The day asked for, else the first with a free time."""
    return next((d for d in days if d.day.isoformat() == text), days[0] if days else None)


@require_http_methods(["GET", "POST"])
@for_customers
def confirm(request: Request) -> HttpResponse:
    """Step 5: the whole price, who comes, and the button that binds."""
    wish = booking.read(request.POST if request.method == "POST" else request.GET)
    if wish.vehicle is None or wish.starts_at is None or wish.ends_at is None:
        return _to("portal-book-slot", wish)
    if not wish.items or not wish.has_place:
        return _to("portal-book-place", wish)
    chosen = _vehicle(wish, request.actor)
    if request.method == "POST":
        return _confirm(request, wish, chosen)
    house = system_actor(chosen.org_id)
    price = service.price_of(
        org_id=chosen.org_id, item_codes=wish.items, model_code=chosen.model_code,
        city=chosen.city, night=wish.night, actor=house, at=timezone.now(),
    )  # fmt: skip
    names = org.names_of(user_ids=(wish.engineer,), actor=house) if wish.engineer else {}
    return _page(
        request, 5, wish, vehicle=chosen, price=price, key=uuid7(),
        engineer=names.get(wish.engineer, "") if wish.engineer else "",
    )  # fmt: skip


def _confirm(request: Request, wish: Wish, chosen: fleet.VehicleRef) -> HttpResponse:
    """Bind; a second press answers the first booking."""
    actor, at = request.actor, timezone.now()
    try:
        key, expected = UUID(request.POST.get("key", "")), Decimal(request.POST.get("total", ""))
    except (ValueError, InvalidOperation):
        return _to("portal-book-confirm", wish)
    if wish.starts_at is None:
        return _to("portal-book-slot", wish)
    starts_at = wish.starts_at
    try:
        fact, new = once(
            key=key,
            actor=actor,
            name="service.confirm_booking",
            call=lambda: acts.confirm_booking(
                vehicle_id=chosen.id,
                customer_id=customer_of(actor),
                item_codes=wish.items,
                address=wish.address,
                lon=wish.lon or 0,
                lat=wish.lat or 0,
                starts_at=starts_at,
                expected_total=expected,
                actor=actor,
                at=at,
            ),
        )
    except (acts.SlotTaken, acts.WindowUnknown) as refusal:
        messages.warning(request, refusal.words)
        return _to("portal-book-slot", wish.without_time())
    except acts.PriceMoved as refusal:
        messages.warning(request, refusal.words)
        return _to("portal-book-confirm", wish)
    if new:
        messages.success(request, _("Booked. We will tell you when the engineer sets off."))
    return redirect("portal-order", fact["work_order_id"])
