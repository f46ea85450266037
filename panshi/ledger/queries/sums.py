"""Questions about sums: balances, the trial balance, the legs behind a figure."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection

from panshi.kit.clock import add_months, month_start
from panshi.kit.money import ZERO
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.ledger.models import Account, SnapshotChange
from panshi.ledger.queries.entries import KIND_WORDS
from panshi.ledger.rules import KEPT_BY_DAY


@dataclass(frozen=True, slots=True)
class BalanceRow:
    """Σ of postings on an account in [since, until), debit positive."""

    org_id: int
    city: str
    account: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class TrialRow:
    account: str
    name: str
    kind: str
    opening: Decimal
    debit: Decimal
    credit: Decimal
    closing: Decimal


# What is folded and what is not yet: together the sums of whole months.
KEPT: Final = """(
    SELECT org_id, month, account_id, city, debit, credit FROM ledger_snapshot
    UNION ALL
    SELECT org_id, month, account_id, city, debit, credit FROM ledger_snapshotchange
)"""
# Whole months come from their sums; the days that a span has more or less than whole months, from
# the postings of those days.
_BALANCES: Final = f"""
SELECT org_id, city, account_id, sum(amount) FROM (
    SELECT org_id, city, account_id, sum(debit - credit) AS amount FROM {KEPT} s
    WHERE account_id = ANY(%(accounts)s) AND month < %(last)s
      AND (%(first)s::date IS NULL OR month >= %(first)s)
      AND (%(org)s::int IS NULL OR org_id = %(org)s)
    GROUP BY 1, 2, 3
    UNION ALL
    SELECT org_id, city, account_id, sum(amount) * sign FROM ledger_posting
        JOIN unnest(%(signs)s::int[], %(froms)s::date[], %(tos)s::date[]) AS e(sign, since, until)
        ON occurred_on >= since AND occurred_on < until
    WHERE account_id = ANY(%(accounts)s) AND (%(org)s::int IS NULL OR org_id = %(org)s)
    GROUP BY 1, 2, 3, sign
) parts GROUP BY 1, 2, 3 HAVING sum(amount) <> 0
"""
_OF_KIND: Final = """
SELECT org_id, city, account_id, sum(amount) FROM ledger_posting p
WHERE account_id = ANY(%(accounts)s) AND occurred_on < %(until)s
  AND (%(since)s::date IS NULL OR occurred_on >= %(since)s)
  AND (%(org)s::int IS NULL OR org_id = %(org)s)
  AND EXISTS (SELECT FROM ledger_entry e WHERE e.id = p.entry_id AND e.kind = %(kind)s)
GROUP BY org_id, city, account_id HAVING sum(amount) <> 0
"""
_MIDDLE: Final = 15


def _edge(day: date, sign: int) -> tuple[date, tuple[int, date, date] | None]:
    """The month border nearest to a day, and the days between: added or taken away by sign."""
    start = month_start(day)
    if day == start:
        return start, None
    if day.day <= _MIDDLE:
        return start, (sign, start, day)
    after = add_months(start, 1)
    return after, (-sign, day, after)


@question
def balances(
    *,
    accounts: tuple[str, ...],
    until: date,
    actor: Actor,
    since: date | None = None,
    org_id: int | None = None,
    kind: str = "",
) -> list[BalanceRow]:
    """Sums by org, city and account over [since, until); without `since`, from the beginning.

    `kind` leaves all entries of other kinds out.
    """
    values: dict[str, Any] = {
        "accounts": list(accounts), "until": until, "since": since, "kind": kind,
        "org": org_id if org_id is not None else actor.single_org_id,
    }  # fmt: skip
    last, end = _edge(until, 1)
    first, start = _edge(since, -1) if since else (None, None)
    edges = [edge for edge in (end, start) if edge]
    values |= {"last": last, "first": first}
    values |= {
        name: [edge[place] for edge in edges]
        for place, name in enumerate(("signs", "froms", "tos"))
    }
    with connection.cursor() as cursor:
        cursor.execute(_OF_KIND if kind else _BALANCES, values)
        return [BalanceRow(*row) for row in cursor.fetchall()]


@question
def month_sums(
    *, accounts: tuple[str, ...], since: date, until: date, actor: Actor
) -> list[tuple[date, str, Decimal]]:
    """Month, account and Σ of its postings, debit positive, of the whole months [since, until)."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT month, account_id, sum(debit - credit) FROM {KEPT} s"
            " WHERE account_id = ANY(%(accounts)s) AND month >= %(since)s AND month < %(until)s"
            " AND (%(org)s::int IS NULL OR org_id = %(org)s) GROUP BY 1, 2 ORDER BY 1, 2",
            {
                "accounts": list(accounts),
                "since": month_start(since),
                "until": until,
                "org": actor.single_org_id,
            },
        )
        return [(month, account, amount) for month, account, amount in cursor.fetchall()]


