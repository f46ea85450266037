"""What the handbook shows elsewhere: the panel of the home page, the strips above records."""

from django.urls import reverse
from django.utils import timezone

from panshi.handbook import queries
from panshi.handbook.queries.runs import RunRow
from panshi.kit.strips import Strip
from panshi.kit.tenancy import Actor

SHOWN = 8


def tasks_of(*, actor: Actor) -> list[RunRow]:
    """The first tasks of this person: those nobody has taken, then overdue ones."""
    return queries.first_tasks(actor=actor, at=timezone.now(), count=SHOWN)


def runs_about(subject_type: str, subject_id: str, actor: Actor) -> list[Strip]:
    """The open runs about one thing, with how far each is."""
    rows = queries.runs_of(
        subject_type=subject_type, subject_id=subject_id, actor=actor, at=timezone.now()
    )
    return [
        Strip(
            title=row.title,
            url=reverse("handbook-run", args=[row.id]),
            state=str(row.state.label),
            tone="bad" if row.late else "warn" if row.state == "WAITING" else "info",
            done=row.done,
            total=row.required,
            due=row.due_at,
        )
        for row in rows
        if row.closed_at is None
    ]
