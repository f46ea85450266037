"""One Chromium for the whole run: Playwright allows a single one in a thread."""

import os
import shutil
import signal
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from panshi.kit import fonts

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Playwright

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]


CLOSING_S = 20.0
# A wait ends when what is awaited is there: on a crowded machine that takes longer than Playwright
# would wait by itself.
PATIENCE_MS = 20_000


class Chromium:
    """One Chromium, started anew should it have had to be killed.

    Now and then it never answers that a window is closed, and a closed window has no time limit;
    then it is killed, and a warning says so. The tests themselves are not touched by that.
    """

    def __init__(self, playwright: "Playwright", program: str, environment: dict[str, str]) -> None:
        self._playwright, self._program, self._environment = playwright, program, environment
        self._mark = f"--tests-of={os.getpid()}"
        self._browser: Browser | None = None

    def new_context(self, **options: Any) -> "BrowserContext":
        """A window with cookies of its own."""
        if self._browser is None or not self._browser.is_connected():
            self._browser = self._playwright.chromium.launch(
                executable_path=self._program,
                args=[*ARGUMENTS, self._mark],
                env=dict(self._environment),
            )
        return self._browser.new_context(**options)

    def close_context(self, context: "BrowserContext") -> None:
        """Close a window, within a time."""
        from playwright.sync_api import Error

        with self._killed_after(CLOSING_S) as late:
            try:
                context.close()
            except Error:
                if not late.is_set():
                    raise
        if late.is_set():
            warnings.warn("Chromium did not close a window; it was started anew.", stacklevel=2)

    def close(self) -> None:
        if self._browser is not None:
            with self._killed_after(CLOSING_S):
                self._browser.close()

    @contextmanager
    def _killed_after(self, seconds: float) -> Iterator[threading.Event]:
        late = threading.Event()

        def kill() -> None:
            late.set()
            self._kill()

        timer = threading.Timer(seconds, kill)
        timer.start()
        try:
            yield late
        finally:
            timer.cancel()

    def _kill(self) -> None:
        """Kill the processes that carry our mark; Playwright names none."""
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):
                if self._mark.encode() in entry.read_bytes().split(b"\0"):
                    os.kill(int(entry.parent.name), signal.SIGKILL)


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    """Chromium with our own Chinese font, so that pictures are alike everywhere."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE_MS)
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("no Chromium: to run the browser tests install Debian's package chromium")
    tmp = tmp_path_factory.mktemp("fonts")
    conf = tmp / "fonts.conf"
    conf.write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">\n'
        f"<fontconfig><dir>{fonts.folder()}</dir><dir>/usr/share/fonts/truetype/dejavu</dir>"
        f"<cachedir>{tmp}/cache</cachedir></fontconfig>\n"
    )
    # Playwright leaves its loop in this thread, which Django would take for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        made = Chromium(playwright, program, {**os.environ, "FONTCONFIG_FILE": str(conf)})
        yield made
        made.close()
