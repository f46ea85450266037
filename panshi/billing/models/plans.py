from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from panshi.billing.models.catalogue import Alignment, Basis, Product, days_between
from panshi.kit.nouns import OwnedModel


class ChargePlan(OwnedModel):
    """The skeleton of whatever charges again and again: a lease, a care plan, smart control.

    `next_period` is the number of the first period not drafted yet, `next_bill_on` the day from
    which the run takes it up; null when nothing is left.
    """

    org = models.ForeignKey(
        "org.OrgNode", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+", db_index=False)
    payer_id = models.UUIDField(null=True)
    source_kind = models.CharField(max_length=60)
    source_id = models.UUIDField()
    anchor_on = models.DateField()
    alignment = models.CharField(max_length=8, choices=Alignment)
    basis = models.CharField(max_length=8, choices=Basis)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True)
    city = models.CharField(max_length=40, blank=True)
    next_period = models.IntegerField(default=0)
    next_bill_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_plan_per_source_and_product", fields=["source_id", "product", "starts_on"]
            ),
            models.CheckConstraint(
                name="a_plan_starts_from_its_anchor", condition=Q(starts_on__gte=F("anchor_on"))
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_bill_on"],
                condition=Q(next_bill_on__isnull=False),
                name="plan_waiting_for_a_bill",
            ),
        ]


class _PlanPart(OwnedModel):
    plan = models.ForeignKey(ChargePlan, on_delete=models.PROTECT, related_name="+")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True)

    class Meta:
        abstract = True


def _one_at_a_time(name: str) -> ExclusionConstraint:
    return ExclusionConstraint(
        name=name,
        expressions=[
            ("plan", RangeOperators.EQUAL),
            (days_between("starts_on", "ends_on"), RangeOperators.OVERLAPS),
        ],
    )


class PlanPrice(_PlanPart):
    """What a period (or, by the day, a day) costs during a time, tax included."""

    price = models.DecimalField(max_digits=14, decimal_places=2)

    class Meta:
        constraints = [_one_at_a_time("one_plan_price_at_a_time")]


class PlanVehicle(_PlanPart):
    """The vehicle a plan charges for during a time; a swap closes one and opens the next."""

    vehicle_id = models.UUIDField()

    class Meta:
        constraints = [_one_at_a_time("one_plan_vehicle_at_a_time")]


class PlanBreak(_PlanPart):
    """A pause with its cause, and the percentage of the rent that is not charged meanwhile."""

    cause = models.CharField(max_length=24)
    relief = models.DecimalField(max_digits=5, decimal_places=2)

    class Meta:
        constraints = [
            _one_at_a_time("one_plan_break_at_a_time"),
            models.CheckConstraint(
                name="relief_is_a_percentage", condition=Q(relief__gte=0) & Q(relief__lte=100)
            ),
        ]


class BillingRun(OwnedModel):
    """One pass over the plans: what it drafted, and what it set aside."""

    cut_off = models.DateField()
    at = models.DateTimeField()
    drafted = models.IntegerField()
    lines = models.IntegerField()
    total = models.DecimalField(max_digits=16, decimal_places=2)
    exceptions = models.IntegerField()


class Fault(models.TextChoices):
    PLAN_REVERSED = "PLAN_REVERSED", _("The plan ends before it starts")
    NO_PAYER = "NO_PAYER", _("No payer")
    NO_VEHICLE = "NO_VEHICLE", _("No vehicle")
    NO_PRICE = "NO_PRICE", _("No price for some day")
    NEGATIVE = "NEGATIVE", _("A price below zero")
    NO_VAT = "NO_VAT", _("No VAT rate")
    OVERLAP = "OVERLAP", _("Days that were billed before")
    PERIOD_CLOSED = "PERIOD_CLOSED", _("The month is closed in the ledger")


class BillingException(OwnedModel):
    """A period that the run could not bill; it waits here while all others go on."""

    plan = models.ForeignKey(ChargePlan, on_delete=models.PROTECT, related_name="+")
    period = models.IntegerField()
    code = models.CharField(max_length=16, choices=Fault)
    found_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)
    resolved_by_id = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_open_exception_per_period",
                fields=["plan", "period"],
                condition=Q(resolved_at__isnull=True),
            )
        ]
