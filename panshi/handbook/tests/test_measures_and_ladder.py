"""Rungs are climbed once; adherence equals a naive recount of the runs."""

from dataclasses import replace
from datetime import timedelta

import pytest

from panshi.handbook import book, queries, services
from panshi.handbook.models import AdherenceAlert, AdherenceDay, Escalation, Run
from panshi.handbook.services import engine
from panshi.handbook.tests import make
from panshi.kit.tenancy import hq_actor
from panshi.org.tests import make as org_make
from panshi.people import queries as people
from panshi.people import services as people_services
from panshi.people.tests import make as people_make

pytestmark = pytest.mark.usefixtures("in_force")
NODES = ("VM-H-10.1",)


def climb(minutes: int) -> list[tuple[int, str]]:
    fact = services.escalate_due(actor=hq_actor(), at=make.NOON + timedelta(minutes=minutes))
    return [(r.rung, r.to_role) for r in fact.rungs]


def test_rungs_are_climbed_in_order_each_once() -> None:
    make.edition()
    run = make.start(make.findings_raised(org_make.operator(), make.finding()))[0]
    assert climb(14) == []
    assert climb(15) == [(0, "ems")]
    assert climb(15) == []
    assert climb(60 * 13) == [(1, "monitor"), (2, "station")]
    assert Escalation.objects.filter(run=run).count() == 3


def test_an_owner_who_is_away_is_passed_over_at_once() -> None:
    make.edition()
    org = org_make.operator()
    run = make.start(make.findings_raised(org, make.finding()))[0]
    procedure = engine.procedure_of(run)
    away, here = (people_make.engineer(org=org, certificates=()) for _who in range(2))
    people_services.set_shift(
        user_id=here, starts_at=make.NOON - timedelta(hours=4),
        ends_at=make.NOON + timedelta(hours=6), actor=hq_actor(org.id), at=make.NOON,
    )  # fmt: skip
    by = hq_actor()
    assert people.away(user_ids=(away, here), at=make.NOON, actor=by) == {away}
    told = replace(procedure.escalate[0], to="owner")
    rungs = (told, *procedure.escalate[1:])
    other = make.start(make.findings_raised(org, make.finding()))[0]
    Run.objects.filter(id=run.id).update(owner_id=away)
    Run.objects.filter(id=other.id).update(owner_id=here)
    book._PROCEDURES[run.revision_id] = replace(procedure, escalate=rungs)
    try:
        climb(15)
        told_of = [Escalation.objects.filter(run=one).count() for one in (run, other)]
        assert told_of == [2, 1]
    finally:
        book._PROCEDURES[run.revision_id] = procedure


def test_a_rung_that_reassigns_frees_the_run_for_another_post() -> None:
    make.edition()
    run = make.start(make.overdue(org_make.operator(), days=7))[0]
    climb(60 * 24 * 14)
    run.refresh_from_db()
    assert (run.owner_id, run.owner_role, run.next_rung_at) == (None, "city_manager", None)


def test_a_closed_run_climbs_no_more() -> None:
    make.edition()
    org = org_make.operator()
    fact = make.overdue(org)
    make.start(fact)
    services.hear_facts(facts=[make.paid(fact)], actor=hq_actor(org.id), at=make.NOON)
    assert climb(60 * 24 * 30) == []


def test_late_evidence_changes_the_past_and_keeps_what_was_first_reported() -> None:
    make.edition()
    run = make.start(make.findings_raised(org_make.operator(), make.finding()))[0]
    at = make.NOON + timedelta(days=2)
    services.roll_up_adherence(actor=hq_actor(), at=at)
    Run.objects.filter(id=run.id).update(steps_done=3)
    services.roll_up_adherence(actor=hq_actor(), at=at)
    day = AdherenceDay.objects.get(node_id=run.node_id)
    assert (day.steps_done, day.first_reported["steps_done"]) == (3, 0)


def test_a_run_that_a_pause_moved_to_another_day_counts_there_alone() -> None:
    make.edition()
    run = make.start(make.findings_raised(org_make.operator(), make.finding()))[0]
    at = make.NOON + timedelta(days=3)
    services.roll_up_adherence(actor=hq_actor(), at=at)
    Run.objects.filter(id=run.id).update(due_at=run.due_at + timedelta(days=1))
    services.roll_up_adherence(actor=hq_actor(), at=at)
    days = AdherenceDay.objects.filter(node_id=run.node_id).order_by("day")
    assert [d.expected for d in days] == [0, 1]
    assert [d.first_reported["expected"] for d in days] == [1, 1]


def test_a_fall_and_many_struck_runs_are_told_once_until_they_are_over() -> None:
    make.edition()
    org, at = org_make.operator(), make.NOON
    org_make.platform()
    runs = make.start(*(make.overdue(org) for _n in range(44)))
    for number, run in enumerate(runs):
        recent = number < 22
        due = at - timedelta(days=3 if recent else 40)
        closed = due + timedelta(hours=1 if recent and number >= 4 else -1)
        state = "VOID" if recent and number < 2 else "CLOSED"
        Run.objects.filter(id=run.id).update(
            due_at=due, state=state, closed_at=closed, closed_by_fact_id=run.fact_id
        )
    for _again in range(2):
        fact = services.roll_up_adherence(actor=hq_actor(), at=at, days=60)
    assert fact.fallen == ("overdue-reminder 杭州",)
    kinds = AdherenceAlert.objects.order_by("kind").values_list("kind", "city", "runs", "over_at")
    assert list(kinds) == [("FELL", "杭州", 20, None), ("VOIDS", "杭州", 22, None)]
    begun = Run.objects.get(fact_name="handbook.AdherenceFell")
    assert (begun.node.slug, begun.subject_id) == ("audit-adherence", str(runs[0].node_id))
    lead = hq_actor(org_make.platform().id)
    assert len(queries.supervision(actor=lead, at=at).alerts) == 2

    Run.objects.filter(id__in=[r.id for r in runs]).update(closed_at=at - timedelta(days=60))
    services.roll_up_adherence(actor=hq_actor(), at=at, days=60)
    assert AdherenceAlert.objects.get(over_at=None).kind == "VOIDS"
