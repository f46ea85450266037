"""One run as its page shows it: every step with its rule and proof, the ladder, the history."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from panshi.handbook import book, wording
from panshi.handbook.models import Evidence, Run, RunStep, Sample
from panshi.handbook.queries.runs import RunRow, gathered_in, rows_of
from panshi.handbook.queries.subject import world_of
from panshi.handbook.rules import clock, conditions, flow, texts
from panshi.handbook.rules.conditions import World
from panshi.handbook.rules.flow import Record, Standing
from panshi.handbook.rules.parameters import names_used
from panshi.handbook.rules.procedure import FILE_KINDS, Procedure
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.kit.wording import listed
from panshi.org import queries as org


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """Where a stop goes back to, when its condition holds."""

    goto: str
    when: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCard:
    """One step of a run as the page shows it.

    `when`, `stop_if` and `backs` are the book's conditions with all but the steps put in, for
    those who judge them without the server; `kept` is the value that they look at. `taken` counts
    the files that prove the step now, not those of a turn that was sent back. `done_at` is when a
    step was done without a connection, `clock_off_min` how wrong the device's clock was by then.
    `view` is that of the vehicle's inspection whose picture proves the step; a step that was sent
    back wants a picture of its own.
    """

    step_id: str
    iteration: int
    title: str
    label: str
    why: str
    clause: str
    clause_number: int | None
    post: str
    standing: Standing
    required: bool
    kind: str
    options: tuple[str, ...]
    unit: str
    least: int
    calls: str
    value: str
    words: str
    refused: bool
    flagged: bool
    person: str
    at: datetime | None
    files: tuple[UUID, ...]
    waits_for: str
    event: str
    role: str = ""
    group: int = 0
    low: float | None = None
    high: float | None = None
    labels: tuple[str, ...] = ()
    undecided: bool = False
    repeated: bool = False
    auto: bool = False
    taken: int = 0
    proved_by: str = ""
    view: str = ""
    when: Any = None
    stop_if: Any = None
    backs: tuple[Back, ...] = ()
    kept: Any = None
    done_at: datetime | None = None
    clock_off_min: int = 0

    @property
    def choices(self) -> tuple[tuple[str, str], ...]:
        """What a choice offers: as it is kept, and as it is called."""
        return tuple(zip(self.options, self.labels, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One line of a run's timeline; `kind` says which words the page puts to it."""

    at: datetime
    kind: str
    what: str
    by: str
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RungRow:
    """Who is told when, should the run still be open then; `climbed_at` when it came to that."""

    at: datetime
    post: str
    climbed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitRow:
    """A parameter that the run goes by: the value in force when it began; `own` of the operator."""

    name: str
    title: str
    value: object
    unit: str
    own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRow:
    """What a lead said who looked at the evidence; `struck` are the titles of steps."""

    convincing: bool
    struck: tuple[str, ...]
    words: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCard:
    row: RunRow
    summary: str
    take_by: datetime
    taken_at: datetime | None
    reason: str
    fact_name: str
    subject_type: str
    subject_id: str
    work_order_id: UUID | None
    beside_job: bool
    gathered: tuple[str, ...]
    edition: str
    parent_id: UUID | None
    children: tuple[RunRow, ...]
    steps: tuple[StepCard, ...]
    happenings: tuple[Happening, ...]
    ladder: tuple[RungRow, ...]
    limits: tuple[LimitRow, ...]
    finished: bool
    paused_for: str
    paused_because: str
    paused_minutes: int
    hours: str
    hours_now: str
    sampled: SampleRow | None = None
    round: int = 0


def _shown(value: object, english: Mapping[str, str]) -> str:
    if isinstance(value, list):
        return listed(wording.term(str(item), english) for item in value)
    return "" if value is None or value is True else wording.term(str(value), english)


def _happenings(
    run: Run, names: dict[UUID, str], titles: dict[str, str], posts: Mapping[str, book.Post]
) -> list[Happening]:
    made = [
        Happening(
            at=run.started_at,
            kind="STARTED",
            what=wording.fact(run.fact_name),
            by="",
            words=run.reason,
        )
    ]
    if run.taken_at and run.owner_id:
        made.append(
            Happening(at=run.taken_at, kind="TAKEN", what="", by=names.get(run.owner_id, ""))
        )
    for step in run.steps.all():
        if step.server_at is None:
            continue
        made.append(
            Happening(
                at=step.server_at,
                kind="BACK" if step.superseded else step.state,
                what=titles.get(step.step_id, step.step_id),
                by=names.get(step.person_id, "") if step.person_id else "",
                words=step.words,
            )
        )
    for pause in run.pauses.all():
        made.append(
            Happening(
                at=pause.begins_at,
                kind="PAUSED",
                what=wording.wait(pause.waits_for),
                by=names.get(pause.person_id, ""),
                words=pause.reason,
            )
        )
        if pause.ends_at:
            made.append(Happening(at=pause.ends_at, kind="RESUMED", what="", by=""))
    for late in run.suppressions.all():
        what = wording.fact(late.fact_name)
        made.append(Happening(at=late.at, kind="SUPPRESSED", what=what, by=""))
    for rung in run.escalations.all():
        made.append(Happening(at=rung.at, kind="ESCALATED", what=_post(posts, rung.to_role), by=""))
    for deviation in run.deviations.all():
        made.append(
            Happening(
                at=deviation.at,
                kind="DEVIATION",
                what=deviation.get_kind_display(),
                by=names.get(deviation.person_id, ""),
                words=deviation.words,
            )
        )
    if run.closed_at:
        made.append(Happening(at=run.closed_at, kind=run.state, what="", by=""))
    return sorted(made, key=lambda h: h.at, reverse=True)


