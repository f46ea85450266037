"""Nouns about customers: who they are, whether they qualify, what they complain about."""

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from panshi.kit.nouns import OwnedModel
from panshi.kit.personal import SealedField
from panshi.kit.states import Machine


class CustomerKind(models.TextChoices):
    PERSON = "PERSON", _("Person")
    COMPANY = "COMPANY", _("Company")


class Settlement(models.TextChoices):
    PREPAID = "PREPAID", _("Paid in advance")
    MONTHLY = "MONTHLY", _("Settled monthly")
    QUARTERLY = "QUARTERLY", _("Settled quarterly")


class QualificationState(models.TextChoices):
    SUBMITTED = "SUBMITTED", _("Submitted")
    APPROVED = "APPROVED", _("Approved")
    REJECTED = "REJECTED", _("Rejected")


QUALIFICATION_LIFE = Machine(
    {
        QualificationState.SUBMITTED: {QualificationState.APPROVED, QualificationState.REJECTED},
    }
)


class ComplaintSubject(models.TextChoices):
    VEHICLE = "VEHICLE", _("Vehicle")
    SERVICE = "SERVICE", _("Service")
    BILL = "BILL", _("Bill")
    STAFF = "STAFF", _("Staff")
    OTHER = "OTHER", _("Other")


class ComplaintState(models.TextChoices):
    OPEN = "OPEN", _("Open")
    ANSWERED = "ANSWERED", _("Answered")
    CLOSED = "CLOSED", _("Closed")


COMPLAINT_LIFE = Machine(
    {
        ComplaintState.OPEN: {ComplaintState.ANSWERED},
        ComplaintState.ANSWERED: {ComplaintState.OPEN, ComplaintState.CLOSED},
    }
)


class BlacklistReason(models.TextChoices):
    UNPAID = "UNPAID", _("Left debts unpaid")
    VEHICLE_KEPT = "VEHICLE_KEPT", _("Kept a vehicle")
    FRAUD = "FRAUD", _("False papers")


class Customer(OwnedModel):
    """A person or company that leases vehicles or books services at one operator.

    `person_key` is the blind index of the identity number or credit code: the same customer at two
    operators is two rows with one key. Who only books a service may have none.
    """

    kind = models.CharField(max_length=8, choices=CustomerKind)
    name = models.CharField(max_length=80)
    contact = models.CharField(max_length=40, blank=True)
    phone = SealedField()
    phone_index = models.CharField(max_length=64)
    id_no = SealedField()
    person_key = models.CharField(max_length=64, null=True)
    city = models.CharField(max_length=40, blank=True)
    licence_expires_on = models.DateField(null=True)
    tax_title = models.CharField(max_length=100, blank=True)
    tax_no = models.CharField(max_length=20, blank=True)
    settlement = models.CharField(max_length=12, choices=Settlement, default=Settlement.PREPAID)
    credit_limit = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    note = models.CharField(max_length=400, blank=True)
    qualified = models.BooleanField(default=False)
    qualified_until = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_person_is_one_customer_of_a_node", fields=["org", "person_key"]
            ),
            models.UniqueConstraint(name="customer_with_its_node", fields=["id", "org"]),
            models.CheckConstraint(
                name="a_company_has_its_credit_code",
                condition=~Q(kind=CustomerKind.COMPANY) | Q(person_key__isnull=False),
            ),
            models.CheckConstraint(name="a_customer_has_a_name", condition=~Q(name="")),
            models.CheckConstraint(
                name="a_qualified_customer_has_a_last_day",
                condition=Q(qualified=False)
                | Q(qualified_until__isnull=False, person_key__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["org", "phone_index"], name="customer_by_phone"),
            models.Index(fields=["org", "name"], name="customer_by_name"),
        ]


