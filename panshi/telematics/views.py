"""Pages of connected vehicles: the map, one vehicle, its day, terminals."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_GET

from panshi.fleet import queries as fleet
from panshi.kit.clock import SHANGHAI, local_day, read_day
from panshi.kit.records import Detail, Entry, Tile
from panshi.kit.tables import Column, Filter, Slice, Table
from panshi.kit.web import Request, needs
from panshi.telematics import queries, words
from panshi.telematics.models import DeviceState, Protocol

LIVE = "telematics.LiveState"
POINTS = 500
NEAR_ZOOM = 12.0


def _state(row: Any) -> str:
    return str(words.STATES[row.state])


def _age(row: queries.BoardRow) -> str:
    return words.age(row.age_s)


BOARD = Table(
    name="live-board",
    columns=(
        Column(key="plate", label=_("Vehicle"), kind="plate", sort=True),
        Column(key="state", label=_("State"), show=_state),
        Column(key="soc_pct", label=_("Charge, %"), kind="number", sort=True),
        Column(key="speed_kmh", label=_("Speed, km/h"), kind="number", sort=True),
        Column(key="age_s", label=_("Last report"), show=_age, sort=True),
        Column(key="city", label=_("City")),
        Column(key="model_name", label=_("Model")),
    ),
    filters=(
        Filter(key="text", label=_("Plate or VIN")),
        Filter(key="state", label=_("State"), kind="choice", choices=list(words.STATES.items())),
        Filter(key="alarm", label=_("With an alarm"), kind="flag"),
    ),
    sort="plate",
    row_url="telematics-vehicle",
    row_key="vehicle_id",
    live=(LIVE,),
    empty=_("No vehicle has reported yet."),
)

DEVICES = Table(
    name="devices",
    columns=(
        Column(key="identity", label=_("Identity"), kind="mono", sort=True),
        Column(key="protocol", label=_("Protocol"), choices=Protocol, sort=True),
        Column(
            key="state",
            label=_("State"),
            kind="state",
            choices=DeviceState,
            tones={"ACTIVE": "ok", "BLOCKED": "bad", "REMOVED": "idle"},
        ),
        Column(key="plate", label=_("Vehicle"), kind="plate"),
        Column(key="online", label=_("Connected"), kind="flag"),
        Column(key="peer", label=_("From"), kind="mono"),
        Column(key="since", label=_("Since"), kind="moment"),
    ),
    filters=(
        Filter(key="text", label=_("VIN or phone")),
        Filter(key="protocol", label=_("Protocol"), kind="choice", choices=Protocol),
        Filter(key="state", label=_("State"), kind="choice", choices=DeviceState),
    ),
    sort="identity",
    row_url="telematics-device",
    live=("telematics.SessionsOpened", "telematics.SessionsClosed", "telematics.DeviceRegistered"),
    empty=_("No terminal is in the archive yet."),
)


@require_GET
@needs("telematics.view")
def live_map(request: Request) -> HttpResponse:
    ask = BOARD.read(request.GET)
    rows, total = queries.live_page(
        actor=request.actor,
        at=timezone.now(),
        text=ask.text("text"),
        state=ask.text("state"),
        with_alarm=bool(ask.flag("alarm")),
        sort=ask.sort or "plate",
        descending=ask.descending,
        offset=ask.offset,
        limit=ask.limit,
    )
    part = Slice(rows=rows, total=total)
    context = {"map_url": f"{reverse('telematics-points')}?{request.GET.urlencode()}", "live": LIVE}
    return BOARD.respond(request, ask, part, "telematics/map.html", context)


@require_GET
@needs("telematics.view")
def points(request: Request) -> JsonResponse:
    """Vehicles for the map: one by one, or counted by cells when many are in a far view."""
    at = timezone.now()
    zoom = _number(request.GET.get("zoom", ""), 4.0)
    view = queries.live_map(
        actor=request.actor,
        at=at,
        text=request.GET.get("text", ""),
        box=_box(request.GET.get("bbox", "")),
        cell=360 / 2 ** (zoom + 2.5) if zoom < NEAR_ZOOM else None,
        most=POINTS,
    )
    bounds = view.bounds
    answer: dict[str, Any] = {
        "at": at.astimezone(SHANGHAI).strftime("%H:%M:%S"),
        "bounds": None if bounds is None else [bounds[:2], bounds[2:]],
    }
    if view.cells:
        answer["cells"] = [[cell.lon, cell.lat, cell.count] for cell in view.cells]
    else:
        answer["points"] = [
            [
                row.lon,
                row.lat,
                row.tone,
                _label(row),
                reverse("telematics-vehicle", args=[row.vehicle_id]),
            ]
            for row in view.rows
        ]
    return JsonResponse(answer)


def _label(row: queries.BoardRow) -> str:
    parts = [row.plate, _state(row)]
    if row.soc_pct is not None:
        parts.append(f"{row.soc_pct} %")
    return " · ".join([*parts, words.age(row.age_s)])


def _box(text: str) -> queries.Box | None:
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        return None
    return west, south, east, north


def _number(text: str, otherwise: float) -> float:
    try:
        return min(max(float(text), 0.0), 24.0)
    except ValueError:
        return otherwise


def _bounds(places: Sequence[tuple[float, float]]) -> list[list[float]] | None:
    if not places:
        return None
    lons, lats = zip(*places, strict=True)
    return [[min(lons), min(lats)], [max(lons), max(lats)]]


def _vehicle(vehicle_id: UUID, request: Request) -> fleet.VehicleRef:
    found = fleet.vehicle_refs(vehicle_ids=(vehicle_id,), actor=request.actor).get(vehicle_id)
    if found is None:
        raise Http404
    return found


@require_GET
@needs("telematics.view")
def vehicle(request: Request, vehicle_id: UUID) -> HttpResponse:
    """What a vehicle says now, its alarms, and its last frames byte by byte."""
    card = _vehicle(vehicle_id, request)
    return render(
        request,
        "telematics/vehicle.html",
        {
            "vehicle": card,
            "title": card.plate or card.vin,
            "live": LIVE,
            **_now(vehicle_id, request),
            **_frame(vehicle_id, request),
        },
    )


@require_GET
@needs("telematics.view")
def now(request: Request, vehicle_id: UUID) -> HttpResponse:
    """The live part of a vehicle's page."""
    card = _vehicle(vehicle_id, request)
    context = {"vehicle": card, "live": LIVE, **_now(vehicle_id, request)}
    return render(request, "telematics/now.html", context)


