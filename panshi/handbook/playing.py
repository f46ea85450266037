"""Play procedures to their end through the verbs, along all their branches: does every run close?

What a verb of a step needs is mostly not there: it is called all the same, and when it refuses, a
fact such as it answers stands in. Facts that prove a step or close a run are told as they would be.
"""

from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from pydantic import ValidationError

from panshi.handbook import book, services
from panshi.handbook.book import Book, Bound
from panshi.handbook.events import StepRefused
from panshi.handbook.models import EditionItem, Run, RunState, StepState
from panshi.handbook.queries.subject import subject_card
from panshi.handbook.rules import conditions, flow, procedure, walking
from panshi.handbook.rules.flow import Item, Progress
from panshi.handbook.rules.procedure import Listening, Procedure
from panshi.handbook.rules.walking import Script
from panshi.handbook.services import engine
from panshi.handbook.services.occasions import Occasion
from panshi.handbook.services.starting import begin
from panshi.handbook.stand_ins import Calls, fact_like, standing_in
from panshi.kit import facts
from panshi.kit.facts import to_plain
from panshi.kit.ids import uuid7
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor, acting, system_actor

MOST_ACTS = 400
_MINUTE = timedelta(minutes=1)
_DAYS = frozenset({"on", "day", "month", "valid_from", "valid_until"})
_MOMENTS = frozenset({"effective_from", "eta"})
_TOLD = "已当面核对清楚，与系统记录一致，没有异议，资料齐全。"
_PICTURE = b"\x89PNG\r\n\x1a\nplayed"  # Always the same, as a file stays on the disk.


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """How one procedure went: its runs, the acts in them, the branches they took, what went wrong.

    `untaken` names branches that no run came to take, `called` the verbs that were called in
    earnest and `stood_in` those that something stood in for, with how often; `skipped` counts the
    steps that a lead left out, and `refused` says why their verbs could not be called at all.
    """

    slug: str
    runs: int
    acts: int
    branches: int
    skipped: int
    untaken: tuple[str, ...]
    called: Counter[str]
    stood_in: Counter[str]
    refused: tuple[str, ...]
    trouble: tuple[str, ...]


@dataclass(slots=True)
class _Tally:
    """What the runs of one procedure have done so far."""

    calls: Calls
    acts: int = 0
    skipped: int = 0
    taken: set[str] = field(default_factory=set)
    refused: dict[str, None] = field(default_factory=dict)


@dataclass(slots=True)
class _Player:
    """One run on its way: who plays it, and what is still to be answered."""

    worker: Actor
    lead: Actor
    tally: _Tally
    answers: dict[tuple[str, int], deque[object]]

    def next_answer(self, run: Run, item: Item, found: Progress) -> str:
        """What the script says at this turn; where it says nothing, the first that fits."""
        told = self.answers.get((item.step.id, item.iteration))
        if told:
            return str(told.popleft())
        return str(walking.answers(item, engine.procedure_of(run), found.world)[0])


def play_edition(
    *,
    org_id: int,
    at: datetime,
    runs: int,
    slugs: Sequence[str] = (),
    subjects: Mapping[str, Sequence[str]] | None = None,
) -> list[Played]:
    """Play the procedures of the edition in force, at most so many runs of each, as one operator.

    `subjects` are ids of records that are there, by their kind: what a run about the first does
    not come to is looked for with the next. Each run is rolled back before the next, so nothing is
    kept.
    """
    played: list[Played] = []
    with acting(system_actor(org_id), to_write=True):
        edition = book.book_at(at)
        if edition is None:
            return played
        rows = EditionItem.objects.filter(edition_id=edition.id).order_by("node__position")
        wanted = rows.filter(node__slug__in=slugs) if slugs else rows
        for slug in list(wanted.values_list("node__slug", flat=True)):
            bound = book.bound_node(edition.id, slug)
            if bound is not None:
                played.append(_play(bound, edition, org_id, at, runs, subjects or {}))
    return played


def _play(
    bound: Bound,
    edition: Book,
    org_id: int,
    at: datetime,
    runs: int,
    subjects: Mapping[str, Sequence[str]],
) -> Played:
    """Play one procedure along as few runs as take all its branches, or so many of them."""
    told, worker = bound.procedure, system_actor(org_id)
    every, played, trouble = walking.branches(told), 0, list[str]()
    called = {s.call for s in told.steps} | {c.call for s in told.steps for c in s.on_fail}
    with standing_in(called - {""}) as calls:
        tally = _Tally(calls)
        for subject in subjects.get(told.subject_type) or [str(uuid7())]:
            card = subject_card(told.subject_type, subject, worker, at)
            for script in walking.scripts(told, edition.params, card, every - tally.taken):
                if trouble or played == runs:
                    break
                played += 1
                try:
                    with transaction.atomic():
                        run_id = _begun(bound, edition, org_id, at, script, subject)
                        trouble += _to_its_end(run_id, at, _player(script, worker, tally))
                        transaction.set_rollback(True)
                except Exception as error:  # A driver of everything tells what breaks, and goes on.
                    trouble.append(f"{type(error).__name__}: {error}")
            if every <= tally.taken:
                break
    return Played(
        slug=bound.node_slug,
        runs=played,
        acts=tally.acts,
        branches=len(every),
        skipped=tally.skipped,
        untaken=tuple(sorted(every - tally.taken)),
        called=calls.real,
        stood_in=calls.stood_in,
        refused=tuple(tally.refused),
        trouble=tuple(trouble),
    )


