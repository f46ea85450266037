from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from panshi.billing.models.bills import Bill
from panshi.kit.ids import uuid7
from panshi.kit.nouns import OwnedModel
from panshi.kit.states import Machine


class Channel(models.TextChoices):
    SIM = "SIM", _("Simulated channel")
    WECHAT = "WECHAT", _("WeChat Pay")
    ALIPAY = "ALIPAY", _("Alipay")
    BANK = "BANK", _("Bank transfer")


class PaymentState(models.TextChoices):
    PENDING = "PENDING", _("Waiting for the payer")
    SUCCEEDED = "SUCCEEDED", _("Received")
    CLOSED = "CLOSED", _("Closed")


PAYMENT_LIFE = Machine({PaymentState.PENDING: {PaymentState.SUCCEEDED, PaymentState.CLOSED}})


class Payment(OwnedModel):
    """Money on its way from a customer, or arrived; what no bill takes stays on account."""

    channel = models.CharField(max_length=8, choices=Channel)
    merchant_no = models.CharField(max_length=40)
    customer_id = models.UUIDField()
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    allocated = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    state = models.CharField(max_length=10, choices=PaymentState, default=PaymentState.PENDING)
    started_at = models.DateTimeField()
    received_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="merchant_numbers_differ", fields=["channel", "merchant_no"]
            ),
            models.CheckConstraint(
                name="no_more_is_allocated_than_paid",
                condition=Q(amount__gt=0) & Q(allocated__gte=0) & Q(allocated__lte=F("amount")),
            ),
            models.CheckConstraint(
                name="a_received_payment_says_when",
                condition=~Q(state=PaymentState.SUCCEEDED) | Q(received_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["org", "-started_at", "-id"], name="payment_by_org_and_start"),
            models.Index(fields=["-started_at", "-id"], name="payment_by_start"),
            models.Index(fields=["state", "-started_at", "-id"], name="payment_by_state"),
            models.Index(fields=["customer_id"], name="payment_by_customer"),
        ]


class PaymentBill(OwnedModel):
    """A bill that a payment was started for, in the order of paying."""

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="bills")
    bill = models.ForeignKey(Bill, on_delete=models.PROTECT, related_name="+")
    place = models.SmallIntegerField()
    customer_id = models.UUIDField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_payment_names_a_bill_once", fields=["payment", "bill"])
        ]


class Allocation(OwnedModel):
    """The part of a payment, or of a credit note, that settles a bill."""

    payment = models.ForeignKey(
        Payment, null=True, on_delete=models.PROTECT, related_name="allocations"
    )
    credit = models.ForeignKey(Bill, null=True, on_delete=models.PROTECT, related_name="+")
    deposit = models.ForeignKey(
        "billing.Deposit", null=True, on_delete=models.PROTECT, related_name="+"
    )
    bill = models.ForeignKey(Bill, on_delete=models.PROTECT, related_name="allocations")
    customer_id = models.UUIDField()
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    on = models.DateField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="an_allocation_has_one_origin",
                condition=Q(amount__gt=0)
                & (
                    Q(payment__isnull=False, credit__isnull=True, deposit__isnull=True)
                    | Q(payment__isnull=True, credit__isnull=False, deposit__isnull=True)
                    | Q(payment__isnull=True, credit__isnull=True, deposit__isnull=False)
                ),
            )
        ]


class Verdict(models.TextChoices):
    ACCEPTED = "ACCEPTED", _("Accepted")
    FORGED = "FORGED", _("Forged signature")
    UNKNOWN = "UNKNOWN", _("Unknown payment")
    AMOUNT = "AMOUNT", _("Wrong amount")
    STATE = "STATE", _("Payment was closed or received before")


class Callback(models.Model):
    """A notice from a payment channel, kept whatever it is worth; `org` is null if unknown."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    org = models.ForeignKey("org.OrgNode", null=True, on_delete=models.PROTECT, related_name="+")
    payment = models.ForeignKey(Payment, null=True, on_delete=models.PROTECT, related_name="+")
    channel = models.CharField(max_length=8, choices=Channel)
    notification_id = models.CharField(max_length=64)
    merchant_no = models.CharField(max_length=40)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    sha256 = models.CharField(max_length=64)
    verdict = models.CharField(max_length=8, choices=Verdict)
    times = models.IntegerField(default=1)
    received_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            # A forged notice must not use up the number of the true one, so its bytes count too.
            models.UniqueConstraint(
                name="a_notice_is_kept_once", fields=["channel", "notification_id", "sha256"]
            )
        ]
        indexes = [models.Index(fields=["-received_at"], name="callback_by_moment")]
