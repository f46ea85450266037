from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from panshi.billing.models.payments import Channel, Payment
from panshi.kit.nouns import OwnedModel
from panshi.kit.personal import SealedField
from panshi.kit.states import Machine


class BankStatement(OwnedModel):
    """A bank's file, taken once: what stood on the account before, its lines, what stands after."""

    account = models.CharField(max_length=40)
    file_name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    first_on = models.DateField()
    last_on = models.DateField()
    opening = models.DecimalField(max_digits=16, decimal_places=2)
    closing = models.DecimalField(max_digits=16, decimal_places=2)
    lines = models.IntegerField()
    at = models.DateTimeField()
    by_id = models.UUIDField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_bank_file_is_taken_once", fields=["org", "account", "sha256"]
            ),
            models.CheckConstraint(
                name="a_statement_has_lines_in_order",
                condition=Q(lines__gt=0) & Q(first_on__lte=F("last_on")),
            ),
        ]
        indexes = [models.Index(fields=["org", "-at", "-id"], name="bank_statement_by_org")]


class LineState(models.TextChoices):
    NEW = "NEW", pgettext_lazy("bank line", "New")
    MATCHED = "MATCHED", pgettext_lazy("bank line", "Matched by the rule")
    QUEUED = "QUEUED", pgettext_lazy("bank line", "Needs a person")
    CONFIRMED = "CONFIRMED", pgettext_lazy("bank line", "Matched by a person")
    SET_ASIDE = "SET_ASIDE", pgettext_lazy("bank line", "No customer's payment")


LINE_LIFE = Machine(
    {
        LineState.NEW: {LineState.MATCHED, LineState.QUEUED},
        LineState.QUEUED: {LineState.MATCHED, LineState.CONFIRMED, LineState.SET_ASIDE},
        LineState.SET_ASIDE: {LineState.QUEUED},
    }
)


class AsideKind(models.TextChoices):
    """What a line is that is no customer's payment.

    REFUND and EXPENSE were once said without an entry; today a refund and a cost are booked.
    """

    PAYOUT = "PAYOUT", _("Paid out by a payment channel")
    INTEREST = "INTEREST", _("Interest of the bank")
    REFUND = "REFUND", _("Refund that we paid")
    EXPENSE = "EXPENSE", _("Expense of our own")
    OWN = "OWN", _("Between accounts of our own")
    OTHER = "OTHER", pgettext_lazy("bank line", "Not ours, or to be cleared up")


ASIDE_OF_MONEY_IN = (AsideKind.PAYOUT, AsideKind.INTEREST, AsideKind.OWN, AsideKind.OTHER)


class OutgoingCost(models.TextChoices):
    """What money that left the bank was for, when nothing in the books says so yet."""

    RENT = "RENT", _("Rent of premises")
    WAGES = "WAGES", _("Wages")
    TAX = "TAX", _("Taxes")
    OFFICE = "OFFICE", _("Office and other costs")
    BANK_FEE = "BANK_FEE", _("Fee of the bank")
    LOSS = "LOSS", _("Fine or loss of our own")
    UNCLEAR = "UNCLEAR", pgettext_lazy("bank line", "Not ours, or to be cleared up")


class OutgoingTerms(models.Model):
    """From a day on: a cost on a bank's line above this amount in CNY needs a second person.

    `to_confirm` marks a bound that headquarters has to confirm.
    """

    starts_on = models.DateField(unique=True)
    second_person_above = models.DecimalField(max_digits=14, decimal_places=2)
    to_confirm = models.BooleanField(default=True)


