"""Questions about what vehicles say now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Avg, Case, Count, F, Max, Min, Q, QuerySet, Value, When
from django.db.models.functions import Floor

from panshi.fleet import queries as fleet
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.telematics import rules
from panshi.telematics.models import AlarmEpisode, LiveState


@dataclass(frozen=True, slots=True)
class Place:
    """Where a vehicle was, degrees WGS-84, by its device's clock."""

    lon: float
    lat: float
    at: datetime


@dataclass(frozen=True, slots=True)
class BoardRow:
    """A vehicle on the live board. `state` is DRIVING, CHARGING, STANDING, OFFLINE or SILENT,
    `tone` its colour; `age_s` seconds since its last frame."""

    vehicle_id: UUID
    vin: str
    plate: str
    city: str
    model_name: str
    state: str
    tone: str
    lon: float | None
    lat: float | None
    speed_kmh: float | None
    soc_pct: int | None
    alarm_level: int | None
    received_at: datetime
    age_s: float


_BOARD = (
    "vehicle_id", "vin", "vehicle__plate", "vehicle__city", "vehicle__model_name", "lon_e6",
    "lat_e6", "speed_tenths", "soc_pct", "gb_alarm_level", "gb_alarm_bits", "charge_state",
    "current_tenths", "received_at",
)  # fmt: skip


def _board_row(row: Sequence[Any], at: datetime) -> BoardRow:
    (vehicle_id, vin, plate, city, model, lon, lat, speed, soc, level, bits, charge, current,
     received_at) = row  # fmt: skip
    silent = max(0.0, (at - received_at).total_seconds())
    state = rules.activity(
        silent_s=silent, speed_tenths=speed, charge_state=charge, current_tenths=current
    )
    return BoardRow(
        vehicle_id=vehicle_id,
        vin=vin,
        plate=plate or vin,
        city=city,
        model_name=model,
        state=state,
        tone=rules.tone_of(state=state, alarm_level=level, gb_bits=bits),
        lon=None if lon is None else lon / 1e6,
        lat=None if lat is None else lat / 1e6,
        speed_kmh=None if speed is None else speed / 10,
        soc_pct=soc,
        alarm_level=level,
        received_at=received_at,
        age_s=silent,
    )


def _connected(actor: Actor, *, city: str, text: str, with_alarm: bool) -> QuerySet[LiveState]:
    found = LiveState.objects.visible_to(actor)
    if city:
        found = found.filter(vehicle__city=city)
    if text:
        words = text.strip().upper()
        found = found.filter(Q(vehicle__plate__contains=words) | Q(vin__contains=words))
    if with_alarm:
        found = found.filter(gb_alarm_bits__gt=0)
    return found


@question
def live_board(
    *, actor: Actor, at: datetime, city: str = "", text: str = "", with_alarm: bool = False
) -> list[BoardRow]:
    """Every connected vehicle of this actor with its newest state, by plate."""
    found = _connected(actor, city=city, text=text, with_alarm=with_alarm)
    rows = found.order_by("vehicle__plate").values_list(*_BOARD)
    return [_board_row(row, at) for row in rows]


def _activity(at: datetime) -> Case:
    """What `rules.activity` says, for the database to choose by."""
    charging = Q(charge_state=1) | Q(charge_state=None, current_tenths__lt=-10)
    return Case(
        When(received_at__lte=at - timedelta(seconds=rules.SILENT_S), then=Value("SILENT")),
        When(received_at__lte=at - timedelta(seconds=rules.OFFLINE_S), then=Value("OFFLINE")),
        When(speed_tenths__gt=rules.MOVING_TENTHS, then=Value("DRIVING")),
        When(charging, then=Value("CHARGING")),
        default=Value("STANDING"),
    )


_SORTS = {
    "plate": "vehicle__plate",
    "soc_pct": "soc_pct",
    "speed_kmh": "speed_tenths",
    "age_s": "received_at",
}


