"""What the ledger's trigger costs, and what its boards cost with sums kept and without.

Everything happens in one transaction that is rolled back.
"""

import statistics
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Final

from django.db import connection, transaction

from panshi.bench.billing import bench_books
from panshi.bench.machine import machine
from panshi.kit.clock import add_months
from panshi.kit.tenancy import acting, hq_actor, system_actor
from panshi.ledger import queries, services

ROUNDS: Final = 5
MONTHS: Final = 6
BOOKS: Final = 220
FIRST: Final = date(2027, 1, 1)
AT: Final = datetime(2027, 6, 21, 4, tzinfo=UTC)
ASKED: Final = 20

# Copies of the tables with all their indexes; the trigger is the product's own, told to look at
# the copies. Temporary tables write no log, so the trigger's part of the whole is rather too high.
_COPIES: Final = """
CREATE TEMP TABLE bench_entry (LIKE ledger_entry INCLUDING ALL);
CREATE TEMP TABLE bench_change (LIKE ledger_snapshotchange INCLUDING ALL);
CREATE TEMP TABLE bench_none (LIKE ledger_posting INCLUDING ALL);
CREATE TEMP TABLE bench_ours (LIKE ledger_posting INCLUDING ALL);
CREATE TEMP TABLE bench_rows (LIKE ledger_posting INCLUDING ALL);
CREATE TEMP TABLE bench_given AS
SELECT gen_random_uuid() AS id, 1 + n %% 200 AS org_id, DATE '2027-06-01' + n %% 28 AS day,
    gen_random_uuid() AS vehicle, gen_random_uuid() AS customer
FROM generate_series(1, %(entries)s) AS n;
INSERT INTO bench_entry (id, org_id, kind, source_kind, source_id, occurred_on, legs)
SELECT id, org_id, 'BILL_ISSUED', 'bench.Bill', id, day, 3 FROM bench_given;
ANALYZE bench_given; ANALYZE bench_entry
"""
_PER_ROW: Final = """
CREATE FUNCTION pg_temp.bench_check_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT sum(amount) FROM bench_rows WHERE entry_id = NEW.entry_id) <> 0 THEN
        RAISE EXCEPTION 'entry % does not balance', NEW.entry_id;
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER bench_row AFTER INSERT ON bench_rows DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION pg_temp.bench_check_row()
"""
_INSERT: Final = """
INSERT INTO {table} (entry_id, leg, org_id, occurred_on, account_id, amount, vehicle_id,
    customer_id, city)
SELECT g.id, v.leg, g.org_id, g.day, v.account, v.amount, g.vehicle, g.customer, '杭州'
FROM bench_given g CROSS JOIN (VALUES (1, '1122', 2980.00), (2, '2205', -2637.17),
    (3, '2221.01', -342.83)) AS v(leg, account, amount)
"""
_ROW_BY_ROW: Final = "bench_rows"


def measure_ledger(entries: int) -> dict[str, object]:
    """Insert three legs for each entry in one statement: without a check, with ours, per row.

    `ours.over_none` is the share that the statement trigger adds; the best of five rounds each.
    """
    with transaction.atomic():
        with acting(hq_actor()), connection.cursor() as cursor:
            cursor.execute(_COPIES, {"entries": entries})
            cursor.execute(
                "SELECT pg_get_functiondef('ledger_check_legs'::regproc)",
            )
            (body,) = cursor.fetchone() or ("",)
            body = body.replace("public.ledger_check_legs", "pg_temp.bench_check_legs")
            body = body.replace("ledger_entry", "bench_entry")
            cursor.execute(body.replace("ledger_snapshotchange", "bench_change"))
            cursor.execute(
                "CREATE TRIGGER bench_statement AFTER INSERT ON bench_ours"
                " REFERENCING NEW TABLE AS added FOR EACH STATEMENT"
                " EXECUTE FUNCTION pg_temp.bench_check_legs()"
            )
            cursor.execute(_PER_ROW)
            took: dict[str, list[float]] = {"bench_none": [], "bench_ours": [], _ROW_BY_ROW: []}
            for _ in range(ROUNDS):
                for table, times in took.items():
                    cursor.execute(f"TRUNCATE {table}, bench_change")
                    start = time.perf_counter()
                    cursor.execute(_INSERT.format(table=table))
                    if table == _ROW_BY_ROW:
                        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
                    times.append(time.perf_counter() - start)
        transaction.set_rollback(True)
    none, ours, rows = (min(times) for times in took.values())
    return {
        "bench": "ledger",
        "machine": machine(),
        "ours": {"insert_s": ours, "over_none": ours / none - 1, "postings": 3 * entries},
        "baseline": {
            "no_check": {"insert_s": none},
            "per_row_deferred": {"insert_s": rows, "over_none": rows / none - 1},
        },
        "ratio": {"per_row_deferred.insert_s": rows / ours},
    }


