"""Start runs: exactly once, by the edition in force, from the fact's own moment."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from panshi.handbook import queries, services
from panshi.handbook.models import Run, RunState, Suppression
from panshi.handbook.tests import make
from panshi.kit import outbox, relay
from panshi.kit.ids import uuid7
from panshi.kit.tenancy import acting, hq_actor, system_actor
from panshi.org import services as org_services
from panshi.org.tests import make as org_make

pytestmark = pytest.mark.usefixtures("in_force")


def test_the_same_fact_told_ten_times_makes_one_run() -> None:
    make.edition()
    fact = make.overdue(org_make.operator())
    started = [make.start(fact) for _ in range(10)]
    assert [len(s) for s in started] == [1, *[0] * 9]
    assert Run.objects.filter(fact_id=fact.id).count() == 1


def test_a_condition_decides_which_node_starts() -> None:
    make.edition()
    org = org_make.operator()
    slugs = [
        run.node.slug for days in (1, 2, 7) for run in make.start(make.overdue(org, days=days))
    ]
    assert slugs == ["overdue-reminder", "overdue-collection"]


def test_each_item_of_a_plural_fact_makes_its_own_run() -> None:
    make.edition()
    fact = make.findings_raised(
        org_make.operator(), make.finding(), make.finding(), make.finding(rule="SOC_LOW")
    )
    runs = [r for r in make.start(fact) if r.node.slug == "insulation-fault"]
    assert len(runs) == 2
    assert {r.subject_id for r in runs} == {str(f.vehicle_id) for f in fact.findings[:2]}
    assert make.start(fact) == []


def test_an_open_run_of_the_same_vehicle_holds_the_next_one_back() -> None:
    make.edition()
    org, vehicle = org_make.operator(), uuid7()
    (run,) = make.start(make.findings_raised(org, make.finding(vehicle_id=vehicle)))
    again = make.findings_raised(org, make.finding(vehicle_id=vehicle))

    def tell() -> tuple[int, int]:
        started = services.start_runs(facts=[again], actor=system_actor(org.id), at=make.NOON)
        return len(started.runs), started.suppressed

    assert [tell(), tell()] == [(0, 1), (0, 0)]
    (kept,) = Suppression.objects.all()
    assert (kept.run_id, kept.fact_id) == (run.id, again.id)
    with pytest.raises(DatabaseError), transaction.atomic():
        Suppression.objects.update(run_id=run.id)
    lead = make.person(org, "OPERATIONS")
    history = queries.run_history(run_id=run.id, actor=lead)
    assert sorted(line.kind for line in history) == ["STARTED", "SUPPRESSED"]
    # What was held back once begins no run later, however often it is told.
    services.void_run(run_id=run.id, reason="误报", actor=lead, at=make.NOON)
    assert tell() == (0, 0)
    fresh = make.findings_raised(org, make.finding(vehicle_id=vehicle))
    assert len(make.start(fresh)) == 1


def test_what_is_due_counts_from_the_fact_and_not_from_the_handler() -> None:
    make.edition()
    org = org_make.operator()
    fact = make.findings_raised(org, make.finding())
    late = make.NOON + timedelta(hours=5)
    started = services.start_runs(facts=[fact], actor=system_actor(org.id), at=late)
    assert started.runs[0].due_at == make.NOON + timedelta(days=1)


def test_the_city_is_that_of_the_fact_or_of_the_org() -> None:
    make.edition()
    org = org_make.operator(city="成都")
    assert make.reminder(org).city == "成都"
    assert make.start(make.findings_raised(org, make.finding()))[0].city == "杭州"


def test_the_least_loaded_holder_of_the_post_gets_it() -> None:
    make.edition()
    org = org_make.operator()
    people = {
        org_services.create_user(
            org_id=org.id, username=f"{org.id}-{n}", full_name="赵敏", roles=["FINANCE"],
            password="a-long-password-1", actor=hq_actor(org.id), at=make.NOON,
        ).user_id
        for n in range(2)
    }  # fmt: skip
    owners = [run.owner_id for run in make.start(*[make.overdue(org) for _ in range(4)])]
    assert set(owners) == people
    assert all(owners.count(p) == 2 for p in people)


def test_facts_travel_through_the_outbox() -> None:
    make.edition()
    org = org_make.operator()
    fact = make.overdue(org)
    with acting(system_actor(org.id), to_write=True):
        outbox.publish(fact)
    relay.drain()
    run = Run.objects.get(fact_id=fact.id)
    with acting(system_actor(org.id), to_write=True):
        outbox.publish(make.paid(fact))
    relay.drain()
    run.refresh_from_db()
    assert run.state == RunState.CLOSED


def test_a_neighbour_sees_none_of_the_runs_and_all_of_the_book() -> None:
    edition = make.edition()
    make.reminder(org_make.operator())
    hq_count = edition.items.count()
    assert hq_count > 0
    stranger = make.person(org_make.operator(), "FINANCE")
    with acting(stranger):
        assert Run.objects.count() == 0
        assert edition.items.count() == hq_count


def test_the_database_refuses_the_same_occurrence_twice() -> None:
    make.edition()
    run = make.reminder(org_make.operator())
    with pytest.raises(IntegrityError, match="run_exactly_once"), transaction.atomic():
        Run.objects.create(
            **{f: getattr(run, f) for f in (
                "org_id", "node_id", "revision_id", "edition_id", "occurrence_key", "owner_role",
                "started_at", "take_by", "due_at",
            )}
        )  # fmt: skip
