"""The verb that counts: adherence by node, city, edition and day."""

from datetime import date, datetime, timedelta
from typing import Final

from django.db import connection

from panshi.handbook.events import AdherenceRolledUp
from panshi.handbook.rules import measure
from panshi.handbook.rules.measure import Tally
from panshi.kit.clock import day_start, local_day
from panshi.kit.tenancy import Actor
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
)
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
"""
_FALLEN: Final = """
SELECT n.slug, d.city, d.day >= %(turn)s AS recent,
    sum(expected), sum(voided), sum(by_hand), sum(closed), sum(on_time), sum(steps_due),
    sum(steps_done), sum(evidence_due), sum(evidence_valid)
FROM handbook_adherenceday d JOIN handbook_node n ON n.id = d.node_id
WHERE d.day >= %(since)s AND d.day < %(until)s GROUP BY 1, 2, 3
"""


def _fallen(today: date) -> tuple[str, ...]:
    """Nodes and cities whose last 28 days fell far below the 28 before, as `slug city`."""
    turn = today - timedelta(days=28)
    with connection.cursor() as cursor:
        cursor.execute(_FALLEN, {"since": turn - timedelta(days=28), "turn": turn, "until": today})
        rows = cursor.fetchall()
    cells: dict[tuple[str, str], dict[bool, Tally]] = {}
    for slug, city, recent, *counts in rows:
        cells.setdefault((slug, city), {})[recent] = Tally(*map(int, counts))
    return tuple(
        f"{slug} {city}"
        for (slug, city), cell in sorted(cells.items())
        if measure.fell(cell.get(False, Tally()), cell.get(True, Tally()))
    )


def roll_up(since: date, until: date) -> int:
    """Count the runs that fell due on the local days [since, until) anew; answers the cells."""
    with connection.cursor() as cursor:
        cursor.execute(_ROLL_UP, {"since": day_start(since), "until": day_start(until)})
        cells: int = cursor.rowcount
    return cells


@verb
def roll_up_adherence(*, actor: Actor, at: datetime, days: int = DAYS) -> AdherenceRolledUp:
    """Count the last `days` anew, by the day runs fell due; what was first reported is kept.

    A run that a fact closed counts as closed and owes no steps, but for a list beside a job, whose
    steps stay owed. Running it again changes nothing.
    """
    actor.must("handbook.roll_up_adherence", actor.org_id)
    today = local_day(at)
    since = today - timedelta(days=days - 1)
    cells = roll_up(since, today + timedelta(days=1))
    return AdherenceRolledUp(
        org_id=actor.org_id,
        actor_id=actor.id,
        at=at,
        since=since,
        days=days,
        cells=cells,
        fallen=_fallen(today),
    )