@require_GET
@needs("telematics.view")
def frame(request: Request, vehicle_id: UUID) -> HttpResponse:
    """One of the last frames, explained."""
    card = _vehicle(vehicle_id, request)
    context = {"vehicle": card, **_frame(vehicle_id, request)}
    return render(request, "telematics/frame.html", context)


def _now(vehicle_id: UUID, request: Request) -> dict[str, Any]:
    at = timezone.now()
    found = queries.vehicle_now(vehicle_id=vehicle_id, actor=request.actor, at=at)
    if found is None:
        return {"now": None}
    alarms = queries.vehicle_alarms(vehicle_id=vehicle_id, actor=request.actor, limit=20)
    return {
        "now": found,
        "now_state": words.STATES[found.state],
        "now_tone": words.STATE_TONES[found.state],
        "tiles": _tiles(found, at),
        "groups": _groups(found, at),
        "alarm_lines": [
            {"name": words.alarm_name(source=line.source, bit=line.bit), "line": line}
            for line in alarms
        ],
    }


def _aged(since: datetime | None, at: datetime) -> str:
    return words.age(max(0.0, (at - since).total_seconds())) if since else ""


def _tiles(found: queries.VehicleNow, at: datetime) -> list[Tile]:
    return [
        Tile(label=pgettext_lazy("battery", "Charge"), value=found.soc_pct, kind="number", unit="%",
             hint=_aged(found.energy_at, at)),
        Tile(label=_("Speed"), value=found.speed_kmh, kind="number", unit="km/h",
             hint=_aged(found.motion_at, at)),
        Tile(label=_("Odometer"), value=found.odometer_km, kind="number", unit="km",
             hint=_aged(found.odometer_at, at)),
        Tile(label=_("Open alarms"), value=len(found.alarms), kind="number",
             tone="bad" if found.alarms else ""),
        Tile(label=_("Last report"), value=_aged(found.received_at, at)),
    ]  # fmt: skip


