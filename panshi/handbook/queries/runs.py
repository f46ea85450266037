"""Questions about runs: whose turn it is, how one stands, what waits where."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db.models import CharField, Count, F, Func, Q, QuerySet, Value

from panshi.crm import queries as crm
from panshi.fleet import queries as fleet
from panshi.handbook import book, wording
from panshi.handbook.models import (
    OPEN_STATES,
    AdherenceAlert,
    AlertKind,
    Evidence,
    Node,
    Run,
    RunState,
)
from panshi.handbook.queries.notices import NoticeRow, notices_for
from panshi.kit import files as files_of_kit
from panshi.kit.clock import day_span, day_start, local_day
from panshi.kit.files import StoredFile
from panshi.kit.tenancy import Actor, acting
from panshi.kit.verbs import question
from panshi.org import queries as org

INBOX_LIMIT: Final = 300
LEAD_LIMIT: Final = 200
_ROLES: Final = ArrayField(CharField(max_length=20))
SCHEDULE: Final = "schedule."
# What rows of a list are made of; the rest takes time to read hundreds of times.
_SHOWN: Final = (
    "city", "state", "owner_role", "owner_id", "started_at", "take_by", "due_at", "closed_at",
    "steps_done", "steps_due", "next_rung", "fact_name", "fact", "by_hand", "subject_type",
    "subject_id", "node__code", "node__slug", "node__zh", "node__en",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One run in a list; `rhythm` says how often it comes when a schedule started it."""

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
    take_by: datetime
    due_at: datetime
    closed_at: datetime | None
    late: bool
    done: int
    required: int
    rung: int
    rhythm: str = ""
    by_hand: bool = False

    @property
    def counted(self) -> bool:
        """Whether it stands in the measure: struck runs and those begun by hand do not."""
        return self.state != RunState.VOID and not self.by_hand

    @property
    def on_time(self) -> bool:
        return self.state == RunState.CLOSED and not self.late


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbox:
    """What waits for one person: by when, and what the book has changed for them.

    `untaken` runs have no owner yet and must get one soon, whenever they are due. `routine` is the
    regular work of the period that nobody has to take today.
    """

    untaken: tuple[RunRow, ...]
    overdue: tuple[RunRow, ...]
    today: tuple[RunRow, ...]
    later: tuple[RunRow, ...]
    routine: tuple[RunRow, ...]
    notices: tuple[NoticeRow, ...]

    @property
    def count(self) -> int:
        return len(self.untaken) + len(self.overdue) + len(self.today)


def _about(runs: Iterable[Run], kind: str, field: str) -> tuple[UUID, ...]:
    """The ids of one kind that these runs are about, by their subject or their fact."""
    ids = {r.subject_id for r in runs if r.subject_type == kind and r.subject_id}
    ids |= {str(r.fact.get(field)) for r in runs if r.fact.get(field)}
    return tuple(UUID(i) for i in ids)


def _words(runs: Sequence[Run], actor: Actor) -> dict[str, str]:
    """Plates of vehicles and names of customers that these runs are about, by id."""
    vehicle_ids = _about(runs, "fleet.vehicle", "vehicle_id")
    customer_ids = _about(runs, "crm.customer", "customer_id")
    vehicles = fleet.vehicle_refs(vehicle_ids=vehicle_ids, actor=actor) if vehicle_ids else {}
    customers = crm.customer_refs(ids=customer_ids, actor=actor) if customer_ids else {}
    plates = {str(key): ref.plate or ref.vin for key, ref in vehicles.items()}
    return plates | {str(key): ref.name for key, ref in customers.items()}


def _subject(run: Run, words: Mapping[str, str]) -> str:
    """What a run is about in a word: the vehicle's plate, the customer's name, or the period."""
    ids = (run.fact.get("vehicle_id"), run.subject_id, run.fact.get("customer_id"))
    period = run.fact.get("period", "")
    return next((words[str(one)] for one in ids if str(one) in words), period)


def gathered_in(run: Run, actor: Actor) -> tuple[str, ...]:
    """What a run gathered, in the order of its coming, by the words of each item."""
    items = [Run(fact=item) for item in run.fact.get("items", ())]
    words = _words(items, actor)
    return tuple(_subject(item, words) for item in items)


