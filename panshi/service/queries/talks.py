"""Questions about conversations."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.service.models import Conversation, ConversationState, Message


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationRow:
    id: UUID
    customer_id: UUID
    subject: str
    order_id: UUID | None
    state: ConversationState
    waiting_since: datetime | None
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRow:
    id: UUID
    author_kind: str
    text: str
    node_code: str
    at: datetime


@question
def conversations(
    *, actor: Actor, state: str = "", customer_id: UUID | None = None, limit: int = 100
) -> list[ConversationRow]:
    """Threads, the latest first; a customer sees its own alone."""
    found = Conversation.objects.visible_to(actor)
    if state:
        found = found.filter(state=state)
    if customer_id is not None:
        found = found.filter(customer_id=customer_id)
    return [
        ConversationRow(
            id=row.id,
            customer_id=row.customer_id,
            subject=row.subject,
            order_id=row.order_id,
            state=ConversationState(row.state),
            waiting_since=row.waiting_since,
            last_at=row.last_at,
        )
        for row in found.order_by("-last_at", "-id")[:limit]
    ]


@question
def messages_of(*, conversation_id: UUID, actor: Actor) -> list[MessageRow]:
    """What was said in a thread, in order."""
    thread = Conversation.objects.visible_to(actor).get(id=conversation_id)
    return [
        MessageRow(id=m.id, author_kind=m.author_kind, text=m.text, node_code=m.node_code, at=m.at)
        for m in Message.objects.filter(conversation=thread).order_by("at", "id")
    ]