def _yes_no(value: bool | None) -> Any:
    return None if value is None else _("yes") if value else _("no")


def _groups(found: queries.VehicleNow, at: datetime) -> list[dict[str, Any]]:
    """Live state by groups, each with the age of its device time."""

    def numbered(value: int | None, number: int | None) -> str | None:
        if value is None:
            return None
        return f"{value}" if number is None else f"{value} (#{number})"

    groups: list[tuple[Any, datetime | None, list[tuple[Any, Any, str]]]] = [
        (_("Place"), found.place_at, [
            (_("Longitude"), found.lon, "°"),
            (_("Latitude"), found.lat, "°"),
            (_("Direction"), found.direction_deg, "°"),
        ]),
        (_("Motion"), found.motion_at, [
            (_("Speed"), found.speed_kmh, "km/h"),
            (_("Switched on"), _yes_no(found.acc_on), ""),
            (_("Gear"), found.gear, ""),
        ]),
        (_("Energy"), found.energy_at, [
            (pgettext_lazy("battery", "Charge"), found.soc_pct, "%"),
            (_("Voltage"), found.voltage_v, "V"),
            (_("Current"), found.current_a, "A"),
            (_("Insulation"), found.insulation_kohm, "kΩ"),
        ]),
        (_("Battery health"), found.health_at, [
            (_("Highest cell"), numbered(found.max_cell_mv, found.max_cell_number), "mV"),
            (_("Lowest cell"), numbered(found.min_cell_mv, found.min_cell_number), "mV"),
            (_("Hottest probe"), numbered(found.max_temp_c, found.max_temp_probe), "°C"),
            (_("Coldest probe"), numbered(found.min_temp_c, found.min_temp_probe), "°C"),
        ]),
    ]  # fmt: skip
    return [
        {
            "label": label,
            "at": since,
            "age": _aged(since, at),
            "values": [
                {"label": name, "value": value, "unit": unit}
                for name, value, unit in values
                if value is not None
            ],
        }
        for label, since, values in groups
        if since is not None
    ]


def _frame(vehicle_id: UUID, request: Request) -> dict[str, Any]:
    lines = queries.last_frames(vehicle_id=vehicle_id, actor=request.actor)
    wanted = request.GET.get("position", "")
    chosen = next((line for line in lines if str(line.position) == wanted), None)
    chosen = chosen or (lines[0] if lines else None)
    if chosen is None:
        return {"frames": [], "explained": None}
    explained = queries.explain_frame(line=chosen)
    return {
        "frames": lines,
        "explained": explained,
        "octets": [chosen.hex[at : at + 2] for at in range(0, len(chosen.hex), 2)],
    }


