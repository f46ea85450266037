"""The embedded server through its nasty days. Each test has a home of its own."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from panshi.config.cluster import DATABASE_USER, Cluster
from panshi.config.home import Home
from panshi.config.postgres import Server, StartError, dsn
from panshi.config.tests.conftest import only_linux, only_root
from panshi.config.tests.tools import (
    AS_NOBODY,
    BUSY,
    HOLDER,
    PROJECT,
    ask,
    do,
    held_elsewhere,
    is_gone,
    postmaster,
    server_log,
    wait_for,
)

pytestmark = pytest.mark.plain


# Starting and stopping.


def test_start_answers_and_keeps_data_through_restarts(bare_home: Home) -> None:
    home = bare_home
    for turn in range(4):
        with Server(home) as server:
            assert server.ready()
            if turn == 0:
                do(home, "CREATE TABLE kept (turn int)")
            do(home, f"INSERT INTO kept VALUES ({turn})")
            assert ask(home, "SELECT count(*) FROM kept") == turn + 1
        assert not server.ready()
    assert "was interrupted" not in server_log(home)


def test_start_twice_and_stop_twice_do_no_harm(home: Home) -> None:
    server = Server(home)
    server.start()
    process = postmaster(home)
    server.start()
    assert postmaster(home) == process
    server.stop()
    server.stop()
    assert is_gone(process)


def test_server_is_utf8_utc_checksummed_and_without_network(home: Home) -> None:
    with Server(home):
        assert ask(home, "SHOW listen_addresses") == ""
        assert ask(home, "SHOW server_encoding") == "UTF8"
        assert ask(home, "SHOW timezone") == "UTC"
        assert ask(home, "SHOW data_checksums") == "on"
        assert ask(home, "SELECT lower('Ä') || initcap('磐石 a')") == "ä磐石 A"


def test_stop_waits_for_no_client(home: Home) -> None:
    with Server(home) as server:
        client = psycopg.connect(**dsn(home, "postgres", "postgres"))
        client.execute("SELECT 1")
        began = time.monotonic()
        server.stop()
        assert time.monotonic() - began < 5
        client.close()
    assert "database system is shut down" in server_log(home)


def test_settings_of_the_caller_win(home: Home) -> None:
    with Server(home, settings={"fsync": "off", "timezone": "Asia/Shanghai"}):
        assert (ask(home, "SHOW fsync"), ask(home, "SHOW timezone")) == ("off", "Asia/Shanghai")


def test_two_homes_run_side_by_side(make_home: Callable[[], Home]) -> None:
    first, second = make_home(), make_home()
    with Server(first), Server(second):
        do(first, "CREATE TABLE of_the_first ()")
        assert ask(first, "SELECT to_regclass('of_the_first') IS NULL") is False
        assert ask(second, "SELECT to_regclass('of_the_first') IS NULL") is True
    assert not first.database_base.samefile(second.database_base)


def test_a_second_start_is_refused_and_the_first_lives_on(home: Home) -> None:
    with Server(home) as first:
        process = postmaster(home)
        with pytest.raises(StartError, match=rf"already running.*{os.getpid()}.*--home"):
            Server(home).start()
        assert first.ready()
        assert postmaster(home) == process


def test_bootstrap_makes_the_server_usable_once(home: Home) -> None:
    with Server(home) as server:
        assert server.usable()
        assert server.usable()
        with psycopg.connect(**dsn(home, "panshi_owner")) as connection:
            assert connection.info.dbname == "panshi"
    assert not server.usable()


# Folders.


@only_root
def test_root_with_a_closed_parent_keeps_the_cluster_outside(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    home = Home(tmp_path / "home")
    try:
        with Server(home):
            do(home, "CREATE TABLE kept ()")
        assert home.database_base == Path("/var/lib/panshi") / home.mark
        assert home.database_pointer.read_text().strip() == str(home.database_base)
        assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700
        assert stat.S_IMODE(home.keys.stat().st_mode) == 0o700
        with Server(home):
            assert ask(home, "SELECT to_regclass('kept') IS NULL") is False

        moved = Home(tmp_path / "moved")
        home.path.rename(moved.path)
        with pytest.raises(StartError, match=r"moved or copied.*mv "):
            Server(moved).start()
    finally:
        shutil.rmtree(Path("/var/lib/panshi") / home.mark)


@only_root
def test_root_with_an_open_parent_keeps_the_cluster_inside(bare_home: Home) -> None:
    home = bare_home
    with Server(home):
        assert home.database_base == home.path / "pg"
        assert (home.path / "pg").stat().st_uid == pwd.getpwnam(DATABASE_USER).pw_uid


@only_root
def test_a_parent_closed_later_is_explained_and_no_empty_database_appears(home: Home) -> None:
    Server(home).__enter__().stop()
    home.path.parent.chmod(0o700)

    with pytest.raises(StartError, match=r"cannot reach the database.*chmod o\+x"):
        Server(home).start()

    assert not home.database_pointer.exists()


@only_root
def test_no_other_user_gets_in(home: Home) -> None:
    with Server(home):
        runtime = Cluster(home).binary("psql").parents[3]
        copy = shutil.copytree(runtime, home.path.parent / "copy")
        psql = copy / Cluster(home).binary("psql").relative_to(runtime)
        done = subprocess.run(
            [*AS_NOBODY, psql, "-h", home.socket_folder, "-U", "postgres", "-c", "SELECT 1"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2
        assert "Permission denied" in done.stderr


# Crashes.


def test_recovers_within_ten_seconds_after_the_postmaster_is_killed(home: Home) -> None:
    server = Server(home)
    with server:
        do(home, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
        busy = subprocess.Popen(
            [sys.executable, "-c", BUSY, str(home.path)], stdout=subprocess.PIPE, cwd=PROJECT
        )
        assert busy.stdout is not None
        assert busy.stdout.readline() == b"busy\n"
        os.kill(postmaster(home), signal.SIGKILL)
        assert wait_for(lambda: not server.ready(), 5) < 5

        began = time.monotonic()
        server.start()

        assert time.monotonic() - began < 10
        assert ask(home, "SELECT count(*) FROM kept") == 1000
        busy.kill()
        busy.communicate()


@only_linux
def test_a_killed_holder_stops_the_server_cleanly(home: Home) -> None:
    with held_elsewhere(home) as holder:
        process = postmaster(home)
        holder.kill()
        wait_for(lambda: is_gone(process), 5)

    assert server_log(home).rstrip().endswith("database system is shut down")
    with Server(home):
        assert "was interrupted" not in server_log(home)


@only_linux
def test_a_start_right_after_the_holder_is_killed_succeeds(home: Home) -> None:
    with held_elsewhere(home) as holder, psycopg.connect(**dsn(home, "postgres", "postgres")):
        do(home, "CREATE TABLE kept ()")
        holder.kill()
        holder.wait()
        with Server(home):
            assert ask(home, "SELECT to_regclass('kept') IS NULL") is False


@only_linux
def test_a_reused_process_id_does_not_block_the_start(home: Home) -> None:
    with Server(home):
        words = (Cluster(home).data / "postmaster.pid").read_text().split("\n", 1)[1]
    stranger = subprocess.Popen(Cluster(home).as_user(["sleep", "600"]), cwd="/")
    try:
        leave_behind(home, stranger.pid, words)
        with Server(home) as server:
            assert server.ready()
            assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


@only_linux
def test_the_server_of_another_home_does_not_block_the_start(
    make_home: Callable[[], Home],
) -> None:
    home, other = make_home(), make_home()
    with Server(home):
        words = (Cluster(home).data / "postmaster.pid").read_text().split("\n", 1)[1]
    with Server(other) as neighbour:
        leave_behind(home, postmaster(other), words)
        with Server(home) as server:
            assert server.ready()
            assert neighbour.ready()


@only_linux
def test_a_zombie_does_not_block_the_start(home: Home) -> None:
    with Server(home):
        words = (Cluster(home).data / "postmaster.pid").read_text().split("\n", 1)[1]
    zombie = subprocess.Popen(Cluster(home).as_user(["true"]), cwd="/")
    try:
        wait_for(lambda: is_gone(zombie.pid), 5)
        leave_behind(home, zombie.pid, words)
        with Server(home) as server:
            assert server.ready()
    finally:
        zombie.wait()


def leave_behind(home: Home, process: int, words: str) -> None:
    """Lock files of a server that ended without removing them, its process id in use again."""
    text = f"{process}\n{words}"
    owner = Cluster(home).data.stat()
    home.socket_folder.mkdir(mode=0o700)
    os.chown(home.socket_folder, owner.st_uid, owner.st_gid)
    (Cluster(home).data / "postmaster.pid").write_text(text)
    (home.socket_folder / ".s.PGSQL.5432.lock").write_text(text)
    for file in (Cluster(home).data / "postmaster.pid", home.socket_folder / ".s.PGSQL.5432.lock"):
        os.chown(file, owner.st_uid, owner.st_gid)
        file.chmod(0o600)


@only_linux
def test_the_locks_of_a_live_server_are_left_alone(home: Home) -> None:
    with Server(home) as server:
        Cluster(home).clear_remains()
        assert (Cluster(home).data / "postmaster.pid").exists()
        assert (home.socket_folder / ".s.PGSQL.5432.lock").exists()
        assert server.ready()


def test_what_a_killed_set_up_left_behind_is_made_anew(bare_home: Home) -> None:
    home = bare_home
    for name in ("data.part", "runtime-18.6.3.part", "runtime-1.0"):
        (home.path / "pg" / name / "half").mkdir(parents=True)

    with Server(home) as server:
        assert server.ready()

    left = sorted(path.name for path in home.database_base.iterdir())
    assert [name.split("-")[0] for name in left] == ["data", "runtime"]


# Ordinary users.


@only_root
def test_an_ordinary_user_runs_it_and_root_takes_over(bare_home: Home) -> None:
    home = bare_home
    nobody = pwd.getpwnam("nobody")
    home.path.mkdir()
    os.chown(home.path, nobody.pw_uid, nobody.pw_gid)
    if subprocess.run([*AS_NOBODY, sys.executable, "-c", "import psycopg"], check=False).returncode:
        pytest.skip("an ordinary user cannot read the Python environment here")

    with held_elsewhere(home, *AS_NOBODY) as holder:
        process = postmaster(home)
        assert os.stat(f"/proc/{process}").st_uid == nobody.pw_uid
        assert ask(home, "SELECT 1") == 1
        holder.kill()
        wait_for(lambda: is_gone(process), 5)

    with Server(home):
        assert os.stat(f"/proc/{postmaster(home)}").st_uid == nobody.pw_uid


@only_root
def test_an_ordinary_user_on_a_home_of_root_is_told(home: Home) -> None:
    done = subprocess.run(
        [*AS_NOBODY, sys.executable, "-c", HOLDER, str(home.path)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "run as the owner of the folder" in done.stderr


# Addresses.


def test_dsn_of_the_embedded_server(home: Home) -> None:
    assert dsn(home, "panshi_web") == {
        "host": str(home.socket_folder),
        "port": "5432",
        "user": "panshi_web",
        "dbname": "panshi",
    }
    assert dsn(home, "panshi_owner", "other")["dbname"] == "other"


def test_dsn_of_an_external_server(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "DATABASE_URL", "postgresql://panshi_web:s%40cret@db:6432/fleet?sslmode=require"
    )
    web = {
        "host": "db",
        "port": "6432",
        "user": "panshi_web",
        "password": "s@cret",
        "sslmode": "require",
    }
    assert dsn(home, "panshi_web") == {**web, "dbname": "fleet"}
    assert dsn(home, "panshi_web", "clone") == {**web, "dbname": "clone"}
    with pytest.raises(StartError, match="DATABASE_OWNER_URL"):
        dsn(home, "panshi_owner")
    with pytest.raises(StartError, match="postgres has no address"):
        dsn(home, "postgres")

    monkeypatch.setenv("DATABASE_OWNER_URL", "postgresql://panshi_owner@db")
    assert dsn(home, "panshi_owner") == {"host": "db", "user": "panshi_owner", "dbname": "panshi"}

    monkeypatch.setenv("DATABASE_URL", "mysql://db/fleet")
    with pytest.raises(StartError, match="DATABASE_URL is not a PostgreSQL address"):
        dsn(home, "panshi_web")
