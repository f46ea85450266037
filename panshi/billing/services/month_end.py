"""What billing answers when books are looked at: its side of promises, what a month misses."""

from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.db import connection
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from panshi.billing.models import BankLine, Bill, BillBalance, BillState, LineState
from panshi.billing.queries import earnings
from panshi.billing.queries.prepaid import prepaid_waiting
from panshi.billing.services.assets import DEPRECIATION, source_of
from panshi.fleet import queries as fleet
from panshi.kit.clock import add_months, month_start
from panshi.kit.tenancy import hq_actor
from panshi.kit.verbs import guard
from panshi.ledger import queries as ledger_queries
from panshi.ledger.queries import Counted, MonthCheck
from panshi.ledger.queries.sums import KEPT

# The sums of a book, by the accounts asked for.
_BOOK: Final = f"""
book AS (
    SELECT org_id,
        COALESCE(sum(debit - credit) FILTER (WHERE account_id = '1122'), 0) AS charges,
        COALESCE(sum(debit - credit) FILTER (WHERE account_id = '1122.02'), 0) AS demanded,
        COALESCE(sum(credit - debit) FILTER (WHERE account_id IN ('2241.01', '2241.09')), 0)
            AS held,
        COALESCE(sum(credit - debit) FILTER (WHERE account_id = '2203'), 0) AS owed
    FROM {KEPT} kept WHERE (%(org)s::int IS NULL OR org_id = %(org)s) GROUP BY org_id
)"""
_OPEN: Final = f"""
WITH {_BOOK}, open AS (
    SELECT org_id, COALESCE(sum(open_amount) FILTER (WHERE kind = 'CHARGE'), 0) AS charges,
        COALESCE(sum(open_amount) FILTER (WHERE kind = 'DEPOSIT'), 0) AS demanded
    FROM billing_billbalance
    WHERE open_amount > 0 AND (%(org)s::int IS NULL OR org_id = %(org)s) GROUP BY org_id
)
SELECT org_id, COALESCE(b.charges + b.demanded, 0), COALESCE(o.charges + o.demanded, 0),
    (COALESCE(b.charges, 0) <> COALESCE(o.charges, 0))::int
        + (COALESCE(b.demanded, 0) <> COALESCE(o.demanded, 0))::int, ''
FROM book b FULL JOIN open o USING (org_id)
"""
# What was paid towards a deposit is owed to the customer before the deposit is there in full.
_HELD: Final = f"""
WITH {_BOOK}, deposits AS (
    SELECT d.org_id, sum(
        CASE WHEN d.state = 'DEMANDED' THEN b.total - b.open_amount ELSE d.held END
    ) AS held
    FROM billing_deposit d LEFT JOIN billing_billbalance b USING (bill_id)
    WHERE (%(org)s::int IS NULL OR d.org_id = %(org)s) GROUP BY d.org_id
)
SELECT org_id, COALESCE(b.held, 0), COALESCE(d.held, 0),
    (COALESCE(b.held, 0) <> COALESCE(d.held, 0))::int, ''
FROM book b FULL JOIN deposits d USING (org_id)
"""
# Whatever came in or was credited and closed no bill is the customer's; no payment gives more than
# it has, and a bill is open by what was not given to it.
_ON_ACCOUNT: Final = f"""
WITH {_BOOK}, given AS (
    SELECT payment_id, sum(amount) AS amount FROM billing_allocation
    WHERE payment_id IS NOT NULL AND (%(org)s::int IS NULL OR org_id = %(org)s) GROUP BY 1
), credited AS (
    SELECT credit_id, sum(amount) AS amount FROM billing_allocation
    WHERE credit_id IS NOT NULL AND (%(org)s::int IS NULL OR org_id = %(org)s) GROUP BY 1
), taken AS (
    SELECT bill_id, sum(amount) AS amount FROM billing_allocation
    WHERE (%(org)s::int IS NULL OR org_id = %(org)s) GROUP BY bill_id
), parts AS (
    SELECT p.org_id, p.id, p.amount - p.refunding - p.refunded - COALESCE(g.amount, 0) AS left,
        p.allocated <> COALESCE(g.amount, 0) OR COALESCE(g.amount, 0) > p.amount AS wrong
    FROM billing_payment p LEFT JOIN given g ON g.payment_id = p.id
    WHERE p.received_at IS NOT NULL AND (%(org)s::int IS NULL OR p.org_id = %(org)s)
    UNION ALL
    SELECT b.org_id, b.id, -b.total - COALESCE(c.amount, 0), false
    FROM billing_bill b LEFT JOIN credited c ON c.credit_id = b.id
    WHERE b.kind = 'CREDIT' AND b.state = 'ISSUED' AND (%(org)s::int IS NULL OR b.org_id = %(org)s)
    UNION ALL
    SELECT w.org_id, w.bill_id, 0, true
    FROM billing_billbalance w LEFT JOIN taken t ON t.bill_id = w.bill_id
    WHERE w.total - w.open_amount <> COALESCE(t.amount, 0)
        AND (%(org)s::int IS NULL OR w.org_id = %(org)s)
), sums AS (
    SELECT org_id, sum("left") AS rest, count(*) FILTER (WHERE wrong) AS wrong,
        min(id::text) FILTER (WHERE wrong) AS example
    FROM parts GROUP BY org_id
)
SELECT org_id, COALESCE(b.owed, 0), COALESCE(s.rest, 0),
    COALESCE(s.wrong, 0) + (COALESCE(b.owed, 0) <> COALESCE(s.rest, 0))::int, s.example
FROM book b FULL JOIN sums s USING (org_id)
"""
_NOT_BOOKED: Final = f"""
SELECT count(*) FROM (
    SELECT l.id, l.org_id, {earnings.PART} AS part {earnings.LINES}
) p WHERE part <> 0 AND NOT EXISTS (
    SELECT FROM ledger_entry e WHERE e.org_id = p.org_id AND e.kind = ANY(%(kinds)s)
        AND e.source_kind = 'billing.BillLine'
        AND e.source_id = md5(p.id::text || %(since)s::date)::uuid)
"""


