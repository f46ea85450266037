"""Pages of learning: a change and its quiz, one's exams, a paper, who holds which certificate."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from panshi.handbook import queries, quizzes, services
from panshi.handbook.models import AttemptState
from panshi.handbook.queries.exams import ExamRow
from panshi.handbook.queries.notices import PosedRow
from panshi.handbook.rules.differences import runs_of_text
from panshi.handbook.rules.papers import ORDER
from panshi.handbook.services.exams import ExamUnfit, PracticeUnfit
from panshi.kit.clock import local_day
from panshi.kit.forms import Field, Form
from panshi.kit.records import Tile
from panshi.kit.web import Request, needs

TRAINER: Final = "handbook.schedule_exam"
STANDINGS: Final = {
    "HELD": (lazy("In force"), "ok"),
    "SOON": (lazy("Ends soon"), "warn"),
    "SUSPENDED": (lazy("Suspended"), "bad"),
    "MISSING": (lazy("Missing"), "bad"),
}
VERDICTS: Final = {"PASSED": "ok", "FAILED": "bad", "BEGUN": "info"}
GRAVITIES: Final = {
    "grave": (lazy("Grave"), "bad"),
    "working": (lazy("Changes the work"), "warn"),
    "editorial": (lazy("Wording"), "idle"),
}


def chosen(post: QueryDict, question: PosedRow) -> list[int]:
    """What was chosen for a question: places as shown; an order by the ranks that were given."""
    if question.kind != ORDER:
        given = post.getlist(f"q-{question.key}")
        return [int(place) for place in given if place.isdigit()]
    ranks = {
        place: post.get(f"q-{question.key}-{place}", "") for place in range(len(question.options))
    }
    if sorted(ranks.values()) != sorted(str(n + 1) for n in ranks):
        return []
    return sorted(ranks, key=lambda place: int(ranks[place]))


def shown(changes: Sequence[Any]) -> list[dict[str, Any]]:
    """Changes as a page draws them: gravity in words, the difference by character runs."""
    return [
        {
            "change": change,
            "words": GRAVITIES[change.gravity][0],
            "tone": GRAVITIES[change.gravity][1],
            "what": quizzes.change_words(change),
            "runs": runs_of_text(change.before, change.after),
        }
        for change in changes
    ]


@require_http_methods(["GET", "POST"])
@needs("handbook.acknowledge_notice")
def notice(request: Request, notice_id: UUID) -> HttpResponse:
    """What an edition changed in a node, and the quiz on it; a wording is only read."""
    at = timezone.now()
    page = queries.notice_page(notice_id=notice_id, actor=request.actor, at=at)
    if request.method == "POST":
        if not page.quiz:
            services.acknowledge_notice(notice_id=notice_id, actor=request.actor, at=at)
            return redirect("handbook-inbox")
        fact = services.submit_change_quiz(
            notice_id=notice_id,
            number=int(request.POST.get("number") or 0),
            chosen=[chosen(request.POST, question) for question in page.quiz],
            actor=request.actor,
            at=at,
        )
        if fact.passed:
            messages.success(request, _("All right. You have acknowledged the change."))
            return redirect("handbook-inbox")
        messages.warning(
            request,
            _("%(right)d of %(asked)d are right. Read the change again; the next quiz is another.")
            % {"right": fact.right, "asked": fact.asked},
        )
        return redirect("handbook-acknowledge", notice_id)
    context = {
        "page": page,
        "changes": shown(page.changes),
        "gravity": GRAVITIES[page.row.gravity],
        "late": page.row.due_at < at,
    }
    return render(request, "handbook/notice.html", context)


@require_GET
@needs("handbook.begin_attempt")
def exams(request: Request) -> HttpResponse:
    """One's own exams: what one holds, what is due, and the way to the paper."""
    rows = queries.my_exams(actor=request.actor, at=timezone.now())
    context = {
        "exams": [(row, *STANDINGS[row.standing]) for row in rows],
        "trainer": request.actor.may(TRAINER),
        "observer": request.actor.may("handbook.grade_practice"),
    }
    return render(request, "handbook/exams.html", context)


@require_POST
def begin(request: Request, exam_id: UUID) -> HttpResponse:
    fact = services.begin_attempt(exam_id=exam_id, actor=request.actor, at=timezone.now())
    return redirect("handbook-attempt", fact.attempt_id)


