"""What the days of vehicles were: preparing, idle, leased, in service, not in the fleet."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import connection

from panshi.fleet import rules
from panshi.fleet.models import DAY_CLASSES, VehicleState
from panshi.kit.clock import add_months, local_day, month_start
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question

# A day belongs to the state of its last moment, so a state that began on one local day and ended on
# another has the days from the first up to the day before the last.
_CLASSES: Final = ", ".join(f"('{state}', '{kind}')" for state, kind in DAY_CLASSES.items())
_DAYS: Final = f"""
WITH classes (state, class) AS (VALUES {_CLASSES}),
shown AS (
    SELECT v.id, v.vin, v.plate, v.model_name, v.city, v.state FROM fleet_vehicle v
    WHERE v.use <> 'EXTERNAL' AND (%(org)s::int IS NULL OR v.org_id = %(org)s)
        AND (%(city)s = '' OR v.city = %(city)s)
        AND (%(words)s = '' OR v.plate LIKE %(like)s OR v.vin LIKE %(like)s)
),
spans AS (
    SELECT e.vehicle_id, c.class, e.at::date AS since, COALESCE(e.until::date, 'infinity') AS until
    FROM (
        -- Of one table alone, so that its index hands the events over in their order.
        SELECT vehicle_id, to_state, at AT TIME ZONE 'Asia/Shanghai' AS at,
            lead(at AT TIME ZONE 'Asia/Shanghai') OVER (PARTITION BY vehicle_id ORDER BY at, id)
                AS until
        FROM fleet_vehicleevent
        WHERE at < %(stop)s::date::timestamp AT TIME ZONE 'Asia/Shanghai'
            AND (%(org)s::int IS NULL OR org_id = %(org)s)
    ) e JOIN classes c ON c.state = e.to_state
    WHERE e.until IS NULL OR e.until > %(first)s::date
),
counted AS (
    SELECT vehicle_id, sum(days) FILTER (WHERE class = 'PREPARING') AS preparing,
        sum(days) FILTER (WHERE class = 'IDLE') AS idle,
        sum(days) FILTER (WHERE class = 'LEASED') AS leased,
        sum(days) FILTER (WHERE class = 'SERVICE') AS service
    FROM (
        SELECT vehicle_id, class,
            LEAST(until, %(stop)s::date) - GREATEST(since, %(first)s::date) AS days
        FROM spans WHERE until > %(first)s::date AND since < %(stop)s::date AND until > since
    ) s GROUP BY vehicle_id
),
rows AS (
    SELECT s.*, COALESCE(c.preparing, 0)::int AS preparing, COALESCE(c.idle, 0)::int AS idle,
        COALESCE(c.leased, 0)::int AS leased, COALESCE(c.service, 0)::int AS service
    FROM shown s LEFT JOIN counted c ON c.vehicle_id = s.id
)
"""
_PAGE: Final = """
SELECT id, vin, plate, model_name, city, state, preparing, idle, leased, service,
    sum(preparing) OVER (), sum(idle) OVER (), sum(leased) OVER (), sum(service) OVER (),
    count(*) OVER ()
FROM rows WHERE preparing + idle + leased + service > 0
ORDER BY {order}, vin LIMIT %(limit)s OFFSET %(offset)s
"""
_SORTS: Final = ("plate", "model_name", "city", "preparing", "idle", "leased", "service")


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCounts:
    """Days of a month by class; they sum to the days of the month that have begun."""

    preparing: int
    idle: int
    leased: int
    service: int
    out: int

    @property
    def held(self) -> int:
        """Days in the fleet."""
        return self.preparing + self.idle + self.leased + self.service

    @property
    def utilisation(self) -> float | None:
        """The share of its days in the fleet that were leased, 0 to 1."""
        return self.leased / self.held if self.held else None


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleDays(DayCounts):
    id: UUID
    vin: str
    plate: str
    model_name: str
    city: str
    state: VehicleState


@dataclass(frozen=True, slots=True, kw_only=True)
class DaysPage:
    """Vehicles that were in the fleet in a month; `totals` over all of them, not this page."""

    first: date
    days: int
    rows: tuple[VehicleDays, ...]
    total: int
    totals: DayCounts


@question
def vehicle_days(
    *,
    month: date,
    actor: Actor,
    at: datetime,
    city: str = "",
    text: str = "",
    order_by: str = "-idle",
    limit: int = 20,
    offset: int = 0,
) -> DaysPage:
    """What each day of the month of a day was for each vehicle, today included, no day after it.

    Customers' own vehicles are left out.
    """
    first = month_start(month)
    stop = min(add_months(first, 1), local_day(at) + timedelta(days=1))
    days = max((stop - first).days, 0)
    words = rules.fold(text)
    name = order_by.removeprefix("-")
    order = f"{name} DESC" if order_by.startswith("-") else name
    with connection.cursor() as cursor:
        cursor.execute(
            _DAYS + _PAGE.format(order=order if name in _SORTS else "idle DESC"),
            {
                "first": first,
                "stop": max(stop, first),
                "org": actor.single_org_id,
                "city": city,
                "words": words,
                "like": f"%{words}%",
                "limit": limit,
                "offset": offset,
            },
        )
        found = cursor.fetchall()
    rows = tuple(
        VehicleDays(
            id=row[0],
            vin=row[1],
            plate=row[2],
            model_name=row[3],
            city=row[4],
            state=VehicleState(row[5]),
            preparing=row[6],
            idle=row[7],
            leased=row[8],
            service=row[9],
            out=days - sum(row[6:10]),
        )
        for row in found
    )
    sums = [int(value) for value in found[0][10:14]] if found else [0, 0, 0, 0]
    total = found[0][14] if found else 0
    totals = DayCounts(
        preparing=sums[0],
        idle=sums[1],
        leased=sums[2],
        service=sums[3],
        out=days * total - sum(sums),
    )
    return DaysPage(first=first, days=days, rows=rows, total=total, totals=totals)
