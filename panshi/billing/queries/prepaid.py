"""What is prepaid for vehicles, and what of it a month still has to take.

The months of a cost sum to the whole: each takes what its days used up by then, rounded half up,
less what was released before. A month that was closed is made up for by the next open one.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection

from panshi.billing.models import CostKind
from panshi.kit.clock import add_months, month_start
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question

COST: Final = "billing.VehicleCost"
PREPAID: Final = "1123"
COST_ACCOUNTS: Final = {
    CostKind.ENERGY.value: "6401.energy",
    CostKind.INSURANCE.value: "6401.insurance",
    CostKind.MAINTENANCE.value: "6401.maintenance",
    CostKind.OTHER.value: "6401.other",
}
"""Kinds of cost that may be prepaid, and where they go once they were used."""
_DAYS: Final = "(c.covers_until - c.covers_from)"
_FEN: Final = "((c.amount - c.vat) * 100)::bigint"


def _by(day: str) -> str:
    """Fen of a cost that its days before one have used, rounded half up."""
    return f"((2 * {_FEN} * ({day} - c.covers_from) + {_DAYS}) / (2 * {_DAYS}))"


_SINCE: Final = "COALESCE(c.released_until, c.covers_from)"
UNTIL: Final = "LEAST(c.covers_until, %(until)s::date)"
PART: Final = f"({_by(UNTIL)} - {_by(_SINCE)})"
"""Fen that a cost `c` has to release up to `%(until)s`."""
WAITING: Final = f"""
FROM billing_vehiclecost c
WHERE c.covers_from IS NOT NULL AND c.reversed_at IS NULL AND c.occurred_on < %(until)s
    AND {_SINCE} < {UNTIL} AND (%(org)s::int IS NULL OR c.org_id = %(org)s)
    AND (%(vehicle)s::uuid IS NULL OR c.vehicle_id = %(vehicle)s)
    AND c.org_id <> ALL(%(closed)s::int[])
"""


@dataclass(frozen=True, slots=True)
class WaitingCost:
    """What a prepaid cost has to release up to a month's end, net, in CNY."""

    cost_id: UUID
    vehicle_id: UUID
    kind: str
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingPage:
    """The largest first; `total` and `amount` are those of all."""

    rows: tuple[WaitingCost, ...]
    total: int
    amount: Decimal


_PAGE: Final = f"""
SELECT id, vehicle_id, kind, part, count(*) OVER (), sum(part) OVER () FROM (
    SELECT c.id, c.vehicle_id, c.kind, ({PART} / 100.0)::numeric(14, 2) AS part {WAITING}
) p WHERE part <> 0 ORDER BY part DESC, id LIMIT %(limit)s
"""


@question
def prepaid_waiting(
    *, month: date, actor: Actor, org_id: int | None = None, limit: int = 50
) -> WaitingPage:
    """What prepaid costs still have to release up to the end of a month."""
    values: dict[str, Any] = {
        "until": add_months(month_start(month), 1),
        "org": org_id or actor.single_org_id,
        "vehicle": None,
        "closed": [],
        "limit": limit,
    }
    with connection.cursor() as cursor:
        cursor.execute(_PAGE, values)
        found = cursor.fetchall()
    return WaitingPage(
        rows=tuple(WaitingCost(*row[:4]) for row in found),
        total=found[0][4] if found else 0,
        amount=found[0][5] if found else Decimal("0.00"),
    )
