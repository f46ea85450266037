"""What was asked for, and what becomes of it."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from panshi.kit.nouns import OwnedModel
from panshi.kit.states import Machine
from panshi.service.models.catalogue import PriceKind


class BookingState(models.TextChoices):
    HELD = "HELD", pgettext_lazy("parts", "Held")
    CONFIRMED = "CONFIRMED", _("Confirmed")
    EXPIRED = "EXPIRED", _("Expired")
    CANCELLED = "CANCELLED", _("Cancelled")
    NO_SHOW = "NO_SHOW", _("Customer absent")
    SERVED = "SERVED", _("Served")


BOOKING_LIFE = Machine(
    {
        BookingState.HELD: {
            BookingState.CONFIRMED,
            BookingState.EXPIRED,
            BookingState.CANCELLED,
        },
        BookingState.CONFIRMED: {
            BookingState.CONFIRMED,
            BookingState.CANCELLED,
            BookingState.NO_SHOW,
            BookingState.SERVED,
        },
    }
)


class OrderKind(models.TextChoices):
    PLANNED = "PLANNED", pgettext_lazy("order", "Planned")
    URGENT = "URGENT", _("Urgent")
    RESCUE = "RESCUE", _("Rescue")
    REWORK = "REWORK", _("Rework")


class OrderState(models.TextChoices):
    OPEN = "OPEN", _("Open")
    SCHEDULED = "SCHEDULED", _("Scheduled")
    IN_DIAGNOSIS = "IN_DIAGNOSIS", _("In diagnosis")
    QUOTED = "QUOTED", _("Quoted")
    IN_WORK = "IN_WORK", _("In work")
    WAITING = "WAITING", _("Waiting")
    SELF_CHECKED = "SELF_CHECKED", _("Self-checked")
    RELEASED = "RELEASED", pgettext_lazy("order", "Released")
    BILLED = "BILLED", _("Billed")
    CLOSED = "CLOSED", _("Closed")
    CANCELLED = "CANCELLED", _("Cancelled")


ORDER_LIFE = Machine(
    {
        OrderState.OPEN: {OrderState.SCHEDULED, OrderState.CANCELLED},
        OrderState.SCHEDULED: {OrderState.IN_DIAGNOSIS, OrderState.CANCELLED},
        OrderState.IN_DIAGNOSIS: {OrderState.QUOTED, OrderState.IN_WORK},
        OrderState.QUOTED: {OrderState.IN_WORK, OrderState.WAITING, OrderState.CLOSED},
        OrderState.WAITING: {OrderState.SCHEDULED},
        OrderState.IN_WORK: {OrderState.QUOTED, OrderState.WAITING, OrderState.SELF_CHECKED},
        OrderState.SELF_CHECKED: {OrderState.RELEASED, OrderState.IN_WORK},
        OrderState.RELEASED: {OrderState.BILLED, OrderState.CLOSED},
        OrderState.BILLED: {OrderState.CLOSED},
    }
)
OVER = (OrderState.CLOSED, OrderState.CANCELLED)


class Booking(OwnedModel):
    """A customer's wish for a visit: what, where, in which window, at which frozen price."""

    customer_id = models.UUIDField()
    vehicle_id = models.UUIDField()
    city = models.CharField(max_length=40)
    item_codes = ArrayField(models.CharField(max_length=40))
    address = models.CharField(max_length=200)
    lon = models.FloatField()
    lat = models.FloatField()
    window_start = models.DateTimeField()
    window_end = models.DateTimeField()
    total = models.DecimalField(max_digits=14, decimal_places=2)
    state = models.CharField(max_length=10, choices=BookingState, default=BookingState.HELD)
    held_until = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_hold_has_an_end",
                condition=~Q(state=BookingState.HELD) | Q(held_until__isnull=False),
            ),
            models.CheckConstraint(
                name="booking_window_in_order", condition=Q(window_end__gt=F("window_start"))
            ),
        ]
        indexes = [models.Index(fields=["org", "state", "held_until"], name="booking_by_hold")]


class FrozenLine(OwnedModel):
    """A price line, tax inclusive, with its rule and the day that rule took effect."""

    customer_id = models.UUIDField(null=True)
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=12, choices=PriceKind)
    code = models.CharField(max_length=40)
    words_zh = models.CharField(max_length=80)
    words_en = models.CharField(max_length=80)
    quantity = models.DecimalField(max_digits=10, decimal_places=2)
    unit_price = models.DecimalField(max_digits=14, decimal_places=2)
    rule_id = models.UUIDField(null=True)
    since = models.DateField(null=True)

    class Meta:
        abstract = True


class BookingLine(FrozenLine):
    """A price line as it was booked; never changed."""

    booking = models.ForeignKey(Booking, on_delete=models.PROTECT, related_name="lines")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="booking_line_once", fields=["booking", "position"])
        ]


