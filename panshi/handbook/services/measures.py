"""The verb that counts: adherence by node, city, edition and day."""

from datetime import date, datetime, timedelta
from typing import Final

from django.db import connection

from panshi.handbook.events import AdherenceRolledUp
from panshi.handbook.models import AlertKind
from panshi.handbook.services import alerts, sums
from panshi.kit.clock import day_start, local_day
from panshi.kit.tenancy import HQ, Actor
from panshi.kit.verbs import verb

DAYS: Final = 35
_ROLL_UP: Final = """
WITH counted AS (
    SELECT r.org_id, r.node_id, r.edition_id, r.city,
        (r.due_at AT TIME ZONE 'Asia/Shanghai')::date AS day,
        count(*) FILTER (WHERE r.state <> 'VOID' AND NOT r.by_hand) AS expected,
        count(*) FILTER (WHERE r.state = 'VOID' AND NOT r.by_hand) AS voided,
        count(*) FILTER (WHERE r.by_hand) AS by_hand,
        count(*) FILTER (WHERE r.state = 'CLOSED' AND NOT r.by_hand) AS closed,
        count(*) FILTER (
            WHERE r.state = 'CLOSED' AND NOT r.by_hand AND r.closed_at <= r.due_at) AS on_time,
        COALESCE(sum(r.steps_due) FILTER (WHERE counts), 0) AS steps_due,
        COALESCE(sum(r.steps_done) FILTER (WHERE counts), 0) AS steps_done,
        COALESCE(sum(r.evidence_due) FILTER (WHERE counts), 0) AS evidence_due,
        COALESCE(sum(r.evidence_valid) FILTER (WHERE counts), 0) AS evidence_valid
    FROM handbook_run r, LATERAL (SELECT
        r.state <> 'VOID' AND NOT r.by_hand
            AND (r.closed_by_fact_id IS NULL OR r.beside_job) AS counts) c
    WHERE r.due_at >= %(since)s AND r.due_at < %(until)s
    GROUP BY 1, 2, 3, 4, 5
), emptied AS (
    UPDATE handbook_adherenceday AS d SET expected = 0, voided = 0, by_hand = 0, closed = 0,
        on_time = 0, steps_due = 0, steps_done = 0, evidence_due = 0, evidence_valid = 0
    WHERE d.day >= %(first)s AND d.day < %(last)s AND d.expected + d.voided + d.by_hand > 0
      AND NOT EXISTS (SELECT FROM counted c WHERE (c.org_id, c.node_id, c.edition_id, c.city, c.day)
        = (d.org_id, d.node_id, d.edition_id, d.city, d.day))
), kept AS (
    INSERT INTO handbook_adherenceday AS d (
        id, org_id, node_id, edition_id, city, day, expected, voided, by_hand, closed, on_time,
        steps_due, steps_done, evidence_due, evidence_valid, first_reported)
    SELECT gen_random_uuid(), org_id, node_id, edition_id, city, day, expected, voided, by_hand,
        closed, on_time, steps_due, steps_done, evidence_due, evidence_valid,
        jsonb_build_object('expected', expected, 'closed', closed, 'on_time', on_time,
            'steps_due', steps_due, 'steps_done', steps_done,
            'evidence_due', evidence_due, 'evidence_valid', evidence_valid)
    FROM counted
    ON CONFLICT (org_id, node_id, edition_id, city, day) DO UPDATE SET
        expected = EXCLUDED.expected, voided = EXCLUDED.voided, by_hand = EXCLUDED.by_hand,
        closed = EXCLUDED.closed, on_time = EXCLUDED.on_time,
        steps_due = EXCLUDED.steps_due, steps_done = EXCLUDED.steps_done,
        evidence_due = EXCLUDED.evidence_due, evidence_valid = EXCLUDED.evidence_valid
    WHERE (d.expected, d.voided, d.by_hand, d.closed, d.on_time, d.steps_due, d.steps_done,
            d.evidence_due, d.evidence_valid)
        IS DISTINCT FROM (EXCLUDED.expected, EXCLUDED.voided, EXCLUDED.by_hand, EXCLUDED.closed,
            EXCLUDED.on_time, EXCLUDED.steps_due, EXCLUDED.steps_done, EXCLUDED.evidence_due,
            EXCLUDED.evidence_valid)
)
SELECT count(*) FROM counted
"""


def roll_up(since: date, until: date) -> int:
    """Count the runs that fell due on the local days [since, until) anew; answers the cells.

    A day whose last run was moved to another day by a pause counts none of it any more.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _ROLL_UP,
            {
                "since": day_start(since),
                "until": day_start(until),
                "first": since,
                "last": until,
            },
        )
        cells: int = cursor.fetchone()[0]
    sums.keep_cities(since, until)
    return cells


@verb
def roll_up_adherence(*, actor: Actor, at: datetime, days: int = DAYS) -> AdherenceRolledUp:
    """Count the last `days` anew, by the day runs fell due; what was first reported is kept.

    A run that a fact closed counts as closed and owes no steps, but for a list beside a job, whose
    steps stay owed. Running it again changes nothing. Where adherence fell, or many runs were
    struck, this is told once by a fact of its own.
    """
    actor.must("handbook.roll_up_adherence", actor.org_id)
    today = local_day(at)
    since = today - timedelta(days=days - 1)
    cells = roll_up(since, today + timedelta(days=1))
    found = alerts.find(today)
    if actor.db_role == HQ:
        sums.keep_spans(today)
        alerts.keep(found, actor, at)
    return AdherenceRolledUp(
        org_id=actor.org_id,
        actor_id=actor.id,
        at=at,
        since=since,
        days=days,
        cells=cells,
        fallen=tuple(f"{f.slug} {f.city}" for f in found if f.kind == AlertKind.FELL),
    )
