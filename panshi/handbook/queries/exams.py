"""Questions about exams: one's own, a paper, who holds what, and what is missed most."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Count, Q

from panshi.handbook import book, wording
from panshi.handbook.models import (
    Attempt,
    AttemptQuestion,
    AttemptState,
    Exam,
    Practice,
    Question,
)
from panshi.handbook.queries.notices import PosedRow
from panshi.handbook.rules import papers
from panshi.kit.clock import local_day
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.org import queries as org
from panshi.people import queries as people
from panshi.people.queries import HeldCertificate

SOON = timedelta(days=60)
STAFF = 2000
_OPEN = (AttemptState.SCHEDULED, AttemptState.BEGUN)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamRow:
    """An exam with its terms."""

    id: UUID
    certificate: str
    title: str
    zh: str
    en: str
    post: str
    nodes: tuple[tuple[str, int], ...]
    questions: int
    pass_percent: int
    attempts: int
    window_days: int
    minutes: int
    valid_months: int
    practice_slug: str

    @property
    def certificate_words(self) -> str:
        """What the certificate is called that it grants."""
        return people.certificate_words([self.certificate])[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class MyExam:
    """An exam of one's post as it stands for oneself.

    `standing` is HELD, SOON (ends within 60 days), SUSPENDED or MISSING; `attempt_id` the paper
    that is open or was last handed in.
    """

    exam: ExamRow
    standing: str
    valid_until: date | None
    due_on: date | None
    running: bool
    attempt_id: UUID | None
    verdict: str
    attempts_left: int
    practice_missing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """One attempt: its questions as they stand, and the answers once it is over."""

    attempt_id: UUID
    exam: ExamRow
    person: str
    mine: bool
    state: str
    began_at: datetime | None
    ends_at: datetime | None
    submitted_at: datetime | None
    arrived_at: datetime | None
    asked: int
    right: int
    safety_missed: int
    questions: tuple[PosedRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HolderRow:
    """Somebody of the exam's post, and how they stand with its certificate."""

    user_id: UUID
    name: str
    org_name: str
    standing: str
    valid_until: date | None
    causes: tuple[str, ...]
    called: date | None
    last_right: int
    last_asked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CertifiedFor:
    """The certificate of an exam that asks about a node, and who holds it: name, until, standing.

    `count` are all who hold it, of whom the first to end are named.
    """

    exam: ExamRow
    people: tuple[tuple[str, date, str], ...]
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionRow:
    """How a question is answered: of `asked` times `missed` were wrong."""

    text: str
    node: str
    slug: str
    anchor: str
    safety: bool
    retired: bool
    asked: int
    missed: int

    @property
    def share(self) -> float:
        return self.missed / self.asked if self.asked else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamPage:
    """One exam for a trainer: who holds it, who lacks it, and the questions missed most."""

    exam: ExamRow
    holders: tuple[HolderRow, ...]
    questions: tuple[QuestionRow, ...]
    live_questions: int
    sat: int
    passed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeSheet:
    """The steps that an observer marks, and those whom they may mark."""

    exam: ExamRow
    node: str
    steps: tuple[tuple[str, str, bool], ...]
    people: tuple[tuple[UUID, str], ...]


def _exam(row: Exam) -> ExamRow:
    return ExamRow(
        id=row.id,
        certificate=row.certificate,
        title=wording.spoken(row.zh, row.en),
        zh=row.zh,
        en=row.en,
        post=row.post,
        nodes=tuple(sorted(row.nodes.items())),
        questions=row.questions,
        pass_percent=row.pass_percent,
        attempts=row.attempts,
        window_days=row.window_days,
        minutes=row.minutes,
        valid_months=row.valid_months,
        practice_slug=row.practice_slug,
    )


def standing(paper: HeldCertificate | None, on: date) -> str:
    """HELD, SOON, SUSPENDED or MISSING, by what somebody holds on a day."""
    if paper is None or paper.valid_until < on or paper.valid_from > on:
        return "MISSING"
    if paper.state == "SUSPENDED":
        return "SUSPENDED"
    return "SOON" if paper.valid_until - on <= SOON else "HELD"


@question
def posts(*, actor: Actor, at: datetime) -> list[tuple[str, str]]:
    """The job posts of the handbook: slug and name."""
    edition = book.book_at(at)
    rows = edition.posts.values() if edition else ()
    return [(post.slug, wording.spoken(post.zh, post.en)) for post in rows]


