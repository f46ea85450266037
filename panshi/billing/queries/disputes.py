"""Questions about disputes: what was said against a bill and what was answered."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from panshi.billing.models import BillDispute, DisputeVerdict
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.org import queries as org


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeRow:
    """What was said against a bill; `opened_by` and `answered_by` are empty for customers.

    `found` says the verdict in words.
    """

    id: UUID
    words: str
    freezes: bool
    opened_at: datetime
    opened_by: str
    verdict: str
    found: str
    answer: str
    answered_at: datetime | None
    answered_by: str

    @property
    def is_open(self) -> bool:
        return self.answered_at is None


@question
def disputes_of(*, bill_id: UUID, actor: Actor) -> tuple[DisputeRow, ...]:
    """The disputes of a bill, the latest first, for staff and for its payer."""
    found = BillDispute.objects.visible_to(actor).filter(bill_id=bill_id)
    rows = list(found.order_by("-opened_at", "-id"))
    names: dict[UUID, str] = {}
    if actor.customer_id is None and rows:
        people = {r.opened_by_id for r in rows} | {r.answered_by_id for r in rows}
        names = org.names_of(user_ids=tuple(p for p in people if p), actor=actor)
    return tuple(
        DisputeRow(
            id=row.id,
            words=row.words,
            freezes=row.freezes,
            opened_at=row.opened_at,
            opened_by=names.get(row.opened_by_id, ""),
            verdict=row.verdict,
            found=str(DisputeVerdict(row.verdict).label) if row.verdict else "",
            answer=row.answer,
            answered_at=row.answered_at,
            answered_by=names.get(row.answered_by_id, "") if row.answered_by_id else "",
        )
        for row in rows
    )
