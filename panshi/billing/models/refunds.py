from django.db import models
from django.db.models import F, Q
from django.utils.translation import pgettext_lazy

from panshi.billing.models.payments import Channel, Payment
from panshi.kit.nouns import OwnedModel
from panshi.kit.personal import SealedField
from panshi.kit.states import Machine


class RefundState(models.TextChoices):
    ASKED = "ASKED", pgettext_lazy("refund", "Asked for")
    APPROVED = "APPROVED", pgettext_lazy("refund", "Approved")
    SENT = "SENT", pgettext_lazy("refund", "Sent")
    PAID = "PAID", pgettext_lazy("refund", "Paid back")
    FAILED = "FAILED", pgettext_lazy("refund", "Failed")
    DECLINED = "DECLINED", pgettext_lazy("refund", "Declined")


REFUND_LIFE = Machine(
    {
        RefundState.ASKED: {RefundState.APPROVED, RefundState.DECLINED},
        RefundState.APPROVED: {RefundState.SENT},
        RefundState.SENT: {RefundState.PAID, RefundState.FAILED},
        RefundState.FAILED: {RefundState.SENT},
    }
)


class Refund(OwnedModel):
    """Money on its way back to a customer: by the channel that brought it, or by the bank.

    Of a `deposit` it gives back what is reserved, else what is on account; a deposit that no
    payment brought goes by the bank. A refund by the bank names the account, sealed. `number` is
    what the channel knows this attempt by; a failed one is sent again under a new number.
    """

    payment = models.ForeignKey(
        Payment, null=True, on_delete=models.PROTECT, related_name="refunds"
    )
    deposit = models.ForeignKey(
        "billing.Deposit", null=True, on_delete=models.PROTECT, related_name="refunds"
    )
    customer_id = models.UUIDField()
    channel = models.CharField(max_length=8, choices=Channel)
    number = models.CharField(max_length=40)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    state = models.CharField(max_length=10, choices=RefundState, default=RefundState.ASKED)
    reason = models.CharField(max_length=200)
    payee = models.CharField(max_length=80, blank=True)
    account = SealedField()
    asked_by_id = models.UUIDField()
    asked_at = models.DateTimeField()
    decided_by_id = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)
    attempts = models.SmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    channel_no = models.CharField(max_length=64, blank=True)
    words = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="refund_numbers_differ", fields=["channel", "number"]),
            models.CheckConstraint(
                name="a_refund_gives_back_a_payment_or_a_deposit",
                condition=Q(payment__isnull=False) | Q(deposit__isnull=False, channel=Channel.BANK),
            ),
            models.CheckConstraint(name="a_refund_is_money", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="two_people_refund",
                condition=Q(decided_by_id__isnull=True) | ~Q(decided_by_id=F("asked_by_id")),
            ),
            models.CheckConstraint(
                name="a_refund_is_decided_before_it_goes",
                condition=Q(state=RefundState.ASKED) | Q(decided_by_id__isnull=False),
            ),
            models.CheckConstraint(
                name="a_refund_by_bank_names_the_account",
                condition=~Q(channel=Channel.BANK) | ~Q(payee=""),
            ),
        ]
        indexes = [
            models.Index(fields=["org", "-asked_at", "-id"], name="refund_by_org"),
            models.Index(fields=["customer_id"], name="refund_by_customer"),
            models.Index(fields=["sent_at"], condition=Q(state="SENT"), name="refund_under_way"),
        ]


class RefundMove(OwnedModel):
    """What happened to a refund; the document of its ledger entries."""

    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, related_name="moves")
    state = models.CharField(max_length=10, choices=RefundState)
    number = models.CharField(max_length=40)
    words = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()
    by_id = models.UUIDField()
