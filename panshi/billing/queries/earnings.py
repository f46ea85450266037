"""What lines billed in advance have earned by their days of service, booked or not yet.

The ledger books a month when it is over; whoever wants to know today asks here. A line's days sum
to the very amount that `billing.recognise_revenue` posts, since it reads these LINES and this PART:
of `%(since)s` up to, not including, `%(until)s`, of one `%(org)s` and `%(city)s` or of all.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection

from panshi.kit.clock import local_day
from panshi.kit.tenancy import HQ, Actor
from panshi.kit.verbs import question

BOOKED_AS: Final = "REVENUE_RECOGNISED"
"""The kind of entry that books a month of its own days."""
CAUGHT_UP: Final = "REVENUE_CAUGHT_UP"
"""The kind of entry that books, in a later month, days of a month that was closed before."""
BOOKED: Final = (BOOKED_AS, CAUGHT_UP)
"""Who counts what is earned by its days leaves these kinds of entry out."""
LINES: Final = """
FROM billing_billline l JOIN billing_bill b ON b.id = l.bill_id
JOIN billing_product r ON r.code = l.product_id
WHERE r.deferred AND b.state = 'ISSUED'
    AND l.service_from < %(until)s AND l.service_to > %(since)s
    AND (%(org)s::int IS NULL OR l.org_id = %(org)s) AND (%(city)s = '' OR b.city = %(city)s)
"""
# Lines of bills without asking each line's bill: there are few that are not issued.
_LINES_OF_ALL: Final = """
FROM billing_billline l JOIN billing_product r ON r.code = l.product_id
WHERE r.deferred AND l.service_from < %(until)s AND l.service_to > %(since)s
    AND (%(org)s::int IS NULL OR l.org_id = %(org)s)
    AND NOT EXISTS (SELECT FROM billing_bill b WHERE b.id = l.bill_id AND b.state <> 'ISSUED')
"""
_DAYS: Final = "(l.service_to - l.service_from)"
_FEN: Final = "abs(l.net * 100)::bigint"


def _by(day: str) -> str:
    """Fen that a line has earned by a day of its own, rounded half up; its sign aside."""
    return f"((2 * {_FEN} * ({day} - l.service_from) + {_DAYS}) / (2 * {_DAYS}))"


# Fen earned up to the end of the span less earned before it, each rounded.
PART: Final = f"""
sign(l.net)::int * ({_by("LEAST(%(until)s::date, l.service_to)")}
    - {_by("GREATEST(%(since)s::date, l.service_from)")})
"""
# Lines of the same days whose fen leave the same rest when shared among them round alike, so they
# are counted once: a day brings each its whole share, and a fen when the rests have made one.
_BY_DAY: Final = """
WITH same AS (
    SELECT {apart} l.service_from, l.service_to, l.net, r.account, count(*) AS lines {lines}
    GROUP BY {apart} l.service_from, l.service_to, l.net, r.account
), alike AS (
    SELECT {kept} service_from, {days} AS days, account, sign(net)::int AS sign,
        mod({fen}, {days}) AS rest, sum(lines * ({fen} / {days})) AS share,
        sum(lines)::bigint AS lines
    FROM same l GROUP BY {kept} service_from, {days}, account, sign(net)::int, mod({fen}, {days})
)
SELECT {kept} service_from + n AS day, account, (sum(sign * (share + lines * (
    (2 * rest * (n + 1) + days) / (2 * days) - (2 * rest * n + days) / (2 * days)))) / 100)
    ::numeric(16, 2) AS amount
FROM alike CROSS JOIN LATERAL generate_series(GREATEST(%(since)s::date - service_from, 0),
    LEAST(%(until)s::date - service_from, days) - 1) AS n
GROUP BY {kept} service_from + n, account
"""
BY_BOOK: Final = _BY_DAY.format(
    apart="l.org_id, b.city,",
    kept="org_id, city,",
    days=_DAYS,
    fen=_FEN,
    lines=f"{LINES} AND l.org_id = ANY(%(orgs)s)",
)
"""What the nodes `%(orgs)s` earned: org_id, city, day, account, amount."""
BY_VEHICLE: Final = f"""
SELECT l.org_id, l.vehicle_id, sum({PART})::bigint {LINES}
    AND l.org_id = ANY(%(orgs)s) GROUP BY 1, 2 HAVING sum({PART}) <> 0
