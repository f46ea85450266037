"""Nouns of the runs: who did what, when, with which proof."""

from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Func, Q

from panshi.handbook.models.states import OPEN_STATES, DeviationKind, RunState, StepState
from panshi.handbook.models.text import Edition, Node, Revision
from panshi.kit.nouns import OwnedModel


class Run(OwnedModel):
    """One time that a node was called for: by a fact, a schedule or a person."""

    # By node they are found in `run_exactly_once`; a text that has runs is never deleted.
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+", db_index=False)
    revision = models.ForeignKey(
        Revision, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    edition = models.ForeignKey(Edition, on_delete=models.PROTECT, related_name="+")
    city = models.CharField(max_length=40, blank=True)
    subject_type = models.CharField(max_length=40, blank=True)
    subject_id = models.CharField(max_length=60, blank=True)
    work_order_id = models.UUIDField(null=True)
    fact_id = models.UUIDField(null=True)
    fact_name = models.CharField(max_length=80, blank=True)
    fact: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)
    occurrence_key = models.CharField(max_length=160)
    by_hand = models.BooleanField(default=False)
    params: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)
    beside_job = models.BooleanField(default=False)
    reason = models.TextField(default="")
    owner_role = models.CharField(max_length=20)
    roles = ArrayField(models.CharField(max_length=20), default=list)
    owner_id = models.UUIDField(null=True)
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="children")
    state = models.CharField(max_length=8, choices=RunState, default=RunState.WAITING)
    started_at = models.DateTimeField()
    take_by = models.DateTimeField()
    due_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_by_fact_id = models.UUIDField(null=True)
    listens = ArrayField(models.CharField(max_length=300), default=list)
    next_rung = models.SmallIntegerField(default=0)
    next_rung_at = models.DateTimeField(null=True)
    round = models.SmallIntegerField(default=0)
    steps_due = models.SmallIntegerField(default=0)
    steps_done = models.SmallIntegerField(default=0)
    evidence_due = models.SmallIntegerField(default=0)
    evidence_valid = models.SmallIntegerField(default=0)
    job_required = models.SmallIntegerField(default=0)
    job_done = models.SmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["node", "occurrence_key"], name="run_exactly_once"),
            models.CheckConstraint(
                name="run_closed_has_a_moment",
                condition=Q(state__in=[RunState.CLOSED, RunState.VOID], closed_at__isnull=False)
                | ~Q(state__in=[RunState.CLOSED, RunState.VOID]) & Q(closed_at=None),
            ),
        ]
        indexes = [
            # What stands open of some organisations is counted by city.
            models.Index(
                fields=["org", "due_at"],
                include=["city"],
                name="run_open_by_due",
                condition=Q(state__in=OPEN_STATES),
            ),
            # What stands open is counted by node, and read by due over all organisations.
            models.Index(
                fields=["node", "city", "due_at"],
                include=["org"],
                name="run_open_by_node",
                condition=Q(state__in=OPEN_STATES),
            ),
            # What is due first for somebody is found without reading what is due for others.
            models.Index(
                fields=["due_at"],
                include=[
                    "id",
                    "org",
                    "city",
                    "state",
                    "take_by",
                    "owner_id",
                    "owner_role",
                    "roles",
                ],
                name="run_open_due",
                condition=Q(state__in=OPEN_STATES),
            ),
            models.Index(
                fields=["next_rung_at"],
                name="run_next_rung",
                condition=Q(state__in=OPEN_STATES, next_rung_at__isnull=False),
            ),
            models.Index(fields=["org", "subject_type", "subject_id"], name="run_by_subject"),
            models.Index(
                fields=["org", "work_order_id"],
                name="run_by_work_order",
                condition=Q(work_order_id__isnull=False),
            ),
            models.Index(fields=["due_at", "node"], name="run_by_due_day"),
            GinIndex(fields=["listens"], name="run_listens", condition=Q(state__in=OPEN_STATES)),
        ]


class Suppression(OwnedModel):
    """An occurrence that began no run, as one of the same node and subject was open; kept once."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="suppressions")
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+")
    fact_id = models.UUIDField(null=True)
    fact_name = models.CharField(max_length=80, blank=True)
    occurrence_key = models.CharField(max_length=160)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["node", "occurrence_key"], name="suppressed_once")
        ]
        indexes = [models.Index(fields=["run"], name="suppression_by_run")]


class RunStep(OwnedModel):
    """How one step, or one turn of a repeated step, stands in a run."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="steps")
    step_id = models.CharField(max_length=40)
    iteration = models.SmallIntegerField(default=0)
    round = models.SmallIntegerField(default=0)
    superseded = models.BooleanField(default=False)
    required = models.BooleanField()
    state = models.CharField(max_length=14, choices=StepState)
    value: "models.JSONField[Any, Any]" = models.JSONField(null=True)
    result: "models.JSONField[Any, Any]" = models.JSONField(null=True)
    words = models.TextField(default="")
    flagged = models.BooleanField(default=False)
    person_id = models.UUIDField(null=True)
    device_at = models.DateTimeField(null=True)
    server_at = models.DateTimeField(null=True)
    was_offline = models.BooleanField(default=False)
    clock_off_s = models.IntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["run", "step_id", "iteration"],
                name="run_step_once",
                condition=Q(superseded=False),
            )
        ]


