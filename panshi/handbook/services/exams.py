"""Verbs of exams: set, called to, begun, submitted, and the practice that an observer grades."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Final
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from panshi.handbook import book
from panshi.handbook.events import (
    AttemptBegun,
    AttemptsClosed,
    ExamFailed,
    ExamPassed,
    ExamScheduled,
    ExamSet,
    PracticeGraded,
)
from panshi.handbook.models import (
    ATTEMPT_LIFE,
    Attempt,
    AttemptQuestion,
    AttemptState,
    EditionItem,
    Exam,
    Practice,
    Question,
)
from panshi.handbook.rules import papers
from panshi.handbook.services.starting import start_runs
from panshi.kit.clock import add_months, local_day
from panshi.kit.refusals import NotPermitted, Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.people import queries as people
from panshi.people import services as people_services

# What a slow network may cost whoever submits on time.
SLACK: Final = timedelta(minutes=1)
# How long after its end a paper that was handed in without network may still arrive.
UNDERWAY: Final = timedelta(hours=2)
# Theory and practice count together when both are this fresh.
TOGETHER: Final = timedelta(days=90)


class ExamUnfit(Refusal):
    """The terms of an exam do not fit the book: a node, a post, or too few questions."""


class NotYourExam(Refusal):
    pass


class AlreadyCalled(Refusal):
    pass


class AttemptsUsedUp(Refusal):
    """No more attempts in this window; the words say when the next one opens."""


class AttemptOver(Refusal):
    pass


class ObserverNotCertified(Refusal):
    pass


class PracticeUnfit(Refusal):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What was chosen for a question of a paper: places among its options as shown, from 0."""

    question_id: UUID
    chosen: tuple[int, ...]


def _bank(exam_nodes: Mapping[str, int]) -> dict[str, list[Question]]:
    bank: dict[str, list[Question]] = {slug: [] for slug in exam_nodes}
    live = Question.objects.filter(node__slug__in=exam_nodes, retired_by=None)
    for row in live.select_related("node").order_by("id"):
        bank[row.node.slug].append(row)
    return bank


def _fit(
    *,
    post: str,
    nodes: Mapping[str, int],
    questions: int,
    practice: str,
    actor: Actor,
    at: datetime,
) -> None:
    edition = book.book_at(at)
    if edition is None:
        raise ExamUnfit(_("There is no edition in force that an exam could ask about."))
    if edition.org_id != actor.org_id:
        raise NotPermitted(_("Exams are set where the handbook is written."))
    if post not in edition.posts:
        raise ExamUnfit(_("The handbook has no post “%s”.") % post)
    written = set(
        EditionItem.objects.filter(edition_id=edition.id).values_list("node__slug", flat=True)
    )
    missing = sorted({*nodes, *([practice] if practice else [])} - written)
    if missing or not nodes:
        raise ExamUnfit(_("Not written: %(nodes)s.") % {"nodes": ", ".join(missing) or "—"})
    if any(weight < 1 for weight in nodes.values()):
        raise ExamUnfit(_("Each node has a weight of at least 1."))
    there = sum(len(rows) for rows in _bank(nodes).values())
    if there < questions:
        raise ExamUnfit(
            _("These nodes have %(there)d questions; the paper asks %(asked)d.")
            % {"there": there, "asked": questions}
        )


@verb
def set_exam(
    *,
    certificate: str,
    post: str,
    zh: str,
    en: str,
    nodes: Mapping[str, int],
    questions: int,
    actor: Actor,
    at: datetime,
    pass_percent: int = 80,
    attempts: int = 3,
    window_days: int = 30,
    minutes: int = 30,
    valid_months: int = 12,
    practice_slug: str = "",
) -> ExamSet:
    """Say what somebody of a post must pass for a certificate; the same certificate is set anew.

    Papers begun already keep their terms. Raises ExamUnfit.
    """
    actor.must("handbook.set_exam", actor.org_id)
    _fit(post=post, nodes=nodes, questions=questions, practice=practice_slug, actor=actor, at=at)
    if not (1 <= pass_percent <= 100) or min(attempts, window_days, minutes, valid_months) < 1:
        raise ExamUnfit(_("Marks go up to 100 percent, and every term is at least 1."))
    exam, _new = Exam.objects.update_or_create(
        org_id=actor.org_id,
        certificate=certificate,
        defaults={
            "post": post, "zh": zh, "en": en, "nodes": dict(nodes), "questions": questions,
            "pass_percent": pass_percent, "attempts": attempts, "window_days": window_days,
            "minutes": minutes, "valid_months": valid_months, "practice_slug": practice_slug,
            "set_by_id": actor.id,
        },
    )  # fmt: skip
    return ExamSet(
        org_id=actor.org_id, actor_id=actor.id, at=at, exam_id=exam.id, certificate=certificate,
        post=post, questions=questions,
    )  # fmt: skip


