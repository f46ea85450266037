"""A million runs behind the measures: how long they take to count, and the pages over them."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import psycopg
from django.apps import apps
from django.db import connection
from django.db.models import Sum

from panshi.handbook import queries, services
from panshi.kit.ids import uuid7
from panshi.kit.tenancy import APP, Actor, acting, lineage

DAYS: Final = 34
ASKED: Final = 20
TILES: Final = 20
_MEASURED: Final = ("handbook_run", "handbook_adherence")
CITIES: Final = ("杭州", "宁波", "苏州", "成都", "重庆", "北京", "天津", "石家庄")
# One run in forty is open; a fifth of the others was late, a third was closed by a fact.
_MADE: Final = """
INSERT INTO handbook_run (id, org_id, node_id, revision_id, edition_id, city, subject_type,
    subject_id, fact_name, fact, occurrence_key, by_hand, params, beside_job, reason, owner_role,
    roles, state, started_at, take_by, due_at, closed_at, closed_by_fact_id, listens, next_rung,
    round, steps_due, steps_done, evidence_due, evidence_valid, job_required, job_done)
SELECT gen_random_uuid(), (%(books)s::int[])[1 + g %% %(places)s], i.node_id, i.revision_id,
    i.edition_id, (%(cities)s::text[])[1 + g %% 8], 'fleet.vehicle', '', '', '{}', 'bench/' || g,
    false, '{}', false, '', n.owner_role, ARRAY[n.owner_role],
    CASE WHEN g %% 40 = 0 THEN 'WAITING' ELSE 'CLOSED' END,
    due, due, due,
    CASE WHEN g %% 40 > 0 THEN due + (g %% 5 - 3.5) * interval '1 hour' END,
    CASE WHEN g %% 3 = 0 THEN gen_random_uuid() END,
    '{}', 0, 0, 8, g %% 9, 5, g %% 6, 0, 0
FROM generate_series(1::bigint, %(runs)s) AS g
JOIN (SELECT node_id, revision_id, edition_id, row_number() OVER (ORDER BY node_id) - 1 AS place,
        count(*) OVER () AS held
    FROM handbook_editionitem WHERE edition_id = %(edition)s) i ON i.place = g * 7919 %% i.held
JOIN handbook_node n ON n.id = i.node_id,
LATERAL (SELECT %(at)s::timestamptz - (g * 104729 %% %(minutes)s) * interval '1 minute' AS due) m
"""


def measure_history(
    *, runs: int, books: list[int], actor: Actor, at: datetime, superuser: psycopg.Connection
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Figures of ours and of the baseline, with `runs` more runs due in the last 34 days.

    The `superuser` lays them without keys and triggers, and tidies the tables up as the database
    does by itself. `roll_up_s` counts them all, `roll_up_again_s` anew. Each page is asked by
    headquarters, a region and an operator. The baseline asks tile by tile, of twenty tiles, and is
    scaled up to all.
    """
    with acting(actor):
        edition_id = apps.get_model("handbook", "Edition").objects.get(state="RELEASED").id
    began = time.perf_counter()
    superuser.execute("SET session_replication_role = replica")
    superuser.execute(
        _MADE,
        {
            "books": books, "places": len(books), "cities": list(CITIES), "runs": runs,
            "edition": edition_id, "at": at, "minutes": DAYS * 1440,
        },
    )  # fmt: skip
    made_s = time.perf_counter() - began
    superuser.execute("VACUUM (ANALYZE)")
    began = time.perf_counter()
    cells = services.roll_up_adherence(actor=actor, at=at).cells
    roll_up_s = time.perf_counter() - began
    superuser.execute("VACUUM (ANALYZE)")
    began = time.perf_counter()
    services.roll_up_adherence(actor=actor, at=at)
    again_s = time.perf_counter() - began
    superuser.execute("VACUUM (ANALYZE)")
    asked = {name: _asked(ask, books, actor) for name, ask in _questions(at).items()}
    tiles = sum(len(card.tiles) for card in queries.panorama(actor=actor, at=at))
    ours = {
        "history_runs": runs, "history_made_s": made_s, "roll_up_s": roll_up_s,
        "roll_up_again_s": again_s, "roll_up_cells": cells, **asked,
    }  # fmt: skip
    with acting(actor):
        return ours, {"panorama_ms": _by_tile(at) * tiles / TILES, "tiles": TILES}


def _questions(at: datetime) -> dict[str, Callable[[Actor], Any]]:
    """What pages ask, by name."""
    city = CITIES[0]
    return {
        "panorama": lambda by: queries.panorama(actor=by, at=at),
        "panorama_city": lambda by: queries.panorama(actor=by, at=at, city=city),
        "panorama_84_days": lambda by: queries.panorama(actor=by, at=at, days=84),
        "panorama_gap": lambda by: queries.panorama(actor=by, at=at, mode="gap", city=city),
        "cities_filter": lambda by: queries.cities(actor=by),
        "city_curve": lambda by: queries.city_curve(actor=by, at=at),
        "city_curve_of_node": lambda by: queries.city_curve(
            actor=by, at=at, node="overdue-reminder"
        ),
        "supervision": lambda by: queries.supervision(actor=by, at=at),
        "inbox": lambda by: queries.inbox(actor=by, at=at),
        "node_page": lambda by: queries.node_page(slug="overdue-reminder", actor=by, at=at),
    }


def _asked(ask: Callable[[Actor], Any], books: list[int], hq: Actor) -> dict[str, Any]:
    """What a question costs headquarters, a regional centre and an operator.

    `statements` are all that it asks of the database, `measured` those over runs and days.
    """
    region = lineage(books[0])[1]
    half = books[: len(books) // 2]
    roles = frozenset({"FINANCE", "OPERATIONS"})
    whole = replace(hq, id=uuid7(), roles=roles)
    actors = {
        "hq": whole,
        "region": replace(whole, org_id=region, org_ids=(region, *half), db_role=APP),
        "operator": replace(whole, org_id=books[0], org_ids=(books[0],), db_role=APP),
    }
    found = {}
    for name, actor in actors.items():
        with _counted() as asks:
            ask(actor)
        measured = [sql for sql in asks if any(table in sql for table in _MEASURED)]
        found[name] = {
            **_timed(partial(ask, actor)), "statements": len(asks), "measured": len(measured)
        }  # fmt: skip
    return found


@contextmanager
def _counted() -> Iterator[list[str]]:
    """The statements that are executed."""
    seen: list[str] = []

    def note(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        seen.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        yield seen


def _timed(ask: Callable[[], object]) -> dict[str, float]:
    """The 95th percentile and the quickest of asking twenty times, in milliseconds.

    Beside them what one costs of CPU, ours and that of the database, which the load of the machine
    does not change.
    """
    took = []
    cpu, database = time.process_time(), _database_cpu()
    for _time in range(ASKED):
        began = time.perf_counter()
        ask()
        took.append((time.perf_counter() - began) * 1000)
    took.sort()
    return {
        "p95_ms": took[int(ASKED * 0.95) - 1],
        "best_ms": took[0],
        "cpu_ms": (time.process_time() - cpu) * 1000 / ASKED,
        "database_cpu_ms": (_database_cpu() - database) * 1000 / ASKED,
    }


def _database_cpu() -> float:
    """Seconds of CPU that the connection's own process has used; 0 where they cannot be read."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        stat = Path(f"/proc/{cursor.fetchone()[0]}/stat")
    if not stat.exists():
        return 0.0
    user, system = stat.read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


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
