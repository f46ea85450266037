from decimal import Decimal
from typing import Final

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

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
    CREATED = "CREATED", pgettext_lazy("payment", "Started")
    PENDING = "PENDING", _("Waiting for the payer")
    SUCCEEDED = "SUCCEEDED", _("Received")
    PART_REFUNDED = "PART_REFUNDED", _("Refunded in part")
    REFUNDED = "REFUNDED", _("Refunded")
    CLOSED = "CLOSED", _("Closed")
    FAILED = "FAILED", pgettext_lazy("payment", "Failed")


# A closed payment is received only on the channel's own word; a verb sees to that.
PAYMENT_LIFE = Machine(
    {
        PaymentState.CREATED: {PaymentState.PENDING, PaymentState.CLOSED, PaymentState.FAILED},
        PaymentState.PENDING: {PaymentState.SUCCEEDED, PaymentState.CLOSED, PaymentState.FAILED},
        PaymentState.SUCCEEDED: {PaymentState.PART_REFUNDED},
        PaymentState.PART_REFUNDED: {PaymentState.REFUNDED},
        PaymentState.CLOSED: {PaymentState.SUCCEEDED},
    }
)
RECEIVED: Final = (
    PaymentState.SUCCEEDED,
    PaymentState.PART_REFUNDED,
    PaymentState.REFUNDED,
)


class Payment(OwnedModel):
    """Money on its way from a customer, or arrived; what no bill takes stays on account.

    `refunding` is asked for and not yet paid back. `asked_amount` is set when another amount
    arrived than was asked for. `pay_target` is the address or code that the channel gave.
    """

    channel = models.CharField(max_length=8, choices=Channel)
    merchant_no = models.CharField(max_length=40)
    customer_id = models.UUIDField()
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    asked_amount = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    allocated = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    refunding = models.DecimalField(
        max_digits=14, decimal_places=2, default=0, db_default=Decimal(0)
    )
    refunded = models.DecimalField(
        max_digits=14, decimal_places=2, default=0, db_default=Decimal(0)
    )
    state = models.CharField(max_length=14, choices=PaymentState, default=PaymentState.CREATED)
    channel_no = models.CharField(max_length=64, blank=True, default="", db_default="")
    pay_target = models.CharField(max_length=2000, blank=True, default="", db_default="")
    target_kind = models.CharField(max_length=4, blank=True, default="", db_default="")
    started_at = models.DateTimeField()
    received_at = models.DateTimeField(null=True)
    asked_channel_at = models.DateTimeField(null=True)

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
                name="no_more_is_refunded_than_paid",
                condition=Q(refunding__gte=0)
                & Q(refunded__gte=0)
                & Q(amount__gte=F("refunding") + F("refunded")),
            ),
            models.CheckConstraint(
                name="a_received_payment_says_when",
                condition=~Q(state__in=RECEIVED) | Q(received_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["org", "-started_at", "-id"], name="payment_by_org_and_start"),
            models.Index(
                fields=["started_at"],
                condition=Q(state__in=["CREATED", "PENDING"]),
                name="payment_on_its_way",
            ),
            models.Index(fields=["channel", "received_at"], name="payment_by_channel_and_day"),
            models.Index(fields=["-started_at", "-id"], name="payment_by_start"),
            models.Index(fields=["state", "-started_at", "-id"], name="payment_by_state"),
            models.Index(fields=["customer_id"], name="payment_by_customer"),
        ]


