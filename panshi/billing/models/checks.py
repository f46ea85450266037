from django.db import models
from django.utils.translation import gettext_lazy as _

from panshi.billing.models.payments import Channel, Payment
from panshi.kit.nouns import OwnedModel


class ChannelCheck(OwnedModel):
    """A day of a channel compared three ways: its file, our payments, our ledger."""

    channel = models.CharField(max_length=8, choices=Channel)
    day = models.DateField()
    sha256 = models.CharField(max_length=64)
    lines = models.IntegerField()
    matched = models.IntegerField()
    differences = models.IntegerField()
    file_amount = models.DecimalField(max_digits=16, decimal_places=2)
    file_fee = models.DecimalField(max_digits=14, decimal_places=2)
    payments_amount = models.DecimalField(max_digits=16, decimal_places=2)
    ledger_amount = models.DecimalField(max_digits=16, decimal_places=2)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["-day", "channel"], name="channel_check_by_day")]


class DifferenceKind(models.TextChoices):
    MISSING_HERE = "MISSING_HERE", _("In the channel's file, not with us")
    MISSING_THERE = "MISSING_THERE", _("With us, not in the channel's file")
    AMOUNT = "AMOUNT", _("Another amount")
    FEE = "FEE", _("Another fee than agreed")
    DATE = "DATE", _("Another day")
    DUPLICATE = "DUPLICATE", _("More than once in the channel's file")


class ChannelDifference(OwnedModel):
    """One difference of a check, open until somebody writes what it was."""

    check_run = models.ForeignKey(ChannelCheck, on_delete=models.PROTECT, related_name="rows")
    kind = models.CharField(max_length=14, choices=DifferenceKind)
    what = models.CharField(max_length=8)
    number = models.CharField(max_length=40)
    payment = models.ForeignKey(Payment, null=True, on_delete=models.PROTECT, related_name="+")
    line = models.IntegerField(null=True)
    there_amount = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    here_amount = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    ledger_amount = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    there_fee = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    agreed_fee = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    there_on = models.DateField(null=True)
    here_on = models.DateField(null=True)
    settled_words = models.CharField(max_length=200, blank=True)
    settled_by_id = models.UUIDField(null=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["org", "kind"],
                condition=models.Q(settled_at__isnull=True),
                name="channel_difference_open",
            )
        ]


class ChannelTerms(models.Model):
    """What a channel keeps of each payment since a day, for confirmation by the contract with it.

    A reference table of the platform; `share` of the amount, rounded to the fen, at least `least`.
    """

    channel = models.CharField(max_length=8, choices=Channel)
    starts_on = models.DateField()
    share = models.DecimalField(max_digits=6, decimal_places=5)
    least = models.DecimalField(max_digits=6, decimal_places=2, default=0)
    confirmed = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_channel_has_terms_by_day", fields=["channel", "starts_on"]
            )
        ]
