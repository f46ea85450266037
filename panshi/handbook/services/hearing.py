"""The verb by which facts close open runs, and prove their steps."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from panshi.handbook import book
from panshi.handbook.events import FactsHeard
from panshi.handbook.models import OPEN_STATES, Evidence, Run, RunStep, StepState
from panshi.handbook.queries.subject import world_of
from panshi.handbook.rules import conditions, flow
from panshi.handbook.rules.procedure import PICTURES
from panshi.handbook.services import engine
from panshi.handbook.services.closing import close_by_fact, close_when_finished
from panshi.handbook.services.evidence import digest_of
from panshi.handbook.services.pictures import adopt_pictures
from panshi.kit.facts import Fact, to_plain
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb


@verb
def hear_facts(*, facts: Sequence[Fact], actor: Actor, at: datetime) -> FactsHeard:
    """Close open runs that waited for these facts, and prove the steps that did."""
    org_id = facts[0].org_id if facts else actor.org_id
    actor.must("handbook.hear_facts", org_id)
    closed: list[UUID] = []
    proved: list[UUID] = []
    for fact in facts:
        plain = to_plain(fact)
        fields = {f for b in book.books() for f in book.heard(b.id, fact.name)}
        keys = [flow.fact_key(fact.name, names, plain) for names in fields]
        waiting = (
            Run.objects.select_for_update(of=("self",))
            .select_related("revision", "node")
            .defer("revision__files")
            .filter(org_id=fact.org_id, state__in=OPEN_STATES, listens__overlap=keys)
            .order_by("id")
        )
        for run in waiting:
            if _closes(run, keys, actor, at):
                close_by_fact(run, fact.id, actor, fact.at)
                closed.append(run.id)
            elif _prove(run, fact, keys, actor, at):
                proved.append(run.id)
    return FactsHeard(
        org_id=org_id, actor_id=actor.id, at=at, closed=tuple(closed), proved=tuple(proved)
    )


def _closes(run: Run, keys: list[str], actor: Actor, at: datetime) -> bool:
    closing = engine.procedure_of(run).closes_on
    if closing is None:
        return False
    values = conditions.resolve(dict(closing.match), world_of(run, actor, at))
    return isinstance(values, dict) and (
        flow.fact_key(closing.event, tuple(closing.match), values) in keys
    )


def _picture(run: Run, actor: Actor, at: datetime) -> bool:
    """A picture was taken at the vehicle: what it proves here is proved."""
    if not adopt_pictures(run, engine.settle(run, actor, at), actor, at):
        return False
    close_when_finished(run, engine.settle(run, actor, at), actor, at)
    return True


def _prove(run: Run, fact: Fact, keys: list[str], actor: Actor, at: datetime) -> bool:
    if fact.name == PICTURES:
        return _picture(run, actor, at)
    found = engine.settle(run, actor, at)
    proved = False
    for item in found.items:
        proof = item.step.evidence.fact if item.step.evidence else None
        if proof is None or item.settled or proof.event != fact.name:
            continue
        values = conditions.resolve(dict(proof.match), found.world)
        if not isinstance(values, dict) or (
            flow.fact_key(proof.event, tuple(proof.match), values) not in keys
        ):
            continue
        Evidence.objects.create(
            org_id=run.org_id,
            run=run,
            step_id=item.step.id,
            iteration=item.iteration,
            round=run.round,
            kind="fact",
            value=f"{fact.name} {fact.id}",
            sha256=digest_of(str(fact.id)),
            captured_at=fact.at,
            person_id=fact.actor_id,
        )
        RunStep.objects.filter(
            run=run, step_id=item.step.id, iteration=item.iteration, superseded=False
        ).update(
            state=StepState.DONE,
            value=str(fact.id),
            result=to_plain(fact),
            person_id=fact.actor_id,
            server_at=fact.at,
        )
        proved = True
    if proved:
        close_when_finished(run, engine.settle(run, actor, at), actor, at)
    return proved
