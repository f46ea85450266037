"""Questions about runs: whose turn it is, how one stands, what waits where."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from panshi.fleet import queries as fleet
from panshi.handbook import book
from panshi.handbook.models import (
    OPEN_STATES,
    Acknowledgement,
    ChangeNotice,
    Evidence,
    Run,
    RunState,
    RunStep,
)
from panshi.handbook.rules import conditions, flow, texts
from panshi.handbook.rules.conditions import World
from panshi.handbook.rules.flow import Record, Standing
from panshi.kit import files as files_of_kit
from panshi.kit.clock import day_span, local_day
from panshi.kit.files import StoredFile
from panshi.kit.tenancy import Actor, acting
from panshi.kit.verbs import question
from panshi.org import queries as org

INBOX_LIMIT = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One run in a list."""

    id: UUID
    code: str
    slug: str
    title: str
    subject: str
    city: str
    state: RunState
    owner_role: str
    owner: str
    mine: bool
    started_at: datetime
    due_at: datetime
    closed_at: datetime | None
    late: bool
    done: int
    required: int
    rung: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRow:
    id: UUID
    edition: str
    code: str
    title: str
    slug: str
    gravity: str
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbox:
    """What waits for one person: by when, and what the book has changed for them."""

    overdue: tuple[RunRow, ...]
    today: tuple[RunRow, ...]
    later: tuple[RunRow, ...]
    notices: tuple[NoticeRow, ...]

    @property
    def count(self) -> int:
        return len(self.overdue) + len(self.today)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCard:
    """One step of a run as the page shows it."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One line of a run's timeline; `kind` says which words the page puts to it."""

    at: datetime
    kind: str
    what: str
    by: str
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCard:
    row: RunRow
    summary_en: str
    take_by: datetime
    taken_at: datetime | None
    reason: str
    fact_name: str
    subject_type: str
    subject_id: str
    work_order_id: UUID | None
    edition: str
    parent_id: UUID | None
    children: tuple[RunRow, ...]
    steps: tuple[StepCard, ...]
    happenings: tuple[Happening, ...]
    finished: bool
    paused_for: str


def _plates(runs: Iterable[Run], actor: Actor) -> dict[str, str]:
    ids = {r.subject_id for r in runs if r.subject_type == "fleet.vehicle" and r.subject_id}
    ids |= {str(r.fact.get("vehicle_id")) for r in runs if r.fact.get("vehicle_id")}
    refs = fleet.vehicle_refs(vehicle_ids=tuple(UUID(i) for i in ids), actor=actor) if ids else {}
    return {str(key): ref.plate or ref.vin for key, ref in refs.items()}


def rows_of(runs: Sequence[Run], actor: Actor, at: datetime) -> list[RunRow]:
    """The rows of these runs with plates and names, in a fixed number of statements."""
    plates = _plates(runs, actor)
    owners = tuple({r.owner_id for r in runs if r.owner_id})
    names = org.names_of(user_ids=owners, actor=actor) if owners else {}
    return [
        RunRow(
            id=r.id,
            code=r.node.code,
            slug=r.node.slug,
            title=r.node.zh,
            subject=plates.get(str(r.fact.get("vehicle_id") or r.subject_id), ""),
            city=r.city,
            state=RunState(r.state),
            owner_role=r.owner_role,
            owner=names.get(r.owner_id, "") if r.owner_id else "",
            mine=r.owner_id == actor.id,
            started_at=r.started_at,
            due_at=r.due_at,
            closed_at=r.closed_at,
            late=(r.closed_at or at) > r.due_at,
            done=r.steps_done,
            required=r.steps_due,
            rung=r.next_rung,
        )
        for r in runs
    ]


def posts_of(actor: Actor) -> list[str]:
    """The posts this person holds by any edition that is or was in force."""
    return sorted({post for b in book.books()[:2] for post in b.posts_of(actor)})


@question
def inbox(*, actor: Actor, at: datetime) -> Inbox:
    """My tasks: my own runs, and those that wait for a post of mine; overdue first."""
    posts = posts_of(actor)
    runs = (
        Run.objects.visible_to(actor)
        .filter(state__in=OPEN_STATES)
        .filter(
            Q(owner_id=actor.id)
            | Q(owner_id=None, roles__overlap=posts)
            | (Q(roles__overlap=posts) & ~Q(owner_role__in=posts))
        )
        .select_related("node")
        .order_by("due_at")[:INBOX_LIMIT]
    )
    rows = rows_of(list(runs), actor, at)
    tonight = day_span(local_day(at))[1]
    return Inbox(
        overdue=tuple(r for r in rows if r.late),
        today=tuple(r for r in rows if not r.late and r.due_at < tonight),
        later=tuple(r for r in rows if not r.late and r.due_at >= tonight),
        notices=_notices(posts, actor),
    )


