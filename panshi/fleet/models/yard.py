"""Nouns of the yard: lots, keys and who has them, transfers between cities, stock takes."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from panshi.fleet.models.vehicles import Vehicle
from panshi.kit.nouns import OwnedModel
from panshi.kit.states import Machine


class Lot(OwnedModel):
    """A place where vehicles stand; `lon` and `lat` are degrees WGS-84."""

    name = models.CharField(max_length=60)
    city = models.CharField(max_length=40)
    address = models.CharField(max_length=120, blank=True)
    bays = models.PositiveSmallIntegerField()
    lon = models.FloatField()
    lat = models.FloatField()
    closed_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="lots_of_a_node_differ", fields=["org", "name"]),
            models.CheckConstraint(
                name="a_lot_lies_on_earth",
                condition=Q(lon__range=(-180, 180), lat__range=(-90, 90), bays__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class KeyCustody(OwnedModel):
    """Who has a key of a vehicle, and during which time; at other times it hangs in its place."""

    vehicle = models.ForeignKey(Vehicle, on_delete=models.PROTECT, related_name="+")
    key_no = models.PositiveSmallIntegerField()
    holder = models.CharField(max_length=60)
    holder_id = models.UUIDField(null=True)
    reason = models.CharField(max_length=120, blank=True)
    due_back_at = models.DateTimeField(null=True)
    during = DateTimeRangeField()
    lent_by_id = models.UUIDField()
    taken_by_id = models.UUIDField(null=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="a_key_has_one_holder",
                expressions=[
                    ("vehicle", RangeOperators.EQUAL),
                    ("key_no", RangeOperators.EQUAL),
                    ("during", RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(
                name="a_vehicle_has_few_keys", condition=Q(key_no__gte=1, key_no__lte=9)
            ),
        ]


class TransferState(models.TextChoices):
    PROPOSED = "PROPOSED", pgettext_lazy("transfer", "Proposed")
    APPROVED = "APPROVED", pgettext_lazy("transfer", "Approved")
    DISPATCHED = "DISPATCHED", pgettext_lazy("transfer", "On its way")
    ARRIVED = "ARRIVED", pgettext_lazy("transfer", "Arrived")
    CANCELLED = "CANCELLED", pgettext_lazy("transfer", "Cancelled")


TRANSFER_LIFE = Machine(
    {
        TransferState.PROPOSED: {TransferState.APPROVED, TransferState.CANCELLED},
        TransferState.APPROVED: {TransferState.DISPATCHED, TransferState.CANCELLED},
        TransferState.DISPATCHED: {TransferState.ARRIVED},
    }
)


class Transfer(OwnedModel):
    """A vehicle's way from one city or lot to another; approved by a second person."""

    vehicle = models.ForeignKey(Vehicle, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=TransferState, default=TransferState.PROPOSED)
    from_city = models.CharField(max_length=40)
    to_city = models.CharField(max_length=40)
    from_lot = models.ForeignKey(Lot, null=True, on_delete=models.PROTECT, related_name="+")
    to_lot = models.ForeignKey(Lot, null=True, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=200)
    proposed_by_id = models.UUIDField()
    proposed_at = models.DateTimeField()
    decided_by_id = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)
    carrier = models.CharField(max_length=60, blank=True)
    dispatched_at = models.DateTimeField(null=True)
    eta_on = models.DateField(null=True)
    arrived_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_open_transfer_of_a_vehicle",
                fields=["vehicle"],
                condition=Q(state__in=("PROPOSED", "APPROVED", "DISPATCHED")),
            ),
            models.CheckConstraint(
                name="a_transfer_is_approved_by_a_second_person",
                condition=Q(state__in=("PROPOSED", "CANCELLED"))
                | Q(decided_by_id__isnull=False, decided_at__isnull=False)
                & ~Q(decided_by_id=F("proposed_by_id")),
            ),
            models.CheckConstraint(
                name="a_transfer_on_its_way_has_a_day",
                condition=~Q(state__in=("DISPATCHED", "ARRIVED"))
                | Q(dispatched_at__isnull=False, eta_on__isnull=False),
            ),
        ]


class StockTake(OwnedModel):
    """A count of the vehicles of a lot: each seen one is an inspection of the kind COUNT."""

    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField()
    started_by_id = models.UUIDField()
    closed_at = models.DateTimeField(null=True)
    closed_by_id = models.UUIDField(null=True)
    expected = models.PositiveIntegerField(default=0)
    scanned = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_open_count_of_a_lot", fields=["lot"], condition=Q(closed_at=None)
            ),
        ]


class VarianceKind(models.TextChoices):
    MISSING = "MISSING", _("In the book, not seen")
    UNEXPECTED = "UNEXPECTED", _("Seen, not in the book")
    APART = "APART", _("Places lie apart")


class StockTakeVariance(OwnedModel):
    """A disagreement that a stock take found; distances in km between scan, GPS and book."""

    stocktake = models.ForeignKey(StockTake, on_delete=models.PROTECT, related_name="+")
    vehicle = models.ForeignKey(Vehicle, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=VarianceKind)
    scan_gps_km = models.FloatField(null=True)
    scan_book_km = models.FloatField(null=True)
    gps_book_km = models.FloatField(null=True)
    cause = models.CharField(max_length=200, blank=True)
    settled_at = models.DateTimeField(null=True)
    settled_by_id = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_variance_of_a_vehicle_in_a_count", fields=["stocktake", "vehicle"]
            ),
            models.CheckConstraint(
                name="a_settled_variance_has_its_cause",
                condition=Q(settled_at=None) | Q(settled_by_id__isnull=False) & ~Q(cause=""),
            ),
        ]
