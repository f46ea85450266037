"""Questions about stock: what lies where, and what of it is free."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Count, Sum

from panshi.kit import imports
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.supply.models import (
    OUTSIDE,
    Item,
    Location,
    LocationKind,
    MovementReason,
    StockBalance,
    StockMovement,
    VanKeeping,
)
from panshi.supply.sheet import KIND, PartSheetRow


@dataclass(frozen=True, slots=True)
class ItemRow:
    code: str
    name_zh: str
    name_en: str
    unit: str
    high_voltage: bool
    safety: bool


@dataclass(frozen=True, slots=True)
class LocationRow:
    id: UUID
    org_id: int
    kind: LocationKind
    name: str
    city: str
    lon: float | None
    lat: float | None
    vehicle_id: UUID | None
    keeper_id: UUID | None


@dataclass(frozen=True, slots=True)
class StockRow:
    """A part at a place: pieces on hand, of these kept for visits, and free."""

    location_id: UUID
    location_name: str
    item_code: str
    name_zh: str
    name_en: str
    lot: str
    on_hand: int
    reserved: int

    @property
    def free(self) -> int:
        return self.on_hand - self.reserved


@dataclass(frozen=True, slots=True)
class MovementRow:
    id: UUID
    at: datetime
    item_code: str
    lot: str
    quantity: int
    source: str
    target: str
    reason: MovementReason
    document: str


@dataclass(frozen=True, slots=True)
class PartSource:
    """A place in a city and its free pieces by part code."""

    location_id: UUID
    kind: LocationKind
    lon: float | None
    lat: float | None
    keeper_id: UUID | None
    free: dict[str, int]


@question
def items(*, actor: Actor) -> list[ItemRow]:
    """The parts this actor's nodes know, by code."""
    return [
        ItemRow(i.code, i.name_zh, i.name_en, i.unit, i.high_voltage, i.safety)
        for i in Item.objects.order_by("code")
    ]


def _keepers(at: datetime) -> dict[UUID, UUID]:
    return dict(VanKeeping.objects.filter(during__contains=at).values_list("van_id", "user_id"))


@question
def locations(*, actor: Actor, at: datetime, city: str = "") -> list[LocationRow]:
    """Stations, warehouses and vans, by city and kind."""
    keepers = _keepers(at)
    found = Location.objects.visible_to(actor).exclude(kind__in=OUTSIDE)
    if city:
        found = found.filter(city=city)
    return [
        LocationRow(
            row.id,
            row.org_id,
            LocationKind(row.kind),
            row.name,
            row.city,
            row.lon,
            row.lat,
            row.vehicle_id,
            keepers.get(row.id),
        )
        for row in found.order_by("city", "kind", "name")
    ]


@question
def van_of(*, user_id: UUID, at: datetime, actor: Actor) -> LocationRow | None:
    """The van an engineer drives at a moment, or None."""
    keeping = (
        VanKeeping.objects.visible_to(actor)
        .select_related("van")
        .filter(user_id=user_id, during__contains=at)
        .first()
    )
    if keeping is None:
        return None
    van = keeping.van
    return LocationRow(
        van.id,
        van.org_id,
        LocationKind(van.kind),
        van.name,
        van.city,
        van.lon,
        van.lat,
        van.vehicle_id,
        user_id,
    )


def _stock_rows(balances: list[StockBalance]) -> list[StockRow]:
    return [
        StockRow(
            b.location_id,
            b.location.name,
            b.item.code,
            b.item.name_zh,
            b.item.name_en,
            b.lot,
            b.on_hand,
            b.reserved,
        )
        for b in balances
    ]


@question
def stock_at(*, location_id: UUID, actor: Actor) -> list[StockRow]:
    """What lies at a place, by part and lot."""
    place = Location.objects.visible_to(actor).get(id=location_id)
    found = StockBalance.objects.select_related("item", "location").filter(location=place)
    return _stock_rows(list(found.exclude(on_hand=0).order_by("item__code", "lot")))


@question
def where_is_part(*, item_code: str, actor: Actor, city: str = "") -> list[StockRow]:
    """Every place that has a part, the fullest first."""
    found = (
        StockBalance.objects.visible_to(actor)
        .select_related("item", "location")
        .filter(item__code=item_code, on_hand__gt=0)
    )
    if city:
        found = found.filter(location__city=city)
    return _stock_rows(list(found.order_by("-on_hand", "location__name")))