class BankLine(OwnedModel):
    """A line of a bank statement; money out is negative. `reasons` are [code, points] pairs.

    `entry_id` is the ledger's entry that says the same as a line which is no customer's payment.
    `other_side` is the line of another account of our own that the same transfer left or reached.
    `cost` waits for a second person while `proposed_by_id` stands on a queued line.

    `account` is the other side's, `virtual_account` the one of ours that it was sent to; both
    sealed. `fingerprint` tells the same line in another file.
    """

    statement = models.ForeignKey(BankStatement, on_delete=models.PROTECT, related_name="rows")
    line = models.IntegerField()
    value_on = models.DateField()
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    balance = models.DecimalField(max_digits=16, decimal_places=2)
    payer = models.CharField(max_length=120, blank=True)
    account = SealedField()
    account_index = models.CharField(max_length=64, blank=True)
    virtual_account = SealedField()
    virtual_index = models.CharField(max_length=64, blank=True)
    memo = models.CharField(max_length=300, blank=True)
    serial_no = models.CharField(max_length=64, blank=True)
    fingerprint = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=LineState, default=LineState.NEW)
    score = models.SmallIntegerField(null=True)
    reasons = models.JSONField(default=list)
    payment = models.OneToOneField(
        Payment, null=True, on_delete=models.PROTECT, related_name="bank_line"
    )
    aside = models.CharField(max_length=8, choices=AsideKind, blank=True)
    aside_words = models.CharField(max_length=200, blank=True)
    channel = models.CharField(max_length=8, choices=Channel, blank=True)
    settled_by_id = models.UUIDField(null=True)
    settled_at = models.DateTimeField(null=True)
    entry_id = models.UUIDField(null=True)
    cost = models.CharField(max_length=8, choices=OutgoingCost, blank=True, db_default="")
    proposed_by_id = models.UUIDField(null=True)
    other_side = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="only_a_transfer_of_our_own_has_another_side",
                condition=Q(other_side__isnull=True)
                | Q(aside=AsideKind.OWN, state=LineState.SET_ASIDE),
            ),
            models.UniqueConstraint(
                name="an_entry_stands_on_one_bank_line",
                fields=["entry_id"],
                condition=Q(entry_id__isnull=False),
            ),
            models.CheckConstraint(
                name="a_second_person_books_a_large_cost",
                condition=Q(proposed_by_id__isnull=True)
                | Q(settled_by_id__isnull=True)
                | ~Q(settled_by_id=F("proposed_by_id")),
            ),
            models.UniqueConstraint(name="a_line_has_its_place", fields=["statement", "line"]),
            models.UniqueConstraint(
                name="a_bank_line_is_taken_once", fields=["org", "fingerprint"]
            ),
            models.CheckConstraint(name="a_bank_line_moves_money", condition=~Q(amount=0)),
            models.CheckConstraint(
                name="a_matched_line_is_a_payment",
                condition=Q(state__in=["MATCHED", "CONFIRMED"], payment__isnull=False, amount__gt=0)
                | Q(
                    state__in=["MATCHED", "CONFIRMED"],
                    payment__isnull=True,
                    entry_id__isnull=False,
                )
                | (~Q(state__in=["MATCHED", "CONFIRMED"]) & Q(payment__isnull=True)),
            ),
            models.CheckConstraint(
                name="a_line_set_aside_says_why",
                condition=~Q(state=LineState.SET_ASIDE) | ~Q(aside=""),
            ),
        ]
        indexes = [
            models.Index(fields=["org", "-value_on", "-id"], name="bank_line_by_org_and_day"),
            models.Index(
                fields=["org", "value_on"],
                condition=Q(state__in=["NEW", "QUEUED"]),
                name="bank_line_open",
            ),
        ]


class AccountKind(models.TextChoices):
    VIRTUAL = "VIRTUAL", _("Virtual account of ours")
    PAYER = "PAYER", _("Account the customer paid from")


class CustomerAccount(OwnedModel):
    """A bank account that tells who paid: seen on a line that was confirmed, or given out by us."""

    customer_id = models.UUIDField()
    kind = models.CharField(max_length=8, choices=AccountKind)
    account = SealedField()
    account_index = models.CharField(max_length=64)
    confirmed_at = models.DateTimeField()
    by_id = models.UUIDField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="an_account_tells_of_a_customer_once",
                fields=["org", "kind", "account_index", "customer_id"],
            ),
            models.UniqueConstraint(
                name="a_virtual_account_is_one_customers",
                fields=["org", "account_index"],
                condition=Q(kind="VIRTUAL"),
            ),
        ]
