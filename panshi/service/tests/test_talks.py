"""Conversations: one thread, one customer; safety words reach a person at once."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from panshi.kit.refusals import NotPermitted
from panshi.service import queries, services
from panshi.service.models import Conversation, ConversationState, Message
from panshi.service.tests import make
from panshi.service.tests.make import NOON


def test_a_thread_goes_from_question_to_settled() -> None:
    where = make.city(engineers=0)
    customer_id, _vehicle = make.customer_vehicle(where)
    me = make.customer_actor(where, customer_id)
    said = services.post_message(
        customer_id=customer_id, text="充电口打不开怎么办？", actor=me, at=NOON
    )
    thread = said.conversation_id
    services.offer_answer(
        conversation_id=thread, text="先检查……", node_code="KF-01", actor=where.boss, at=NOON
    )
    services.hand_over(conversation_id=thread, reason="没有帮助", actor=me, at=NOON)
    services.take_conversation(conversation_id=thread, actor=where.boss, at=NOON)
    services.post_message(
        customer_id=customer_id, conversation_id=thread, text="工程师 20 分钟后联系您",
        actor=where.boss, at=NOON + timedelta(minutes=1),
    )  # fmt: skip
    assert Conversation.objects.get().state == ConversationState.WAITING_CUSTOMER
    services.resolve_conversation(conversation_id=thread, actor=where.boss, at=NOON)

    kinds = [m.author_kind for m in queries.messages_of(conversation_id=thread, actor=me)]
    assert kinds == ["CUSTOMER", "AUTOMATIC", "STAFF"]
    (row,) = queries.conversations(actor=me)
    assert row.state == ConversationState.RESOLVED


def test_a_safety_word_waits_for_staff_at_once() -> None:
    where = make.city(engineers=0)
    customer_id, _vehicle = make.customer_vehicle(where)

    fact = services.post_message(
        customer_id=customer_id, text="电池在冒烟！",
        actor=make.customer_actor(where, customer_id), at=NOON,
    )  # fmt: skip

    assert fact.safety
    assert Conversation.objects.get().state == ConversationState.WAITING_STAFF


def test_nobody_writes_in_anothers_thread_or_rewrites_a_message() -> None:
    where = make.city(engineers=0)
    mine, theirs = make.customer_vehicle(where)[0], make.customer_vehicle(where)[0]
    said = services.post_message(
        customer_id=mine, text="你好", actor=make.customer_actor(where, mine), at=NOON
    )

    with pytest.raises(NotPermitted):
        services.post_message(
            customer_id=theirs, conversation_id=said.conversation_id, text="?",
            actor=make.customer_actor(where, theirs), at=NOON,
        )  # fmt: skip
    with pytest.raises(DatabaseError), transaction.atomic():
        Message.objects.update(text="x")
