"""Verbs by which a person works through a run."""

from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.handbook.events import (
    RunHandedOver,
    RunTaken,
    StepCompleted,
    StepRefused,
    StepReopened,
    StepRepeated,
    StepSkipped,
)
from panshi.handbook.models import (
    OPEN_STATES,
    RUN_LIFE,
    DeviationKind,
    Evidence,
    Run,
    RunState,
    RunStep,
    StepState,
)
from panshi.handbook.queries import gate
from panshi.handbook.rules import flow, procedure
from panshi.handbook.rules.flow import Item, Progress, Standing
from panshi.handbook.services import engine
from panshi.handbook.services.closing import (
    WordsMissing,
    close_when_finished,
    halt_run,
    locked,
    posts_of,
    record_deviation,
)
from panshi.handbook.services.common import SKEW
from panshi.handbook.services.evidence import digest_of, weigh
from panshi.handbook.services.pictures import adopt_pictures
from panshi.handbook.services.starting import start_child
from panshi.kit.clock import local_day
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import SYSTEM, Actor
from panshi.kit.verbs import verb
from panshi.people import queries as people

LEAD: Final = "handbook.release_stop"


class NotYourStep(Refusal):
    pass


class StepNotReached(Refusal):
    pass


class StepAwaitsFact(StepNotReached):
    """Only what the system itself is about to note still stands before the step."""


class RunHaltedAlready(Refusal):
    pass


class RunOver(Refusal):
    pass


class RunPausedNow(Refusal):
    pass


class CertificateLapsed(Refusal):
    """A certificate of the procedure is missing, suspended or over; nobody overrides this."""


class LeadRequired(Refusal):
    """A required step is skipped only with a lead's own sign-in."""


def must_hold(run: Run, post: str, actor: Actor) -> None:
    if actor.id == SYSTEM or actor.id == run.owner_id or actor.may(LEAD):
        return
    if post not in posts_of(run, actor):
        raise NotYourStep(_("This belongs to another post (%s).") % post)


def _must_be_open(run: Run) -> None:
    if run.state == RunState.HALTED:
        raise RunHaltedAlready(_("The run is halted; the lead releases it with a reason."))
    if run.state == RunState.PAUSED:
        raise RunPausedNow(_("The run is paused; resume it first."))
    if run.state not in OPEN_STATES:
        raise RunOver(_("The run is over."))


def _must_be_certified(run: Run, user_id: UUID, actor: Actor, at: datetime) -> None:
    wanted = engine.procedure_of(run).certificates
    if not wanted or user_id == SYSTEM:
        return
    fit = people.fit_for(user_id=user_id, certificates=wanted, on=local_day(at), actor=actor)
    if not fit.fit:
        raise CertificateLapsed(gate.missing_words(fit.missing, actor), way_out="/handbook/exams/")


def _take(run: Run, actor: Actor, at: datetime) -> None:
    """Take the run into one's own hands; the certificates it asks for must be valid."""
    _must_be_certified(run, actor.id, actor, at)
    run.state = RUN_LIFE.step(run.state, RunState.TAKEN)
    run.owner_id, run.taken_at = actor.id, at
    run.save(update_fields=["state", "owner_id", "taken_at"])


@verb
def take_run(*, run_id: UUID, actor: Actor, at: datetime) -> RunTaken:
    """Take a waiting run. Raises NotYourStep, CertificateLapsed, IllegalMove."""
    run = locked(run_id, actor)
    actor.must("handbook.take_run", run.org_id)
    must_hold(run, run.owner_role, actor)
    _take(run, actor, at)
    if engine.procedure_of(run).views:
        # What was pictured before anybody took the run counts all the same.
        adopt_pictures(run, engine.settle(run, actor, at), actor, at)
    close_when_finished(run, _run_auto(run, engine.settle(run, actor, at), at), actor, at)
    return RunTaken(
        org_id=run.org_id,
        actor_id=actor.id,
        at=at,
        run_id=run.id,
        node_slug=run.node.slug,
        owner_id=actor.id,
    )


@verb
def hand_over_run(*, run_id: UUID, to_id: UUID, actor: Actor, at: datetime) -> RunHandedOver:
    """Give a run to another person; the steps done stay done. Raises CertificateLapsed, RunOver."""
    run = locked(run_id, actor)
    actor.must("handbook.take_run", run.org_id)
    must_hold(run, run.owner_role, actor)
    if run.state not in OPEN_STATES:
        raise RunOver(_("The run is over."))
    _must_be_certified(run, to_id, actor, at)
    before, run.owner_id = run.owner_id, to_id
    run.save(update_fields=["owner_id"])
    return RunHandedOver(
        org_id=run.org_id, actor_id=actor.id, at=at, run_id=run.id, from_id=before, to_id=to_id
    )


def _item(found: Progress, step_id: str, iteration: int) -> Item:
    item = found.item(step_id, iteration)
    if item is None or item.standing == Standing.NOT_APPLICABLE:
        raise StepNotReached(_("This step does not apply to this run."))
    if item.standing == Standing.AHEAD:
        before = found.items[: found.items.index(item)]
        open_ = [i for i in before if i.owed and not i.settled]
        noted = all(i.step.evidence and i.step.evidence.fact for i in open_)
        raise (StepAwaitsFact if noted else StepNotReached)(_("Earlier steps come first."))
    return item


