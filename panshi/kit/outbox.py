"""The outbox: facts leave the transaction that made them true, and reach every handler once.

A row in `kit_outbox` per fact, a row in `kit_delivery` per subscribed handler, both written in the
verb's transaction. The relay (`panshi.kit.relay`) delivers them, in order within (org, handler).
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import fields
from datetime import datetime
from typing import Any, Final, TypeVar

from django.db import connection

from panshi.kit.facts import Fact, to_plain
from panshi.kit.ids import NEW_ID, id_prefix
from panshi.kit.tenancy import Actor

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


_TELL: Final = """
fact_{n} AS MATERIALIZED (SELECT {new_id} AS id, f.* FROM ({rows}) f),
told_{n} AS (
    INSERT INTO kit_outbox (fact_id, org_id, name, verb, actor_id, at, payload)
    SELECT id, org_id, '{name}', %(_verb)s, %(_actor)s::uuid, %(_at)s::timestamptz,
        to_jsonb(f) || %(_common)s::jsonb FROM fact_{n} f
    RETURNING id, org_id
), sent_{n} AS (
    INSERT INTO kit_delivery (outbox_id, org_id, handler, attempts, not_before)
    SELECT t.id, t.org_id, handler, 0, now() FROM unnest(%(_handlers_{n})s::text[]) AS handler,
        told_{n} t
), heard_{n} AS (
    SELECT count(pg_notify('live', words::text)) AS done FROM (
        SELECT jsonb_build_object('org', org_id, 'fact', '{name}', 'customers', {customers})
        FROM (
            SELECT f.*, row_number() OVER (PARTITION BY org_id) / {most} AS part FROM fact_{n} f
        ) f GROUP BY org_id, part
    ) AS notice(words)
)"""
# A notice of PostgreSQL holds 8,000 bytes.
CUSTOMERS_A_NOTICE: Final = 150


def publish_selected(
    facts: Sequence[tuple[type[Fact], str]],
    *,
    given: str,
    values: Mapping[str, Any],
    answer: str,
    actor: Actor,
    at: datetime,
    verb: str,
) -> list[tuple[Any, ...]]:
    """Run the statement `given`, a list of WITH queries, and publish what it made true, in SQL.

    Each of `facts` goes with a SELECT over those queries that gives `org_id` and the fields of the
    fact, money and measures as text. Answers the rows of the SELECT `answer`. For runs over a
    whole fleet, where a row in Python for each fact costs more than the work itself.
    """
    parameters = {
        **values,
        "_ids": id_prefix(),
        "_verb": verb,
        "_actor": actor.id,
        "_at": at,
        "_common": json.dumps({"actor_id": str(actor.id), "at": at.isoformat()}),
    }
    parts = [given]
    for number, (kind, rows) in enumerate(facts):
        to_customers = any(field.name == "customer_id" for field in fields(kind))
        parts.append(
            _TELL.format(
                n=number,
                name=kind.name,
                rows=rows,
                new_id=NEW_ID,
                customers="jsonb_agg(customer_id)" if to_customers else "'[]'::jsonb",
                most=CUSTOMERS_A_NOTICE,
            )
        )
        parameters[f"_handlers_{number}"] = subscribers(kind.name)
    heard = " + ".join(f"(SELECT done FROM heard_{number})" for number in range(len(facts)))
    parts.append(f"woken AS (SELECT {heard}, pg_notify('outbox', ''))")
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH {','.join(parts)} SELECT a.* FROM woken LEFT JOIN ({answer}) a ON true",
            parameters,
        )
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return [row for row in found if any(value is not None for value in row)]


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
