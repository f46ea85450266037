"""Questions about messages."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.notify.models import Message


@dataclass(frozen=True, slots=True)
class MessageRow:
    id: UUID
    subject: str
    body: str
    link: str
    channel: str
    state: str
    sent_at: datetime
    read_at: datetime | None


def _mine(actor: Actor) -> QuerySet[Message]:
    if actor.customer_id is not None:
        return Message.objects.filter(customer_id=actor.customer_id)
    return Message.objects.filter(user_id=actor.id)


@question
def my_messages(*, actor: Actor, limit: int = 50) -> list[MessageRow]:
    """One's own messages, newest first."""
    return [
        MessageRow(m.id, m.subject, m.body, m.link, m.channel, m.state, m.sent_at, m.read_at)
        for m in _mine(actor).order_by("-id")[:limit]
    ]


@question
def unread_count(*, actor: Actor) -> int:
    """How many of one's own messages wait to be read."""
    return _mine(actor).filter(read_at=None).count()
