"""Verbs of the upkeep of standing vehicles: planned from days and charge, finished by evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _
from pydantic import Base64Bytes

from panshi.fleet.events import (
    IdleChargeDrifted,
    UpkeepFinished,
    UpkeepPlanned,
    VehicleIdled,
)
from panshi.fleet.models import TerminalLevel, UpkeepRule, UpkeepState, UpkeepTask
from panshi.fleet.rules import upkeep as rules
from panshi.kit import files, outbox
from panshi.kit.clock import local_day
from panshi.kit.facts import Fact
from panshi.kit.ids import uuid7
from panshi.kit.money import ZERO
from panshi.kit.refusals import IllegalMove, Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb

_BATCH: Final = 1000
TOLD_DAYS: Final = (3, 7, 14, 30)
# A terminal's word counts against a typed value while it is so fresh, and beyond so many percent.
FRESH: Final = timedelta(minutes=60)
TOLERANCE_PCT: Final = Decimal(3)

_RECORD: Final = """
INSERT INTO fleet_terminallevel (id, org_id, vehicle_id, soc_pct, soc_at, odometer_km, odometer_at,
    lon, lat, place_at, reserved_from, told_days)
SELECT gen_random_uuid(), v.org_id, v.id, r.soc, r.soc_at, r.km, r.km_at, r.lon, r.lat, r.place_at,
    r.reserved_from, 0
FROM unnest(%s::uuid[], %s::numeric[], %s::timestamptz[], %s::numeric[], %s::timestamptz[],
    %s::float8[], %s::float8[], %s::timestamptz[], %s::timestamptz[])
    AS r (id, soc, soc_at, km, km_at, lon, lat, place_at, reserved_from)
JOIN fleet_vehicle v ON v.id = r.id
ORDER BY v.id
ON CONFLICT (vehicle_id) DO UPDATE SET
    soc_pct = COALESCE(EXCLUDED.soc_pct, fleet_terminallevel.soc_pct),
    soc_at = COALESCE(EXCLUDED.soc_at, fleet_terminallevel.soc_at),
    odometer_km = COALESCE(EXCLUDED.odometer_km, fleet_terminallevel.odometer_km),
    odometer_at = COALESCE(EXCLUDED.odometer_at, fleet_terminallevel.odometer_at),
    lon = COALESCE(EXCLUDED.lon, fleet_terminallevel.lon),
    lat = COALESCE(EXCLUDED.lat, fleet_terminallevel.lat),
    place_at = COALESCE(EXCLUDED.place_at, fleet_terminallevel.place_at),
    reserved_from = EXCLUDED.reserved_from
"""
# A vehicle stands from the day on which it last became idle or ready from any other state.
_STANDING: Final = """
INSERT INTO fleet_terminallevel (id, org_id, vehicle_id, told_days)
SELECT gen_random_uuid(), v.org_id, v.id, 0 FROM fleet_vehicle v
WHERE v.state IN ('IDLE', 'READY') AND v.use = 'LEASE'
    AND NOT EXISTS (SELECT FROM fleet_terminallevel t WHERE t.vehicle_id = v.id)
ON CONFLICT (vehicle_id) DO NOTHING
"""
_IDLE_SINCE: Final = """
UPDATE fleet_terminallevel t SET idle_since = s.since,
    told_days = CASE WHEN t.idle_since IS NOT DISTINCT FROM s.since THEN t.told_days ELSE 0 END,
    drifted_since = CASE WHEN s.since IS NULL THEN NULL ELSE t.drifted_since END
FROM (
    SELECT v.id, CASE WHEN v.state IN ('IDLE', 'READY') AND v.use = 'LEASE' THEN (
        SELECT (max(e.at) AT TIME ZONE 'Asia/Shanghai')::date FROM fleet_vehicleevent e
        WHERE e.vehicle_id = v.id AND e.to_state IN ('IDLE', 'READY')
            AND COALESCE(e.from_state, '') NOT IN ('IDLE', 'READY')
    ) END AS since
    FROM fleet_vehicle v
) s
WHERE s.id = t.vehicle_id AND t.idle_since IS DISTINCT FROM s.since
"""
_VOID: Final = """
UPDATE fleet_upkeeptask k SET state = 'VOID', closed_at = %(at)s, closed_by_id = %(by)s
FROM fleet_terminallevel t
WHERE k.state = 'OPEN' AND t.vehicle_id = k.vehicle_id AND t.idle_since IS NULL
"""


class EvidenceMissing(Refusal):
    """What was brought does not show that the task was done."""


class ReadingContradictsTerminal(Refusal):
    """A typed value differs from what the terminal said just before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelNow:
    """What a terminal says of a vehicle: percent, km, degrees WGS-84, each with its moment.

    `reserved_from` is when the next lease is to take the vehicle.
    """

    vehicle_id: UUID
    soc_pct: Decimal | None = None
    soc_at: datetime | None = None
    odometer_km: Decimal | None = None
    odometer_at: datetime | None = None
    lon: float | None = None
    lat: float | None = None
    place_at: datetime | None = None
    reserved_from: datetime | None = None


