"""The verb of live state: a decoded piece of the log into what each vehicle last said."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db import connection

from panshi.kit import outbox
from panshi.kit.ids import uuid7
from panshi.kit.live import CHANNEL
from panshi.kit.tenancy import Actor, acting
from panshi.telematics import rules
from panshi.telematics.events import (
    AlarmRow,
    AlarmsCleared,
    AlarmsRaised,
    ClearedAlarm,
    ContactRestored,
    TerminalActivated,
)
from panshi.telematics.queries import Fitted
from panshi.telematics.rules import GB, JT, Edge, Moment
from panshi.telematics.services.history import LIVE, take_position
from panshi.wire.columns import Reading

VERB: Final = "telematics.record_readings"
PUSHED: Final = "telematics.LiveState"
"""What open pages hear once a second while live states of their node change."""
CUSTOMERS_TOLD: Final = 50


class Seen(NamedTuple):
    """A reading of a vehicle: `time` is its cleaned device time in seconds since 1970 UTC."""

    fitted: Fitted
    reading: Reading
    time: int
    received_us: int
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingsRecorded:
    readings: int
    vehicles: int
    raised: int
    cleared: int


@dataclass(slots=True)
class _Newest:
    """Of one vehicle in this batch: the newest values of each group, and its alarm words."""

    fitted: Fitted
    received_us: int = 0
    heads: dict[str, int] = field(default_factory=dict)
    groups: dict[str, tuple[Moment, tuple[Any, ...]]] = field(default_factory=dict)
    alarms: dict[str, list[tuple[Moment, Reading]]] = field(default_factory=dict)

    def take(self, seen: Seen) -> None:
        self.received_us = max(self.received_us, seen.received_us)
        slot = rules.SLOTS[seen.reading.protocol]
        self.heads[slot] = max(self.heads.get(slot, 0), seen.position)
        if seen.reading.kind not in rules.FACTS:
            return
        moment = Moment(seen.time, seen.position)
        for group, values in rules.groups_of(seen.reading):
            known = self.groups.get(group)
            if known is None or moment > known[0]:
                self.groups[group] = (moment, values)
        if seen.reading.alarm_bits is not None:
            self.alarms.setdefault(slot, []).append((moment, seen.reading))


class _Stored(NamedTuple):
    received_us: int
    offline_told: int
    gb_time: int | None
    gb_position: int | None
    gb_bits: int | None
    jt_time: int | None
    jt_position: int | None
    jt_bits: int | None

    def word(self, slot: str) -> tuple[int, Moment | None]:
        time, position, bits = (
            (self.gb_time, self.gb_position, self.gb_bits)
            if slot == GB
            else (self.jt_time, self.jt_position, self.jt_bits)
        )
        if time is None or position is None:
            return 0, None
        return bits or 0, Moment(time, position)


_STORED = """
SELECT id, (extract(epoch FROM received_at) * 1000000)::bigint, offline_told,
    extract(epoch FROM gb_alarm_at)::bigint, gb_alarm_position, gb_alarm_bits,
    extract(epoch FROM jt_alarm_at)::bigint, jt_alarm_position, jt_alarm_bits
FROM telematics_livestate WHERE id = ANY(%s) ORDER BY id FOR UPDATE
"""


def _upsert_sql() -> str:
    """One statement for all groups, so that a vehicle's row gets one new version a batch."""
    arrays = [
        ("id", "uuid"), ("org_id", "int"), ("customer_id", "uuid"), ("vin", "text"),
        ("series", "int"), ("received_us", "bigint"), ("gb_head", "bigint"), ("jt_head", "bigint"),
    ]  # fmt: skip
    inserted = {
        "id": "n.id", "vehicle_id": "n.id", "org_id": "n.org_id", "customer_id": "n.customer_id",
        "vin": "n.vin", "series": "n.series", "gateway": "%s", "offline_told": "0",
        "received_at": "to_timestamp(n.received_us / 1000000.0)",
        "gb_head": "n.gb_head", "jt_head": "n.jt_head",
    }  # fmt: skip
    changed = [
        "series = EXCLUDED.series",
        "gateway = EXCLUDED.gateway",
        "offline_told = CASE WHEN EXCLUDED.received_at > l.received_at THEN 0"
        " ELSE l.offline_told END",
        "received_at = GREATEST(l.received_at, EXCLUDED.received_at)",
        "gb_head = GREATEST(l.gb_head, EXCLUDED.gb_head)",
        "jt_head = GREATEST(l.jt_head, EXCLUDED.jt_head)",
    ]
    for group, names in rules.FIELDS.items():
        at, position = f"{group}_at", f"{group}_position"
        arrays += [(at, "bigint"), (position, "bigint")]
        inserted |= {at: f"to_timestamp(n.{at})", position: f"n.{position}"}
        for name in names:
            arrays.append((name, "boolean" if name == "acc_on" else "bigint"))
            inserted[name] = f"n.{name}"
        newer = (
            f"COALESCE((EXCLUDED.{at}, EXCLUDED.{position}) > (l.{at}, l.{position}),"
            f" l.{at} IS NULL)"
        )
        changed += [
            f"{name} = CASE WHEN {newer} THEN EXCLUDED.{name} ELSE l.{name} END"
            for name in (at, position, *names)
        ]
    return (
        f"INSERT INTO telematics_livestate AS l ({', '.join(inserted)})"
        f" SELECT {', '.join(inserted.values())}"
        f" FROM unnest({', '.join(f'%s::{kind}[]' for _name, kind in arrays)})"
        f" AS n({', '.join(name for name, _kind in arrays)})"
        f" ORDER BY n.id ON CONFLICT (id) DO UPDATE SET {', '.join(changed)}"
    )