def _finished(post: QueryDict, at: datetime) -> datetime | None:
    """When the phone says that the paper was finished, put right by how wrong its clock is."""
    moments = [parse_datetime(post.get(name, "")) for name in ("done_at", "now")]
    done, now = (m if m is not None and m.tzinfo is not None else None for m in moments)
    return None if done is None or now is None else done + (at - now)


@require_http_methods(["GET", "POST"])
@needs("handbook.view")
def attempt(request: Request, attempt_id: UUID) -> HttpResponse:
    """A paper to be answered, or, once handed in, what was right and why."""
    paper = queries.exam_paper(attempt_id=attempt_id, actor=request.actor)
    if request.method == "POST":
        answers = [
            services.Given(question_id=UUID(q.key), chosen=tuple(chosen(request.POST, q)))
            for q in paper.questions
        ]
        at = timezone.now()
        services.submit_attempt(
            attempt_id=attempt_id,
            answers=answers,
            actor=request.actor,
            at=at,
            done_at=_finished(request.POST, at),
        )
        return redirect("handbook-attempt", attempt_id)
    state = AttemptState(paper.state)
    context = {
        "paper": paper,
        "state": state,
        "tone": VERDICTS[state],
        "open": state == AttemptState.BEGUN,
        "late": bool(paper.ends_at and paper.ends_at < timezone.now()),
    }
    return render(request, "handbook/attempt.html", context)


@require_GET
@needs(TRAINER)
def certificates(request: Request, exam_id: UUID | None = None) -> HttpResponse:
    """Who holds, lacks or is about to lose which certificate, and the questions missed most."""
    at = timezone.now()
    every = queries.exams(actor=request.actor)
    picked = exam_id or (every[0].id if every else None)
    context: dict[str, Any] = {
        "exams": every,
        "picked": picked,
        "today": local_day(at),
        "writer": request.actor.may("handbook.set_exam")
        and queries.writes_here(actor=request.actor, at=at),
    }
    if picked is not None:
        page = queries.exam_page(exam_id=picked, actor=request.actor, at=at)
        standing = [holder.standing for holder in page.holders]
        context |= {
            "page": page,
            "holders": [(row, *STANDINGS[row.standing]) for row in page.holders],
            "tiles": [
                *(
                    Tile(label=words, value=standing.count(code), kind="number", tone=tone)
                    for code, (words, tone) in STANDINGS.items()
                ),
                Tile(
                    label=lazy("Papers passed"),
                    value=page.passed / page.sat if page.sat else None,
                    kind="percent",
                    hint=_("of %(n)d") % {"n": page.sat},
                ),
            ],
        }
    return render(request, "handbook/certificates.html", context)


@require_POST
def call(request: Request, exam_id: UUID) -> HttpResponse:
    """Call somebody to an exam by a day."""
    form = Form(fields=[Field(name="user_id", kind="id"), Field(name="due_on", kind="day")]).read(
        request.POST
    )
    if form.ok:
        form.call(request, services.schedule_exam, exam_id=exam_id, at=timezone.now())
        messages.success(request, _("Called to the exam."))
    else:
        messages.warning(request, _("Say by which day."))
    return redirect("handbook-certificates-of", exam_id)


NUMBERS: Final = (
    ("questions", lazy("Questions of a paper"), "", 10),
    ("pass_percent", lazy("Pass mark"), "%", 80),
    ("attempts", lazy("Attempts"), "", 3),
    ("window_days", lazy("within so many days"), lazy("days"), 30),
    ("minutes", lazy("Time"), lazy("minutes"), 30),
    ("valid_months", lazy("The certificate lasts"), lazy("months"), 12),
)


def _terms_form(posts: Sequence[tuple[str, str]]) -> Form:
    return Form(
        fields=[
            Field(name="certificate", label=lazy("Certificate"), kind="mono", longest=40),
            Field(name="post", label=lazy("Job post"), kind="choice", choices=posts),
            Field(name="zh", label=lazy("Chinese name"), longest=80),
            Field(name="en", label=lazy("English name"), longest=120),
            Field(
                name="nodes",
                label=lazy("Nodes and weights"),
                kind="area",
                help=lazy("One node a line: its slug, a space, its weight."),
            ),
            *(
                Field(name=name, label=label, kind="whole", unit=unit, least=1)
                for name, label, unit, _least in NUMBERS
            ),
            Field(
                name="practice_slug",
                label=lazy("Observed practice on the steps of"),
                kind="mono",
                required=False,
                help=lazy("The slug of a node; empty when theory is enough."),
            ),
        ]
    )


