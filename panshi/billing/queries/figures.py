"""What fell due and what was paid of it: whoever measures collection asks here."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db import connection

from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question


@dataclass(frozen=True, slots=True)
class DueDay:
    """The bills due on a day, in CNY; credit notes lower what is due, deposits are left out."""

    day: date
    due: Decimal
    paid: Decimal
    bills: int


@dataclass(frozen=True, slots=True)
class DueRow:
    bill_id: UUID
    number: str
    org_id: int
    city: str
    due_on: date
    due: Decimal
    paid: Decimal


@dataclass(frozen=True, slots=True)
class DuePage:
    """A page of bills; `total`, `due` and `paid` are those of all that match."""

    rows: tuple[DueRow, ...]
    total: int
    due: Decimal
    paid: Decimal


_DUES = """
FROM (
    SELECT w.bill_id, w.org_id, w.city, w.due_on, w.total + COALESCE(c.credited, 0) AS due,
        w.total + COALESCE(c.credited, 0) - w.open_amount - w.written_off AS paid
    FROM billing_billbalance w LEFT JOIN (
        SELECT credits_id, sum(total) AS credited FROM billing_bill
        WHERE credits_id IS NOT NULL AND state = 'ISSUED' GROUP BY credits_id
    ) c ON c.credits_id = w.bill_id
    WHERE w.kind = 'CHARGE' AND w.due_on >= %(since)s AND w.due_on < %(until)s
      AND (%(org)s::int IS NULL OR w.org_id = %(org)s) AND (%(city)s = '' OR w.city = %(city)s)
) d
"""


def _values(
    since: date, until: date, city: str, actor: Actor
) -> dict[str, str | date | int | None]:
    return {"since": since, "until": until, "city": city, "org": actor.single_org_id}


@question
def dues_by_day(*, since: date, until: date, actor: Actor, city: str = "") -> list[DueDay]:
    """What fell due on each day of [since, until), and what is paid of it by now."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT due_on, sum(due), sum(paid), count(*) {_DUES} GROUP BY 1 ORDER BY 1",
            _values(since, until, city, actor),
        )
        return [DueDay(*row) for row in cursor.fetchall()]


@question
def due_page(
    *, since: date, until: date, actor: Actor, city: str = "", limit: int = 20, offset: int = 0
) -> DuePage:
    """The bills behind the dues of [since, until), the latest first."""
    values = _values(since, until, city, actor)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*), COALESCE(sum(due), 0), COALESCE(sum(paid), 0) {_DUES}", values
        )
        total, due, paid = cursor.fetchone()
        cursor.execute(
            "SELECT d.bill_id, b.number, d.org_id, d.city, d.due_on, d.due, d.paid"
            f" {_DUES} JOIN billing_bill b ON b.id = d.bill_id"
            " ORDER BY d.due_on DESC, d.bill_id DESC LIMIT %(limit)s OFFSET %(offset)s",
            {**values, "limit": limit, "offset": offset},
        )
        rows = tuple(DueRow(*row) for row in cursor.fetchall())
    return DuePage(rows, total, due, paid)
