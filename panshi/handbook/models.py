"""Nouns of the encyclopedia: its text in editions, and the runs that follow it.

Content belongs to the org that wrote it, mostly the platform; what HQ wrote is read by all.
"""

from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from panshi.kit.nouns import OwnedModel
from panshi.kit.states import Machine


class RevisionState(models.TextChoices):
    DRAFT = "DRAFT", _("Draft")
    IN_REVIEW = "IN_REVIEW", _("In review")
    APPROVED = "APPROVED", _("Approved")


class EditionState(models.TextChoices):
    OPEN = "OPEN", _("Open")
    FROZEN = "FROZEN", _("Frozen")
    RELEASED = "RELEASED", _("Released")
    SUPERSEDED = "SUPERSEDED", _("Superseded")


class RunState(models.TextChoices):
    WAITING = "WAITING", _("Waiting")
    TAKEN = "TAKEN", _("In hand")
    HALTED = "HALTED", _("Halted")
    PAUSED = "PAUSED", _("Paused")
    CLOSED = "CLOSED", _("Closed")
    VOID = "VOID", _("Void")


class StepState(models.TextChoices):
    OPEN = "OPEN", _("Open")
    REFUSED = "REFUSED", _("Refused by the system")
    DONE = "DONE", _("Done")
    SKIPPED = "SKIPPED", _("Skipped")
    NOT_APPLICABLE = "NOT_APPLICABLE", _("Not applicable")


class DeviationKind(models.TextChoices):
    MISSED = "MISSED", _("Missed")
    LATE = "LATE", _("Late")
    SKIPPED = "SKIPPED", _("Step skipped")
    HALTED = "HALTED", _("Halted")
    OVERRIDDEN = "OVERRIDDEN", _("Halt overridden")
    EVIDENCE_INVALID = "EVIDENCE_INVALID", _("Evidence in doubt")


class CaseState(models.TextChoices):
    PROPOSED = "PROPOSED", _("Proposed")
    REDACTED = "REDACTED", _("Redacted")
    APPROVED = "APPROVED", _("Approved")
    PUBLISHED = "PUBLISHED", _("Published")


REVISION_LIFE = Machine(
    {
        RevisionState.DRAFT: {RevisionState.IN_REVIEW},
        RevisionState.IN_REVIEW: {RevisionState.DRAFT, RevisionState.APPROVED},
    }
)
EDITION_LIFE = Machine(
    {
        EditionState.OPEN: {EditionState.FROZEN},
        EditionState.FROZEN: {EditionState.RELEASED},
        EditionState.RELEASED: {EditionState.SUPERSEDED},
    }
)
_LIVE = {RunState.HALTED, RunState.PAUSED, RunState.CLOSED, RunState.VOID}
RUN_LIFE = Machine(
    {
        RunState.WAITING: {RunState.TAKEN, *_LIVE},
        RunState.TAKEN: {*_LIVE},
        RunState.HALTED: {RunState.TAKEN, RunState.CLOSED, RunState.VOID},
        RunState.PAUSED: {RunState.TAKEN, RunState.CLOSED, RunState.VOID},
    }
)
CASE_LIFE = Machine(
    {
        CaseState.PROPOSED: {CaseState.REDACTED},
        CaseState.REDACTED: {CaseState.APPROVED},
        CaseState.APPROVED: {CaseState.PUBLISHED},
    }
)
OPEN_STATES = (RunState.WAITING, RunState.TAKEN, RunState.HALTED, RunState.PAUSED)


class Node(OwnedModel):
    """One thing the company does, by a slug that never changes."""

    slug = models.CharField(max_length=60)
    code = models.CharField(max_length=12)
    line = models.CharField(max_length=2)
    category = models.CharField(max_length=4)
    level = models.SmallIntegerField()
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="children")
    position = models.SmallIntegerField()
    zh = models.CharField(max_length=80)
    en = models.CharField(max_length=120)
    owner_role = models.CharField(max_length=20)
    trigger: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField()
    kpi: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField()
    retired_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["org", "slug"], name="node_slug_once"),
            models.UniqueConstraint(fields=["org", "code"], name="node_code_once"),
            models.CheckConstraint(
                name="node_has_two_levels",
                condition=Q(level=1, parent=None) | Q(level=2, parent__isnull=False),
            ),
        ]


class Revision(OwnedModel):
    """One text of one node with its procedure; frozen once approved."""

    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=RevisionState, default=RevisionState.DRAFT)
    folder = models.CharField(max_length=90)
    files: "models.JSONField[dict[str, str], dict[str, str]]" = models.JSONField()
    sha256 = models.CharField(max_length=64)
    summary_en = models.TextField()
    trigger_event = models.CharField(max_length=80, blank=True)
    hears = ArrayField(models.CharField(max_length=200), default=list)
    author_id = models.UUIDField()
    approver_id = models.UUIDField(null=True)
    approved_at = models.DateTimeField(null=True)
    review_words = models.TextField(default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["node", "number"], name="revision_number_once"),
            models.UniqueConstraint(
                fields=["node", "sha256"],
                name="revision_content_once",
                condition=Q(state=RevisionState.APPROVED),
            ),
            models.CheckConstraint(
                name="revision_approved_by_another",
                condition=~Q(state=RevisionState.APPROVED)
                | Q(approver_id__isnull=False, approved_at__isnull=False)
                & ~Q(approver_id=F("author_id")),
            ),
        ]
        indexes = [models.Index(fields=["trigger_event"], name="revision_by_event")]


