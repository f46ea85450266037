from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from panshi.billing.models.bills import Bill
from panshi.billing.models.dunning import DunningCase
from panshi.kit.nouns import OwnedModel
from panshi.kit.states import Machine


class WriteOffState(models.TextChoices):
    PROPOSED = "PROPOSED", _("Proposed")
    DECLINED = "DECLINED", _("Declined")
    WRITTEN_OFF = "WRITTEN_OFF", _("Written off")
    RECOVERED = "RECOVERED", _("Recovered")


WRITE_OFF_LIFE = Machine(
    {
        WriteOffState.PROPOSED: {WriteOffState.DECLINED, WriteOffState.WRITTEN_OFF},
        WriteOffState.WRITTEN_OFF: {WriteOffState.RECOVERED},
    }
)


class WriteOff(OwnedModel):
    """A hopeless debt of one case, in CNY: proposed by one person, written off by another.

    `recovered` is what came in of it afterwards.
    """

    case = models.ForeignKey(DunningCase, on_delete=models.PROTECT, related_name="+")
    source_kind = models.CharField(max_length=60)
    source_id = models.UUIDField()
    customer_id = models.UUIDField()
    vehicle_id = models.UUIDField(null=True)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    recovered = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    reason = models.CharField(max_length=200)
    state = models.CharField(max_length=11, choices=WriteOffState, default=WriteOffState.PROPOSED)
    proposed_by_id = models.UUIDField()
    proposed_at = models.DateTimeField()
    decided_by_id = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)
    words = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_write_off_of_a_case_is_proposed",
                fields=["case"],
                condition=Q(state=WriteOffState.PROPOSED),
            ),
            models.CheckConstraint(
                name="a_second_person_writes_off",
                condition=Q(state=WriteOffState.PROPOSED, decided_by_id__isnull=True)
                | (
                    Q(decided_by_id__isnull=False, decided_at__isnull=False)
                    & ~Q(decided_by_id=F("proposed_by_id"))
                ),
            ),
            models.CheckConstraint(
                name="no_more_is_recovered_than_was_written_off",
                condition=Q(amount__gt=0, recovered__gte=0, recovered__lte=F("amount"))
                & ~Q(reason=""),
            ),
        ]


class WriteOffPart(OwnedModel):
    """What of a bill a write-off took, and what of that came in afterwards, in CNY."""

    write_off = models.ForeignKey(WriteOff, on_delete=models.PROTECT, related_name="parts")
    bill = models.ForeignKey(Bill, on_delete=models.PROTECT, related_name="+")
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    recovered = models.DecimalField(max_digits=14, decimal_places=2, default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_write_off_takes_a_bill_once", fields=["write_off", "bill"]
            ),
            models.CheckConstraint(
                name="a_part_recovers_no_more_than_it_took",
                condition=Q(amount__gt=0, recovered__gte=0, recovered__lte=F("amount")),
            ),
        ]
