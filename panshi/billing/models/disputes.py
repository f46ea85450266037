"""Nouns of disputes: what a payer says against a bill, and what was found."""

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from panshi.billing.models.bills import Bill
from panshi.kit.nouns import OwnedModel


class DisputeVerdict(models.TextChoices):
    OURS = "OURS", _("The mistake was ours")
    PARTLY = "PARTLY", _("Partly right")
    STANDS = "STANDS", pgettext_lazy("dispute", "The bill is right")


DISPUTE_WORDS: Final = 400
# Disputes that keep their bill still: SQL of the ladder says the same.
FREEZING: Final = Q(freezes=True, answered_at=None)


class BillDispute(OwnedModel):
    """What a payer says against a bill, until it is answered.

    One that `freezes` keeps the bill off the ladder and free of late fees meanwhile; of one bill
    only the first does. Nobody changes what was said or answered.
    """

    bill = models.ForeignKey(Bill, on_delete=models.PROTECT, related_name="disputes")
    customer_id = models.UUIDField()
    words = models.CharField(max_length=DISPUTE_WORDS)
    freezes = models.BooleanField()
    opened_by_id = models.UUIDField()
    opened_at = models.DateTimeField()
    verdict = models.CharField(max_length=8, choices=DisputeVerdict, blank=True)
    answer = models.CharField(max_length=DISPUTE_WORDS, blank=True)
    answered_by_id = models.UUIDField(null=True)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_dispute_of_a_bill_is_open",
                fields=["bill"],
                condition=Q(answered_at=None),
            ),
            models.UniqueConstraint(
                name="a_bill_is_frozen_by_its_first_dispute",
                fields=["bill"],
                condition=Q(freezes=True),
            ),
            models.CheckConstraint(name="a_dispute_says_why", condition=~Q(words="")),
            models.CheckConstraint(
                name="an_answered_dispute_has_its_verdict_and_words",
                condition=Q(answered_at=None, answered_by_id=None, verdict="", answer="")
                | (
                    Q(answered_at__isnull=False, answered_by_id__isnull=False)
                    & ~Q(verdict="")
                    & ~Q(answer="")
                ),
            ),
        ]
