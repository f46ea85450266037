"""Questions about months of books: open or closed."""

from dataclasses import dataclass
from datetime import date

from panshi.kit.clock import month_start
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.ledger.models import Period, PeriodState


@dataclass(frozen=True, slots=True)
class PeriodRow:
    org_id: int
    month: date
    state: str
    reopening_reason: str


@question
def periods(*, actor: Actor, limit: int = 60) -> list[PeriodRow]:
    """Months that were ever closed, newest first."""
    rows = Period.objects.visible_to(actor).order_by("-month", "org_id")[:limit]
    return [PeriodRow(p.org_id, p.month, p.state, p.reopening_reason) for p in rows]


@question
def books_closed_in(*, month: date, actor: Actor) -> set[int]:
    """The orgs, among those the actor sees, whose book is closed for the month of this day."""
    rows = Period.objects.filter(month=month_start(month), state=PeriodState.CLOSED)
    return set(rows.values_list("org_id", flat=True))