def _told_of(actor: Actor) -> QuerySet[Run]:
    """Runs with what happened to them, which their history, their clock and their steps ask for."""
    return Run.objects.visible_to(actor).prefetch_related("steps", "pauses", "deviations")


@question
def run_history(*, run_id: UUID, actor: Actor) -> tuple[Happening, ...]:
    """What happened to a run, the newest first. Raises Run.DoesNotExist."""
    run = _told_of(actor).select_related("revision").get(id=run_id)
    titles = {s.id: wording.spoken(s.zh, s.en) for s in book.procedure_of(run.revision).steps}
    return tuple(_happenings(run, _people(run, actor), titles, book.book_of(run.edition_id).posts))


def _people(run: Run, actor: Actor) -> dict[UUID, str]:
    """The names of those who had to do with a run."""
    ids = {run.owner_id}
    ids |= {step.person_id for step in run.steps.all()}
    ids |= {pause.person_id for pause in run.pauses.all()}
    ids |= {deviation.person_id for deviation in run.deviations.all()}
    known = tuple(one for one in ids if one)
    return org.names_of(user_ids=known, actor=actor) if known else {}


@question
def run_card(*, run_id: UUID, actor: Actor, at: datetime) -> RunCard:
    """One run with every step, why it is there, its clause, its proof and its history."""
    run = _told_of(actor).select_related("node", "revision", "edition").get(id=run_id)
    edition = book.book_of(run.edition_id)
    procedure = book.procedure_of(run.revision)
    clauses = texts.clauses_of(run.revision.files["policy.md"])
    every = list(run.steps.all())
    rows = {(s.step_id, s.iteration): s for s in every if not s.superseded}
    records = {
        key: Record(standing=Standing(s.state), value=s.value, result=s.result)
        for key, s in rows.items()
        if s.state in ("DONE", "SKIPPED")
    }
    found = flow.progress(procedure, records, world_of(run, actor, at))
    files: dict[tuple[str, int], list[UUID]] = {}
    for piece in Evidence.objects.filter(run=run, file_id__isnull=False).order_by("captured_at"):
        if piece.file_id:
            files.setdefault((piece.step_id, piece.iteration), []).append(piece.file_id)
    back = {(s.step_id, s.iteration) for s in every if s.superseded}
    spent = {name for s in every if s.superseded and isinstance(s.value, list) for name in s.value}
    names = _people(run, actor)
    steps = tuple(
        _step_card(
            run,
            edition,
            procedure.english,
            item,
            rows.get((item.step.id, item.iteration)),
            clauses,
            names,
            files,
            found.world,
            spent,
            sent_back=(item.step.id, item.iteration) in back,
        )
        for item in found.items
    )
    titles = {s.id: wording.spoken(s.zh, s.en) for s in procedure.steps}
    children = Run.objects.visible_to(actor).filter(parent=run).select_related("node")
    pause = next((one for one in run.pauses.all() if one.ends_at is None), None)
    return RunCard(
        row=rows_of([run], actor, at)[0],
        summary=wording.spoken(
            texts.node_text(run.revision.files["node.md"]).what, run.revision.summary_en
        ),
        take_by=run.take_by,
        taken_at=run.taken_at,
        reason=run.reason,
        fact_name=wording.fact(run.fact_name),
        subject_type=run.subject_type,
        subject_id=run.subject_id,
        work_order_id=run.work_order_id,
        beside_job=run.beside_job,
        gathered=gathered_in(run, actor),
        edition=edition.number,
        parent_id=run.parent_id,
        children=tuple(rows_of(list(children), actor, at)),
        steps=steps,
        happenings=tuple(_happenings(run, names, titles, edition.posts)),
        ladder=tuple(_ladder(run, procedure, edition)),
        limits=tuple(_limits(run, procedure, edition)),
        finished=found.finished,
        paused_for=wording.wait(pause.waits_for) if pause else "",
        paused_because=pause.reason if pause else "",
        hours=str(edition.calendar.opening) if procedure.working else "",
        hours_now=_hours_now(run, procedure, edition, actor, at),
        paused_minutes=sum(
            (((p.ends_at or at) - p.begins_at) for p in run.pauses.all()), timedelta()
        )
        // timedelta(minutes=1),
        round=run.round,
        sampled=_sampled(run, titles),
    )