@question
def changes_waiting(*, actor: Actor) -> bool:
    """Whether anything was posted since the sums of months were folded."""
    return SnapshotChange.objects.exists()


@dataclass(frozen=True, slots=True)
class DaySum:
    """Σ of postings on an account and day, debit positive."""

    day: date
    account: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class PostingRow:
    """One leg with the document that made it, debit positive."""

    entry_id: UUID
    org_id: int
    city: str
    day: date
    account: str
    kind: str
    source_kind: str
    source_id: UUID
    vehicle_id: UUID | None
    amount: Decimal

    @property
    def title(self) -> str:
        """What kind of entry this is, in words; a kind without words shows its code."""
        return str(KIND_WORDS.get(self.kind, self.kind))


@dataclass(frozen=True, slots=True)
class PostingPage:
    """A page of legs; `total` and `amount` are those of all that match."""

    rows: tuple[PostingRow, ...]
    total: int
    amount: Decimal


_OF_DAYS = """
FROM ledger_posting p JOIN ledger_entry e ON e.id = p.entry_id
WHERE p.account_id = ANY(%(accounts)s) AND p.occurred_on >= %(since)s
  AND p.occurred_on < %(until)s AND (%(org)s::int IS NULL OR p.org_id = %(org)s)
  -- A leg has its entry's day and book: said twice, both are read from one range of an index.
  AND e.occurred_on >= %(since)s AND e.occurred_on < %(until)s
  AND (%(org)s::int IS NULL OR e.org_id = %(org)s)
  AND (%(city)s = '' OR p.city = %(city)s)
  AND (%(vehicle)s::uuid IS NULL OR p.vehicle_id = %(vehicle)s)
  AND (cardinality(%(kinds)s::text[]) = 0 OR e.kind = ANY(%(kinds)s::text[]))
  AND e.kind <> ALL(%(but)s::text[])
"""


def _of_days(
    accounts: tuple[str, ...],
    since: date,
    until: date,
    actor: Actor,
    kinds: tuple[str, ...],
    but_kinds: tuple[str, ...],
    city: str,
    org_id: int | None = None,
    vehicle_id: UUID | None = None,
) -> dict[str, Any]:
    return {
        "accounts": list(accounts), "since": since, "until": until, "city": city,
        "kinds": list(kinds), "but": list(but_kinds), "vehicle": vehicle_id,
        "org": org_id if org_id is not None else actor.single_org_id,
    }  # fmt: skip


# Kept days, and from their postings those that changed since the last fold.
_KEPT_DAYS: Final = """
WITH changed AS MATERIALIZED (
    SELECT DISTINCT org_id, day FROM ledger_snapshotchange
    WHERE account_id = ANY(%(accounts)s) AND day >= %(since)s AND day < %(until)s
        AND (%(org)s::int IS NULL OR org_id = %(org)s)
)
SELECT day, account_id, sum(amount) FROM (
    SELECT day, account_id, kind, amount FROM ledger_daysum s
    WHERE account_id = ANY(%(accounts)s) AND day >= %(since)s AND day < %(until)s
        AND (%(org)s::int IS NULL OR org_id = %(org)s) AND (%(city)s = '' OR city = %(city)s)
        AND (org_id, day) NOT IN (SELECT org_id, day FROM changed)
    UNION ALL
    SELECT p.occurred_on, p.account_id, e.kind, p.amount
    FROM changed c JOIN ledger_posting p ON p.org_id = c.org_id AND p.occurred_on = c.day
    JOIN ledger_entry e ON e.id = p.entry_id
    WHERE p.account_id = ANY(%(accounts)s) AND (%(city)s = '' OR p.city = %(city)s)
) d
WHERE (cardinality(%(kinds)s::text[]) = 0 OR kind = ANY(%(kinds)s::text[]))
    AND kind <> ALL(%(but)s::text[])
GROUP BY 1, 2 ORDER BY 1, 2
"""


@question
def daily_sums(
    *,
    accounts: tuple[str, ...],
    since: date,
    until: date,
    actor: Actor,
    kinds: tuple[str, ...] = (),
    but_kinds: tuple[str, ...] = (),
    city: str = "",
) -> list[DaySum]:
    """Sums by day and account over [since, until); `kinds` are counted alone, `but_kinds` never.

    Quick for accounts that are kept by day; those of others are added up from their postings.
    """
    postings = (
        f"SELECT p.occurred_on, p.account_id, sum(p.amount) {_OF_DAYS} GROUP BY 1, 2 ORDER BY 1, 2"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            _KEPT_DAYS if set(accounts) <= set(KEPT_BY_DAY) else postings,
            _of_days(accounts, since, until, actor, kinds, but_kinds, city),
        )
        return [DaySum(*row) for row in cursor.fetchall()]


