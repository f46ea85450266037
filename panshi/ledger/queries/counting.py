"""Counting both sides of the ledger's own promises, book by book.

What a room above promises about its nouns it counts itself, in a guard named `count_invariants`
that answers the same rows.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.db import connection

from panshi.ledger.queries.sums import KEPT


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Both sides of a promise in one book; `broken` things do not keep it, one of them named."""

    org_id: int
    code: str
    left: Decimal
    right: Decimal
    broken: int
    example: str = ""


# One walk over all entries and legs answers four promises.
_ENTRIES: Final = """
WITH sums AS (
    SELECT entry_id, count(*) AS legs, sum(amount) AS total,
        COALESCE(sum(amount) FILTER (WHERE amount > 0), 0) AS debit,
        COALESCE(-sum(amount) FILTER (WHERE amount < 0), 0) AS credit,
        count(*) FILTER (WHERE amount = 0) AS zeroes, count(DISTINCT org_id) AS books,
        (array_agg(org_id))[1] AS org_id
    FROM ledger_posting WHERE (%(org)s::int IS NULL OR org_id = %(org)s) GROUP BY entry_id
), entries AS (
    SELECT COALESCE(e.org_id, s.org_id) AS org_id, COALESCE(e.id, s.entry_id)::text AS id,
        COALESCE(e.legs, 0) AS said, COALESCE(s.legs, 0) AS legs, COALESCE(s.total, 0) AS total,
        COALESCE(s.debit, 0) AS debit, COALESCE(s.credit, 0) AS credit,
        COALESCE(s.legs, 0) < 2 OR e.legs IS DISTINCT FROM s.legs OR s.zeroes > 0 AS short,
        e.id IS NULL OR s.books IS DISTINCT FROM 1 OR s.org_id IS DISTINCT FROM e.org_id AS astray
    FROM (SELECT id, org_id, legs FROM ledger_entry
          WHERE (%(org)s::int IS NULL OR org_id = %(org)s)) e
    FULL JOIN sums s ON s.entry_id = e.id
)
SELECT org_id,
    sum(debit), sum(credit), count(*) FILTER (WHERE total <> 0), min(id) FILTER (WHERE total <> 0),
    sum(said), sum(legs), count(*) FILTER (WHERE short), min(id) FILTER (WHERE short),
    count(*), count(*) FILTER (WHERE NOT astray), count(*) FILTER (WHERE astray),
    min(id) FILTER (WHERE astray)
FROM entries GROUP BY org_id
"""
_SOURCES: Final = """
SELECT org_id, sum(times), count(*), count(*) FILTER (WHERE times > 1),
    min(source_id::text) FILTER (WHERE times > 1)
FROM (
    SELECT org_id, kind, source_kind, source_id, count(*) AS times FROM ledger_entry
    WHERE (%(org)s::int IS NULL OR org_id = %(org)s) GROUP BY 1, 2, 3, 4
) sources GROUP BY org_id
"""
# Four triggers that are on, and no role of ours that may change or remove.
_GUARDED: Final = """
SELECT (SELECT count(*) FROM pg_trigger WHERE tgenabled = 'O'
        AND tgrelid IN ('ledger_entry'::regclass, 'ledger_posting'::regclass)
        AND tgname ~ '(append_only|never_truncated)$'),
    (SELECT count(*) FROM unnest(ARRAY['panshi_app', 'panshi_hq', 'panshi_report',
            'panshi_portal']) AS r(name),
        unnest(ARRAY['ledger_entry', 'ledger_posting']) AS t(name),
        unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE']) AS p(name)
        WHERE has_table_privilege(r.name, t.name, p.name))
"""
_GUARDS: Final = 4
_BETWEEN: Final = """
SELECT COALESCE(sum(amount) FILTER (WHERE account_id = '1221.90'), 0),
    COALESCE(-sum(amount) FILTER (WHERE account_id = '2241.90'), 0),
    (SELECT count(*) FROM (
        SELECT e.pair_id FROM ledger_posting p JOIN ledger_entry e ON e.id = p.entry_id
        WHERE p.account_id IN ('1221.90', '2241.90')
        GROUP BY e.pair_id HAVING sum(p.amount) <> 0 OR e.pair_id IS NULL) odd)
FROM ledger_posting WHERE account_id IN ('1221.90', '2241.90')
"""
_SUMS: Final = f"""(
    SELECT org_id, month, account_id, city, sum(debit) AS debit, sum(credit) AS credit
    FROM {KEPT} kept WHERE (%(org)s::int IS NULL OR org_id = %(org)s) GROUP BY 1, 2, 3, 4
)"""
_CLOSED: Final = f"""
WITH shut AS (
    SELECT org_id, month, rounds FROM ledger_period
    WHERE state = 'CLOSED' AND (%(org)s::int IS NULL OR org_id = %(org)s)
), was AS (
    SELECT c.org_id, c.month, c.account_id, c.city, c.debit, c.credit FROM ledger_closedsum c
    JOIN shut s ON s.org_id = c.org_id AND s.month = c.month AND s.rounds = c.round
), now AS (
    SELECT k.* FROM {_SUMS} k JOIN shut USING (org_id, month)
)
SELECT org_id, COALESCE(sum(was.debit), 0), COALESCE(sum(now.debit), 0),
    count(*) FILTER (WHERE (was.debit, was.credit) IS DISTINCT FROM (now.debit, now.credit)),
    min(to_char(month, 'YYYY-MM') || ' ' || account_id)
        FILTER (WHERE (was.debit, was.credit) IS DISTINCT FROM (now.debit, now.credit))
FROM was FULL JOIN now USING (org_id, month, account_id, city) GROUP BY org_id
"""
_RECOUNTED: Final = f"""
WITH counted AS (
    SELECT org_id, date_trunc('month', occurred_on)::date AS month, account_id, city,
        COALESCE(sum(amount) FILTER (WHERE amount > 0), 0) AS debit,
        COALESCE(-sum(amount) FILTER (WHERE amount < 0), 0) AS credit
    FROM ledger_posting WHERE (%(org)s::int IS NULL OR org_id = %(org)s) GROUP BY 1, 2, 3, 4
)
SELECT org_id, COALESCE(sum(k.debit), 0), COALESCE(sum(c.debit), 0),
    count(*) FILTER (WHERE (k.debit, k.credit) IS DISTINCT FROM (c.debit, c.credit)),
    min(to_char(month, 'YYYY-MM') || ' ' || account_id)
        FILTER (WHERE (k.debit, k.credit) IS DISTINCT FROM (c.debit, c.credit))
FROM {_SUMS} k FULL JOIN counted c USING (org_id, month, account_id, city) GROUP BY org_id
"""
_RESULTS: Final = f"""
WITH own AS (SELECT code FROM ledger_account WHERE kind IN ('INCOME', 'EXPENSE')),
vehicles AS (
    SELECT org_id, vehicle_id, -sum(amount) AS result FROM ledger_posting
    WHERE account_id IN (SELECT code FROM own) AND (%(org)s::int IS NULL OR org_id = %(org)s)
    GROUP BY 1, 2
), parts AS (SELECT org_id, sum(result) AS result FROM vehicles GROUP BY 1),
books AS (
    SELECT org_id, sum(credit - debit) AS result FROM {_SUMS} k
    WHERE account_id IN (SELECT code FROM own) GROUP BY 1
)
SELECT org_id, COALESCE(p.result, 0), COALESCE(b.result, 0),
    (p.result IS DISTINCT FROM b.result)::int, NULL
FROM parts p FULL JOIN books b USING (org_id)
"""


