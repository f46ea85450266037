"""Nouns of learning: the bank of questions, exams and those who sit them, quizzes on a change."""

from django.db import models
from django.db.models import F, Q

from panshi.handbook.models.states import AttemptState
from panshi.handbook.models.text import Edition, Node, Revision
from panshi.kit.nouns import OwnedModel


class Question(OwnedModel):
    """A question of a node as it may be drawn; one whose step or clause changed is retired.

    `answer` holds positions in `options`, from 0. A question of safety spoils a paper by itself.
    """

    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="questions")
    sha256 = models.CharField(max_length=64)
    kind = models.CharField(max_length=10)
    zh = models.TextField()
    figure = models.CharField(max_length=40, default="")
    options: "models.JSONField[list[str], list[str]]" = models.JSONField()
    answer: "models.JSONField[list[int], list[int]]" = models.JSONField()
    why = models.TextField()
    step_id = models.CharField(max_length=40, blank=True)
    clause = models.PositiveSmallIntegerField(null=True)
    safety = models.BooleanField(default=False)
    added_by = models.ForeignKey(Edition, on_delete=models.PROTECT, related_name="+")
    retired_by = models.ForeignKey(Edition, null=True, on_delete=models.PROTECT, related_name="+")
    retired_why = models.CharField(max_length=12, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["node", "sha256"],
                name="question_drawn_once",
                condition=Q(retired_by=None),
            ),
            models.CheckConstraint(
                name="question_retired_for_a_reason",
                condition=Q(retired_by=None, retired_why="")
                | Q(retired_by__isnull=False) & ~Q(retired_why=""),
            ),
        ]

    @property
    def anchor(self) -> str:
        """The step or clause it is about, as the node's page has it."""
        return f"step-{self.step_id}" if self.step_id else f"clause-{self.clause}"


class Exam(OwnedModel):
    """What somebody of a post must pass for a certificate: nodes by weight, and the terms.

    `nodes` gives each node's weight by its slug; `practice_slug` names the node whose steps an
    observer grades, if any.
    """

    certificate = models.CharField(max_length=40)
    post = models.CharField(max_length=20)
    zh = models.CharField(max_length=80)
    en = models.CharField(max_length=120)
    nodes: "models.JSONField[dict[str, int], dict[str, int]]" = models.JSONField()
    questions = models.PositiveSmallIntegerField()
    pass_percent = models.PositiveSmallIntegerField()
    attempts = models.PositiveSmallIntegerField()
    window_days = models.PositiveSmallIntegerField()
    minutes = models.PositiveSmallIntegerField()
    valid_months = models.PositiveSmallIntegerField()
    practice_slug = models.CharField(max_length=60, blank=True)
    set_by_id = models.UUIDField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["org", "certificate"], name="exam_once"),
            models.CheckConstraint(
                name="exam_asks_something",
                condition=Q(questions__gte=1, attempts__gte=1, window_days__gte=1)
                & Q(minutes__gte=1, valid_months__gte=1),
            ),
            models.CheckConstraint(
                name="exam_can_be_passed", condition=Q(pass_percent__range=(1, 100))
            ),
        ]


class Attempt(OwnedModel):
    """One person's try at an exam: called to it, begun, passed or failed; then never changed.

    `arrived_at` is set when a paper handed in without network reached us only later.
    """

    exam = models.ForeignKey(Exam, on_delete=models.PROTECT, related_name="sat")
    person_id = models.UUIDField()
    state = models.CharField(max_length=10, choices=AttemptState, default=AttemptState.SCHEDULED)
    due_on = models.DateField(null=True)
    called_by_id = models.UUIDField(null=True)
    edition = models.ForeignKey(Edition, null=True, on_delete=models.PROTECT, related_name="+")
    seed = models.BigIntegerField(default=0)
    began_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    submitted_at = models.DateTimeField(null=True)
    arrived_at = models.DateTimeField(null=True)
    asked = models.PositiveSmallIntegerField(default=0)
    right = models.PositiveSmallIntegerField(default=0)
    safety_missed = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["exam", "person_id"],
                name="attempt_one_open",
                condition=Q(state__in=[AttemptState.SCHEDULED, AttemptState.BEGUN]),
            ),
            models.CheckConstraint(
                name="attempt_begun_with_a_paper",
                condition=Q(state=AttemptState.SCHEDULED)
                | Q(edition__isnull=False, began_at__isnull=False, ends_at__isnull=False),
            ),
            models.CheckConstraint(
                name="attempt_right_at_most_asked", condition=Q(right__lte=F("asked"))
            ),
        ]
        indexes = [models.Index(fields=["person_id", "exam"], name="attempt_by_person")]


class AttemptQuestion(OwnedModel):
    """One question of a paper: the order in which its options stood, what was chosen."""

    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="questions")
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="asked")
    position = models.PositiveSmallIntegerField()
    shown: "models.JSONField[list[int], list[int]]" = models.JSONField()
    chosen: "models.JSONField[list[int] | None, list[int] | None]" = models.JSONField(null=True)
    right = models.BooleanField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["attempt", "question"], name="asked_once_a_paper"),
            models.UniqueConstraint(fields=["attempt", "position"], name="one_place_a_question"),
        ]


class Practice(OwnedModel):
    """What an observer saw of a person's work, step by step of a node; never changed."""

    exam = models.ForeignKey(Exam, on_delete=models.PROTECT, related_name="practices")
    person_id = models.UUIDField()
    observer_id = models.UUIDField()
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="+")
    marks: "models.JSONField[dict[str, bool], dict[str, bool]]" = models.JSONField()
    passed = models.BooleanField()
    note = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="practice_seen_by_another", condition=~Q(person_id=F("observer_id"))
            )
        ]


class QuizTry(OwnedModel):
    """One try at the quiz on what an edition changed in a node; never changed."""

    edition = models.ForeignKey(Edition, on_delete=models.PROTECT, related_name="+")
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+")
    person_id = models.UUIDField()
    number = models.PositiveSmallIntegerField()
    asked = models.PositiveSmallIntegerField()
    right = models.PositiveSmallIntegerField()
    chosen: "models.JSONField[list[list[int]], list[list[int]]]" = models.JSONField()
    passed = models.BooleanField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["edition", "node", "person_id", "number"], name="quiz_try_once"
            )
        ]


class Approval(OwnedModel):
    """A reviewer's yes to one text of a node, known by its hash; a changed text needs new ones."""

    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="approvals")
    sha256 = models.CharField(max_length=64)
    person_id = models.UUIDField()
    compliance = models.BooleanField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["revision", "sha256", "person_id"], name="approval_once_a_person"
            )
        ]
