"""Verbs of conversations with customers."""

from datetime import datetime
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.kit.ids import uuid7
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.service.events import (
    AnswerOffered,
    ConversationHandedOver,
    ConversationResolved,
    ConversationTaken,
    MessagePosted,
)
from panshi.service.models import (
    CONVERSATION_LIFE,
    Conversation,
    ConversationState,
    Message,
)

# Words after which a person looks at once, whatever the thread was about.
SAFETY_WORDS: Final = ("冒烟", "起火", "漏液", "碰撞", "涉水", "触电")
S = ConversationState


class ConversationOver(Refusal):
    pass


class AlreadyTaken(Refusal):
    pass


class NothingSaid(Refusal):
    pass


def _thread(conversation_id: UUID, permission: str, actor: Actor) -> Conversation:
    thread = Conversation.objects.visible_to(actor).select_for_update().get(id=conversation_id)
    actor.must_be(thread.customer_id)
    actor.must(permission, thread.org_id)
    return thread


def _say(
    thread: Conversation,
    kind: str,
    text: str,
    actor: Actor,
    at: datetime,
    *,
    node: str = "",
    message_id: UUID | None = None,
) -> Message:
    thread.last_at = at
    return Message.objects.create(
        id=message_id or uuid7(),
        org_id=thread.org_id,
        conversation=thread,
        customer_id=thread.customer_id,
        author_kind=kind,
        author_id=actor.id,
        text=text,
        node_code=node,
        at=at,
    )


@verb
def post_message(
    *,
    customer_id: UUID,
    text: str,
    actor: Actor,
    at: datetime,
    conversation_id: UUID | None = None,
    subject: str = "",
    order_id: UUID | None = None,
) -> MessagePosted:
    """Say something in a thread; without one a new thread of the customer begins.

    A customer's safety word hands the thread to staff at once. Raises NothingSaid,
    ConversationOver once it is closed.
    """
    actor.must_be(customer_id)
    actor.must("service.post_message", actor.org_id)
    if not text.strip():
        raise NothingSaid(_("Write something first."))
    if conversation_id is None:
        thread = Conversation.objects.create(
            org_id=actor.org_id,
            customer_id=customer_id,
            subject=subject or text.strip()[:60],
            order_id=order_id,
            last_at=at,
        )
    else:
        thread = _thread(conversation_id, "service.post_message", actor)
    if thread.state == S.CLOSED:
        raise ConversationOver(_("This conversation is over; begin a new one."))
    by_customer = actor.customer_id is not None
    message = _say(thread, "CUSTOMER" if by_customer else "STAFF", text, actor, at)
    safety = by_customer and any(word in text for word in SAFETY_WORDS)
    if by_customer and thread.state in (S.WAITING_CUSTOMER, S.RESOLVED):
        thread.state = CONVERSATION_LIFE.step(thread.state, S.WITH_STAFF)
    elif not by_customer and thread.state == S.WITH_STAFF:
        thread.state = CONVERSATION_LIFE.step(thread.state, S.WAITING_CUSTOMER)
    if safety and thread.state == S.SELF_SERVICE:
        thread.state = CONVERSATION_LIFE.step(thread.state, S.WAITING_STAFF)
        thread.waiting_since = at
    thread.save(update_fields=["state", "last_at", "waiting_since"])
    return MessagePosted(
        org_id=thread.org_id,
        actor_id=actor.id,
        at=at,
        conversation_id=thread.id,
        message_id=message.id,
        customer_id=customer_id,
        author_kind=message.author_kind,
        text=text,
        safety=safety,
    )


@verb
def offer_answer(
    *,
    conversation_id: UUID,
    text: str,
    node_code: str,
    actor: Actor,
    at: datetime,
    answer_id: UUID | None = None,
) -> AnswerOffered:
    """Answer by itself with an excerpt of a handbook node, labelled so.

    The message bears `answer_id`, where whoever answers has made one to answer once.
    """
    thread = _thread(conversation_id, "service.offer_answer", actor)
    if thread.state != S.SELF_SERVICE:
        raise ConversationOver(_("A person answers here now."))
    message = _say(thread, "AUTOMATIC", text, actor, at, node=node_code, message_id=answer_id)
    thread.save(update_fields=["last_at"])
    return AnswerOffered(
        org_id=thread.org_id,
        actor_id=actor.id,
        at=at,
        conversation_id=thread.id,
        message_id=message.id,
        node_code=node_code,
    )


@verb
def hand_over(
    *, conversation_id: UUID, reason: str, actor: Actor, at: datetime
) -> ConversationHandedOver:
    """Ask for a person."""
    thread = _thread(conversation_id, "service.post_message", actor)
    thread.state = CONVERSATION_LIFE.step(thread.state, S.WAITING_STAFF)
    thread.waiting_since = at
    thread.save(update_fields=["state", "waiting_since"])
    return ConversationHandedOver(
        org_id=thread.org_id,
        actor_id=actor.id,
        at=at,
        conversation_id=thread.id,
        customer_id=thread.customer_id,
        reason=reason,
    )


@verb
def take_conversation(*, conversation_id: UUID, actor: Actor, at: datetime) -> ConversationTaken:
    """Answer a thread oneself, whether a person was asked for or not.

    Raises AlreadyTaken when a colleague was faster.
    """
    thread = _thread(conversation_id, "service.take_conversation", actor)
    if thread.state == S.WITH_STAFF and thread.owner_id != actor.id:
        raise AlreadyTaken(_("A colleague has taken this conversation."))
    if thread.state == S.SELF_SERVICE:
        thread.state = CONVERSATION_LIFE.step(thread.state, S.WAITING_STAFF)
    thread.state = CONVERSATION_LIFE.step(thread.state, S.WITH_STAFF)
    thread.owner_id, thread.waiting_since = actor.id, None
    thread.save(update_fields=["state", "owner_id", "waiting_since"])
    return ConversationTaken(
        org_id=thread.org_id,
        actor_id=actor.id,
        at=at,
        conversation_id=thread.id,
        owner_id=actor.id,
    )


@verb
def resolve_conversation(
    *, conversation_id: UUID, actor: Actor, at: datetime
) -> ConversationResolved:
    """Note that the matter is settled; the customer may still reopen it."""
    thread = _thread(conversation_id, "service.resolve_conversation", actor)
    thread.state = CONVERSATION_LIFE.step(thread.state, S.RESOLVED)
    thread.save(update_fields=["state"])
    return ConversationResolved(
        org_id=thread.org_id,
        actor_id=actor.id,
        at=at,
        conversation_id=thread.id,
        customer_id=thread.customer_id,
    )
