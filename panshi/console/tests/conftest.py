"""A browser before the real pages: one site for the session, fresh windows for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from panshi.console.tests import company
from tests.site import Site, opened, running, static_files

__all__ = ["opened", "site", "static_files"]


@pytest.fixture(scope="session")
def site(static_files: Path) -> Iterator[Site]:
    """The small company's pages, with those to try patterns on."""
    serve = ("panshi.console.tests.serve",)
    with running("pages", static_files, arrange=company.found, pages=serve) as site:
        yield site
