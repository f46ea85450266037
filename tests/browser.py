"""Browsers for the tests of pages: one Chromium for the session, and the town served to it."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from psycopg import sql

from panshi.config import roles
from tests import environment
from tests.town import PASSWORD, PLACE

DATABASE = "panshi_town"
PHONE = {"width": 390, "height": 844}
Opener = Callable[..., Page]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _await(address: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"the pages did not start:\n{log.read_text()[-4000:]}")


@pytest.fixture(scope="module")
def town_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a freshly arranged town, with hashed static files as in production."""
    with environment.connect("postgres", "postgres") as superuser:
        name = sql.Identifier(DATABASE)
        superuser.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        superuser.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER panshi_owner").format(
                name, sql.Identifier(environment.TEMPLATE)
            )
        )
        roles.bootstrap(superuser, DATABASE)
    tmp = tmp_path_factory.mktemp("town")
    settings = os.environ | {
        "PANSHI_DB_NAME": DATABASE,
        "PANSHI_STATIC_ROOT": str(tmp / "static"),
        "PANSHI_LOG": "ERROR",
        "DJANGO_SETTINGS_MODULE": "panshi.config.settings",
    }
    collect = [sys.executable, "-m", "django", "collectstatic", "--noinput", "-v", "0"]
    subprocess.run(collect, env=settings, check=True, capture_output=True)
    port = _free_port()
    log = (tmp / "log").open("w")
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.town", str(port)], env=settings, stdout=log, stderr=log
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _await(address, server, tmp / "log")
        yield address
    finally:
        server.terminate()
        server.wait(10)
        log.close()


@pytest.fixture
def phone(browser: Browser, town_site: str) -> Iterator[Opener]:
    """Open a phone as somebody: `phone("shunda", "/portal/")`; no script may have failed on it."""
    contexts: list[BrowserContext] = []
    trouble: list[str] = []

    def watch(page: Page) -> None:
        page.on("pageerror", lambda error: trouble.append(f"script: {error}"))
        page.on(
            "request",
            lambda request: (
                trouble.append(f"foreign: {request.url}")
                if not request.url.startswith((town_site, "data:", "blob:"))
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
        username: str | None,
        path: str,
        *,
        width: int = PHONE["width"],
        height: int = PHONE["height"],
        scripts: bool = True,
        **cookies: str,
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            base_url=town_site,
            geolocation={"longitude": PLACE[0], "latitude": PLACE[1]},
            permissions=["geolocation"],
            java_script_enabled=scripts,
        )
        contexts.append(context)
        context.on("page", watch)
        chosen = {"django_language": "zh-hans", "theme": "light", **cookies}
        context.add_cookies([{"name": k, "value": v, "url": town_site} for k, v in chosen.items()])
        page = context.new_page()
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