def _notices(posts: list[str], actor: Actor) -> tuple[NoticeRow, ...]:
    read = Acknowledgement.objects.filter(person_id=actor.id).values("notice_id")
    rows = (
        ChangeNotice.objects.filter(role__in=posts, edition__state="RELEASED")
        .exclude(id__in=read)
        .select_related("edition", "node")
        .order_by("gravity", "node__code")
    )
    return tuple(
        NoticeRow(
            id=n.id,
            edition=n.edition.number,
            code=n.node.code,
            title=n.node.zh,
            slug=n.node.slug,
            gravity=n.gravity,
            changes=tuple(n.changes),
        )
        for n in rows[:50]
    )


@question
def inbox_count(*, actor: Actor, at: datetime) -> int:
    """How many runs of mine are overdue or due today."""
    posts = posts_of(actor)
    return (
        Run.objects.visible_to(actor)
        .filter(state__in=OPEN_STATES, due_at__lt=day_span(local_day(at))[1])
        .filter(Q(owner_id=actor.id) | Q(owner_id=None, roles__overlap=posts))
        .count()
    )


@question
def runs_of(*, subject_type: str, subject_id: str, actor: Actor, at: datetime) -> list[RunRow]:
    """Runs about one thing, open ones first, for the strip above its page."""
    runs = (
        Run.objects.visible_to(actor)
        .filter(subject_type=subject_type, subject_id=subject_id)
        .select_related("node")
        .order_by("closed_at", "due_at")[:20]
    )
    return rows_of(list(runs), actor, at)


def _shown(value: object) -> str:
    if isinstance(value, list):
        return "、".join(map(str, value))
    return "" if value is None or value is True else str(value)


def _happenings(run: Run, names: dict[UUID, str], titles: dict[str, str]) -> list[Happening]:
    made = [
        Happening(at=run.started_at, kind="STARTED", what=run.fact_name, by="", words=run.reason)
    ]
    if run.taken_at and run.owner_id:
        made.append(
            Happening(at=run.taken_at, kind="TAKEN", what="", by=names.get(run.owner_id, ""))
        )
    for step in run.steps.filter(server_at__isnull=False):
        made.append(
            Happening(
                at=step.server_at or run.started_at,
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
                what=pause.waits_for,
                by=names.get(pause.person_id, ""),
                words=pause.reason,
            )
        )
    for rung in run.escalations.all():
        made.append(Happening(at=rung.at, kind="ESCALATED", what=rung.to_role, by=""))
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


@question
def run_card(*, run_id: UUID, actor: Actor, at: datetime) -> RunCard:
    """One run with every step, why it is there, its clause, its proof and its history."""
    run = Run.objects.visible_to(actor).select_related("node", "revision", "edition").get(id=run_id)
    edition = book.book_of(run.edition_id)
    procedure = book.procedure_of(run.revision)
    clauses = texts.clauses_of(run.revision.files["policy.md"])
    rows = {(s.step_id, s.iteration): s for s in run.steps.filter(superseded=False)}
    records = {
        key: Record(standing=Standing(s.state), value=s.value, result=s.result)
        for key, s in rows.items()
        if s.state in ("DONE", "SKIPPED")
    }
    found = flow.progress(procedure, records, World(fact=run.fact, param=edition.params))
    files: dict[tuple[str, int], list[UUID]] = {}
    for piece in Evidence.objects.filter(run=run, file_id__isnull=False).order_by("captured_at"):
        if piece.file_id:
            files.setdefault((piece.step_id, piece.iteration), []).append(piece.file_id)
    people = {s.person_id for s in run.steps.all() if s.person_id} | {
        p for p in (run.owner_id, *run.pauses.values_list("person_id", flat=True),
                    *run.deviations.values_list("person_id", flat=True)) if p
    }  # fmt: skip
    names = org.names_of(user_ids=tuple(people), actor=actor) if people else {}
    steps = tuple(
        _step_card(
            run,
            edition,
            item,
            rows.get((item.step.id, item.iteration)),
            clauses,
            names,
            files,
            found.world,
        )
        for item in found.items
    )
    children = Run.objects.visible_to(actor).filter(parent=run).select_related("node")
    pause = run.pauses.filter(ends_at=None).first()
    return RunCard(
        row=rows_of([run], actor, at)[0],
        summary_en=run.revision.summary_en,
        take_by=run.take_by,
        taken_at=run.taken_at,
        reason=run.reason,
        fact_name=run.fact_name,
        subject_type=run.subject_type,
        subject_id=run.subject_id,
        work_order_id=run.work_order_id,
        edition=edition.number,
        parent_id=run.parent_id,
        children=tuple(rows_of(list(children), actor, at)),
        steps=steps,
        happenings=tuple(_happenings(run, names, {s.id: s.zh for s in procedure.steps})),
        finished=found.finished,
        paused_for=f"{pause.waits_for}: {pause.reason}" if pause else "",
    )


