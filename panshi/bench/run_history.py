"""A million runs behind the measures: how long they take to count, and the panorama over them.

They are made in one statement inside the transaction of the benchmark, which is rolled back.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final

from django.apps import apps
from django.db import connection
from django.db.models import Sum

from panshi.handbook import queries, services
from panshi.kit.tenancy import Actor

DAYS: Final = 34
ASKED: Final = 20
TILES: Final = 20
CITIES: Final = ("杭州", "宁波", "苏州", "成都", "重庆", "北京", "天津", "石家庄")
# One run in forty is open; a fifth of the others was late, a third was closed by a fact.
_MADE: Final = """
INSERT INTO handbook_run (id, org_id, node_id, revision_id, edition_id, city, subject_type,
    subject_id, fact_name, fact, occurrence_key, by_hand, params, beside_job, reason, owner_role,
    roles, state, started_at, take_by, due_at, closed_at, closed_by_fact_id, listens, next_rung,
    round, steps_due, steps_done, evidence_due, evidence_valid, job_required, job_done)
SELECT gen_random_uuid(), (%(books)s::int[])[1 + g %% %(places)s], i.node_id, i.revision_id,
    i.edition_id, (%(cities)s::text[])[1 + g %% 8], 'fleet.vehicle', '', '', '{}', 'bench/' || g,
    false, '{}', false, '', 'qc', '{}', CASE WHEN g %% 40 = 0 THEN 'WAITING' ELSE 'CLOSED' END,
    due, due, due,
    CASE WHEN g %% 40 > 0 THEN due + (g %% 5 - 3.5) * interval '1 hour' END,
    CASE WHEN g %% 3 = 0 THEN gen_random_uuid() END,
    '{}', 0, 0, 8, g %% 9, 5, g %% 6, 0, 0
FROM generate_series(1::bigint, %(runs)s) AS g
JOIN (SELECT node_id, revision_id, edition_id, row_number() OVER (ORDER BY node_id) - 1 AS place,
        count(*) OVER () AS held
    FROM handbook_editionitem WHERE edition_id = %(edition)s) i ON i.place = g * 7919 %% i.held,
LATERAL (SELECT %(at)s::timestamptz - (g * 104729 %% %(minutes)s) * interval '1 minute' AS due) m
"""


def measure_history(
    *, runs: int, books: list[int], actor: Actor, at: datetime
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Figures of ours and of the baseline, with `runs` more runs due in the last 34 days.

    `roll_up_s` counts all of them; `panorama_p95_ms` is of twenty times the whole map, with what
    it asked the database of runs and days in `panorama_asks`. The baseline asks tile by tile, of
    twenty tiles, and is scaled up to all.
    """
    edition_id = apps.get_model("handbook", "Edition").objects.get(state="RELEASED").id
    with connection.cursor() as cursor:
        began = time.perf_counter()
        cursor.execute(
            _MADE,
            {
                "books": books, "places": len(books), "cities": list(CITIES), "runs": runs,
                "edition": edition_id, "at": at, "minutes": DAYS * 1440,
            },
        )  # fmt: skip
    made_s = time.perf_counter() - began
    began = time.perf_counter()
    cells = services.roll_up_adherence(actor=actor, at=at).cells
    roll_up_s = time.perf_counter() - began

    def ask() -> Any:
        return queries.panorama(actor=actor, at=at)

    with _counted("handbook_run", "handbook_adherenceday") as asks:
        cards = ask()
    map_ms = _p95(ask)
    city_ms = _p95(lambda: queries.panorama(actor=actor, at=at, city=CITIES[0]))
    curve_ms = _p95(lambda: queries.city_curve(actor=actor, at=at), times=3)
    ours = {
        "history_runs": runs, "history_made_s": made_s, "roll_up_s": roll_up_s,
        "roll_up_cells": cells, "panorama_p95_ms": map_ms, "panorama_city_p95_ms": city_ms,
        "panorama_asks": len(asks), "city_curve_p95_ms": curve_ms,
    }  # fmt: skip
    tiles = sum(len(card.tiles) for card in cards)
    return ours, {"by_tile": {"panorama_ms": _by_tile(at) * tiles / TILES, "tiles": TILES}}


@contextmanager
def _counted(*tables: str) -> Iterator[list[str]]:
    """The statements that name any of these tables, as they are executed."""
    seen: list[str] = []

    def note(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if any(table in sql for table in tables):
            seen.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        yield seen


def _p95(ask: Callable[[], object], *, times: int = ASKED) -> float:
    """The 95th percentile of asking some times, in milliseconds."""
    took = []
    for _time in range(times):
        began = time.perf_counter()
        ask()
        took.append((time.perf_counter() - began) * 1000)
    return sorted(took)[max(int(times * 0.95) - 1, 0)]


def _by_tile(at: datetime) -> float:
    """Milliseconds of the load and the adherence of twenty nodes, each asked for itself."""
    run, day = apps.get_model("handbook", "Run"), apps.get_model("handbook", "AdherenceDay")
    nodes = list(apps.get_model("handbook", "Node").objects.filter(level=1)[:TILES])
    began = time.perf_counter()
    for node in nodes:
        for ids in ([node.id], list(node.children.values_list("id", flat=True))):
            open_runs = run.objects.filter(node_id__in=ids, state="WAITING")
            open_runs.count()
            open_runs.filter(due_at__lt=at).count()
            days = day.objects.filter(node_id__in=ids, day__gt=at - timedelta(days=28))
            days.aggregate(expected=Sum("expected"), on_time=Sum("on_time"))
    return (time.perf_counter() - began) * 1000
