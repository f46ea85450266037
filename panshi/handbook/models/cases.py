"""The noun of what closed work teaches."""

from typing import Any

from django.db import models
from django.db.models import F, Q

from panshi.handbook.models.runs import Run
from panshi.handbook.models.states import CaseSource, CaseState
from panshi.handbook.models.text import Node
from panshi.kit.nouns import OwnedModel


class CasePhoto(OwnedModel):
    """A hand-picked picture of a case: a copy on which a person covered plates and faces.

    `source_id` is the picture of the record, which never leaves it; `boxes` are what was covered,
    as shares of the picture.
    """

    case = models.ForeignKey("Case", on_delete=models.PROTECT, related_name="photos")
    source_id = models.UUIDField()
    file = models.ForeignKey("kit.StoredFile", on_delete=models.PROTECT, related_name="+")
    boxes: "models.JSONField[list[list[float]], list[list[float]]]" = models.JSONField()
    picked_by_id = models.UUIDField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "source_id"], name="case_photo_once")
        ]


class Case(OwnedModel):
    """What a closed run, job or complaint teaches; published only redacted and by a person.

    `draft` is what the record says and stays with those who may see the record; `heads` is the text
    without names, by the five heads.
    """

    node = models.ForeignKey(Node, null=True, on_delete=models.PROTECT, related_name="+")
    run = models.ForeignKey(Run, null=True, on_delete=models.PROTECT, related_name="+")
    source_kind = models.CharField(max_length=10, choices=CaseSource)
    source_id = models.UUIDField()
    step_id = models.CharField(max_length=40, blank=True)
    city = models.CharField(max_length=40, blank=True)
    why: "models.JSONField[list[str], list[str]]" = models.JSONField()
    title = models.CharField(max_length=120)
    draft: "models.JSONField[dict[str, str], dict[str, str]]" = models.JSONField()
    heads: "models.JSONField[dict[str, str], dict[str, str]]" = models.JSONField(default=dict)
    redaction: "models.JSONField[Any, Any]" = models.JSONField(null=True)
    state = models.CharField(max_length=10, choices=CaseState, default=CaseState.PROPOSED)
    proposer_id = models.UUIDField()
    proposed_at = models.DateTimeField()
    redacted_by_id = models.UUIDField(null=True)
    approver_id = models.UUIDField(null=True)
    publisher_id = models.UUIDField(null=True)
    published_at = models.DateTimeField(null=True)
    words = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["org", "source_kind", "source_id"], name="case_once_for_its_source"
            ),
            models.CheckConstraint(
                name="case_published_redacted_by_a_person",
                condition=~Q(state=CaseState.PUBLISHED)
                | Q(
                    redaction__isnull=False,
                    approver_id__isnull=False,
                    publisher_id__isnull=False,
                    published_at__isnull=False,
                )
                & ~Q(publisher_id=F("proposer_id")),
            ),
            models.CheckConstraint(
                name="case_approved_by_another",
                condition=Q(approver_id=None) | ~Q(approver_id=F("redacted_by_id")),
            ),
        ]
        indexes = [models.Index(fields=["org", "state", "proposed_at"], name="case_by_state")]
