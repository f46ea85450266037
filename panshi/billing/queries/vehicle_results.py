"""What each vehicle earned and cost in a month, the running one with what is not booked yet."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection

from panshi.billing.queries import earnings
from panshi.billing.queries.earnings import LINES, PART
from panshi.kit.clock import add_months, month_start
from panshi.kit.money import ZERO
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.ledger import queries as ledger

_EARNED: Final = f"""
SELECT l.vehicle_id, (sum({PART}) / 100)::numeric(16, 2) AS earned {LINES}
GROUP BY 1 HAVING sum({PART}) <> 0
"""
# What the ledger's own results say, beside what is earned and not booked.
_RUNNING: Final = f"""
WITH {earnings.KEPT.format(span="s.until = %(until)s")},
vehicles AS MATERIALIZED (
    SELECT vehicle_id, sum(income)::bigint AS income, sum(earned)::bigint AS earned,
        sum(cost)::bigint AS cost
    FROM (
        SELECT k.vehicle_id, 0::bigint AS income, k.fen AS earned, 0::bigint AS cost
        FROM billing_earnedvehicle k JOIN fresh f ON f.org_id = k.org_id
        UNION ALL
        SELECT l.vehicle_id, 0, sum({PART})::bigint, 0
        {LINES} {earnings.OF_STALE} GROUP BY l.vehicle_id HAVING sum({PART}) <> 0
        UNION ALL
        SELECT p.vehicle_id,
            COALESCE(-sum(p.amount) FILTER (WHERE a.kind = 'INCOME') * 100, 0)::bigint, 0,
            COALESCE(sum(p.amount) FILTER (WHERE a.kind = 'EXPENSE') * 100, 0)::bigint
        FROM ledger_posting p JOIN ledger_account a ON a.code = p.account_id
        -- Named, so that the index leads to the days of these accounts alone.
        WHERE p.account_id = ANY(ARRAY(
                SELECT code FROM ledger_account WHERE kind IN ('INCOME', 'EXPENSE')))
            AND p.occurred_on >= %(since)s AND p.occurred_on < %(end)s
            AND (%(org)s::int IS NULL OR p.org_id = %(org)s)
        GROUP BY 1
    ) all_sides GROUP BY 1
)
SELECT t.count, round(t.income / 100, 2), round(t.earned / 100, 2),
    round(t.cost / 100, 2), v.there, v.vehicle_id,
    round(v.income / 100.0, 2), round(v.earned / 100.0, 2), round(v.cost / 100.0, 2)
FROM (
    SELECT count(*), COALESCE(sum(income), 0.0) AS income, COALESCE(sum(earned), 0.0) AS earned,
        COALESCE(sum(cost), 0.0) AS cost
    FROM vehicles
) t LEFT JOIN (
    SELECT true AS there, vehicle_id, income, earned, cost FROM vehicles
    ORDER BY income + earned - cost, vehicle_id LIMIT %(limit)s OFFSET %(offset)s
) v ON true ORDER BY v.income + v.earned - v.cost, v.vehicle_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleStanding:
    """A vehicle in a month, in CNY: booked income and cost, and rent earned but not booked yet."""

    vehicle_id: UUID | None
    income: Decimal
    earned: Decimal
    cost: Decimal

    @property
    def result(self) -> Decimal:
        """Income, booked or earned, less cost."""
        return self.income + self.earned - self.cost


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleStandings:
    """A page of vehicles, the worst first; sums and `total` are those of all.

    `running` says that the month goes on: rent is earned up to today and not booked.
    """

    rows: tuple[VehicleStanding, ...]
    total: int
    income: Decimal
    earned: Decimal
    cost: Decimal
    running: bool


@question
def earned_by_vehicle(*, since: date, until: date, actor: Actor) -> dict[UUID | None, Decimal]:
    """What the lines of each vehicle earned by their days in [since, until), net, in CNY."""
    values: dict[str, Any] = {
        "since": since,
        "until": until,
        "city": "",
        "org": actor.single_org_id,
    }
    with connection.cursor() as cursor:
        cursor.execute(_EARNED, values)
        return dict(cursor.fetchall())


@question
def vehicle_standings(
    *, month: date, today: date, actor: Actor, limit: int = 50, offset: int = 0
) -> VehicleStandings:
    """The results of the vehicles in a month; rent of the running month up to `today` included.

    A month that is over stands as it was booked. What belongs to no vehicle is one of the rows.
    """
    since = month_start(month)
    if since != month_start(today):
        page = ledger.vehicle_pnl(month=month, limit=limit, offset=offset, actor=actor)
        return VehicleStandings(
            rows=tuple(
                VehicleStanding(
                    vehicle_id=row.vehicle_id, income=row.income, earned=ZERO, cost=row.cost
                )
                for row in page.rows
            ),
            total=page.total,
            income=page.income,
            earned=ZERO,
            cost=page.cost,
            running=False,
        )
    until = min(today + timedelta(1), add_months(since, 1))
    with connection.cursor() as cursor:
        cursor.execute(
            _RUNNING,
            {
                "since": since,
                "until": until,
                "end": add_months(since, 1),
                "city": "",
                "org": actor.single_org_id,
                "orgs": earnings.nodes_of(actor),
                "limit": limit,
                "offset": offset,
            },
        )
        found = cursor.fetchall()
    total, income, whole, cost = found[0][:4]
    return VehicleStandings(
        rows=tuple(
            VehicleStanding(vehicle_id=row[5], income=row[6], earned=row[7], cost=row[8])
            for row in found
            if row[4]
        ),
        total=total,
        income=income,
        earned=whole,
        cost=cost,
        running=True,
    )
