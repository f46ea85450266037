"""Verbs of a lead who looks at evidence: a sample of what closed, a deviation given to quality."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.handbook.events import DeviationReported, RunSampled
from panshi.handbook.models import Deviation, DeviationKind, Run, RunState, Sample
from panshi.handbook.services import engine
from panshi.handbook.services.closing import (
    WordsMissing,
    locked,
    record_deviation,
)
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.kit.wording import listed
from panshi.quality import services as quality

LEAD = "handbook.release_stop"


class StillRunning(Refusal):
    """Before it closes, a step is sent back instead."""


class OwnWork(Refusal):
    """Nobody samples a run in which they did a step."""


class SampledAlready(Refusal):
    pass


class NothingToStrike(Refusal):
    """A step that is struck has no evidence in this run."""


@verb
def sample_run(
    *,
    run_id: UUID,
    convincing: bool,
    actor: Actor,
    at: datetime,
    words: str = "",
    struck: Sequence[str] = (),
) -> RunSampled:
    """Say whether the evidence of a closed run convinces; what does not is a deviation.

    `struck` are the steps whose evidence does not count any more, all of them when none is named:
    the measure of proofs falls by it. Raises StillRunning, OwnWork, SampledAlready, WordsMissing,
    NothingToStrike.
    """
    run = locked(run_id, actor)
    actor.must(LEAD, run.org_id)
    if run.state != RunState.CLOSED:
        raise StillRunning(_("Only what is closed is sampled; before that, send the step back."))
    hands = run.steps.filter(person_id__isnull=False).values_list("person_id", flat=True)
    if actor.id in (run.owner_id, *hands):
        raise OwnWork(_("Nobody samples their own work."))
    if Sample.objects.filter(run=run).exists():
        raise SampledAlready(_("This run has been looked at already."))
    if not convincing and not words.strip():
        raise WordsMissing(_("Say what does not convince."))
    deviation, steps = None, list[str]()
    if not convincing:
        steps = _strike(run, struck, actor, at)
        deviation = record_deviation(
            run_id=run.id, kind=DeviationKind.EVIDENCE_INVALID, words=words, actor=actor, at=at
        ).deviation_id
    Sample.objects.create(
        org_id=run.org_id,
        run=run,
        sampler_id=actor.id,
        convincing=convincing,
        struck=steps,
        words=words.strip()[:300],
        deviation_id=deviation,
        at=at,
    )
    return RunSampled(
        org_id=run.org_id,
        actor_id=actor.id,
        at=at,
        run_id=run.id,
        node_slug=run.node.slug,
        city=run.city,
        convincing=convincing,
        struck=tuple(steps),
    )


def _strike(run: Run, struck: Collection[str], actor: Actor, at: datetime) -> list[str]:
    """Let the evidence of these steps count no more; answers the steps, in their order."""
    rows = engine.rows_of(run)
    found = engine.judge(run, actor, at, rows)
    proofs = dict.fromkeys(i.step.id for i in found.items if i.step.evidence and i.settled)
    if unknown := set(struck) - proofs.keys():
        raise NothingToStrike(
            _("These steps have no evidence in this run: %s.") % listed(sorted(unknown))
        )
    steps = [step for step in proofs if not struck or step in struck]
    lost = sum(item.step.id in steps for item in engine.proved(found, rows))
    run.evidence_valid = max(run.evidence_valid - lost, 0)
    run.save(update_fields=["evidence_valid"])
    return steps


@verb
def report_deviation(
    *, deviation_id: UUID, grade: str, actor: Actor, at: datetime
) -> DeviationReported:
    """Open a nonconformity of a deviation; however often it is asked, quality keeps one."""
    row = (
        Deviation.objects.visible_to(actor)
        .select_for_update(of=("self",))
        .select_related("run__node")
        .get(id=deviation_id)
    )
    actor.must(LEAD, row.org_id)
    run = row.run
    opened = quality.open_nonconformity(
        org_id=row.org_id,
        source_kind="handbook.deviation",
        source_id=row.id,
        grade=grade,
        words=f"{run.node.zh}：{row.words}",
        node_slug=run.node.slug,
        city=run.city,
        actor=actor,
        at=at,
    )
    if row.nonconformity_id is None:
        row.nonconformity_id = opened.nonconformity_id
        row.save(update_fields=["nonconformity_id"])
    return DeviationReported(
        org_id=row.org_id,
        actor_id=actor.id,
        at=at,
        run_id=run.id,
        deviation_id=row.id,
        nonconformity_id=opened.nonconformity_id,
    )