@question
def live_page(
    *,
    actor: Actor,
    at: datetime,
    text: str = "",
    state: str = "",
    with_alarm: bool = False,
    sort: str = "plate",
    descending: bool = False,
    offset: int = 0,
    limit: int = 50,
) -> tuple[list[BoardRow], int]:
    """A page of connected vehicles, and how many there are; what was never told comes last."""
    found = _connected(actor, city="", text=text, with_alarm=with_alarm)
    if state:
        found = found.alias(doing=_activity(at)).filter(doing=state)
    key = F(_SORTS.get(sort, "vehicle__plate"))
    falling = descending != (sort == "age_s")  # The oldest word is the greatest age.
    order = key.desc(nulls_last=True) if falling else key.asc(nulls_last=True)
    total = found.count()
    rows = found.order_by(order, "id")[offset : offset + limit].values_list(*_BOARD)
    return [_board_row(row, at) for row in rows], total


Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class MapView:
    """What a map shows: `bounds` of all places as west, south, east, north, and either vehicles
    one by one or cells of them. Degrees WGS-84."""

    bounds: Box | None
    rows: list[BoardRow]
    cells: list[rules.Cell]


@question
def live_map(
    *,
    actor: Actor,
    at: datetime,
    text: str = "",
    box: Box | None = None,
    cell: float | None = None,
    most: int = 500,
) -> MapView:
    """Places of vehicles inside `box`: one by one, or counted by cells of `cell` degrees where
    they are more than `most`."""
    found = _connected(actor, city="", text=text, with_alarm=False).filter(
        lon_e6__isnull=False, lat_e6__isnull=False
    )
    within = Q()
    if box is not None:
        west, south, east, north = (round(degrees * 1e6) for degrees in box)
        within = Q(lon_e6__range=(west, east), lat_e6__range=(south, north))
    seen = found.aggregate(
        here=Count("id", filter=within),
        west=Min("lon_e6"),
        south=Min("lat_e6"),
        east=Max("lon_e6"),
        north=Max("lat_e6"),
    )
    if seen["west"] is None:
        return MapView(None, [], [])
    bounds = tuple(seen[side] / 1e6 for side in ("west", "south", "east", "north"))
    if cell is None or seen["here"] <= most:
        rows = found.filter(within).values_list(*_BOARD)
        return MapView(bounds, [_board_row(row, at) for row in rows], [])
    size = cell * 1e6
    groups = (
        found.filter(within)
        .annotate(column=Floor(F("lon_e6") / Value(size)), line=Floor(F("lat_e6") / Value(size)))
        .values("column", "line")
        .annotate(lon=Avg("lon_e6"), lat=Avg("lat_e6"), count=Count("id"))
        .order_by("column", "line")
        .values_list("lon", "lat", "count")
    )
    cells = [rules.Cell(round(lon / 1e6, 6), round(lat / 1e6, 6), n) for lon, lat, n in groups]
    return MapView(bounds, [], cells)


@question
def live_since(*, since: datetime, actor: Actor, at: datetime) -> list[BoardRow]:
    """Vehicles that sent something after a moment."""
    found = LiveState.objects.visible_to(actor).filter(received_at__gt=since)
    return [_board_row(row, at) for row in found.values_list(*_BOARD)]


@dataclass(frozen=True, slots=True)
class AlarmLine:
    """An alarm of a vehicle; open while `closed_at` is None."""

    source: str
    code: str
    bit: int
    level: int
    opened_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleNow:
    """What a vehicle last said, by groups with their own device times.

    Units: km/h, km, V, A (positive while discharging), %, mV, °C, kΩ, degrees WGS-84.
    """

    vehicle_id: UUID
    org_id: int
    vin: str
    plate: str
    state: str
    tone: str
    received_at: datetime
    place_at: datetime | None
    lon: float | None
    lat: float | None
    direction_deg: int | None
    motion_at: datetime | None
    speed_kmh: float | None
    acc_on: bool | None
    gear: int | None
    odometer_at: datetime | None
    odometer_km: float | None
    energy_at: datetime | None
    soc_pct: int | None
    voltage_v: float | None
    current_a: float | None
    charge_state: int | None
    insulation_kohm: int | None
    health_at: datetime | None
    max_cell_mv: int | None
    max_cell_number: int | None
    min_cell_mv: int | None
    min_cell_number: int | None
    max_temp_c: int | None
    max_temp_probe: int | None
    min_temp_c: int | None
    min_temp_probe: int | None
    alarm_level: int | None
    alarms: tuple[AlarmLine, ...]


def _tenth(value: int | None) -> float | None:
    return None if value is None else value / 10


