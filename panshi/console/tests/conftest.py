"""A browser before the real pages: one site for the session, windows that the tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from panshi.console.tests import company
from tests.chromium import Chromium
from tests.site import Opener, Site, opening, running, static_files

__all__ = ["opened", "site", "static_files"]


@pytest.fixture(scope="session")
def site(static_files: Path) -> Iterator[Site]:
    """The small company's pages, with those to try patterns on."""
    serve = ("panshi.console.tests.serve",)
    with running("pages", static_files, arrange=company.found, pages=serve) as site:
        yield site


@pytest.fixture
def opened(chromium: Chromium, site: Site) -> Iterator[Opener]:
    """Windows on the small company; what one has loaded, the next test need not load again."""
    yield from opening(chromium, site, keep=True)
