from collections.abc import Iterator
from pathlib import Path

import pytest

from panshi.field.tests import make
from tests import town
from tests.site import Site, opened, phone, running, static_files

__all__ = ["opened", "phone", "place", "site", "static_files"]


@pytest.fixture
def place(_house: None) -> town.Town:
    """The town with its people, arranged at this very moment."""
    return town.arrange()


@pytest.fixture(scope="module")
def site(static_files: Path) -> Iterator[Site]:
    """The town's pages."""
    with running("field", static_files, arrange=make.town_by_the_book) as site:
        yield site
