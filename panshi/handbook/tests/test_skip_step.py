"""Skip a step: for a reason, and a required one only with a lead's own sign-in."""

from dataclasses import replace

import pytest

from panshi.handbook import services
from panshi.handbook.models import Deviation, Run, RunState, RunStep, StepState
from panshi.handbook.services.closing import WordsMissing
from panshi.handbook.services.steps import LeadRequired, NotYourStep, StepNotReached
from panshi.handbook.tests import make
from panshi.handbook.tests.test_complete_step import LATER, collector, do, run_org
from panshi.kit.ids import uuid7
from panshi.org.tests import make as org_make

pytestmark = pytest.mark.usefixtures("in_force")

STEPS = frozenset({"handbook.complete_step"})


def test_a_required_step_takes_a_lead_who_does_not_own_the_run_and_a_reason() -> None:
    run, by = collector()
    lead = make.person(run_org(run), "OPERATIONS")
    with pytest.raises(StepNotReached):  # Nobody has taken the run yet.
        services.skip_step(
            run_id=run.id, step_id="bill_right", reason="账单系统停机", actor=lead, at=LATER
        )
    do(run, "bill_right", by, "无误")
    with pytest.raises(WordsMissing):
        services.skip_step(run_id=run.id, step_id="reached", reason=" ", actor=lead, at=LATER)
    with pytest.raises(LeadRequired):
        services.skip_step(run_id=run.id, step_id="reached", reason="停机", actor=by, at=LATER)
    assert not Deviation.objects.filter(run=run).exists()

    fact = services.skip_step(
        run_id=run.id, step_id="reached", reason="客户停机一周", actor=lead, at=LATER
    )

    assert (fact.step_id, fact.reason) == ("reached", "客户停机一周")
    step = RunStep.objects.get(run=run, step_id="reached")
    assert (step.state, step.words, step.person_id) == (StepState.SKIPPED, fact.reason, lead.id)
    deviation = Deviation.objects.get(run=run)
    assert (deviation.kind, deviation.step_id, deviation.second_person_id) == (
        "SKIPPED", "reached", lead.id,
    )  # fmt: skip
    run.refresh_from_db()
    assert run.steps_done < run.steps_due  # What was skipped is owed, and was not done.


def test_a_lead_who_owns_the_run_needs_another_one() -> None:
    run, _by = collector()
    lead = make.person(run_org(run), "OPERATIONS")
    services.take_run(run_id=run.id, actor=lead, at=LATER)
    with pytest.raises(LeadRequired):
        services.skip_step(run_id=run.id, step_id="bill_right", reason="停机", actor=lead, at=LATER)
    other = replace(lead, id=uuid7())
    services.skip_step(run_id=run.id, step_id="bill_right", reason="停机", actor=other, at=LATER)
    run.refresh_from_db()
    assert (run.state, run.steps_done, run.steps_due) == (RunState.CLOSED, 0, 1)


def test_a_step_that_is_not_required_is_left_out_by_its_post_and_is_no_deviation() -> None:
    make.edition()
    org = org_make.operator()
    by = make.person(org, "DISPATCHER")
    started = services.start_run_by_hand(
        node_slug="service-rating", org_id=org.id, subject_id="杭州", reason="演示",
        actor=by, at=make.NOON,
    )  # fmt: skip
    run = Run.objects.get(id=started.runs[0].run_id)
    for step, value in (
        ("jobs", "2"), ("struck", "无一划掉"), ("invited", "十点到十一点"), ("rated", "2"),
        ("middle", "没有三星"), ("serious", "没有"),
    ):  # fmt: skip
        do(run, step, by, value)
    stranger = replace(by, id=uuid7(), roles=frozenset({"ENGINEER"}), permissions=STEPS)
    with pytest.raises(NotYourStep):
        services.skip_step(
            run_id=run.id, step_id="praised", reason="无表扬", actor=stranger, at=LATER
        )
    services.skip_step(run_id=run.id, step_id="praised", reason="无表扬", actor=by, at=LATER)
    run.refresh_from_db()
    assert (run.state, run.steps_done) == (RunState.CLOSED, run.steps_due)
    assert not Deviation.objects.filter(run=run).exists()
