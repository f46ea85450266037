"""Nouns of inspections."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from panshi.fleet.models.vehicles import Vehicle
from panshi.kit.nouns import OwnedModel


class InspectionKind(models.TextChoices):
    PDI = "PDI", _("Pre-delivery inspection")
    OUT = "OUT", _("Delivery inspection")
    IN = "IN", _("Return inspection")
    IDLE = "IDLE", _("Inspection while idle")


class Inspection(OwnedModel):
    """A signed inspection; never changed."""

    vehicle = models.ForeignKey(Vehicle, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=4, choices=InspectionKind)
    odometer_km = models.DecimalField(max_digits=9, decimal_places=1)
    soc_pct = models.DecimalField(max_digits=4, decimal_places=1)
    passed = models.BooleanField()
    note = models.CharField(max_length=400, blank=True)
    signed_by_id = models.UUIDField()
    signed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="an_inspection_has_plausible_readings",
                condition=Q(odometer_km__gte=0, soc_pct__range=(0, 100)),
            )
        ]
        indexes = [models.Index(fields=["vehicle", "-signed_at"], name="inspection_by_vehicle")]
