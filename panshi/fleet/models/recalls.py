"""Nouns of recalls: what a maker calls a vehicle back for, until it was done."""

from django.db import models
from django.db.models import Q

from panshi.fleet.models.vehicles import Vehicle
from panshi.kit.nouns import OwnedModel


class Recall(OwnedModel):
    """One vehicle under one recall of its maker; open until somebody says what was done."""

    vehicle = models.ForeignKey(Vehicle, on_delete=models.PROTECT, related_name="+")
    number = models.CharField(max_length=40)
    words = models.CharField(max_length=200)
    opened_by_id = models.UUIDField()
    opened_at = models.DateTimeField()
    done_by_id = models.UUIDField(null=True)
    done_at = models.DateTimeField(null=True)
    done_words = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_vehicle_is_under_a_recall_once", fields=["vehicle", "number"]
            ),
            models.CheckConstraint(
                name="a_recall_that_is_done_says_by_whom_and_what",
                condition=Q(done_at=None, done_by_id=None, done_words="")
                | Q(done_at__isnull=False, done_by_id__isnull=False) & ~Q(done_words=""),
            ),
        ]
        indexes = [
            models.Index(name="fleet_open_recalls", fields=["vehicle"], condition=Q(done_at=None))
        ]
