"""Workers that hear the same facts at one moment, over real connections that really commit."""

from collections.abc import Iterator
from typing import Any

import pytest

from panshi.handbook import services
from panshi.handbook.models import Run
from panshi.handbook.tests import make
from panshi.kit.facts import Fact
from panshi.kit.tenancy import acting, hq_actor, system_actor
from panshi.org.tests import make as org_make
from tests.committing import committing_database, race

WORKERS = 10

pytestmark = [pytest.mark.plain, pytest.mark.needs_database]


@pytest.fixture
def committing(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with committing_database("panshi_start_race", threads=WORKERS, blocker=django_db_blocker):
        yield


def test_ten_workers_that_hear_the_same_facts_at_once_start_each_run_once(committing: None) -> None:
    with acting(hq_actor()):
        make.edition()
        org = org_make.operator()
    told: list[Fact] = [
        make.overdue(org),
        make.findings_raised(org, make.finding(), make.finding()),
    ]
    started: list[int] = []

    def hear(facts: list[Fact]) -> None:
        fact = services.start_runs(facts=facts, actor=system_actor(org.id), at=make.NOON)
        started.append(len(fact.runs))

    # Half of them hear the facts in the other order: they must not wait for one another forever.
    assert race(hear, *[told, told[::-1]] * (WORKERS // 2)) == {"done": WORKERS}

    with acting(hq_actor()):
        runs = list(Run.objects.values_list("node__slug", "occurrence_key"))
    assert sorted(slug for slug, _key in runs).count("overdue-reminder") == 1
    assert len(runs) == len(set(runs)) == sum(started)
    assert [slug for slug, _key in runs].count("insulation-fault") == 2
