"""How the handbook is followed, by day: whoever measures adherence asks here."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.db import connection

from panshi.handbook.rules.measure import Tally
from panshi.kit.clock import day_start, local_day
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question


@dataclass(frozen=True, slots=True)
class AdherenceCell:
    """The counts of one node, city and day; `tally` adds up and gives the shares last."""

    day: date
    node_slug: str
    zh: str
    en: str
    org_id: int
    city: str
    tally: Tally


# Days that are over were rolled up; today's runs count as soon as they are due.
_CELLS: Final = """
WITH cells AS (
    SELECT d.day, d.node_id, d.org_id, d.city, d.expected, d.voided, d.by_hand, d.closed, d.on_time,
        d.steps_due, d.steps_done, d.evidence_due, d.evidence_valid
    FROM handbook_adherenceday d WHERE d.day >= %(since)s AND d.day < LEAST(%(until)s, %(today)s)
    UNION ALL
    SELECT %(today)s, r.node_id, r.org_id, r.city,
        (r.state <> 'VOID' AND NOT r.by_hand)::int, (r.state = 'VOID' AND NOT r.by_hand)::int,
        r.by_hand::int, (r.state = 'CLOSED' AND NOT r.by_hand)::int,
        (r.state = 'CLOSED' AND NOT r.by_hand AND r.closed_at <= r.due_at)::int,
        CASE WHEN counts THEN r.steps_due ELSE 0 END, CASE WHEN counts THEN r.steps_done ELSE 0 END,
        CASE WHEN counts THEN r.evidence_due ELSE 0 END,
        CASE WHEN counts THEN r.evidence_valid ELSE 0 END
    FROM handbook_run r, LATERAL (SELECT
        r.state <> 'VOID' AND NOT r.by_hand
            AND (r.closed_by_fact_id IS NULL OR r.beside_job) AS counts) c
    WHERE %(since)s <= %(today)s AND %(today)s < %(until)s
      AND r.due_at >= %(day_start)s AND r.due_at <= %(at)s
)
SELECT c.day, n.slug, n.zh, n.en, c.org_id, c.city, sum(expected), sum(voided), sum(by_hand),
    sum(closed), sum(on_time), sum(steps_due), sum(steps_done), sum(evidence_due),
    sum(evidence_valid)
FROM cells c JOIN handbook_node n ON n.id = c.node_id
WHERE (%(org)s::int IS NULL OR c.org_id = %(org)s) AND (%(city)s = '' OR c.city = %(city)s)
GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(expected) > 0 ORDER BY 1 DESC, 2, 5, 6
"""


@question
def adherence_cells(
    *, since: date, until: date, actor: Actor, at: datetime, city: str = ""
) -> list[AdherenceCell]:
    """The counts of runs that fell due on the local days [since, until), up to this moment."""
    today = local_day(at)
    with connection.cursor() as cursor:
        cursor.execute(
            _CELLS,
            {
                "since": since,
                "until": until,
                "today": today,
                "day_start": day_start(today),
                "at": at,
                "org": actor.single_org_id,
                "city": city,
            },
        )
        return [
            AdherenceCell(day, slug, zh, en, org_id, name, Tally(*map(int, counts)))
            for day, slug, zh, en, org_id, name, *counts in cursor.fetchall()
        ]