def as_rule(row: UpkeepRule) -> rules.Rule:
    """A stored rule as the arithmetic takes it."""
    return rules.Rule(
        code=row.code,
        kind=row.kind,
        first_day=row.first_day,
        every_days=row.every_days,
        soc_low=row.soc_low,
        soc_high=row.soc_high,
        drift_days=row.drift_days,
        hours_ahead=row.hours_ahead,
        target_low=row.target_low,
        target_high=row.target_high,
        least_volts=row.least_volts,
        needs_photo=row.needs_photo,
    )


def _record(levels: Sequence[LevelNow]) -> None:
    columns = (
        "vehicle_id", "soc_pct", "soc_at", "odometer_km", "odometer_at", "lon", "lat", "place_at",
        "reserved_from",
    )  # fmt: skip
    unique = {level.vehicle_id: level for level in levels}
    with connection.cursor() as cursor:
        cursor.execute(
            _RECORD, [[getattr(level, name) for level in unique.values()] for name in columns]
        )


def _drift(levels: Sequence[TerminalLevel], rows: Sequence[rules.Rule], today: date) -> None:
    """Note since when each state of charge lies outside the band."""
    bands = [rule for rule in rows if rule.drift_days is not None]
    for level in levels:
        out = level.soc_pct is not None and any(
            rules.drifted(rule, level.soc_pct) for rule in bands
        )
        level.drifted_since = (level.drifted_since or today) if out else None


def _idled(level: TerminalLevel, today: date, actor: Actor, at: datetime) -> VehicleIdled | None:
    """The fact that a vehicle reached a number of days idle, once for each number."""
    assert level.idle_since is not None
    days = (today - level.idle_since).days
    reached = max((step for step in TOLD_DAYS if step <= days), default=0)
    if reached <= level.told_days:
        return None
    level.told_days = reached
    return VehicleIdled(
        org_id=level.org_id,
        actor_id=actor.id,
        at=at,
        vehicle_id=level.vehicle_id,
        odometer_km=level.vehicle.odometer_km,
        days=reached,
    )


def _done(vehicle_ids: Sequence[UUID]) -> Mapping[UUID, Mapping[str, date]]:
    """When each kind of task was last done at each vehicle."""
    found: dict[UUID, dict[str, date]] = {}
    tasks = UpkeepTask.objects.filter(vehicle_id__in=vehicle_ids, state=UpkeepState.DONE)
    for vehicle_id, kind, closed in tasks.order_by("closed_at").values_list(
        "vehicle_id", "kind", "closed_at"
    ):
        if closed is not None:
            found.setdefault(vehicle_id, {})[kind] = local_day(closed)
    return found


@verb
def plan_upkeep(*, levels: Sequence[LevelNow], actor: Actor, at: datetime) -> UpkeepPlanned:
    """Take in what terminals say, and open the tasks that standing vehicles need; repeatable.

    Tasks of vehicles that stand no longer are voided. Publishes VehicleIdled at 3, 7, 14 and 30
    days, and IdleChargeDrifted when a state of charge drifted for long enough to open a task.
    """
    actor.must("fleet.plan_upkeep", actor.org_id)
    today = local_day(at)
    if levels:
        _record(levels)
    with connection.cursor() as cursor:
        cursor.execute(_STANDING)
        cursor.execute(_IDLE_SINCE)
        cursor.execute(_VOID, {"at": at, "by": actor.id})
        voided = cursor.rowcount
    stored = {row.code: row for row in UpkeepRule.objects.order_by("code")}
    known = [as_rule(row) for row in stored.values()]
    standing = list(
        TerminalLevel.objects.visible_to(actor)
        .filter(idle_since__isnull=False)
        .select_related("vehicle")
        .order_by("vehicle_id")
    )
    _drift(standing, known, today)
    done = _done([level.vehicle_id for level in standing])
    open_kinds = set(
        UpkeepTask.objects.filter(state=UpkeepState.OPEN).values_list("vehicle_id", "kind")
    )
    tasks: list[UpkeepTask] = []
    facts: list[Fact] = []
    for level in standing:
        assert level.idle_since is not None
        idled = _idled(level, today, actor, at)
        facts += [idled] if idled else []
        wanted = rules.needed(
            known,
            rules.Standing(
                idle_since=level.idle_since,
                soc_pct=level.soc_pct,
                drifted_since=level.drifted_since,
                reserved_from=level.reserved_from,
                done_on=done.get(level.vehicle_id, {}),
            ),
            at=at,
            today=today,
        )
        for rule in wanted:
            if (level.vehicle_id, rule.kind) in open_kinds:
                continue
            tasks.append(_task(level, stored[rule.code], today, at))
            if rule.drift_days is not None:
                facts.append(_drifted(level, rule, today, actor, at))
    TerminalLevel.objects.bulk_update(standing, ["drifted_since", "told_days"], batch_size=_BATCH)
    UpkeepTask.objects.bulk_create(tasks, batch_size=_BATCH)
    outbox.publish_all(facts, verb="fleet.plan_upkeep")
    return UpkeepPlanned(
        org_id=actor.org_id,
        actor_id=actor.id,
        at=at,
        standing=len(standing),
        opened=len(tasks),
        voided=voided,
    )


