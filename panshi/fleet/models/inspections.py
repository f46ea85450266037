"""Nouns of inspections: what was seen at a vehicle, marks of damage, the standard of fair wear."""

from typing import Final

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from panshi.fleet.models.vehicles import Vehicle
from panshi.fleet.models.yard import StockTake
from panshi.kit.nouns import OwnedModel


class InspectionKind(models.TextChoices):
    PDI = "PDI", _("Pre-delivery inspection")
    OUT = "OUT", _("Delivery inspection")
    IN = "IN", _("Return inspection")
    IDLE = "IDLE", _("Inspection while idle")
    COUNT = "COUNT", _("Stock take")


# What begins, and the pictures of it, are told to the handbook by these words.
TOLD_AS: Final = {"PDI": "PRE_DELIVERY", "OUT": "HANDOVER", "IN": "RETURN", "IDLE": "IDLE"}


class ReadingSource(models.TextChoices):
    TERMINAL = "TERMINAL", _("Terminal")
    TYPED = "TYPED", _("Typed")


class Inspection(OwnedModel):
    """An inspection; once signed it is never changed.

    Readings come from the terminal when it spoke within ten minutes, else they are typed. What was
    typed is kept beside and `differs` says that the two were too far apart. A count needs neither.
    """

    vehicle = models.ForeignKey(Vehicle, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=5, choices=InspectionKind)
    odometer_km = models.DecimalField(max_digits=9, decimal_places=1, null=True)
    soc_pct = models.DecimalField(max_digits=4, decimal_places=1, null=True)
    source = models.CharField(max_length=8, choices=ReadingSource, default=ReadingSource.TYPED)
    typed_km = models.DecimalField(max_digits=9, decimal_places=1, null=True)
    typed_pct = models.DecimalField(max_digits=4, decimal_places=1, null=True)
    differs = models.BooleanField(default=False)
    passed = models.BooleanField(null=True)
    note = models.CharField(max_length=400, blank=True)
    started_by_id = models.UUIDField(null=True)
    started_at = models.DateTimeField(null=True)
    signed_by_id = models.UUIDField(null=True)
    signed_at = models.DateTimeField(null=True)
    customer_signed = models.CharField(max_length=60, blank=True)
    device_at = models.DateTimeField(null=True)
    compared_with = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    stocktake = models.ForeignKey(StockTake, null=True, on_delete=models.PROTECT, related_name="+")
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="an_inspection_has_plausible_readings",
                condition=(Q(odometer_km=None) | Q(odometer_km__gte=0))
                & (Q(soc_pct=None) | Q(soc_pct__range=(0, 100))),
            ),
            models.CheckConstraint(
                name="a_signed_inspection_is_whole",
                condition=Q(signed_at=None, passed=None)
                | Q(signed_by_id__isnull=False, kind=InspectionKind.COUNT)
                | Q(
                    signed_by_id__isnull=False,
                    passed__isnull=False,
                    odometer_km__isnull=False,
                    soc_pct__isnull=False,
                ),
            ),
            models.UniqueConstraint(
                name="one_open_inspection_of_a_kind",
                fields=["vehicle", "kind"],
                condition=Q(signed_at=None),
            ),
            models.UniqueConstraint(
                name="a_vehicle_is_counted_once",
                fields=["stocktake", "vehicle"],
                condition=Q(stocktake__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["vehicle", "-signed_at"], name="inspection_by_vehicle")]


class DamageKind(models.TextChoices):
    SCRATCH = "SCRATCH", _("Scratch, paint intact")
    PRIMER = "PRIMER", _("Scratch to the primer")
    DENT = "DENT", _("Dent without loss of paint")
    CARGO_WEAR = "CARGO_WEAR", _("Wear of cargo floor and walls")
    TYRE = "TYRE", _("Tyre tread")
    GLASS_CHIP = "GLASS_CHIP", _("Chip in glass")
    GLASS_CRACK = "GLASS_CRACK", _("Crack in glass")
    MISSING_KIT = "MISSING_KIT", _("Missing kit")
    OTHER = "OTHER", pgettext_lazy("damage", "Other")


