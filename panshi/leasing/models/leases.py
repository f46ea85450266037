"""Nouns of leasing: leases, the segments that hold their vehicles, handovers, settlements."""

from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from panshi.kit.nouns import OwnedModel
from panshi.kit.states import Machine
from panshi.kit.wording import reads_chinese


class LeaseState(models.TextChoices):
    DRAFT = "DRAFT", _("Draft")
    RESERVED = "RESERVED", _("Vehicle reserved")
    SIGNED = "SIGNED", _("Signed")
    ACTIVE = "ACTIVE", _("On the road")
    PAUSED = "PAUSED", pgettext_lazy("lease", "Paused")
    RETURNING = "RETURNING", _("Being returned")
    DEFAULTED = "DEFAULTED", _("In default")
    SETTLING = "SETTLING", _("Being settled")
    ENDED = "ENDED", _("Ended")
    TRANSFERRED = "TRANSFERRED", _("Vehicle bought")
    CANCELLED = "CANCELLED", _("Cancelled")


L = LeaseState
LEASE_LIFE = Machine(
    {
        L.DRAFT: {L.RESERVED, L.CANCELLED},
        L.RESERVED: {L.SIGNED, L.CANCELLED},
        L.SIGNED: {L.ACTIVE, L.CANCELLED},
        L.ACTIVE: {L.PAUSED, L.RETURNING, L.DEFAULTED, L.TRANSFERRED},
        L.PAUSED: {L.ACTIVE},
        L.DEFAULTED: {L.RETURNING},
        L.RETURNING: {L.SETTLING},
        L.SETTLING: {L.ENDED},
    }
)


# The vehicle was handed over: what the lease asks for from then on stands.
LASTING = [L.ACTIVE, L.PAUSED, L.DEFAULTED, L.RETURNING, L.SETTLING, L.ENDED, L.TRANSFERRED]
# Nothing more follows.
OVER = (L.ENDED, L.TRANSFERRED, L.CANCELLED)
# The customer has the vehicle.
OUT = (L.ACTIVE, L.PAUSED, L.DEFAULTED, L.RETURNING)


class SegmentState(models.TextChoices):
    RESERVED = "RESERVED", _("Reserved")
    OUT = "OUT", _("Out")
    BACK = "BACK", _("Back")
    VOID = "VOID", _("Void")


G = SegmentState
SEGMENT_LIFE = Machine({G.RESERVED: {G.OUT, G.VOID}, G.OUT: {G.BACK}})
# Which part of a lease counts now: what is out, else what is promised, else what was.
SEGMENT_RANK = {G.BACK: 0, G.RESERVED: 1, G.OUT: 2}


class Alignment(models.TextChoices):
    CALENDAR = "CALENDAR", _("Calendar months")
    ANCHOR = "ANCHOR", _("From the day of delivery")


class HandoverKind(models.TextChoices):
    OUT = "OUT", _("Handover")
    IN = "IN", _("Return")


