"""What each vehicle earned and cost in a month, the running one with what is not booked yet."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection

from panshi.billing.queries.earnings import LINES, PART
from panshi.kit.clock import add_months, month_start
from panshi.kit.money import ZERO
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.ledger import queries as ledger

_EVERY: Final = 10**7
_EARNED: Final = f"""
SELECT l.vehicle_id, (sum({PART}) / 100)::numeric(16, 2) {LINES}
GROUP BY 1 HAVING sum({PART}) <> 0
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
    earned = earned_by_vehicle(since=since, until=until, actor=actor)
    booked = {
        row.vehicle_id: row
        for row in ledger.vehicle_pnl(month=month, limit=_EVERY, actor=actor).rows
    }
    rows = [
        VehicleStanding(
            vehicle_id=vehicle_id,
            income=booked[vehicle_id].income if vehicle_id in booked else ZERO,
            earned=earned.get(vehicle_id, ZERO),
            cost=booked[vehicle_id].cost if vehicle_id in booked else ZERO,
        )
        for vehicle_id in booked.keys() | earned.keys()
    ]
    rows.sort(key=lambda row: (row.result, str(row.vehicle_id)))
    return VehicleStandings(
        rows=tuple(rows[offset : offset + limit]),
        total=len(rows),
        income=sum((row.income for row in rows), ZERO),
        earned=sum((row.earned for row in rows), ZERO),
        cost=sum((row.cost for row in rows), ZERO),
        running=True,
    )
