"""What every verb of a run does after its change: judge the steps anew, keep the sums, close."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from pydantic import TypeAdapter, ValidationError

from panshi.handbook import book
from panshi.handbook.models import Run, RunState, RunStep, StepState
from panshi.handbook.queries.subject import world_of
from panshi.handbook.rules import conditions, flow
from panshi.handbook.rules.conditions import World
from panshi.handbook.rules.flow import Item, Progress, Record, Standing
from panshi.handbook.rules.procedure import Procedure
from panshi.kit import facts, verbs
from panshi.kit.refusals import NotPermitted, Refusal
from panshi.kit.tenancy import SYSTEM, Actor, system_actor
from panshi.kit.wording import listed

JOB_POST: Final = "engineer"
CHECKLIST: Final = "service.record_checklist"
_JOB: Final = ("job_done", "job_required", "work_order_id")
_SUMS: Final = (
    "steps_due", "steps_done", "evidence_due", "evidence_valid", "job_required", "job_done",
    "listens", "roles", "work_order_id",
)  # fmt: skip


class StepCallUnfit(Refusal):
    """The values at hand do not fit the verb that a step calls."""


def procedure_of(run: Run) -> Procedure:
    return book.procedure_of(run.revision)


def records_of(rows: list[RunStep]) -> dict[tuple[str, int], Record]:
    return {
        (r.step_id, r.iteration): Record(standing=Standing(r.state), value=r.value, result=r.result)
        for r in rows
        if r.state in (StepState.DONE, StepState.SKIPPED)
    }


def rows_of(run: Run) -> list[RunStep]:
    return list(run.steps.filter(superseded=False))


def judge(run: Run, actor: Actor, at: datetime, rows: list[RunStep] | None = None) -> Progress:
    """Where the run stands, without changing it; its rows are read unless given."""
    kept = rows_of(run) if rows is None else rows
    return flow.progress(procedure_of(run), records_of(kept), world_of(run, actor, at))


def post_of(run: Run, item: Item) -> str:
    return item.step.role or run.owner_role


def steps_for_job(run: Run, found: Progress) -> list[Item]:
    """Required steps without which the job is not done; a list beside the job has none."""
    if run.beside_job:
        return []
    return [i for i in found.owed if post_of(run, i) == JOB_POST]


def proved(found: Progress, rows: list[RunStep]) -> list[Item]:
    """Required steps whose evidence is there and beyond doubt."""
    doubtful = {(row.step_id, row.iteration) for row in rows if row.flagged}
    return [
        i
        for i in found.owed
        if i.step.evidence
        and i.standing == Standing.DONE
        and (i.step.id, i.iteration) not in doubtful
    ]


def sums(run: Run, found: Progress, rows: list[RunStep]) -> None:
    """Write the counts of a run that lists and measures read; the caller saves it."""
    owed = found.owed
    job = steps_for_job(run, found)
    run.steps_due, run.steps_done = len(owed), found.done
    run.evidence_due = sum(i.step.evidence is not None for i in owed)
    run.evidence_valid = len(proved(found, rows))
    run.job_required = len(job)
    run.job_done = sum(i.settled for i in job)
    run.listens = flow.listening_keys(procedure_of(run), found)
    run.roles = sorted({post_of(run, i) for i in found.ready}) or [run.owner_role]
    if run.work_order_id is None:
        run.work_order_id = work_order_of(found.world)


def work_order_of(world: World) -> UUID | None:
    """The order that a run serves, if its fact or the verb of a step names one."""
    for scope in (world.fact, *world.results.values()):
        given = scope.get("work_order_id")
        if isinstance(given, str) and given:
            return UUID(given)
    return None


def sync_steps(run: Run, found: Progress, kept: list[RunStep]) -> None:
    """Keep a row per step and turn: what applies stands open until it is done or skipped."""
    rows = {(r.step_id, r.iteration): r for r in kept}
    fresh, changed, seen = [], [], set()
    for item in found.items:
        key = (item.step.id, item.iteration)
        seen.add(key)
        row = rows.get(key)
        applies = item.standing != Standing.NOT_APPLICABLE
        state = StepState.OPEN if applies else StepState.NOT_APPLICABLE
        if row is None:
            fresh.append(
                RunStep(
                    org_id=run.org_id,
                    run=run,
                    step_id=item.step.id,
                    iteration=item.iteration,
                    round=run.round,
                    required=item.step.required,
                    state=state,
                )
            )
        elif not applies and row.state != StepState.NOT_APPLICABLE:
            row.state = StepState.NOT_APPLICABLE
            changed.append(row)
        elif applies and row.state == StepState.NOT_APPLICABLE:
            row.state = StepState.OPEN
            changed.append(row)
    for key, row in rows.items():
        if key not in seen and row.state != StepState.NOT_APPLICABLE:
            row.state = StepState.NOT_APPLICABLE
            changed.append(row)
    RunStep.objects.bulk_create(fresh)
    RunStep.objects.bulk_update(changed, ["state"])


def call_verb(name: str, with_: Any, world: World, actor: Actor, at: datetime) -> dict[str, Any]:
    """Call a verb for a step, on the person's own permission; answers its fact as plain values.

    Raises NotPermitted, StepCallUnfit, or whatever the verb refuses.
    """
    verb = verbs.VERBS.get(name)
    if verb is None:
        raise StepCallUnfit(_("The system has no act called %s yet.") % name)
    if not actor.may(name):
        raise NotPermitted(_("You are not permitted to do this (%s).") % name)
    given = conditions.resolve(dict(with_), world)
    arguments: dict[str, Any] = {}
    for key, parameter in verbs.parameters(verb).items():
        if not isinstance(given, dict) or given.get(key) is None:
            if parameter.default is parameter.empty:
                raise StepCallUnfit(
                    _("The act %(verb)s needs %(name)s, which is not known here.")
                    % {"verb": name, "name": key}
                )
            continue
        try:
            arguments[key] = TypeAdapter(parameter.annotation).validate_python(given[key])
        except ValidationError as error:
            raise StepCallUnfit(
                _("The act %(verb)s cannot take %(value)s as %(name)s.")
                % {"verb": name, "value": given[key], "name": key}
            ) from error
    try:
        with transaction.atomic():
            fact = verb(**arguments, actor=actor, at=at)
    except IntegrityError as error:
        # What a person has entered can be beyond what the database stores: no fault of the page.
        raise StepCallUnfit(
            _("What was entered does not fit the act %(verb)s: %(values)s.")
            % {"verb": name, "values": listed(sorted({str(v) for v in arguments.values()}))}
        ) from error
    except ObjectDoesNotExist as error:
        raise StepCallUnfit(_("The record that %s needs is not there.") % name) from error
    return facts.to_plain(fact)


def service_actor(run: Run, verb_name: str) -> Actor:
    """The node's own actor for `auto` steps: it may do this one act and nothing else."""
    return replace(system_actor(run.org_id), id=SYSTEM, permissions=frozenset({verb_name}))


