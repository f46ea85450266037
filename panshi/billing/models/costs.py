"""What a vehicle costs beside its depreciation: energy, insurance, repairs and the like."""

from django.db import models
from django.db.models import F, Q
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

    `vat` of it is input VAT. A cost that serves [covers_from, covers_until) stands as prepaid and
    is released by days; `released_until` is the first day that still waits.
    `source` is what it came from by itself, such as an insurance paper; empty when typed.
    """

    vehicle_id = models.UUIDField()
    kind = models.CharField(max_length=16, choices=CostKind)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    vat = models.DecimalField(max_digits=14, decimal_places=2, default=0, db_default=0)
    occurred_on = models.DateField()
    covers_from = models.DateField(null=True)
    covers_until = models.DateField(null=True)
    released_until = models.DateField(null=True)
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
            models.CheckConstraint(
                name="input_vat_is_a_part_of_the_cost",
                condition=Q(vat__gte=0, vat__lt=F("amount")),
            ),
            models.CheckConstraint(
                name="a_prepaid_cost_covers_days",
                condition=Q(
                    covers_from__isnull=True, covers_until__isnull=True, released_until__isnull=True
                )
                | Q(covers_from__isnull=False, covers_until__gt=F("covers_from")),
            ),
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
            models.Index(
                fields=["occurred_on"],
                condition=Q(covers_from__isnull=False, reversed_at__isnull=True),
                name="prepaid_cost_by_day",
            ),
        ]
