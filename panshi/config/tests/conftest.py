"""Homes that leave nothing behind, also outside their own folder."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from panshi.config.home import Home
from panshi.config.postgres import Server


@pytest.fixture(autouse=True)
def _no_external_server(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "PANSHI_HOME"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def mould() -> Iterator[Home]:
    """A home whose cluster has run once and is stopped, for `make_home` to copy."""
    with scratch_home() as home:
        with Server(home):
            pass
        yield home


@pytest.fixture
def make_home(mould: Home) -> Iterator[Callable[[], Home]]:
    """Homes with a new cluster, in folders that every user can pass through."""
    with ExitStack() as homes:

        def make() -> Home:
            home = homes.enter_context(scratch_home())
            home.prepare()
            home.database_base.mkdir()
            shutil.copystat(mould.database_base, home.database_base)
            owner = mould.database_base.stat()
            os.chown(home.database_base, owner.st_uid, owner.st_gid)
            (runtime,) = mould.database_base.glob("runtime-*")
            (home.database_base / runtime.name).symlink_to(runtime)
            cluster = [mould.database_base / "data", home.database_base / "data"]
            subprocess.run(["cp", "-a", "--sparse=always", *cluster], check=True)
            return home

        yield make


@pytest.fixture
def home(make_home: Callable[[], Home]) -> Home:
    return make_home()


@pytest.fixture
def bare_home() -> Iterator[Home]:
    """A home that does not exist yet."""
    with scratch_home() as home:
        yield home


@contextmanager
def scratch_home() -> Iterator[Home]:
    parent = Path(tempfile.mkdtemp(prefix="panshi-test-"))
    parent.chmod(0o755)
    home = Home(parent / "home")
    try:
        yield home
    finally:
        for folder in (home.database_base, home.socket_folder, parent):
            shutil.rmtree(folder, ignore_errors=True)


def run_sql(connection: psycopg.Connection[Any], statement: str) -> None:
    """Execute text that is no literal."""
    connection.execute(statement.encode())


only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can do this")
only_linux = pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
