"""Nouns of supply: places that hold parts, and the movements between them."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from panshi.kit.nouns import OwnedModel
from panshi.kit.states import Machine


class LocationKind(models.TextChoices):
    STATION = "STATION", _("Service station")
    WAREHOUSE = "WAREHOUSE", _("Warehouse")
    VAN = "VAN", _("Service van")
    TRANSIT = "TRANSIT", _("In transit")
    SUPPLIER = "SUPPLIER", _("Supplier")
    CUSTOMER = "CUSTOMER", _("Customer")
    SCRAP = "SCRAP", _("Scrap")


# Goods leave the books there: no balance is kept for these kinds.
OUTSIDE = (LocationKind.SUPPLIER, LocationKind.CUSTOMER, LocationKind.SCRAP)


class MovementReason(models.TextChoices):
    RECEIPT = "RECEIPT", _("Received")
    TRANSFER = "TRANSFER", _("Transferred")
    USE = "USE", _("Used on a job")
    RETURN = "RETURN", _("Returned")
    COUNT = "COUNT", _("Count difference")
    SCRAP = "SCRAP", _("Scrapped")


class ReservationState(models.TextChoices):
    HELD = "HELD", _("Held")
    RESERVED = "RESERVED", _("Reserved")
    KITTED = "KITTED", _("Aboard")
    MOVED = "MOVED", _("Moved to another source")
    USED = "USED", _("Used")
    RETURNED = "RETURNED", _("Returned")
    RELEASED = "RELEASED", _("Released")


RESERVATION_LIFE = Machine(
    {
        ReservationState.HELD: {ReservationState.RESERVED, ReservationState.RELEASED},
        ReservationState.RESERVED: {
            ReservationState.KITTED,
            ReservationState.MOVED,
            ReservationState.RELEASED,
        },
        ReservationState.KITTED: {ReservationState.USED, ReservationState.RETURNED},
    }
)
BINDING = (ReservationState.HELD, ReservationState.RESERVED, ReservationState.KITTED)


class Item(OwnedModel):
    """A part or consumable, known to a node and all below it."""

    code = models.CharField(max_length=40)
    name_zh = models.CharField(max_length=80)
    name_en = models.CharField(max_length=80)
    unit = models.CharField(max_length=12, default="PCS")
    spec = models.CharField(max_length=80, blank=True, default="", db_default="")
    high_voltage = models.BooleanField(default=False)
    safety = models.BooleanField(default=False)
    serial_tracked = models.BooleanField(default=False)
    volume_l = models.DecimalField(max_digits=8, decimal_places=2, default=0)
    weight_kg = models.DecimalField(max_digits=8, decimal_places=2, default=0)

    class Meta:
        constraints = [models.UniqueConstraint(name="item_code_once", fields=["org", "code"])]


class Location(OwnedModel):
    """A place that holds parts: a station, a warehouse, a van; or the world outside."""

    kind = models.CharField(max_length=10, choices=LocationKind)
    name = models.CharField(max_length=80)
    city = models.CharField(max_length=40, blank=True)
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    vehicle_id = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_outside_location_per_kind",
                fields=["org", "kind"],
                condition=Q(kind__in=OUTSIDE),
            ),
            models.UniqueConstraint(
                name="van_is_one_vehicle",
                fields=["vehicle_id"],
                condition=Q(vehicle_id__isnull=False),
            ),
            models.CheckConstraint(
                name="stations_and_warehouses_have_a_place",
                condition=~Q(kind__in=[LocationKind.STATION, LocationKind.WAREHOUSE])
                | Q(lon__isnull=False, lat__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["org", "city", "kind"], name="location_by_city")]


class VanKeeping(OwnedModel):
    """Who drives a van, from when to when: one engineer a van, one van an engineer."""

    van = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="keepers")
    user_id = models.UUIDField()
    during = DateTimeRangeField()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="a_van_has_one_engineer",
                expressions=[
                    (F("van"), RangeOperators.EQUAL),
                    (F("during"), RangeOperators.OVERLAPS),
                ],
            ),
            ExclusionConstraint(
                name="an_engineer_has_one_van",
                expressions=[
                    (F("user_id"), RangeOperators.EQUAL),
                    (F("during"), RangeOperators.OVERLAPS),
                ],
            ),
        ]


class StockMovement(OwnedModel):
    """Parts that went from one place to another; never changed, never removed.

    `unit_price` is what one cost, in CNY, where the receipt says it.
    """

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="+")
    lot = models.CharField(max_length=40, blank=True)
    source = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+")
    target = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField()
    unit_price = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    reason = models.CharField(max_length=10, choices=MovementReason)
    document = models.CharField(max_length=60, blank=True)
    at = models.DateTimeField()
    by_id = models.UUIDField()
    client_id = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="movement_moves_something", condition=Q(quantity__gt=0)),
            models.CheckConstraint(
                name="movement_goes_somewhere_else", condition=~Q(source=F("target"))
            ),
            models.UniqueConstraint(
                name="movement_once_per_client_id",
                fields=["org", "client_id", "item", "lot"],
                condition=Q(client_id__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["source", "at"], name="movement_by_source"),
            models.Index(fields=["target", "at"], name="movement_by_target"),
            models.Index(fields=["org", "document"], name="movement_by_document"),
        ]


class StockBalance(OwnedModel):
    """What lies at a place: the sum of movements and reservations, written by triggers alone."""

    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+")
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="+")
    lot = models.CharField(max_length=40, blank=True)
    on_hand = models.IntegerField(default=0)
    reserved = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="balance_once", fields=["location", "item", "lot"]),
            models.CheckConstraint(
                name="reserved_within_on_hand",
                condition=Q(reserved__gte=0, reserved__lte=F("on_hand")),
            ),
        ]


class Reservation(OwnedModel):
    """Parts kept at a place for one visit."""

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="+")
    lot = models.CharField(max_length=40, blank=True)
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField()
    document = models.CharField(max_length=60)
    until = models.DateTimeField(null=True)
    state = models.CharField(
        max_length=10, choices=ReservationState, default=ReservationState.RESERVED
    )

    class Meta:
        constraints = [
            models.CheckConstraint(name="reservation_keeps_something", condition=Q(quantity__gt=0))
        ]
        indexes = [models.Index(fields=["org", "document"], name="reservation_by_document")]
