"""Questions of the compliance calendar: what falls due when."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection

from panshi.fleet import rules
from panshi.fleet.models import DueKind, VehicleState
from panshi.kit.clock import add_months, local_day, month_start
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question

# Papers by their last day, and open items of what has no paper.
_DUE: Final = """
WITH due AS (
    SELECT d.id, d.org_id, d.vehicle_id, d.kind, d.expires_on AS due_on, NULL::numeric AS due_km
    FROM fleet_document d
    WHERE d.current AND d.expires_on BETWEEN %(since)s AND %(until)s
        AND (%(org)s::int IS NULL OR d.org_id = %(org)s)
    UNION ALL
    SELECT i.id, i.org_id, i.vehicle_id, i.kind, i.due_on, i.due_km
    FROM fleet_dueitem i
    WHERE i.state = 'OPEN' AND i.kind = 'MAINTENANCE' AND i.due_on BETWEEN %(since)s AND %(until)s
        AND (%(org)s::int IS NULL OR i.org_id = %(org)s)
),
shown AS MATERIALIZED (
    SELECT due.* FROM due
    WHERE (%(kind)s = '' OR due.kind = %(kind)s)
        -- Those out of the fleet are few and in an index; nobody joins the whole fleet to count.
        AND due.vehicle_id NOT IN (SELECT id FROM fleet_vehicle
            WHERE state IN ('RETIRED', 'SOLD') OR use = 'EXTERNAL')
        AND (%(city)s = '' AND %(words)s = '' OR due.vehicle_id IN (SELECT v.id FROM fleet_vehicle v
            WHERE (%(city)s = '' OR v.city = %(city)s)
            AND (%(words)s = '' OR v.plate LIKE %(like)s OR v.vin LIKE %(like)s)))
)
"""
_PAGE: Final = """
SELECT s.id, s.vehicle_id, v.vin, v.plate, v.model_name, v.city, v.state, s.kind, s.due_on,
    s.due_km, EXISTS (SELECT FROM fleet_compliancerule r WHERE r.kind = s.kind AND r.blocks),
    i.rung, i.incident_on, t.count
FROM (SELECT count(*) FROM shown) t LEFT JOIN (
    SELECT s.* FROM shown s ORDER BY {order}, s.id LIMIT %(limit)s OFFSET %(offset)s
) s ON true LEFT JOIN fleet_vehicle v ON v.id = s.vehicle_id
LEFT JOIN fleet_dueitem i ON i.vehicle_id = s.vehicle_id AND i.kind = s.kind AND i.state = 'OPEN'
ORDER BY {order}, s.id
"""
_DAYS: Final = (
    "SELECT due_on, kind, count(*) FROM shown GROUP BY due_on, kind ORDER BY due_on, kind"
)
_ORDERS: Final = {
    "expires_on": "s.due_on",
    "-expires_on": "s.due_on DESC",
    "kind": "s.kind, s.due_on",
    "-kind": "s.kind DESC, s.due_on",
}
_LONG_AGO: Final = date(2000, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DueRow:
    """What is due of a vehicle. `rung` is the last notice's, None before the first.

    `incident_on` is the day on which too few notices were found on record.
    """

    id: UUID
    vehicle_id: UUID
    vin: str
    plate: str
    model_name: str
    city: str
    state: VehicleState
    kind: DueKind
    expires_on: date
    due_km: Decimal | None
    days_left: int
    blocks: bool
    rung: int | None
    incident_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DuePage:
    rows: tuple[DueRow, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DueDay:
    """How many of each kind fall due on a day."""

    day: date
    kinds: tuple[tuple[DueKind, int], ...]

    @property
    def count(self) -> int:
        return sum(count for _kind, count in self.kinds)


@dataclass(frozen=True, slots=True, kw_only=True)
class LapseCounts:
    lapsed: int
    week: int
    month: int
    two_months: int


def _given(
    actor: Actor, *, since: date, until: date, kind: str = "", city: str = "", text: str = ""
) -> dict[str, Any]:
    words = rules.fold(text)
    return {
        "since": since,
        "until": until,
        "org": actor.single_org_id,
        "kind": kind,
        "city": city,
        "words": words,
        "like": f"%{words}%",
    }


@question
def due_calendar(
    *,
    actor: Actor,
    at: datetime,
    within_days: int = 60,
    on: date | None = None,
    kind: str = "",
    city: str = "",
    text: str = "",
    order_by: str = "expires_on",
    limit: int = 20,
    offset: int = 0,
) -> DuePage:
    """What falls due within so many days, or has lapsed, or falls due on one day; soonest first.

    Retired and sold vehicles and customers' own are left out.
    """
    today = local_day(at)
    given = _given(
        actor,
        since=on or _LONG_AGO,
        until=on or today + timedelta(days=within_days),
        kind=kind,
        city=city,
        text=text,
    )
    order = _ORDERS.get(order_by, _ORDERS["expires_on"])
    with connection.cursor() as cursor:
        cursor.execute(
            _DUE + _PAGE.format(order=order), {**given, "limit": limit, "offset": offset}
        )
        found = cursor.fetchall()
    rows = tuple(
        DueRow(
            id=row[0],
            vehicle_id=row[1],
            vin=row[2],
            plate=row[3],
            model_name=row[4],
            city=row[5],
            state=VehicleState(row[6]),
            kind=DueKind(row[7]),
            expires_on=row[8],
            due_km=row[9],
            days_left=(row[8] - today).days,
            blocks=row[10],
            rung=row[11],
            incident_on=row[12],
        )
        for row in found
        if row[0] is not None
    )
    return DuePage(rows=rows, total=found[0][13])


@question
def due_days(
    *, month: date, actor: Actor, kind: str = "", city: str = "", text: str = ""
) -> list[DueDay]:
    """How many fall due on each day of the month of a day; days without are left out."""
    first = month_start(month)
    last = add_months(first, 1) - timedelta(days=1)
    given = _given(actor, since=first, until=last, kind=kind, city=city, text=text)
    days: dict[date, list[tuple[DueKind, int]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_DUE + _DAYS, given)
        for day, due_kind, count in cursor.fetchall():
            days.setdefault(day, []).append((DueKind(due_kind), count))
    return [DueDay(day=day, kinds=tuple(kinds)) for day, kinds in days.items()]


@question
def lapse_counts(*, actor: Actor, at: datetime) -> LapseCounts:
    """How many things have lapsed, and how many fall due within 7, 30 and 60 days."""
    today = local_day(at)
    given = _given(actor, since=_LONG_AGO, until=today + timedelta(days=60))
    counts = ", ".join(
        f"count(*) FILTER (WHERE due_on BETWEEN %(today)s AND %(today)s + {days})"
        for days in (7, 30, 60)
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"{_DUE} SELECT count(*) FILTER (WHERE due_on < %(today)s), {counts} FROM shown",
            {**given, "today": today},
        )
        lapsed, week, month, two_months = cursor.fetchone()
    return LapseCounts(lapsed=lapsed, week=week, month=month, two_months=two_months)
