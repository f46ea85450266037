"""A land for all tests of the gateway, a town for each."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from panshi.gateway.tests.town import Land, Town


@pytest.fixture(scope="session")
def land() -> Iterator[Land]:
    settled = Land.settle(Path(tempfile.mkdtemp(prefix="panshi-town-")))
    yield settled
    settled.leave()


@pytest.fixture
def found(land: Land) -> Iterator[Callable[..., Town]]:
    """Found towns; their processes end with the test."""
    towns: list[Town] = []

    def make(vehicles: int, **options: float) -> Town:
        town = land.town(vehicles=vehicles, **options)
        towns.append(town)
        return town

    yield make
    for town in towns:
        town.end()
