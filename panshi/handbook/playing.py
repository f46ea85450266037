"""Play procedures to their end through the verbs, along their branches: does every run close?

Nothing that a step calls for is there, so its verb mostly refuses, and a lead leaves the step out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from panshi.handbook import book, services
from panshi.handbook.book import Book, Bound
from panshi.handbook.events import StepRefused
from panshi.handbook.models import EditionItem, Run, RunState
from panshi.handbook.rules import procedure, walking
from panshi.handbook.rules.flow import Item, Progress
from panshi.handbook.rules.walking import Picker
from panshi.handbook.services import engine
from panshi.handbook.services.starting import Occasion, begin
from panshi.kit.ids import uuid7
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor, acting, system_actor

MOST_ACTS = 400
_MINUTE = timedelta(minutes=1)
_PICTURE = b"\x89PNG\r\n\x1a\nplayed"  # Always the same, as a file stays on the disk.


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """How one procedure went: its runs, the acts in them, the steps left out, what went wrong.

    `untried` names answers that no run came to give.
    """

    slug: str
    runs: int
    acts: int
    skipped: int
    untried: tuple[str, ...]
    trouble: tuple[str, ...]


@dataclass(slots=True)
class _Tally:
    acts: int = 0
    skipped: int = 0


def play_edition(
    *, org_id: int, at: datetime, runs: int, slugs: Sequence[str] = ()
) -> list[Played]:
    """Play the procedures of the edition in force, at most so many runs of each, as one operator.

    Each is rolled back before the next, so nothing is kept.
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
                with transaction.atomic():
                    played.append(_play(bound, edition, org_id, at, runs))
                    transaction.set_rollback(True)
    return played


def _play(bound: Bound, edition: Book, org_id: int, at: datetime, runs: int) -> Played:
    """Play one procedure until every answer was given, or so many runs were played."""
    pick, tally, trouble = Picker(), _Tally(), list[str]()
    facts = walking.facts_to_try(bound.procedure, edition.params)
    played = 0
    while played < runs and (played < len(facts) or not pick.all_tried):
        fact = facts[played % len(facts)]
        played += 1
        try:
            trouble += _to_its_end(_begun(bound, edition, org_id, at, fact), at, pick, tally)
        except Exception as error:  # A driver of everything tells what breaks, and goes on.
            trouble.append(f"{type(error).__name__}: {error}")
        if trouble:
            break
    untried = tuple(f"{name}={value}" for (name, value), n in pick.tried.items() if not n)
    return Played(
        slug=bound.node_slug,
        runs=played,
        acts=tally.acts,
        skipped=tally.skipped,
        untried=untried,
        trouble=tuple(trouble),
    )


def _begun(
    bound: Bound, edition: Book, org_id: int, at: datetime, fact: Mapping[str, object]
) -> UUID:
    subject = str(uuid7())
    field = bound.procedure.subject_id.removeprefix("$fact.")
    known = {name: value for name, value in fact.items() if value is not None}
    occasion = Occasion(
        bound=bound,
        edition=edition,
        org_id=org_id,
        at=at,
        key=f"played/{uuid7()}",
        fact={field: subject, **{name: _plain(value) for name, value in known.items()}},
        subject_id=subject,
    )
    runs, _held = begin([occasion], system_actor(org_id), at)
    return runs[0].id


def _plain(value: object) -> object:
    return value if isinstance(value, (str, int, float, bool, list, dict)) else str(value)


def _to_its_end(run_id: UUID, at: datetime, pick: Picker, tally: _Tally) -> list[str]:
    """Act until the run is over; answers where it got stuck."""
    for act in range(MOST_ACTS):
        run = Run.objects.select_related("revision", "node").get(id=run_id)
        if run.state in (RunState.CLOSED, RunState.VOID):
            return []
        tally.acts += 1
        worker = system_actor(run.org_id)
        lead, now = replace(worker, id=uuid7()), at + act * _MINUTE
        if run.state == RunState.HALTED:
            _release(run, lead, now)
            continue
        found = engine.judge(run, worker, now)
        item = next(iter(found.ready), None)
        if item is not None:
            _do(run, item, found, worker, lead, now, pick, tally)
        elif not found.finished:
            return [f"stuck before {next(i.step.id for i in found.owed if not i.settled)}"]
        elif engine.procedure_of(run).closes_on is not None:
            services.close_run_by_fact(run_id=run.id, fact_id=uuid7(), actor=worker, at=now)
        else:
            return ["all is done, and it stays open"]
    return [f"not over after {MOST_ACTS} acts"]


def _release(run: Run, lead: Actor, at: datetime) -> None:
    """What a stop started is struck, which lets the run go on; else a lead does."""
    for child in run.children.exclude(state__in=(RunState.CLOSED, RunState.VOID)):
        services.void_run(run_id=child.id, reason="played", actor=lead, at=at)
    run.refresh_from_db()
    if run.state == RunState.HALTED:
        services.release_stop(run_id=run.id, reason="played", actor=lead, at=at)


def _do(
    run: Run,
    item: Item,
    found: Progress,
    worker: Actor,
    lead: Actor,
    at: datetime,
    pick: Picker,
    tally: _Tally,
) -> None:
    """Do a step with an answer tried least so far; what others prove, or refuse, is left out."""
    step = item.step
    kind = step.evidence.kind if step.evidence else ""
    if run.state == RunState.WAITING:
        services.take_run(run_id=run.id, actor=worker, at=at)
    if kind not in ("fact", "person") and not step.auto:
        answer = str(
            pick.answer(step.id, walking.answers(item, engine.procedure_of(run), found.world))
        )
        if kind in procedure.FILE_KINDS:
            _attach(run, item, worker, at)
        value = _value(item, answer)
        try:
            done = services.complete_step(
                run_id=run.id, step_id=step.id, iteration=item.iteration, value=value,
                confirm=True, actor=worker, at=at,
            )  # fmt: skip
        except Refusal:
            done = None
        if done is not None and not isinstance(done, StepRefused):
            return
    tally.skipped += 1
    services.skip_step(
        run_id=run.id, step_id=step.id, iteration=item.iteration, reason="played", actor=lead,
        at=at,
    )  # fmt: skip


def _value(item: Item, answer: str) -> str:
    wanted = item.step.evidence
    match wanted.kind if wanted else "":
        case "choice" | "reading" | "check":
            return answer
        case "location":
            return "120.1551,30.2741"
        case _:
            return "已当面核对清楚，与系统记录一致，没有异议，资料齐全。"


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
