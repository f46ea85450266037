"""A browser before the real pages: one server for the session, one fresh window for each test."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from psycopg import sql

from panshi.config import roles
from panshi.console.tests.company import PASSWORD
from tests import environment

DATABASE = "panshi_pages"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _environment(tmp: Path) -> dict[str, str]:
    return os.environ | {
        "PANSHI_DB_NAME": DATABASE,
        "PANSHI_STATIC_ROOT": str(tmp / "static"),
        "PANSHI_LOG": "ERROR",
        "DJANGO_SETTINGS_MODULE": "panshi.config.settings",
    }


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the pages, with hashed static files as in production."""
    with environment.connect("postgres", "postgres") as superuser:
        name = sql.Identifier(DATABASE)
        superuser.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        superuser.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER panshi_owner").format(
                name, sql.Identifier(environment.TEMPLATE)
            )
        )
        roles.bootstrap(superuser, DATABASE)
    tmp = tmp_path_factory.mktemp("pages")
    settings = _environment(tmp)
    collect = [sys.executable, "-m", "django", "collectstatic", "--noinput", "-v", "0"]
    subprocess.run(collect, env=settings, check=True, capture_output=True)
    port = _free_port()
    log = (tmp / "log").open("w")
    server = subprocess.Popen(
        [sys.executable, "-m", "panshi.console.tests.serve", str(port)],
        env=settings,
        stdout=log,
        stderr=log,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _await(address, server, tmp / "log")
        yield address
    finally:
        server.terminate()
        server.wait(10)
        log.close()


def _await(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"the pages did not start:\n{log.read_text()[-4000:]}")


Opener = Callable[..., Page]


@pytest.fixture
def opened(browser: Browser, site: str) -> Iterator[Opener]:
    """Open a window as somebody: `opened("chen", "/staff/")`.

    At the end no window may have met a script error, a failed or foreign request.
    """
    contexts = []
    trouble: list[str] = []

    def watch(page: Page) -> None:
        page.on("pageerror", lambda error: trouble.append(f"script: {error}"))
        page.on(
            "console",
            lambda message: (
                trouble.append(f"console: {message.text}")
                if message.type == "error" and "status of" not in message.text
                else None
            ),
        )
        page.on(
            "request",
            lambda request: (
                trouble.append(f"foreign: {request.url}")
                if not request.url.startswith((site, "data:", "blob:"))
                else None
            ),
        )
        page.on(
            "response",
            lambda response: (
                trouble.append(f"missing: {response.url}")
                if response.status == 404 and "/static/" in response.url
                else None
            ),
        )

    def open_as(
        username: str | None, path: str, *, width: int = 1440, height: int = 900, **cookies: str
    ) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, base_url=site)
        contexts.append(context)
        chosen = {"django_language": "zh-hans", "theme": "light", **cookies}
        context.add_cookies([{"name": k, "value": v, "url": site} for k, v in chosen.items()])
        page = context.new_page()
        watch(page)
        if username:
            page.goto("/sign-in/")
            page.fill("#username", username)
            page.fill("#password", PASSWORD)
            page.click("button.btn-primary")
            page.wait_for_url(lambda url: "/sign-in/" not in url)
        page.goto(path)
        return page

    yield open_as
    for context in contexts:
        context.close()
    assert trouble == []