class Qualification(OwnedModel):
    """A customer's examination: its inputs, checks and score, and a second person's decision.

    `authorised_by` is who signs for a company. A person looks at it from `review_started_at` on.
    """

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(
        max_length=10, choices=QualificationState, default=QualificationState.SUBMITTED
    )
    licence_expires_on = models.DateField()
    inputs: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField()
    parts: "models.JSONField[list[Any], list[Any]]" = models.JSONField()
    checks: "models.JSONField[list[Any], list[Any]]" = models.JSONField(default=list, db_default=[])
    authorised_by = models.CharField(max_length=60, blank=True, default="", db_default="")
    review_started_at = models.DateTimeField(null=True)
    review_by_id = models.UUIDField(null=True)
    score = models.PositiveSmallIntegerField()
    credit_limit = models.DecimalField(max_digits=14, decimal_places=2)
    deposit_months = models.PositiveSmallIntegerField()
    submitted_by_id = models.UUIDField()
    submitted_at = models.DateTimeField()
    reviewer_id = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=400, blank=True)
    valid_until = models.DateField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_decision_has_its_reviewer",
                condition=Q(state=QualificationState.SUBMITTED, reviewer_id=None, decided_at=None)
                | ~Q(state=QualificationState.SUBMITTED)
                & Q(reviewer_id__isnull=False, decided_at__isnull=False),
            ),
            models.CheckConstraint(
                name="nobody_decides_on_an_own_submission",
                condition=Q(reviewer_id=None) | ~Q(reviewer_id=F("submitted_by_id")),
            ),
            models.CheckConstraint(
                name="an_approval_ends_with_the_licence_at_the_latest",
                condition=~Q(state=QualificationState.APPROVED)
                | Q(valid_until__isnull=False, valid_until__lte=F("licence_expires_on")),
            ),
            models.CheckConstraint(
                name="a_score_is_out_of_100", condition=Q(score__lte=100, credit_limit__gte=0)
            ),
            models.UniqueConstraint(
                name="one_open_qualification",
                fields=["customer"],
                condition=Q(state=QualificationState.SUBMITTED),
            ),
        ]


class BlacklistEntry(OwnedModel):
    """A person with whom no operator of the platform should deal, and why."""

    person_key = models.CharField(max_length=64)
    reason_code = models.CharField(max_length=16, choices=BlacklistReason)
    listed_by_id = models.UUIDField()
    listed_at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)
    lifted_by_id = models.UUIDField(null=True)
    lifted_because = models.CharField(max_length=200, blank=True, db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_person_is_listed_once_by_a_node",
                fields=["org", "person_key"],
                condition=Q(lifted_at=None),
            ),
            models.CheckConstraint(
                name="another_person_takes_off_the_blacklist",
                condition=Q(lifted_by_id__isnull=True) | ~Q(lifted_by_id=F("listed_by_id")),
            ),
        ]
        indexes = [models.Index(fields=["person_key"], name="blacklist_by_person")]


class PersonalRead(OwnedModel):
    """Who looked at which personal data of a customer in clear, and why; never changed."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    field = models.CharField(max_length=20)
    reason = models.CharField(max_length=200, blank=True)
    by_id = models.UUIDField()
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["customer", "-at"], name="personal_read_by_customer")]


class Complaint(OwnedModel):
    """What a customer complains about, and by when it is to be answered."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    subject = models.CharField(max_length=8, choices=ComplaintSubject)
    text = models.CharField(max_length=2000)
    source_kind = models.CharField(max_length=20, blank=True)
    source_id = models.UUIDField(null=True)
    state = models.CharField(max_length=8, choices=ComplaintState, default=ComplaintState.OPEN)
    filed_by_id = models.UUIDField()
    filed_at = models.DateTimeField()
    due_at = models.DateTimeField()
    answer = models.CharField(max_length=2000, blank=True)
    answered_by_id = models.UUIDField(null=True)
    answered_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="an_answered_complaint_has_its_answer",
                condition=Q(state=ComplaintState.OPEN)
                | Q(answered_at__isnull=False, answered_by_id__isnull=False) & ~Q(answer=""),
            ),
            models.CheckConstraint(
                name="a_closed_complaint_says_when",
                condition=~Q(state=ComplaintState.CLOSED) | Q(closed_at__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["org", "state", "due_at"], name="complaint_by_deadline")]
