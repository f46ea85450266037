"""What the operator's old rent ledger says of leases that moved in."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q

from panshi.kit.nouns import OwnedModel
from panshi.leasing.models.leases import Lease


class RentRecord(OwnedModel):
    """A rent period that was billed before the move-in: due and received, in CNY.

    What of it is open is owed by `bill_id`, an opening bill, or by the arrears that came with the
    lease itself. A period that is billed here was paid ahead by `payment_id`; the rest is for its
    bill to ask. Never changed; taken out only with its whole sheet.
    """

    lease = models.ForeignKey(Lease, on_delete=models.PROTECT, related_name="rent_records")
    customer_id = models.UUIDField()
    during = DateRangeField()
    due = models.DecimalField(max_digits=14, decimal_places=2)
    received = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    due_on = models.DateField(null=True)
    received_on = models.DateField(null=True)
    method = models.CharField(max_length=20, blank=True)
    reference = models.CharField(max_length=64, blank=True)
    note = models.CharField(max_length=300, blank=True)
    bill_id = models.UUIDField(null=True)
    payment_id = models.UUIDField(null=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="rent_periods_never_overlap",
                expressions=[
                    (F("lease"), RangeOperators.EQUAL),
                    (F("during"), RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(
                name="no_more_received_than_due",
                condition=Q(received__gte=0, received__lte=F("due")),
            ),
            models.CheckConstraint(
                name="a_rent_period_has_two_ends",
                condition=Q(during__isempty=False)
                & Q(during__startswith__isnull=False, during__endswith__isnull=False),
            ),
        ]