class DamageMark(OwnedModel):
    """A mark of damage by view and part; `size` in mm, for wear in % of the area, for tread in mm.

    `at_x` and `at_y` are where it stands on the drawn view, 0 to 100 from the upper left.
    """

    inspection = models.ForeignKey(Inspection, on_delete=models.PROTECT, related_name="+")
    view = models.CharField(max_length=16)
    part = models.CharField(max_length=24)
    damage = models.CharField(max_length=12, choices=DamageKind)
    size = models.DecimalField(max_digits=6, decimal_places=1)
    count = models.PositiveSmallIntegerField(default=1)
    note = models.CharField(max_length=120, blank=True)
    at_x = models.PositiveSmallIntegerField(default=50)
    at_y = models.PositiveSmallIntegerField(default=50)
    photo = models.ForeignKey(
        "kit.StoredFile", null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_mark_of_a_damage_on_a_part",
                fields=["inspection", "view", "part", "damage"],
            ),
            models.CheckConstraint(
                name="a_mark_has_a_size_and_a_place",
                condition=Q(size__gte=0, count__gte=1, at_x__lte=100, at_y__lte=100),
            ),
        ]


class InspectionPhoto(OwnedModel):
    """A picture of one of the named views of an inspection."""

    inspection = models.ForeignKey(Inspection, on_delete=models.PROTECT, related_name="+")
    view = models.CharField(max_length=16)
    file = models.ForeignKey("kit.StoredFile", on_delete=models.PROTECT, related_name="+")
    taken_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_photo_of_a_view", fields=["inspection", "view"])
        ]


class WearStandard(OwnedModel):
    """A version of the written standard of fair wear, from a day on; published by two people."""

    version = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=60)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True)
    drafted_by_id = models.UUIDField()
    published_by_id = models.UUIDField(null=True)
    published_at = models.DateTimeField(null=True)
    confirmed = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="versions_of_a_standard_differ", fields=["org", "version"]
            ),
            ExclusionConstraint(
                name="one_published_standard_at_a_time",
                expressions=[
                    ("org", RangeOperators.EQUAL),
                    (
                        Func(F("starts_on"), F("ends_on"), Value("[)"), function="daterange"),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=Q(published_at__isnull=False),
            ),
            models.CheckConstraint(
                name="a_standard_is_published_by_a_second_person",
                condition=Q(published_at=None, published_by_id=None)
                | Q(published_at__isnull=False, published_by_id__isnull=False)
                & ~Q(published_by_id=F("drafted_by_id")),
            ),
        ]


class ClauseUnit(models.TextChoices):
    EACH = "EACH", _("for each")
    PERCENT = "PERCENT", _("for each percent above")
    WORN_SHARE = "WORN_SHARE", _("share worn of the listed price")
    AGED = "AGED", _("listed price less age")


class WearClause(OwnedModel):
    """A clause of the standard: what is free of charge, and what is charged beyond.

    Free are `free_count` marks up to `free_size`; above, or from the first when `from_size` is
    passed, `price` is charged by `unit`. An empty list of parts means any.
    """

    standard = models.ForeignKey(WearStandard, on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=12)
    damage = models.CharField(max_length=12, choices=DamageKind)
    parts = ArrayField(models.CharField(max_length=24), default=list)
    from_months = models.PositiveSmallIntegerField(default=0)
    free_size = models.DecimalField(max_digits=6, decimal_places=1, default=0)
    free_count = models.PositiveSmallIntegerField(default=0)
    unit = models.CharField(max_length=10, choices=ClauseUnit, default=ClauseUnit.EACH)
    price = models.DecimalField(max_digits=10, decimal_places=2)
    full_size = models.DecimalField(max_digits=6, decimal_places=1, default=0)
    life_months = models.PositiveSmallIntegerField(default=0)
    words = models.CharField(max_length=200)
    words_zh = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="clauses_of_a_standard_differ", fields=["standard", "code"]
            ),
            models.CheckConstraint(name="a_clause_has_a_price", condition=Q(price__gte=0)),
        ]