"""
"""What each vehicle of the nodes `%(orgs)s` earned: org_id, vehicle_id, fen."""
KEPT: Final = """
fresh AS MATERIALIZED (
    SELECT s.org_id FROM billing_earnedspan s
    WHERE {span} AND (%(org)s::int IS NULL OR s.org_id = %(org)s)
        AND NOT EXISTS (SELECT FROM billing_earnedchange c WHERE c.org_id = s.org_id)
), stale AS MATERIALIZED (
    SELECT o.id FROM org_orgnode o
    WHERE (%(orgs)s::int[] IS NULL OR o.id = ANY(%(orgs)s::int[]))
        AND (%(org)s::int IS NULL OR o.id = %(org)s) AND o.id NOT IN (SELECT org_id FROM fresh)
)
"""
"""Nodes whose sums are kept for a span, and those among `%(orgs)s` whose lines are read."""
OF_STALE: Final = "AND l.org_id = ANY(ARRAY(SELECT id FROM stale))"


_COVERED: Final = "s.since <= %(since)s AND s.until >= %(until)s"
# The days of a line sum to its span, so sums of kept days are those of their lines.
_SUMS: Final = f"""
WITH {KEPT.format(span=_COVERED)}
SELECT d.org_id, d.city, d.account, sum(d.amount) FROM billing_earnedday d
JOIN fresh f ON f.org_id = d.org_id
WHERE d.day >= %(since)s AND d.day < %(until)s GROUP BY 1, 2, 3
UNION ALL
SELECT l.org_id, b.city, r.account, (sum({PART}) / 100)::numeric(16, 2)
{LINES} {OF_STALE} GROUP BY 1, 2, 3
"""


def _kept_by_day(lines: str) -> str:
    read = _BY_DAY.format(apart="", kept="", days=_DAYS, fen=_FEN, lines=f"{lines} {OF_STALE}")
    return f"""
WITH {KEPT.format(span=_COVERED)}
SELECT day, account, sum(amount) FROM (
    SELECT d.day, d.account, d.amount FROM billing_earnedday d JOIN fresh f ON f.org_id = d.org_id
    WHERE d.day >= %(since)s AND d.day < %(until)s AND (%(city)s = '' OR d.city = %(city)s)
    UNION ALL
    SELECT * FROM ({read}) r
) e GROUP BY 1, 2 ORDER BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class EarnedDay:
    """Net of VAT, in CNY, by day and income account."""

    day: date
    account: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class EarnedSum:
    """Net of VAT, in CNY, by book, city and income account."""

    org_id: int
    city: str
    account: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class EarnedRow:
    """What one line of a bill earned in a span; `day` is its last day there."""

    bill_id: UUID
    number: str
    org_id: int
    city: str
    account: str
    vehicle_id: UUID | None
    day: date
    days: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class EarnedPage:
    """A page of lines; `total` and `amount` are those of all that match."""

    rows: tuple[EarnedRow, ...]
    total: int
    amount: Decimal


def _values(since: date, until: date, city: str, actor: Actor) -> dict[str, Any]:
    return {
        "since": since,
        "until": until,
        "city": city,
        "org": actor.single_org_id,
        "orgs": nodes_of(actor),
    }


def nodes_of(actor: Actor) -> list[int] | None:
    """The nodes whose lines this actor sees; None for all."""
    return None if actor.db_role == HQ else list(actor.org_ids)


@question
def earnings_changed(*, actor: Actor, at: datetime) -> bool:
    """Whether kept sums are behind the bills, or of another day than this."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM billing_earnedchange) OR NOT EXISTS ("
            " SELECT FROM billing_earnedspan WHERE until = %s)",
            [local_day(at) + timedelta(1)],
        )
        return bool(cursor.fetchone()[0])


@question
def earned_by_day(*, since: date, until: date, actor: Actor, city: str = "") -> list[EarnedDay]:
    """What was earned on each day of [since, until)."""
    with connection.cursor() as cursor:
        cursor.execute(
            _kept_by_day(LINES if city else _LINES_OF_ALL), _values(since, until, city, actor)
        )
        return [EarnedDay(*row) for row in cursor.fetchall()]


@question
def earned_sums(*, since: date, until: date, actor: Actor) -> list[EarnedSum]:
    """What was earned in [since, until)."""
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, _values(since, until, "", actor))
        return [EarnedSum(*row) for row in cursor.fetchall()]


@question
def earned_page(
    *, since: date, until: date, actor: Actor, city: str = "", limit: int = 20, offset: int = 0
) -> EarnedPage:
    """The lines behind what was earned in [since, until), the latest first."""
    values = _values(since, until, city, actor)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*), COALESCE(sum({PART}) / 100, 0)::numeric(16, 2) {LINES}", values
        )
        total, amount = cursor.fetchone() or (0, Decimal(0))
        cursor.execute(
            f"""
            SELECT b.id, b.number, l.org_id, b.city, r.account, l.vehicle_id,
                LEAST(%(until)s::date, l.service_to) - 1,
                LEAST(%(until)s::date, l.service_to) - GREATEST(%(since)s::date, l.service_from),
                (({PART}) / 100.0)::numeric(14, 2)
            {LINES}
            ORDER BY 7 DESC, l.id DESC LIMIT %(limit)s OFFSET %(offset)s
            """,
            {**values, "limit": limit, "offset": offset},
        )
        rows = tuple(EarnedRow(*row) for row in cursor.fetchall())
    return EarnedPage(rows, total, amount)
