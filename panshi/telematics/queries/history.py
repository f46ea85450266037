"""Questions of history: the manifest in PostgreSQL, then the files; the last frames in the log."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings
from django.http import Http404

from panshi.fleet import queries as fleet
from panshi.kit.clock import day_span
from panshi.kit.tenancy import Actor, acting, hq_actor
from panshi.kit.verbs import question
from panshi.lake.ask import Curves, History, Track
from panshi.lake.compact import FileMissing
from panshi.lake.files import FileInfo
from panshi.telematics.models import FileState, HistoryFile, LiveState, Series
from panshi.telematics.queries.devices import CODES
from panshi.wire import gb32960, jtt808, jtt808_explain
from panshi.wire.columns import GB32960
from panshi.wire.errors import WireError
from panshi.wire.layout import Field
from panshi.wire.reader import LogReader
from panshi.wire.records import Position, Stored

Answer = TypeVar("Answer")
LAST_FRAMES = 50


@cache
def _lake() -> History:
    settings.HOME.history.mkdir(parents=True, exist_ok=True)
    return History(folder=settings.HOME.history)


def log_folder(*, gateway: int) -> Any:
    """Where the segment log of a gateway lies."""
    return settings.HOME.log / str(gateway)


def file_info(row: HistoryFile) -> FileInfo:
    """A row of the manifest as the lake knows it."""
    return FileInfo(
        path=row.path,
        day=row.day,
        bucket=row.bucket,
        level=row.level,
        rows=row.rows,
        series_min=row.series_min,
        series_max=row.series_max,
        time_min_ms=row.time_min_ms,
        time_max_ms=row.time_max_ms,
        gateway=row.gateway,
        log_from=row.log.lower,
        log_to=row.log.upper,
        bytes=row.bytes,
        sha256=row.sha256,
        schema=row.schema,
    )


def history_files(
    *, first_day: date, last_day: date, actor: Actor, below_level: int | None = None
) -> list[FileInfo]:
    """The manifest's live files of some days, for processes; asked as HQ."""
    with acting(actor):
        found = HistoryFile.objects.filter(
            day__range=(first_day, last_day), state=FileState.LIVE
        ).order_by("day", "bucket", "id")
        if below_level is not None:
            found = found.filter(level__lt=below_level)
        return [file_info(row) for row in found]


def _asked(first_day: date, last_day: date, ask: Callable[[Sequence[FileInfo]], Answer]) -> Answer:
    """Ask the files of the manifest; once more when a merge replaced them meanwhile."""
    files = history_files(first_day=first_day, last_day=last_day, actor=hq_actor())
    try:
        return ask(files)
    except FileMissing:
        return ask(history_files(first_day=first_day, last_day=last_day, actor=hq_actor()))


def _series_of(vehicle_id: UUID, actor: Actor) -> int | None:
    """The series of a vehicle that this actor sees. Raises Http404 for any other."""
    if vehicle_id not in fleet.vehicle_refs(vehicle_ids=(vehicle_id,), actor=actor):
        raise Http404
    with acting(hq_actor()):
        return Series.objects.filter(vehicle_id=vehicle_id).values_list("number", flat=True).first()


@dataclass(frozen=True, slots=True)
class TrackPoint:
    """A place in degrees WGS-84 at a moment of the device's clock."""

    at: datetime
    lon: float
    lat: float
    speed_kmh: float | None
    odometer_km: float | None


@dataclass(frozen=True, slots=True)
class CurvePoint:
    at: datetime
    soc_pct: float | None
    speed_kmh: float | None
    voltage_v: float | None
    current_a: float | None
    max_temp_c: float | None


@dataclass(frozen=True, slots=True)
class DayTrack:
    """A day of a vehicle: at most 5,000 points each; `total` counts the places before thinning."""

    points: tuple[TrackPoint, ...]
    curve: tuple[CurvePoint, ...]
    total: int
    km: float | None


def _plain(value: Any) -> Any:
    return None if value is None else float(value)


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


