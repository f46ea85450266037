"""A database of its own in which transactions commit, for tests of many at once."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from typing import Any, cast

from django.db import connection, connections
from django.db.backends.postgresql.base import DatabaseWrapper
from psycopg import sql

from panshi.kit.refusals import Refusal
from tests import environment


@contextmanager
def committing_database(name: str, *, threads: int, blocker: Any) -> Iterator[None]:
    """Clone the template under a name, let so many threads connect to it, drop it after."""
    settings = connection.settings_dict
    before, most = settings["NAME"], settings["OPTIONS"]["pool"]["max_size"]
    pooled = cast(DatabaseWrapper, connection)
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    with environment.connect("postgres", "postgres") as superuser:
        superuser.execute(drop)
        superuser.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER panshi_owner STRATEGY wal_log").format(
                sql.Identifier(name), sql.Identifier(environment.TEMPLATE)
            )
        )
    with blocker.unblock():
        connection.close()
        pooled.close_pool()
        settings["NAME"], settings["OPTIONS"]["pool"]["max_size"] = name, threads + 2
        try:
            yield
        finally:
            connection.close()
            pooled.close_pool()
            settings["NAME"], settings["OPTIONS"]["pool"]["max_size"] = before, most
    with environment.connect("postgres", "postgres") as superuser:
        superuser.execute(drop)


def race(call: Callable[[Any], object], *given: Any) -> Counter[str]:
    """Call at one moment from as many threads as there are arguments; counts the answers."""
    start = Barrier(len(given))

    def run(one: Any) -> str:
        start.wait()
        try:
            call(one)
        except Refusal as refusal:
            return refusal.code
        finally:
            connections.close_all()
        return "done"

    with ThreadPoolExecutor(len(given)) as pool:
        return Counter(pool.map(run, given))