@question
def vehicle_now(*, vehicle_id: UUID, actor: Actor, at: datetime) -> VehicleNow | None:
    """A vehicle's live state with its open alarms; None when it never reported."""
    live = LiveState.objects.visible_to(actor).filter(id=vehicle_id).first()
    if live is None:
        return None
    vehicle = fleet.vehicle_refs(vehicle_ids=(vehicle_id,), actor=actor).get(vehicle_id)
    state = rules.activity(
        silent_s=max(0.0, (at - live.received_at).total_seconds()),
        speed_tenths=live.speed_tenths,
        charge_state=live.charge_state,
        current_tenths=live.current_tenths,
    )
    copied = (
        "org_id", "vin", "received_at", "place_at", "direction_deg", "motion_at", "acc_on", "gear",
        "odometer_at", "energy_at", "soc_pct", "charge_state", "insulation_kohm", "health_at",
        "max_cell_mv", "max_cell_number", "min_cell_mv", "min_cell_number", "max_temp_c",
        "max_temp_probe", "min_temp_c", "min_temp_probe",
    )  # fmt: skip
    return VehicleNow(
        vehicle_id=vehicle_id,
        plate=(vehicle.plate if vehicle else "") or live.vin,
        state=state,
        tone=rules.tone_of(
            state=state, alarm_level=live.gb_alarm_level, gb_bits=live.gb_alarm_bits
        ),
        lon=None if live.lon_e6 is None else live.lon_e6 / 1e6,
        lat=None if live.lat_e6 is None else live.lat_e6 / 1e6,
        speed_kmh=_tenth(live.speed_tenths),
        odometer_km=_tenth(live.odometer_tenths),
        voltage_v=_tenth(live.voltage_tenths),
        current_a=_tenth(live.current_tenths),
        alarm_level=live.gb_alarm_level,
        alarms=tuple(_alarms(vehicle_id, actor, open_only=True)),
        **{name: getattr(live, name) for name in copied},
    )


def _alarms(vehicle_id: UUID, actor: Actor, *, open_only: bool, limit: int = 50) -> list[AlarmLine]:
    found = AlarmEpisode.objects.visible_to(actor).filter(vehicle_id=vehicle_id)
    if open_only:
        found = found.filter(closed_at=None)
    return [
        AlarmLine(
            source=row.source,
            code=row.code,
            bit=row.bit,
            level=row.level,
            opened_at=row.opened_at,
            closed_at=row.closed_at,
        )
        for row in found.order_by(F("closed_at").desc(nulls_first=True), "-opened_at")[:limit]
    ]


@question
def vehicle_alarms(*, vehicle_id: UUID, actor: Actor, limit: int = 50) -> list[AlarmLine]:
    """Alarms of a vehicle, open ones first, then the last ended."""
    return _alarms(vehicle_id, actor, open_only=False, limit=limit)


@question
def position_of(*, vehicle_ids: tuple[UUID, ...], actor: Actor) -> dict[UUID, Place]:
    """The last known places of vehicles; one that never told its place is left out."""
    found = LiveState.objects.visible_to(actor).filter(
        id__in=vehicle_ids, place_at__isnull=False, lon_e6__isnull=False, lat_e6__isnull=False
    )
    return {
        vehicle_id: Place(lon=lon / 1e6, lat=lat / 1e6, at=at)
        for vehicle_id, lon, lat, at in found.values_list("id", "lon_e6", "lat_e6", "place_at")
        if lon is not None and lat is not None and at is not None
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """State of charge, odometer and place of a vehicle, each with its device's moment."""

    soc_pct: int | None
    soc_at: datetime | None
    odometer_km: float | None
    odometer_at: datetime | None
    place: Place | None


@question
def levels_of(*, vehicle_ids: tuple[UUID, ...], actor: Actor) -> dict[UUID, Level]:
    """What terminals last said of these vehicles; those that never reported are left out."""
    return {
        live.id: Level(
            soc_pct=live.soc_pct,
            soc_at=live.energy_at if live.soc_pct is not None else None,
            odometer_km=_tenth(live.odometer_tenths),
            odometer_at=live.odometer_at if live.odometer_tenths is not None else None,
            place=None
            if live.place_at is None or live.lon_e6 is None or live.lat_e6 is None
            else Place(lon=live.lon_e6 / 1e6, lat=live.lat_e6 / 1e6, at=live.place_at),
        )
        for live in LiveState.objects.visible_to(actor).filter(id__in=vehicle_ids)
    }
