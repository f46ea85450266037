"""The race for one vehicle is won once, and its baselines lose what they are to show."""

from collections.abc import Iterator
from typing import Any

import pytest

from panshi.bench.lease_race import measure_lease_race
from panshi.kit.tenancy import acting, hq_actor
from panshi.org.tests import make
from tests.committing import committing_database

pytestmark = [pytest.mark.plain, pytest.mark.needs_database]
RIVALS, ROUNDS = 4, 2


@pytest.fixture
def committing(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with committing_database("panshi_lease_race", threads=RIVALS, blocker=django_db_blocker):
        yield


def test_each_vehicle_is_won_once(committing: None) -> None:
    with acting(hq_actor()):
        make.platform()
    document: Any = measure_lease_race(rivals=RIVALS, rounds=ROUNDS)
    ours = document["ours"]
    assert ours["answers"] == {"done": ROUNDS, "VehicleAlreadyLeased": ROUNDS * (RIVALS - 1)}
    assert (ours["overlaps"], ours["dead_locks"]) == (0, 0)
    assert set(document["baseline"]) == {"no_lock", "look_first"}
    assert document["baseline"]["no_lock"]["overlaps"] == 0
