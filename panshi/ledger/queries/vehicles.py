"""Questions about the postings of one vehicle: its months, its sums."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final
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


_BALANCE: Final = """
SELECT COALESCE(sum(amount), 0) FROM ledger_posting
WHERE vehicle_id = %(vehicle)s AND account_id = %(account)s AND occurred_on < %(until)s
    AND (%(org)s::int IS NULL OR org_id = %(org)s)
"""


@question
def vehicle_balance(
    *, vehicle_id: UUID, account: str, until: date, actor: Actor, org_id: int | None = None
) -> Decimal:
    """Σ of a vehicle's postings on an account before a day, in CNY, in one book or in all."""
    values: dict[str, Any] = {
        "vehicle": vehicle_id,
        "account": account,
        "until": until,
        "org": org_id,
    }
    with connection.cursor() as cursor:
        cursor.execute(_BALANCE, values)
        ((balance,),) = cursor.fetchall()
    return Decimal(balance)


@question
def vehicle_months(
    *, vehicle_id: UUID, since: date, until: date, actor: Actor
) -> list[VehicleMonth]:
    """What one vehicle earned and cost by month and account in [since, until)."""
    with connection.cursor() as cursor:
        cursor.execute(_MONTHS, [vehicle_id, since, until])
        return [VehicleMonth(*row) for row in cursor.fetchall()]
