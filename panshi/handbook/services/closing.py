"""Verbs that end a run or hold it up."""

from datetime import datetime, timedelta
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.handbook import book
from panshi.handbook.events import (
    DeviationRecorded,
    RunClosed,
    RunHalted,
    RunPaused,
    RunReleased,
    RunResumed,
    RunVoided,
)
from panshi.handbook.models import (
    RUN_LIFE,
    Deviation,
    DeviationKind,
    Pause,
    Run,
    RunState,
)
from panshi.handbook.rules.flow import Progress
from panshi.handbook.rules.procedure import WAITS
from panshi.handbook.services import engine
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.kit.wording import listed
from panshi.quality import services as quality

SERIOUS = 3
WEIGHTS = {
    DeviationKind.MISSED: 2,
    DeviationKind.LATE: 1,
    DeviationKind.SKIPPED: 2,
    DeviationKind.HALTED: 1,
    DeviationKind.OVERRIDDEN: 3,
    DeviationKind.EVIDENCE_INVALID: 2,
}


class RunUnfinished(Refusal):
    pass


class WordsMissing(Refusal):
    pass


class NoSuchWait(Refusal):
    pass


def locked(run_id: UUID, actor: Actor) -> Run:
    """The run, locked for change; raises Run.DoesNotExist when it is not this actor's to see."""
    return (
        Run.objects.visible_to(actor)
        .select_for_update(of=("self",))
        .select_related("revision", "node")
        .defer("revision__files")
        .get(id=run_id)
    )


@verb
def record_deviation(
    *,
    run_id: UUID,
    kind: DeviationKind,
    words: str,
    actor: Actor,
    at: datetime,
    step_id: str = "",
    second_person_id: UUID | None = None,
) -> DeviationRecorded:
    """Note what did not go by the book; a grave one opens a nonconformity with quality."""
    run = Run.objects.visible_to(actor).select_related("node").get(id=run_id)
    actor.must("handbook.record_deviation", run.org_id)
    row = Deviation.objects.create(
        org_id=run.org_id,
        run=run,
        kind=kind,
        step_id=step_id,
        weight=WEIGHTS[DeviationKind(kind)],
        words=words,
        at=at,
        person_id=actor.id,
        second_person_id=second_person_id,
    )
    if row.weight >= SERIOUS:
        opened = quality.open_nonconformity(
            org_id=run.org_id,
            source_kind="handbook.deviation",
            source_id=row.id,
            grade="MAJOR",
            words=f"{run.node.zh}：{words}",
            node_slug=run.node.slug,
            city=run.city,
            actor=actor,
            at=at,
        )
        row.nonconformity_id = opened.nonconformity_id
        row.save(update_fields=["nonconformity_id"])
    return DeviationRecorded(
        org_id=run.org_id,
        actor_id=actor.id,
        at=at,
        deviation_id=row.id,
        run_id=run.id,
        node_slug=run.node.slug,
        kind=row.kind,
        weight=row.weight,
    )


def _closed(run: Run, actor: Actor, at: datetime) -> RunClosed:
    run.state = RUN_LIFE.step(run.state, RunState.CLOSED)
    run.closed_at, run.next_rung_at = at, None
    run.listens = []
    run.save()
    if run.due_at < at:
        record_deviation(
            run_id=run.id,
            kind=DeviationKind.LATE,
            words=_("Closed after it was due."),
            actor=actor,
            at=at,
        )
    _release_parent(run, actor, at)
    return RunClosed(
        org_id=run.org_id,
        actor_id=actor.id,
        at=at,
        run_id=run.id,
        node_slug=run.node.slug,
        city=run.city,
        subject_type=run.subject_type,
        subject_id=run.subject_id,
        on_time=at <= run.due_at,
        minutes=max(round((at - run.started_at).total_seconds() / 60), 0),
    )


