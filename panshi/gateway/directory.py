"""The archive of terminals as the database has it, and word of its changes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any, cast

import psycopg
from django.db import DatabaseError, connection
from django.db.backends.postgresql.base import DatabaseWrapper

from panshi.gateway import known
from panshi.gateway.known import Known
from panshi.kit.tenancy import hq_actor
from panshi.telematics import queries
from panshi.telematics.queries import KnownDevice
from panshi.telematics.services import CHANNEL

_log = logging.getLogger(__name__)
PATIENCE_S = 30.0
RETRY_S = 1.0

Archive = dict[tuple[int, str], KnownDevice]


def let_go() -> None:
    """Give this thread's connection back and forget the pool: after a restart of the database it
    may hold only dead ones, and would wait ever longer between its tries."""
    connection.close()
    cast(DatabaseWrapper, connection).close_pool()


def known_terminals() -> known.Archive:
    """What the gateway needs of the archive. Raises DatabaseError."""
    return {
        key: Known(device.device_id, device.identity, device.active, device.code_generation)
        for key, device in load().items()
    }


def load() -> Archive:
    """The archive with the vehicles. Raises DatabaseError."""
    try:
        return queries.device_directory(actor=hq_actor())
    finally:
        connection.close()


def listen_parameters() -> dict[str, Any]:
    """How to connect outside the pool, for LISTEN."""
    parameters = cast(DatabaseWrapper, connection).get_connection_params()
    unwanted = ("context", "cursor_factory", "prepare_threshold", "pool")
    return {key: value for key, value in parameters.items() if key not in unwanted}


class Watch(threading.Thread):
    """Calls `changed` when the archive changes, and every half minute anyway."""

    def __init__(self, *, changed: Callable[[], None]) -> None:
        super().__init__(name="device-watch", daemon=True)
        self._changed = changed
        self._stopping = threading.Event()

    def run(self) -> None:
        while not self._stopping.is_set():
            try:
                with psycopg.connect(**listen_parameters(), autocommit=True) as listening:
                    listening.execute(f"LISTEN {CHANNEL}")
                    while not self._stopping.is_set():
                        list(listening.notifies(timeout=PATIENCE_S, stop_after=1))
                        self._changed()
            except (psycopg.Error, DatabaseError, OSError) as error:
                _log.warning("database away: %s", str(error).strip().split("\n")[0])
                self._stopping.wait(RETRY_S)

    def stop(self) -> None:
        self._stopping.set()
