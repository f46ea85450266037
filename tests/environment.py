"""Loaded before Django: gives a test run its own home with its own PostgreSQL, and ends it after.

The process that starts the run makes a scratch home, starts the server, and migrates a template
database; each worker clones the template. The connection stays the login role of the product.
Several runs share a server that stands already when GUEST names the template to clone.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest

from panshi.config import postgres, roles
from panshi.config.home import Home

GUEST = "PANSHI_TEST_TEMPLATE"
TEMPLATE = os.environ.get(GUEST, "panshi_template")
_IS_GUEST = GUEST in os.environ or "PYTEST_XDIST_WORKER" in os.environ
_CACHE = Path(tempfile.gettempdir()) / f"panshi-schemas-{os.getuid()}"
_KEPT = 4
_QUICK = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    # What a test writes is rolled back before anybody could tidy it up.
    "autovacuum": "off",
    "checkpoint_timeout": "1h",
    "max_wal_size": "4GB",
}

if not _IS_GUEST:
    os.environ["PANSHI_HOME"] = tempfile.mkdtemp(prefix="panshi-test-")
    for outside in ("DATABASE_URL", "DATABASE_OWNER_URL", "PANSHI_DB_ROLE", "PANSHI_DB_NAME"):
        os.environ.pop(outside, None)
    Path(os.environ["PANSHI_HOME"]).chmod(0o711)

HOME = Home(Path(os.environ["PANSHI_HOME"]))
_server: postgres.Server | None = None


def connect(role: str, database: str) -> psycopg.Connection:
    return psycopg.connect(**postgres.dsn(HOME, role, database), autocommit=True)


def ensure_server() -> None:
    """Start server and template on first need; workers and guests find them started."""
    global _server
    if _IS_GUEST or _server is not None:
        return
    _server = postgres.Server(HOME, settings=_QUICK)
    cached = _CACHE / _schema_mark()
    if cached.is_dir():
        _server.prepare()
        _copy(cached, _server.cluster.data)
        _server.start()
        return
    _server.start()
    with connect("postgres", "postgres") as superuser:
        roles.bootstrap(superuser, TEMPLATE)
    _migrate()
    _server.stop()
    _keep(_server.cluster.data, cached)
    _server.start()


def _schema_mark() -> str:
    """A name for the database that the migrations make: any change of theirs changes it."""
    root = Path(__file__).parent.parent
    sources = sorted(
        [
            *root.glob("panshi/*/migrations/*.py"),
            root / "panshi/kit/walls.py",
            root / "panshi/config/roles.py",
            root / "requirements.txt",
        ]
    )
    digest = hashlib.sha256()
    for source in sources:
        digest.update(source.name.encode() + source.read_bytes())
    return digest.hexdigest()[:16]


def _copy(source: Path, target: Path) -> None:
    """Copy a stopped cluster, owners and all."""
    shutil.rmtree(target)
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)


def _keep(data: Path, cached: Path) -> None:
    """Keep a stopped cluster for the next run; of the older ones only the last few stay."""
    _CACHE.mkdir(mode=0o711, exist_ok=True)
    draft = cached.with_name(f"{cached.name}.{os.getpid()}")
    subprocess.run(["cp", "-a", str(data), str(draft)], check=True)
    try:
        draft.rename(cached)
    except OSError:  # Another run was quicker.
        shutil.rmtree(draft)
    older = sorted(_CACHE.iterdir(), key=lambda p: p.stat().st_mtime, reverse=True)
    for old in older[_KEPT:]:
        shutil.rmtree(old, ignore_errors=True)


def _migrate() -> None:
    environment = os.environ | {"PANSHI_DB_ROLE": "panshi_owner", "PANSHI_DB_NAME": TEMPLATE}
    done = subprocess.run(
        [sys.executable, "-m", "panshi", "migrate", "--no-static"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.exit(f"the migrations do not run:\n{done.stdout}\n{done.stderr}", returncode=3)


def pytest_collection_finish(session: pytest.Session) -> None:
    """A run without database tests starts no server."""
    if any("needs_database" in item.keywords for item in session.items):
        ensure_server()


def pytest_configure(config: pytest.Config) -> None:
    if not _IS_GUEST and config.getoption("numprocesses", None):
        # The controller of a parallel run collects nothing itself, so it starts the server here.
        ensure_server()


def end() -> None:
    """Stop the server, and take the home away."""
    if _server is not None:
        _server.stop()
    if not _IS_GUEST:
        base = HOME.database_base
        shutil.rmtree(HOME.path, ignore_errors=True)
        shutil.rmtree(base, ignore_errors=True)


def pytest_unconfigure(config: pytest.Config) -> None:
    end()
