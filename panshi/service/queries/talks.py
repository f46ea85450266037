"""Questions about conversations."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection

from panshi.crm import queries as crm
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.org import queries as org
from panshi.service.models import Conversation, ConversationState, Message

OPEN: Final = "OPEN"
_OVER: Final = (ConversationState.RESOLVED, ConversationState.CLOSED)
# A customer waits from the first word on that nobody answered, or since a person was asked for.
_THREADS: Final = """
WITH threads AS (
    SELECT c.id, c.customer_id, c.subject, c.order_id, c.state, c.waiting_since, c.last_at,
        c.owner_id,
        CASE WHEN c.state NOT IN ('RESOLVED', 'CLOSED') THEN COALESCE((
            SELECT min(m.at) FROM service_message m
            WHERE m.conversation_id = c.id AND m.author_kind = 'CUSTOMER' AND m.at > COALESCE((
                SELECT max(n.at) FROM service_message n
                WHERE n.conversation_id = c.id AND n.author_kind <> 'CUSTOMER'), '-infinity')
            ), c.waiting_since) END AS waiting_from
    FROM service_conversation c
    WHERE (%(org)s::int IS NULL OR c.org_id = %(org)s)
        AND (%(id)s::uuid IS NULL OR c.id = %(id)s)
        AND (%(states)s::text[] IS NULL OR c.state = ANY(%(states)s))
)
SELECT id, customer_id, subject, order_id, state, waiting_since, last_at, owner_id, waiting_from,
    count(*) OVER (), count(waiting_from) OVER ()
FROM threads ORDER BY waiting_from NULLS LAST, last_at DESC, id LIMIT %(limit)s OFFSET %(offset)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationRow:
    """A thread; `waiting_from` is since when the customer has had no answer, if it waits."""

    id: UUID
    customer_id: UUID
    subject: str
    order_id: UUID | None
    state: ConversationState
    waiting_since: datetime | None
    last_at: datetime
    owner_id: UUID | None = None
    waiting_from: datetime | None = None
    customer_name: str = ""
    owner_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationPage:
    """A page of threads; of all that match, `waiting` wait for an answer."""

    rows: tuple[ConversationRow, ...]
    total: int
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRow:
    id: UUID
    author_kind: str
    text: str
    node_code: str
    at: datetime
    author_name: str = ""


@question
def conversations(
    *,
    actor: Actor,
    state: str = "",
    customer_id: UUID | None = None,
    conversation_id: UUID | None = None,
    limit: int = 100,
) -> list[ConversationRow]:
    """Threads, the latest first; a customer sees its own alone."""
    found = Conversation.objects.visible_to(actor)
    if state:
        found = found.filter(state=state)
    if customer_id is not None:
        found = found.filter(customer_id=customer_id)
    if conversation_id is not None:
        found = found.filter(id=conversation_id)
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


def _threads(
    actor: Actor,
    *,
    states: Sequence[str] | None = None,
    conversation_id: UUID | None = None,
    limit: int = 1,
    offset: int = 0,
) -> ConversationPage:
    values: dict[str, Any] = {
        "org": actor.single_org_id,
        "id": conversation_id,
        "states": list(states) if states else None,
        "limit": limit,
        "offset": offset,
    }
    with connection.cursor() as cursor:
        cursor.execute(_THREADS, values)
        found = cursor.fetchall()
    customers = crm.names_of((row[1] for row in found), actor)
    owners = org.names_of(user_ids=tuple({row[7] for row in found if row[7]}), actor=actor)
    rows = tuple(
        ConversationRow(
            id=row[0],
            customer_id=row[1],
            subject=row[2],
            order_id=row[3],
            state=ConversationState(row[4]),
            waiting_since=row[5],
            last_at=row[6],
            owner_id=row[7],
            waiting_from=row[8],
            customer_name=customers.get(row[1], ""),
            owner_name=owners.get(row[7], ""),
        )
        for row in found
    )
    return ConversationPage(
        rows=rows, total=found[0][9] if found else 0, waiting=found[0][10] if found else 0
    )


@question
def conversation_page(
    *, actor: Actor, state: str = "", limit: int = 50, offset: int = 0
) -> ConversationPage:
    """Threads for staff, who waits longest first; OPEN are all that are not settled.

    Without a state settled ones follow at the end.
    """
    states: list[str] | None = [state] if state else None
    if state == OPEN:
        states = [str(code) for code in ConversationState if code not in _OVER]
    return _threads(actor, states=states, limit=limit, offset=offset)


@question
def conversation_row(*, conversation_id: UUID, actor: Actor) -> ConversationRow:
    """One thread as staff see it. Raises Conversation.DoesNotExist."""
    page = _threads(actor, conversation_id=conversation_id)
    if not page.rows:
        raise Conversation.DoesNotExist
    return page.rows[0]


@question
def messages_of(*, conversation_id: UUID, actor: Actor) -> list[MessageRow]:
    """What was said in a thread, in order; a customer does not see which of the staff spoke."""
    thread = Conversation.objects.visible_to(actor).get(id=conversation_id)
    said = list(Message.objects.filter(conversation=thread).order_by("at", "id"))
    names: dict[UUID, str] = {}
    if actor.customer_id is None:
        staff = tuple({m.author_id for m in said if m.author_kind == "STAFF"})
        names = org.names_of(user_ids=staff, actor=actor)
    return [
        MessageRow(
            id=m.id,
            author_kind=m.author_kind,
            text=m.text,
            node_code=m.node_code,
            at=m.at,
            author_name=names.get(m.author_id, ""),
        )
        for m in said
    ]
