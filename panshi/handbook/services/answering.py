"""The verb by which a customer's question is answered from the book, at any hour."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final
from uuid import UUID, uuid5

from panshi.handbook import book
from panshi.handbook.events import CustomerAnswered
from panshi.handbook.models import SearchMiss, Synonym
from panshi.handbook.rules import terms
from panshi.handbook.rules.answering import Answer, best
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.kit.wording import is_chinese
from panshi.service import queries as talks
from panshi.service import services as service

# After so many questions that the book answered, a person does.
PATIENCE: Final = 2
# An answer stands behind its question.
_AFTER: Final = timedelta(milliseconds=1)


@verb
def answer_customer(
    *, conversation_id: UUID, message_id: UUID, text: str, actor: Actor, at: datetime
) -> CustomerAnswered:
    """Answer a message with what the book tells customers about it, word for word.

    Nothing is composed: up to three excerpts, in the language of the question. A question without
    an answer is noted and handed to a person, and so is one that follows two answers. A message
    told again, or one that a person answers, is left alone.
    """
    actor.must("handbook.answer_customer", actor.org_id)
    (thread,) = talks.conversations(conversation_id=conversation_id, actor=actor)
    said = talks.messages_of(conversation_id=conversation_id, actor=actor)
    told = {line.id for line in said if line.author_kind == "AUTOMATIC"}
    edition = book.book_for(actor.org_id, actor, at)
    known = book.answers(edition.id) if edition else ()
    found: list[Answer] = []
    handed = False
    if known and thread.state == "SELF_SERVICE" and uuid5(message_id, "0") not in told:
        if _answered(said) < PATIENCE:
            found = _offer(known, conversation_id, message_id, text, actor, at)
        if not found:
            handed = True
            service.hand_over(
                conversation_id=conversation_id, reason="NO_ANSWER", actor=actor, at=at
            )
    return CustomerAnswered(
        org_id=actor.org_id,
        actor_id=actor.id,
        at=at,
        conversation_id=conversation_id,
        message_id=message_id,
        nodes=tuple(answer.slug for answer in found),
        handed_over=handed,
    )


def _answered(said: list[talks.MessageRow]) -> int:
    """How many of a customer's messages were followed by an answer from the book."""
    kinds = pairwise(line.author_kind for line in said)
    return sum(pair == ("CUSTOMER", "AUTOMATIC") for pair in kinds)


def _offer(
    known: tuple[Answer, ...],
    conversation_id: UUID,
    message_id: UUID,
    text: str,
    actor: Actor,
    at: datetime,
) -> list[Answer]:
    meant = {row.said: row.meant for row in Synonym.objects.order_by("org_id")}
    found = best(terms.query(text, synonyms=meant), known)
    for number, answer in enumerate(found):
        service.offer_answer(
            conversation_id=conversation_id,
            text=answer.zh if is_chinese(text) else answer.en,
            node_code=answer.code,
            answer_id=uuid5(message_id, str(number)),
            actor=actor,
            at=at + (number + 1) * _AFTER,
        )
    if not found:
        SearchMiss.objects.create(org_id=actor.org_id, query=text[:200], audience="CUSTOMER", at=at)
    return found
