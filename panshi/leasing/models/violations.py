"""Nouns of traffic violations: the notice, who answers for it, what is said against it."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from panshi.kit.nouns import OwnedModel
from panshi.kit.states import Machine
from panshi.leasing.models.leases import Lease, Segment


class ViolationState(models.TextChoices):
    IMPORTED = "IMPORTED", pgettext_lazy("violation", "Entered")
    ATTRIBUTED = "ATTRIBUTED", _("Holder found")
    NOTIFIED = "NOTIFIED", _("Customer told")
    DISPUTED = "DISPUTED", _("Disputed")
    DONE_BY_CUSTOMER = "DONE_BY_CUSTOMER", _("Dealt with by the customer")
    DONE_BY_AGENCY = "DONE_BY_AGENCY", _("Dealt with by us")
    CHARGED = "CHARGED", pgettext_lazy("violation", "Billed")
    CLOSED = "CLOSED", pgettext_lazy("violation", "Closed")


V = ViolationState
VIOLATION_LIFE = Machine(
    {
        V.IMPORTED: {V.ATTRIBUTED},
        V.ATTRIBUTED: {V.NOTIFIED, V.DONE_BY_AGENCY},
        V.NOTIFIED: {V.DISPUTED, V.DONE_BY_CUSTOMER, V.DONE_BY_AGENCY, V.CHARGED},
        # A dispute that was right makes it the operator's; one that was not lets it go on.
        V.DISPUTED: {V.NOTIFIED, V.ATTRIBUTED},
        V.DONE_BY_CUSTOMER: {V.CLOSED},
        V.DONE_BY_AGENCY: {V.CHARGED, V.CLOSED},
        V.CHARGED: {V.CLOSED},
    }
)


class Responsible(models.TextChoices):
    CUSTOMER = "CUSTOMER", _("Customer")
    OPERATOR = "OPERATOR", _("Operator")


class SettledBy(models.TextChoices):
    CUSTOMER = "CUSTOMER", _("Customer")
    AGENCY = "AGENCY", pgettext_lazy("violation", "Us, as an agent")


class ViolationTerms(models.Model):
    """From a day on: the fee for dealing with a violation, and what is kept back of a deposit for
    notices that come after the return, in CNY and days. `overdue_days` after its notice an open
    violation is called overdue. `to_confirm` as for every legal figure.
    """

    starts_on = models.DateField(unique=True)
    agency_fee = models.DecimalField(max_digits=14, decimal_places=2)
    retained = models.DecimalField(max_digits=14, decimal_places=2)
    retain_days = models.PositiveSmallIntegerField()
    overdue_days = models.PositiveSmallIntegerField()
    to_confirm = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="violation_terms_are_not_negative",
                condition=Q(agency_fee__gte=0, retained__gte=0),
            )
        ]


class Violation(OwnedModel):
    """A notice of the traffic police about a vehicle, at a moment and a place.

    It belongs to the segment that held the vehicle at that moment; without one the operator answers
    for it. `fine` is passed on as it is, `agency_fee` is what dealing with it costs, both in CNY.
    A notice may come without its number; then vehicle, moment and code tell it.
    """

    number = models.CharField(max_length=32, blank=True)
    vehicle = models.ForeignKey("fleet.Vehicle", on_delete=models.PROTECT, related_name="+")
    plate = models.CharField(max_length=10)
    occurred_at = models.DateTimeField()
    code = models.CharField(max_length=12, blank=True)
    place = models.CharField(max_length=120, blank=True)
    fine = models.DecimalField(max_digits=14, decimal_places=2)
    points = models.PositiveSmallIntegerField(default=0)
    agency_fee = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    state = models.CharField(max_length=16, choices=ViolationState, default=ViolationState.IMPORTED)
    responsible = models.CharField(max_length=8, choices=Responsible, blank=True)
    segment = models.ForeignKey(Segment, null=True, on_delete=models.PROTECT, related_name="+")
    lease = models.ForeignKey(Lease, null=True, on_delete=models.PROTECT, related_name="+")
    customer_id = models.UUIDField(null=True)
    imported_at = models.DateTimeField()
    notified_at = models.DateTimeField(null=True)
    settled_by = models.CharField(max_length=8, choices=SettledBy, blank=True)
    settled_at = models.DateTimeField(null=True)
    charged_at = models.DateTimeField(null=True)
    in_settlement = models.BooleanField(default=False)
    bill_id = models.UUIDField(null=True)
    paid_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    overdue_told_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_notice_is_entered_once",
                fields=["org", "number"],
                condition=~Q(number=""),
            ),
            models.UniqueConstraint(
                name="a_notice_without_number_is_entered_once",
                fields=["vehicle", "occurred_at", "code"],
                condition=Q(number=""),
            ),
            models.CheckConstraint(
                name="a_violation_costs_nothing_or_more",
                condition=Q(fine__gte=0, agency_fee__gte=0, points__lte=12),
            ),
            models.CheckConstraint(
                name="a_customers_violation_has_its_segment",
                condition=~Q(responsible="CUSTOMER")
                | Q(segment__isnull=False, lease__isnull=False, customer_id__isnull=False),
            ),
            models.CheckConstraint(
                name="a_violation_past_entry_is_somebodys",
                condition=Q(state="IMPORTED") | ~Q(responsible=""),
            ),
            models.CheckConstraint(
                name="only_the_customer_is_billed_for_a_violation",
                condition=Q(charged_at__isnull=True) | Q(responsible="CUSTOMER"),
            ),
        ]
        indexes = [
            models.Index(fields=["org", "-occurred_at"], name="violations_of_a_node"),
            models.Index(fields=["lease"], name="violations_of_a_lease"),
            models.Index(fields=["customer_id"], name="violations_of_a_customer"),
        ]


class ViolationDispute(OwnedModel):
    """What a customer says against a violation, with its evidence, and what was answered."""

    violation = models.ForeignKey(Violation, on_delete=models.PROTECT, related_name="+")
    customer_id = models.UUIDField()
    words = models.CharField(max_length=400)
    file_ids: "models.JSONField[list[str], list[str]]" = models.JSONField(default=list)
    by_id = models.UUIDField()
    asked_at = models.DateTimeField()
    upheld = models.BooleanField(null=True)
    answer = models.CharField(max_length=400, blank=True)
    decided_by_id = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_open_dispute_of_a_violation",
                fields=["violation"],
                condition=Q(decided_at__isnull=True),
            ),
            models.CheckConstraint(
                name="a_decided_dispute_has_its_answer",
                condition=Q(decided_at__isnull=True, upheld__isnull=True)
                | Q(decided_at__isnull=False, upheld__isnull=False, decided_by_id__isnull=False)
                & ~Q(answer=""),
            ),
        ]


class Retention(OwnedModel):
    """What of a settled lease's deposit is kept back for notices that may come until a day.

    `left` shrinks by what is claimed from it; on the day after `until` it goes back.
    """

    lease = models.OneToOneField(Lease, on_delete=models.PROTECT, related_name="+")
    customer_id = models.UUIDField()
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    left = models.DecimalField(max_digits=14, decimal_places=2)
    until = models.DateField()
    returned_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="no_more_is_left_than_was_kept_back",
                condition=Q(amount__gt=0, left__gte=0, left__lte=F("amount")),
            )
        ]
