"""Nouns of the text: nodes, revisions, editions, cases, search."""

from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Func, Q

from panshi.handbook.models.states import EditionState, RevisionState
from panshi.kit.nouns import OwnedModel


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
    """A set of revisions that comes into force together, perhaps in some cities first.

    On trial it is in force from `pilot_from` in its pilot cities alone, until it is released to
    all or withdrawn.
    """

    number = models.CharField(max_length=20)
    title = models.CharField(max_length=120)
    state = models.CharField(max_length=10, choices=EditionState, default=EditionState.OPEN)
    effective_from = models.DateTimeField(null=True)
    effective_until = models.DateTimeField(null=True)
    pilot_cities = ArrayField(models.CharField(max_length=40), default=list)
    pilot_from = models.DateTimeField(null=True)
    pilot_until = models.DateTimeField(null=True)
    files: "models.JSONField[dict[str, str], dict[str, str]]" = models.JSONField()
    sha256 = models.CharField(max_length=64)
    previous = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    released_by_id = models.UUIDField(null=True)
    note = models.TextField(default="")
    grace_days = models.PositiveSmallIntegerField(default=7)
    withdrawn_why = models.TextField(default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["org", "number"], name="edition_number_once"),
            models.CheckConstraint(
                name="edition_in_force_has_a_start",
                condition=Q(state__in=[EditionState.OPEN, EditionState.FROZEN, EditionState.PILOT])
                | Q(effective_from__isnull=False)
                | Q(state=EditionState.WITHDRAWN, pilot_from__isnull=False),
            ),
            models.CheckConstraint(
                name="edition_on_trial_has_cities_and_a_start",
                condition=~Q(state=EditionState.PILOT)
                | Q(pilot_from__isnull=False) & ~Q(pilot_cities=[]),
            ),
            ExclusionConstraint(
                name="edition_one_on_trial",
                expressions=[
                    (F("org"), RangeOperators.EQUAL),
                    (
                        Func(F("pilot_from"), F("pilot_until"), function="tstzrange"),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=Q(pilot_from__isnull=False),
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


class TextConfirmed(OwnedModel):
    """Somebody read a text in force again, and it still holds; never changed."""

    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="confirmed")
    person_id = models.UUIDField()
    words = models.CharField(max_length=300)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="text_confirmed_says_how_it_was_seen", condition=~Q(words="")
            )
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
    """A person has read a notice, and passed its quiz where it has one."""

    notice = models.ForeignKey(ChangeNotice, on_delete=models.PROTECT, related_name="+")
    quiz = models.ForeignKey(
        "handbook.QuizTry", null=True, on_delete=models.PROTECT, related_name="+"
    )
    person_id = models.UUIDField()
    read_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["notice", "person_id"], name="acknowledged_once_by_a_person"
            )
        ]


class Synonym(OwnedModel):
    """Words that people say for a word of the encyclopedia: of its files, or added by somebody."""

    said = models.CharField(max_length=40)
    meant = ArrayField(models.CharField(max_length=40))
    added_by_id = models.UUIDField(null=True)
    added_at = models.DateTimeField(null=True)

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


class SearchTerm(OwnedModel):
    """In which nodes a term stands, and how much it says of each; written by the database.

    `weights` go with `nodes` one by one; the rarity of the term is not in them.
    """

    term = models.CharField(max_length=40)
    nodes = ArrayField(models.UUIDField())
    weights = ArrayField(models.FloatField())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["term", "org"], name="search_term_once")]


class SearchMiss(OwnedModel):
    """A search that led nowhere."""

    query = models.CharField(max_length=200)
    audience = models.CharField(max_length=10, default="STAFF")
    at = models.DateTimeField()
