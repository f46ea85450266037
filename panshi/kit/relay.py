"""The relay: delivers facts to handlers, at least once, in order within (org, handler)."""

import json
import logging
import select
import time
from collections.abc import Callable
from dataclasses import dataclass

import psycopg
from django.db import DatabaseError, OperationalError, connection, transaction

from panshi.kit import facts, outbox
from panshi.kit.tenancy import acting, hq_actor, system_actor

log = logging.getLogger("panshi.relay")
BATCH = 100
ATTEMPTS = 8
FIRST_WAIT_S = 0.5

_LANES = """
SELECT DISTINCT org_id, handler FROM kit_delivery
WHERE done_at IS NULL AND parked_at IS NULL AND not_before <= clock_timestamp() LIMIT 500
"""
_TAKE = """
SELECT d.id, d.attempts, d.not_before <= clock_timestamp(), o.name, o.payload
FROM kit_delivery d JOIN kit_outbox o ON o.id = d.outbox_id
WHERE d.org_id = %s AND d.handler = %s AND d.done_at IS NULL AND d.parked_at IS NULL
ORDER BY d.id LIMIT %s
"""
_DONE = "UPDATE kit_delivery SET done_at = clock_timestamp() WHERE id = ANY(%s)"
_FAILED = """
UPDATE kit_delivery SET attempts = %s, error = %s,
    not_before = clock_timestamp() + %s * interval '1 second',
    parked_at = CASE WHEN %s THEN now() END WHERE id = %s
"""


@dataclass(frozen=True, slots=True)
class Round:
    """What one pass over all lanes did."""

    delivered: int
    failed: int


def _deliver_lane(org_id: int, handler: str) -> Round:
    """Take one lane's waiting rows; effects and marks are one transaction."""
    done: list[int] = []
    with transaction.atomic(), acting(hq_actor()), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 11))", [f"{org_id}/{handler}"]
        )
        if not cursor.fetchone()[0]:
            return Round(0, 0)
        cursor.execute(_TAKE, [org_id, handler, BATCH])
        for delivery_id, attempts, due, name, payload in cursor.fetchall():
            if not due:
                break  # An earlier fact of this lane waits for its next try; order is kept.
            try:
                with transaction.atomic(), acting(system_actor(org_id)):
                    outbox.HANDLERS[handler](facts.from_plain(name, json.loads(payload)))
            except OperationalError:
                raise
            except Exception as error:
                parked = attempts + 1 >= ATTEMPTS
                wait_s = FIRST_WAIT_S * 2**attempts
                cursor.execute(_DONE, [done])
                cursor.execute(
                    _FAILED,
                    [attempts + 1, f"{type(error).__name__}: {error}"[:2000], wait_s, parked,
                     delivery_id],
                )  # fmt: skip
                log.exception("%s %s by %s", "parked" if parked else "failed", name, handler)
                return Round(len(done), 1)
            done.append(delivery_id)
        cursor.execute(_DONE, [done])
    return Round(len(done), 0)


def deliver_once() -> Round:
    """Deliver all that is due now, one batch a lane; returns the counts."""
    with acting(hq_actor()), connection.cursor() as cursor:
        cursor.execute(_LANES)
        lanes: list[tuple[int, str]] = cursor.fetchall()
    delivered = failed = 0
    for org_id, handler in lanes:
        if handler not in outbox.HANDLERS:
            log.error("no handler %s in this version; its facts wait", handler)
            continue
        round_ = _deliver_lane(org_id, handler)
        delivered += round_.delivered
        failed += round_.failed
    return Round(delivered, failed)


def drain(*, limit: int = 1000) -> int:
    """Deliver until nothing is due; for tests, commands, the demo. Returns the count."""
    total = 0
    for _ in range(limit):
        did = deliver_once()
        if did == Round(0, 0):
            return total
        total += did.delivered
    return total


def run(*, listen_dsn: str, stopping: Callable[[], bool]) -> None:
    """Deliver until told to stop; wakes on NOTIFY, looks anyway each second."""
    listener: psycopg.Connection[tuple[object, ...]] | None = None
    while not stopping():
        try:
            if listener is None or listener.closed:
                listener = psycopg.connect(listen_dsn, autocommit=True)
                listener.execute("LISTEN outbox")
            if deliver_once() == Round(0, 0):
                select.select([listener], [], [], 1.0)
                list(listener.notifies(timeout=0))
        except (DatabaseError, psycopg.OperationalError, OSError) as error:
            log.warning("database away: %s", str(error).strip().split("\n")[0])
            listener = None
            connection.close()
            time.sleep(0.5)
