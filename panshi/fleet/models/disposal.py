"""Nouns of how a vehicle leaves the fleet."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from panshi.fleet.models.vehicles import Vehicle
from panshi.kit.nouns import OwnedModel
from panshi.kit.states import Machine


class DisposalState(models.TextChoices):
    PROPOSED = "PROPOSED", pgettext_lazy("retirement", "Proposed")
    APPROVED = "APPROVED", pgettext_lazy("retirement", "Approved")
    REJECTED = "REJECTED", pgettext_lazy("retirement", "Rejected")
    SOLD = "SOLD", _("Sold")


DISPOSAL_LIFE = Machine(
    {
        DisposalState.PROPOSED: {DisposalState.APPROVED, DisposalState.REJECTED},
        DisposalState.APPROVED: {DisposalState.SOLD},
    }
)


class Disposal(OwnedModel):
    """A vehicle's way out: proposed by one person, approved by another, sold at a price.

    Below `floor_price` it is sold only at `lower_price`, which a second person approved. Amounts
    are CNY, tax included.
    """

    vehicle = models.ForeignKey(Vehicle, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=8, choices=DisposalState, default=DisposalState.PROPOSED)
    reason = models.CharField(max_length=200)
    floor_price = models.DecimalField(max_digits=14, decimal_places=2)
    proposed_by_id = models.UUIDField()
    proposed_at = models.DateTimeField()
    decided_by_id = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=200, blank=True)
    lower_price = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    lowered_by_id = models.UUIDField(null=True)
    price = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    buyer = models.CharField(max_length=80, blank=True)
    sold_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_open_retirement_of_a_vehicle",
                fields=["vehicle"],
                condition=Q(state__in=("PROPOSED", "APPROVED")),
            ),
            models.CheckConstraint(
                name="a_retirement_is_decided_by_a_second_person",
                condition=Q(state=DisposalState.PROPOSED, decided_by_id=None)
                | Q(decided_by_id__isnull=False, decided_at__isnull=False)
                & ~Q(decided_by_id=F("proposed_by_id")),
            ),
            models.CheckConstraint(
                name="a_sale_has_its_price_and_keeps_the_floor",
                condition=~Q(state=DisposalState.SOLD)
                | Q(price__gte=F("floor_price"), sold_at__isnull=False)
                | Q(
                    price__gte=F("lower_price"), lowered_by_id__isnull=False, sold_at__isnull=False
                ),
            ),
            models.CheckConstraint(
                name="a_retirement_has_prices",
                condition=Q(floor_price__gte=0) & (Q(lower_price=None) | Q(lower_price__gte=0)),
            ),
        ]