@question
def day_track(*, vehicle_id: UUID, day: date, actor: Actor) -> DayTrack:
    """Where a vehicle was on a local day, with charge and speed over time. Http404 out of sight."""
    number = _series_of(vehicle_id, actor)
    if number is None:
        return DayTrack(points=(), curve=(), total=0, km=None)
    start, end = day_span(day)
    start_ms, end_ms = int(start.timestamp()) * 1000, int(end.timestamp()) * 1000

    def ask(files: Sequence[FileInfo]) -> tuple[Track, Curves]:
        lake = _lake()
        span = {"series": number, "start_ms": start_ms, "end_ms": end_ms}
        return lake.track(files=files, **span), lake.series(files=files, **span)

    track, curves = _asked(day, day, ask)
    points = tuple(
        TrackPoint(_moment(ms), lon, lat, _plain(speed), _plain(km))
        for ms, lon, lat, speed, km in zip(
            track.time_ms.tolist(),
            track.lon.tolist(),
            track.lat.tolist(),
            track.speed_kmh.tolist(),
            track.odometer_km.tolist(),
            strict=True,
        )
    )
    curve = tuple(
        CurvePoint(_moment(ms), *map(_plain, rest))
        for ms, *rest in zip(
            curves.time_ms.tolist(),
            curves.soc.tolist(),
            curves.speed_kmh.tolist(),
            curves.voltage.tolist(),
            curves.current.tolist(),
            curves.max_c.tolist(),
            strict=True,
        )
    )
    known = [point.odometer_km for point in points if point.odometer_km]
    km = round(known[-1] - known[0], 1) if len(known) > 1 and known[-1] >= known[0] else None
    return DayTrack(points=points, curve=curve, total=track.total, km=km)


@dataclass(frozen=True, slots=True)
class FrameLine:
    """A stored frame; `position` names it in its gateway's log."""

    gateway: int
    position: int
    received_at: datetime
    protocol: str
    size: int
    what: str
    hex: str


@dataclass(frozen=True, slots=True)
class FrameField:
    """A stretch of a frame's bytes with what it says."""

    name: str
    start: int
    size: int
    value: str


@dataclass(frozen=True, slots=True)
class ExplainedFrame:
    line: FrameLine
    fields: tuple[FrameField, ...]
    error: str


def _what(stored: Stored) -> str:
    if stored.protocol == CODES[GB32960]:
        return f"{stored.data[2]:02X}"
    try:
        return f"{jtt808.open_frame(frame=stored.data, tolerant=True).msg_id:04X}"
    except WireError:
        return ""


def _line(gateway: int, stored: Stored) -> FrameLine:
    names = {code: protocol for protocol, code in CODES.items()}
    return FrameLine(
        gateway=gateway,
        position=stored.position,
        received_at=datetime.fromtimestamp(stored.received_us / 1e6, UTC),
        protocol=names.get(stored.protocol, str(stored.protocol)),
        size=len(stored.data),
        what=_what(stored),
        hex=stored.data.hex(),
    )


def _frames(vehicle_id: UUID, actor: Actor, limit: int) -> list[FrameLine]:
    live = LiveState.objects.visible_to(actor).filter(id=vehicle_id).first()
    if live is None:
        return []
    reader = LogReader(folder=log_folder(gateway=live.gateway))
    try:
        heads = [head for head in (live.gb_head, live.jt_head) if head is not None]
        found = [frame for head in heads for frame in reader.chain(Position(head), limit)]
    finally:
        reader.close()
    found.sort(key=lambda frame: frame.position, reverse=True)
    return [_line(live.gateway, frame) for frame in found[:limit]]


@question
def last_frames(*, vehicle_id: UUID, actor: Actor, limit: int = LAST_FRAMES) -> list[FrameLine]:
    """The last frames of a vehicle's terminals that the log still has, newest first."""
    return _frames(vehicle_id, actor, min(limit, LAST_FRAMES))


@question
def explained_frame(
    *, vehicle_id: UUID, actor: Actor, position: int | None = None
) -> ExplainedFrame | None:
    """One of the last frames with its bytes explained, the newest by default; None without any."""
    lines = _frames(vehicle_id, actor, LAST_FRAMES)
    chosen = next((row for row in lines if position is None or row.position == position), None)
    return None if chosen is None else explain_frame(line=chosen)


def explain_frame(*, line: FrameLine) -> ExplainedFrame:
    """What each stretch of a stored frame says."""
    frame = bytes.fromhex(line.hex)
    try:
        found: Sequence[Field] = (
            gb32960.explain(frame=frame)
            if line.protocol == GB32960
            else jtt808_explain.explain(frame=frame)
        )
    except WireError as error:
        return ExplainedFrame(line=line, fields=(), error=str(error))
    return ExplainedFrame(
        line=line,
        fields=tuple(
            FrameField(field.name, field.offset, field.length, str(field.value)) for field in found
        ),
        error="",
    )