class Evidence(OwnedModel):
    """A proof: a value or a file; never changed, only superseded by a later one."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="evidence")
    step_id = models.CharField(max_length=40)
    iteration = models.SmallIntegerField(default=0)
    round = models.SmallIntegerField(default=0)
    kind = models.CharField(max_length=10)
    value = models.TextField(default="")
    file_id = models.UUIDField(null=True)
    sha256 = models.CharField(max_length=64)
    captured_at = models.DateTimeField()
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    person_id = models.UUIDField()
    client_id = models.UUIDField(null=True)
    supersedes = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    valid = models.BooleanField(default=True)
    words = models.TextField(default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["client_id"], name="evidence_client_id_once"),
            models.UniqueConstraint(
                fields=["supersedes"],
                name="evidence_superseded_once",
                condition=Q(supersedes__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["org", "sha256"], name="evidence_by_content"),
            # Leads watch pictures as they come in.
            models.Index(
                fields=["-captured_at", "-id"],
                name="evidence_pictures",
                condition=Q(kind="photo", file_id__isnull=False),
            ),
        ]


class Pause(OwnedModel):
    """The clock of a run stands still; the wait is shown beside the time."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="pauses")
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    waits_for = models.CharField(max_length=10)
    reason = models.TextField()
    person_id = models.UUIDField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["run"], name="pause_open_once", condition=Q(ends_at=None)
            ),
            models.CheckConstraint(
                name="pause_ends_after_it_begins",
                condition=Q(ends_at=None) | Q(ends_at__gte=F("begins_at")),
            ),
            ExclusionConstraint(
                name="pauses_do_not_overlap",
                expressions=[
                    (F("run"), RangeOperators.EQUAL),
                    (
                        Func(F("begins_at"), F("ends_at"), function="tstzrange"),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
        ]


class Deviation(OwnedModel):
    """Something that did not go by the book."""

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="deviations")
    kind = models.CharField(max_length=16, choices=DeviationKind)
    step_id = models.CharField(max_length=40, blank=True)
    weight = models.SmallIntegerField(default=1)
    words = models.TextField(default="")
    at = models.DateTimeField()
    person_id = models.UUIDField()
    second_person_id = models.UUIDField(null=True)
    nonconformity_id = models.UUIDField(null=True)


class Sample(OwnedModel):
    """A lead looked at the evidence of a closed run, once; never changed.

    `struck` are the steps whose evidence does not count any more.
    """

    run = models.OneToOneField(Run, on_delete=models.PROTECT, related_name="sample")
    sampler_id = models.UUIDField()
    convincing = models.BooleanField()
    struck = ArrayField(models.CharField(max_length=40), default=list)
    words = models.CharField(max_length=300, blank=True)
    deviation = models.ForeignKey(Deviation, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="sample_struck_says_why", condition=Q(convincing=True) | ~Q(words="")
            )
        ]


class Escalation(OwnedModel):
    """A rung of the ladder that was climbed."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="escalations")
    rung = models.SmallIntegerField()
    to_role = models.CharField(max_length=20)
    reassigned = models.BooleanField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "rung"], name="rung_climbed_once")]


class AdherenceDay(OwnedModel):
    """The counts of one node, city, edition and day, by the moment runs fell due."""

    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+")
    edition = models.ForeignKey(Edition, on_delete=models.PROTECT, related_name="+")
    city = models.CharField(max_length=40, blank=True)
    day = models.DateField()
    expected = models.IntegerField()
    voided = models.IntegerField()
    by_hand = models.IntegerField()
    closed = models.IntegerField()
    on_time = models.IntegerField()
    steps_due = models.IntegerField()
    steps_done = models.IntegerField()
    evidence_due = models.IntegerField()
    evidence_valid = models.IntegerField()
    first_reported: "models.JSONField[Any, Any]" = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["org", "node", "edition", "city", "day"], name="adherence_day_once"
            )
        ]
        indexes = [models.Index(fields=["day", "node"], name="adherence_by_day")]