def _release_parent(run: Run, actor: Actor, at: datetime) -> None:
    """A parent that halted for this run goes on once none of its children is open."""
    if run.parent_id is None:
        return
    parent = locked(run.parent_id, actor)
    siblings = parent.children.exclude(state__in=(RunState.CLOSED, RunState.VOID))
    if parent.state == RunState.HALTED and not siblings.exclude(id=run.id).exists():
        parent.state = RUN_LIFE.step(parent.state, RunState.TAKEN)
        parent.save(update_fields=["state"])
        engine.report_checklist(parent, actor, at)
        close_when_finished(parent, engine.settle(parent, actor, at), actor, at)


@verb
def close_run(*, run_id: UUID, actor: Actor, at: datetime) -> RunClosed:
    """Close a run of which nothing that is required stands open. Raises RunUnfinished."""
    run = locked(run_id, actor)
    actor.must("handbook.complete_step", run.org_id)
    found = engine.settle(run, actor, at)
    if not found.finished:
        open_steps = [i.step.zh for i in found.owed if not i.settled]
        raise RunUnfinished(_("Still to be done: %s.") % listed(dict.fromkeys(open_steps)))
    return _closed(run, actor, at)


@verb
def close_run_by_fact(*, run_id: UUID, fact_id: UUID, actor: Actor, at: datetime) -> RunClosed:
    """Close a run because what it was for has come true: paid, back online, leased out again."""
    run = locked(run_id, actor)
    actor.must("handbook.close_run_by_fact", run.org_id)
    run.closed_by_fact_id = fact_id
    left = engine.judge(run, actor, at).owed if run.beside_job else ()
    missed = list(dict.fromkeys(i.step.zh for i in left if not i.settled))
    if missed:
        record_deviation(
            run_id=run.id, kind=DeviationKind.MISSED, words="、".join(missed), actor=actor, at=at
        )
    closed = _closed(run, actor, at)
    engine.report_checklist(run, actor, at)
    return closed


def close_by_fact(run: Run, fact_id: UUID, actor: Actor, at: datetime) -> None:
    close_run_by_fact(run_id=run.id, fact_id=fact_id, actor=actor, at=max(at, run.started_at))


def close_when_finished(run: Run, found: Progress, actor: Actor, at: datetime) -> bool:
    """Close the run when all that is required is done and nothing optional waits."""
    closing = engine.procedure_of(run).closes_on
    if run.state != RunState.TAKEN or not found.finished or found.ready:
        return False
    if closing is not None and not closing.early:
        return False
    close_run(run_id=run.id, actor=actor, at=at)
    run.refresh_from_db()
    return True


@verb
def halt_run(*, run_id: UUID, step_id: str, words: str, actor: Actor, at: datetime) -> RunHalted:
    """Stop a run: only a release with a reason, or the closing of what it started, goes on."""
    run = locked(run_id, actor)
    actor.must("handbook.complete_step", run.org_id)
    run.state = RUN_LIFE.step(run.state, RunState.HALTED)
    run.save(update_fields=["state"])
    record_deviation(
        run_id=run.id,
        kind=DeviationKind.HALTED,
        words=words,
        step_id=step_id,
        actor=actor,
        at=at,
    )
    return RunHalted(
        org_id=run.org_id,
        actor_id=actor.id,
        at=at,
        run_id=run.id,
        node_slug=run.node.slug,
        step_id=step_id,
        words=words,
    )


@verb
def release_stop(*, run_id: UUID, reason: str, actor: Actor, at: datetime) -> RunReleased:
    """Let a halted run go on, on one's own name and for a reason. Raises WordsMissing."""
    run = locked(run_id, actor)
    actor.must("handbook.release_stop", run.org_id)
    if not reason.strip():
        raise WordsMissing(_("Say why the run may go on."))
    run.state = RUN_LIFE.step(run.state, RunState.TAKEN)
    run.save(update_fields=["state"])
    record_deviation(run_id=run.id, kind=DeviationKind.OVERRIDDEN, words=reason, actor=actor, at=at)
    engine.report_checklist(run, actor, at)
    close_when_finished(run, engine.settle(run, actor, at), actor, at)
    return RunReleased(org_id=run.org_id, actor_id=actor.id, at=at, run_id=run.id, reason=reason)


