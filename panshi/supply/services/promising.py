"""What supply answers when books are counted: stock in the books and what lies in the places."""

from decimal import Decimal
from typing import Final

from django.db import connection

from panshi.kit.verbs import guard
from panshi.ledger.queries import Counted
from panshi.ledger.queries.sums import KEPT

_WORTH: Final = f"""
WITH book AS (
    SELECT org_id, sum(debit - credit) AS amount FROM {KEPT} kept
    WHERE account_id = '1405' AND (%(org)s::int IS NULL OR org_id = %(org)s) GROUP BY org_id
), lying AS (
    SELECT w.org_id, sum(w.value) AS amount, count(*) FILTER (WHERE w.value > 0
        AND NOT EXISTS (SELECT FROM supply_stockbalance b
            WHERE b.org_id = w.org_id AND b.item_id = w.item_id AND b.on_hand > 0)) AS empty
    FROM supply_partworth w WHERE (%(org)s::int IS NULL OR w.org_id = %(org)s) GROUP BY w.org_id
)
SELECT org_id, COALESCE(b.amount, 0), COALESCE(l.amount, 0),
    (COALESCE(b.amount, 0) <> COALESCE(l.amount, 0))::int + COALESCE(l.empty, 0)
FROM book b FULL JOIN lying l USING (org_id)
"""


@guard
def count_invariants(*, org_id: int | None) -> list[Counted]:
    """Both sides of I13: the stock account, and the worth of parts that lie in places."""
    with connection.cursor() as cursor:
        cursor.execute(_WORTH, {"org": org_id})
        return [
            Counted(
                org_id=row[0],
                code="I13",
                left=Decimal(row[1]),
                right=Decimal(row[2]),
                broken=row[3],
            )
            for row in cursor.fetchall()
        ]