@verb
def schedule_exam(
    *, exam_id: UUID, user_id: UUID, due_on: date, actor: Actor, at: datetime
) -> ExamScheduled:
    """Call a member of staff to an exam. Raises AlreadyCalled, NotYourExam (lacks the post)."""
    exam = Exam.objects.get(id=exam_id)
    person = get_user_model().objects.get(id=user_id)
    actor.must("handbook.schedule_exam", person.org_id)
    edition = book.book_at(at)
    if edition is None or not edition.posts[exam.post].holders & set(person.roles):
        raise NotYourExam(_("This exam belongs to another post."))
    open_ = Attempt.objects.filter(
        exam=exam, person_id=user_id, state__in=(AttemptState.SCHEDULED, AttemptState.BEGUN)
    )
    if open_.exists():
        raise AlreadyCalled(_("This person has been called to this exam already."))
    attempt = Attempt.objects.create(
        org_id=person.org_id, exam=exam, person_id=user_id, due_on=due_on, called_by_id=actor.id
    )
    fact = ExamScheduled(
        org_id=person.org_id,
        actor_id=actor.id,
        at=at,
        exam_id=exam.id,
        attempt_id=attempt.id,
        user_id=user_id,
        certificate=exam.certificate,
        post=exam.post,
        due_on=due_on,
    )
    # Facts of this room do not come back to it through the outbox.
    start_runs(facts=(fact,), actor=actor, at=at)
    return fact


def used(exam: Exam, person_id: UUID, at: datetime) -> list[datetime]:
    """When this person began the attempts that count in the window before a moment."""
    rows = Attempt.objects.filter(
        exam=exam, person_id=person_id, began_at__gt=at - timedelta(days=exam.window_days)
    )
    begun = rows.order_by("began_at").values_list("began_at", flat=True)
    return [moment for moment in begun if moment is not None]


def _begun(attempt: Attempt, actor: Actor, at: datetime) -> AttemptBegun:
    if attempt.ends_at is None:
        raise ValueError("an attempt that has begun has an end")
    return AttemptBegun(
        org_id=attempt.org_id,
        actor_id=actor.id,
        at=at,
        exam_id=attempt.exam_id,
        attempt_id=attempt.id,
        user_id=attempt.person_id,
        asked=attempt.asked,
        ends_at=attempt.ends_at,
    )


def _draw(attempt: Attempt, exam: Exam) -> None:
    drawn = papers.draw(_bank(exam.nodes), exam.nodes, exam.questions, attempt.seed)
    random = Random(attempt.seed)
    AttemptQuestion.objects.bulk_create(
        AttemptQuestion(
            org_id=attempt.org_id,
            attempt=attempt,
            question=row,
            position=place,
            shown=papers.mix(len(row.options), row.answer, row.kind, random),
        )
        for place, row in enumerate(drawn)
    )
    attempt.asked = len(drawn)


