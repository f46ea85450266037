"""What a vehicle costs beside its depreciation: energy, insurance, repairs and the like."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from panshi.kit.nouns import OwnedModel


class CostKind(models.TextChoices):
    ENERGY = "ENERGY", _("Energy")
    INSURANCE = "INSURANCE", _("Insurance")
    MAINTENANCE = "MAINTENANCE", _("Upkeep and repair")
    OTHER = "OTHER", pgettext_lazy("cost", "Other")
    ACCIDENT_REPAIR = "ACCIDENT_REPAIR", _("Repair of a closed claim")
    NOT_REPAIRED = "NOT_REPAIRED", _("Closed claim that is not repaired")


class CostStanding(models.TextChoices):
    POSTED = "POSTED", pgettext_lazy("cost", "Booked")
    REVERSED = "REVERSED", pgettext_lazy("cost", "Cancelled")


class VehicleCost(OwnedModel):
    """What one vehicle cost on a day, in CNY, tax included; a mistake is reversed, never changed.

    `source` is what it came from by itself, such as an insurance paper; empty when typed.
    """

    vehicle_id = models.UUIDField()
    kind = models.CharField(max_length=16, choices=CostKind)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    occurred_on = models.DateField()
    city = models.CharField(max_length=40, blank=True)
    words = models.CharField(max_length=200, blank=True)
    reference = models.CharField(max_length=64, blank=True)
    source_kind = models.CharField(max_length=60, blank=True)
    source_id = models.UUIDField(null=True)
    file = models.ForeignKey(
        "kit.StoredFile", null=True, on_delete=models.PROTECT, related_name="+"
    )
    recorded_by_id = models.UUIDField()
    recorded_at = models.DateTimeField()
    reversed_by_id = models.UUIDField(null=True)
    reversed_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="a_cost_is_above_zero", condition=Q(amount__gt=0)),
            models.UniqueConstraint(
                name="one_cost_per_source",
                fields=["source_kind", "source_id"],
                condition=Q(source_id__isnull=False),
            ),
            models.CheckConstraint(
                name="a_reversed_cost_says_who_and_why",
                condition=Q(reversed_at__isnull=True, reversed_by_id__isnull=True)
                | (Q(reversed_at__isnull=False, reversed_by_id__isnull=False) & ~Q(reason="")),
            ),
        ]
        indexes = [
            models.Index(fields=["org", "-occurred_on", "-id"], name="cost_by_org_and_day"),
            models.Index(fields=["vehicle_id", "-occurred_on"], name="cost_by_vehicle"),
        ]