_UPSERT: Final = _upsert_sql()


def record_readings(
    *, gateway: int, start: int, end: int, seen: Sequence[Seen], actor: Actor, at: datetime
) -> ReadingsRecorded:
    """Bring live states up to date with the readings of [start, end) of a log.

    A group changes only by a reading newer than the one it came from, so late and re-issued frames
    may come in any order. Alarms that rise or fall against the stored word open and close episodes.
    The position of the consumer `live` moves in the same transaction. Called once a second, it
    publishes facts only for what people act on: AlarmsRaised and AlarmsCleared (one for each node),
    ContactRestored, TerminalActivated. Raises PositionMoved when another ingest was faster.
    """
    with acting(actor, to_write=True):
        actor.must(VERB, actor.org_id)
        take_position(name=LIVE, gateway=gateway, start=start, end=end)
        newest: dict[UUID, _Newest] = {}
        for one in seen:
            known = newest.get(one.fitted.vehicle_id)
            if known is None:
                known = newest[one.fitted.vehicle_id] = _Newest(one.fitted)
            known.take(one)
        if not newest:
            return ReadingsRecorded(readings=0, vehicles=0, raised=0, cleared=0)
        stored = _stored(sorted(newest))
        _upsert(gateway, [newest[vehicle_id] for vehicle_id in sorted(newest)])
        raised, cleared = _alarms(newest, stored, actor, at)
        _contact(newest, stored, actor, at)
        _activate(seen, actor, at)
        _push(newest.values())
    return ReadingsRecorded(
        readings=len(seen), vehicles=len(newest), raised=raised, cleared=cleared
    )


def _stored(vehicle_ids: Sequence[UUID]) -> dict[UUID, _Stored]:
    with connection.cursor() as cursor:
        cursor.execute(_STORED, [list(vehicle_ids)])
        return {row[0]: _Stored(*row[1:]) for row in cursor.fetchall()}


