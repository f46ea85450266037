"""The outbox: facts leave the transaction that made them true, and reach every handler once.

A row in `kit_outbox` per fact, a row in `kit_delivery` per subscribed handler, both written in the
verb's transaction. The relay (`panshi.kit.relay`) delivers them, in order within (org, handler).
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from django.db import connection

from panshi.kit.facts import Fact, to_plain

F = TypeVar("F", bound=Fact)
Handler = Callable[[Any], None]

HANDLERS: dict[str, Handler] = {}
_SUBSCRIBED: dict[str, list[str]] = {}
ANY = "*"
_history: ContextVar[bool] = ContextVar("telling_history", default=False)


def _list(fact_name: str, function: Callable[[Any], None]) -> None:
    handler = f"{function.__module__.removeprefix('panshi.')}.{function.__name__}"
    HANDLERS[handler] = function
    _SUBSCRIBED.setdefault(fact_name, []).append(handler)


def on(*kinds: type[F]) -> Callable[[Callable[[F], None]], Callable[[F], None]]:
    """Subscribe a handler to one or more kinds of fact. It must be idempotent by fact id."""

    def decorate(function: Callable[[F], None]) -> Callable[[F], None]:
        for kind in kinds:
            _list(kind.name, function)
        return function

    return decorate


def on_any(function: Callable[[Fact], None]) -> Callable[[Fact], None]:
    """Subscribe a handler to every fact: the handbook, the cockpit, webhooks."""
    _list(ANY, function)
    return function


@contextmanager
def telling_history() -> Iterator[None]:
    """Publish facts of the past: kept in the outbox, delivered to nobody.

    For moving in years of records at once, whose procedures ended long ago.
    """
    token = _history.set(True)
    try:
        yield
    finally:
        _history.reset(token)


def subscribers(fact_name: str) -> list[str]:
    """The handlers of a fact, in the order of their rooms."""
    if _history.get():
        return []
    return [*_SUBSCRIBED.get(fact_name, []), *_SUBSCRIBED.get(ANY, [])]


_PUBLISH = """
WITH told AS (
    INSERT INTO kit_outbox (fact_id, org_id, name, verb, actor_id, at, payload)
    SELECT fact_id, org_id, name, %s, actor_id, at, payload FROM ROWS FROM (
        jsonb_to_recordset(%s::jsonb) AS (
            fact_id uuid, org_id int, name text, actor_id uuid, at timestamptz, payload jsonb)
    ) WITH ORDINALITY AS f(fact_id, org_id, name, actor_id, at, payload, place) ORDER BY place
    RETURNING id, org_id, name
), sent AS (
    INSERT INTO kit_delivery (outbox_id, org_id, handler, attempts, not_before)
    SELECT told.id, told.org_id, s.handler, 0, now()
    FROM told JOIN unnest(%s::text[], %s::text[]) AS s(name, handler) USING (name)
), woken AS (
    SELECT pg_notify('outbox', '') AS done
)
SELECT count(done), count(pg_notify('live', words)) FROM woken, unnest(%s::text[]) AS words
"""


def publish(fact: Fact, *, verb: str = "") -> None:
    """Write the fact and its deliveries in the running transaction; wake relay and live pages."""
    publish_all([fact], verb=verb)


def publish_all(facts: Sequence[Fact], *, verb: str = "") -> None:
    """Write many facts in their order with one statement, as `publish` does one."""
    if not facts:
        return
    sent = [(name, handler) for name in {f.name for f in facts} for handler in subscribers(name)]
    with connection.cursor() as cursor:
        cursor.execute(
            _PUBLISH,
            [
                verb,
                # One document: quoting each value of thousands costs more than the insert.
                json.dumps([_row(fact) for fact in facts]),
                [name for name, _handler in sent],
                [handler for _name, handler in sent],
                [_live(fact) for fact in facts],
            ],
        )


def _row(fact: Fact) -> dict[str, Any]:
    return {
        "fact_id": str(fact.id),
        "org_id": fact.org_id,
        "name": fact.name,
        "actor_id": None if fact.actor_id is None else str(fact.actor_id),
        "at": fact.at.isoformat(),
        "payload": to_plain(fact),
    }


def _live(fact: Fact) -> str:
    """What an open page is told of a fact: that it happened, where, and to whom."""
    return json.dumps(
        {
            "org": fact.org_id,
            "fact": fact.name,
            "id": str(fact.id),
            "customer": str(getattr(fact, "customer_id", None) or "") or None,
        }
    )