@question
def exams(*, actor: Actor) -> list[ExamRow]:
    """Every exam that is set, by certificate."""
    return [_exam(row) for row in Exam.objects.order_by("certificate", "id")]


@question
def certified_for(*, slug: str, actor: Actor, at: datetime, limit: int = 8) -> list[CertifiedFor]:
    """Who holds what rests on a node, those to end first before the others."""
    asking = [_exam(row) for row in Exam.objects.filter(nodes__has_key=slug).order_by("id")]
    if not asking:
        return []
    today = local_day(at)
    held = defaultdict(list)
    for paper in people.certificates(kinds=[exam.certificate for exam in asking], actor=actor):
        if (how := standing(paper, today)) != "MISSING":
            held[paper.kind].append((paper.valid_until, paper.user_id, how))
    shown = {kind: sorted(rows)[:limit] for kind, rows in held.items()}
    ids = tuple({user_id for rows in shown.values() for _until, user_id, _how in rows})
    names = org.names_of(user_ids=ids, actor=actor)
    return [
        CertifiedFor(
            exam=exam,
            people=tuple(
                (names.get(user_id, ""), until, how)
                for until, user_id, how in shown.get(exam.certificate, [])
            ),
            count=len(held[exam.certificate]),
        )
        for exam in asking
    ]


def _my_exam(
    row: Exam,
    sat: Sequence[Attempt],
    paper: HeldCertificate | None,
    practised: bool,
    at: datetime,
) -> MyExam:
    open_ = next((a for a in sat if a.state in _OPEN), None)
    over = next((a for a in sat if a.state not in _OPEN), None)
    window = at - timedelta(days=row.window_days)
    spent = sum(a.began_at is not None and a.began_at > window for a in sat)
    running = open_ is not None and open_.ends_at is not None and at <= open_.ends_at
    shown = open_ if running else over
    passed = over is not None and over.state == AttemptState.PASSED
    return MyExam(
        exam=_exam(row),
        standing=standing(paper, local_day(at)),
        valid_until=paper.valid_until if paper else None,
        due_on=open_.due_on if open_ else None,
        running=running,
        attempt_id=shown.id if shown else None,
        verdict=over.state if over else "",
        attempts_left=max(0, row.attempts - spent),
        practice_missing=bool(row.practice_slug) and passed and not practised,
    )


@question
def my_exams(*, actor: Actor, at: datetime) -> list[MyExam]:
    """The exams of one's posts, with what one holds and what is still to be done."""
    edition = book.book_at(at)
    rows = list(Exam.objects.order_by("certificate")) if edition else []
    mine = [r for r in rows if edition and r.post in edition.posts_of(actor)]
    if not mine:
        return []
    held = {c.kind: c for c in people.certificates(user_ids=[actor.id], actor=actor)}
    sat: dict[UUID, list[Attempt]] = defaultdict(list)
    for attempt in Attempt.objects.filter(exam__in=mine, person_id=actor.id).order_by("-id"):
        sat[attempt.exam_id].append(attempt)
    practised = set(
        Practice.objects.filter(person_id=actor.id, passed=True).values_list("exam_id", flat=True)
    )
    return [_my_exam(r, sat[r.id], held.get(r.certificate), r.id in practised, at) for r in mine]


def _posed(row: AttemptQuestion, over: bool) -> PosedRow:
    asked = row.question
    return PosedRow(
        key=str(asked.id),
        kind=asked.kind,
        text=asked.zh,
        options=tuple(asked.options[own] for own in row.shown),
        many=papers.many(asked.kind, asked.answer),
        chosen=tuple(row.chosen or ()) if over else (),
        answer=tuple(row.shown.index(own) for own in asked.answer) if over else (),
        right=row.right if over else None,
        why=asked.why if over else "",
        place=f"{asked.node.slug}#{asked.anchor}" if over else "",
        figure=asked.figure,
    )


@question
def exam_paper(*, attempt_id: UUID, actor: Actor) -> Paper:
    """One attempt: one's own, or, once it is over, anybody's for a trainer.

    Raises Attempt.DoesNotExist for a paper that this person may not see.
    """
    rows = Attempt.objects.visible_to(actor).select_related("exam")
    attempt = rows.exclude(state=AttemptState.SCHEDULED).get(id=attempt_id)
    over, mine = attempt.state not in _OPEN, attempt.person_id == actor.id
    if not mine and not (over and actor.may("handbook.schedule_exam")):
        raise Attempt.DoesNotExist(f"no attempt {attempt_id}")
    asked = attempt.questions.select_related("question__node").order_by("position")
    names = org.names_of(user_ids=(attempt.person_id,), actor=actor)
    return Paper(
        attempt_id=attempt.id,
        exam=_exam(attempt.exam),
        person=names.get(attempt.person_id, ""),
        mine=mine,
        state=attempt.state,
        began_at=attempt.began_at,
        ends_at=attempt.ends_at,
        submitted_at=attempt.submitted_at,
        arrived_at=attempt.arrived_at,
        asked=attempt.asked,
        right=attempt.right,
        safety_missed=attempt.safety_missed,
        questions=tuple(_posed(row, over) for row in asked),
    )


