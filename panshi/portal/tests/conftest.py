import pytest

from tests import town
from tests.browser import phone, town_site

__all__ = ["phone", "place", "town_site"]


@pytest.fixture
def place(_house: None) -> town.Town:
    """The town with its people, arranged at this very moment."""
    return town.arrange()
