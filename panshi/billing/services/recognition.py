"""Revenue recognition: what was billed in advance becomes revenue by the days of service."""

from datetime import date, datetime
from typing import Final

from django.db import connection
from django.utils.translation import gettext as _

from panshi.billing.events import RevenueRecognised
from panshi.billing.models import Bill, BillState
from panshi.billing.queries import earnings
from panshi.kit.clock import add_months, month_start
from panshi.kit.money import ZERO
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import guard, verb
from panshi.ledger import queries as ledger_queries
from panshi.ledger import services as ledger

# Cumulative rounding: the months of a line always sum to its net. The id names line and month.
_STAGE: Final = f"""
INSERT INTO ledger_staged
WITH parts AS (
    SELECT l.id, l.org_id, l.customer_id, l.vehicle_id, b.city, r.account,
        (({earnings.PART}) / 100.0)::numeric(14, 2) AS part
    {earnings.LINES} AND l.org_id <> ALL(%(closed)s)
)
SELECT p.org_id, %(kind)s, 'billing.BillLine',
    md5(p.id::text || %(since)s::date)::uuid, %(last)s::date, v.leg, v.account, v.amount,
    p.vehicle_id, p.customer_id, p.city
FROM parts p CROSS JOIN LATERAL (VALUES (1, '2205', p.part), (2, p.account, -p.part))
    AS v(leg, account, amount)
WHERE p.part <> 0
"""


@verb
def recognise_revenue(*, month: date, actor: Actor, at: datetime) -> RevenueRecognised:
    """Post as revenue what lines billed in advance earned in a month; repeating adds nothing.

    A bill issued after the run for its month is caught by running that month again. Books that
    are closed for the month are left out.
    """
    actor.must("billing.recognise_revenue", actor.org_id)
    since = month_start(month)
    until = add_months(since, 1)
    ledger.open_stage()
    with connection.cursor() as cursor:
        cursor.execute(
            _STAGE,
            {
                "kind": earnings.BOOKED_AS,
                "since": since,
                "until": until,
                "org": None,
                "city": "",
                "last": date.fromordinal(until.toordinal() - 1),
                "closed": sorted(ledger_queries.books_closed_in(month=since, actor=actor)),
            },
        )
        cursor.execute("SELECT COALESCE(sum(amount), 0) FROM ledger_staged WHERE leg = 1")
        (amount,) = cursor.fetchone() or (ZERO,)
    posted = ledger.post_staged()
    return RevenueRecognised(
        org_id=actor.org_id,
        actor_id=actor.id,
        at=at,
        month=since,
        entries=posted.entries,
        amount=amount,
    )


@guard
def month_may_close(*, org_id: int, month: date) -> list[str]:
    """What billing still misses before a book may be closed for a month."""
    drafts = Bill.objects.filter(
        org_id=org_id, state=BillState.DRAFT, due_on__lt=add_months(month_start(month), 1)
    ).count()
    if not drafts:
        return []
    return [_("%(count)d drafts of bills wait to be issued.") % {"count": drafts}]
