from decimal import Decimal

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from panshi.billing.models.bills import Bill
from panshi.billing.models.catalogue import days_between
from panshi.kit.money import to_fen
from panshi.kit.nouns import OwnedModel


class LateTerms(models.Model):
    """What being late costs by the contracts of one kind of source, for bills due in a span.

    `a_day` and `cap` are shares of the open principal. Days count from `grace_days` after the due
    day; a fee is billed once `bill_every_days` have run up, due `due_days` later. `to_confirm`
    marks what the operator's counsel has yet to confirm.
    """

    source_kind = models.CharField(max_length=60)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True)
    grace_days = models.PositiveSmallIntegerField()
    a_day = models.DecimalField(max_digits=7, decimal_places=6)
    cap = models.DecimalField(max_digits=5, decimal_places=4)
    bill_every_days = models.PositiveSmallIntegerField()
    due_days = models.PositiveSmallIntegerField()
    to_confirm = models.BooleanField(default=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="one_set_of_late_terms_at_a_time",
                expressions=[
                    ("source_kind", RangeOperators.EQUAL),
                    (days_between("starts_on", "ends_on"), RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(
                name="late_terms_are_shares",
                condition=Q(a_day__gte=0, a_day__lt=1, cap__gte=0, cap__lte=1),
            ),
        ]


class LateKind(models.TextChoices):
    COUNTED = "COUNTED", _("Counted")
    DISPUTED = "DISPUTED", _("Disputed, not counted")


class LateFee(OwnedModel):
    """Days in a row on which the same principal of a bill was late, and what they cost in CNY.

    Once `fee_bill` asks for them they never change; days in dispute cost nothing for ever.
    """

    bill = models.ForeignKey(Bill, on_delete=models.PROTECT, related_name="+")
    customer_id = models.UUIDField()
    kind = models.CharField(max_length=8, choices=LateKind, default=LateKind.COUNTED)
    starts_on = models.DateField()
    ends_on = models.DateField()
    principal = models.DecimalField(max_digits=14, decimal_places=2)
    a_day = models.DecimalField(max_digits=7, decimal_places=6)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    capped = models.BooleanField(default=False)
    fee_bill = models.ForeignKey(Bill, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="a_late_day_of_a_bill_counts_once",
                expressions=[
                    ("bill", RangeOperators.EQUAL),
                    (days_between("starts_on", "ends_on"), RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(
                name="late_days_follow_one_another", condition=Q(ends_on__gt=F("starts_on"))
            ),
            models.CheckConstraint(
                name="days_in_dispute_cost_nothing",
                condition=Q(kind=LateKind.COUNTED, amount__gte=0)
                | Q(kind=LateKind.DISPUTED, amount=0, fee_bill__isnull=True),
            ),
        ]
        indexes = [models.Index(fields=["customer_id"], name="late_fee_by_customer")]

    @property
    def days(self) -> int:
        return (self.ends_on - self.starts_on).days

    @property
    def day_amount(self) -> Decimal:
        """What a day costs before the cap, in CNY."""
        return to_fen(self.principal * self.a_day)


class WaiverState(models.TextChoices):
    ASKED = "ASKED", _("Waits for a decision")
    GRANTED = "GRANTED", _("Granted")
    DECLINED = "DECLINED", _("Declined")


class FeeWaiver(OwnedModel):
    """A wish to let a late fee go, or a part of it; another person decides."""

    bill = models.ForeignKey(Bill, on_delete=models.PROTECT, related_name="+")
    customer_id = models.UUIDField()
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    reason = models.CharField(max_length=200)
    state = models.CharField(max_length=8, choices=WaiverState, default=WaiverState.ASKED)
    asked_by_id = models.UUIDField()
    asked_at = models.DateTimeField()
    decided_by_id = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)
    words = models.CharField(max_length=200, blank=True)
    credit = models.ForeignKey(Bill, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_waiver_of_a_fee_is_open",
                fields=["bill"],
                condition=Q(state=WaiverState.ASKED),
            ),
            models.CheckConstraint(
                name="a_second_person_decides_a_waiver",
                condition=Q(state=WaiverState.ASKED, decided_by_id__isnull=True)
                | (
                    Q(decided_by_id__isnull=False, decided_at__isnull=False)
                    & ~Q(decided_by_id=F("asked_by_id"))
                ),
            ),
            models.CheckConstraint(
                name="a_granted_waiver_has_its_credit_note",
                condition=~Q(state=WaiverState.GRANTED) | Q(credit__isnull=False),
            ),
            models.CheckConstraint(
                name="a_waiver_lets_something_go", condition=Q(amount__gt=0) & ~Q(reason="")
            ),
        ]