def rows_of(runs: Sequence[Run], actor: Actor, at: datetime) -> list[RunRow]:
    """The rows of these runs with plates and names, in a fixed number of statements."""
    words = _words(runs, actor)
    owners = tuple({r.owner_id for r in runs if r.owner_id})
    names = org.names_of(user_ids=owners, actor=actor) if owners else {}
    return [
        RunRow(
            id=r.id,
            code=r.node.code,
            slug=r.node.slug,
            title=wording.spoken(r.node.zh, r.node.en),
            subject=_subject(r, words),
            city=r.city,
            state=RunState(r.state),
            owner_role=r.owner_role,
            owner=names.get(r.owner_id, "") if r.owner_id else "",
            mine=r.owner_id == actor.id,
            started_at=r.started_at,
            take_by=r.take_by,
            due_at=r.due_at,
            closed_at=r.closed_at,
            late=(r.closed_at or at) > r.due_at,
            done=r.steps_done,
            required=r.steps_due,
            rung=r.next_rung,
            rhythm=wording.fact(r.fact_name) if r.fact_name.startswith(SCHEDULE) else "",
            by_hand=r.by_hand,
        )
        for r in runs
    ]


def posts_of(actor: Actor) -> list[str]:
    """The posts this person holds by any edition that is or was in force."""
    return sorted({post for b in book.books()[:2] for post in b.posts_of(actor)})


def _open(actor: Actor) -> QuerySet[Run]:
    return Run.objects.visible_to(actor).filter(state__in=OPEN_STATES)


def _waits_for(actor: Actor, posts: list[str]) -> Q:
    """Runs of this person, runs nobody has, and runs of others whose next step is a post's here."""
    beside = Func(Value(posts, _ROLES), F("owner_role"), function="array_remove")
    return Q(owner_id=actor.id) | Q(roles__overlap=posts) & (
        Q(owner_id=None) | Q(roles__overlap=beside)
    )


def _first(runs: QuerySet[Run], limit: int) -> QuerySet[Run]:
    """The runs that are due first; an index alone tells which of all that stand open they are."""
    first = runs.order_by("due_at")[:limit].values("id")
    return Run.objects.filter(id__in=first).select_related("node").only(*_SHOWN).order_by("due_at")


@dataclass(slots=True)
class _Sorted:
    """Open runs by when they must be looked at, each part in its order."""

    untaken: list[Run] = field(default_factory=list)
    overdue: list[Run] = field(default_factory=list)
    today: list[Run] = field(default_factory=list)
    later: list[Run] = field(default_factory=list)
    routine: list[Run] = field(default_factory=list)

    @property
    def all(self) -> list[Run]:
        return [*self.untaken, *self.overdue, *self.today, *self.routine, *self.later]


def _sorted(runs: Iterable[Run], at: datetime) -> _Sorted:
    """Sort open runs that come by their due moment."""
    tonight = day_span(local_day(at))[1]
    found = _Sorted()
    rhythms: dict[str, datetime] = {}
    for run in runs:
        scheduled = run.fact_name.startswith(SCHEDULE)
        if at > run.due_at:
            found.overdue.append(run)
        elif run.state != RunState.WAITING:
            (found.today if run.due_at < tonight else found.later).append(run)
        elif scheduled and run.take_by >= tonight:
            found.routine.append(run)
            rhythms.setdefault(run.fact_name, run.due_at)
        else:
            found.untaken.append(run)
    found.untaken.sort(key=lambda r: r.take_by)
    # Of one rhythm beside each other: the rhythm of which something is due first leads.
    found.routine.sort(key=lambda r: (rhythms[r.fact_name], r.fact_name, r.due_at))
    return found


def _mine(actor: Actor, posts: list[str], at: datetime) -> _Sorted:
    return _sorted(_first(_open(actor).filter(_waits_for(actor, posts)), INBOX_LIMIT), at)


@question
def inbox(*, actor: Actor, at: datetime) -> Inbox:
    """My tasks: what nobody has taken yet, then my own runs; overdue first."""
    posts = posts_of(actor)
    mine = _mine(actor, posts, at)
    rows = {row.id: row for row in rows_of(mine.all, actor, at)}
    drawn = {f.name: tuple(rows[r.id] for r in getattr(mine, f.name)) for f in fields(mine)}
    return Inbox(**drawn, notices=notices_for(posts, actor, at))


@question
def first_tasks(*, actor: Actor, at: datetime, count: int) -> list[RunRow]:
    """The first of my tasks: what nobody has taken yet, what is overdue, what is due today."""
    return rows_of(_mine(actor, posts_of(actor), at).all[:count], actor, at)


@question
def inbox_count(*, actor: Actor, at: datetime) -> int:
    """How many runs of mine nobody has taken, are overdue or due today."""
    posts = posts_of(actor)
    tonight = day_span(local_day(at))[1]
    return (
        _open(actor)
        .filter(
            Q(state=RunState.WAITING)
            & (~Q(fact_name__startswith=SCHEDULE) | Q(take_by__lt=tonight))
            | Q(due_at__lt=tonight)
        )
        .filter(_waits_for(actor, posts))
        .count()
    )


