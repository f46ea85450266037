"""The panel of the home page."""

from django.utils import timezone

from panshi.handbook import queries
from panshi.handbook.queries.runs import RunRow
from panshi.kit.tenancy import Actor

SHOWN = 8


def tasks_of(*, actor: Actor) -> list[RunRow]:
    """The first tasks of this person: overdue ones, then those due today."""
    mine = queries.inbox(actor=actor, at=timezone.now())
    return [*mine.overdue, *mine.today, *mine.later][:SHOWN]
