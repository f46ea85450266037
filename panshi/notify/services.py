"""Verbs of notification."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.notify.events import MessagesRead, MessagesSent
from panshi.notify.models import Channel, Message, MessageState


class NoAddress(Refusal):
    """A message names neither a user nor a customer, or both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """One message; (source, channel, recipient) makes it unique, so a repeat sends nothing."""

    subject: str
    source_kind: str
    source_id: str
    user_id: UUID | None = None
    customer_id: UUID | None = None
    channel: str = Channel.IN_APP
    body: str = ""
    link: str = ""


@verb
def send_messages(
    *, org_id: int, messages: Sequence[NewMessage], actor: Actor, at: datetime
) -> MessagesSent:
    """Send messages to staff and customers; those sent before are left out of the count.

    An in-app message is delivered by being stored. A text message stays QUEUED until an adapter
    of the tenant takes it. Raises NoAddress when one lacks a single recipient.
    """
    actor.must("notify.send_messages", org_id)
    for message in messages:
        if (message.user_id is None) == (message.customer_id is None):
            raise NoAddress(f"{message.source_kind} {message.source_id}")
    before = Message.objects.filter(org_id=org_id).count()
    rows = [
        Message(
            org_id=org_id,
            user_id=m.user_id,
            customer_id=m.customer_id,
            channel=m.channel,
            subject=m.subject,
            body=m.body,
            link=m.link,
            source_kind=m.source_kind,
            source_id=m.source_id,
            state=MessageState.DELIVERED if m.channel == Channel.IN_APP else MessageState.QUEUED,
            sent_at=at,
        )
        for m in messages
    ]
    Message.objects.bulk_create(rows, ignore_conflicts=True)
    return MessagesSent(
        org_id=org_id,
        actor_id=actor.id,
        at=at,
        count=Message.objects.filter(org_id=org_id).count() - before,
        user_ids=tuple({m.user_id for m in messages if m.user_id}),
        customer_ids=tuple({m.customer_id for m in messages if m.customer_id}),
    )


@verb
def mark_messages_read(*, actor: Actor, at: datetime) -> MessagesRead:
    """Mark all of one's own messages read; a customer marks the customer's."""
    mine = Message.objects.filter(read_at=None)
    if actor.customer_id is not None:
        mine = mine.filter(customer_id=actor.customer_id)
    else:
        mine = mine.filter(user_id=actor.id)
    return MessagesRead(
        org_id=actor.org_id, actor_id=actor.id, at=at, count=mine.update(read_at=at)
    )
