"""Nouns of rent to own: the terms by which a leased vehicle becomes its customer's."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from panshi.kit.nouns import OwnedModel
from panshi.kit.states import Machine
from panshi.leasing.models.leases import Lease


class PurchaseTerms(OwnedModel):
    """What a vehicle costs that is rented to own, CNY with tax, in level instalments.

    `monthly_rate` is the share of the balance that a month adds; `fee` is for the change of owner.
    """

    lease = models.OneToOneField(Lease, on_delete=models.PROTECT, related_name="purchase")
    customer_id = models.UUIDField()
    price = models.DecimalField(max_digits=14, decimal_places=2)
    monthly_rate = models.DecimalField(max_digits=7, decimal_places=6)
    fee = models.DecimalField(max_digits=14, decimal_places=2)
    by_id = models.UUIDField()
    agreed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="purchase_terms_are_plausible",
                condition=Q(price__gt=0, fee__gte=0, monthly_rate__gte=0, monthly_rate__lte="0.05"),
            )
        ]


class BuyOutState(models.TextChoices):
    OFFERED = "OFFERED", _("To be paid")
    DONE = "DONE", _("Bought")
    LAPSED = "LAPSED", _("Not paid in time")


B = BuyOutState
BUY_OUT_LIFE = Machine({B.OFFERED: {B.DONE, B.LAPSED}})


class BuyOut(OwnedModel):
    """A customer buys the leased vehicle: reckoned to the day `on`, the last on which it is paid.

    `digest` names the quote that it follows; without a `bill_id` nothing was left to pay.
    """

    lease = models.ForeignKey(Lease, on_delete=models.PROTECT, related_name="buy_outs")
    customer_id = models.UUIDField()
    state = models.CharField(max_length=7, choices=BuyOutState, default=BuyOutState.OFFERED)
    on = models.DateField()
    balance = models.DecimalField(max_digits=14, decimal_places=2)
    interest = models.DecimalField(max_digits=14, decimal_places=2)
    billed = models.DecimalField(max_digits=14, decimal_places=2)
    fee = models.DecimalField(max_digits=14, decimal_places=2)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    digest = models.CharField(max_length=64)
    bill_id = models.UUIDField(null=True)
    by_id = models.UUIDField()
    offered_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_lease_is_bought_once",
                fields=["lease"],
                condition=Q(state__in=["OFFERED", "DONE"]),
            ),
            models.CheckConstraint(
                name="a_buy_out_ends_with_its_moment",
                condition=Q(state="OFFERED", ended_at=None)
                | ~Q(state="OFFERED") & Q(ended_at__isnull=False),
            ),
        ]
