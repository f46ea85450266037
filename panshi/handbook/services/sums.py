"""Sums of the days of adherence, kept when the days are counted, for pages over the whole tree."""

from datetime import date, timedelta
from typing import Final

from django.db import connection

from panshi.handbook.queries.spans import COUNTS, SUMS
from panshi.handbook.rules import curves, measure
from panshi.handbook.rules.measure import Tally

_NAMES: Final = tuple(Tally.__dataclass_fields__)
_SET: Final = f"""
SET {", ".join(f"{name} = EXCLUDED.{name}" for name in _NAMES)}
WHERE ({", ".join(f"k.{name}" for name in _NAMES)})
    IS DISTINCT FROM ({", ".join(f"EXCLUDED.{name}" for name in _NAMES)})
"""
_CITIES: Final = f"""
INSERT INTO handbook_adherencecity AS k (id, org_id, edition_id, city, day, {COUNTS})
SELECT gen_random_uuid(), d.org_id, d.edition_id, d.city, d.day, {SUMS}
FROM handbook_adherenceday d WHERE d.day >= %(since)s AND d.day < %(until)s
GROUP BY d.org_id, d.edition_id, d.city, d.day
ON CONFLICT (org_id, edition_id, city, day) DO UPDATE {_SET}
"""
# Days are added up once between the bounds of all spans, then each span adds up its parts.
_SPANS: Final = f"""
WITH RECURSIVE below AS (
    SELECT id AS top, id FROM org_orgnode WHERE kind IN ('PLATFORM', 'REGION')
    UNION ALL
    SELECT b.top, n.id FROM below b JOIN org_orgnode n ON n.parent_id = b.id
), parts AS (
    SELECT b.top, d.node_id, d.edition_id, d.city,
        width_bucket(d.day, %(bounds)s::date[]) AS part, {SUMS}
    FROM handbook_adherenceday d JOIN below b ON b.id = d.org_id
    WHERE d.day >= %(first)s AND d.day < %(last)s
    GROUP BY 1, 2, 3, 4, 5
)
INSERT INTO handbook_adherencespan AS k (
    id, org_id, node_id, edition_id, city, since, until, {COUNTS})
SELECT gen_random_uuid(), d.top, d.node_id, d.edition_id, d.city, a.since, a.until, {SUMS}
FROM unnest(%(since)s::date[], %(until)s::date[]) AS a (since, until)
JOIN parts d ON d.part >= array_position(%(bounds)s::date[], a.since)
    AND d.part < array_position(%(bounds)s::date[], a.until)
GROUP BY d.top, d.node_id, d.edition_id, d.city, a.since, a.until
ON CONFLICT (org_id, since, until, node_id, edition_id, city) DO UPDATE {_SET}
"""
_PAST: Final = "DELETE FROM handbook_adherencespan WHERE until < %(today)s"


def keep_cities(since: date, until: date) -> None:
    """Add up the days [since, until) of each organisation, edition and city over all nodes."""
    with connection.cursor() as cursor:
        cursor.execute(_CITIES, {"since": since, "until": until})


def spans_from(today: date) -> list[tuple[date, date]]:
    """The spans [since, until) of days that pages ask for on a day."""
    until = today + timedelta(days=1)
    return [*((until - timedelta(days=n), until) for n in measure.PERIODS), curves.window(today)]


def keep_spans(today: date) -> None:
    """Add up the spans of today and of tomorrow below the platform and each regional centre.

    Tomorrow's are there before the first count of that day. Whoever asks must see the whole tree.
    """
    # The same days may be the twelve weeks of one day and the period of another.
    spans = sorted({*spans_from(today), *spans_from(today + timedelta(days=1))})
    bounds = sorted({day for span in spans for day in span})
    with connection.cursor() as cursor:
        cursor.execute(_PAST, {"today": today})
        cursor.execute(
            _SPANS,
            {
                "bounds": bounds,
                "first": bounds[0],
                "last": bounds[-1],
                "since": [since for since, _until in spans],
                "until": [until for _since, until in spans],
            },
        )