def _hours_now(
    run: Run, procedure: Procedure, edition: book.Book, actor: Actor, at: datetime
) -> str:
    """The opening hours that count by now, where a run in working time began under others."""
    latest = book.book_for(run.org_id, actor, at) if procedure.working else None
    if latest is None or latest.calendar.opening == edition.calendar.opening:
        return ""
    return str(latest.calendar.opening)


def _sampled(run: Run, titles: Mapping[str, str]) -> SampleRow | None:
    found = Sample.objects.filter(run=run).first()
    if found is None:
        return None
    return SampleRow(
        convincing=found.convincing,
        struck=tuple(titles.get(step, step) for step in found.struck),
        words=found.words,
        at=found.at,
    )


def _step_card(
    run: Run,
    edition: book.Book,
    english: Mapping[str, str],
    item: flow.Item,
    row: RunStep | None,
    clauses: dict[int, str],
    names: dict[UUID, str],
    files: dict[tuple[str, int], list[UUID]],
    world: World,
    spent: Collection[object],
    *,
    sent_back: bool,
) -> StepCard:
    step, proof = item.step, item.step.evidence
    kept_files = tuple(files.get((step.id, item.iteration), ()))
    silent = proof is not None and proof.kind in (*FILE_KINDS, "fact", "check")
    return StepCard(
        step_id=step.id,
        iteration=item.iteration,
        title=wording.spoken(step.zh, step.en),
        label=wording.term(item.label, english),
        why=step.why,
        clause=clauses.get(step.clause or 0, ""),
        clause_number=step.clause,
        post=_post(edition.posts, step.role or run.owner_role),
        standing=item.standing,
        undecided=item.undecided,
        required=step.required,
        kind=proof.kind if proof else "",
        options=proof.of if proof else (),
        labels=tuple(wording.term(option, english) for option in proof.of) if proof else (),
        unit=wording.unit(proof.unit) if proof else "",
        least=proof.least if proof else 0,
        calls=step.call,
        value="" if silent or row is None or row.state != "DONE" else _shown(row.value, english),
        words=row.words if row else "",
        refused=row is not None and row.state == "REFUSED",
        flagged=row is not None and row.flagged,
        person=names.get(row.person_id, "") if row and row.person_id else "",
        at=row.server_at if row else None,
        files=kept_files,
        taken=sum(str(file_id) not in spent for file_id in kept_files),
        waits_for=step.waits_for,
        event=wording.fact(proof.fact.event) if proof and proof.fact else "",
        role=step.role or run.owner_role,
        group=step.group,
        low=_limit(proof.low if proof else None, world),
        high=_limit(proof.high if proof else None, world),
        repeated=step.repeated,
        auto=step.auto,
        proved_by=proof.fact.event if proof and proof.fact else "",
        view=proof.views[item.iteration] if proof and proof.views and not sent_back else "",
        when=conditions.grounded(step.when, world),
        stop_if=conditions.grounded(step.stop_if, world),
        backs=tuple(
            Back(goto=c.goto, when=conditions.grounded(c.when, world))
            for c in step.on_fail
            if c.goto
        ),
        kept=row.value if row is not None and row.state == "DONE" else None,
        done_at=row.device_at if row is not None and row.was_offline else None,
        clock_off_min=round(abs(row.clock_off_s or 0) / 60) if row is not None else 0,
    )


def _post(posts: Mapping[str, book.Post], slug: str) -> str:
    found = posts.get(slug)
    return wording.spoken(found.zh, found.en) if found else slug


def _ladder(run: Run, procedure: Procedure, edition: book.Book) -> Iterator[RungRow]:
    climbed = dict(run.escalations.values_list("rung", "at"))
    for number, rung in enumerate(procedure.escalate):
        due = clock.rung_moment(
            rung,
            start=run.started_at,
            due=run.due_at,
            allowed=procedure.within,
            working=procedure.working,
            calendar=edition.calendar,
        )
        to = run.owner_role if rung.to == "owner" else rung.to
        yield RungRow(at=due, post=_post(edition.posts, to), climbed_at=climbed.get(number))


def _limits(run: Run, procedure: Procedure, edition: book.Book) -> Iterator[LimitRow]:
    for name in names_used(procedure):
        known = edition.parameters.get(name)
        if known is not None:
            yield LimitRow(
                name=name,
                title=wording.spoken(known.zh, known.words),
                value=run.params.get(name, known.value),
                unit=wording.unit(known.unit),
                own=name in run.params,
            )


def _limit(value: object, world: World) -> float | None:
    """A bound of a reading, which may be a reference that is not known yet."""
    found = conditions.number(conditions.resolve(value, world))
    return None if found is None else float(found)
