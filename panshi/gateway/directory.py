"""The archive of terminals in memory, so that no sign-in waits for the database."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import psycopg
from django.db import DatabaseError, connection
from django.db.backends.postgresql.base import DatabaseWrapper

from panshi.kit.tenancy import hq_actor
from panshi.telematics import queries
from panshi.telematics.queries import KnownDevice
from panshi.telematics.services import CHANNEL

_log = logging.getLogger(__name__)
CODE_BYTES = 8
PATIENCE_S = 30.0
RETRY_S = 1.0

Archive = dict[tuple[int, str], KnownDevice]


def let_go() -> None:
    """Give this thread's connection back and forget the pool: after a restart of the database it
    may hold only dead ones, and would wait ever longer between its tries."""
    connection.close()
    cast(DatabaseWrapper, connection).close_pool()


def load() -> Archive:
    """The archive as the database has it. Raises DatabaseError."""
    try:
        return queries.device_directory(actor=hq_actor())
    finally:
        connection.close()


def save(archive: Archive, path: Path) -> None:
    """Keep what a gateway needs to let terminals in while the database is away."""
    rows = [
        [code, identity, str(known.device_id), known.protocol, known.active, known.code_generation]
        for (code, identity), known in archive.items()
    ]
    growing = path.with_suffix(".part")
    growing.write_text(json.dumps(rows))
    growing.replace(path)


def restore(path: Path) -> Archive | None:
    """The archive as it was last kept, without the vehicles; None when there is none to read."""
    try:
        rows = json.loads(path.read_text())
        return {
            (code, identity): KnownDevice(
                UUID(device_id), protocol, identity, active, generation, 0, ()
            )
            for code, identity, device_id, protocol, active, generation in rows
        }
    except (FileNotFoundError, ValueError):
        return None


def auth_code(*, secret: bytes, known: KnownDevice, generation: int | None = None) -> str:
    """The code that a JT/T 808 terminal is given, 16 hex digits; it holds for its phone alone."""
    number = known.code_generation if generation is None else generation
    words = f"terminal {known.identity} {number}".encode()
    return hmac.new(secret, words, hashlib.sha256).digest()[:CODE_BYTES].hex()


def code_is_right(*, secret: bytes, known: KnownDevice, code: str) -> bool:
    """Whether `code` is the terminal's newest, or the one before it; takes the same time always."""
    given = code.encode("utf-8", "replace")
    generations = (known.code_generation, known.code_generation - 1)
    codes = [auth_code(secret=secret, known=known, generation=number) for number in generations]
    right = [hmac.compare_digest(given, wanted.encode()) for wanted in codes]
    return any(right)


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
