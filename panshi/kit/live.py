"""Live pages: facts reach open browsers as they are published.

One connection per process LISTENs; each open page has a bounded queue and sees only what its actor
may see. An event tells the name of a fact, never its contents: the page asks for what it shows.
"""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, Final, cast
from weakref import WeakKeyDictionary

import psycopg
from django.db import connection
from django.db.backends.postgresql.base import DatabaseWrapper

from panshi.kit.tenancy import HQ, Actor

CHANNEL: Final = "live"
LONGEST_QUEUE: Final = 64
HEARTBEAT_S: Final = 15.0
_RETRY_S: Final = 1.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sight:
    """What a page may hear: all of it, some nodes, or one customer's own."""

    everything: bool
    org_ids: frozenset[int]
    customer_id: str

    def covers(self, notice: dict[str, Any]) -> bool:
        if self.customer_id:
            told = notice.get("customer"), *notice.get("customers", ())
            return self.customer_id in told
        return self.everything or notice.get("org") in self.org_ids


def sight_of(actor: Actor) -> Sight:
    return Sight(
        everything=actor.db_role == HQ,
        org_ids=frozenset(actor.org_ids),
        customer_id=str(actor.customer_id or ""),
    )


class Hub:
    """The listeners of one process, fed by one connection that lives while somebody listens."""

    def __init__(self) -> None:
        self._queues: dict[asyncio.Queue[str], Sight] = {}
        self._pump: asyncio.Task[None] | None = None
        self._listening = asyncio.Event()

    def __len__(self) -> int:
        return len(self._queues)

    async def events(self, sight: Sight) -> AsyncGenerator[bytes, None]:
        """Server-sent events until the page goes; a comment line keeps the line open."""
        queue: asyncio.Queue[str] = asyncio.Queue(LONGEST_QUEUE)
        self._queues[queue] = sight
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._run())
        try:
            async with asyncio.timeout(HEARTBEAT_S):
                await self._listening.wait()
            yield b": listening\n\n"
            while True:
                try:
                    event = await asyncio.wait_for(queue.get(), HEARTBEAT_S)
                except TimeoutError:
                    yield b": still here\n\n"
                else:
                    yield event.encode()
        except TimeoutError:
            return  # No database: the browser tries again.
        finally:
            del self._queues[queue]
            if not self._queues and self._pump is not None:
                self._pump.cancel()

    async def _run(self) -> None:
        while True:
            try:
                await self._listen()
            except psycopg.Error as error:
                self._listening.clear()
                _log.warning("live pages lost the database: %s", error)
                self._offer_all("event: lost\ndata: {}\n\n")
                await asyncio.sleep(_RETRY_S)

    async def _listen(self) -> None:
        async with await psycopg.AsyncConnection.connect(
            **_parameters(), autocommit=True
        ) as listening:
            await listening.execute(f"LISTEN {CHANNEL}")
            self._listening.set()
            try:
                async for notify in listening.notifies():
                    self._hand_out(notify.payload)
            finally:
                self._listening.clear()

    def _hand_out(self, payload: str) -> None:
        notice = json.loads(payload)
        event = f"event: fact\ndata: {json.dumps({'fact': notice['fact']})}\n\n"
        for queue, sight in self._queues.items():
            if sight.covers(notice):
                _offer(queue, event)

    def _offer_all(self, event: str) -> None:
        for queue in self._queues:
            _offer(queue, event)


def _offer(queue: asyncio.Queue[str], event: str) -> None:
    """Add an event; a page too slow to take them loses the oldest and is told so."""
    if queue.full():
        queue.get_nowait()
        queue.get_nowait()
        queue.put_nowait("event: lost\ndata: {}\n\n")
    queue.put_nowait(event)


def _parameters() -> dict[str, Any]:
    parameters = cast(DatabaseWrapper, connection).get_connection_params()
    unwanted = ("context", "cursor_factory", "prepare_threshold", "pool")
    return {key: value for key, value in parameters.items() if key not in unwanted}


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """The hub of the running event loop."""
    return _hubs.setdefault(asyncio.get_running_loop(), Hub())