_STAGE: Final = """
INSERT INTO ledger_staged
WITH given AS MATERIALIZED (
    SELECT (%(books)s::int[])[1 + n %% cardinality(%(books)s::int[])] AS org_id, k.kind,
        %(month)s::date + n %% 28 AS day, gen_random_uuid() AS id
    FROM generate_series(1, %(bills)s) AS n
    CROSS JOIN (VALUES ('BILL_ISSUED'), ('PAYMENT_RECEIVED')) AS k(kind)
)
SELECT g.org_id, g.kind, 'bench.Bill', g.id, g.day, v.leg, v.account, v.amount, NULL, NULL, '杭州'
FROM given g JOIN (VALUES ('BILL_ISSUED', 1, '1122', 2980.00),
    ('BILL_ISSUED', 2, '6001.rental', -2637.17), ('BILL_ISSUED', 3, '2221.01', -342.83),
    ('PAYMENT_RECEIVED', 1, '1002', 2980.00), ('PAYMENT_RECEIVED', 2, '1122', -2980.00)
) AS v(of, leg, account, amount) ON v.of = g.kind
"""
# What the trial balance was before sums were kept: every posting since the beginning.
_FULL_SCAN: Final = """
SELECT account_id, COALESCE(sum(amount) FILTER (WHERE occurred_on < %(since)s), 0),
    COALESCE(sum(amount) FILTER (WHERE occurred_on >= %(since)s AND amount > 0), 0),
    COALESCE(-sum(amount) FILTER (WHERE occurred_on >= %(since)s AND amount < 0), 0), sum(amount)
FROM ledger_posting
WHERE occurred_on < %(until)s AND (%(org)s::int IS NULL OR org_id = %(org)s)
GROUP BY account_id
"""


def measure_board(bills: int) -> dict[str, object]:
    """The trial balance and the board's sums over six months of `bills` bills a month, paid.

    Milliseconds, p95 of 20, for headquarters and one of 220 operators; the baseline adds up all
    postings. Raises LookupError without a platform node.
    """
    with transaction.atomic():
        with acting(hq_actor()):
            books = bench_books(BOOKS)
            postings = 0
            for number in range(MONTHS):
                services.open_stage()
                with connection.cursor() as cursor:
                    month = add_months(FIRST, number)
                    cursor.execute(_STAGE, {"month": month, "books": books, "bills": bills})
                postings += services.post_staged().postings
            services.fold_sums(actor=hq_actor(), at=AT)
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE ledger_posting; ANALYZE ledger_snapshot")
            ours, scan = _asked(None), _scanned(None)
        one = _asked(books[0]), _scanned(books[0])
        transaction.set_rollback(True)
    return {
        "bench": "finance-board",
        "machine": machine(),
        "ours": {**ours, **one[0], "postings": postings, "books": len(books)},
        "baseline": {"full_scan": {**scan, **one[1]}},
        "ratio": {
            "full_scan.hq_trial_ms": scan["hq_trial_ms"] / max(ours["hq_trial_ms"], 1e-6),
        },
    }


def _p95(call: Callable[[], object]) -> float:
    call()
    times = []
    for _ in range(ASKED):
        start = time.perf_counter()
        call()
        times.append(1000 * (time.perf_counter() - start))
    return statistics.quantiles(times, n=20)[-1]


def _asked(org_id: int | None) -> dict[str, float]:
    actor = hq_actor() if org_id is None else system_actor(org_id)
    who = "hq" if org_id is None else "operator"
    june, july = date(2027, 6, 1), date(2027, 7, 1)

    def board() -> None:
        queries.balances(accounts=("6001.rental", "1002"), since=june, until=july, actor=actor)
        queries.balances(accounts=("1122", "1002"), until=july, actor=actor)

    return {
        f"{who}_trial_ms": _p95(lambda: queries.trial_balance(month=june, actor=actor)),
        f"{who}_board_ms": _p95(board),
    }


def _scanned(org_id: int | None) -> dict[str, float]:
    values = {"since": date(2027, 6, 1), "until": date(2027, 7, 1), "org": org_id}

    def scan() -> None:
        with connection.cursor() as cursor:
            cursor.execute(_FULL_SCAN, values)
            cursor.fetchall()

    who = "hq" if org_id is None else "operator"
    if org_id is None:
        return {f"{who}_trial_ms": _p95(scan)}
    with acting(system_actor(org_id)):
        return {f"{who}_trial_ms": _p95(scan)}