def _mark(run: Run, item: Item, **changes: Any) -> None:
    RunStep.objects.filter(
        run=run, step_id=item.step.id, iteration=item.iteration, superseded=False
    ).update(**changes)


def _keep_value(
    run: Run, item: Item, value: object, flagged: bool, actor: Actor, at: datetime
) -> None:
    """Keep the value of a step as evidence; files are kept when they are attached."""
    wanted = item.step.evidence
    if wanted is None or wanted.kind in procedure.FILE_KINDS:
        return
    before = (
        run.evidence.filter(step_id=item.step.id, iteration=item.iteration).order_by("-id").first()
    )
    Evidence.objects.create(
        org_id=run.org_id,
        run=run,
        step_id=item.step.id,
        iteration=item.iteration,
        round=run.round,
        kind=wanted.kind,
        value=str(value),
        sha256=digest_of(str(value)),
        captured_at=at,
        person_id=actor.id,
        supersedes=before,
        valid=not flagged,
    )


@verb
def complete_step(
    *,
    run_id: UUID,
    step_id: str,
    actor: Actor,
    at: datetime,
    iteration: int = 0,
    value: str = "",
    note: str = "",
    confirm: bool = False,
    device_at: datetime | None = None,
    clock_off_s: int = 0,
) -> StepCompleted | StepRepeated | StepRefused:
    """Do one step with its proof; its verb is called on the person's own permission, once.

    `device_at` is by our clock already; how far the device's own was behind it, when by more than
    two minutes, is kept beside the step and shown. It is flagged, not refused.
    A step sent again answers StepRepeated. When the verb refuses, its words stay on the step.
    Raises NotYourStep, StepNotReached, EvidenceMissing, EvidenceOutOfRange (unless `confirm`),
    SecondPersonRequired, RunHaltedAlready, RunPausedNow, RunOver, CertificateLapsed.
    """
    run = locked(run_id, actor)
    actor.must("handbook.complete_step", run.org_id)
    procedure_ = engine.procedure_of(run)
    step = procedure_.step(step_id)
    rows = engine.rows_of(run)
    done = {(r.step_id, r.iteration) for r in rows if r.state == StepState.DONE}
    if step is not None and (step_id, iteration) in done:
        return StepRepeated(
            org_id=run.org_id,
            actor_id=actor.id,
            at=at,
            run_id=run.id,
            step_id=step_id,
            iteration=iteration,
        )
    _must_be_open(run)
    if step is not None:
        must_hold(run, step.role or run.owner_role, actor)
    if run.state == RunState.WAITING:
        _take(run, actor, at)
    else:
        _must_be_certified(run, actor.id, actor, at)
    found = engine.settle(run, actor, at, rows)
    if procedure_.views and adopt_pictures(run, found, actor, at):
        found = engine.settle(run, actor, at)
    item = _item(found, step_id, iteration)
    kept, flagged = weigh(
        run=run, item=item, value=value, confirm=confirm, world=found.world, actor=actor
    )
    result: dict[str, Any] | None = None
    if item.step.call:
        known = {**found.world.steps, item.step.id: kept} if kept is not None else found.world.steps
        try:
            result = engine.call_verb(
                item.step.call, item.step.with_, replace(found.world, steps=known), actor, at
            )
        except Refusal as refusal:
            _mark(run, item, state=StepState.REFUSED, words=refusal.words, person_id=actor.id)
            return StepRefused(
                org_id=run.org_id,
                actor_id=actor.id,
                at=at,
                run_id=run.id,
                step_id=step_id,
                iteration=iteration,
                words=refusal.words,
            )
    _keep_value(run, item, kept, flagged, actor, device_at or at)
    _mark(
        run,
        item,
        state=StepState.DONE,
        value=kept if kept is not None else True,
        result=result,
        words=note,
        flagged=flagged,
        person_id=actor.id,
        device_at=device_at,
        server_at=at,
        was_offline=device_at is not None and abs(at - device_at) > SKEW,
        clock_off_s=clock_off_s if abs(clock_off_s) > SKEW.total_seconds() else None,
    )
    if flagged:
        record_deviation(
            run_id=run.id,
            kind=DeviationKind.EVIDENCE_INVALID,
            words=_("The evidence of “%s” is in doubt.") % item.step.zh,
            step_id=step_id,
            actor=actor,
            at=at,
        )
    _go_on(run, item, actor, at)
    return StepCompleted(
        org_id=run.org_id,
        actor_id=actor.id,
        at=at,
        run_id=run.id,
        node_slug=run.node.slug,
        step_id=step_id,
        iteration=iteration,
        flagged=flagged,
    )


def _value_of(run: Run, item: Item) -> object:
    """What was entered at this turn, as it is kept; asked only of a turn that may stop the run."""
    if item.step.stop_if is None or not item.step.repeated:
        return None
    rows = run.steps.filter(step_id=item.step.id, iteration=item.iteration, superseded=False)
    return rows.values_list("value", flat=True).first()