class Lease(OwnedModel):
    """A vehicle lent to one customer for a monthly rent.

    `alignment` says where its periods of rent begin. `arrived_at` is when the vehicle stood in the
    yard again, be it taken back later. `expiry_told` is the nearest of the days before the end at
    which the end was announced. `moved_in_at` marks one that ran before its operator moved in.
    """

    number = models.CharField(max_length=40)
    customer = models.ForeignKey("crm.Customer", on_delete=models.PROTECT, related_name="+")
    product_code = models.CharField(max_length=24)
    state = models.CharField(max_length=11, choices=LeaseState, default=LeaseState.DRAFT)
    monthly_rent = models.DecimalField(max_digits=14, decimal_places=2)
    deposit = models.DecimalField(max_digits=14, decimal_places=2)
    starts_on = models.DateField()
    months = models.PositiveSmallIntegerField()
    ends_on = models.DateField()
    city = models.CharField(max_length=40)
    signed_at = models.DateTimeField(null=True)
    deposit_held_at = models.DateTimeField(null=True)
    active_from = models.DateTimeField(null=True)
    alignment = models.CharField(
        max_length=8, choices=Alignment, default=Alignment.CALENDAR, db_default="CALENDAR"
    )
    return_asked_for = models.DateField(null=True)
    arrived_at = models.DateTimeField(null=True)
    expiry_told = models.SmallIntegerField(null=True)
    returned_at = models.DateTimeField(null=True)
    plan_id = models.UUIDField(null=True)
    moved_in_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=400, blank=True, default="", db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="lease_number_once", fields=["org", "number"]),
            models.CheckConstraint(
                name="lease_runs_only_signed_with_deposit_and_start",
                condition=~Q(state__in=LASTING)
                | Q(
                    signed_at__isnull=False,
                    active_from__isnull=False,
                    plan_id__isnull=False,
                )
                & (Q(deposit=0) | Q(deposit_held_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="lease_amounts_are_not_negative",
                condition=Q(monthly_rent__gt=0, deposit__gte=0, months__gte=1),
            ),
            models.CheckConstraint(
                name="lease_ends_after_it_starts", condition=Q(ends_on__gt=F("starts_on"))
            ),
        ]
        indexes = [
            models.Index(fields=["org", "state", "-id"], name="lease_list"),
            models.Index(fields=["-starts_on", "-id"], name="lease_by_start"),
        ]


class Segment(OwnedModel):
    """One vehicle's part of a lease: `planned` guards promises, `held` guards possession.

    `risk_told_on` is when it was last said that the vehicle may not be there in time.
    """

    lease = models.ForeignKey(Lease, on_delete=models.PROTECT, related_name="+")
    customer_id = models.UUIDField()
    vehicle = models.ForeignKey("fleet.Vehicle", on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=8, choices=SegmentState, default=SegmentState.RESERVED)
    planned = DateTimeRangeField()
    held = DateTimeRangeField(null=True)
    risk_told_on = models.DateField(null=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="vehicle_is_planned_once",
                expressions=[
                    ("vehicle", RangeOperators.EQUAL),
                    ("planned", RangeOperators.OVERLAPS),
                ],
                condition=Q(state__in=["RESERVED", "OUT"]),
            ),
            ExclusionConstraint(
                name="vehicle_is_held_once",
                expressions=[
                    ("vehicle", RangeOperators.EQUAL),
                    ("held", RangeOperators.OVERLAPS),
                ],
                condition=Q(held__isnull=False),
            ),
        ]


class Handover(OwnedModel):
    """The vehicle changes hands, with what both sides saw.

    `inspection_id` is the signed inspection whose readings and marks it rests on, if there was one.
    `signature_id` is the customer's, `staff_signature_id` that of our own side.
    """

    segment = models.ForeignKey(Segment, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=3, choices=HandoverKind)
    odometer_km = models.DecimalField(max_digits=10, decimal_places=1)
    soc_pct = models.DecimalField(max_digits=4, decimal_places=1)
    checklist: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)
    photo_ids: "models.JSONField[list[str], list[str]]" = models.JSONField(default=list)
    signature_id = models.UUIDField(null=True)
    staff_signature_id = models.UUIDField(null=True)
    inspection_id = models.UUIDField(null=True)
    signed_by = models.CharField(max_length=60)
    by_id = models.UUIDField()
    completed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_handover_each_way", fields=["segment", "kind"]),
            models.UniqueConstraint(
                name="an_inspection_is_of_one_handover",
                fields=["inspection_id"],
                condition=Q(inspection_id__isnull=False),
            ),
            models.CheckConstraint(
                name="a_handover_is_signed_with_plausible_readings",
                condition=~Q(signed_by="") & Q(odometer_km__gte=0, soc_pct__range=(0, 100)),
            ),
        ]


class AmendmentKind(models.TextChoices):
    EXTENSION = "EXTENSION", pgettext_lazy("lease", "Extension")
    SWAP = "SWAP", _("Vehicle swapped")
    PAUSE = "PAUSE", pgettext_lazy("lease", "Pause")
    RESUMPTION = "RESUMPTION", _("Pause ended")
    PRICE = "PRICE", _("New rent")
    TERMINATION = "TERMINATION", _("Early end agreed")


class Amendment(OwnedModel):
    """What was changed about a lease and from which day: `diff` names what it was and became.

    `digest` is the sha256 of the quote that was agreed to; `credited` and `billed` are what it made
    of bills already issued.
    """

    lease = models.ForeignKey(Lease, on_delete=models.PROTECT, related_name="+")
    customer_id = models.UUIDField()
    number = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=12, choices=AmendmentKind)
    effective_on = models.DateField()
    until = models.DateField(null=True)
    diff: "models.JSONField[dict[str, list[str]], dict[str, list[str]]]" = models.JSONField()
    reason = models.CharField(max_length=200, blank=True)
    credited = models.DecimalField(max_digits=14, decimal_places=2)
    billed = models.DecimalField(max_digits=14, decimal_places=2)
    digest = models.CharField(max_length=64, blank=True)
    by_id = models.UUIDField()
    made_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="amendments_are_numbered", fields=["lease", "number"])
        ]


