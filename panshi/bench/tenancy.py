"""Row-level security: a page of vehicles and a search under the house's policy and under others.

Everything happens in one transaction that is rolled back, on copies of the register.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from django.db import connection, transaction

from panshi.bench.billing import bench_books
from panshi.bench.company import vin
from panshi.bench.machine import machine
from panshi.kit.tenancy import Actor, acting, hq_actor, system_actor

ASKED: Final = 40
BOOKS: Final = 220
AT: Final = datetime(2027, 5, 31, 4, tzinfo=UTC)
# How far a region reaches.
REGION: Final = 44
_OWN: Final = "= ANY((SELECT NULLIF(current_setting('app.org_ids', true), '')::int[])::int[])"
_COPY: Final = """
CREATE TEMP TABLE {table} (id uuid, org_id int, path text, vin text, plate text, state text);
INSERT INTO {table} SELECT gen_random_uuid(), b.org_id, b.path, w.vin,
    '浙AD' || lpad(w.n::text, 6, '0'), CASE w.n % 3 WHEN 0 THEN 'READY' ELSE 'LEASED' END
FROM unnest(%(vins)s::text[]) WITH ORDINALITY AS w (vin, n)
JOIN unnest(%(books)s::int[], %(paths)s::text[]) WITH ORDINALITY AS b (org_id, path, place)
    ON b.place = 1 + w.n %% {books};
CREATE INDEX ON {table} (org_id, plate); CREATE INDEX ON {table} (plate);
CREATE INDEX ON {table} (path text_pattern_ops); ANALYZE {table};
GRANT SELECT ON {table} TO panshi_app
"""
_GUARD: Final = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY; ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY app ON {table} TO panshi_app USING ({condition})
"""
_FUNCTION: Final = """
CREATE FUNCTION pg_temp.bench_may_see(asked int) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN asked = ANY(NULLIF(current_setting('app.org_ids', true), '')::int[]);
END $$
"""
_POLICIES: Final = {
    "bench_none": "",
    "bench_ours": f"org_id {_OWN}",
    "bench_function": "pg_temp.bench_may_see(org_id)",
    # A materialised path: the tree's reach as a prefix, compared row by row.
    "bench_path": "path LIKE NULLIF(current_setting('app.bench_path', true), '') || '%'",
}
_LIST: Final = "SELECT count(*) FROM {table} {where}"
_PAGE: Final = "SELECT id, plate, state FROM {table} {where} ORDER BY plate LIMIT 50"
_SEARCH: Final = "SELECT id FROM {table} {where} {also} plate LIKE %(words)s LIMIT 10"


def measure_tenancy(vehicles: int) -> dict[str, object]:
    """Count and page a register of `vehicles` in 220 books, and search it by plate; p95 in ms.

    On copies, as a region of 44 books: `ours` is the product's policy, the baselines are no row
    security (the same rows by a condition of the statement), a policy that calls a function per
    row, and one that compares a path of the tree as text (the extension ltree would have to be
    installed in the database first). Raises LookupError without a platform node.
    """
    with transaction.atomic():
        with acting(hq_actor()):
            books = bench_books(BOOKS)
            _copies(books, vehicles)
        region = system_actor(books[0])
        region = Actor(
            id=region.id,
            org_id=region.org_id,
            org_ids=tuple(books[:REGION]),
            permissions=region.permissions,
            db_role=region.db_role,
        )
        took = {table: _asked(table, books, region) for table in _POLICIES}
        transaction.set_rollback(True)
    ours, none = took["bench_ours"], took["bench_none"]
    return {
        "bench": "tenancy",
        "machine": machine(),
        "ours": {
            **ours,
            "vehicles": vehicles,
            "books": len(books),
            "over_none": ours["list_ms"] / max(none["list_ms"], 1e-6),
        },
        "baseline": {
            "no_policy": none,
            "function_policy": took["bench_function"],
            "path_policy": took["bench_path"],
        },
        "ratio": {
            "function_policy.list_ms": took["bench_function"]["list_ms"] / ours["list_ms"],
            "path_policy.list_ms": took["bench_path"]["list_ms"] / ours["list_ms"],
        },
    }


def _copies(books: Sequence[int], vehicles: int) -> None:
    values: dict[str, Any] = {
        "vins": [vin(number, maker="11111111013") for number in range(vehicles)],
        "books": list(books),
        # The first books are the region's, whose path they share.
        "paths": [f"1.{'2' if n < REGION else '3'}.{org}" for n, org in enumerate(books)],
    }
    with connection.cursor() as cursor:
        cursor.execute(_FUNCTION)
        for table, condition in _POLICIES.items():
            statement = _COPY.format(table=table, books=len(books)).replace("n % 3", "n %% 3")
            cursor.execute(statement, values)
            if condition:
                cursor.execute(_GUARD.format(table=table, condition=condition))


def _asked(table: str, books: Sequence[int], actor: Actor) -> dict[str, float]:
    bare = table == "bench_none"
    where = "WHERE org_id = ANY(%(orgs)s)" if bare else ""
    values: dict[str, Any] = {"orgs": list(books[:REGION]), "words": "浙AD0123%"}

    def ask(*statements: str) -> Callable[[], None]:
        def run() -> None:
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement, values)
                    cursor.fetchall()

        return run

    also = "AND" if bare else "WHERE"
    given = {"table": table, "where": where, "also": also}
    with acting(actor), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.bench_path', '1.2.', true)")
        cursor.execute(_LIST.format(**given), values)
        ((rows,),) = cursor.fetchall()
        return {
            "rows": rows,
            "list_ms": _p95(ask(_LIST.format(**given), _PAGE.format(**given))),
            "search_ms": _p95(ask(_SEARCH.format(**given))),
        }


def _p95(call: Callable[[], object]) -> float:
    call()
    times = []
    for _ in range(ASKED):
        start = time.perf_counter()
        call()
        times.append(1000 * (time.perf_counter() - start))
    return statistics.quantiles(times, n=20)[-1]
