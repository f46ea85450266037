from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from panshi.kit.nouns import OwnedModel
from panshi.kit.states import Machine


class DunningRung(models.Model):
    """A step of the ladder, so many days after the due day; days below one are reminders."""

    day = models.SmallIntegerField(primary_key=True)
    code = models.CharField(max_length=24, unique=True)
    name = models.CharField(max_length=60)
    name_zh = models.CharField(max_length=60)


class CaseState(models.TextChoices):
    OPEN = "OPEN", _("Open")
    ON_HOLD = "ON_HOLD", _("On hold")
    LEGAL = "LEGAL", _("With the lawyers")
    CLEARED = "CLEARED", _("Cleared")
    WRITTEN_OFF = "WRITTEN_OFF", _("Written off")


CASE_LIFE = Machine(
    {
        CaseState.OPEN: {CaseState.ON_HOLD, CaseState.CLEARED, CaseState.LEGAL},
        CaseState.ON_HOLD: {CaseState.OPEN, CaseState.CLEARED},
        CaseState.LEGAL: {CaseState.CLEARED, CaseState.WRITTEN_OFF},
    }
)


class DunningCase(OwnedModel):
    """The arrears of one source, from the first missed due day until they are cleared."""

    source_kind = models.CharField(max_length=60)
    source_id = models.UUIDField()
    customer_id = models.UUIDField()
    vehicle_id = models.UUIDField(null=True)
    oldest_due_on = models.DateField()
    rung = models.SmallIntegerField(null=True)
    state = models.CharField(max_length=12, choices=CaseState, default=CaseState.OPEN)
    opened_on = models.DateField()
    closed_on = models.DateField(null=True)
    hold_reason = models.CharField(max_length=200, blank=True)
    hold_until = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_open_case_per_source",
                fields=["source_id"],
                condition=Q(state__in=["OPEN", "ON_HOLD", "LEGAL"]),
            ),
            models.CheckConstraint(
                name="a_case_on_hold_says_why",
                condition=~Q(state=CaseState.ON_HOLD) | ~Q(hold_reason=""),
            ),
        ]


class DunningStep(OwnedModel):
    """A rung that fired in a case."""

    case = models.ForeignKey(DunningCase, on_delete=models.PROTECT, related_name="steps")
    day = models.SmallIntegerField()
    code = models.CharField(max_length=24)
    fired_on = models.DateField()
    open_amount = models.DecimalField(max_digits=14, decimal_places=2)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_rung_fires_once_in_a_case", fields=["case", "day"])
        ]