class WorkOrder(OwnedModel):
    """A job on one vehicle, from its opening to its bill."""

    number = models.CharField(max_length=24)
    kind = models.CharField(max_length=8, choices=OrderKind, default=OrderKind.PLANNED)
    state = models.CharField(max_length=12, choices=OrderState, default=OrderState.OPEN)
    booking = models.OneToOneField(
        Booking, null=True, on_delete=models.PROTECT, related_name="work_order"
    )
    finding_id = models.UUIDField(null=True)
    rework_of = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="reworks"
    )
    customer_id = models.UUIDField(null=True)
    vehicle_id = models.UUIDField()
    city = models.CharField(max_length=40)
    address = models.CharField(max_length=200, blank=True)
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    high_voltage = models.BooleanField(default=False)
    total = models.DecimalField(max_digits=14, decimal_places=2)
    fault_cause = models.CharField(max_length=80, blank=True)
    diagnosis_note = models.TextField(blank=True)
    outcome = models.CharField(max_length=16, blank=True)
    steps_done = models.PositiveSmallIntegerField(default=0)
    steps_required = models.PositiveSmallIntegerField(default=0)
    steps_blocked = models.PositiveSmallIntegerField(default=0)
    steps_at = models.DateTimeField(null=True)
    open_steps = ArrayField(models.CharField(max_length=120), default=list)
    opened_at = models.DateTimeField()
    scheduled_at = models.DateTimeField(null=True)
    arrived_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    readings: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(default=dict)
    self_checked_at = models.DateTimeField(null=True)
    self_checked_by_id = models.UUIDField(null=True)
    released_at = models.DateTimeField(null=True)
    released_by_id = models.UUIDField(null=True)
    bill_id = models.UUIDField(null=True)
    bill_number = models.CharField(max_length=24, blank=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="order_number_once", fields=["org", "number"]),
            models.CheckConstraint(
                name="released_order_was_checked",
                condition=~Q(state__in=[OrderState.RELEASED, OrderState.BILLED])
                | Q(
                    self_checked_at__isnull=False,
                    released_at__isnull=False,
                    released_by_id__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="high_voltage_is_released_by_a_second_person",
                condition=Q(high_voltage=False)
                | Q(released_by_id__isnull=True)
                | ~Q(released_by_id=F("self_checked_by_id")),
            ),
            models.CheckConstraint(
                name="billed_order_has_a_bill",
                condition=~Q(state=OrderState.BILLED) | Q(bill_id__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["org", "state", "id"], name="order_by_state"),
            models.Index(fields=["-opened_at", "-id"], name="order_by_opening"),
            # The columns by which the list of all nodes is sorted or counted.
            *(
                models.Index(fields=[key, "id"], name=f"orders_by_{key}")
                for key in ("number", "kind", "state", "city", "total")
            ),
            models.Index(fields=["vehicle_id", "id"], name="order_by_vehicle"),
            models.Index(fields=["customer_id", "id"], name="order_by_customer"),
            models.Index(fields=["bill_id"], name="order_by_bill"),
            models.Index(fields=["finding_id"], name="order_by_finding"),
        ]


class OrderItem(OwnedModel):
    """A catalogue item on a work order; while open, once per vehicle and kind."""

    order = models.ForeignKey(WorkOrder, on_delete=models.PROTECT, related_name="items")
    item_code = models.CharField(max_length=40)
    minutes = models.PositiveSmallIntegerField()
    vehicle_id = models.UUIDField()
    kind = models.CharField(max_length=8, choices=OrderKind)
    is_open = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_open_order_per_vehicle_kind_and_item",
                fields=["vehicle_id", "kind", "item_code"],
                condition=Q(is_open=True) & ~Q(kind=OrderKind.REWORK),
            )
        ]


class OrderLine(FrozenLine):
    """A line that will be billed: from the booking, the finding's plan or an approved quote."""

    order = models.ForeignKey(WorkOrder, on_delete=models.PROTECT, related_name="lines")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="order_line_once", fields=["order", "position"])
        ]


class Photo(OwnedModel):
    """A photo or signature taken on the job."""

    order = models.ForeignKey(WorkOrder, on_delete=models.PROTECT, related_name="photos")
    file = models.ForeignKey("kit.StoredFile", on_delete=models.PROTECT, related_name="+")
    customer_id = models.UUIDField(null=True)
    purpose = models.CharField(
        max_length=12,
        choices=[
            ("BEFORE", pgettext_lazy("photo", "Before")),
            ("AFTER", pgettext_lazy("photo", "After")),
            ("EVIDENCE", pgettext_lazy("photo", "Evidence")),
            ("SIGNATURE", _("Signature")),
        ],
        default="EVIDENCE",
    )
    step = models.CharField(max_length=120, blank=True)
    signed_by = models.CharField(max_length=60, blank=True)
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    taken_at = models.DateTimeField()
    by_id = models.UUIDField()


class Review(OwnedModel):
    """What the customer says of a job; one per work order, never edited by staff."""

    order = models.OneToOneField(WorkOrder, on_delete=models.PROTECT, related_name="review")
    customer_id = models.UUIDField()
    engineer_id = models.UUIDField(null=True)
    stars = models.PositiveSmallIntegerField()
    tags = ArrayField(models.CharField(max_length=40), default=list)
    text = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="stars_are_1_to_5", condition=Q(stars__range=(1, 5)))
        ]
