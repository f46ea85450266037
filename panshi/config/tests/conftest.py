"""Homes that leave nothing behind, also outside their own folder."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from panshi.config.home import Home


@pytest.fixture(autouse=True)
def _no_external_server(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "PANSHI_HOME"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def make_home() -> Iterator[Callable[[], Home]]:
    """Homes in folders that every user can pass through."""
    made: list[Home] = []

    def make() -> Home:
        parent = Path(tempfile.mkdtemp(prefix="panshi-test-"))
        parent.chmod(0o755)
        made.append(Home(parent / "home"))
        return made[-1]

    yield make
    for home in made:
        forget(home)
        shutil.rmtree(home.path.parent)


@pytest.fixture
def home(make_home: Callable[[], Home]) -> Home:
    return make_home()


def forget(home: Home) -> None:
    """Remove what a home keeps outside its own folder."""
    for folder in (home.database_base, home.socket_folder):
        shutil.rmtree(folder, ignore_errors=True)


only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can do this")
