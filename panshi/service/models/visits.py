"""Who goes where, when, and why; what was used and done there."""

from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from panshi.kit.nouns import OwnedModel
from panshi.kit.states import Machine
from panshi.service.models.orders import Booking, WorkOrder


class VisitState(models.TextChoices):
    PLANNED = "PLANNED", pgettext_lazy("visit", "Planned")
    PROMISED = "PROMISED", _("Promised")
    COMMITTED = "COMMITTED", _("Committed")
    TRAVELLING = "TRAVELLING", _("On the way")
    ON_SITE = "ON_SITE", _("On site")
    DONE = "DONE", _("Done")
    NOT_DONE = "NOT_DONE", _("Not done")
    CANCELLED = "CANCELLED", _("Cancelled")


# Until the engineer is on the way somebody else may still take it, or at another time.
MOVABLE = (VisitState.PLANNED, VisitState.PROMISED, VisitState.COMMITTED)
VISIT_LIFE = Machine(
    {
        VisitState.PLANNED: {VisitState.PROMISED, VisitState.CANCELLED},
        VisitState.PROMISED: {VisitState.COMMITTED, VisitState.CANCELLED},
        VisitState.COMMITTED: {
            VisitState.TRAVELLING,
            VisitState.PROMISED,
            VisitState.CANCELLED,
        },
        VisitState.TRAVELLING: {VisitState.ON_SITE, VisitState.PROMISED},
        VisitState.ON_SITE: {VisitState.DONE, VisitState.NOT_DONE},
    }
)
ENDED = (VisitState.DONE, VisitState.NOT_DONE, VisitState.CANCELLED)


class Visit(OwnedModel):
    """One drive to a vehicle: promised window, planned time, engineer."""

    order = models.ForeignKey(WorkOrder, null=True, on_delete=models.PROTECT, related_name="visits")
    booking = models.ForeignKey(Booking, null=True, on_delete=models.PROTECT, related_name="visits")
    customer_id = models.UUIDField(null=True)
    city = models.CharField(max_length=40)
    day = models.DateField()
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    minutes = models.PositiveSmallIntegerField()
    crew = models.PositiveSmallIntegerField(default=1)
    engineer_id = models.UUIDField(null=True)
    window_start = models.DateTimeField()
    window_end = models.DateTimeField()
    starts_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    part_source_id = models.UUIDField(null=True)
    state = models.CharField(max_length=10, choices=VisitState, default=VisitState.PLANNED)
    accepted_at = models.DateTimeField(null=True)
    travel_started_at = models.DateTimeField(null=True)
    travel_lon = models.FloatField(null=True)
    travel_lat = models.FloatField(null=True)
    arrived_at = models.DateTimeField(null=True)
    arrived_metres = models.PositiveIntegerField(null=True)
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="visit_belongs_to_something",
                condition=Q(order__isnull=False) | Q(booking__isnull=False),
            ),
            models.CheckConstraint(
                name="planned_time_has_both_ends",
                condition=Q(starts_at=None, ends_at=None) | Q(ends_at__gt=F("starts_at")),
            ),
            models.CheckConstraint(
                name="promised_visit_has_engineer_and_time",
                condition=Q(state__in=[VisitState.PLANNED, VisitState.CANCELLED])
                | Q(engineer_id__isnull=False, starts_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["org", "city", "day"], name="visit_by_city_and_day"),
            models.Index(fields=["engineer_id", "day"], name="visit_by_engineer"),
        ]


class VisitCrew(OwnedModel):
    """An engineer's time on a visit; while it binds, no other visit may overlap it."""

    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="crew_members")
    engineer_id = models.UUIDField()
    leads = models.BooleanField(default=True)
    period = DateTimeRangeField()
    lon = models.FloatField()
    lat = models.FloatField()
    binds = models.BooleanField(default=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="visits_of_an_engineer_never_overlap",
                expressions=[
                    (F("engineer_id"), RangeOperators.EQUAL),
                    (F("period"), RangeOperators.OVERLAPS),
                ],
                condition=Q(binds=True),
            ),
            models.UniqueConstraint(
                name="one_lead_per_visit",
                fields=["visit"],
                condition=Q(binds=True, leads=True),
            ),
        ]


class DayPlan(OwnedModel):
    """A version of a city's day: the routes that changed, who or what made it, its cost."""

    city = models.CharField(max_length=40)
    day = models.DateField()
    version = models.PositiveIntegerField()
    parent = models.PositiveIntegerField()
    cost_s = models.FloatField(default=0)
    engine = models.CharField(max_length=20)
    changed: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="plan_version_once", fields=["org", "city", "day", "version"]
            )
        ]


class PlanEvent(OwnedModel):
    """What happened to a plan and how it was answered: the explanation, kept for good."""

    city = models.CharField(max_length=40)
    day = models.DateField()
    visit = models.ForeignKey(Visit, null=True, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=24)
    payload: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)
    answer: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=0)
    ms = models.FloatField(default=0)
    at = models.DateTimeField()
    by_id = models.UUIDField()

    class Meta:
        indexes = [models.Index(fields=["visit", "at"], name="plan_event_by_visit")]


class PartUsed(OwnedModel):
    """A part built in on a visit; it equals a stock movement to the customer."""

    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="parts_used")
    item_code = models.CharField(max_length=40)
    lot = models.CharField(max_length=40, blank=True)
    serial = models.CharField(max_length=60, blank=True)
    quantity = models.PositiveIntegerField()
    movement_id = models.UUIDField(unique=True)
    at = models.DateTimeField()
    by_id = models.UUIDField()

    class Meta:
        constraints = [models.CheckConstraint(name="part_used_counts", condition=Q(quantity__gt=0))]


class Labour(OwnedModel):
    """Working minutes of one person on a visit."""

    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="labour")
    user_id = models.UUIDField()
    minutes = models.PositiveSmallIntegerField()
    words = models.CharField(max_length=120, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="labour_within_a_day", condition=Q(minutes__range=(1, 1440))
            )
        ]
