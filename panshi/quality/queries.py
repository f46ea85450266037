"""Questions about quality."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.quality.models import Grade, Nonconformity, NonconformityState


@dataclass(frozen=True, slots=True)
class NonconformityRow:
    id: UUID
    number: str
    grade: str
    grade_label: str
    words: str
    node_slug: str
    city: str
    state: str
    opened_at: datetime
    closed_at: datetime | None
    cause: str
    correction: str


@question
def nonconformities(*, actor: Actor, state: str = "", limit: int = 200) -> list[NonconformityRow]:
    """What did not conform, open ones first, newest first."""
    rows = Nonconformity.objects.visible_to(actor)
    if state:
        rows = rows.filter(state=NonconformityState(state))
    return [
        NonconformityRow(
            r.id, r.number, r.grade, str(Grade(r.grade).label), r.words, r.node_slug, r.city,
            r.state, r.opened_at, r.closed_at, r.cause, r.correction,
        )
        for r in rows.order_by("-state", "-opened_at")[:limit]
    ]  # fmt: skip
