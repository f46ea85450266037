"""One Chromium for the whole run: Playwright allows a single one in a thread."""

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from panshi.kit import fonts

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Browser"]:
    """Chromium with our own Chinese font, so that pictures are alike everywhere."""
    from playwright.sync_api import sync_playwright

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
        chromium = playwright.chromium.launch(
            executable_path=program,
            args=ARGUMENTS,
            env={**os.environ, "FONTCONFIG_FILE": str(conf)},
        )
        yield chromium
        chromium.close()
