"""One book as text that an outside program adds up again."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from django.db import connection

from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.ledger import rules
from panshi.ledger.queries.sums import trial_balance

_EXPORT = """
SELECT e.id, e.occurred_on, e.kind, e.source_kind, e.source_id, p.account_id, p.amount,
       p.vehicle_id, p.customer_id, p.city
FROM ledger_entry e JOIN ledger_posting p ON p.entry_id = e.id
WHERE e.org_id = %s ORDER BY e.occurred_on, e.id, p.leg
"""


@question
def export_beancount(*, org_id: int, actor: Actor) -> str:
    """One book as beancount text: an outside program must add it up to the same balances."""
    with connection.cursor() as cursor:
        cursor.execute(_EXPORT, [org_id])
        rows = cursor.fetchall()
    opened_on = rows[0][1] if rows else date(1970, 1, 1)
    closed_on = (rows[-1][1] if rows else opened_on) + timedelta(1)
    # The totals come from the sums of months, so the checker compares two things kept apart.
    totals = {
        row.account: row.closing
        for row in trial_balance(month=closed_on, org_id=org_id, actor=actor)
    }
    lines = rules.beancount(_entries(rows), opened_on=opened_on, totals=totals, closed_on=closed_on)
    return "\n".join(lines) + "\n"


def _entries(rows: list[tuple[object, ...]]) -> Iterator[rules.JournalEntry]:
    """Gather consecutive rows of one entry."""
    legs: list[rules.JournalLeg] = []
    for index, row in enumerate(rows):
        entry_id, on, kind, source_kind, source_id, account, amount, vehicle, customer, city = row
        assert isinstance(on, date)
        assert isinstance(amount, Decimal)
        legs.append(
            rules.JournalLeg(
                str(account), amount, str(vehicle or ""), str(customer or ""), str(city)
            )
        )
        if index + 1 == len(rows) or rows[index + 1][0] != entry_id:
            yield rules.JournalEntry(
                on, f"{kind} {source_kind} {source_id}", f"entry-{entry_id}", tuple(legs)
            )
            legs = []
