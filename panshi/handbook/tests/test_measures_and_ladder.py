"""Rungs are climbed once; adherence equals a naive recount of the runs."""

from dataclasses import astuple
from datetime import timedelta
from random import Random

import pytest
from django.db import transaction

from panshi.handbook import book, services
from panshi.handbook.models import AdherenceDay, EditionItem, Escalation, Run, RunState
from panshi.handbook.rules.measure import Tally
from panshi.handbook.tests import make
from panshi.kit.clock import local_day
from panshi.kit.ids import uuid7
from panshi.kit.tenancy import hq_actor
from panshi.org.tests import make as org_make

pytestmark = pytest.mark.usefixtures("in_force")


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


def recount(runs: list[Run]) -> Tally:
    """The measure as its definition reads, one run after another."""
    total = Tally()
    for run in runs:
        closed = run.state == RunState.CLOSED
        counts = run.state != RunState.VOID and not run.by_hand
        steps = counts and run.closed_by_fact_id is None
        total += Tally(
            expected=counts,
            voided=run.state == RunState.VOID and not run.by_hand,
            by_hand=run.by_hand,
            closed=closed and counts,
            on_time=closed and counts and run.closed_at is not None
            and run.closed_at <= run.due_at,
            steps_due=run.steps_due * steps,
            steps_done=run.steps_done * steps,
            evidence_due=run.evidence_due * steps,
            evidence_valid=run.evidence_valid * steps,
        )  # fmt: skip
    return total


def test_the_roll_up_equals_a_naive_recount() -> None:
    """The runs are made by hand, so they are rolled back before the database looks at them."""
    with transaction.atomic():
        _compare_with_a_recount()
        transaction.set_rollback(True)


def _compare_with_a_recount() -> None:
    edition = make.edition()
    random = Random(5)
    items = list(EditionItem.objects.filter(edition=edition).select_related("revision"))
    orgs = [org_make.operator(city=c) for c in ("杭州", "成都")]
    runs = []
    for number in range(400):
        item, org = random.choice(items), random.choice(orgs)
        due = make.NOON - timedelta(hours=random.randrange(24 * 40))
        state = random.choice(["WAITING", "TAKEN", "CLOSED", "CLOSED", "VOID"])
        over = state in ("CLOSED", "VOID")
        run = Run(
            org_id=org.id, node_id=item.node_id, revision_id=item.revision_id, edition=edition,
            city=org.city, occurrence_key=str(number), owner_role="qc", state=state,
            by_hand=random.random() < 0.1, started_at=due, take_by=due, due_at=due,
            closed_at=due + timedelta(hours=random.randrange(-5, 5)) if over else None,
            closed_by_fact_id=uuid7() if state == "CLOSED" and random.random() < 0.3 else None,
            steps_due=8, steps_done=random.randrange(9), evidence_due=5,
            evidence_valid=random.randrange(6),
        )  # fmt: skip
        runs.append(run)
    Run.objects.bulk_create(runs)

    for _time in range(2):
        services.roll_up_adherence(actor=hq_actor(), at=make.NOON)
    today = local_day(make.NOON)
    counted = [r for r in runs if (today - local_day(r.due_at)).days < 35]
    fields = list(Tally.__dataclass_fields__)
    rows = AdherenceDay.objects.values_list(*fields)
    assert tuple(map(sum, zip(*rows, strict=True))) == astuple(recount(counted))
    cell = counted[0]

    def key(run: Run) -> tuple[object, ...]:
        return run.org_id, run.node_id, local_day(run.due_at)

    alike = [r for r in counted if key(r) == key(cell)]
    row = AdherenceDay.objects.values_list(*fields).get(
        org_id=cell.org_id, node_id=cell.node_id, day=local_day(cell.due_at)
    )
    assert row == astuple(recount(alike))
    assert book.book_of(edition.id).number == "0.3"


def test_late_evidence_changes_the_past_and_keeps_what_was_first_reported() -> None:
    make.edition()
    run = make.start(make.findings_raised(org_make.operator(), make.finding()))[0]
    at = make.NOON + timedelta(days=2)
    services.roll_up_adherence(actor=hq_actor(), at=at)
    Run.objects.filter(id=run.id).update(steps_done=3)
    services.roll_up_adherence(actor=hq_actor(), at=at)
    day = AdherenceDay.objects.get(node_id=run.node_id)
    assert (day.steps_done, day.first_reported["steps_done"]) == (3, 0)