@require_GET
@needs("telematics.view")
def track(request: Request, vehicle_id: UUID) -> HttpResponse:
    """A day of a vehicle: where it went, its charge and speed."""
    card = _vehicle(vehicle_id, request)
    day = _day(request.GET.get("day", ""))
    found = queries.day_track(vehicle_id=vehicle_id, day=day, actor=request.actor)
    step = max(1, len(found.points) // 200)
    url = reverse("telematics-track-points", args=[vehicle_id])
    return render(
        request,
        "telematics/track.html",
        {
            "vehicle": card,
            "title": card.plate or card.vin,
            "day": day,
            "before": day - timedelta(days=1),
            "after": day + timedelta(days=1) if day < local_day(timezone.now()) else None,
            "track": found,
            "rows": found.points[::step],
            "chart": _curves(found),
            "map_url": f"{url}?day={day.isoformat()}",
        },
    )


def _day(text: str) -> date:
    try:
        return read_day(text)
    except ValueError:
        return local_day(timezone.now())


@require_GET
@needs("telematics.view")
def track_points(request: Request, vehicle_id: UUID) -> JsonResponse:
    """A day's way as a line, with its first and last place."""
    _vehicle(vehicle_id, request)
    day = _day(request.GET.get("day", ""))
    found = queries.day_track(vehicle_id=vehicle_id, day=day, actor=request.actor)
    places = [(point.lon, point.lat) for point in found.points]
    ends = [(found.points[0], "info"), (found.points[-1], "ok")] if found.points else []
    return JsonResponse(
        {
            "lines": [places] if len(places) > 1 else [],
            "points": [
                [p.lon, p.lat, tone, p.at.astimezone(SHANGHAI).strftime("%H:%M"), ""]
                for p, tone in ends
            ],
            "bounds": _bounds(places),
            "at": day.isoformat(),
        }
    )


def _curves(found: queries.DayTrack) -> dict[str, Any]:
    def line(name: Any, axis: int, values: list[tuple[datetime, float | None]]) -> dict[str, Any]:
        return {
            "name": str(name),
            "type": "line",
            "yAxisIndex": axis,
            "data": [[at.isoformat(), value] for at, value in values],
        }

    return {
        "legend": {},
        "tooltip": {"trigger": "axis"},
        "xAxis": {"type": "time"},
        "yAxis": [
            {"type": "value", "name": "%", "min": 0, "max": 100},
            {"type": "value", "name": "km/h", "min": 0},
        ],
        "series": [
            line(_("Charge, %"), 0, [(p.at, p.soc_pct) for p in found.curve]),
            line(_("Speed, km/h"), 1, [(p.at, p.speed_kmh) for p in found.curve]),
        ],
    }


@require_GET
@needs("telematics.view")
def devices(request: Request) -> HttpResponse:
    ask = DEVICES.read(request.GET)
    page = queries.device_list(
        actor=request.actor,
        text=ask.text("text"),
        protocol=ask.text("protocol"),
        state=ask.text("state"),
        order_by=ask.order_by or "identity",
        limit=ask.limit,
        offset=ask.offset,
    )
    rejects = queries.reject_counts(
        since=timezone.now() - timedelta(hours=24), actor=request.actor, limit=30
    )
    part = Slice(rows=page.rows, total=page.total)
    return DEVICES.respond(request, ask, part, "telematics/devices.html", {"rejects": rejects})


@require_GET
@needs("telematics.view")
def device(request: Request, device_id: UUID) -> HttpResponse:
    """A terminal with its vehicles, its connections and what was refused of it."""
    card = queries.device_card(device_id=device_id, actor=request.actor)
    here = card.fittings[0] if card.fittings and card.fittings[0].until is None else None
    details = [
        Detail(label=_("Protocol"), value=card.protocol.label),
        Detail(label=_("Identity"), value=card.identity, kind="mono"),
        Detail(label=_("Series in history"), value=card.series, kind="number"),
        Detail(label=_("First report"), value=card.first_report_at, kind="moment"),
    ]
    if here is not None:
        url = reverse("telematics-vehicle", args=[here.vehicle_id])
        details.append(Detail(label=_("Vehicle"), value=here.plate, kind="plate", url=url))
    timeline = [
        Entry(
            at=session.opened_at,
            title=_("Connected from %(peer)s") % {"peer": session.peer},
            text=_("%(frames)s frames, ended: %(reason)s")
            % {"frames": session.frames, "reason": session.reason}
            if session.closed_at
            else _("still connected"),
            icon="antenna",
            tone="idle" if session.closed_at else "ok",
        )
        for session in card.sessions
    ]
    return render(
        request,
        "telematics/device.html",
        {"card": card, "title": card.identity, "details": details, "timeline": timeline},
    )
