"""Nouns of supply: places that hold parts, and the movements between them."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from panshi.kit.nouns import OwnedModel
from panshi.kit.states import Machine


class LocationKind(models.TextChoices):
    STATION = "STATION", _("Service station")
    WAREHOUSE = "WAREHOUSE", pgettext_lazy("place", "Warehouse")
    VAN = "VAN", _("Service van")
    TRANSIT = "TRANSIT", _("In transit")
    SUPPLIER = "SUPPLIER", _("Supplier")
    CUSTOMER = "CUSTOMER", _("Customer")
    SCRAP = "SCRAP", _("Scrap")


# Goods leave the books there: no balance is kept for these kinds.
OUTSIDE = (LocationKind.SUPPLIER, LocationKind.CUSTOMER, LocationKind.SCRAP)


class MovementReason(models.TextChoices):
    RECEIPT = "RECEIPT", pgettext_lazy("stock", "Received")
    TRANSFER = "TRANSFER", _("Transferred")
    USE = "USE", _("Used on a job")
    RETURN = "RETURN", pgettext_lazy("parts", "Returned")
    COUNT = "COUNT", _("Count difference")
    SCRAP = "SCRAP", _("Scrapped")


class ReservationState(models.TextChoices):
    HELD = "HELD", pgettext_lazy("parts", "Held")
    RESERVED = "RESERVED", _("Reserved")
    KITTED = "KITTED", _("Aboard")
    MOVED = "MOVED", _("Moved to another source")
    USED = "USED", _("Used")
    RETURNED = "RETURNED", pgettext_lazy("parts", "Returned")
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

    `unit_price` is what one cost, in CNY, tax included, where the receipt says it.
    """

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="+")
    lot = models.CharField(max_length=40, blank=True)
    source = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+")
    target = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField()
    unit_price = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    supplier = models.CharField(max_length=80, blank=True, default="", db_default="")
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


class StockTerms(models.Model):
    """From a day on: the input VAT that is taken out of what a part costs until its invoice is in.

    `to_confirm` marks a figure that the accountant has to confirm.
    """

    starts_on = models.DateField(unique=True)
    input_vat = models.DecimalField(max_digits=5, decimal_places=4)
    to_confirm = models.BooleanField(default=True)


class PartWorth(OwnedModel):
    """What the pieces of a part that lie in one book's places are worth, net, in CNY.

    Pieces leave at the average of those that lie there; the last one takes the rest.
    """

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="+")
    value = models.DecimalField(max_digits=14, decimal_places=2, default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_worth_per_book_and_part", fields=["org", "item"]),
            models.CheckConstraint(name="worth_is_not_below_zero", condition=Q(value__gte=0)),
        ]


class WorthCause(models.TextChoices):
    MOVED = "MOVED", _("Moved")
    INVOICED = "INVOICED", _("Invoiced")
    INVOICE_CANCELLED = "INVOICE_CANCELLED", _("Invoice cancelled")
    TAKEN_IN = "TAKEN_IN", _("Taken into the books")
    CREDITED = "CREDITED", _("Credited by the supplier")


class SupplierInvoiceState(models.TextChoices):
    ENTERED = "ENTERED", pgettext_lazy("invoice of a supplier", "To pay")
    PAID = "PAID", pgettext_lazy("invoice of a supplier", "Paid")
    CANCELLED = "CANCELLED", pgettext_lazy("invoice of a supplier", "Cancelled")


SUPPLIER_INVOICE_LIFE = Machine(
    {
        SupplierInvoiceState.ENTERED: {
            SupplierInvoiceState.PAID,
            SupplierInvoiceState.CANCELLED,
        }
    }
)