@question
def posting_page(
    *,
    accounts: tuple[str, ...],
    since: date,
    until: date,
    actor: Actor,
    kinds: tuple[str, ...] = (),
    but_kinds: tuple[str, ...] = (),
    city: str = "",
    org_id: int | None = None,
    vehicle_id: UUID | None = None,
    limit: int = 20,
    offset: int = 0,
) -> PostingPage:
    """The legs behind a sum of days, newest first."""
    values = _of_days(accounts, since, until, actor, kinds, but_kinds, city, org_id, vehicle_id)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*), COALESCE(sum(p.amount), 0) {_OF_DAYS}", values)
        total, amount = cursor.fetchone()
        cursor.execute(
            "SELECT p.entry_id, p.org_id, p.city, p.occurred_on, p.account_id, e.kind,"
            f" e.source_kind, e.source_id, p.vehicle_id, p.amount {_OF_DAYS}"
            " ORDER BY p.occurred_on DESC, p.entry_id DESC, p.leg"
            " LIMIT %(limit)s OFFSET %(offset)s",
            {**values, "limit": limit, "offset": offset},
        )
        rows = tuple(PostingRow(*row) for row in cursor.fetchall())
    return PostingPage(rows, total, amount)


_CUSTOMER = """
SELECT COALESCE(sum(amount), 0) FROM ledger_posting
WHERE customer_id = %s AND account_id = ANY(%s) AND occurred_on < %s
"""


@question
def customer_balance(
    *, customer_id: UUID, accounts: tuple[str, ...], until: date, actor: Actor
) -> Decimal:
    """What a customer's postings on these accounts sum to before a day, debit positive."""
    with connection.cursor() as cursor:
        cursor.execute(_CUSTOMER, [customer_id, list(accounts), until])
        total: Decimal = cursor.fetchone()[0]
    return total


_TRIAL: Final = f"""
SELECT account_id,
    COALESCE(sum(debit - credit) FILTER (WHERE month < %(month)s), 0),
    COALESCE(sum(debit) FILTER (WHERE month = %(month)s), 0),
    COALESCE(sum(credit) FILTER (WHERE month = %(month)s), 0),
    sum(debit - credit)
FROM {KEPT} s
WHERE month <= %(month)s AND (%(org)s::int IS NULL OR org_id = %(org)s)
GROUP BY account_id
"""


@question
def trial_balance(*, month: date, actor: Actor, org_id: int | None = None) -> list[TrialRow]:
    """Opening, debits, credits and closing per account of a month; each column sums to zero."""
    names = {account.code: account for account in Account.objects.all()}
    with connection.cursor() as cursor:
        cursor.execute(
            _TRIAL,
            {
                "month": month_start(month),
                "org": org_id if org_id is not None else actor.single_org_id,
            },
        )
        rows = cursor.fetchall()
    return [
        TrialRow(code, str(names[code]), names[code].kind, *figures)
        for code, *figures in sorted(rows)
    ]


@dataclass(frozen=True, slots=True)
class VehicleResult:
    """What one vehicle earned and cost in a month, in CNY; `vehicle_id` None: 未归集."""

    vehicle_id: UUID | None
    income: Decimal
    cost: Decimal

    @property
    def result(self) -> Decimal:
        return self.income - self.cost


@dataclass(frozen=True, slots=True)
class VehicleResults:
    """A page of vehicles; `total`, `income` and `cost` are those of all."""

    rows: tuple[VehicleResult, ...]
    total: int
    income: Decimal
    cost: Decimal


_RESULTS: Final = """
WITH vehicles AS (
    SELECT p.vehicle_id, COALESCE(-sum(p.amount) FILTER (WHERE a.kind = 'INCOME'), 0) AS income,
        COALESCE(sum(p.amount) FILTER (WHERE a.kind = 'EXPENSE'), 0) AS cost
    FROM ledger_posting p JOIN ledger_account a ON a.code = p.account_id
    WHERE a.kind IN ('INCOME', 'EXPENSE') AND p.occurred_on >= %(since)s
        AND p.occurred_on < %(until)s AND (%(org)s::int IS NULL OR p.org_id = %(org)s)
    GROUP BY p.vehicle_id
)
SELECT vehicle_id, income, cost, count(*) OVER (), sum(income) OVER (), sum(cost) OVER ()
FROM vehicles ORDER BY income - cost, vehicle_id LIMIT %(limit)s OFFSET %(offset)s
"""


@question
def vehicle_pnl(*, month: date, actor: Actor, limit: int = 50, offset: int = 0) -> VehicleResults:
    """The results of the vehicles in a month from postings alone, the worst first.

    They sum to the result of the books; what belongs to no vehicle is one of the rows.
    """
    since = month_start(month)
    with connection.cursor() as cursor:
        cursor.execute(
            _RESULTS,
            {
                "since": since,
                "until": add_months(since, 1),
                "org": actor.single_org_id,
                "limit": limit,
                "offset": offset,
            },
        )
        rows = cursor.fetchall()
    if not rows:
        return VehicleResults((), 0, ZERO, ZERO)
    return VehicleResults(
        tuple(VehicleResult(*row[:3]) for row in rows), rows[0][3], rows[0][4], rows[0][5]
    )
