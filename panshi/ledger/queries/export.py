"""One book as text that an outside program adds up again."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from django.db import connection

from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.ledger import rules

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
    return "\n".join(rules.beancount(_entries(rows), opened_on=opened_on)) + "\n"


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
