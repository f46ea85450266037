"""Questions about months of books: how they stand, what closing misses, what changed since."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import connection

from panshi.kit.clock import month_start
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import GUARDS, question
from panshi.ledger.models import Account, Period, PeriodState
from panshi.ledger.queries.sums import KEPT


@dataclass(frozen=True, slots=True)
class PeriodRow:
    """A month of a book; who asked for its reopening, and why, while a second person is awaited."""

    org_id: int
    month: date
    state: str
    reopening_reason: str
    closed_at: datetime | None = None
    closed_by_id: UUID | None = None
    reopening_asked_by_id: UUID | None = None
    rounds: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthCheck:
    """One thing that must hold before a month is closed; `missing` says what does not, if so.

    `url` leads to where it is mended. A room above answers these from a guard `month_checks`.
    """

    code: str
    words: str
    holds: bool
    missing: str = ""
    url: str = ""


def _row(period: Period) -> PeriodRow:
    return PeriodRow(
        org_id=period.org_id,
        month=period.month,
        state=period.state,
        reopening_reason=period.reopening_reason,
        closed_at=period.closed_at,
        closed_by_id=period.closed_by_id,
        reopening_asked_by_id=period.reopening_asked_by_id,
        rounds=period.rounds,
    )


@question
def periods(*, actor: Actor, limit: int = 60) -> list[PeriodRow]:
    """Months that were ever closed, newest first."""
    rows = Period.objects.visible_to(actor).order_by("-month", "org_id")[:limit]
    return [_row(period) for period in rows]


@question
def period_of(*, org_id: int, month: date, actor: Actor) -> PeriodRow:
    """How a month of a book stands; one that was never closed is open."""
    rows = Period.objects.visible_to(actor).filter(org_id=org_id, month=month_start(month))
    period = rows.first()
    return _row(period) if period else PeriodRow(org_id, month_start(month), PeriodState.OPEN, "")


@question
def books_closed_in(*, month: date, actor: Actor) -> set[int]:
    """The orgs, among those the actor sees, whose book is closed for the month of this day."""
    rows = Period.objects.filter(month=month_start(month), state=PeriodState.CLOSED)
    return set(rows.values_list("org_id", flat=True))


def checks_of_rooms(org_id: int, month: date) -> list[MonthCheck]:
    """What the rooms above say of a month; asked inside a verb or a question."""
    return [
        check
        for name, ask in sorted(GUARDS.items())
        if name.endswith(".month_checks")
        for check in ask(org_id=org_id, month=month)
    ]


@question
def month_checks(*, org_id: int, month: date, actor: Actor) -> list[MonthCheck]:
    """What must hold before a month of a book is closed; its own promises are counted then."""
    return checks_of_rooms(org_id, month_start(month))


@dataclass(frozen=True, slots=True)
class SumChange:
    """An account of a city that stands otherwise than when its month was closed, in CNY."""

    account: str
    name: str
    city: str
    debit_was: Decimal
    debit: Decimal
    credit_was: Decimal
    credit: Decimal

    @property
    def change(self) -> Decimal:
        return (self.debit - self.credit) - (self.debit_was - self.credit_was)


_CHANGES: Final = f"""
WITH was AS (
    SELECT account_id, city, debit, credit FROM ledger_closedsum
    WHERE org_id = %(org)s AND month = %(month)s AND round = %(round)s
), now AS (
    SELECT account_id, city, sum(debit) AS debit, sum(credit) AS credit
    FROM {KEPT} kept WHERE org_id = %(org)s AND month = %(month)s GROUP BY 1, 2
)
SELECT account_id, city, COALESCE(was.debit, 0), COALESCE(now.debit, 0),
    COALESCE(was.credit, 0), COALESCE(now.credit, 0)
FROM was FULL JOIN now USING (account_id, city)
WHERE (was.debit, was.credit) IS DISTINCT FROM (now.debit, now.credit)
ORDER BY account_id, city
"""


@question
def changes_since_closing(*, org_id: int, month: date, actor: Actor) -> list[SumChange]:
    """What a month that was reopened has become, against what it was when it was closed.

    While it is open, against its last closing; once closed again, against the closing before.
    """
    period = (
        Period.objects.visible_to(actor).filter(org_id=org_id, month=month_start(month)).first()
    )
    if period is None:
        return []
    round_ = period.rounds - (period.state == PeriodState.CLOSED)
    if round_ < 1:
        return []
    names = {account.code: str(account) for account in Account.objects.all()}
    with connection.cursor() as cursor:
        cursor.execute(_CHANGES, {"org": org_id, "month": month_start(month), "round": round_})
        return [
            SumChange(code, names[code], city, *figures)
            for code, city, *figures in cursor.fetchall()
        ]


_OPEN_DAY: Final = """
SELECT min(GREATEST(m::date, %(day)s::date)) FROM generate_series(
    date_trunc('month', %(day)s::timestamp), date_trunc('month', %(day)s::timestamp)
        + interval '10 years', interval '1 month') AS m
WHERE NOT EXISTS (SELECT FROM ledger_period p
    WHERE p.org_id = %(org)s AND p.month = m::date AND p.state = 'CLOSED')
"""


@question
def open_day(*, org_id: int, day: date, actor: Actor) -> date:
    """The day itself, or the first of the next month that a book has open.

    For what happens whether a book is closed or not, such as a part that a job used up.
    """
    with connection.cursor() as cursor:
        cursor.execute(_OPEN_DAY, {"org": org_id, "day": day})
        ((found,),) = cursor.fetchall()
    return found or day