@question
def heirs(*, run_id: UUID, actor: Actor) -> list[tuple[UUID, str]]:
    """To whom a run may be handed over: holders of its post at its node, without its owner."""
    run = Run.objects.visible_to(actor).get(id=run_id)
    post = book.book_of(run.edition_id).posts.get(run.owner_role)
    if post is None:
        return []
    staff = org.holders(org_ids=(run.org_id,), actor=actor)
    ids = tuple(u for _org, u, roles in staff if post.holders & roles and u != run.owner_id)
    names = org.names_of(user_ids=ids, actor=actor) if ids else {}
    return [(user_id, names[user_id]) for user_id in ids if user_id in names]


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


@question
def runs_due(
    *,
    actor: Actor,
    at: datetime,
    since: date | None = None,
    until: date | None = None,
    city: str = "",
    node: str = "",
    edition: str = "",
    limit: int = 50,
    offset: int = 0,
) -> tuple[list[RunRow], int]:
    """The runs behind a figure: those that fell due on the local days [since, until), by due."""
    runs = Run.objects.visible_to(actor)
    if since is not None:
        runs = runs.filter(due_at__gte=day_start(since))
    if until is not None:
        runs = runs.filter(due_at__lt=day_start(until))
    for name, value in (("city", city), ("node__slug", node), ("edition__number", edition)):
        if value:
            runs = runs.filter(**{name: value})
    page = runs.select_related("node").order_by("due_at", "id")[offset : offset + limit]
    return rows_of(list(page), actor, at), runs.count()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRun:
    """An open run by the thing it is about."""

    subject_type: str
    subject_id: str
    run_id: UUID


@question
def open_runs_about(
    *, kinds: Sequence[str], ids: Sequence[str], posts: Sequence[str], actor: Actor
) -> tuple[OpenRun, ...]:
    """The open runs that begin with one of these posts, about things of these kinds and ids."""
    runs = Run.objects.visible_to(actor).filter(
        state__in=OPEN_STATES, owner_role__in=posts, subject_type__in=kinds, subject_id__in=ids
    )
    rows = runs.order_by("started_at", "id").values_list("subject_type", "subject_id", "id")
    return tuple(OpenRun(subject_type=k, subject_id=i, run_id=run) for k, i, run in rows)


@question
def procedures_named(*, slugs: Sequence[str], actor: Actor, at: datetime) -> dict[str, str]:
    """Of these nodes those with a procedure in force that this person may begin: slug and title."""
    edition = book.book_at(at)
    if edition is None or not actor.may("handbook.start_run_by_hand"):
        return {}
    nodes = Node.objects.filter(org_id=edition.org_id, slug__in=slugs)
    return {
        node.slug: wording.spoken(node.zh, node.en)
        for node in nodes
        if book.bound_node(edition.id, node.slug) is not None
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    """What a count found amiss with a node in a city and still does; shares in percent."""

    kind: AlertKind
    slug: str
    title: str
    city: str
    found_at: datetime
    before: Decimal | None
    now: Decimal
    runs: int


def _alerts(actor: Actor, city: str) -> tuple[AlertRow, ...]:
    rows = AdherenceAlert.objects.visible_to(actor).filter(over_at=None).select_related("node")
    return tuple(
        AlertRow(
            kind=AlertKind(row.kind),
            slug=row.node.slug,
            title=wording.spoken(row.node.zh, row.node.en),
            city=row.city,
            found_at=row.found_at,
            before=row.before_percent,
            now=row.percent,
            runs=row.runs,
        )
        for row in (rows.filter(city=city) if city else rows).order_by("-found_at", "node__code")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Supervision:
    """Open runs as a lead looks at them: halted first, then by how late they are."""

    halted: tuple[RunRow, ...]
    late: tuple[RunRow, ...]
    untaken: tuple[RunRow, ...]
    by_city: tuple[tuple[str, int, int], ...]
    alerts: tuple[AlertRow, ...] = ()


@question
def supervision(*, actor: Actor, at: datetime, city: str = "") -> Supervision:
    """What needs a lead now, at most 200 runs, and how many run where."""
    runs = _open(actor)
    if city:
        runs = runs.filter(city=city)
    picked = runs.filter(
        Q(state=RunState.HALTED) | Q(due_at__lt=at) | Q(state="WAITING", take_by__lt=at)
    )
    rows = rows_of(list(_first(picked, LEAD_LIMIT)), actor, at)
    late = Count("city", filter=Q(due_at__lt=at))
    counted = runs.values("city").annotate(open=Count("*"), late=late)
    return Supervision(
        halted=tuple(r for r in rows if r.state == RunState.HALTED),
        late=tuple(r for r in rows if r.late and r.state != RunState.HALTED),
        untaken=tuple(r for r in rows if not r.late and r.state == RunState.WAITING),
        by_city=tuple(counted.values_list("city", "open", "late").order_by("city")),
        alerts=_alerts(actor, city),
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
