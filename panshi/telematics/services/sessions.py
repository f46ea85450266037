"""Verbs of the gateway: who is connected, and what had to be refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from panshi.kit.ids import uuid7
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.telematics.events import RejectsCounted, SessionsClosed, SessionsOpened

SAMPLES = 3
SAMPLE_BYTES = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """A sign-in; `epoch` grows with every session of a gateway and from one start to the next."""

    device_id: UUID
    epoch: int
    peer: str
    opened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedSession:
    device_id: UUID
    epoch: int
    closed_at: datetime
    reason: str
    frames: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """Refused input of one hour; `source` is an identity or, without one, an address."""

    hour: datetime
    source: str
    reason: str
    count: int
    samples: tuple[bytes, ...] = ()


_REPLACE = """
UPDATE telematics_session s SET closed_at = GREATEST(n.opened_at, s.opened_at), reason = 'REPLACED'
FROM unnest(%s::uuid[], %s::bigint[], %s::timestamptz[]) AS n(device_id, epoch, opened_at)
WHERE s.device_id = n.device_id AND s.closed_at IS NULL AND s.epoch < n.epoch
"""
_OPEN = """
INSERT INTO telematics_session
    (id, org_id, device_id, gateway, peer, epoch, opened_at, reason, frames)
SELECT n.id, d.org_id, d.id, %s, n.peer, n.epoch, n.opened_at, '', 0
FROM unnest(%s::uuid[], %s::uuid[], %s::bigint[], %s::text[], %s::timestamptz[])
    AS n(id, device_id, epoch, peer, opened_at)
JOIN telematics_device d ON d.id = n.device_id
WHERE NOT EXISTS (
    SELECT FROM telematics_session s
    WHERE s.device_id = n.device_id AND (s.epoch >= n.epoch OR s.closed_at IS NULL)
)
"""
_CLOSE = """
UPDATE telematics_session s
SET closed_at = GREATEST(n.closed_at, s.opened_at), reason = n.reason, frames = n.frames
FROM unnest(%s::uuid[], %s::bigint[], %s::timestamptz[], %s::text[], %s::int[])
    AS n(device_id, epoch, closed_at, reason, frames)
WHERE s.device_id = n.device_id AND s.epoch = n.epoch AND s.closed_at IS NULL
"""
_CLOSE_ALL = """
UPDATE telematics_session SET closed_at = GREATEST(%s, opened_at), reason = %s
WHERE gateway = %s AND closed_at IS NULL AND epoch < %s
"""


@verb
def open_sessions(
    *, gateway: int, sessions: Sequence[NewSession], actor: Actor, at: datetime
) -> SessionsOpened:
    """Note sign-ins; of one device the newest `epoch` wins and the older closes as REPLACED."""
    actor.must("telematics.open_sessions", actor.org_id)
    newest: dict[UUID, NewSession] = {}
    for session in sessions:
        known = newest.get(session.device_id)
        if known is None or session.epoch > known.epoch:
            newest[session.device_id] = session
    rows = [newest[device_id] for device_id in sorted(newest)]
    devices = [row.device_id for row in rows]
    epochs = [row.epoch for row in rows]
    moments = [row.opened_at for row in rows]
    with connection.cursor() as cursor:
        cursor.execute(_REPLACE, [devices, epochs, moments])
        cursor.execute(
            _OPEN,
            [gateway, [uuid7() for _row in rows], devices, epochs, [r.peer for r in rows], moments],
        )
        opened = cursor.rowcount
    return SessionsOpened(org_id=actor.org_id, actor_id=actor.id, at=at, count=opened)


@verb
def close_sessions(
    *, sessions: Sequence[EndedSession], actor: Actor, at: datetime
) -> SessionsClosed:
    """Note that connections ended, and why; one that a newer replaced stays as it is."""
    actor.must("telematics.close_sessions", actor.org_id)
    rows = sorted(sessions, key=lambda row: (row.device_id, row.epoch))
    with connection.cursor() as cursor:
        cursor.execute(
            _CLOSE,
            [
                [row.device_id for row in rows],
                [row.epoch for row in rows],
                [row.closed_at for row in rows],
                [row.reason for row in rows],
                [row.frames for row in rows],
            ],
        )
        closed = cursor.rowcount
    return SessionsClosed(org_id=actor.org_id, actor_id=actor.id, at=at, count=closed)


@verb
def close_gateway(
    *, gateway: int, before_epoch: int, reason: str, actor: Actor, at: datetime
) -> SessionsClosed:
    """Close what a gateway that is gone left open."""
    actor.must("telematics.close_sessions", actor.org_id)
    with connection.cursor() as cursor:
        cursor.execute(_CLOSE_ALL, [at, reason, gateway, before_epoch])
        closed = cursor.rowcount
    return SessionsClosed(org_id=actor.org_id, actor_id=actor.id, at=at, count=closed)


_COUNT = """
INSERT INTO telematics_rejectcount (id, org_id, hour, gateway, source, reason, count, samples)
SELECT n.id, COALESCE(d.org_id, %s), n.hour, %s, n.source, n.reason, n.count, '{}'
FROM unnest(%s::uuid[], %s::timestamptz[], %s::text[], %s::text[], %s::int[])
    AS n(id, hour, source, reason, count)
LEFT JOIN LATERAL (
    SELECT org_id FROM telematics_device WHERE identity = n.source ORDER BY protocol LIMIT 1
) d ON true
ON CONFLICT (hour, gateway, source, reason) DO UPDATE SET
    count = telematics_rejectcount.count + EXCLUDED.count
"""
_SAMPLE = """
UPDATE telematics_rejectcount SET samples = (samples || %s::bytea[])[1:3]
WHERE hour = %s AND gateway = %s AND source = %s AND reason = %s AND cardinality(samples) < 3
"""


@verb
def count_rejects(
    *, gateway: int, rejects: Sequence[Reject], actor: Actor, at: datetime
) -> RejectsCounted:
    """Add refused input to the counts of its hour, source and reason, with three samples."""
    actor.must("telematics.count_rejects", actor.org_id)
    rows = sorted(rejects, key=lambda row: (row.hour, row.source, row.reason))
    with connection.cursor() as cursor:
        cursor.execute(
            _COUNT,
            [
                actor.org_id,
                gateway,
                [uuid7() for _row in rows],
                [row.hour for row in rows],
                [row.source for row in rows],
                [row.reason for row in rows],
                [row.count for row in rows],
            ],
        )
        for row in rows:
            if row.samples:
                samples = [sample[:SAMPLE_BYTES] for sample in row.samples[:SAMPLES]]
                cursor.execute(_SAMPLE, [samples, row.hour, gateway, row.source, row.reason])
    return RejectsCounted(
        org_id=actor.org_id, actor_id=actor.id, at=at, count=sum(row.count for row in rows)
    )