class OpeningReceipt(OwnedModel):
    """Money that came before the operator moved in, for bills that come after it.

    It waits for the bills of one source; `taken_back_at` says that the move-in was undone.
    """

    payment = models.OneToOneField(Payment, on_delete=models.PROTECT, related_name="+")
    source_kind = models.CharField(max_length=60)
    source_id = models.UUIDField()
    customer_id = models.UUIDField()
    taken_back_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["source_id"], name="opening_receipt_by_source")]


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
    """The part of a payment, credit note or deposit that settles a bill, or that is written off.

    Rows are never changed: an undone one is followed by its negative, so that sums stay right;
    what is recovered of a write-off is a negative of it beside what the payment gives.
    """

    payment = models.ForeignKey(
        Payment, null=True, on_delete=models.PROTECT, related_name="allocations"
    )
    credit = models.ForeignKey(Bill, null=True, on_delete=models.PROTECT, related_name="+")
    deposit = models.ForeignKey(
        "billing.Deposit", null=True, on_delete=models.PROTECT, related_name="+"
    )
    write_off = models.ForeignKey(
        "billing.WriteOff", null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    bill = models.ForeignKey(Bill, on_delete=models.PROTECT, related_name="allocations")
    customer_id = models.UUIDField()
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    on = models.DateField()
    undoes = models.OneToOneField(
        "self", null=True, on_delete=models.PROTECT, related_name="undone_by"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="an_allocation_has_one_origin",
                condition=(
                    Q(amount__gt=0, undoes__isnull=True)
                    | Q(amount__lt=0, undoes__isnull=False, payment__isnull=False)
                    | Q(amount__lt=0, undoes__isnull=True, write_off__isnull=False)
                )
                & (
                    Q(write_off__isnull=True)
                    & (
                        Q(payment__isnull=False, credit__isnull=True, deposit__isnull=True)
                        | Q(payment__isnull=True, credit__isnull=False, deposit__isnull=True)
                        | Q(payment__isnull=True, credit__isnull=True, deposit__isnull=False)
                    )
                    | Q(
                        write_off__isnull=False,
                        payment__isnull=True,
                        credit__isnull=True,
                        deposit__isnull=True,
                    )
                ),
            )
        ]
        indexes = [
            models.Index(
                fields=["customer_id"], condition=Q(payment=None), name="allocation_without_payment"
            )
        ]


class AllocationOrder(models.TextChoices):
    CHOSEN = "CHOSEN", _("As the payer chose")
    OLDEST = "OLDEST", _("The oldest bill first")
    FEES_FIRST = "FEES_FIRST", _("Fees first, then the oldest bill")


class AllocationRule(OwnedModel):
    """In which order a node's payments settle bills; a node without one follows those above it.

    `fee_products` are the products whose bills go first under FEES_FIRST.
    """

    order = models.CharField(max_length=10, choices=AllocationOrder)
    fee_products = ArrayField(models.CharField(max_length=16), default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_node_has_one_order_of_allocation", fields=["org"])
        ]


class Verdict(models.TextChoices):
    ACCEPTED = "ACCEPTED", _("Accepted")
    FORGED = "FORGED", _("Forged signature")
    STALE = "STALE", _("Too old")
    MERCHANT = "MERCHANT", _("Another merchant's")
    APP = "APP", _("Another application's")
    CURRENCY = "CURRENCY", _("Another currency")
    UNKNOWN = "UNKNOWN", _("Unknown payment")
    AMOUNT = "AMOUNT", _("Wrong amount")
    STATE = "STATE", _("Payment was closed or received before")
    NO_NEWS = "NO_NEWS", _("Nothing was paid yet")


class Callback(models.Model):
    """A notice from a payment channel, kept whatever it is worth; `org` is null if unknown.

    It is `authentic` when its signature and age are right.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    org = models.ForeignKey("org.OrgNode", null=True, on_delete=models.PROTECT, related_name="+")
    payment = models.ForeignKey(Payment, null=True, on_delete=models.PROTECT, related_name="+")
    channel = models.CharField(max_length=8, choices=Channel)
    notification_id = models.CharField(max_length=64)
    kind = models.CharField(max_length=8, default="PAYMENT", db_default="PAYMENT")
    merchant_no = models.CharField(max_length=40)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    sha256 = models.CharField(max_length=64)
    verdict = models.CharField(max_length=8, choices=Verdict)
    authentic = models.BooleanField(default=True, db_default=True)
    times = models.IntegerField(default=1)
    received_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            # A forged notice must not use up the number of the true one, even with its very bytes.
            models.UniqueConstraint(
                name="a_notice_is_kept_once",
                fields=["channel", "notification_id", "sha256", "authentic"],
            )
        ]
        indexes = [models.Index(fields=["-received_at"], name="callback_by_moment")]
