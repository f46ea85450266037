"""Questions of standing vehicles: the idle board, their tasks."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet

from panshi.fleet import rules
from panshi.fleet.models import (
    Inspection,
    TerminalLevel,
    UpkeepKind,
    UpkeepRule,
    UpkeepState,
    UpkeepTask,
    Vehicle,
    VehicleUse,
)
from panshi.kit.clock import local_day
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question


@dataclass(frozen=True, slots=True, kw_only=True)
class UpkeepRow:
    """A task of upkeep; the targets say what its evidence must show."""

    id: UUID
    vehicle_id: UUID
    plate: str
    vin: str
    city: str
    parking: str
    kind: UpkeepKind
    state: UpkeepState
    idle_days: int
    soc_before: Decimal | None
    due_on: date
    days_left: int
    target_low: Decimal | None
    target_high: Decimal | None
    least_volts: Decimal | None
    needs_photo: bool
    closed_at: datetime | None
    soc_pct: Decimal | None
    volts: Decimal | None
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleRow:
    """A vehicle that stands: how long, how charged, and what is to be done at it."""

    id: UUID
    plate: str
    vin: str
    model_name: str
    city: str
    parking: str
    idle_since: date
    days: int
    soc_pct: Decimal | None
    soc_at: datetime | None
    drifted_days: int | None
    reserved_from: datetime | None
    tasks: tuple[UpkeepKind, ...]
    late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleBoard:
    """Standing vehicles, longest first; the band is what a state of charge should lie within."""

    rows: tuple[IdleRow, ...]
    total: int
    low: Decimal | None
    high: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpkeepPage:
    rows: tuple[UpkeepRow, ...]
    total: int


_AT_HOME = ("PLATED", "READY", "IDLE", "IN_SERVICE")
_SORTS = {"days": "-idle_since", "-days": "idle_since", "soc_pct": "soc_pct",
          "-soc_pct": "-soc_pct", "plate": "vehicle__plate", "-plate": "-vehicle__plate",
          "city": "vehicle__city", "-city": "-vehicle__city"}  # fmt: skip


def _band() -> tuple[Decimal | None, Decimal | None]:
    rule = UpkeepRule.objects.filter(drift_days__isnull=False).first()
    return (rule.soc_low, rule.soc_high) if rule else (None, None)


@question
def watched_vehicles(*, actor: Actor) -> tuple[UUID, ...]:
    """Vehicles of whose terminals the fleet wants to hear: they stand, or are being inspected."""
    inspected = Inspection.objects.filter(signed_at=None).values("vehicle_id")
    return tuple(
        Vehicle.objects.visible_to(actor)
        .filter(use=VehicleUse.LEASE)
        .filter(Q(state__in=_AT_HOME) | Q(id__in=inspected))
        .order_by("id")
        .values_list("id", flat=True)
    )


def _standing(actor: Actor, city: str) -> QuerySet[TerminalLevel]:
    """Vehicles that stand, of one city or, when none is given, of all."""
    found = TerminalLevel.objects.visible_to(actor).filter(
        idle_since__isnull=False, vehicle__state__in=("IDLE", "READY")
    )
    return found.filter(vehicle__city=city) if city else found


@question
def idle_board(
    *,
    actor: Actor,
    at: datetime,
    city: str = "",
    text: str = "",
    order_by: str = "-days",
    limit: int = 20,
    offset: int = 0,
) -> IdleBoard:
    """Vehicles that stand though they could earn, as last planned; the longest first."""
    today = local_day(at)
    found = _standing(actor, city)
    if words := rules.fold(text):
        found = found.filter(Q(vehicle__plate__contains=words) | Q(vehicle__vin__contains=words))
    order = _SORTS.get(order_by, "idle_since")
    by = F(order.removeprefix("-"))
    ordered = by.desc(nulls_last=True) if order.startswith("-") else by.asc(nulls_last=True)
    page = list(
        found.select_related("vehicle").order_by(ordered, "vehicle_id")[offset : offset + limit]
    )
    tasks: dict[UUID, list[UpkeepTask]] = {}
    for task in UpkeepTask.objects.filter(
        vehicle_id__in=[level.vehicle_id for level in page], state=UpkeepState.OPEN
    ).order_by("due_on"):
        tasks.setdefault(task.vehicle_id, []).append(task)
    low, high = _band()
    rows = tuple(
        IdleRow(
            id=level.vehicle_id,
            plate=level.vehicle.plate,
            vin=level.vehicle.vin,
            model_name=level.vehicle.model_name,
            city=level.vehicle.city,
            parking=level.vehicle.parking,
            idle_since=level.idle_since or today,
            days=(today - (level.idle_since or today)).days,
            soc_pct=level.soc_pct,
            soc_at=level.soc_at,
            drifted_days=(today - level.drifted_since).days if level.drifted_since else None,
            reserved_from=level.reserved_from,
            tasks=tuple(UpkeepKind(task.kind) for task in tasks.get(level.vehicle_id, [])),
            late=any(task.due_on < today for task in tasks.get(level.vehicle_id, [])),
        )
        for level in page
    )
    return IdleBoard(rows=rows, total=found.count(), low=low, high=high)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleCounts:
    """Of the standing vehicles: all, a week or longer, charge out of the band, with late tasks."""

    standing: int
    week: int
    drifted: int
    late: int


@question
def idle_counts(*, actor: Actor, at: datetime, city: str = "") -> IdleCounts:
    """How many vehicles stand, and how."""
    today = local_day(at)
    found = _standing(actor, city)
    late = UpkeepTask.objects.visible_to(actor).filter(state=UpkeepState.OPEN, due_on__lt=today)
    if city:
        late = late.filter(vehicle__city=city)
    counted = found.aggregate(
        standing=Count("id"),
        week=Count("id", filter=Q(idle_since__lte=today - timedelta(days=7))),
        drifted=Count("id", filter=Q(drifted_since__isnull=False)),
    )
    return IdleCounts(**counted, late=late.values("vehicle_id").distinct().count())


def _row(task: UpkeepTask, today: date) -> UpkeepRow:
    return UpkeepRow(
        id=task.id,
        vehicle_id=task.vehicle_id,
        plate=task.vehicle.plate,
        vin=task.vehicle.vin,
        city=task.vehicle.city,
        parking=task.vehicle.parking,
        kind=UpkeepKind(task.kind),
        state=UpkeepState(task.state),
        idle_days=task.idle_days,
        soc_before=task.soc_before,
        due_on=task.due_on,
        days_left=(task.due_on - today).days,
        target_low=task.rule.target_low,
        target_high=task.rule.target_high,
        least_volts=task.rule.least_volts,
        needs_photo=task.rule.needs_photo,
        closed_at=task.closed_at,
        soc_pct=task.soc_pct,
        volts=task.volts,
        note=task.note,
    )


def _tasks(actor: Actor, **given: Any) -> QuerySet[UpkeepTask]:
    wanted = {key: value for key, value in given.items() if value}
    return UpkeepTask.objects.visible_to(actor).filter(**wanted).select_related("vehicle", "rule")


@question
def upkeep_tasks(
    *,
    actor: Actor,
    at: datetime,
    state: str = "OPEN",
    kind: str = "",
    city: str = "",
    order_by: str = "due_on",
    limit: int = 20,
    offset: int = 0,
) -> UpkeepPage:
    """Tasks of upkeep; an empty state or kind means any."""
    found = _tasks(actor, state=state, kind=kind, vehicle__city=city)
    order = order_by if order_by.removeprefix("-") in {"due_on", "kind"} else "due_on"
    today = local_day(at)
    page = found.order_by(order, "id")[offset : offset + limit]
    return UpkeepPage(rows=tuple(_row(task, today) for task in page), total=found.count())


@question
def upkeep_task(*, task_id: UUID, actor: Actor, at: datetime) -> UpkeepRow:
    """One task. Raises UpkeepTask.DoesNotExist."""
    return _row(_tasks(actor).get(id=task_id), local_day(at))