@verb
def begin_attempt(*, exam_id: UUID, actor: Actor, at: datetime) -> AttemptBegun:
    """Draw one's own paper and let the time run; while it runs, beginning again leads back to it.

    Raises NotYourExam, AttemptsUsedUp.
    """
    exam = Exam.objects.get(id=exam_id)
    actor.must("handbook.begin_attempt", actor.org_id)
    edition = book.book_at(at)
    if edition is None or exam.post not in edition.posts_of(actor):
        raise NotYourExam(_("This exam belongs to another post."))
    mine = Attempt.objects.select_for_update().filter(exam=exam, person_id=actor.id)
    attempt = mine.filter(state__in=(AttemptState.SCHEDULED, AttemptState.BEGUN)).first()
    if attempt is not None and attempt.state == AttemptState.BEGUN:
        if attempt.ends_at is not None and at <= attempt.ends_at:
            return _begun(attempt, actor, at)
        _fail_late(attempt, at)
        attempt = None
    before = used(exam, actor.id, at)
    if len(before) >= exam.attempts:
        again = local_day(before[-exam.attempts] + timedelta(days=exam.window_days))
        raise AttemptsUsedUp(
            _("All %(n)d attempts of %(days)d days are used; the next one opens on %(day)s.")
            % {"n": exam.attempts, "days": exam.window_days, "day": again}
        )
    if attempt is None:
        attempt = Attempt(org_id=actor.org_id, exam=exam, person_id=actor.id)
    attempt.state = ATTEMPT_LIFE.step(attempt.state, AttemptState.BEGUN)
    attempt.edition_id, attempt.seed = edition.id, secrets.randbits(62)
    attempt.began_at, attempt.ends_at = at, at + timedelta(minutes=exam.minutes)
    attempt.save()
    _draw(attempt, exam)
    attempt.save(update_fields=["asked"])
    return _begun(attempt, actor, at)


def _fail_late(attempt: Attempt, at: datetime) -> None:
    attempt.state = ATTEMPT_LIFE.step(attempt.state, AttemptState.FAILED)
    attempt.submitted_at = at
    attempt.save(update_fields=["state", "submitted_at"])


def _late(at: datetime) -> QuerySet[Attempt]:
    return Attempt.objects.filter(state=AttemptState.BEGUN, ends_at__lt=at - UNDERWAY)


def any_late_attempt(at: datetime) -> bool:
    """Whether somebody's time ran out, so that the verb has something to close."""
    return _late(at).exists()


@verb
def close_late_attempts(*, actor: Actor, at: datetime) -> AttemptsClosed:
    """Close the attempts whose time ran out unsubmitted; they are failed."""
    actor.must("handbook.close_late_attempts", actor.org_id)
    closed = []
    for attempt in _late(at).select_for_update().order_by("id"):
        _fail_late(attempt, at)
        closed.append(attempt.id)
    return AttemptsClosed(org_id=actor.org_id, actor_id=actor.id, at=at, attempt_ids=tuple(closed))


def _grade(attempt: Attempt, answers: Sequence[Given]) -> None:
    """Judge every question of a paper; one that was left out is wrong."""
    given = {answer.question_id: answer.chosen for answer in answers}
    rows = list(attempt.questions.select_related("question"))
    for row in rows:
        chosen = [place for place in given.get(row.question_id, ()) if 0 <= place < len(row.shown)]
        own = [row.shown[place] for place in chosen]
        row.chosen = chosen
        row.right = papers.is_right(row.question.kind, row.question.answer, own)
    AttemptQuestion.objects.bulk_update(rows, ["chosen", "right"])
    attempt.right = sum(bool(row.right) for row in rows)
    attempt.safety_missed = sum(row.question.safety and not row.right for row in rows)


