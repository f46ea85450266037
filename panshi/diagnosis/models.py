"""Nouns of diagnosis: findings with their evidence, and what engineers found."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from panshi.kit.nouns import OwnedModel
from panshi.kit.states import Machine


class FindingState(models.TextChoices):
    OPEN = "OPEN", _("Open")
    ACKNOWLEDGED = "ACKNOWLEDGED", _("Acknowledged")
    PLANNED = "PLANNED", pgettext_lazy("finding", "Planned")
    CONFIRMED = "CONFIRMED", pgettext_lazy("finding", "Confirmed")
    REFUTED = "REFUTED", _("Refuted")
    CLEARED = "CLEARED", _("Cleared by itself")
    CLOSED = "CLOSED", _("Closed")


class OutcomeKind(models.TextChoices):
    CONFIRMED = "CONFIRMED", pgettext_lazy("finding", "Confirmed")
    OTHER_CAUSE = "OTHER_CAUSE", _("Another cause")
    NOT_REPRODUCED = "NOT_REPRODUCED", _("Not reproduced")
    NO_ACCESS = "NO_ACCESS", _("No access to the vehicle")


S = FindingState
FINDING_LIFE = Machine(
    {
        S.OPEN: {S.ACKNOWLEDGED, S.PLANNED, S.CLEARED},
        S.ACKNOWLEDGED: {S.PLANNED, S.CLEARED},
        S.PLANNED: {S.CONFIRMED, S.REFUTED},
        S.CONFIRMED: {S.CLOSED},
        S.REFUTED: {S.CLOSED},
    }
)
LIVE_STATES = (S.OPEN, S.ACKNOWLEDGED, S.PLANNED)


class Finding(OwnedModel):
    """Something wrong with a vehicle, with the numbers it rests on."""

    vehicle = models.ForeignKey("fleet.Vehicle", on_delete=models.PROTECT, related_name="+")
    rule = models.CharField(max_length=24)
    group = models.CharField(max_length=16)
    location = models.CharField(max_length=40, blank=True)
    severity = models.PositiveSmallIntegerField()
    sent_level = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=12, choices=FindingState, default=FindingState.OPEN)
    first_at = models.DateTimeField()
    raised_at = models.DateTimeField()
    last_at = models.DateTimeField()
    cleared_at = models.DateTimeField(null=True)
    times = models.PositiveIntegerField(default=1)
    evidence: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField()
    work_order_id = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="finding_open_once_per_vehicle_rule_and_location",
                fields=["vehicle", "rule", "location"],
                condition=Q(state__in=["OPEN", "ACKNOWLEDGED", "PLANNED"]),
            ),
            models.CheckConstraint(
                name="finding_severity_is_1_to_4", condition=Q(severity__range=(1, 4))
            ),
            models.CheckConstraint(
                name="grave_findings_do_not_clear_by_themselves",
                condition=~Q(state="CLEARED") | Q(severity__lte=2),
            ),
        ]
        indexes = [models.Index(fields=["org", "state", "-severity"], name="finding_board")]


class Outcome(OwnedModel):
    """What an engineer found at the vehicle: the measure of every rule."""

    finding = models.ForeignKey(Finding, on_delete=models.PROTECT, related_name="+")
    work_order_id = models.UUIDField()
    outcome = models.CharField(max_length=16, choices=OutcomeKind)
    cause = models.CharField(max_length=120, blank=True)
    note = models.TextField(blank=True)
    engineer_id = models.UUIDField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_outcome_per_finding_and_work_order", fields=["finding", "work_order_id"]
            ),
            models.CheckConstraint(
                name="another_cause_is_named",
                condition=~Q(outcome="OTHER_CAUSE") | ~Q(cause=""),
            ),
        ]