def _go_on(run: Run, item: Item, actor: Actor, at: datetime) -> None:
    """After a step: stop, go back, start what follows, or close."""
    found = engine.settle(run, actor, at)
    value = _value_of(run, item)
    if flow.stops(item.step, found.world, value):
        halts = True
        for consequence in flow.consequences(item.step, found.world, value):
            if consequence.goto and run.round < procedure.MAX_ROUNDS:
                _go_back(run, consequence.goto, item, actor, at)
                halts = False
            elif consequence.call:
                engine.call_verb(consequence.call, consequence.with_, found.world, actor, at)
            elif consequence.start:
                start_child(run, item, consequence, found.world, actor, at)
        if halts:
            halt_run(run_id=run.id, step_id=item.step.id, words=item.step.zh, actor=actor, at=at)
            run.refresh_from_db()
        engine.settle(run, actor, at)
        return
    close_when_finished(run, _run_auto(run, found, at), actor, at)


def _go_back(run: Run, to: str, item: Item, actor: Actor, at: datetime) -> None:
    """Begin another round at an earlier step; what was done since is kept, but no longer counts."""
    steps = engine.procedure_of(run).steps
    ids = [s.id for s in steps]
    again = ids[ids.index(to) : ids.index(item.step.id) + 1]
    run.steps.filter(step_id__in=again, superseded=False).update(superseded=True)
    run.round += 1
    run.save(update_fields=["round"])


def _run_auto(run: Run, found: Progress, at: datetime) -> Progress:
    """Call the verbs of steps that need no person, as the node's own actor."""
    for _turn in range(procedure.MAX_STEPS):
        item = next((i for i in found.ready if i.step.auto), None)
        if item is None:
            return found
        actor = engine.service_actor(run, item.step.call)
        try:
            result = engine.call_verb(item.step.call, item.step.with_, found.world, actor, at)
        except Refusal as refusal:
            _mark(run, item, state=StepState.REFUSED, words=refusal.words)
            return found
        _mark(
            run, item, state=StepState.DONE, value=True, result=result, server_at=at,
            person_id=actor.id,
        )  # fmt: skip
        found = engine.settle(run, actor, at)
    return found


@verb
def skip_step(
    *, run_id: UUID, step_id: str, reason: str, actor: Actor, at: datetime, iteration: int = 0
) -> StepSkipped:
    """Leave a step out, for a reason; a required one only by a lead who does not own the run.

    Raises WordsMissing, LeadRequired, NotYourStep, StepNotReached.
    """
    run = locked(run_id, actor)
    actor.must("handbook.complete_step", run.org_id)
    _must_be_open(run)
    if not reason.strip():
        raise WordsMissing(_("Say why the step is skipped."))
    item = _item(engine.settle(run, actor, at), step_id, iteration)
    if item.step.required:
        if not actor.may(LEAD) or actor.id == run.owner_id:
            raise LeadRequired(_("A required step is skipped by a lead who does not own the run."))
        if run.state == RunState.WAITING:
            raise StepNotReached(_("Nobody has taken this run yet."))
        record_deviation(
            run_id=run.id,
            kind=DeviationKind.SKIPPED,
            words=reason,
            step_id=step_id,
            second_person_id=actor.id,
            actor=actor,
            at=at,
        )
    else:
        must_hold(run, engine.post_of(run, item), actor)
    _mark(
        run, item, state=StepState.SKIPPED, words=reason, person_id=actor.id, server_at=at
    )  # fmt: skip
    found = engine.settle(run, actor, at)
    close_when_finished(run, _run_auto(run, found, at), actor, at)
    return StepSkipped(
        org_id=run.org_id,
        actor_id=actor.id,
        at=at,
        run_id=run.id,
        step_id=step_id,
        iteration=iteration,
        reason=reason,
    )


@verb
def send_back_step(
    *, run_id: UUID, step_id: str, reason: str, actor: Actor, at: datetime, iteration: int = 0
) -> StepReopened:
    """Open a finished step again because its evidence does not convince; its verb is not undone.

    Raises WordsMissing, StepNotReached, RunOver.
    """
    run = locked(run_id, actor)
    actor.must(LEAD, run.org_id)
    _must_be_open(run)
    if not reason.strip():
        raise WordsMissing(_("Say what is wrong with the evidence."))
    step = engine.procedure_of(run).step(step_id)
    reopened = run.steps.filter(
        step_id=step_id, iteration=iteration, superseded=False, state=StepState.DONE
    ).update(superseded=True)
    if step is None or not reopened:
        raise StepNotReached(_("This step is not done."))
    record_deviation(
        run_id=run.id,
        kind=DeviationKind.EVIDENCE_INVALID,
        words=reason,
        step_id=step_id,
        actor=actor,
        at=at,
    )
    engine.settle(run, actor, at)
    return StepReopened(
        org_id=run.org_id,
        actor_id=actor.id,
        at=at,
        run_id=run.id,
        step_id=step_id,
        iteration=iteration,
        reason=reason,
    )