@verb
def submit_attempt(
    *,
    attempt_id: UUID,
    answers: Sequence[Given],
    actor: Actor,
    at: datetime,
    done_at: datetime | None = None,
) -> ExamPassed | ExamFailed:
    """Hand in one's own paper; passing grants the certificate, once the practice is seen as well.

    A paper finished without network counts from `done_at`, by our clock, when it arrives within
    two hours of its end; when it arrived is kept beside it. A wrong answer about safety fails
    the paper. Raises NotYourExam, AttemptOver.
    """
    attempt = Attempt.objects.visible_to(actor).select_for_update().get(id=attempt_id)
    actor.must("handbook.submit_attempt", attempt.org_id)
    if attempt.person_id != actor.id:
        raise NotYourExam(_("This paper is somebody else's."))
    if attempt.state != AttemptState.BEGUN or attempt.ends_at is None:
        raise AttemptOver(_("This paper has been handed in already."))
    exam = attempt.exam
    began = attempt.began_at or at
    done = min(max(done_at or at, began), at)
    late = done > attempt.ends_at + SLACK or at > attempt.ends_at + UNDERWAY
    _grade(attempt, () if late else answers)
    passed = papers.passes(
        right=attempt.right,
        asked=attempt.asked,
        percent=exam.pass_percent,
        safety_missed=attempt.safety_missed,
    )
    verdict = AttemptState.PASSED if passed else AttemptState.FAILED
    attempt.state = ATTEMPT_LIFE.step(attempt.state, verdict)
    attempt.submitted_at = done
    attempt.arrived_at = at if at - done > SLACK else None
    attempt.save(update_fields=["state", "submitted_at", "arrived_at", "right", "safety_missed"])
    if passed:
        return ExamPassed(
            org_id=attempt.org_id,
            actor_id=actor.id,
            at=at,
            exam_id=exam.id,
            attempt_id=attempt.id,
            user_id=actor.id,
            certificate=exam.certificate,
            post=exam.post,
            right=attempt.right,
            asked=attempt.asked,
            certified=_certify(exam, actor.id, actor, at),
        )
    return ExamFailed(
        org_id=attempt.org_id,
        actor_id=actor.id,
        at=at,
        exam_id=exam.id,
        attempt_id=attempt.id,
        user_id=actor.id,
        certificate=exam.certificate,
        post=exam.post,
        right=attempt.right,
        asked=attempt.asked,
        safety_missed=attempt.safety_missed,
        attempts_left=max(0, exam.attempts - len(used(exam, actor.id, at))),
        late=late,
    )


def _certify(exam: Exam, person_id: UUID, actor: Actor, at: datetime) -> bool:
    """Grant the certificate when all it rests on is there; whether it was."""
    since = at - TOGETHER
    theory = (
        Attempt.objects.filter(
            exam=exam, person_id=person_id, state=AttemptState.PASSED, submitted_at__gt=since
        )
        .select_related("edition")
        .order_by("-submitted_at")
        .first()
    )
    seen = not exam.practice_slug or (
        exam.practices.filter(person_id=person_id, at__gt=since, passed=True).exists()
    )
    if theory is None or theory.edition is None or not seen:
        return False
    today = local_day(at)
    people_services.grant_certificate(
        user_id=person_id,
        kind=exam.certificate,
        valid_from=today,
        valid_until=add_months(today, exam.valid_months) - timedelta(days=1),
        edition=theory.edition.number,
        actor=actor,
        at=at,
    )
    return True


@verb
def grade_practice(
    *,
    exam_id: UUID,
    user_id: UUID,
    marks: Mapping[str, bool],
    actor: Actor,
    at: datetime,
    note: str = "",
) -> PracticeGraded:
    """Note what one saw of somebody's work, step by step of the exam's node; all must be right.

    Raises PracticeUnfit (no practice in this exam, a step without a mark, one's own work),
    ObserverNotCertified.
    """
    exam = Exam.objects.get(id=exam_id)
    person = get_user_model().objects.get(id=user_id)
    actor.must("handbook.grade_practice", person.org_id)
    edition = book.book_at(at)
    bound = book.bound_node(edition.id, exam.practice_slug) if edition else None
    if bound is None:
        raise PracticeUnfit(_("This exam has no observed practice."))
    if user_id == actor.id:
        raise PracticeUnfit(_("Nobody observes their own work."))
    fit = people.fit_for(
        user_id=actor.id, certificates=(exam.certificate,), on=local_day(at), actor=actor
    )
    if not fit.fit:
        raise ObserverNotCertified(
            _("Only who holds %(kind)s observes this work.") % {"kind": exam.certificate}
        )
    steps = {s.id: s.required for s in bound.procedure.steps}
    if set(marks) != set(steps):
        raise PracticeUnfit(_("Mark every step of the procedure."))
    passed = all(done or not steps[step] for step, done in marks.items())
    practice = Practice.objects.create(
        org_id=person.org_id,
        exam=exam,
        person_id=user_id,
        observer_id=actor.id,
        revision_id=bound.revision_id,
        marks=dict(marks),
        passed=passed,
        note=note,
        at=at,
    )
    return PracticeGraded(
        org_id=person.org_id,
        actor_id=actor.id,
        at=at,
        exam_id=exam.id,
        practice_id=practice.id,
        user_id=user_id,
        certificate=exam.certificate,
        passed=passed,
        certified=passed and _certify(exam, user_id, actor, at),
    )
