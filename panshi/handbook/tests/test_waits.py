"""The clock stands still while a run waits for others, no longer than its step allows."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from panshi.handbook import book, services, tasks
from panshi.handbook.models import Pause, Run, RunState
from panshi.handbook.rules.clock import Span
from panshi.handbook.services import engine
from panshi.handbook.tests import make
from panshi.kit.tenancy import hq_actor
from panshi.org.tests import make as org_make

pytestmark = pytest.mark.usefixtures("in_force")
HOUR = timedelta(hours=1)


@pytest.fixture
def run() -> Iterator[Run]:
    """A run whose first step may wait two hours for the customer, and does."""
    make.edition()
    started = make.reminder(org_make.operator())
    before = engine.procedure_of(started)
    first = replace(before.steps[0], waits_for="customer", waits_at_most=Span(2, "h"))
    book._PROCEDURES[started.revision_id] = replace(before, steps=(first, *before.steps[1:]))
    boss = hq_actor(started.org_id)
    services.take_run(run_id=started.id, actor=boss, at=make.NOON)
    yield started
    book._PROCEDURES[started.revision_id] = before


def pause(run: Run, waits_for: str) -> None:
    services.pause_run(
        run_id=run.id, waits_for=waits_for, reason="在外地", actor=hq_actor(run.org_id),
        at=make.NOON,
    )  # fmt: skip


def test_a_wait_ends_by_itself_when_it_has_lasted_as_long_as_it_may(run: Run) -> None:
    due = run.due_at
    pause(run, "customer")

    tasks.end_waits(make.NOON + 1.9 * HOUR)
    run.refresh_from_db()
    assert run.state == RunState.PAUSED
    for hours in (5, 6):
        tasks.end_waits(make.NOON + hours * HOUR)

    run.refresh_from_db()
    assert (run.state, run.due_at) == (RunState.TAKEN, due + 2 * HOUR)
    assert Pause.objects.get(run=run).ends_at == make.NOON + 2 * HOUR


def test_a_wait_that_no_step_bounds_ends_by_a_person(run: Run) -> None:
    pause(run, "parts")
    tasks.end_waits(make.NOON + 900 * HOUR)

    run.refresh_from_db()
    assert run.state == RunState.PAUSED