class SupplierInvoice(OwnedModel):
    """What a supplier asks for goods that were received: net and input VAT, in CNY."""

    supplier = models.CharField(max_length=80)
    number = models.CharField(max_length=40)
    issued_on = models.DateField()
    net = models.DecimalField(max_digits=14, decimal_places=2)
    vat = models.DecimalField(max_digits=14, decimal_places=2)
    state = models.CharField(
        max_length=9, choices=SupplierInvoiceState, default=SupplierInvoiceState.ENTERED
    )
    file = models.ForeignKey(
        "kit.StoredFile", null=True, on_delete=models.PROTECT, related_name="+"
    )
    entered_by_id = models.UUIDField()
    entered_at = models.DateTimeField()
    closed_by_id = models.UUIDField(null=True)
    closed_at = models.DateTimeField(null=True)
    paid_on = models.DateField(null=True)
    words = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="an_invoice_of_a_supplier_is_entered_once",
                fields=["org", "supplier", "number"],
                condition=~Q(state=SupplierInvoiceState.CANCELLED),
            ),
            models.CheckConstraint(
                name="an_invoice_asks_for_something", condition=Q(net__gt=0, vat__gte=0)
            ),
            models.CheckConstraint(
                name="a_closed_invoice_says_who_and_when",
                condition=Q(state=SupplierInvoiceState.ENTERED, closed_at__isnull=True)
                | (
                    ~Q(state=SupplierInvoiceState.ENTERED)
                    & Q(closed_at__isnull=False, closed_by_id__isnull=False)
                ),
            ),
            models.CheckConstraint(
                name="a_paid_invoice_was_paid_by_another_person",
                condition=~Q(state=SupplierInvoiceState.PAID)
                | (Q(paid_on__isnull=False) & ~Q(closed_by_id=F("entered_by_id"))),
            ),
        ]
        indexes = [
            models.Index(fields=["org", "-issued_on", "-id"], name="supplier_invoice_by_day")
        ]


class SupplierInvoiceLine(OwnedModel):
    """A receipt that an invoice asks for: what it was taken in at, and what it costs, net."""

    invoice = models.ForeignKey(SupplierInvoice, on_delete=models.PROTECT, related_name="lines")
    movement = models.ForeignKey(StockMovement, on_delete=models.PROTECT, related_name="+")
    estimated = models.DecimalField(max_digits=14, decimal_places=2)
    net = models.DecimalField(max_digits=14, decimal_places=2)
    live = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_receipt_is_invoiced_once", fields=["movement"], condition=Q(live=True)
            ),
        ]


class SupplierCredit(OwnedModel):
    """What a supplier gives back of one line of its invoice: net and input VAT, in CNY."""

    invoice = models.ForeignKey(SupplierInvoice, on_delete=models.PROTECT, related_name="credits")
    line = models.ForeignKey(SupplierInvoiceLine, on_delete=models.PROTECT, related_name="credits")
    number = models.CharField(max_length=40)
    issued_on = models.DateField()
    net = models.DecimalField(max_digits=14, decimal_places=2)
    vat = models.DecimalField(max_digits=14, decimal_places=2)
    reason = models.CharField(max_length=200)
    entered_by_id = models.UUIDField()
    entered_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_line_is_credited_by_a_note_once", fields=["line", "number"]
            ),
            models.CheckConstraint(
                name="a_credit_gives_something_back", condition=Q(net__gt=0, vat__gte=0)
            ),
            models.CheckConstraint(name="a_credit_says_why", condition=~Q(reason="")),
        ]


class SupplierRefund(OwnedModel):
    """Money that a supplier sent back for what it credited of a paid invoice, in CNY."""

    invoice = models.ForeignKey(SupplierInvoice, on_delete=models.PROTECT, related_name="refunds")
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    received_on = models.DateField()
    reference = models.CharField(max_length=64, blank=True)
    entered_by_id = models.UUIDField()
    entered_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_refund_of_a_supplier_brings_something", condition=Q(amount__gt=0)
            ),
        ]


class WorthChange(OwnedModel):
    """What one movement or invoice did to the worth of a part, in CNY; never changed."""

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="+")
    cause = models.CharField(max_length=17, choices=WorthCause)
    movement = models.ForeignKey(
        StockMovement, null=True, on_delete=models.PROTECT, related_name="+"
    )
    invoice = models.ForeignKey(
        SupplierInvoice, null=True, on_delete=models.PROTECT, related_name="+"
    )
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="a_change_of_worth_changes_it", condition=~Q(amount=0))
        ]
        indexes = [
            models.Index(fields=["org", "item", "at"], name="worth_change_by_part"),
            models.Index(fields=["movement"], name="worth_change_by_movement"),
        ]
