"""Nouns of claims: an accident of a vehicle, what it cost, and who bears which part."""

from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from panshi.kit.nouns import OwnedModel
from panshi.kit.states import Machine
from panshi.leasing.models.leases import Lease


class ClaimState(models.TextChoices):
    REPORTED = "REPORTED", pgettext_lazy("claim", "Reported")
    SURVEYED = "SURVEYED", _("Looked at on the spot")
    ASSESSED = "ASSESSED", _("Loss assessed")
    CLOSED = "CLOSED", pgettext_lazy("claim", "Closed")


C = ClaimState
CLAIM_LIFE = Machine(
    {
        C.REPORTED: {C.SURVEYED, C.ASSESSED},
        C.SURVEYED: {C.ASSESSED},
        C.ASSESSED: {C.CLOSED},
    }
)


class Claim(OwnedModel):
    """A loss of a vehicle, in CNY: what the insurer pays, its excess, the customer's share and what
    the operator bears itself make up `loss`. `lost_rent`, not earned meanwhile, stands beside.

    `lease` and `customer_id` are of who had the vehicle at the moment. `missing` names the papers
    that the insurer still wants.
    """

    number = models.CharField(max_length=24)
    vehicle = models.ForeignKey("fleet.Vehicle", on_delete=models.PROTECT, related_name="+")
    lease = models.ForeignKey(Lease, null=True, on_delete=models.PROTECT, related_name="+")
    customer_id = models.UUIDField(null=True)
    occurred_at = models.DateTimeField()
    place = models.CharField(max_length=120, blank=True)
    words = models.CharField(max_length=400)
    injured = models.BooleanField(default=False)
    battery_impacted = models.BooleanField(default=False)
    flooded = models.BooleanField(default=False)
    insurer = models.CharField(max_length=60, blank=True)
    report_number = models.CharField(max_length=40, blank=True)
    state = models.CharField(max_length=10, choices=ClaimState, default=ClaimState.REPORTED)
    survey = models.CharField(max_length=400, blank=True)
    file_ids: "models.JSONField[list[str], list[str]]" = models.JSONField(default=list)
    missing = models.CharField(max_length=200, blank=True)
    complete_at = models.DateTimeField(null=True)
    loss = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    insurer_pay = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    excess = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    customer_share = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    own_loss = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    lost_rent = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    bill_id = models.UUIDField(null=True)
    reported_at = models.DateTimeField()
    reported_by_id = models.UUIDField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="claim_numbers_differ", fields=["org", "number"]),
            models.CheckConstraint(
                name="a_closed_claim_sums_to_its_loss",
                condition=~Q(state="CLOSED")
                | Q(loss=F("insurer_pay") + F("excess") + F("customer_share") + F("own_loss")),
            ),
            models.CheckConstraint(
                name="parts_of_a_loss_are_not_negative",
                condition=Q(
                    loss__gte=0,
                    insurer_pay__gte=0,
                    excess__gte=0,
                    customer_share__gte=0,
                    own_loss__gte=0,
                    lost_rent__gte=0,
                ),
            ),
            models.CheckConstraint(
                name="only_a_customer_bears_a_share",
                condition=Q(customer_share=0) | Q(customer_id__isnull=False),
            ),
            models.CheckConstraint(
                name="a_closed_share_was_billed",
                condition=~Q(state="CLOSED") | Q(customer_share=0) | Q(bill_id__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["org", "-occurred_at"], name="claims_of_a_node")]

    @property
    def borne(self) -> Decimal:
        """What of the loss is somebody's, in CNY."""
        return self.insurer_pay + self.excess + self.customer_share + self.own_loss


class ClaimPayment(OwnedModel):
    """What an insurer paid of a claim on a day, in CNY; never changed."""

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="payments")
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    received_on = models.DateField()
    reference = models.CharField(max_length=64, blank=True)
    recorded_by_id = models.UUIDField()
    recorded_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="an_insurer_pays_more_than_nothing", condition=Q(amount__gt=0)
            ),
        ]
