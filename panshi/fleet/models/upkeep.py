"""Nouns of the upkeep of standing vehicles: what terminals last said, rules, tasks."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from panshi.fleet.models.vehicles import Vehicle
from panshi.kit.nouns import OwnedModel


class UpkeepKind(models.TextChoices):
    CHECK_CALL = "CHECK_CALL", _("Check call")
    CHARGE = "CHARGE", _("Charge to storage level")
    START = "START", _("Start it, 12 V battery")
    TYRES = "TYRES", _("Tyres, and roll it")
    FULL_CHECK = "FULL_CHECK", _("Full check")
    PREPARE = "PREPARE", _("Charge and wash for its reservation")


class UpkeepState(models.TextChoices):
    OPEN = "OPEN", pgettext_lazy("task", "Open")
    DONE = "DONE", pgettext_lazy("task", "Done")
    VOID = "VOID", pgettext_lazy("task", "No longer needed")


class UpkeepRule(models.Model):
    """When a standing vehicle needs something, and what must show that it was done.

    The figures mean what `rules.upkeep.Rule` says; `due_days` is how long the yard has.
    `confirmed_on` is empty until somebody has held the figures against local practice.
    """

    code = models.CharField(max_length=24, primary_key=True)
    kind = models.CharField(max_length=12, choices=UpkeepKind)
    first_day = models.PositiveSmallIntegerField(null=True)
    every_days = models.PositiveSmallIntegerField(null=True)
    soc_low = models.DecimalField(max_digits=4, decimal_places=1, null=True)
    soc_high = models.DecimalField(max_digits=4, decimal_places=1, null=True)
    drift_days = models.PositiveSmallIntegerField(null=True)
    hours_ahead = models.PositiveSmallIntegerField(null=True)
    target_low = models.DecimalField(max_digits=4, decimal_places=1, null=True)
    target_high = models.DecimalField(max_digits=4, decimal_places=1, null=True)
    least_volts = models.DecimalField(max_digits=4, decimal_places=2, null=True)
    needs_photo = models.BooleanField(default=False)
    due_days = models.PositiveSmallIntegerField(default=1)
    confirmed_on = models.DateField(null=True)
    confirmed_by_id = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_rule_of_upkeep_has_one_cause",
                condition=Q(first_day__isnull=False, drift_days=None, hours_ahead=None)
                | Q(first_day=None, drift_days__isnull=False, hours_ahead=None)
                | Q(first_day=None, drift_days=None, hours_ahead__isnull=False),
            )
        ]


class TerminalLevel(OwnedModel):
    """What a vehicle's terminal last said of it, as a room above told; one row a vehicle.

    `drifted_since` is the day on which its state of charge left the band for standing vehicles;
    `told_days` the days idle that were told last.
    """

    vehicle = models.ForeignKey(Vehicle, on_delete=models.CASCADE, related_name="+")
    soc_pct = models.DecimalField(max_digits=4, decimal_places=1, null=True)
    soc_at = models.DateTimeField(null=True)
    odometer_km = models.DecimalField(max_digits=9, decimal_places=1, null=True)
    odometer_at = models.DateTimeField(null=True)
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    place_at = models.DateTimeField(null=True)
    reserved_from = models.DateTimeField(null=True)
    drifted_since = models.DateField(null=True)
    idle_since = models.DateField(null=True)
    told_days = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_level_of_a_vehicle", fields=["vehicle"]),
        ]


class UpkeepTask(OwnedModel):
    """Something to do at a standing vehicle, finished by evidence; amounts in CNY."""

    vehicle = models.ForeignKey(Vehicle, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=UpkeepKind)
    rule = models.ForeignKey(UpkeepRule, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=4, choices=UpkeepState, default=UpkeepState.OPEN)
    idle_days = models.PositiveSmallIntegerField()
    soc_before = models.DecimalField(max_digits=4, decimal_places=1, null=True)
    opened_at = models.DateTimeField()
    due_on = models.DateField()
    closed_at = models.DateTimeField(null=True)
    closed_by_id = models.UUIDField(null=True)
    soc_pct = models.DecimalField(max_digits=4, decimal_places=1, null=True)
    volts = models.DecimalField(max_digits=4, decimal_places=2, null=True)
    note = models.CharField(max_length=200, blank=True)
    photo = models.ForeignKey(
        "kit.StoredFile", null=True, on_delete=models.PROTECT, related_name="+"
    )
    terminal_pct = models.DecimalField(max_digits=4, decimal_places=1, null=True)
    terminal_at = models.DateTimeField(null=True)
    cost = models.DecimalField(max_digits=10, decimal_places=2, default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_open_task_of_a_kind",
                fields=["vehicle", "kind"],
                condition=Q(state=UpkeepState.OPEN),
            ),
            models.CheckConstraint(
                name="a_closed_task_says_when_and_by_whom",
                condition=Q(state=UpkeepState.OPEN, closed_at=None)
                | Q(closed_at__isnull=False, closed_by_id__isnull=False)
                & Q(closed_at__gte=F("opened_at")),
            ),
            models.CheckConstraint(
                name="an_upkeep_costs_nothing_or_something", condition=Q(cost__gte=0)
            ),
        ]
        indexes = [
            models.Index(
                fields=["org", "due_on"], name="task_by_day", condition=Q(state=UpkeepState.OPEN)
            ),
            models.Index(fields=["vehicle", "kind", "-closed_at"], name="task_by_vehicle"),
        ]
