import os
import stat
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from panshi.config import home as home_module
from panshi.config.home import Home, StartError, current

pytestmark = pytest.mark.plain


def test_current_home_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PANSHI_HOME", "/srv/../srv/panshi")
    assert current() == Home(Path("/srv/panshi"))

    monkeypatch.setenv("PANSHI_HOME", "~/here")
    assert current() == Home(Path.home() / "here")

    monkeypatch.delenv("PANSHI_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert current() == Home(Path("/data/panshi"))

    monkeypatch.delenv("XDG_DATA_HOME")
    assert current() == Home(Path.home() / ".local/share/panshi")


def test_asking_for_paths_creates_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")

    paths = {home.database_base, home.log, home.history, home.files, home.keys, home.run}

    assert paths == {home.path / name for name in ("pg", "log", "history", "files", "keys", "run")}
    assert home.socket_folder.parent == Path("/tmp")
    assert not home.has_secret("django")
    assert list(tmp_path.iterdir()) == []


def test_importing_needs_no_django_and_writes_nothing(tmp_path: Path) -> None:
    code = (
        "import sys, panshi.config.home, panshi.config.postgres, panshi.config.supervisor;"
        "panshi.config.postgres.dsn(panshi.config.home.current(), 'panshi_web');"
        "print(any(name.split('.')[0] == 'django' for name in sys.modules))"
    )
    environment = {**os.environ, "PANSHI_HOME": str(tmp_path / "home")}

    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )

    assert done.stdout == "False\n"
    assert list(tmp_path.iterdir()) == []


def test_homes_have_marks_of_their_own_and_links_share_one(tmp_path: Path) -> None:
    first, second = Home(tmp_path / "a"), Home(tmp_path / "b")
    (tmp_path / "link").symlink_to(first.path)

    assert first.mark != second.mark
    assert first.mark == Home(tmp_path / "link").mark


def test_prepare_closes_the_folders_and_makes_the_keys_once(tmp_path: Path) -> None:
    home = Home(tmp_path / "deep" / "home")

    home.prepare()
    keys = [home.secret(name) for name in home_module.SECRETS]
    home.prepare()

    assert [home.secret(name) for name in home_module.SECRETS] == keys
    assert {len(key) for key in keys} == {32}
    assert len(set(keys)) == 3
    for folder in (home.path, home.log, home.history, home.files, home.keys, home.run):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in home.keys.iterdir()} == {0o600}
    assert sorted(file.name for file in home.keys.iterdir()) == ["blind", "data", "django"]


def test_processes_that_race_for_a_new_key_agree(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    together = Barrier(16)

    def ask(_: int) -> bytes:
        together.wait()
        return home.secret("data")

    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(ask, range(16)))) == 1


@pytest.mark.parametrize("content", [b"", b"abcd\n", b"\xff\xfe" * 40, b"zz" * 32])
def test_a_damaged_key_is_refused_and_kept(tmp_path: Path, content: bytes) -> None:
    home = Home(tmp_path)
    home.keys.mkdir()
    (home.keys / "data").touch(0o600)
    (home.keys / "data").write_bytes(content)

    with pytest.raises(StartError, match=r"damaged.*backup"):
        home.secret("data")

    assert (home.keys / "data").read_bytes() == content


def test_a_key_open_to_others_is_refused(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.secret("data")
    (home.keys / "data").chmod(0o640)

    with pytest.raises(StartError, match="chmod 600"):
        home.secret("data")


def test_a_home_is_held_by_one_and_let_go(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")

    with home.hold():
        with pytest.raises(StartError, match=rf"already running on .*{os.getpid()}.*--home"):
            home.hold().__enter__()
        with Home(tmp_path / "other").hold():
            pass
    with home.hold():
        pass


@pytest.mark.parametrize("act", [Home.prepare, lambda home: home.hold().__enter__()])
def test_a_file_in_place_of_the_home_is_explained(
    tmp_path: Path, act: Callable[[Home], None]
) -> None:
    (tmp_path / "home").touch()

    with pytest.raises(StartError, match="--home"):
        act(Home(tmp_path / "home"))
    with pytest.raises(StartError, match="part of the path is a file"):
        act(Home(tmp_path / "home" / "below"))
