"""What is offered, and at what price."""

from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from panshi.kit.nouns import OwnedModel


class ServiceCategory(models.TextChoices):
    MAINTENANCE = "MAINTENANCE", _("Maintenance")
    REPAIR = "REPAIR", _("Repair")
    BEAUTY = "BEAUTY", _("Beauty")
    VALUE_ADDED = "VALUE_ADDED", _("Value-added")
    CONVERSION = "CONVERSION", _("Conversion")


class ItemState(models.TextChoices):
    DRAFT = "DRAFT", _("Draft")
    RELEASED = "RELEASED", pgettext_lazy("order", "Released")
    RETIRED = "RETIRED", pgettext_lazy("catalogue", "Retired")


class PriceKind(models.TextChoices):
    LABOUR_RATE = "LABOUR_RATE", _("Labour per hour")
    FIXED = "FIXED", _("Fixed price")
    PART = "PART", _("Part")
    CALL_OUT = "CALL_OUT", _("Call-out")
    URGENT = "URGENT", _("Urgent surcharge")
    NIGHT = "NIGHT", _("Night surcharge")


class ServiceItem(OwnedModel):
    """A service of the catalogue, known to a node and all below it.

    `minutes_by_model` holds listed minutes by model code, `parts` pieces by part code, `readings`
    the measurements of the self-check: a list of {code, zh, en, unit, low, high}.
    """

    code = models.CharField(max_length=40)
    category = models.CharField(max_length=12, choices=ServiceCategory)
    name_zh = models.CharField(max_length=80)
    name_en = models.CharField(max_length=80)
    minutes = models.PositiveSmallIntegerField()
    minutes_by_model: "models.JSONField[dict[str, int], dict[str, int]]" = models.JSONField(
        default=dict, blank=True
    )
    skills = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    certificates = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    parts: "models.JSONField[dict[str, int], dict[str, int]]" = models.JSONField(
        default=dict, blank=True
    )
    readings: "models.JSONField[list[dict[str, Any]], list[dict[str, Any]]]" = models.JSONField(
        default=list, blank=True
    )
    crew = models.PositiveSmallIntegerField(default=1)
    high_voltage = models.BooleanField(default=False)
    warranty_months = models.PositiveSmallIntegerField(default=3)
    warranty_km = models.PositiveIntegerField(default=5000)
    state = models.CharField(max_length=8, choices=ItemState, default=ItemState.DRAFT)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="service_item_code_once", fields=["org", "code"]),
            models.CheckConstraint(name="crew_is_one_or_two", condition=Q(crew__range=(1, 2))),
            models.CheckConstraint(
                name="released_item_takes_time",
                condition=~Q(state=ItemState.RELEASED) | Q(minutes__gt=0),
            ),
        ]


class PriceRule(OwnedModel):
    """A price in a scope (item or part, model, city; empty means any), in force for a period."""

    kind = models.CharField(max_length=12, choices=PriceKind)
    item_code = models.CharField(max_length=40, blank=True)
    model_code = models.CharField(max_length=40, blank=True)
    city = models.CharField(max_length=40, blank=True)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    period = DateRangeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="price_not_negative", condition=Q(amount__gte=0)),
            ExclusionConstraint(
                name="prices_of_a_scope_never_overlap",
                expressions=[
                    (F("org"), RangeOperators.EQUAL),
                    (F("kind"), RangeOperators.EQUAL),
                    (F("item_code"), RangeOperators.EQUAL),
                    (F("model_code"), RangeOperators.EQUAL),
                    (F("city"), RangeOperators.EQUAL),
                    (F("period"), RangeOperators.OVERLAPS),
                ],
            ),
        ]
