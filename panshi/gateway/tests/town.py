"""Gateway, ingest, web and worker as processes of their own, on a database server of their own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from panshi.config import postgres, roles
from panshi.config.home import Home
from tests import environment as template

PATIENCE_S = 60.0
TEMPLATE = "town_template"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def environment(home: Home, database: str, role: str = "panshi_web") -> dict[str, str]:
    outside = ("DATABASE_URL", "DATABASE_OWNER_URL")
    kept = {key: value for key, value in os.environ.items() if key not in outside}
    return kept | {
        "PANSHI_HOME": str(home.path),
        "PANSHI_DB_NAME": database,
        "PANSHI_DB_ROLE": role,
        "PANSHI_POOL": "3",
        "DJANGO_SETTINGS_MODULE": "panshi.config.settings",
    }


@dataclass
class Land:
    """A home with a database server that tests may kill; towns are founded in it."""

    home: Home
    server: postgres.Server
    towns: int = 0

    @classmethod
    def settle(cls, path: Path) -> Land:
        path.chmod(0o711)
        # What is committed must survive the server's death; the machine's own is not tried here.
        server = postgres.Server(Home(path), settings={"fsync": "off"})
        server.start()
        land = cls(Home(path), server)
        with land.connect("postgres") as superuser:
            roles.bootstrap(superuser, TEMPLATE)
        land.copy_from(template.HOME, template.TEMPLATE)
        return land

    def copy_from(self, home: Home, database: str) -> None:
        """Take over the migrated template of the test run: migrating again takes a minute."""
        binary = self.server.cluster.binary
        source, target = (
            postgres.dsn(where, "postgres", name)
            for where, name in ((home, database), (self.home, TEMPLATE))
        )
        with subprocess.Popen(
            [str(binary("pg_dump")), "-Fc", _conninfo(source)], stdout=subprocess.PIPE
        ) as dump:
            restored = subprocess.run(
                [str(binary("pg_restore")), "--clean", "--if-exists", "-d", _conninfo(target)],
                stdin=dump.stdout,
                capture_output=True,
                text=True,
                check=False,
            )
        assert restored.returncode == 0, restored.stderr[-3000:]

    def kill_server(self) -> None:
        """Kill the database server as a whole, as a lack of memory would."""
        postmaster = self.server.cluster.postmaster()
        assert postmaster is not None
        os.kill(postmaster, signal.SIGKILL)

    def leave(self) -> None:
        """Stop the server and remove everything."""
        base = self.home.database_base
        self.server.stop()
        shutil.rmtree(self.home.path, ignore_errors=True)
        shutil.rmtree(base, ignore_errors=True)

    def connect(self, database: str) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(**postgres.dsn(self.home, "postgres", database), autocommit=True)

    def town(self, *, vehicles: int, history_s: float = 1.0) -> Town:
        """Clone the database, found a fleet of `vehicles` and one JT/T 808 terminal."""
        self.towns += 1
        name = f"town_{self.towns}"
        with self.connect("postgres") as superuser:
            superuser.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER panshi_owner").format(
                    sql.Identifier(name), sql.Identifier(TEMPLATE)
                )
            )
        names = _run(
            ["-m", "panshi.gateway.tests.found", str(vehicles)], environment(self.home, name)
        ).split()
        return Town(
            land=self,
            number=self.towns,
            database=name,
            vins=names[:-1],
            phone=names[-1],
            history_s=history_s,
        )


def _conninfo(keywords: dict[str, Any]) -> str:
    return psycopg.conninfo.make_conninfo(**keywords)


def _run(words: list[str], env: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, *words], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@dataclass
class Town:
    """One database with its processes; they are started, killed and started again."""

    land: Land
    number: int
    database: str
    vins: list[str]
    phone: str
    history_s: float
    gb_port: int = field(default_factory=free_port)
    jt_port: int = field(default_factory=free_port)
    web_port: int = field(default_factory=free_port)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def log(self) -> Path:
        return self.land.home.log / str(self.number)

    @property
    def history(self) -> Path:
        return self.land.home.history

    def start(self, name: str, *words: str) -> None:
        command = {
            "gateway": [
                "gateway", "--bind", "127.0.0.1", "--gb-port", str(self.gb_port),
                "--jt-port", str(self.jt_port), "--number", str(self.number),
            ],
            "ingest": [
                "ingest", "--history", str(self.history_s), "--live", "0.3",
                "--number", str(self.number),
            ],
            "web": ["web", "--port", str(self.web_port)],
            "worker": ["worker"],
        }[name]  # fmt: skip
        with self._output(name).open("ab") as output:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "panshi", *command, *words],
                env=environment(self.land.home, self.database),
                stdout=output,
                stderr=output,
            )

    def _output(self, name: str) -> Path:
        return self.land.home.path / f"{name}-{self.number}.out"

    def kill(self, name: str) -> None:
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def stop(self, name: str) -> int:
        """Ask a process to end; its exit code."""
        process = self.processes.pop(name)
        process.send_signal(signal.SIGTERM)
        return process.wait(timeout=20)

    def end(self) -> None:
        for name in list(self.processes):
            self.kill(name)

    def said(self, name: str) -> str:
        output = self._output(name)
        return output.read_text("utf-8", "replace") if output.exists() else ""

    def wait(self, holds: Callable[[], object], within_s: float = PATIENCE_S) -> None:
        """Wait until something holds; fails with the processes' last words."""
        deadline = time.monotonic() + within_s
        while not holds():
            if time.monotonic() > deadline:
                words = "\n".join(self.said(name)[-1500:] for name in self.processes)
                raise AssertionError(f"not within {within_s} s\n{words}")
            time.sleep(0.05)

    def open_for_terminals(self, *words: str) -> None:
        """Start the gateway and wait until it takes connections."""
        self.start("gateway", *words)
        self.wait(lambda: _answers(self.gb_port) and _answers(self.jt_port))

    def is_ready(self) -> bool:
        """Whether the web process says that it may take visitors."""
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.web_port}/readyz", timeout=2
            ) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def ask(self, query: LiteralString, *values: object) -> list[tuple[Any, ...]]:
        """Read the database as its superuser, past the walls."""
        with self.land.connect(self.database) as superuser:
            return superuser.execute(query, values).fetchall()


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 0.2).close()
    except OSError:
        return False
    return True
