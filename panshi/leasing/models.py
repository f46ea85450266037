"""Nouns of leasing: leases, the segments that hold their vehicles, handovers, settlements."""

from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from panshi.kit.nouns import OwnedModel
from panshi.kit.states import Machine


class LeaseState(models.TextChoices):
    DRAFT = "DRAFT", _("Draft")
    RESERVED = "RESERVED", _("Vehicle reserved")
    SIGNED = "SIGNED", _("Signed")
    ACTIVE = "ACTIVE", _("On the road")
    RETURNING = "RETURNING", _("Being returned")
    SETTLING = "SETTLING", _("Being settled")
    ENDED = "ENDED", _("Ended")
    CANCELLED = "CANCELLED", _("Cancelled")


L = LeaseState
LEASE_LIFE = Machine(
    {
        L.DRAFT: {L.RESERVED, L.CANCELLED},
        L.RESERVED: {L.SIGNED, L.CANCELLED},
        L.SIGNED: {L.ACTIVE, L.CANCELLED},
        L.ACTIVE: {L.RETURNING},
        L.RETURNING: {L.SETTLING},
        L.SETTLING: {L.ENDED},
    }
)


class SegmentState(models.TextChoices):
    RESERVED = "RESERVED", _("Reserved")
    OUT = "OUT", _("Out")
    BACK = "BACK", _("Back")
    VOID = "VOID", _("Void")


G = SegmentState
SEGMENT_LIFE = Machine({G.RESERVED: {G.OUT, G.VOID}, G.OUT: {G.BACK}})


class HandoverKind(models.TextChoices):
    OUT = "OUT", _("Handover")
    IN = "IN", _("Return")


class Lease(OwnedModel):
    """A vehicle lent to one customer for a monthly rent.

    `moved_in_at` marks one that ran before its operator moved in.
    """

    number = models.CharField(max_length=40)
    customer = models.ForeignKey("crm.Customer", on_delete=models.PROTECT, related_name="+")
    product_code = models.CharField(max_length=24)
    state = models.CharField(max_length=10, choices=LeaseState, default=LeaseState.DRAFT)
    monthly_rent = models.DecimalField(max_digits=14, decimal_places=2)
    deposit = models.DecimalField(max_digits=14, decimal_places=2)
    starts_on = models.DateField()
    months = models.PositiveSmallIntegerField()
    ends_on = models.DateField()
    city = models.CharField(max_length=40)
    signed_at = models.DateTimeField(null=True)
    deposit_held_at = models.DateTimeField(null=True)
    active_from = models.DateTimeField(null=True)
    return_asked_for = models.DateField(null=True)
    returned_at = models.DateTimeField(null=True)
    plan_id = models.UUIDField(null=True)
    moved_in_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=400, blank=True, default="", db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="lease_number_once", fields=["org", "number"]),
            models.CheckConstraint(
                name="lease_runs_only_signed_with_deposit_and_start",
                condition=~Q(state__in=["ACTIVE", "RETURNING", "SETTLING", "ENDED"])
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
        indexes = [models.Index(fields=["org", "state", "-id"], name="lease_list")]


class Segment(OwnedModel):
    """One vehicle's part of a lease: `planned` guards promises, `held` guards possession."""

    lease = models.ForeignKey(Lease, on_delete=models.PROTECT, related_name="+")
    customer_id = models.UUIDField()
    vehicle = models.ForeignKey("fleet.Vehicle", on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=8, choices=SegmentState, default=SegmentState.RESERVED)
    planned = DateTimeRangeField()
    held = DateTimeRangeField(null=True)

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
    """The vehicle changes hands, with what both sides saw."""

    segment = models.ForeignKey(Segment, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=3, choices=HandoverKind)
    odometer_km = models.DecimalField(max_digits=10, decimal_places=1)
    soc_pct = models.DecimalField(max_digits=4, decimal_places=1)
    checklist: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)
    photo_ids: "models.JSONField[list[str], list[str]]" = models.JSONField(default=list)
    signature_id = models.UUIDField(null=True)
    signed_by = models.CharField(max_length=60)
    by_id = models.UUIDField()
    completed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_handover_each_way", fields=["segment", "kind"]),
            models.CheckConstraint(
                name="a_handover_is_signed_with_plausible_readings",
                condition=~Q(signed_by="") & Q(odometer_km__gte=0, soc_pct__range=(0, 100)),
            ),
        ]


class Settlement(OwnedModel):
    """What is left between the two sides after the return; lines sum to the refund."""

    lease = models.OneToOneField(Lease, on_delete=models.PROTECT, related_name="+")
    lines: "models.JSONField[list[dict[str, Any]], list[dict[str, Any]]]" = models.JSONField()
    charges = models.DecimalField(max_digits=14, decimal_places=2)
    refund = models.DecimalField(max_digits=14, decimal_places=2)
    settled_at = models.DateTimeField()
