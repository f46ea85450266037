"""Nouns of a vehicle as an asset: what it cost, what it will be worth, how it loses value."""

from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from panshi.fleet.models.vehicles import Vehicle
from panshi.kit.nouns import OwnedModel


class DepreciationMethod(models.TextChoices):
    STRAIGHT = "STRAIGHT", _("Straight line, by months")
    UNITS = "UNITS", _("Units of use, by kilometres")


class AssetTerms(models.Model):
    """From a day on: what is proposed for a new asset, and how its market value falls a month.

    `residual_share` is of the cost. `to_confirm` marks figures that the accountant has to confirm.
    """

    starts_on = models.DateField(unique=True)
    residual_share = models.DecimalField(max_digits=5, decimal_places=4)
    life_months = models.PositiveSmallIntegerField()
    life_km = models.PositiveIntegerField()
    market_fall = models.DecimalField(max_digits=5, decimal_places=4)
    to_confirm = models.BooleanField(default=True)


class Asset(OwnedModel):
    """A vehicle in the books, in CNY: `cost` down to `residual`, of which `opening` was written off
    before `first_month`, the first of the month from which these books depreciate it.

    STRAIGHT spreads the rest over `life_months` from there; UNITS over `life_km`, counted from
    `start_km` by the odometer noted at each month's end. On `ended_on` it was sold;
    from that month on nothing is depreciated.
    """

    vehicle = models.OneToOneField(Vehicle, on_delete=models.PROTECT, related_name="+")
    cost = models.DecimalField(max_digits=14, decimal_places=2)
    residual = models.DecimalField(max_digits=14, decimal_places=2)
    opening = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    method = models.CharField(max_length=8, choices=DepreciationMethod)
    life_months = models.PositiveSmallIntegerField()
    life_km = models.PositiveIntegerField(default=0)
    start_km = models.DecimalField(max_digits=9, decimal_places=1, default=0)
    in_use_on = models.DateField()
    first_month = models.DateField()
    ended_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_residual_is_not_above_the_cost",
                condition=Q(residual__gte=0, opening__gte=0)
                & Q(cost__gte=F("residual") + F("opening")),
            ),
            models.CheckConstraint(
                name="an_asset_has_a_life",
                condition=Q(life_months__gt=0) & (Q(method="STRAIGHT") | Q(life_km__gt=0)),
            ),
            models.CheckConstraint(
                name="an_asset_depreciates_from_the_first_of_a_month",
                condition=Q(first_month__day=1),
            ),
        ]

    @property
    def to_lose(self) -> Decimal:
        """What these books write off in all, in CNY."""
        return self.cost - self.residual - self.opening


class AssetMark(OwnedModel):
    """The odometer of an asset at the end of a month; never changed."""

    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="+")
    month = models.DateField()
    odometer_km = models.DecimalField(max_digits=9, decimal_places=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_mark_of_an_asset_a_month", fields=["asset", "month"])
        ]
