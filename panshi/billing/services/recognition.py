"""Revenue recognition: what was billed in advance becomes revenue by the days of service."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import connection

from panshi.billing.events import RevenueCaughtUp, RevenueRecognised
from panshi.billing.queries import earnings
from panshi.kit.clock import add_months, local_day, month_start
from panshi.kit.money import ZERO
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.ledger import queries as ledger_queries
from panshi.ledger import services as ledger

# Cumulative rounding: the months of a line always sum to its net. The id names line and month, so
# a month is booked once, in its own book month or caught up in a later one.
_NOT_YET: Final = """
NOT EXISTS (SELECT FROM ledger_entry e WHERE e.org_id = p.org_id AND e.kind = ANY(%(but)s)
    AND e.source_kind = 'billing.BillLine' AND e.source_id = md5(p.id::text || p.month)::uuid)
"""
_LEGS: Final = """
SELECT p.org_id, p.kind, 'billing.BillLine', md5(p.id::text || p.month)::uuid, p.day, v.leg,
    v.account, v.amount, p.vehicle_id, p.customer_id, p.city
FROM parts p CROSS JOIN LATERAL (VALUES (1, '2205', p.part), (2, p.account, -p.part))
    AS v(leg, account, amount)
WHERE p.part <> 0
"""
_STAGE: Final = f"""
INSERT INTO ledger_staged
WITH parts AS (
    SELECT l.id, l.org_id, l.customer_id, l.vehicle_id, b.city, r.account, %(since)s::date AS month,
        %(kind)s AS kind, %(last)s::date AS day, (({earnings.PART}) / 100.0)::numeric(14, 2) AS part
    {earnings.LINES} AND l.org_id <> ALL(%(closed)s)
)
{_LEGS} AND {_NOT_YET}
"""
_PART: Final = earnings.PART.replace("%(since)s", "m.since").replace("%(until)s", "m.until")
# Whole months of service that were over when the bill was issued: the run for them came too early.
# Each goes into the first month of its book that is open, its own where that is open still.
_LATE: Final = f"""
INSERT INTO ledger_staged
WITH late AS (
    SELECT l.id, l.org_id, l.customer_id, l.vehicle_id, b.city, r.account, m.since AS month,
        (({_PART}) / 100.0)::numeric(14, 2) AS part,
        (SELECT min(o)::date FROM generate_series(m.since::timestamp, %(running)s::timestamp,
            interval '1 month') AS o
         WHERE NOT EXISTS (SELECT FROM ledger_period c WHERE c.org_id = l.org_id
            AND c.month = o::date AND c.state = 'CLOSED')) AS opens
    FROM billing_billline l JOIN billing_bill b ON b.id = l.bill_id
    JOIN billing_product r ON r.code = l.product_id
    CROSS JOIN LATERAL (
        SELECT s::date AS since, (s + interval '1 month')::date AS until FROM generate_series(
            date_trunc('month', l.service_from::timestamp),
            l.service_to::timestamp - interval '1 day', interval '1 month') AS s
    ) m
    WHERE r.deferred AND b.state = 'ISSUED' AND l.service_from < date_trunc('month', b.issued_on)
        AND m.until <= b.issued_on AND m.until <= %(running)s
), parts AS (
    SELECT p.*, CASE WHEN p.opens = p.month THEN %(own)s ELSE %(caught)s END AS kind,
        LEAST((p.opens + interval '1 month')::date - 1, %(on)s::date) AS day
    FROM late p WHERE p.opens IS NOT NULL AND {_NOT_YET}
)
{_LEGS}
"""


@verb
def recognise_revenue(*, month: date, actor: Actor, at: datetime) -> RevenueRecognised:
    """Post as revenue what lines billed in advance earned in a month; repeating adds nothing.

    Books that are closed for the month are left out; `catch_up_revenue` sees to them.
    """
    actor.must("billing.recognise_revenue", actor.org_id)
    since = month_start(month)
    until = add_months(since, 1)
    entries, amount = _post(
        _STAGE,
        {
            "kind": earnings.BOOKED_AS,
            "but": [earnings.CAUGHT_UP],
            "since": since,
            "until": until,
            "org": actor.single_org_id,
            "city": "",
            "last": until - timedelta(1),
            "closed": sorted(ledger_queries.books_closed_in(month=since, actor=actor)),
        },
    )
    return RevenueRecognised(
        org_id=actor.org_id, actor_id=actor.id, at=at, month=since, entries=entries, amount=amount
    )


@verb
def catch_up_revenue(*, actor: Actor, at: datetime) -> RevenueCaughtUp:
    """Post what bills earned in months that were over when they were issued.

    It goes into its own month while that is open, else into the first open month after it;
    repeating adds nothing.
    """
    actor.must("billing.recognise_revenue", actor.org_id)
    today = local_day(at)
    entries, amount = _post(
        _LATE,
        {
            "but": list(earnings.BOOKED),
            "running": month_start(today),
            "on": today,
            "own": earnings.BOOKED_AS,
            "caught": earnings.CAUGHT_UP,
        },
    )
    return RevenueCaughtUp(
        org_id=actor.org_id, actor_id=actor.id, at=at, entries=entries, amount=amount
    )


def _post(stage: str, values: dict[str, Any]) -> tuple[int, Decimal]:
    """Fill the stage and post it; answers the new entries and what they recognised in CNY."""
    ledger.open_stage()
    with connection.cursor() as cursor:
        cursor.execute(stage, values)
        cursor.execute("SELECT COALESCE(sum(amount), 0) FROM ledger_staged WHERE leg = 1")
        (amount,) = cursor.fetchone() or (ZERO,)
    return ledger.post_staged().entries, amount
