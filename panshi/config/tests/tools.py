"""What several tests of servers and processes need."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from panshi.config.cluster import Cluster
from panshi.config.home import Home
from panshi.config.postgres import dsn

PROJECT = Path(__file__).parents[3]
AS_NOBODY = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups")


def ask(home: Home, query: str) -> Any:
    """The first value of `query`, as superuser."""
    with psycopg.connect(**dsn(home, "postgres", "postgres"), autocommit=True) as connection:
        row = connection.execute(query.encode()).fetchone()
        return row and row[0]


def do(home: Home, statement: str) -> None:
    with psycopg.connect(**dsn(home, "postgres", "postgres"), autocommit=True) as connection:
        connection.execute(statement.encode())


def postmaster(home: Home) -> int:
    found = Cluster(home).postmaster()
    assert found is not None
    return found


def is_gone(process: int) -> bool:
    """Whether `process` has ended; a zombie has."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def wait_for(condition: Callable[[], bool], seconds: float = 10) -> float:
    """Seconds until `condition` held; fails when it does not in time."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, "it did not happen in time"
        time.sleep(0.02)
    return time.monotonic() - began


def server_log(home: Home) -> str:
    return (home.run / "postgres.log").read_text()


BUSY = """
import sys, threading
from pathlib import Path
import psycopg
from panshi.config.home import Home
from panshi.config.postgres import dsn
with psycopg.connect(**dsn(Home(Path(sys.argv[1])), "postgres", "postgres")) as connection:
    connection.execute("SELECT 1")
    threading.Timer(0.2, print, ["busy"], {"flush": True}).start()
    connection.execute("SELECT count(*) FROM generate_series(1, 1000000000)")
"""

HOLDER = """
import sys, time
from pathlib import Path
from panshi.config.home import Home
from panshi.config.postgres import Server
with Server(Home(Path(sys.argv[1]))):
    print("up", flush=True)
    time.sleep(600)
"""


@contextmanager
def held_elsewhere(home: Home, *prefix: str) -> Iterator[subprocess.Popen[bytes]]:
    """A server started by a process of its own."""
    holder = subprocess.Popen(
        [*prefix, sys.executable, "-c", HOLDER, str(home.path)], stdout=subprocess.PIPE, cwd=PROJECT
    )
    assert holder.stdout is not None
    try:
        assert holder.stdout.readline() == b"up\n"
        yield holder
    finally:
        holder.kill()
        holder.communicate()
