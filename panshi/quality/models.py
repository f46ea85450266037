"""Nouns of quality: what did not conform, and what was done about it."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from panshi.kit.nouns import OwnedModel
from panshi.kit.states import Machine


class NonconformityState(models.TextChoices):
    OPEN = "OPEN", _("Open")
    CLOSED = "CLOSED", _("Closed")


class Grade(models.TextChoices):
    MINOR = "MINOR", _("Minor")
    MAJOR = "MAJOR", _("Major")
    CRITICAL = "CRITICAL", _("Critical")


NONCONFORMITY_LIFE = Machine({NonconformityState.OPEN: {NonconformityState.CLOSED}})


class Nonconformity(OwnedModel):
    """Something that broke a rule, found by a person or by a run of the handbook."""

    number = models.CharField(max_length=24)
    source_kind = models.CharField(max_length=30)
    source_id = models.UUIDField()
    node_slug = models.CharField(max_length=60, blank=True)
    city = models.CharField(max_length=40, blank=True)
    grade = models.CharField(max_length=8, choices=Grade)
    words = models.TextField()
    state = models.CharField(
        max_length=8, choices=NonconformityState, default=NonconformityState.OPEN
    )
    opened_at = models.DateTimeField()
    cause = models.TextField(default="")
    correction = models.TextField(default="")
    closed_at = models.DateTimeField(null=True)
    closed_by_id = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["org", "source_kind", "source_id"], name="nonconformity_once_per_source"
            ),
            models.UniqueConstraint(fields=["org", "number"], name="nonconformity_number_once"),
            models.CheckConstraint(
                name="nonconformity_closed_says_why",
                condition=Q(state=NonconformityState.OPEN, closed_at=None)
                | Q(state=NonconformityState.CLOSED, closed_at__isnull=False)
                & ~Q(cause="")
                & ~Q(correction=""),
            ),
        ]
        indexes = [models.Index(fields=["org", "state", "-opened_at"], name="nonconformity_list")]