def _ask(words: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(words, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


@guard
def count_invariants(*, org_id: int | None) -> list[Counted]:
    """Both sides of what bills, deposits and payments promise the books: I7, I8 and I9."""
    return [
        Counted(
            org_id=row[0],
            code=code,
            left=Decimal(row[1]),
            right=Decimal(row[2]),
            broken=row[3],
            example=row[4] or "",
        )
        for code, words in (("I7", _OPEN), ("I8", _HELD), ("I9", _ON_ACCOUNT))
        for row in _ask(words, {"org": org_id})
    ]


@guard
def month_checks(*, org_id: int, month: date) -> list[MonthCheck]:
    """What billing still misses before a book may be closed for a month."""
    since = month_start(month)
    until = add_months(since, 1)
    drafts = Bill.objects.filter(org_id=org_id, state=BillState.DRAFT, due_on__lt=until).count()
    unclassed = BankLine.objects.filter(
        org_id=org_id, state__in=[LineState.NEW, LineState.QUEUED], value_on__lt=until
    ).count()
    waiting = _ask(
        _NOT_BOOKED,
        {
            "since": since, "until": until, "org": org_id, "city": "",
            "kinds": list(earnings.BOOKED),
        },
    )[0][0]  # fmt: skip
    losses = fleet.month_losses(month=since, org_id=org_id, actor=hq_actor(org_id))
    known = ledger_queries.sources_posted(
        org_id=org_id,
        kind=DEPRECIATION,
        source_ids=tuple(source_of(loss.asset_id, since) for loss in losses),
        actor=hq_actor(org_id),
    )
    undepreciated = len(losses) - known
    prepaid = prepaid_waiting(month=since, org_id=org_id, limit=1, actor=hq_actor(org_id)).total
    return [
        MonthCheck(
            code="DRAFTS",
            words=_("All bills of the month are issued"),
            holds=not drafts,
            missing=_("%(count)d drafts of bills wait to be issued.") % {"count": drafts},
            url=reverse("billing-runs"),
        ),
        MonthCheck(
            code="RECOGNITION",
            words=_("What was billed in advance is recognised for the month"),
            holds=not waiting,
            missing=_("%(count)d lines of bills wait to be recognised.") % {"count": waiting},
            url=reverse("billing-recognition") + f"?month={since:%Y-%m}",
        ),
        MonthCheck(
            code="DEPRECIATION",
            words=_("What the vehicles lost in the month is depreciated"),
            holds=not undepreciated,
            missing=_("%(count)d vehicles wait to be depreciated.") % {"count": undepreciated},
            url=reverse("billing-depreciation") + f"?month={since:%Y-%m}",
        ),
        MonthCheck(
            code="PREPAID",
            words=_("What was prepaid for the vehicles is released for the month"),
            holds=not prepaid,
            missing=_("%(count)d prepaid costs wait to be released.") % {"count": prepaid},
            url=reverse("billing-depreciation") + f"?month={since:%Y-%m}",
        ),
        MonthCheck(
            code="BANK",
            words=_("All bank lines are classed"),
            holds=not unclassed,
            missing=_("%(count)d bank lines wait for a person.") % {"count": unclassed},
            url=reverse("billing-bank"),
        ),
    ]


@guard
def node_contents(*, org_id: int) -> list[str]:
    """The open bills that a node would leave behind."""
    count = BillBalance.objects.filter(org_id=org_id, open_amount__gt=0).count()
    words = ngettext("%(count)d open bill", "%(count)d open bills", count) % {"count": count}
    return [words] if count else []
