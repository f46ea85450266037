"""The product, running, and windows on it: the one way to test pages in a browser.

A journey in ten lines:

    @pytest.fixture(scope="module")
    def site(static_files: Path) -> Iterator[Site]:
        with running("story", static_files, beside=("worker", "gateway", "ingest")) as site:
            site.do(company.found)      # Any function of a module: verbs, as headquarters.
            yield site

    def test_a_reminder_reaches_the_customer(opened: Opener, site: Site) -> None:
        desk = opened("finance", "/billing/", language="en", width=390, height=844)
        desk.get_by_role("button", name="Run the bills").click()
        phone = opened("shunda", "/portal/bills/", language="en", width=390, height=844)
        expect(phone.get_by_text("Overdue")).to_be_visible(timeout=10_000)

Import `opened`, `phone` and `static_files` into the conftest beside the test, or into the test. The
worker delivers facts, so a page shows what follows after a moment: wait with `expect`, never sleep.
Time passes by verbs, `site.do(let_a_month_pass, lease_id)`; all else a person does in a window.
"""

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final, LiteralString, Protocol

import pytest
from playwright.sync_api import BrowserContext, Page
from psycopg import sql

from panshi.config import roles
from tests import environment
from tests.chromium import Chromium
from tests.clerk import Clerk, P, T
from tests.town import PASSWORD, PLACE

DESK: Final = {"width": 1440, "height": 900}
PHONE: Final = {"width": 390, "height": 844}
PATIENCE_S = 120.0
_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
_numbers = count(int(_WORKER.removeprefix("gw")) * 50 + 51 if _WORKER != "main" else 1)


