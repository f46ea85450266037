from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from panshi.billing.models.catalogue import days_between
from panshi.kit.nouns import OwnedModel
from panshi.kit.states import Machine


class Party(models.TextChoices):
    CHANNEL = "CHANNEL", _("Payment channel")
    OWNER = "OWNER", _("Owner of the vehicle")
    PARTNER = "PARTNER", _("Engineer or partner")
    PLATFORM = "PLATFORM", pgettext_lazy("share", "Platform")
    REGION = "REGION", _("Regional centre")
    OPERATOR = "OPERATOR", _("Operator")


class ShareBase(models.TextChoices):
    GROSS = "GROSS", _("of what was collected")
    NET = "NET", _("of that, net of VAT")
    REST = "REST", _("of what is left")


class ShareScheme(OwnedModel):
    """How what is collected for a product is shared, from a day on; without a product, for all.

    It applies to the books of its node and below; the nearest one wins. `owner_id` is the node that
    owns the vehicles, the platform when it says nothing.
    """

    name = models.CharField(max_length=60)
    product_code = models.CharField(max_length=24, blank=True)
    owner_id = models.IntegerField(null=True)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True)
    published_by_id = models.UUIDField()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="one_share_scheme_at_a_time",
                expressions=[
                    ("org", RangeOperators.EQUAL),
                    ("product_code", RangeOperators.EQUAL),
                    (days_between("starts_on", "ends_on"), RangeOperators.OVERLAPS),
                ],
            ),
        ]


class ShareStep(OwnedModel):
    """One step of a scheme; a percentage is kept as a share, 0.2 for 20 %."""

    scheme = models.ForeignKey(ShareScheme, on_delete=models.PROTECT, related_name="steps")
    position = models.SmallIntegerField()
    party = models.CharField(max_length=8, choices=Party)
    base = models.CharField(max_length=5, choices=ShareBase)
    percent = models.DecimalField(max_digits=7, decimal_places=6, default=0)
    amount = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    above = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    up_to = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    minimum = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    cap = models.DecimalField(max_digits=14, decimal_places=2, null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="share_steps_have_places", fields=["scheme", "position"]),
            models.CheckConstraint(
                name="a_share_step_takes_nothing_back",
                condition=Q(percent__gte=0, percent__lte=1, amount__gte=0, minimum__gte=0),
            ),
        ]


class ShareAccrual(OwnedModel):
    """What a new sum collected for a plan's period, or for a bill, gave to share.

    `gross` and `net` are all that was collected so far, `added` what that is more than before, in
    CNY; a refund makes it less. The parts sum to `added`: a trigger sees to it.
    """

    scheme = models.ForeignKey(ShareScheme, on_delete=models.PROTECT, related_name="+")
    subject_id = models.UUIDField()
    period_from = models.DateField()
    sequence = models.SmallIntegerField()
    bill_id = models.UUIDField()
    product_code = models.CharField(max_length=24)
    vehicle_id = models.UUIDField(null=True)
    customer_id = models.UUIDField()
    city = models.CharField(max_length=40, blank=True)
    on = models.DateField()
    gross = models.DecimalField(max_digits=14, decimal_places=2)
    net = models.DecimalField(max_digits=14, decimal_places=2)
    added = models.DecimalField(max_digits=14, decimal_places=2)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="shares_accrue_in_order", fields=["subject_id", "period_from", "sequence"]
            ),
        ]
        indexes = [models.Index(fields=["org", "on"], name="share_accrual_by_day")]


class SharePosting(OwnedModel):
    """What one party's share of a subject became more, or less, by an accrual."""

    accrual = models.ForeignKey(ShareAccrual, on_delete=models.PROTECT, related_name="parts")
    party = models.CharField(max_length=8, choices=Party)
    payee_id = models.IntegerField(null=True)
    on = models.DateField()
    amount = models.DecimalField(max_digits=14, decimal_places=2)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_part_per_party", fields=["accrual", "party"]),
        ]
        indexes = [
            models.Index(fields=["payee_id", "on"], name="share_by_payee"),
            models.Index(fields=["org", "on"], name="share_by_payer"),
        ]


class StatementState(models.TextChoices):
    CLOSED = "CLOSED", pgettext_lazy("settlement", "Settled")
    DISPUTED = "DISPUTED", pgettext_lazy("settlement", "Disputed")


STATEMENT_LIFE = Machine(
    {
        StatementState.CLOSED: {StatementState.DISPUTED},
        StatementState.DISPUTED: {StatementState.CLOSED},
    }
)


class ShareStatement(OwnedModel):
    """A month's settlement of one node: what it passed on, what it receives, over how many lines.

    `sha256` is over the exported lines, so that everyone can see they have the same ones.
    """

    month = models.DateField()
    state = models.CharField(max_length=8, choices=StatementState, default=StatementState.CLOSED)
    lines = models.IntegerField()
    collected = models.DecimalField(max_digits=16, decimal_places=2)
    passed_on = models.DecimalField(max_digits=16, decimal_places=2)
    received = models.DecimalField(max_digits=16, decimal_places=2)
    sha256 = models.CharField(max_length=64)
    closed_at = models.DateTimeField()
    closed_by_id = models.UUIDField()
    dispute = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_share_statement_a_month", fields=["org", "month"]),
            models.CheckConstraint(
                name="a_disputed_statement_says_why",
                condition=Q(state=StatementState.CLOSED) | ~Q(dispute=""),
            ),
        ]


class Recourse(models.TextChoices):
    WITH = "WITH", _("With recourse: the operator bears the risk")
    WITHOUT = "WITHOUT", _("Without recourse: the funder bears the risk")


class Financing(OwnedModel):
    """A bill on which a funder advances money, for a span of days; once at a time."""

    bill_id = models.UUIDField()
    batch_id = models.UUIDField()
    customer_id = models.UUIDField()
    vehicle_id = models.UUIDField(null=True)
    city = models.CharField(max_length=40, blank=True)
    funder = models.CharField(max_length=80)
    open_amount = models.DecimalField(max_digits=14, decimal_places=2)
    advance = models.DecimalField(max_digits=14, decimal_places=2)
    fee = models.DecimalField(max_digits=14, decimal_places=2)
    recourse = models.CharField(max_length=7, choices=Recourse)
    starts_on = models.DateField()
    ends_on = models.DateField()
    repaid_on = models.DateField(null=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="a_bill_is_financed_once_at_a_time",
                expressions=[
                    ("bill_id", RangeOperators.EQUAL),
                    (days_between("starts_on", "ends_on"), RangeOperators.OVERLAPS),
                ],
                condition=Q(repaid_on__isnull=True),
            ),
            models.CheckConstraint(
                name="an_advance_stays_within_the_bill",
                condition=Q(advance__gt=0)
                & Q(advance__lte=models.F("open_amount"))
                & Q(fee__gte=0)
                & Q(fee__lt=models.F("advance"))
                & Q(ends_on__gt=models.F("starts_on")),
            ),
        ]
        indexes = [models.Index(fields=["org", "-starts_on"], name="financing_by_org")]