def report_checklist(run: Run, actor: Actor, at: datetime) -> None:
    """Tell the job how far its checklists are, over all runs that serve it."""
    record = verbs.VERBS.get(CHECKLIST)
    if run.work_order_id is None or not run.job_required or record is None:
        return
    runs = Run.objects.filter(
        org_id=run.org_id, work_order_id=run.work_order_id, beside_job=False
    ).exclude(state=RunState.VOID)
    done = required = blocked = 0
    for one in runs.only("state", "job_done", "job_required", "closed_by_fact_id"):
        if one.closed_by_fact_id is None:
            done, required = done + one.job_done, required + one.job_required
            blocked += one.state == RunState.HALTED
    # A job that is over no longer asks for its checklist; the run goes on without it.
    with suppress(Refusal, ObjectDoesNotExist):
        record(
            work_order_id=run.work_order_id,
            done=done,
            required=required,
            blocked=blocked,
            actor=actor,
            at=at,
        )


def _summed(run: Run, *names: str) -> list[object]:
    return [getattr(run, name) for name in names]


def settle(run: Run, actor: Actor, at: datetime, rows: list[RunStep] | None = None) -> Progress:
    """Judge the run, keep rows and sums, and tell its job; the caller closes it when finished.

    Rows are read unless given; what else has changed of the run the caller has saved.
    """
    before, job = _summed(run, *_SUMS), _summed(run, *_JOB)
    rows = rows_of(run) if rows is None else rows
    found = judge(run, actor, at, rows)
    sync_steps(run, found, rows)
    sums(run, found, rows)
    if _summed(run, *_SUMS) != before:
        run.save(update_fields=_SUMS)
    if _summed(run, *_JOB) != job or run.state == RunState.HALTED:
        report_checklist(run, actor, at)
    return found