def _task(level: TerminalLevel, rule: UpkeepRule, today: date, at: datetime) -> UpkeepTask:
    assert level.idle_since is not None
    return UpkeepTask(
        id=uuid7(),
        org_id=level.org_id,
        vehicle_id=level.vehicle_id,
        kind=rule.kind,
        rule=rule,
        idle_days=(today - level.idle_since).days,
        soc_before=level.soc_pct,
        opened_at=at,
        due_on=today + timedelta(days=rule.due_days),
    )


def _drifted(
    level: TerminalLevel, rule: rules.Rule, today: date, actor: Actor, at: datetime
) -> IdleChargeDrifted:
    common: dict[str, Any] = {"org_id": level.org_id, "actor_id": actor.id, "at": at}
    return IdleChargeDrifted(
        **common,
        vehicle_id=level.vehicle_id,
        plate=level.vehicle.plate,
        soc_pct=level.soc_pct or ZERO,
        days=(today - level.drifted_since).days if level.drifted_since else 0,
        target_low=rule.target_low,
        target_high=rule.target_high,
    )


def _lack_words(lack: str, rule: rules.Rule) -> str:
    return {
        "SOC": _("Read the state of charge."),
        "SOC_TARGET": _("The state of charge must lie between %(low)s %% and %(high)s %%.")
        % {"low": rule.target_low, "high": rule.target_high or 100},
        "VOLTS": _("Measure the 12 V battery."),
        "VOLTS_LOW": _("Below %s V: charge or change the 12 V battery first, then measure again.")
        % rule.least_volts,
        "PHOTO": _("Take a photo."),
        "NOTE": _("Say what was done."),
    }[lack]


@verb
def finish_upkeep(
    *,
    task_id: UUID,
    actor: Actor,
    at: datetime,
    soc_pct: Decimal | None = None,
    volts: Decimal | None = None,
    note: str = "",
    cost: Decimal = ZERO,
    photo_name: str = "",
    photo: Base64Bytes | None = None,
) -> UpkeepFinished:
    """Finish a task by its evidence; `cost` in CNY is the vehicle's.

    Raises EvidenceMissing, ReadingContradictsTerminal when a state of charge differs by more than
    three percent from what the terminal said within the hour, or IllegalMove when it is closed.
    """
    task = (
        UpkeepTask.objects.visible_to(actor)
        .select_for_update(of=("self",))
        .select_related("rule")
        .get(id=task_id)
    )
    actor.must("fleet.finish_upkeep", task.org_id)
    if task.state != UpkeepState.OPEN:
        raise IllegalMove(_("This task is closed already."))
    rule = as_rule(task.rule)
    evidence = rules.Evidence(soc_pct=soc_pct, volts=volts, photo=photo is not None, note=note)
    if lack := rules.missing(rule, evidence):
        raise EvidenceMissing(_lack_words(lack, rule))
    level = TerminalLevel.objects.filter(vehicle_id=task.vehicle_id).first()
    said, said_at = (level.soc_pct, level.soc_at) if level else (None, None)
    if rules.contradicts(
        soc_pct,
        terminal_pct=said,
        terminal_at=said_at,
        at=at,
        within=FRESH,
        tolerance=TOLERANCE_PCT,
    ):
        raise ReadingContradictsTerminal(
            _("The terminal says %(said)s %%, not %(typed)s %%. Look again, or wait for its news.")
            % {"said": said, "typed": soc_pct}
        )
    if photo is not None:
        task.photo = files.store(content=photo, name=photo_name, org_id=task.org_id, actor=actor)
    task.state, task.closed_at, task.closed_by_id = UpkeepState.DONE, at, actor.id
    task.soc_pct, task.volts, task.note, task.cost = soc_pct, volts, note, cost
    task.terminal_pct, task.terminal_at = said, said_at
    task.save()
    return UpkeepFinished(
        org_id=task.org_id,
        actor_id=actor.id,
        at=at,
        task_id=task.id,
        vehicle_id=task.vehicle_id,
        kind=task.kind,
        cost=cost,
    )
