"""The one folder of everything that Panshi keeps on disk.

Importing this module, and asking a Home for its paths, touches nothing. Only `prepare`, `secret`
and `hold` write.
"""

import errno
import fcntl
import hashlib
import os
import secrets
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

SECRET_BYTES = 32
SECRETS = ("django", "data", "blind")
SUBFOLDERS = ("log", "history", "files", "keys", "run")

# Not $TMPDIR: it differs between a login and a service, and both must find the same socket.
SHORT_FOLDER = Path("/tmp")  # A Unix socket's whole path has to fit into 107 bytes.

_DISK_ADVICE = {
    errno.ENOSPC: "the disk is full; free some space there and start again",
    errno.EDQUOT: "the disk quota is used up; free some space there and start again",
    errno.EROFS: "it lies on a read-only file system; mount it writable or choose another --home",
    errno.EACCES: "permission is denied; run as the owner of the folder or choose another --home",
    errno.EPERM: "permission is denied; run as the owner of the folder or choose another --home",
    errno.ENOTDIR: "part of the path is a file; choose another --home",
    errno.EEXIST: "a file is in the way; remove it or choose another --home",
    errno.ENAMETOOLONG: "the path is too long; choose a shorter --home",
}


class StartError(Exception):
    """Panshi cannot start; the message says why and what the operator can do."""


@dataclass(frozen=True, slots=True)
class Home:
    """The folder `path` and the names of what lies in it."""

    path: Path

    @property
    def mark(self) -> str:
        """Ten hexadecimal digits that tell this home from all others on the machine."""
        return hashlib.sha256(os.fsencode(os.path.realpath(self.path))).hexdigest()[:10]

    @property
    def database_base(self) -> Path:
        """The folder of the embedded cluster and its binaries: `pg`, or where the pointer says.

        The pointer exists when root runs us and the database user cannot reach `path`.
        """
        try:
            return Path(self.database_pointer.read_text().strip())
        except (FileNotFoundError, NotADirectoryError):
            return self.path / "pg"

    @property
    def database_pointer(self) -> Path:
        """The file that names `database_base` when it lies elsewhere."""
        return self.path / "database_base"

    @property
    def socket_folder(self) -> Path:
        """The folder of PostgreSQL's Unix socket, outside `path` because socket paths are short."""
        usable = os.access(SHORT_FOLDER, os.W_OK | os.X_OK)
        return (SHORT_FOLDER if usable else Path(tempfile.gettempdir())) / f"panshi-{self.mark}"

    @property
    def log(self) -> Path:
        """The segment log of received frames."""
        return self.path / "log"

    @property
    def history(self) -> Path:
        """Telemetry as Parquet files."""
        return self.path / "history"

    @property
    def files(self) -> Path:
        """Evidence and documents."""
        return self.path / "files"

    @property
    def keys(self) -> Path:
        """Secret keys, each a file of mode 0600."""
        return self.path / "keys"

    @property
    def run(self) -> Path:
        """What describes the running system: lock, status, PostgreSQL's own log."""
        return self.path / "run"

    def prepare(self) -> None:
        """Create the folders and all keys; safe to repeat. Raises StartError."""
        with explained(self.path):
            for name in SUBFOLDERS:
                self._make(name)
        for name in SECRETS:
            self.secret(name)

    def has_secret(self, name: str) -> bool:
        """Whether the key `name` has been made; creates nothing."""
        return (self.keys / name).is_file()

    def secret(self, name: str) -> bytes:
        """The 32 bytes of the key `name`, made at first use; "django", "data" and "blind" exist.

        Raises StartError when the key cannot be made, is damaged, or is open to other users.
        """
        file = self.keys / name
        with explained(file):
            try:
                return _read_secret(file)
            except FileNotFoundError:
                _make_secret(file)
            return _read_secret(file)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Keep every other start on this home out. Raises StartError when one is running."""
        with explained(self.path):
            self._make("run")
            descriptor = os.open(self.run / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
                raise StartError(
                    f"Panshi is already running on {self.path} (process {holder or 'unknown'}). "
                    "Stop it first, or choose another folder with --home."
                ) from None
            with explained(self.path):
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
            yield
        finally:
            os.close(descriptor)

    def _make(self, name: str) -> None:
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.path / name).mkdir(mode=0o700, exist_ok=True)


def current() -> Home:
    """The home of this process: PANSHI_HOME, or `panshi` in the user's data folder."""
    chosen = os.environ.get("PANSHI_HOME")
    if chosen:
        return Home(Path(os.path.abspath(Path(chosen).expanduser())))
    data = os.environ.get("XDG_DATA_HOME")
    shared = Path(data) if data and Path(data).is_absolute() else Path.home() / ".local/share"
    return Home(shared / "panshi")


@contextmanager
def explained(place: Path) -> Iterator[None]:
    """Turn an OSError at `place` into a StartError that says what to do."""
    try:
        yield
    except OSError as error:
        why = _DISK_ADVICE.get(error.errno or 0, error.strerror or str(error))
        where = error.filename or place
        if isinstance(where, bytes):
            where = os.fsdecode(where)
        raise StartError(f"Cannot use {where}: {why}.") from error


def _read_secret(file: Path) -> bytes:
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    with open(descriptor, "rb") as stream:
        if stat.S_IMODE(os.fstat(descriptor).st_mode) & 0o077:
            raise StartError(
                f"The key {file} can be read by other users. Close it with `chmod 600 {file}`, "
                "and think about who may have copied it."
            )
        content = stream.read()
    with suppress(ValueError):
        key = bytes.fromhex(content.decode("ascii"))
        if len(key) == SECRET_BYTES:
            return key
    raise StartError(
        f"The key {file} is damaged. Restore it from a backup: what it encrypted cannot be read "
        "with a new one."
    )


def _make_secret(file: Path) -> None:
    """Write a new key unless another process was first; never a half-written one."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
    try:
        with open(descriptor, "w", encoding="ascii") as stream:
            stream.write(secrets.token_hex(SECRET_BYTES) + "\n")
            stream.flush()
            os.fsync(descriptor)
        with suppress(FileExistsError):
            os.link(temporary, file)
    finally:
        os.unlink(temporary)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
