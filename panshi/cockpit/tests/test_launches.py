"""Opening a city by the playbook: nodes begin as their days come, a gate opens on what was done."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.urls import reverse

from panshi.cockpit import queries, services, tasks
from panshi.cockpit.models import GatePassed
from panshi.cockpit.tests import make
from panshi.handbook.models import Run
from panshi.handbook.rules import playbooks
from panshi.handbook.tests import make as handbook_make
from panshi.kit.clock import SHANGHAI, local_day
from panshi.kit.ids import uuid7
from panshi.kit.tenancy import hq_actor
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.org.tests.window import page, window

pytestmark = pytest.mark.usefixtures("in_force")

NODES = ("VM-H-17-", "VM-H-17.1-", "VM-G-26.2-", "VM-H-14-", "VM-H-06-", "VM-H-18")
TODAY = local_day(handbook_make.NOON)


@pytest.fixture
def org() -> OrgNode:
    handbook_make.edition(*NODES)
    return org_make.operator()


def plan(org: OrgNode, days: int) -> UUID:
    """A city that opens so many days from now."""
    return services.plan_roll_out(
        org_id=org.id, city="嘉兴", owner_id=uuid7(), opens_on=TODAY + timedelta(days=days),
        budget=Decimal(800_000), actor=make.reader(org), at=handbook_make.NOON,
    ).plan_id  # fmt: skip


def begun(plan_id: UUID) -> set[str]:
    runs = Run.objects.filter(occurrence_key__startswith=f"playbook/{plan_id}/")
    return set(runs.values_list("node__slug", flat=True))


def pass_gate(plan_id: UUID, org: OrgNode, until: date | None = None) -> None:
    services.pass_gate(
        plan_id=plan_id, to_phase="BUILD", evidence="三项结案", exception_ends_on=until,
        actor=make.reader(org), at=handbook_make.NOON,
    )  # fmt: skip


def test_nodes_begin_as_their_days_come_and_each_once(org: OrgNode) -> None:
    plan_id = plan(org, 121)
    assert begun(plan_id) == set()
    assert plan(org, 115) == plan_id
    assert begun(plan_id) == {"city-feasibility", "city-score"}
    day = handbook_make.NOON + timedelta(days=15)
    for _time in range(2):
        services.follow_plans(actor=hq_actor(), at=day)
    assert begun(plan_id) == {"city-feasibility", "city-score", "station-siting"}
    run = Run.objects.get(node__slug="station-siting")
    assert (run.city, run.started_at.astimezone(SHANGHAI).hour) == ("嘉兴", 0)


def test_a_day_that_has_gone_by_asks_for_the_work_from_today_on(org: OrgNode) -> None:
    plan_id = plan(org, 80)
    run = Run.objects.get(node__slug="city-feasibility")
    assert local_day(run.started_at) == TODAY
    assert "city-launch" not in begun(plan_id)  # Its phase has not begun.


def test_a_gate_opens_on_closed_runs_or_on_a_written_exception(org: OrgNode) -> None:
    plan_id = plan(org, 80)
    with pytest.raises(services.GateNotReady):
        pass_gate(plan_id, org)
    view = queries.launch_page(plan_id=plan_id, actor=make.reader(org), at=handbook_make.NOON)
    assert [item.met for item in view.gate] == [False, False, False]
    wanted = ("city-feasibility", "city-score", "station-siting")
    Run.objects.filter(node__slug__in=wanted).update(
        state="CLOSED", closed_at=handbook_make.NOON, closed_by_fact_id=uuid7()
    )
    pass_gate(plan_id, org)
    gate = GatePassed.objects.get(plan_id=plan_id)
    assert not gate.is_exception
    assert [item["met"] for item in gate.standing] == [True, True, True]

    other = org_make.operator()
    there = plan(other, 80)
    pass_gate(there, other, until=TODAY + timedelta(days=30))
    assert GatePassed.objects.get(plan_id=there).is_exception


def test_the_next_gate_asks_for_figures_that_are_measured(org: OrgNode) -> None:
    plan_id = plan(org, 80)
    pass_gate(plan_id, org, until=TODAY + timedelta(days=30))
    view = queries.launch_page(plan_id=plan_id, actor=make.reader(org), at=handbook_make.NOON)
    assert [(i.want, i.have) for i in view.gate][3:] == [("≥ 2", "0"), ("≥ 20", "0"), ("≥ 30", "0")]
    assert not view.ready


def test_the_trainer_opens_the_page_of_a_city_and_a_neighbour_does_not(org: OrgNode) -> None:
    plan_id = plan(org, 115)
    url = reverse("cockpit-launch", args=[plan_id])
    desk = window(org, "TRAINER")
    shown = page(desk.get(url))
    assert "New city feasibility" in shown or "VM-H-17" in shown
    assert url in page(desk.get(reverse("cockpit-plans")))
    assert window(org_make.operator(), "TRAINER").get(url).status_code == 404


def test_the_night_follows_every_plan(org: OrgNode) -> None:
    plan_id = plan(org, 121)
    org_make.platform()
    tasks.follow_plans(handbook_make.NOON + timedelta(days=1))
    assert begun(plan_id) == {"city-feasibility"}


def test_a_playbook_that_names_what_is_not_there_is_found() -> None:
    row = {"zh": "筹备", "en": "Prepare", "nodes": [{"node": "x", "at": 0, "owner": "y"}],
           "gate": {"closed": ["z"], "measures": [{"measure": "luck", "at_least": 1}]}}  # fmt: skip
    phases = [{"phase": name, **row} for name in playbooks.PHASES]
    read = playbooks.playbook_of(
        {"schema": "playbook/1", "slug": "s", "zh": "甲", "en": "A", "phases": phases}
    )
    assert len(set(playbooks.problems(read, {"a"}, {"b"}))) == 7
