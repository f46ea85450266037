"""Exams: papers by weight, attempts, time; safety is all or nothing; the certificate at the end."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from panshi.handbook import queries, services
from panshi.handbook.events import ExamFailed, ExamPassed
from panshi.handbook.models import Attempt, AttemptQuestion, AttemptState, Question
from panshi.handbook.rules import figures
from panshi.handbook.services.exams import (
    AlreadyCalled,
    AttemptOver,
    AttemptsUsedUp,
    ExamUnfit,
    NotYourExam,
    ObserverNotCertified,
    PracticeUnfit,
)
from panshi.handbook.tests import make
from panshi.kit.clock import add_months, local_day
from panshi.kit.tenancy import Actor, hq_actor
from panshi.org.models import OrgNode, User
from panshi.org.tests import make as org_make
from panshi.org.tests.window import page, window
from panshi.people import queries as people
from panshi.people.tests import make as people_make
from tests.windows import Window

pytestmark = pytest.mark.usefixtures("in_force")

KIND = "HV_ELECTRICIAN"
NODES = {"insulation-power-down": 2, "insulation-sectioning": 1}


@pytest.fixture
def org() -> OrgNode:
    make.edition()
    return org_make.operator()


def engineer(org: OrgNode, *, certificates: tuple[str, ...] = ()) -> Actor:
    user_id = people_make.engineer(org=org, certificates=certificates)
    return replace(make.person(org, "ENGINEER"), id=user_id)


def exam(
    *,
    certificate: str = KIND,
    nodes: Mapping[str, int] = NODES,
    questions: int = 4,
    post: str = "engineer",
    practice_slug: str = "",
    at: datetime = make.NOON,
) -> UUID:
    return services.set_exam(
        certificate=certificate, post=post, zh="高压上岗", en="High voltage", nodes=nodes,
        questions=questions, pass_percent=75, attempts=2, window_days=30, minutes=20,
        valid_months=12, practice_slug=practice_slug, actor=make.editor(), at=at,
    ).exam_id  # fmt: skip


def given(attempt_id: UUID, right: Callable[[int], bool]) -> list[services.Given]:
    """Answers to a paper: right where told, else nothing."""
    rows = AttemptQuestion.objects.filter(attempt_id=attempt_id).select_related("question")
    return [
        services.Given(
            question_id=row.question_id,
            chosen=tuple(row.shown.index(own) for own in row.question.answer)
            if right(row.position)
            else (),
        )
        for row in rows
    ]


def sit(
    exam_id: UUID,
    actor: Actor,
    right: Callable[[int], bool] = lambda _place: True,
    at: datetime = make.NOON,
) -> ExamPassed | ExamFailed:
    begun = services.begin_attempt(exam_id=exam_id, actor=actor, at=at)
    return services.submit_attempt(
        attempt_id=begun.attempt_id, answers=given(begun.attempt_id, right), actor=actor, at=at
    )


def fit(actor: Actor) -> bool:
    return people.fit_for(
        user_id=actor.id, certificates=(KIND,), on=local_day(make.NOON), actor=actor
    ).fit


def test_a_passed_paper_grants_the_certificate_on_the_edition(org: OrgNode) -> None:
    person, exam_id = engineer(org), exam()
    fact = sit(exam_id, person)
    assert isinstance(fact, ExamPassed)
    assert (fact.right, fact.asked, fact.certified) == (4, 4, True)
    (paper,) = people.certificates(user_ids=[person.id], actor=person)
    today = local_day(make.NOON)
    assert paper.edition == "0.3"
    assert paper.valid_until == add_months(today, 12) - timedelta(days=1)
    assert fit(person)
    (mine,) = queries.my_exams(actor=person, at=make.NOON)
    assert (mine.standing, mine.verdict, mine.attempts_left) == ("HELD", "PASSED", 1)
    (row,) = queries.certified_for(slug=min(NODES), actor=person, at=make.NOON)
    assert (row.exam.id, row.count) == (exam_id, 1)
    assert [(until, how) for _name, until, how in row.people] == [(paper.valid_until, "HELD")]
    assert queries.certified_for(slug="overdue-reminder", actor=person, at=make.NOON) == []


def test_safety_is_all_or_nothing_and_else_the_mark_decides(org: OrgNode) -> None:
    person, exam_id = engineer(org), exam()
    fact = sit(exam_id, person, lambda place: place != 0)  # 75 %, which would do.
    assert isinstance(fact, ExamFailed)
    assert (fact.right, fact.safety_missed, fact.attempts_left) == (3, 1, 1)
    assert not fit(person)

    clerk = replace(make.person(org, "FINANCE"), id=people_make.user(org=org))
    mild_id = exam(certificate="COLLECTION", nodes={"overdue-reminder": 1}, post="collector")
    assert not Question.objects.filter(node__slug="overdue-reminder", safety=True).exists()
    assert isinstance(sit(mild_id, clerk, lambda place: place != 0), ExamPassed)
    assert isinstance(sit(mild_id, clerk, lambda place: place > 1), ExamFailed)


def test_attempts_are_used_up_until_the_window_opens_again(org: OrgNode) -> None:
    person, exam_id = engineer(org), exam()
    papers = set()
    for _time in range(2):
        sit(exam_id, person, lambda _place: False)
        drawn = AttemptQuestion.objects.order_by("-attempt_id", "position")[:4]
        papers.add(tuple((row.question_id, tuple(row.shown)) for row in drawn))
    assert len(papers) == 2
    with pytest.raises(AttemptsUsedUp, match="2027-04-08"):
        services.begin_attempt(exam_id=exam_id, actor=person, at=make.NOON)
    assert isinstance(sit(exam_id, person, at=make.NOON + timedelta(days=31)), ExamPassed)


def test_the_time_runs_out_and_nothing_is_changed_after_handing_in(org: OrgNode) -> None:
    person, exam_id = engineer(org), exam()
    begun = services.begin_attempt(exam_id=exam_id, actor=person, at=make.NOON)
    again = services.begin_attempt(
        exam_id=exam_id, actor=person, at=make.NOON + timedelta(minutes=5)
    )
    assert again.attempt_id == begun.attempt_id
    late = make.NOON + timedelta(minutes=30)
    answers = given(begun.attempt_id, lambda _place: True)
    fact = services.submit_attempt(
        attempt_id=begun.attempt_id, answers=answers, actor=person, at=late
    )
    assert isinstance(fact, ExamFailed)
    assert (fact.late, fact.right) == (True, 0)
    with pytest.raises(AttemptOver):
        services.submit_attempt(attempt_id=begun.attempt_id, answers=answers, actor=person, at=late)
    for rows in (
        Attempt.objects.filter(id=begun.attempt_id),
        AttemptQuestion.objects.filter(attempt_id=begun.attempt_id),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.update(right=True)

    other = engineer(org)
    begun = services.begin_attempt(exam_id=exam_id, actor=other, at=make.NOON)
    closed = services.close_late_attempts(actor=hq_actor(org.id), at=late + timedelta(hours=2))
    assert closed.attempt_ids == (begun.attempt_id,)
    assert Attempt.objects.get(person_id=other.id).state == AttemptState.FAILED


def test_a_paper_finished_without_network_counts_from_when_it_was_handed_in(org: OrgNode) -> None:
    person, exam_id = engineer(org), exam()
    begun = services.begin_attempt(exam_id=exam_id, actor=person, at=make.NOON)
    answers = given(begun.attempt_id, lambda _place: True)
    done, arrived = begun.ends_at - timedelta(minutes=2), begun.ends_at + timedelta(hours=1)
    assert not services.close_late_attempts(actor=hq_actor(org.id), at=arrived).attempt_ids
    fact = services.submit_attempt(
        attempt_id=begun.attempt_id, answers=answers, actor=person, at=arrived, done_at=done
    )
    assert isinstance(fact, ExamPassed)
    row = Attempt.objects.get(id=begun.attempt_id)
    assert (row.submitted_at, row.arrived_at) == (done, arrived)

    other = engineer(org)
    begun = services.begin_attempt(exam_id=exam_id, actor=other, at=make.NOON)
    answers = given(begun.attempt_id, lambda _place: True)
    too_late = begun.ends_at + timedelta(hours=3)
    fact = services.submit_attempt(
        attempt_id=begun.attempt_id, answers=answers, actor=other, at=too_late, done_at=done
    )
    assert isinstance(fact, ExamFailed)
    assert fact.late


def test_a_picture_is_judged_and_does_not_say_what_is_right(org: OrgNode) -> None:
    person = engineer(org)
    exam_id = exam(nodes={"insulation-power-down": 1}, questions=4)
    assert Question.objects.filter(kind="photo", node__slug="insulation-power-down").exists()
    begun = services.begin_attempt(exam_id=exam_id, actor=person, at=make.NOON)
    paper = queries.exam_paper(attempt_id=begun.attempt_id, actor=person)
    (posed,) = [q for q in paper.questions if q.kind == "photo"]
    phone = Window(User.objects.get(id=person.id), language="en")
    shown = page(phone.get(reverse("handbook-attempt", args=[begun.attempt_id])))
    assert figures.drawn(posed.figure) in shown
    assert posed.figure not in shown
    assert 'aria-label="Picture to be judged"' in shown


def test_an_exam_that_the_book_cannot_fill_is_not_set(org: OrgNode) -> None:
    with pytest.raises(ExamUnfit, match="market-notebook"):
        exam(nodes={"market-notebook": 1})
    with pytest.raises(ExamUnfit, match="99"):
        exam(questions=99)
    with pytest.raises(ExamUnfit, match="pilot"):
        exam(post="pilot")


def test_only_the_post_sits_it_sees_its_own_paper_and_is_called_once(org: OrgNode) -> None:
    person, exam_id = engineer(org), exam()
    with pytest.raises(NotYourExam):
        services.begin_attempt(exam_id=exam_id, actor=make.person(org, "SALES"), at=make.NOON)
    begun = services.begin_attempt(exam_id=exam_id, actor=person, at=make.NOON)
    other = engineer(org)
    with pytest.raises(Attempt.DoesNotExist):
        queries.exam_paper(attempt_id=begun.attempt_id, actor=other)
    with pytest.raises(NotYourExam):
        services.submit_attempt(attempt_id=begun.attempt_id, answers=[], actor=other, at=make.NOON)
    running = queries.exam_paper(attempt_id=begun.attempt_id, actor=person)
    assert all(not q.answer and not q.why for q in running.questions)

    boss, due = make.person(org, "TRAINER"), local_day(make.NOON) + timedelta(days=7)

    def call() -> UUID:
        return services.schedule_exam(
            exam_id=exam_id, user_id=other.id, due_on=due, actor=boss, at=make.NOON
        ).attempt_id

    called = call()
    with pytest.raises(AlreadyCalled):
        call()
    (mine,) = queries.my_exams(actor=other, at=make.NOON)
    assert (mine.due_on, mine.running) == (due, False)
    begun = services.begin_attempt(exam_id=exam_id, actor=other, at=make.NOON)
    assert begun.attempt_id == called


def test_theory_and_practice_grant_it_together(org: OrgNode) -> None:
    exam_id = exam(practice_slug="insulation-power-down")
    person, expert = engineer(org), engineer(org, certificates=(KIND,))
    theory = sit(exam_id, person)
    assert isinstance(theory, ExamPassed)
    assert not theory.certified
    sheet = queries.practice_sheet(exam_id=exam_id, actor=expert, at=make.NOON)
    marks = {step: True for step, *_rest in sheet.steps}

    def grade(actor: Actor, marks: dict[str, bool], of: Actor = person) -> bool:
        return services.grade_practice(
            exam_id=exam_id, user_id=of.id, marks=marks, actor=actor, at=make.NOON
        ).certified

    with pytest.raises(ObserverNotCertified):
        grade(engineer(org), marks)
    with pytest.raises(PracticeUnfit):
        grade(expert, marks, of=expert)
    with pytest.raises(PracticeUnfit):
        grade(expert, {})
    assert not grade(expert, {**marks, "volts": False})
    assert not fit(person)
    assert grade(expert, marks)
    assert fit(person)


def test_the_phone_shows_the_paper_and_the_trainer_what_was_missed(org: OrgNode) -> None:
    exam_id = exam()
    phone, desk = window(org, "ENGINEER"), window(org, "TRAINER")
    assert "High voltage" in page(phone.get(reverse("handbook-exams")))
    assert phone.get(reverse("handbook-certificates")).status_code in (403, 409)
    begun = phone.post(reverse("handbook-begin", args=[exam_id]))
    shown = page(phone.get(begun["Location"]))
    assert shown.count("<fieldset") == 4
    attempt = Attempt.objects.get()
    post: dict[str, object] = {}
    for row in AttemptQuestion.objects.filter(attempt=attempt).select_related("question"):
        right = [row.shown.index(own) for own in row.question.answer]
        if row.position == 0:
            continue
        if row.question.kind == "order":
            post |= {f"q-{row.question_id}-{at}": n + 1 for n, at in enumerate(right)}
        else:
            post[f"q-{row.question_id}"] = right
    phone.post(begun["Location"], post)
    over = page(phone.get(begun["Location"]))
    assert "3 of 4 right" in over
    assert "0 holders" in page(desk.get(reverse("handbook-node", args=[min(NODES)])))
    assert desk.get(begun["Location"]).status_code == 200
    results = page(desk.get(reverse("handbook-certificates-of", args=[exam_id])))
    assert "100.0%" in results
    due = local_day(make.NOON).isoformat()
    desk.post(
        reverse("handbook-call", args=[exam_id]),
        {"user_id": str(attempt.person_id), "due_on": due},
    )
    assert Attempt.objects.filter(person_id=attempt.person_id).count() == 2
    assert User.objects.get(id=attempt.person_id).full_name in results


def test_the_terms_are_set_on_a_page_where_the_book_is_written(org: OrgNode) -> None:
    form = {
        "certificate": "COLLECTION", "post": "collector", "zh": "催收", "en": "Collection",
        "nodes": "overdue-reminder 2", "questions": "3", "pass_percent": "80", "attempts": "3",
        "window_days": "30", "minutes": "15", "valid_months": "12",
    }  # fmt: skip
    url = reverse("handbook-new-exam")
    assert window(org, "TRAINER").post(url, form).status_code in (403, 409)
    desk = window(org_make.platform(), "TRAINER")
    assert "not-there" in page_422(desk.post(url, {**form, "nodes": "not-there 1"}))
    made = desk.post(url, form)
    assert made.status_code == 302
    assert "overdue-reminder 2" in page(desk.get(made["Location"].replace(
        "certificates", "exams") + "terms/"))  # fmt: skip


def page_422(answer: object) -> str:
    status, content = getattr(answer, "status_code", 0), getattr(answer, "content", b"")
    assert status == 422
    return str(content.decode())
