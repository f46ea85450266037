"""Questions about the postings of one vehicle: its months, its sums."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import connection

from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question


@dataclass(frozen=True, slots=True)
class VehicleMonth:
    """Σ of a vehicle's postings on an account in a month, in CNY: income and cost positive."""

    month: date
    account: str
    kind: str
    amount: Decimal


_MONTHS: Final = """
SELECT date_trunc('month', p.occurred_on)::date, p.account_id, a.kind,
    sum(CASE a.kind WHEN 'INCOME' THEN -p.amount ELSE p.amount END)
FROM ledger_posting p JOIN ledger_account a ON a.code = p.account_id
WHERE p.vehicle_id = %s AND a.kind IN ('INCOME', 'EXPENSE')
    AND p.occurred_on >= %s AND p.occurred_on < %s
GROUP BY 1, 2, 3 HAVING sum(p.amount) <> 0 ORDER BY 1, 2
"""


@question
def vehicle_months(
    *, vehicle_id: UUID, since: date, until: date, actor: Actor
) -> list[VehicleMonth]:
    """What one vehicle earned and cost by month and account in [since, until)."""
    with connection.cursor() as cursor:
        cursor.execute(_MONTHS, [vehicle_id, since, until])
        return [VehicleMonth(*row) for row in cursor.fetchall()]