@verb
def pause_run(
    *, run_id: UUID, waits_for: str, reason: str, actor: Actor, at: datetime
) -> RunPaused:
    """Stop the clock while a customer, parts, weather or an authority is waited for.

    Raises NoSuchWait, WordsMissing.
    """
    run = locked(run_id, actor)
    actor.must("handbook.pause_run", run.org_id)
    if waits_for not in WAITS:
        raise NoSuchWait(_("A run waits for one of: %s.") % ", ".join(WAITS))
    if not reason.strip():
        raise WordsMissing(_("Say what is waited for."))
    run.state = RUN_LIFE.step(run.state, RunState.PAUSED)
    run.save(update_fields=["state"])
    Pause.objects.create(
        org_id=run.org_id,
        run=run,
        begins_at=at,
        waits_for=waits_for,
        reason=reason,
        person_id=actor.id,
    )
    return RunPaused(
        org_id=run.org_id,
        actor_id=actor.id,
        at=at,
        run_id=run.id,
        waits_for=waits_for,
        reason=reason,
    )


def _longest_wait(run: Run, waits_for: str, actor: Actor, at: datetime) -> timedelta:
    """How long the clock may stand still for this: as the steps that are reached say."""
    ready = (item.step for item in engine.judge(run, actor, at).ready)
    spans = [s.waits_at_most.wall for s in ready if s.waits_for == waits_for and s.waits_at_most]
    return max(spans, default=timedelta.max)


def waits_over(actor: Actor, at: datetime) -> list[tuple[UUID, datetime]]:
    """Paused runs that have waited as long as they may, each with the moment when that was."""
    found = []
    pauses = Pause.objects.filter(ends_at=None, run__state=RunState.PAUSED)
    for pause in pauses.select_related("run__revision", "run__node").order_by("begins_at"):
        longest = _longest_wait(pause.run, pause.waits_for, actor, at)
        if longest <= at - pause.begins_at:
            found.append((pause.run_id, pause.begins_at + longest))
    return found


@verb
def resume_run(*, run_id: UUID, actor: Actor, at: datetime) -> RunResumed:
    """Let the clock run again; what is due moves by the time that was waited.

    It moves by no more than the step that waits for this allows.
    """
    run = locked(run_id, actor)
    actor.must("handbook.resume_run", run.org_id)
    run.state = RUN_LIFE.step(run.state, RunState.TAKEN)
    pause = Pause.objects.select_for_update().get(run=run, ends_at=None)
    pause.ends_at = at
    pause.save(update_fields=["ends_at"])
    waited = min(at - pause.begins_at, _longest_wait(run, pause.waits_for, actor, at))
    run.due_at += waited
    if run.next_rung_at is not None:
        run.next_rung_at += waited
    run.taken_at = run.taken_at or at
    run.owner_id = run.owner_id or actor.id
    run.save()
    return RunResumed(
        org_id=run.org_id,
        actor_id=actor.id,
        at=at,
        run_id=run.id,
        paused_minutes=round((at - pause.begins_at).total_seconds() / 60),
        due_at=run.due_at,
    )


@verb
def void_run(*, run_id: UUID, reason: str, actor: Actor, at: datetime) -> RunVoided:
    """Strike a run that should never have begun; it leaves the measure and is shown beside it."""
    run = locked(run_id, actor)
    actor.must("handbook.void_run", run.org_id)
    if not reason.strip():
        raise WordsMissing(_("Say why the run is struck."))
    run.state = RUN_LIFE.step(run.state, RunState.VOID)
    run.closed_at, run.next_rung_at, run.reason, run.listens = at, None, reason, []
    run.save()
    engine.report_checklist(run, actor, at)
    _release_parent(run, actor, at)
    return RunVoided(
        org_id=run.org_id,
        actor_id=actor.id,
        at=at,
        run_id=run.id,
        node_slug=run.node.slug,
        reason=reason,
    )


def posts_of(run: Run, actor: Actor) -> list[str]:
    """The job posts that the actor holds, by the edition that the run follows."""
    return book.book_of(run.edition_id).posts_of(actor)
