"""Which texts in force are to be read again, by how often each asks for it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from django.db.models import DateTimeField, Func, IntegerField, Max, TextField
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Greatest

from panshi.handbook import wording
from panshi.handbook.models import EditionItem, EditionState
from panshi.kit.clock import add_months, local_day
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question

AHEAD: Final = timedelta(days=30)


class _Months(Func):
    """How often the head of a `node.md` asks to be read again; NULL when it does not say."""

    template = "substring(%(expressions)s from 'review_every: ([0-9]+)m')::int"
    output_field = IntegerField()


@dataclass(frozen=True, slots=True, kw_only=True)
class DueReview:
    """A text in force that was looked at last on `seen_on` and asks for it again by `due_on`."""

    code: str
    slug: str
    title: str
    months: int
    seen_on: date
    due_on: date
    late: bool


@question
def due_reviews(*, actor: Actor, at: datetime) -> tuple[DueReview, ...]:
    """Texts of this office in force that are due within 30 days, the longest overdue first.

    A text is seen when it is approved, and each time somebody says that it still holds.
    """
    today = local_day(at)
    held = (
        EditionItem.objects.filter(
            edition__org_id=actor.org_id, edition__state=EditionState.RELEASED
        )
        .annotate(
            months=_Months(
                KeyTextTransform("node.md", "revision__files", output_field=TextField())
            ),
            seen_at=Greatest(
                "revision__approved_at",
                Max("revision__confirmed__at"),
                output_field=DateTimeField(),
            ),
        )
        .filter(months__isnull=False, seen_at__isnull=False)
        .order_by("node__code")
        .values_list("node__code", "node__slug", "node__zh", "node__en", "months", "seen_at")
    )
    rows = []
    for code, slug, zh, en, months, seen_at in held:
        seen_on = local_day(seen_at)
        due_on = add_months(seen_on, months)
        if due_on <= today + AHEAD:
            rows.append(
                DueReview(
                    code=code,
                    slug=slug,
                    title=wording.spoken(zh, en),
                    months=months,
                    seen_on=seen_on,
                    due_on=due_on,
                    late=due_on < today,
                )
            )
    return tuple(sorted(rows, key=lambda row: (row.due_on, row.code)))
