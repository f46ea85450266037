from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from panshi.kit.nouns import OwnedModel
from panshi.kit.states import Machine
from panshi.kit.wording import reads_chinese


class DunningRung(models.Model):
    """A step of the ladder, so many days after the due day; days below one are reminders.

    An operator may move it between `earliest` and `latest`, and leave it out if `may_skip`. It
    sends the message `template`. A rung that `controls` a vehicle fires only when the message of
    the rung `notice_day` was delivered `notice_hours` before. `to_confirm` marks what the
    operator's counsel has yet to confirm.
    """

    day = models.SmallIntegerField(primary_key=True)
    code = models.CharField(max_length=24, unique=True)
    name = models.CharField(max_length=60)
    name_zh = models.CharField(max_length=60)
    earliest = models.SmallIntegerField(null=True)
    latest = models.SmallIntegerField(null=True)
    may_skip = models.BooleanField(default=False, db_default=False)
    template = models.CharField(max_length=32, blank=True, default="", db_default="")
    controls = models.BooleanField(default=False, db_default=False)
    notice_day = models.SmallIntegerField(null=True)
    notice_hours = models.PositiveSmallIntegerField(null=True)
    to_confirm = models.BooleanField(default=False, db_default=False)

    def __str__(self) -> str:
        return self.name_zh if reads_chinese() else self.name


class DunningPolicy(OwnedModel):
    """How an operator climbs a rung of the ladder, inside the bounds of the platform."""

    rung = models.ForeignKey(DunningRung, on_delete=models.PROTECT, related_name="+")
    day = models.SmallIntegerField()
    skipped = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(name="one_policy_a_rung", fields=["org", "rung"])]


class CaseState(models.TextChoices):
    OPEN = "OPEN", _("Open")
    ON_HOLD = "ON_HOLD", _("On hold")
    LEGAL = "LEGAL", _("With the lawyers")
    CLEARED = "CLEARED", _("Cleared")
    WRITTEN_OFF = "WRITTEN_OFF", _("Written off")


class HoldKind(models.TextChoices):
    DISPUTE = "DISPUTE", _("Bill disputed")
    COMPLAINT = "COMPLAINT", _("Complaint open")
    ACCIDENT = "ACCIDENT", _("Accident")
    RESCUE = "RESCUE", _("Rescue under way")
    PROMISE = "PROMISE", _("Promise to pay")
    INSTALMENTS = "INSTALMENTS", _("Instalments agreed")
    OTHER = "OTHER", pgettext_lazy("hold", "Another reason")


CASE_LIFE = Machine(
    {
        CaseState.OPEN: {CaseState.ON_HOLD, CaseState.CLEARED, CaseState.LEGAL},
        CaseState.ON_HOLD: {CaseState.OPEN, CaseState.CLEARED},
        CaseState.LEGAL: {CaseState.CLEARED, CaseState.WRITTEN_OFF},
    }
)


class DunningCase(OwnedModel):
    """The arrears of one source, from the first missed due day until they are cleared."""

    # The node of the debt that opened it, which has a key of its own.
    org = models.ForeignKey(
        "org.OrgNode", on_delete=models.PROTECT, related_name="+", db_constraint=False
    )

    source_kind = models.CharField(max_length=60)
    source_id = models.UUIDField()
    customer_id = models.UUIDField()
    vehicle_id = models.UUIDField(null=True)
    oldest_due_on = models.DateField()
    rung = models.SmallIntegerField(null=True)
    state = models.CharField(max_length=12, choices=CaseState, default=CaseState.OPEN)
    opened_on = models.DateField()
    closed_on = models.DateField(null=True)
    hold_kind = models.CharField(
        max_length=12, choices=HoldKind, blank=True, default="", db_default=""
    )
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

    # The node of its case, which has a key of its own; nodes and cases are never deleted. Steps
    # are found by their case.
    org = models.ForeignKey(
        "org.OrgNode",
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )

    case = models.ForeignKey(
        DunningCase, on_delete=models.PROTECT, related_name="steps", db_index=False
    )
    day = models.SmallIntegerField()
    code = models.CharField(max_length=24)
    fired_on = models.DateField()
    open_amount = models.DecimalField(max_digits=14, decimal_places=2)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_rung_fires_once_in_a_case", fields=["case", "day"])
        ]


class DunningPromise(OwnedModel):
    """A part of a debt that the customer promised to have paid by a day.

    `amount` counts everything promised by that day; it is kept when as much of the `debt` of
    `agreed_on` has been paid.
    """

    case = models.ForeignKey(DunningCase, on_delete=models.PROTECT, related_name="promises")
    kind = models.CharField(max_length=12, choices=HoldKind)
    due_on = models.DateField()
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    agreed_on = models.DateField()
    debt = models.DecimalField(max_digits=14, decimal_places=2)
    by_id = models.UUIDField()
    kept_on = models.DateField(null=True)
    broken_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_promise_is_kept_or_broken",
                condition=Q(kept_on__isnull=True) | Q(broken_on__isnull=True),
            ),
            models.CheckConstraint(
                name="a_promise_stays_within_the_debt",
                condition=Q(amount__gt=0, amount__lte=F("debt")),
            ),
        ]


class CallOutcome(models.TextChoices):
    PROMISED = "PROMISED", _("Promised to pay")
    NO_ANSWER = "NO_ANSWER", _("Nobody answered")
    DISPUTED = "DISPUTED", _("Disputes the bill")
    UNABLE = "UNABLE", _("Cannot pay")
    REFUSED = "REFUSED", _("Refuses to pay")
    WRONG_NUMBER = "WRONG_NUMBER", _("Wrong number")


class CollectionCall(OwnedModel):
    """A call that a collector has to make on a working day, and what came of it."""

    # The node of its case, which has a key of its own; nodes and cases are never deleted.
    org = models.ForeignKey(
        "org.OrgNode", on_delete=models.PROTECT, related_name="+", db_constraint=False
    )

    case = models.ForeignKey(
        DunningCase, on_delete=models.PROTECT, related_name="calls", db_index=False
    )
    day = models.SmallIntegerField()
    call_on = models.DateField()
    outcome = models.CharField(max_length=12, choices=CallOutcome, blank=True)
    words = models.CharField(max_length=200, blank=True)
    by_id = models.UUIDField(null=True)
    called_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_rung_asks_for_one_call", fields=["case", "day"]),
            models.CheckConstraint(
                name="a_call_made_has_an_outcome",
                condition=Q(called_at__isnull=True, outcome="")
                | Q(called_at__isnull=False, by_id__isnull=False) & ~Q(outcome=""),
            ),
        ]