class RequestKind(models.TextChoices):
    SWAP = "SWAP", _("Another vehicle")
    TERMINATION = "TERMINATION", _("An early end")
    PURCHASE = "PURCHASE", _("Buying the vehicle")


class LeaseRequest(OwnedModel):
    """What a customer asks to be changed; answered once the lease is changed or it is declined."""

    lease = models.ForeignKey(Lease, on_delete=models.PROTECT, related_name="+")
    customer_id = models.UUIDField()
    kind = models.CharField(max_length=12, choices=RequestKind)
    wished_on = models.DateField()
    reason = models.CharField(max_length=200)
    by_id = models.UUIDField()
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_open_request_of_a_kind",
                fields=["lease", "kind"],
                condition=Q(answered_at__isnull=True),
            )
        ]


class PauseCause(models.Model):
    """Why a lease pauses and what percentage of the rent is not charged; null where it is agreed.

    `to_confirm` marks a figure that the operator's counsel has yet to confirm.
    """

    code = models.CharField(max_length=24, primary_key=True)
    name = models.CharField(max_length=60)
    name_zh = models.CharField(max_length=60)
    relief = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    to_confirm = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_cause_relieves_a_percentage",
                condition=Q(relief__isnull=True) | Q(relief__gte=0, relief__lte=100),
            )
        ]

    def __str__(self) -> str:
        return self.name_zh if reads_chinese() else self.name


class ReturnTerms(models.Model):
    """The fee for an early return from a day on: a share of the rent not billed yet, at most
    `early_months` months of rent. `to_confirm` as for a pause.
    """

    starts_on = models.DateField(unique=True)
    early_share = models.DecimalField(max_digits=5, decimal_places=4)
    early_months = models.PositiveSmallIntegerField()
    to_confirm = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="an_early_share_is_a_share",
                condition=Q(early_share__gte=0, early_share__lte=1),
            )
        ]


class SettlementSheet(OwnedModel):
    """A settlement as it was offered to the customer: its lines sum to `total`.

    `charges` are what it was reckoned with, `inputs` all it follows from and `digest` their sha256.
    Nothing of it changes but that the customer confirms it; another offer is another version.
    """

    lease = models.ForeignKey(Lease, on_delete=models.PROTECT, related_name="+")
    customer_id = models.UUIDField()
    version = models.PositiveSmallIntegerField()
    lines: "models.JSONField[list[dict[str, Any]], list[dict[str, Any]]]" = models.JSONField()
    charges: "models.JSONField[list[dict[str, Any]], list[dict[str, Any]]]" = models.JSONField()
    inputs: "models.JSONField[list[list[str]], list[list[str]]]" = models.JSONField()
    digest = models.CharField(max_length=64)
    total = models.DecimalField(max_digits=14, decimal_places=2)
    disputed = models.DecimalField(max_digits=14, decimal_places=2)
    offered_at = models.DateTimeField()
    by_id = models.UUIDField()
    confirmed_at = models.DateTimeField(null=True)
    confirmed_by_id = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="sheets_have_versions", fields=["lease", "version"])
        ]


class Settlement(OwnedModel):
    """What is left between the two sides after the return, and where it went.

    `refund` was paid back of the deposit, `on_account` stands to the customer's credit,
    `still_open` the customer has yet to pay, `disputed` stays reserved of the deposit.
    """

    lease = models.OneToOneField(Lease, on_delete=models.PROTECT, related_name="+")
    sheet = models.ForeignKey(
        SettlementSheet, null=True, on_delete=models.PROTECT, related_name="+"
    )
    lines: "models.JSONField[list[dict[str, Any]], list[dict[str, Any]]]" = models.JSONField()
    charges = models.DecimalField(max_digits=14, decimal_places=2)
    refund = models.DecimalField(max_digits=14, decimal_places=2)
    on_account = models.DecimalField(max_digits=14, decimal_places=2, default=0, db_default=0)
    still_open = models.DecimalField(max_digits=14, decimal_places=2, default=0, db_default=0)
    disputed = models.DecimalField(max_digits=14, decimal_places=2, default=0, db_default=0)
    settled_at = models.DateTimeField()


class DisputeOutcome(OwnedModel):
    """What became of a disputed charge: `upheld` was charged, the rest went back."""

    settlement = models.ForeignKey(Settlement, on_delete=models.PROTECT, related_name="+")
    customer_id = models.UUIDField()
    position = models.PositiveSmallIntegerField()
    upheld = models.DecimalField(max_digits=14, decimal_places=2)
    words = models.CharField(max_length=200)
    by_id = models.UUIDField()
    decided_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_dispute_ends_once", fields=["settlement", "position"])
        ]