def _upsert(gateway: int, rows: Sequence[_Newest]) -> None:
    lists: list[list[Any]] = [
        [row.fitted.vehicle_id for row in rows],
        [row.fitted.org_id for row in rows],
        [row.fitted.customer_id for row in rows],
        [row.fitted.vin for row in rows],
        [row.fitted.series for row in rows],
        [row.received_us for row in rows],
        [row.heads.get(GB) for row in rows],
        [row.heads.get(JT) for row in rows],
    ]
    for group, names in rules.FIELDS.items():
        nothing = (None,) * (2 + len(names))
        found = [
            (*chosen[0], *chosen[1]) if (chosen := row.groups.get(group)) else nothing
            for row in rows
        ]
        lists += [list(column) for column in zip(*found, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(_UPSERT, [gateway, *lists])


@dataclass(slots=True)
class _Episodes:
    """What a batch does to alarm episodes, by vehicle and slot."""

    opened: list[tuple[Fitted, str, Edge]] = field(default_factory=list)
    passed: list[tuple[Fitted, str, Edge, Edge]] = field(default_factory=list)
    ended: list[tuple[Fitted, str, Edge]] = field(default_factory=list)


def _alarms(
    newest: dict[UUID, _Newest], stored: dict[UUID, _Stored], actor: Actor, at: datetime
) -> tuple[int, int]:
    episodes = _Episodes()
    for vehicle_id in sorted(newest):
        row = newest[vehicle_id]
        for slot, readings in row.alarms.items():
            before = stored.get(vehicle_id)
            bits, since = before.word(slot) if before else (0, None)
            rising: dict[int, Edge] = {}
            for edge in rules.edges(bits=bits, since=since, readings=readings):
                if edge.raised:
                    rising[edge.bit] = edge
                elif edge.bit in rising:
                    episodes.passed.append((row.fitted, slot, rising.pop(edge.bit), edge))
                else:
                    episodes.ended.append((row.fitted, slot, edge))
            episodes.opened += [(row.fitted, slot, edge) for edge in rising.values()]
    cleared = _end(episodes.ended)
    _begin(episodes)
    raised = [
        *episodes.opened,
        *((fitted, slot, begun) for fitted, slot, begun, _over in episodes.passed),
    ]
    for org_id in sorted({fitted.org_id for fitted, _slot, _edge in raised}):
        alarms = tuple(_alarm(*one) for one in raised if one[0].org_id == org_id)
        fact = AlarmsRaised(org_id=org_id, actor_id=actor.id, at=at, alarms=alarms)
        outbox.publish(fact, verb=VERB)
    for fitted, slot, begun, over in episodes.passed:
        cleared.setdefault(fitted.org_id, []).append(
            _cleared(fitted.vehicle_id, slot, begun.bit, _level(begun), begun.moment, over.moment)
        )
    for org_id, gone in sorted(cleared.items()):
        lifted = AlarmsCleared(org_id=org_id, actor_id=actor.id, at=at, alarms=tuple(gone))
        outbox.publish(lifted, verb=VERB)
    return len(raised), sum(map(len, cleared.values()))


def _level(edge: Edge) -> int:
    return rules.level_of(reading=edge.reading, bit=edge.bit)


def _moment(time: int) -> datetime:
    return datetime.fromtimestamp(time, UTC)


def _alarm(fitted: Fitted, slot: str, edge: Edge) -> AlarmRow:
    reading = edge.reading
    return AlarmRow(
        vehicle_id=fitted.vehicle_id,
        vin=fitted.vin,
        source=slot,
        code=f"{slot}-{edge.bit}",
        bit=edge.bit if slot == GB else None,
        level=_level(edge),
        raised_at=_moment(edge.moment.time),
        insulation_kohm=reading.insulation_kohm,
        voltage_v=reading.voltage_v,
        current_a=reading.current_a,
        soc_pct=reading.soc_pct,
        speed_kmh=reading.speed_kmh,
        highest_c=reading.max_temp_c,
        lon=reading.lon,
        lat=reading.lat,
    )


def _cleared(
    vehicle_id: UUID, slot: str, bit: int, level: int, begun: Moment, over: Moment
) -> ClearedAlarm:
    return ClearedAlarm(
        vehicle_id=vehicle_id,
        source=slot,
        code=f"{slot}-{bit}",
        bit=bit if slot == GB else None,
        level=level,
        raised_at=_moment(begun.time),
        cleared_at=_moment(over.time),
    )


_END = """
UPDATE telematics_alarmepisode e SET closed_at = GREATEST(e.opened_at, to_timestamp(n.at))
FROM unnest(%s::uuid[], %s::text[], %s::int[], %s::bigint[]) AS n(vehicle_id, source, bit, at)
WHERE e.vehicle_id = n.vehicle_id AND e.source = n.source AND e.bit = n.bit AND e.closed_at IS NULL
RETURNING e.org_id, e.vehicle_id, e.source, e.bit, e.level, e.opened_at, e.closed_at
"""
_BEGIN = """
INSERT INTO telematics_alarmepisode
    (id, org_id, vehicle_id, customer_id, source, code, bit, level, opened_at, closed_at)
SELECT id, org_id, vehicle_id, customer_id, source, source || '-' || bit, bit, level,
    to_timestamp(opened), to_timestamp(closed)
FROM unnest(%s::uuid[], %s::int[], %s::uuid[], %s::uuid[], %s::text[], %s::int[], %s::int[],
    %s::bigint[], %s::bigint[])
    AS n(id, org_id, vehicle_id, customer_id, source, bit, level, opened, closed)
ON CONFLICT (vehicle_id, source, code) WHERE closed_at IS NULL DO NOTHING
"""


def _end(ended: Sequence[tuple[Fitted, str, Edge]]) -> dict[int, list[ClearedAlarm]]:
    """Close stored episodes; the cleared alarms by node."""
    if not ended:
        return {}
    cleared: dict[int, list[ClearedAlarm]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            _END,
            [
                [fitted.vehicle_id for fitted, _slot, _edge in ended],
                [slot for _fitted, slot, _edge in ended],
                [edge.bit for _fitted, _slot, edge in ended],
                [edge.moment.time for _fitted, _slot, edge in ended],
            ],
        )
        for org_id, vehicle_id, slot, bit, level, opened_at, closed_at in cursor.fetchall():
            cleared.setdefault(org_id, []).append(
                ClearedAlarm(
                    vehicle_id=vehicle_id,
                    source=slot,
                    code=f"{slot}-{bit}",
                    bit=bit if slot == GB else None,
                    level=level,
                    raised_at=opened_at,
                    cleared_at=closed_at,
                )
            )
    return cleared


def _begin(episodes: _Episodes) -> None:
    rows = [
        (fitted, slot, begun, over.moment.time) for fitted, slot, begun, over in episodes.passed
    ]
    rows_open = [(fitted, slot, begun, None) for fitted, slot, begun in episodes.opened]
    every = [*rows, *rows_open]
    if not every:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _BEGIN,
            [
                [uuid7() for _row in every],
                [fitted.org_id for fitted, _slot, _edge, _over in every],
                [fitted.vehicle_id for fitted, _slot, _edge, _over in every],
                [fitted.customer_id for fitted, _slot, _edge, _over in every],
                [slot for _fitted, slot, _edge, _over in every],
                [edge.bit for _fitted, _slot, edge, _over in every],
                [_level(edge) for _fitted, _slot, edge, _over in every],
                [edge.moment.time for _fitted, _slot, edge, _over in every],
                [over for _fitted, _slot, _edge, over in every],
            ],
        )


def _contact(
    newest: dict[UUID, _Newest], stored: dict[UUID, _Stored], actor: Actor, at: datetime
) -> None:
    """Tell of vehicles that were told lost and speak again."""
    for vehicle_id, before in sorted(stored.items()):
        row = newest[vehicle_id]
        if before.offline_told and row.received_us > before.received_us:
            silent = (row.received_us - before.received_us) / 3_600_000_000
            fact = ContactRestored(
                org_id=row.fitted.org_id,
                actor_id=actor.id,
                at=at,
                vehicle_id=vehicle_id,
                silent_hours=rules.hours(silent),
            )
            outbox.publish(fact, verb=VERB)


_ACTIVATE = """
UPDATE telematics_device SET first_report_at = to_timestamp(n.at)
FROM unnest(%s::uuid[], %s::bigint[]) AS n(id, at)
WHERE telematics_device.id = n.id AND first_report_at IS NULL
RETURNING telematics_device.id
"""


def _activate(seen: Sequence[Seen], actor: Actor, at: datetime) -> None:
    """Note the first report of each terminal after it was installed."""
    first: dict[UUID, Seen] = {}
    for one in seen:
        if one.fitted.awaits_report and one.reading.kind in rules.FACTS:
            first.setdefault(one.fitted.device_id, one)
    if not first:
        return
    with connection.cursor() as cursor:
        cursor.execute(_ACTIVATE, [list(first), [one.time for one in first.values()]])
        activated = [row[0] for row in cursor.fetchall()]
    for device_id in activated:
        one = first[device_id]
        fact = TerminalActivated(
            org_id=one.fitted.org_id,
            actor_id=actor.id,
            at=at,
            device_id=device_id,
            vehicle_id=one.fitted.vehicle_id,
            first_report_at=_moment(one.time),
        )
        outbox.publish(fact, verb=VERB)


def _push(rows: Iterable[_Newest]) -> None:
    """Wake the open pages of the nodes, and of a few customers, whose vehicles changed."""
    fitted = [row.fitted for row in rows]
    notices: list[dict[str, object]] = [
        {"org": org_id, "fact": PUSHED, "customer": None}
        for org_id in sorted({one.org_id for one in fitted})
    ]
    customers = sorted({str(one.customer_id) for one in fitted if one.customer_id})
    if len(customers) <= CUSTOMERS_TOLD:
        notices += [{"org": 0, "fact": PUSHED, "customer": customer} for customer in customers]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_notify(%s, notice) FROM unnest(%s::text[]) AS notice",
            [CHANNEL, [json.dumps(notice) for notice in notices]],
        )