def _weights(text: str) -> dict[str, int]:
    """Slugs and weights, one a line; raises ValueError."""
    rows = (line.split() for line in text.splitlines() if line.strip())
    return {row[0]: int(row[1]) if len(row) > 1 else 1 for row in rows}


def _initial(exam: ExamRow | None) -> dict[str, Any]:
    if exam is None:
        return {name: first for name, _label, _unit, first in NUMBERS}
    return {
        "certificate": exam.certificate, "post": exam.post, "zh": exam.zh, "en": exam.en,
        "nodes": "\n".join(f"{slug} {weight}" for slug, weight in exam.nodes),
        "practice_slug": exam.practice_slug,
        **{name: getattr(exam, name) for name, _label, _unit, _first in NUMBERS},
    }  # fmt: skip


@require_http_methods(["GET", "POST"])
@needs("handbook.set_exam")
def terms(request: Request, exam_id: UUID | None = None) -> HttpResponse:
    """The terms of an exam: nodes by weight, pass mark, attempts, time, how long it lasts."""
    at = timezone.now()
    form = _terms_form(queries.posts(at=at, actor=request.actor))
    if request.method == "GET":
        every = queries.exams(actor=request.actor)
        exam = next((e for e in every if e.id == exam_id), None)
        return form.blank(**_initial(exam)).respond(request, "handbook/terms.html")
    reading = form.read(request.POST)
    if reading.ok:
        try:
            reading.values["nodes"] = _weights(reading.values["nodes"])
        except ValueError:
            reading.refuse("nodes", _("Write one node a line: its slug, a space, its weight."))
    if reading.ok:
        try:
            fact = reading.call(request, services.set_exam, at=at)
            return redirect("handbook-certificates-of", fact["exam_id"])
        except ExamUnfit as refusal:
            reading.refuse("nodes", refusal.words)
    return reading.respond(request, "handbook/terms.html")


@require_http_methods(["GET", "POST"])
@needs("handbook.grade_practice")
def practice(request: Request, exam_id: UUID) -> HttpResponse:
    """Mark what one saw of somebody's work, step by step."""
    at = timezone.now()
    sheet = queries.practice_sheet(exam_id=exam_id, actor=request.actor, at=at)
    if request.method == "POST":
        marks = {step: request.POST.get(f"step-{step}") == "yes" for step, *_rest in sheet.steps}
        person = next(
            (p for p, _name in sheet.people if str(p) == request.POST.get("user_id")), None
        )
        if person is None:
            raise PracticeUnfit(_("Choose whom you observed."))
        fact = services.grade_practice(
            exam_id=exam_id,
            user_id=person,
            marks=marks,
            note=request.POST.get("note", ""),
            actor=request.actor,
            at=at,
        )
        words = _("Kept: passed.") if fact.passed else _("Kept: not passed yet.")
        messages.success(request, words)
        return redirect("handbook-exams")
    return render(request, "handbook/practice.html", {"sheet": sheet})


urlpatterns = [
    path("handbook/notices/<uuid:notice_id>/", notice, name="handbook-acknowledge"),
    path("handbook/exams/", exams, name="handbook-exams"),
    path("handbook/exams/new/", terms, name="handbook-new-exam"),
    path("handbook/exams/<uuid:exam_id>/begin/", begin, name="handbook-begin"),
    path("handbook/exams/<uuid:exam_id>/terms/", terms, name="handbook-terms"),
    path("handbook/exams/<uuid:exam_id>/call/", call, name="handbook-call"),
    path("handbook/exams/<uuid:exam_id>/practice/", practice, name="handbook-practice"),
    path("handbook/attempts/<uuid:attempt_id>/", attempt, name="handbook-attempt"),
    path("handbook/certificates/", certificates, name="handbook-certificates"),
    path("handbook/certificates/<uuid:exam_id>/", certificates, name="handbook-certificates-of"),
]
