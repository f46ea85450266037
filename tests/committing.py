"""A database of its own in which transactions commit, for tests of many at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from django.db import connection
from django.db.backends.postgresql.base import DatabaseWrapper
from psycopg import sql

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
