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

_CLASSES: Final = ", ".join(f"('{state}', '{kind}')" for state, kind in DAY_CLASSES.items())
_KINDS: Final = ("preparing", "idle", "leased", "service")


def _in_class(kind: str) -> str:
    states = ", ".join(f"'{s}'" for s, named in DAY_CLASSES.items() if named.lower() == kind)
    return f"v.state IN ({states})"


# A day belongs to the state of its last moment. What a vehicle was before its first event in the
# month that event tells; one without an event since the month began was all the time what it is
# now, so that most vehicles need no event at all.
_DAYS: Final = f"""
WITH classes (state, class) AS (VALUES {_CLASSES}),
seen AS MATERIALIZED (
    SELECT vehicle_id, from_state, to_state, (at AT TIME ZONE 'Asia/Shanghai')::date AS since,
        lead((at AT TIME ZONE 'Asia/Shanghai')::date) OVER moves AS until,
        row_number() OVER moves AS n
    FROM fleet_vehicleevent
    WHERE at >= %(first)s::date::timestamp AT TIME ZONE 'Asia/Shanghai'
        AND (%(org)s::int IS NULL OR org_id = %(org)s)
    WINDOW moves AS (PARTITION BY vehicle_id ORDER BY at, id)
),
counted AS (
    SELECT vehicle_id, {
    ", ".join(
        f"COALESCE(sum(days) FILTER (WHERE class = '{kind.upper()}'), 0)::int AS {kind}"
        for kind in _KINDS
    )
}
    FROM (
        SELECT vehicle_id, from_state AS state, LEAST(since, %(stop)s::date) - %(first)s::date
            AS days
        FROM seen WHERE n = 1
        UNION ALL
        SELECT vehicle_id, to_state, LEAST(until, %(stop)s::date) - since FROM seen
        WHERE since < %(stop)s::date
    ) spans LEFT JOIN classes USING (state) GROUP BY vehicle_id
),
held AS MATERIALIZED (
    SELECT v.id, v.vin, {{named}} AS named, {
    ", ".join(
        f"CASE WHEN c.vehicle_id IS NOT NULL THEN c.{kind} WHEN {_in_class(kind)}"
        f" THEN %(stop)s::date - %(first)s::date ELSE 0 END AS {kind}"
        for kind in _KINDS
    )
}
    FROM fleet_vehicle v LEFT JOIN counted c ON c.vehicle_id = v.id
    WHERE v.use <> 'EXTERNAL' AND (%(org)s::int IS NULL OR v.org_id = %(org)s)
        AND (%(city)s = '' OR v.city = %(city)s)
        AND (%(words)s = '' OR v.plate LIKE %(like)s OR v.vin LIKE %(like)s)
)
"""
# Only the page's vehicles are named.
_PAGE: Final = """
SELECT v.id, v.vin, v.plate, v.model_name, v.city, v.state, p.preparing, p.idle, p.leased,
    p.service, t.*
FROM (
    SELECT COALESCE(sum(preparing), 0), COALESCE(sum(idle), 0), COALESCE(sum(leased), 0),
        COALESCE(sum(service), 0), count(*)
    FROM held WHERE preparing + idle + leased + service > 0
) t LEFT JOIN (
    SELECT * FROM held WHERE preparing + idle + leased + service > 0
    ORDER BY {by} {way}, vin LIMIT %(limit)s OFFSET %(offset)s
) p ON true LEFT JOIN fleet_vehicle v ON v.id = p.id
ORDER BY p.{by} {way}, p.vin
"""
_NAMES: Final = ("plate", "model_name", "city")


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
    if name not in (*_NAMES, *_KINDS):
        name, order_by = "idle", "-idle"
    named = name in _NAMES
    asked = (_DAYS + _PAGE).format(
        named=f"v.{name}" if named else "NULL",
        by="named" if named else name,
        way="DESC" if order_by.startswith("-") else "",
    )
    with connection.cursor() as cursor:
        cursor.execute(
            asked,
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
        if row[0] is not None
    )
    *sums, total = found[0][10:]
    totals = DayCounts(
        preparing=sums[0],
        idle=sums[1],
        leased=sums[2],
        service=sums[3],
        out=days * total - sum(sums),
    )
    return DaysPage(first=first, days=days, rows=rows, total=total, totals=totals)