def _of_post(exam: Exam, actor: Actor, at: datetime) -> list[org.StaffRow]:
    edition = book.book_at(at)
    post = edition.posts.get(exam.post) if edition else None
    if post is None:
        return []
    return [s for s in org.staff(actor=actor, limit=STAFF) if post.holders & set(s.roles)]


def _holders(exam: Exam, actor: Actor, at: datetime) -> list[HolderRow]:
    staff = _of_post(exam, actor, at)
    held = {c.user_id: c for c in people.certificates(kinds=[exam.certificate], actor=actor)}
    called: dict[UUID, date | None] = {}
    last: dict[UUID, Attempt] = {}
    for attempt in Attempt.objects.visible_to(actor).filter(exam=exam).order_by("id"):
        if attempt.state in _OPEN:
            called[attempt.person_id] = attempt.due_on
        else:
            last[attempt.person_id] = attempt
    today = local_day(at)
    rows = [
        HolderRow(
            user_id=s.id,
            name=s.full_name,
            org_name=s.org_name,
            standing=standing(held.get(s.id), today),
            valid_until=held[s.id].valid_until if s.id in held else None,
            causes=held[s.id].causes if s.id in held else (),
            called=called.get(s.id),
            last_right=last[s.id].right if s.id in last else 0,
            last_asked=last[s.id].asked if s.id in last else 0,
        )
        for s in staff
    ]
    weight = {"SUSPENDED": 0, "MISSING": 1, "SOON": 2, "HELD": 3}
    return sorted(rows, key=lambda r: (weight[r.standing], r.valid_until or today, r.name))


def _missed(exam: Exam, actor: Actor) -> list[QuestionRow]:
    asked = (
        AttemptQuestion.objects.visible_to(actor)
        .filter(attempt__exam=exam, right__isnull=False)
        .values("question_id")
        .annotate(n=Count("id"), wrong=Count("id", Q(right=False)))
    )
    counts = {row["question_id"]: (row["n"], row["wrong"]) for row in asked}
    rows = Question.objects.filter(id__in=counts).select_related("node")
    found = [
        QuestionRow(
            text=q.zh,
            node=wording.spoken(q.node.zh, q.node.en),
            slug=q.node.slug,
            anchor=q.anchor,
            safety=q.safety,
            retired=q.retired_by_id is not None,
            asked=counts[q.id][0],
            missed=counts[q.id][1],
        )
        for q in rows
    ]
    return sorted(found, key=lambda r: (-r.share, -r.asked, r.text))


@question
def exam_page(*, exam_id: UUID, actor: Actor, at: datetime) -> ExamPage:
    """One exam with those of its post, the worst standing first, and its questions by misses."""
    exam = Exam.objects.get(id=exam_id)
    over = Attempt.objects.visible_to(actor).filter(exam=exam).exclude(state__in=_OPEN)
    return ExamPage(
        exam=_exam(exam),
        holders=tuple(_holders(exam, actor, at)),
        questions=tuple(_missed(exam, actor)),
        live_questions=Question.objects.filter(node__slug__in=exam.nodes, retired_by=None).count(),
        sat=over.count(),
        passed=over.filter(state=AttemptState.PASSED).count(),
    )


@question
def practice_sheet(*, exam_id: UUID, actor: Actor, at: datetime) -> PracticeSheet:
    """What an observer marks: the steps of the exam's node in force, and whom they may mark."""
    exam = Exam.objects.get(id=exam_id)
    edition = book.book_at(at)
    bound = book.bound_node(edition.id, exam.practice_slug) if edition else None
    steps = bound.procedure.steps if bound else ()
    return PracticeSheet(
        exam=_exam(exam),
        node=exam.practice_slug,
        steps=tuple((s.id, wording.spoken(s.zh, s.en), s.required) for s in steps),
        people=tuple((s.id, s.full_name) for s in _of_post(exam, actor, at) if s.id != actor.id),
    )