def _player(script: Script, worker: Actor, tally: _Tally) -> _Player:
    answers: dict[tuple[str, int], deque[object]] = {}
    for answer in script.answers:
        answers.setdefault((answer.step_id, answer.iteration), deque()).append(answer.value)
    return _Player(worker, replace(worker, id=uuid7()), tally, answers)


def _fact_of(told: Procedure, org_id: int, at: datetime) -> dict[str, object]:
    """What the fact would say that starts this procedure, or an item of it."""
    trigger = told.trigger
    if trigger.event not in facts.REGISTRY:
        return {"org_id": org_id}
    plain = to_plain(fact_like(trigger.event, at, {"at": at, "org_id": org_id}))
    items = plain.get(trigger.each) or [{}]
    return {**plain, **(items[0] if trigger.each else {})}


def _begun(
    bound: Bound, edition: Book, org_id: int, at: datetime, script: Script, subject: str
) -> UUID:
    told = bound.procedure
    name = told.subject_id.removeprefix("$fact.")
    given = {key: _plain(value) for key, value in script.fact.items() if value is not None}
    known = {
        key: value for key, value in _fact_of(told, org_id, at).items() if key not in script.fact
    }
    occasion = Occasion(
        bound=bound,
        edition=edition,
        org_id=org_id,
        at=at,
        key=f"played/{uuid7()}",
        fact={**known, name: subject, **given},
        subject_id=subject,
    )
    runs, _held = begin([occasion], system_actor(org_id), at)
    return runs[0].id


def _plain(value: object) -> object:
    return value if isinstance(value, (str, int, float, bool, list, dict)) else str(value)


def _to_its_end(run_id: UUID, at: datetime, player: _Player) -> list[str]:
    """Act until the run is over; answers where it got stuck."""
    rows = Run.objects.select_related("revision", "node").defer("revision__files")
    for act in range(MOST_ACTS):
        run = rows.get(id=run_id)
        if run.state in (RunState.CLOSED, RunState.VOID):
            player.tally.taken |= walking.standing(engine.judge(run, player.worker, at).items)
            return []
        player.tally.acts += 1
        now = at + act * _MINUTE
        if run.state == RunState.HALTED:
            _release(run, player.lead, now)
            continue
        found = engine.judge(run, player.worker, now)
        item = next(iter(found.ready), None)
        if item is not None:
            _do(run, item, found, player, now)
            continue
        closing = engine.procedure_of(run).closes_on
        if not found.finished:
            return [f"stuck before {next(i.step.id for i in found.owed if not i.settled)}"]
        if closing is None:
            return ["all is done, and it stays open"]
        if not _tell(run, closing, found, now):
            services.close_run_by_fact(
                run_id=run.id, fact_id=uuid7(), actor=player.worker, at=now
            )  # fmt: skip
    return [f"not over after {MOST_ACTS} acts"]


def _tell(run: Run, awaited: Listening, found: Progress, at: datetime) -> bool:
    """Tell the fact that a run waits for; whether anything was waiting for it."""
    match = conditions.resolve(dict(awaited.match), found.world)
    if not isinstance(match, dict) or any(value is None for value in match.values()):
        return False
    given = {**match, "org_id": run.org_id, "actor_id": uuid7(), "at": at}
    try:
        fact = fact_like(awaited.event, at, given)
    except (KeyError, ValidationError):
        return False
    heard = services.hear_facts(facts=[fact], actor=system_actor(run.org_id), at=at)
    return run.id in (*heard.closed, *heard.proved)


def _release(run: Run, lead: Actor, at: datetime) -> None:
    """What a stop started is struck, which lets the run go on; else a lead does."""
    for child in run.children.exclude(state__in=(RunState.CLOSED, RunState.VOID)):
        services.void_run(run_id=child.id, reason="played", actor=lead, at=at)
    run.refresh_from_db()
    if run.state == RunState.HALTED:
        services.release_stop(run_id=run.id, reason="played", actor=lead, at=at)