def _ask(words: str, org_id: int | None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(words, {"org": org_id})
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _counted(code: str, row: tuple[Any, ...]) -> Counted:
    org_id, left, right, broken, example = row
    return Counted(
        org_id=org_id,
        code=code,
        left=Decimal(left),
        right=Decimal(right),
        broken=broken,
        example=example or "",
    )


def count(*, whole_tree: bool, org_id: int | None, asker: int) -> list[Counted]:
    """Count the ledger's own promises, of one book or of all that are seen.

    What holds for the tables themselves and over the whole tree is counted for the asker's node;
    the latter only by who sees the whole tree.
    """
    counted = []
    for row in _ask(_ENTRIES, org_id):
        counted += [
            _counted(code, (row[0], *row[first : first + 4]))
            for code, first in (("I1", 1), ("I2", 5), ("I5", 9))
        ]
    for code, words in (
        ("I4", _SOURCES), ("I10", _CLOSED), ("I11", _RECOUNTED), ("I12", _RESULTS),
    ):  # fmt: skip
        counted += [_counted(code, row) for row in _ask(words, org_id)]
    guards, privileges = _ask(_GUARDED, None)[0]
    broken = _GUARDS - guards + privileges
    counted.append(_counted("I3", (asker, _GUARDS, guards - privileges, broken, "")))
    if whole_tree:
        owed, owing, odd = _ask(_BETWEEN, None)[0]
        counted.append(_counted("I6", (asker, owed, owing, odd + (owed != owing), "")))
    return counted
