"""Nouns of the fleet: models, vehicles and their history, plates."""

from functools import reduce
from operator import or_

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from panshi.fleet import rules
from panshi.kit.nouns import OwnedModel
from panshi.kit.states import Machine


class VehicleClass(models.TextChoices):
    MICRO_VAN = "MICRO_VAN", _("Micro van")
    VAN = "VAN", _("Van")
    MINI_TRUCK = "MINI_TRUCK", _("Mini truck")
    LIGHT_TRUCK = "LIGHT_TRUCK", _("Light truck")
    REFRIGERATED_TRUCK = "REFRIGERATED_TRUCK", _("Refrigerated truck")
    HEAVY_TRUCK = "HEAVY_TRUCK", _("Heavy truck")


class PlateClass(models.TextChoices):
    GREEN_SMALL = "GREEN_SMALL", _("New energy, small")
    GREEN_LARGE = "GREEN_LARGE", _("New energy, large")
    BLUE = "BLUE", _("Blue plate")
    YELLOW = "YELLOW", _("Yellow plate")


class VehicleUse(models.TextChoices):
    LEASE = "LEASE", _("For lease")
    SERVICE = "SERVICE", _("Own service vehicle")
    EXTERNAL = "EXTERNAL", _("Customer's own")


class VehicleState(models.TextChoices):
    PROCURED = "PROCURED", _("Procured")
    PLATED = "PLATED", _("Plated")
    READY = "READY", pgettext_lazy("vehicle", "Ready")
    IDLE = "IDLE", pgettext_lazy("vehicle", "Idle")
    LEASED = "LEASED", _("Leased")
    IN_SERVICE = "IN_SERVICE", _("In service")
    RETIRED = "RETIRED", _("Retired")
    SOLD = "SOLD", _("Sold")


VEHICLE_LIFE = Machine(
    {
        VehicleState.PROCURED: {VehicleState.PLATED},
        VehicleState.PLATED: {VehicleState.READY},
        VehicleState.READY: {VehicleState.IDLE, VehicleState.LEASED, VehicleState.IN_SERVICE},
        VehicleState.IDLE: {VehicleState.READY, VehicleState.IN_SERVICE, VehicleState.RETIRED},
        # Sold as it runs is what is rented to own.
        VehicleState.LEASED: {VehicleState.IDLE, VehicleState.IN_SERVICE, VehicleState.SOLD},
        VehicleState.IN_SERVICE: {
            VehicleState.READY,
            VehicleState.IDLE,
            VehicleState.LEASED,
            VehicleState.RETIRED,
        },
        VehicleState.RETIRED: {VehicleState.SOLD},
    }
)


class DayClass(models.TextChoices):
    """What a vehicle's day was, by its last moment; OUT is before it came and after it left."""

    PREPARING = "PREPARING", _("Preparing")
    IDLE = "IDLE", pgettext_lazy("vehicle", "Idle")
    LEASED = "LEASED", _("Leased")
    SERVICE = "SERVICE", _("In service")
    OUT = "OUT", _("Not in the fleet")


DAY_CLASSES = {
    VehicleState.PROCURED: DayClass.PREPARING,
    VehicleState.PLATED: DayClass.PREPARING,
    VehicleState.READY: DayClass.IDLE,
    VehicleState.IDLE: DayClass.IDLE,
    VehicleState.LEASED: DayClass.LEASED,
    VehicleState.IN_SERVICE: DayClass.SERVICE,
    VehicleState.RETIRED: DayClass.OUT,
    VehicleState.SOLD: DayClass.OUT,
}
# A fleet that moves in brings its vehicles as they stand; a sold one is not moved in.
ENTRY_STATES = frozenset(VehicleState) - {VehicleState.SOLD}
_WITHOUT_PLATE = (VehicleState.PROCURED, VehicleState.RETIRED, VehicleState.SOLD)


def _permitted_moves() -> Q:
    moves = [
        Q(from_state=here, to_state__in=sorted(there)) for here, there in VEHICLE_LIFE.moves.items()
    ]
    entry = Q(from_state__isnull=True, to_state__in=sorted(ENTRY_STATES))
    return reduce(or_, moves, entry)


class VehicleModel(OwnedModel):
    """A model of vehicle, published by a node for itself and all below it."""

    code = models.CharField(max_length=40)
    maker = models.CharField(max_length=40)
    name = models.CharField(max_length=60)
    vehicle_class = models.CharField(max_length=20, choices=VehicleClass)
    battery_kwh = models.DecimalField(max_digits=6, decimal_places=2)
    gvw_kg = models.PositiveIntegerField()
    range_km = models.PositiveIntegerField()
    service_km = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="model_codes_differ_in_a_node", fields=["org", "code"]),
            models.CheckConstraint(
                name="a_model_has_a_battery_and_intervals",
                condition=Q(battery_kwh__gt=0, gvw_kg__gt=0, range_km__gt=0, service_km__gt=0),
            ),
        ]