def _do(run: Run, item: Item, found: Progress, player: _Player, at: datetime) -> None:
    """Do a step as the script says; what cannot be proved here is left out by a lead."""
    step, worker = item.step, player.worker
    kind = step.evidence.kind if step.evidence else ""
    if run.state == RunState.WAITING:
        services.take_run(run_id=run.id, actor=worker, at=at)
    if step.waits_for:
        services.pause_run(
            run_id=run.id, waits_for=step.waits_for, reason="played", actor=worker, at=at
        )  # fmt: skip
        services.resume_run(run_id=run.id, actor=worker, at=at + _MINUTE / 2)
    answer = player.next_answer(run, item, found)
    if kind == "fact" and step.evidence and step.evidence.fact:
        if _tell(run, step.evidence.fact, found, at):
            return
    elif not step.auto:
        by = player.lead if kind == "person" else worker
        if kind in procedure.FILE_KINDS:
            _attach(run, item, worker, at)
        if _completed(run, item, _value(item, answer, _wanted_as(run, item, at)), by, player, at):
            _note(run, item, found, player, at)
            return
    player.tally.skipped += 1
    services.skip_step(
        run_id=run.id, step_id=step.id, iteration=item.iteration, reason="played",
        actor=player.lead, at=at,
    )  # fmt: skip


def _completed(run: Run, item: Item, value: str, by: Actor, player: _Player, at: datetime) -> bool:
    """Whether a step could be done; why not is kept."""
    try:
        done = services.complete_step(
            run_id=run.id, step_id=item.step.id, iteration=item.iteration, value=value,
            confirm=True, actor=by, at=at,
        )  # fmt: skip
    except Refusal as refusal:
        player.tally.refused[f"{item.step.id}: {refusal.words}"] = None
        return False
    if isinstance(done, StepRefused):
        player.tally.refused[f"{item.step.id}: {done.words}"] = None
        return False
    return True


def _note(run: Run, item: Item, before: Progress, player: _Player, at: datetime) -> None:
    """Note which branches this step has taken, by what has become of its run."""
    step, tally, rounds = item.step, player.tally, run.round
    if step.stop_if is None:
        return
    run.refresh_from_db(fields=["state", "round"])
    back = run.round > rounds
    tally.taken.add(walking.stopped(step, back or run.state == RunState.HALTED))
    if not back and run.state != RunState.HALTED:
        return
    # After a step back the records of this turn are laid aside, so the world before it is asked.
    turns = run.steps.filter(step_id=step.id, iteration=item.iteration, state=StepState.DONE)
    given = turns.order_by("-id").values_list("value", flat=True).first()
    values = [*_list(before.world.steps.get(step.id)), given] if step.repeated else given
    world = replace(before.world, steps={**before.world.steps, step.id: values})
    following = list(flow.consequences(step, world, given))
    started = set(run.children.values_list("node__slug", flat=True))
    for number, consequence in enumerate(step.on_fail):
        came = consequence.call or (consequence.goto and back) or consequence.start in started
        if consequence in following and came:
            tally.taken.add(walking.followed(step, number))


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else []


def _value(item: Item, answer: str, form: str) -> str:
    wanted = item.step.evidence
    match wanted.kind if wanted else "":
        case "choice" | "reading" | "check":
            return answer
        case "location":
            return "120.1551,30.2741"
        case _ if answer != "yes":
            return answer
        case _:
            least = wanted.least if wanted else 1
            return form or _TOLD * (1 + least // len(_TOLD))


def _wanted_as(run: Run, item: Item, at: datetime) -> str:
    """The day or moment that a later verb makes of what is written here; empty for mere words."""
    for step in engine.procedure_of(run).steps:
        for name in _names_of(step.with_, f"$steps.{item.step.id}"):
            if name in _DAYS or name.endswith("_on"):
                return f"{at + timedelta(days=30):%Y-%m-%d}"
            if name in _MOMENTS or name.endswith("_at"):
                return (at + timedelta(days=30)).isoformat()
    return ""


def _names_of(given: object, reference: str) -> Iterator[str]:
    """The names under which a reference stands inside the arguments of a verb."""
    if isinstance(given, Mapping):
        for name, inner in given.items():
            if inner == reference:
                yield str(name)
            yield from _names_of(inner, reference)
    elif isinstance(given, (list, tuple)):
        for inner in given:
            yield from _names_of(inner, reference)


def _attach(run: Run, item: Item, worker: Actor, at: datetime) -> None:
    wanted = item.step.evidence
    for _piece in range(wanted.least if wanted else 0):
        services.attach_evidence(
            run_id=run.id,
            step_id=item.step.id,
            iteration=item.iteration,
            kind=wanted.kind if wanted else "file",
            content=_PICTURE,
            file_name="played.png",
            actor=worker,
            at=at,
        )