class Step(OwnedModel):
    """A step as the database needs to know it: what must be proved before a run closes."""

    revision = models.ForeignKey(Revision, on_delete=models.CASCADE, related_name="steps")
    step_id = models.CharField(max_length=40)
    position = models.SmallIntegerField()
    zh = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, blank=True)
    role = models.CharField(max_length=20, blank=True)
    required = models.BooleanField()
    conditional = models.BooleanField()
    repeated = models.BooleanField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["revision", "step_id"], name="step_id_once")]


class Edition(OwnedModel):
    """A set of revisions that comes into force together."""

    number = models.CharField(max_length=20)
    title = models.CharField(max_length=120)
    state = models.CharField(max_length=10, choices=EditionState, default=EditionState.OPEN)
    effective_from = models.DateTimeField(null=True)
    effective_until = models.DateTimeField(null=True)
    files: "models.JSONField[dict[str, str], dict[str, str]]" = models.JSONField()
    sha256 = models.CharField(max_length=64)
    common_terms = ArrayField(models.CharField(max_length=20), default=list)
    previous = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    released_by_id = models.UUIDField(null=True)
    note = models.TextField(default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["org", "number"], name="edition_number_once"),
            models.CheckConstraint(
                name="edition_in_force_has_a_start",
                condition=Q(state__in=[EditionState.OPEN, EditionState.FROZEN])
                | Q(effective_from__isnull=False),
            ),
            ExclusionConstraint(
                name="edition_one_in_force",
                expressions=[
                    (F("org"), RangeOperators.EQUAL),
                    (
                        Func(F("effective_from"), F("effective_until"), function="tstzrange"),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=Q(state__in=[EditionState.RELEASED, EditionState.SUPERSEDED]),
            ),
        ]


class EditionItem(OwnedModel):
    """Which revision of a node an edition holds."""

    edition = models.ForeignKey(Edition, on_delete=models.CASCADE, related_name="items")
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["edition", "node"], name="edition_holds_a_node_once")
        ]


class ChangeNotice(OwnedModel):
    """What a role must know of an edition: one node, how it changed, how grave that is."""

    edition = models.ForeignKey(Edition, on_delete=models.CASCADE, related_name="notices")
    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=20)
    gravity = models.CharField(max_length=10)
    changes: "models.JSONField[list[str], list[str]]" = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["edition", "node", "role"], name="notice_once")
        ]


class Acknowledgement(OwnedModel):
    """A person has read a notice."""

    notice = models.ForeignKey(ChangeNotice, on_delete=models.PROTECT, related_name="+")
    person_id = models.UUIDField()
    read_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["notice", "person_id"], name="acknowledged_once_by_a_person"
            )
        ]


class Run(OwnedModel):
    """One time that a node was called for: by a fact, a schedule or a person."""

    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="+")
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
            models.Index(
                fields=["org", "due_at"],
                name="run_open_by_due",
                condition=Q(state__in=OPEN_STATES),
            ),
            models.Index(
                fields=["next_rung_at"],
                name="run_next_rung",
                condition=Q(state__in=OPEN_STATES, next_rung_at__isnull=False),
            ),
            models.Index(fields=["org", "subject_type", "subject_id"], name="run_by_subject"),
            models.Index(fields=["org", "work_order_id"], name="run_by_work_order"),
            models.Index(fields=["due_at", "node"], name="run_by_due_day"),
            GinIndex(fields=["listens"], name="run_listens"),
        ]


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
        indexes = [models.Index(fields=["org", "sha256"], name="evidence_by_content")]


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


class Case(OwnedModel):
    """What a closed run teaches, published only redacted and by a person."""

    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="+")
    run = models.ForeignKey(Run, null=True, on_delete=models.PROTECT, related_name="+")
    step_id = models.CharField(max_length=40, blank=True)
    why = models.CharField(max_length=80)
    title = models.CharField(max_length=120)
    text = models.TextField()
    redaction: "models.JSONField[list[str] | None, list[str] | None]" = models.JSONField(null=True)
    state = models.CharField(max_length=10, choices=CaseState, default=CaseState.PROPOSED)
    approver_id = models.UUIDField(null=True)
    published_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["run"], name="case_once_per_run", condition=Q(run__isnull=False)
            ),
            models.CheckConstraint(
                name="case_published_redacted_by_a_person",
                condition=~Q(state=CaseState.PUBLISHED)
                | Q(redaction__isnull=False, approver_id__isnull=False, published_at__isnull=False),
            ),
        ]


class Synonym(OwnedModel):
    """Words that people say for a word of the encyclopedia."""

    said = models.CharField(max_length=40)
    meant = ArrayField(models.CharField(max_length=40))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["org", "said"], name="synonym_once")]


class SearchDocument(OwnedModel):
    """One findable part of a node: its text, a clause, a step or a case."""

    node = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=8)
    anchor = models.CharField(max_length=60, blank=True)
    title = models.CharField(max_length=200)
    text = models.TextField()
    terms = SearchVectorField()

    class Meta:
        indexes = [GinIndex(fields=["terms"], name="search_terms")]


class SearchMiss(OwnedModel):
    """A search that led nowhere."""

    query = models.CharField(max_length=200)
    audience = models.CharField(max_length=10, default="STAFF")
    at = models.DateTimeField()