@dataclass
class Site:
    """A database of its own with the processes that work in it."""

    address: str
    database: str
    clerk: Clerk
    folder: Path
    gb_port: int = 0
    jt_port: int = 0
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    words: dict[str, tuple[str, ...]] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)
    kept: dict[tuple[object, ...], BrowserContext] = field(default_factory=dict)

    def start(self, name: str) -> None:
        """Start a process of the product, or end it in order and start it again."""
        if name in self.processes:
            self.processes[name].send_signal(signal.SIGTERM)
            _end(self.processes[name])
        with (self.folder / f"{name}.out").open("ab") as out:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", *self.words[name]],
                env=self.environment,
                stdout=out,
                stderr=out,
            )

    def do(self, act: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
        """Call a function of a module in the site's database, as headquarters."""
        return self.clerk.do(act, *given, **named)

    def ask(self, query: LiteralString, *values: object) -> list[tuple[Any, ...]]:
        """Read the database as its superuser, past the walls."""
        with environment.connect("postgres", self.database) as superuser:
            return superuser.execute(query, values).fetchall()

    def said(self, name: str) -> str:
        """The last words of a process."""
        return (self.folder / f"{name}.out").read_text("utf-8", "replace")[-4000:]


class Opener(Protocol):
    """Open a window as somebody, or as nobody."""

    def __call__(
        self,
        username: str | None,
        path: str,
        *,
        language: str = "zh-hans",
        width: int = DESK["width"],
        height: int = DESK["height"],
        theme: str = "light",
        scripts: bool = True,
    ) -> Page: ...


@pytest.fixture(scope="session")
def static_files() -> Path:
    """The hashed static files as in production, collected once for all workers of a run."""
    folder = environment.HOME.path / "collected"
    with (environment.HOME.path / "collecting").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not folder.exists():
            draft = Path(tempfile.mkdtemp(dir=environment.HOME.path))
            settings = _settings("panshi") | {"PANSHI_STATIC_ROOT": str(draft)}
            collect = [sys.executable, "-m", "django", "collectstatic", "--noinput", "-v", "0"]
            subprocess.run(collect, env=settings, check=True, capture_output=True)
            draft.rename(folder)
    return folder


@contextmanager
def running(
    name: str,
    static_files: Path,
    *,
    arrange: Callable[[], object] | None = None,
    pages: Sequence[str] = ("panshi", "web", "--port"),
    beside: Sequence[str] = (),
    settings: Mapping[str, str] | None = None,
) -> Iterator[Site]:
    """A site in a fresh database, its pages served at a free port.

    `arrange` is called before anything starts; `pages` is the module that serves them, with its
    words before the port; `beside` names what else of the product runs: worker, gateway, ingest.
    `settings` are put into the environment of every process.
    """
    database = f"panshi_{name}_{_WORKER}"
    _found(database)
    folder = Path(tempfile.mkdtemp(prefix=f"panshi-{name}-"))
    home = _settings(database) | {"PANSHI_STATIC_ROOT": str(static_files)} | dict(settings or {})
    clerk = Clerk(home | {"PYTEST_XDIST_WORKER": "clerk"})  # It shall use our home.
    port, gb_port, jt_port = (_free_port() for _ in range(3))
    site = Site(f"http://127.0.0.1:{port}", database, clerk, folder, gb_port, jt_port)
    number = ("--number", str(next(_numbers)))
    lines = ("--bind", "127.0.0.1", "--gb-port", str(gb_port), "--jt-port", str(jt_port))
    site.environment = home
    site.words = {
        "web": (*pages, str(port)),
        "worker": ("panshi", "worker"),
        "gateway": ("panshi", "gateway", *lines, *number),
        "ingest": ("panshi", "ingest", *number),
    }
    try:
        if arrange is not None:
            site.do(arrange)
        for process in ("web", *beside):
            site.start(process)
        _await(site, "web", lambda: _serves(site.address))
        if "gateway" in beside:
            _await(site, "gateway", lambda: _listens(gb_port))
        yield site
    finally:
        for running_one in site.processes.values():
            running_one.send_signal(signal.SIGTERM)
        for running_one in site.processes.values():
            _end(running_one)
        clerk.dismiss()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def opened(chromium: Chromium, site: Site) -> Iterator[Opener]:
    """Open windows on the site of the test: `opened("chen", "/staff/")`.

    Each has cookies and a memory of its own. At the end none may have met a script error, a fault
    of the server, a request to another host or a missing static file.
    """
    yield from opening(chromium, site)


def opening(chromium: Chromium, site: Site, *, keep: bool = False) -> Iterator[Opener]:
    """`opened`; with `keep`, the next test that asks for the same window finds its files loaded.

    A kept window remembers what pages store, so only tests that store nothing may share one.
    """
    contexts: list[BrowserContext] = []
    pages: list[Page] = []
    trouble: list[str] = []

    def open_as(
        username: str | None,
        path: str,
        *,
        language: str = "zh-hans",
        width: int = DESK["width"],
        height: int = DESK["height"],
        theme: str = "light",
        scripts: bool = True,
    ) -> Page:
        kind = (username, language, width, height, theme, scripts)
        context = site.kept.get(kind)
        if context is None or not (context.browser and context.browser.is_connected()):
            context = chromium.new_context(
                viewport={"width": width, "height": height},
                base_url=site.address,
                locale="zh-CN" if language == "zh-hans" else "en-GB",
                geolocation={"longitude": PLACE[0], "latitude": PLACE[1]},
                permissions=["geolocation"],
                java_script_enabled=scripts,
            )
            if keep:
                site.kept[kind] = context
        contexts.append(context)
        context.on("page", watch)
        chosen = {"django_language": language, "theme": theme}
        context.add_cookies(
            [{"name": name, "value": value, "url": site.address} for name, value in chosen.items()]
        )
        page = context.new_page()
        if username:
            _sign_in(page, username, site)
        page.goto(path)
        if username and "/sign-in/" in page.url:
            # Somebody signed out, and the session is over for all windows.
            del site.sessions[username]
            _sign_in(page, username, site)
            page.goto(path)
        return page

    def watch(page: Page) -> None:
        pages.append(page)
        _watch(page, site.address, trouble)

    yield open_as
    for context in contexts:
        context.remove_listener("page", watch)
    if keep:
        for page in pages:
            page.close()
    else:
        for context in contexts:
            chromium.close_context(context)
    assert trouble == []


def _sign_in(page: Page, username: str, site: Site) -> None:
    """Sign in by the page the first time, and by its session from then on."""
    if username in site.sessions:
        page.context.add_cookies(
            [{"name": "sessionid", "value": site.sessions[username], "url": site.address}]
        )
        return
    page.goto("/sign-in/")
    page.fill("#username", username)
    page.fill("#password", PASSWORD)
    page.click("button.btn-primary")
    page.wait_for_url(lambda url: "/sign-in/" not in url)
    cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    site.sessions[username] = cookies["sessionid"]


@pytest.fixture
def phone(opened: Opener) -> Opener:
    """`opened` as wide as a phone."""

    def open_as(
        username: str | None,
        path: str,
        *,
        language: str = "zh-hans",
        width: int = PHONE["width"],
        height: int = PHONE["height"],
        theme: str = "light",
        scripts: bool = True,
    ) -> Page:
        return opened(
            username, path, language=language, width=width, height=height, theme=theme,
            scripts=scripts,
        )  # fmt: skip

    return open_as


def _watch(page: Page, address: str, trouble: list[str]) -> None:
    """Note what no page may do."""

    def note(kind: str, words: str, *, amiss: bool) -> None:
        if amiss:
            trouble.append(f"{kind}: {words}")

    page.on("pageerror", lambda error: note("script", str(error), amiss=True))
    page.on(
        "console",
        lambda message: note(
            "console",
            message.text,
            # Chromium itself writes refusals and a lost network there.
            amiss=message.type == "error"
            and "status of" not in message.text
            and "net::ERR_" not in message.text,
        ),
    )
    page.on(
        "request",
        lambda request: note(
            "foreign", request.url, amiss=not request.url.startswith((address, "data:", "blob:"))
        ),
    )
    page.on(
        "response",
        lambda response: note(
            "missing", response.url, amiss=response.status == 404 and "/static/" in response.url
        ),
    )
    page.on(
        "response",
        lambda response: note(
            "fault",
            response.url,
            # The pages to try patterns on are at fault on purpose.
            amiss=response.status >= 500 and "/try/" not in response.url,
        ),
    )


def _settings(database: str) -> dict[str, str]:
    return os.environ | {
        "PANSHI_DB_NAME": database,
        "PANSHI_LOG": "WARNING",
        "DJANGO_SETTINGS_MODULE": "panshi.config.settings",
    }


def _found(database: str) -> None:
    """Clone the migrated template."""
    with environment.connect("postgres", "postgres") as superuser:
        name = sql.Identifier(database)
        superuser.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        superuser.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER panshi_owner").format(
                name, sql.Identifier(environment.TEMPLATE)
            )
        )
        # A clone does not inherit the privileges of the database itself.
        roles.bootstrap(superuser, database)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _serves(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/healthz", timeout=1):
            return True
    except OSError:
        return False


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 0.2).close()
    except OSError:
        return False
    return True


def _await(site: Site, name: str, ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not ready():
        if time.monotonic() > deadline or site.processes[name].poll() is not None:
            pytest.fail(f"{name} did not start:\n{site.said(name)}")
        time.sleep(0.1)


def _end(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