def _step_card(
    run: Run,
    edition: book.Book,
    item: flow.Item,
    row: RunStep | None,
    clauses: dict[int, str],
    names: dict[UUID, str],
    files: dict[tuple[str, int], list[UUID]],
    world: World,
) -> StepCard:
    step, proof = item.step, item.step.evidence
    post = edition.posts.get(step.role or run.owner_role)
    is_file = proof is not None and proof.kind in ("photo", "file", "signature")
    return StepCard(
        step_id=step.id,
        iteration=item.iteration,
        title=step.zh,
        label=item.label,
        why=step.why,
        clause=clauses.get(step.clause or 0, ""),
        clause_number=step.clause,
        post=post.zh if post else run.owner_role,
        standing=item.standing,
        required=step.required,
        kind=proof.kind if proof else "",
        options=proof.of if proof else (),
        unit=proof.unit if proof else "",
        least=proof.least if proof else 0,
        calls=step.call,
        value="" if is_file or row is None or row.state != "DONE" else _shown(row.value),
        words=row.words if row else "",
        refused=row is not None and row.state == "REFUSED",
        flagged=row is not None and row.flagged,
        person=names.get(row.person_id, "") if row and row.person_id else "",
        at=row.server_at if row else None,
        files=tuple(files.get((step.id, item.iteration), ())),
        waits_for=step.waits_for,
        event=proof.fact.event if proof and proof.fact else "",
        role=step.role or run.owner_role,
        group=step.group,
        low=_limit(proof.low if proof else None, world),
        high=_limit(proof.high if proof else None, world),
    )


def _limit(value: object, world: World) -> float | None:
    """A bound of a reading, which may be a reference that is not known yet."""
    found = conditions.number(conditions.resolve(value, world))
    return None if found is None else float(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Supervision:
    """Open runs as a lead looks at them: halted first, then by how late they are."""

    halted: tuple[RunRow, ...]
    late: tuple[RunRow, ...]
    untaken: tuple[RunRow, ...]
    by_city: tuple[tuple[str, int, int], ...]


@question
def supervision(*, actor: Actor, at: datetime, city: str = "") -> Supervision:
    """What needs a lead now, at most 200 runs, and how many run where."""
    runs = Run.objects.visible_to(actor).filter(state__in=OPEN_STATES)
    if city:
        runs = runs.filter(city=city)
    picked = (
        runs.filter(
            Q(state=RunState.HALTED) | Q(due_at__lt=at) | Q(state="WAITING", take_by__lt=at)
        )
        .select_related("node")
        .order_by("due_at")[:200]
    )
    rows = rows_of(list(picked), actor, at)
    cities: dict[str, list[int]] = {}
    for name, due in runs.values_list("city", "due_at"):
        count = cities.setdefault(name, [0, 0])
        count[0] += 1
        count[1] += due < at
    return Supervision(
        halted=tuple(r for r in rows if r.state == RunState.HALTED),
        late=tuple(r for r in rows if r.late and r.state != RunState.HALTED),
        untaken=tuple(r for r in rows if not r.late and r.state == RunState.WAITING),
        by_city=tuple((c, n, late) for c, (n, late) in sorted(cities.items())),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceFile:
    name: str
    media_type: str
    content: bytes


def evidence_file(*, file_id: UUID, actor: Actor) -> EvidenceFile:
    """The bytes of a picture or file that proves a step; raises Evidence.DoesNotExist."""
    with acting(actor):
        piece = Evidence.objects.visible_to(actor).filter(file_id=file_id).first()
        if piece is None or piece.file_id is None:
            raise Evidence.DoesNotExist(f"no evidence {file_id}")
        stored = StoredFile.objects.get(id=piece.file_id)
    return EvidenceFile(
        name=stored.name, media_type=stored.media_type, content=files_of_kit.read(stored)
    )
