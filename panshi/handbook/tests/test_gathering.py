"""Facts in high volume are joined: one open run per group and window, and none is lost."""

from datetime import timedelta
from uuid import UUID

import pytest

from panshi.handbook import queries
from panshi.handbook.models import Run, RunState
from panshi.handbook.tests import make
from panshi.kit.ids import uuid7
from panshi.kit.tenancy import system_actor
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.telematics.events import AlarmsCleared, ClearedAlarm

NODES = ("VM-F-07.3",)
pytestmark = pytest.mark.usefixtures("in_force")

HOT, SOON = uuid7(), make.NOON + timedelta(hours=1)


@pytest.fixture
def org() -> OrgNode:
    make.edition(*NODES)
    return org_make.operator()


def cleared(org: OrgNode, *vehicles: UUID, hours: int = 0) -> AlarmsCleared:
    at = make.NOON + timedelta(hours=hours)
    alarms = tuple(
        ClearedAlarm(
            vehicle_id=vehicle,
            source="GB",
            code=f"GB-{number}",
            bit=number,
            level=1,
            raised_at=make.NOON,
            cleared_at=at,
        )
        for number, vehicle in enumerate(vehicles)
    )
    return AlarmsCleared(org_id=org.id, actor_id=uuid7(), at=at, alarms=alarms)


def kept(run: Run) -> list[str]:
    run.refresh_from_db()
    return [item["code"] for item in run.fact["items"]]


def test_items_of_one_fact_and_facts_of_one_batch_are_joined(org: OrgNode) -> None:
    other = uuid7()
    first, second = cleared(org, HOT, HOT, other), cleared(org, HOT)
    runs = make.start(first, second)
    assert {run.subject_id: len(kept(run)) for run in runs} == {str(HOT): 3, str(other): 1}
    assert make.start(first, second) == []
    assert [len(kept(run)) for run in runs] == [3, 1]


def test_what_comes_later_joins_the_open_run_and_shows_on_its_page(org: OrgNode) -> None:
    (run,) = make.start(cleared(org, HOT))
    assert make.start(cleared(org, HOT, hours=2)) == []
    assert len(kept(run)) == 2
    card = queries.run_card(run_id=run.id, actor=system_actor(org.id), at=SOON)
    assert len(card.gathered) == 2


def test_what_comes_after_it_was_closed_begins_another(org: OrgNode) -> None:
    (run,) = make.start(cleared(org, HOT))
    Run.objects.filter(id=run.id).update(state=RunState.VOID, closed_at=SOON)
    late = cleared(org, HOT, hours=2)
    (again,) = make.start(late)
    assert again.id != run.id
    assert make.start(late) == []
    assert make.start(cleared(org, HOT, hours=3)) == []
    assert (len(kept(run)), len(kept(again))) == (1, 2)


def test_the_next_window_has_a_run_of_its_own(org: OrgNode) -> None:
    runs = [make.start(cleared(org, HOT, hours=hours)) for hours in (0, 24)]
    assert [len(started) for started in runs] == [1, 1]