@question
def part_sources(*, city: str, at: datetime, actor: Actor) -> list[PartSource]:
    """The places of a city with what is free there, for matching visits; three queries."""
    keepers = _keepers(at)
    free: dict[UUID, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    balances = StockBalance.objects.visible_to(actor).filter(location__city=city, on_hand__gt=0)
    for location_id, code, on_hand, reserved in balances.values_list(
        "location_id", "item__code", "on_hand", "reserved"
    ):
        free[location_id][code] += on_hand - reserved
    places = Location.objects.visible_to(actor).filter(city=city).exclude(kind__in=OUTSIDE)
    return [
        PartSource(
            place.id,
            LocationKind(place.kind),
            place.lon,
            place.lat,
            keepers.get(place.id),
            dict(free[place.id]),
        )
        for place in places.order_by("id")
    ]


def _named(place: Location, supplier: str) -> str:
    """What a place is called; the world outside by its kind, or by the supplier's name."""
    kind = LocationKind(place.kind)
    return supplier or str(kind.label) if kind in OUTSIDE else place.name


@question
def movements(*, location_id: UUID, actor: Actor, limit: int = 100) -> list[MovementRow]:
    """What came to and left a place, newest first."""
    place = Location.objects.visible_to(actor).get(id=location_id)
    both = StockMovement.objects.filter(source=place) | StockMovement.objects.filter(target=place)
    found = both.select_related("item", "source", "target").order_by("-at", "-id")[:limit]
    return [
        MovementRow(
            m.id,
            m.at,
            m.item.code,
            m.lot,
            m.quantity,
            _named(m.source, m.supplier),
            _named(m.target, ""),
            MovementReason(m.reason),
            m.document,
        )
        for m in found
    ]


@question
def part_sheet_rows(*, actor: Actor) -> list[PartSheetRow]:
    """What lies in all places, as rows of the sheet; the price is that of the last receipt."""
    balances = StockBalance.objects.visible_to(actor).select_related("item", "location")
    priced = StockMovement.objects.visible_to(actor).filter(unit_price__isnull=False)
    prices = {
        (target_id, item_id, lot): price
        for target_id, item_id, lot, price in priced.order_by("at", "id").values_list(
            "target_id", "item_id", "lot", "unit_price"
        )
    }
    return [
        PartSheetRow(
            code=row.item.code,
            name=row.item.name_zh,
            spec=row.item.spec,
            unit=row.item.unit,
            place=row.location.name,
            lot=row.lot,
            quantity=row.on_hand,
            unit_price=prices.get((row.location_id, row.item_id, row.lot)),
        )
        for row in balances.exclude(on_hand=0).order_by("location__name", "item__code", "lot")
    ]


@question
def part_import(*, batch_id: UUID, actor: Actor) -> imports.BatchCard:
    """One sheet of parts with the faults of its cells."""
    return imports.card(KIND, batch_id=batch_id, actor=actor)


_DIFFERENCES = """
WITH moved AS (
    SELECT location_id, item_id, lot, sum(quantity)::int AS quantity FROM (
        SELECT target_id AS location_id, item_id, lot, quantity FROM supply_stockmovement
        UNION ALL
        SELECT source_id, item_id, lot, -quantity FROM supply_stockmovement
    ) each_way JOIN supply_location l ON l.id = location_id
    WHERE l.kind NOT IN ('SUPPLIER', 'CUSTOMER', 'SCRAP')
    GROUP BY 1, 2, 3
)
SELECT count(*) FROM supply_stockbalance b
FULL JOIN moved m ON (m.location_id, m.item_id, m.lot) = (b.location_id, b.item_id, b.lot)
WHERE COALESCE(b.on_hand, 0) <> COALESCE(m.quantity, 0)
"""


@question
def balance_differences(*, actor: Actor) -> int:
    """How many balances differ from the sum of their movements; anything but 0 is a fault."""
    with connection.cursor() as cursor:
        cursor.execute(_DIFFERENCES)
        differing: int = cursor.fetchone()[0]
    return differing


STOCKED = tuple(kind for kind in LocationKind if kind not in OUTSIDE)


@dataclass(frozen=True, slots=True)
class LocationTotal:
    """A place with how many parts lie there: different ones, pieces, and pieces kept for visits."""

    id: UUID
    name: str
    kind: LocationKind
    city: str
    items: int
    on_hand: int
    reserved: int


@question
def location_totals(*, actor: Actor, city: str = "") -> list[LocationTotal]:
    """Stations, warehouses and vans with their sums, by city and name; two queries."""
    found = Location.objects.visible_to(actor).exclude(kind__in=OUTSIDE)
    if city:
        found = found.filter(city=city)
    rows = list(found.order_by("city", "kind", "name"))
    sums = {
        location_id: (items, on_hand, reserved)
        for location_id, items, on_hand, reserved in StockBalance.objects.filter(
            location__in=rows, on_hand__gt=0
        )
        .order_by()
        .values_list("location_id")
        .annotate(Count("item", distinct=True), Sum("on_hand"), Sum("reserved"))
    }
    return [
        LocationTotal(
            row.id, row.name, LocationKind(row.kind), row.city, *sums.get(row.id, (0, 0, 0))
        )
        for row in rows
    ]