class Vehicle(OwnedModel):
    """One vehicle. The model's words and battery are copied, as they were when it came.

    `customer_id` is the owner of a customer's own vehicle, and who has a leased one. `awaits_lease`
    marks a vehicle that moved in as leased before its lease did; `needs_check` one that came back
    and was not inspected since. `serviced_on` and `serviced_km` tell of its last maintenance.
    """

    vin = models.CharField(max_length=17, unique=True)
    plate = models.CharField(max_length=10, blank=True)
    plate_class = models.CharField(max_length=12, choices=PlateClass, blank=True)
    use = models.CharField(max_length=8, choices=VehicleUse, default=VehicleUse.LEASE)
    model = models.ForeignKey(VehicleModel, on_delete=models.PROTECT, related_name="+")
    model_code = models.CharField(max_length=40)
    model_name = models.CharField(max_length=100)
    vehicle_class = models.CharField(max_length=20, choices=VehicleClass)
    battery_kwh = models.DecimalField(max_digits=6, decimal_places=2)
    state = models.CharField(max_length=12, choices=VehicleState)
    state_since = models.DateTimeField()
    city = models.CharField(max_length=40)
    parking = models.CharField(max_length=80, blank=True)
    lot = models.ForeignKey("fleet.Lot", null=True, on_delete=models.PROTECT, related_name="+")
    odometer_km = models.DecimalField(max_digits=9, decimal_places=1, default=0)
    soc_pct = models.DecimalField(max_digits=4, decimal_places=1, null=True)
    customer_id = models.UUIDField(null=True)
    awaits_lease = models.BooleanField(default=False)
    needs_check = models.BooleanField(default=False)
    motor_no = models.CharField(max_length=40, blank=True)
    pack_no = models.CharField(max_length=40, blank=True)
    purchased_on = models.DateField(null=True)
    cost = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    funding = models.CharField(max_length=40, blank=True)
    first_registered_on = models.DateField(null=True)
    serviced_on = models.DateField(null=True)
    serviced_km = models.DecimalField(max_digits=9, decimal_places=1, null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_vin_has_its_form", condition=Q(vin__regex=rules.VIN_FORM)
            ),
            models.CheckConstraint(
                name="a_plate_has_the_form_of_its_class",
                condition=reduce(
                    or_,
                    (
                        Q(plate_class=plate_class, plate__regex=form)
                        for plate_class, form in rules.PLATE_FORMS.items()
                    ),
                    Q(plate="", plate_class=""),
                ),
            ),
            models.CheckConstraint(
                name="a_vehicle_in_use_has_a_plate",
                condition=Q(state__in=_WITHOUT_PLATE) | ~Q(plate=""),
            ),
            models.CheckConstraint(
                name="a_customers_own_vehicle_has_its_customer",
                condition=~Q(use=VehicleUse.EXTERNAL) | Q(customer_id__isnull=False),
            ),
            models.CheckConstraint(
                name="only_a_vehicle_for_lease_is_leased",
                condition=~Q(state=VehicleState.LEASED) | Q(use=VehicleUse.LEASE),
            ),
            models.CheckConstraint(
                name="a_vehicle_has_plausible_readings",
                condition=Q(odometer_km__gte=0)
                & (Q(soc_pct=None) | Q(soc_pct__range=(0, 100)))
                & (Q(cost=None) | Q(cost__gte=0)),
            ),
            models.UniqueConstraint(
                name="a_plate_is_on_one_vehicle", fields=["plate"], condition=~Q(plate="")
            ),
            models.UniqueConstraint(name="vehicle_with_its_node", fields=["id", "org"]),
        ]
        indexes = [
            models.Index(fields=["org", "state"], name="vehicle_by_state"),
            models.Index(fields=["org", "city", "state", "use"], name="vehicle_by_city_and_state"),
            models.Index(fields=["plate", "id"], name="vehicle_by_plate"),
            models.Index(
                fields=["customer_id"],
                name="vehicle_by_customer",
                condition=Q(customer_id__isnull=False),
            ),
            models.Index(
                fields=["id"],
                name="vehicle_out_of_the_fleet",
                condition=Q(state__in=["RETIRED", "SOLD"]) | Q(use="EXTERNAL"),
            ),
        ]


class VehicleEvent(models.Model):
    """One step in a vehicle's life, never changed; `from_state` is empty when it came."""

    id = models.BigAutoField(primary_key=True)
    org = models.ForeignKey("org.OrgNode", on_delete=models.PROTECT, related_name="+")
    vehicle = models.ForeignKey(Vehicle, on_delete=models.PROTECT, related_name="+")
    from_state = models.CharField(max_length=12, choices=VehicleState, null=True)
    to_state = models.CharField(max_length=12, choices=VehicleState)
    reason = models.CharField(max_length=200, blank=True)
    actor_id = models.UUIDField()
    at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="an_event_is_a_permitted_move", condition=_permitted_moves()
            ),
        ]
        indexes = [
            models.Index(fields=["vehicle", "-id"], name="event_by_vehicle"),
            models.Index(fields=["at"], name="event_by_moment"),
        ]


class PlateHolding(OwnedModel):
    """A plate on a vehicle, and during which time."""

    vehicle = models.ForeignKey(Vehicle, on_delete=models.PROTECT, related_name="+")
    plate = models.CharField(max_length=10)
    plate_class = models.CharField(max_length=12, choices=PlateClass)
    during = DateTimeRangeField()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="a_vehicle_bears_one_plate_at_a_moment",
                expressions=[
                    ("vehicle", RangeOperators.EQUAL),
                    ("during", RangeOperators.OVERLAPS),
                ],
            ),
            ExclusionConstraint(
                name="a_plate_is_on_one_vehicle_at_a_moment",
                expressions=[("plate", RangeOperators.EQUAL), ("during", RangeOperators.OVERLAPS)],
            ),
        ]
