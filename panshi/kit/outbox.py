"""The outbox: facts leave the transaction that made them true, and reach every handler once.

A row in `kit_outbox` per fact, a row in `kit_delivery` per subscribed handler, both written in the
verb's transaction. The relay (`panshi.kit.relay`) delivers them, in order within (org, handler).
"""

import json
from collections.abc import Callable, Iterator
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
WITH fact AS (
    INSERT INTO kit_outbox (fact_id, org_id, name, verb, actor_id, at, payload)
    VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING id, org_id
)
INSERT INTO kit_delivery (outbox_id, org_id, handler, attempts, not_before)
SELECT fact.id, fact.org_id, handler, 0, now() FROM fact, unnest(%s::text[]) AS handler
"""


def publish(fact: Fact, *, verb: str = "") -> None:
    """Write the fact and its deliveries in the running transaction; wake relay and live pages."""
    with connection.cursor() as cursor:
        cursor.execute(
            _PUBLISH,
            [
                fact.id,
                fact.org_id,
                fact.name,
                verb,
                fact.actor_id,
                fact.at,
                json.dumps(to_plain(fact)),
                subscribers(fact.name),
            ],
        )
        cursor.execute(
            "SELECT pg_notify('outbox', ''), pg_notify('live', %s)",
            [
                json.dumps(
                    {
                        "org": fact.org_id,
                        "fact": fact.name,
                        "id": str(fact.id),
                        "customer": str(getattr(fact, "customer_id", None) or "") or None,
                    }
                )
            ],
        )
