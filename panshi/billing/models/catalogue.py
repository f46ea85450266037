from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from panshi.kit.ids import uuid7
from panshi.kit.wording import reads_chinese


class ProductLine(models.TextChoices):
    RENTAL = "RENTAL", _("Rental")
    SERVICE = "SERVICE", _("Vehicle service")
    SMART = "SMART", _("Smart control")
    OTHER = "OTHER", _("Other")


class Alignment(models.TextChoices):
    ANCHOR = "ANCHOR", _("From the day of delivery")
    CALENDAR = "CALENDAR", _("Calendar months")


class Basis(models.TextChoices):
    ACTUAL = "ACTUAL", _("Actual days")
    THIRTY = "THIRTY", _("Thirtieths of the month")
    DAILY = "DAILY", _("Rate per day")
    WHOLE = "WHOLE", _("Whole periods only")


def days_between(starts: str, ends: str) -> Func:
    """The half-open range of days that a row's two columns bound."""
    return Func(F(starts), F(ends), Value("[)"), function="daterange")


class VatRate(models.Model):
    """The rate of a VAT code from a day on; the accountant confirms each."""

    code = models.CharField(max_length=16)
    rate = models.DecimalField(max_digits=5, decimal_places=4)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="one_vat_rate_at_a_time",
                expressions=[
                    ("code", RangeOperators.EQUAL),
                    (days_between("starts_on", "ends_on"), RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(
                name="a_vat_rate_is_a_share", condition=Q(rate__gte=0) & Q(rate__lt=1)
            ),
        ]


class Product(models.Model):
    """Something a bill line can charge for; the platform publishes it to every operator.

    What is late costs a fee if it `bears_late_fee`; fees and what others demand bear none.
    `account` takes its net amount; with `deferred` that waits as a contract liability until earned.
    """

    code = models.CharField(max_length=24, primary_key=True)
    line = models.CharField(max_length=8, choices=ProductLine)
    name = models.CharField(max_length=60)
    name_zh = models.CharField(max_length=60)
    vat_code = models.CharField(max_length=16)
    account = models.CharField(max_length=16)
    deferred = models.BooleanField(default=False)
    in_advance = models.BooleanField(default=True)
    lead_days = models.SmallIntegerField(default=0)
    alignment = models.CharField(max_length=8, choices=Alignment, default=Alignment.ANCHOR)
    basis = models.CharField(max_length=8, choices=Basis, default=Basis.ACTUAL)
    needs_vehicle = models.BooleanField(default=False)
    recurring = models.BooleanField(default=False)
    bears_late_fee = models.BooleanField(default=True, db_default=True)
    retired_on = models.DateField(null=True)

    def __str__(self) -> str:
        return self.name_zh if reads_chinese() else self.name


class PriceBook(models.Model):
    """A published version of the prices; a published one is never edited."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    version = models.CharField(max_length=20, unique=True)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True)
    drafted_by_id = models.UUIDField()
    published_by_id = models.UUIDField(null=True)
    published_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="one_published_price_book_at_a_time",
                expressions=[
                    (days_between("starts_on", "ends_on"), RangeOperators.OVERLAPS),
                ],
                condition=Q(published_at__isnull=False),
            ),
            models.CheckConstraint(
                name="a_second_person_publishes_prices",
                condition=Q(published_by_id__isnull=True) | ~Q(published_by_id=F("drafted_by_id")),
            ),
        ]


class PriceRow(models.Model):
    """A price per period; the row that says most about where it holds wins.

    Empty, 0 and null stand for all. From `term_months` on, from `volume_from` vehicles on, in the
    months `season_from` to `season_to` of the year; `region_id` is a regional centre of the tree.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    book = models.ForeignKey(PriceBook, on_delete=models.PROTECT, related_name="rows")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")
    model_code = models.CharField(max_length=24, blank=True)
    city = models.CharField(max_length=40, blank=True)
    region_id = models.IntegerField(null=True)
    term_months = models.SmallIntegerField(default=0)
    volume_from = models.SmallIntegerField(default=0, db_default=0)
    season_from = models.SmallIntegerField(default=0, db_default=0)
    season_to = models.SmallIntegerField(default=0, db_default=0)
    price = models.DecimalField(max_digits=14, decimal_places=2)
    floor = models.DecimalField(max_digits=14, decimal_places=2)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="price_rows_differ",
                fields=[
                    "book",
                    "product",
                    "model_code",
                    "city",
                    "region_id",
                    "term_months",
                    "volume_from",
                    "season_from",
                    "season_to",
                ],
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="a_season_runs_over_months",
                condition=Q(season_from=0, season_to=0)
                | Q(season_from__range=(1, 12), season_to__range=(1, 12)),
            ),
            models.CheckConstraint(
                name="a_price_holds_from_some_size_on",
                condition=Q(term_months__gte=0, volume_from__gte=0),
            ),
            models.CheckConstraint(
                name="a_price_keeps_its_floor",
                condition=Q(price__gte=F("floor")) & Q(floor__gte=0),
            ),
        ]

    @property
    def product_code(self) -> str:
        return str(self.product_id)
