"""Nouns of the cockpit: counted days, targets, alerts, budgets, risks, roll-out plans."""

from decimal import Decimal
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from panshi.cockpit.catalogue import Indicator
from panshi.kit.nouns import OwnedModel
from panshi.kit.states import Machine


class IndicatorDay(OwnedModel):
    """What one day of one city adds to an indicator; `part` is a source or a share of it."""

    city = models.CharField(max_length=40, blank=True)
    day = models.DateField()
    indicator = models.CharField(max_length=16, choices=Indicator)
    part = models.CharField(max_length=12, blank=True)
    numerator = models.DecimalField(max_digits=18, decimal_places=4)
    denominator = models.DecimalField(max_digits=18, decimal_places=4)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_cell_per_indicator_and_day",
                fields=["org", "city", "day", "indicator", "part"],
            )
        ]
        indexes = [
            models.Index(
                fields=["indicator", "day"],
                include=["org", "city", "numerator", "denominator"],
                name="cells_by_indicator_and_day",
            ),
            models.Index(fields=["org", "indicator", "day"], name="cell_by_org_and_indicator"),
        ]


class CountedFact(OwnedModel):
    """One thing that was counted, once: a fact told twice finds its row there."""

    fact_id = models.UUIDField(null=True)
    what = models.CharField(max_length=40)
    indicator = models.CharField(max_length=16, choices=Indicator)
    part = models.CharField(max_length=12, blank=True)
    subject_type = models.CharField(max_length=20)
    subject_id = models.UUIDField()
    city = models.CharField(max_length=40, blank=True)
    day = models.DateField()
    at = models.DateTimeField()
    numerator = models.DecimalField(max_digits=18, decimal_places=4)
    denominator = models.DecimalField(max_digits=18, decimal_places=4)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_thing_counts_once", fields=["subject_id", "indicator", "part", "what"]
            ),
            models.UniqueConstraint(
                name="a_fact_counts_once",
                fields=["fact_id", "subject_id", "indicator", "part", "what"],
                condition=Q(fact_id__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["org", "indicator", "day"], name="counted_by_org_and_day"),
            models.Index(fields=["indicator", "-day"], name="counted_by_day"),
        ]


class Target(OwnedModel):
    """The two marks of an indicator from a month on: green is met, red calls for somebody.

    A node's own marks stand before those of the nodes above it.
    """

    indicator = models.CharField(max_length=16, choices=Indicator)
    month = models.DateField()
    green = models.DecimalField(max_digits=16, decimal_places=4)
    red = models.DecimalField(max_digits=16, decimal_places=4)
    set_by_id = models.UUIDField()
    set_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_target_per_indicator_and_month", fields=["org", "indicator", "month"]
            ),
            models.CheckConstraint(name="a_target_starts_on_the_first", condition=Q(month__day=1)),
        ]


class AlertState(models.TextChoices):
    OPEN = "OPEN", _("Open")
    ACKNOWLEDGED = "ACKNOWLEDGED", pgettext_lazy("alert", "Acknowledged")
    CLEARED = "CLEARED", pgettext_lazy("alert", "Cleared")


ALERT_LIFE = Machine(
    {
        AlertState.OPEN: {AlertState.ACKNOWLEDGED, AlertState.CLEARED},
        AlertState.ACKNOWLEDGED: {AlertState.CLEARED},
    }
)


class Alert(OwnedModel):
    """An indicator of one node beyond its red mark; at most one is open at a time."""

    indicator = models.CharField(max_length=16, choices=Indicator)
    state = models.CharField(max_length=12, choices=AlertState, default=AlertState.OPEN)
    value = models.DecimalField(max_digits=18, decimal_places=4)
    red = models.DecimalField(max_digits=16, decimal_places=4)
    cases = models.DecimalField(max_digits=18, decimal_places=4)
    raised_at = models.DateTimeField()
    acknowledged_by_id = models.UUIDField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=400, blank=True)
    cleared_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_open_alert_per_indicator",
                fields=["org", "indicator"],
                condition=~Q(state=AlertState.CLEARED),
            ),
            models.CheckConstraint(
                name="an_acknowledged_alert_says_who",
                condition=~Q(state=AlertState.ACKNOWLEDGED)
                | Q(acknowledged_by_id__isnull=False, acknowledged_at__isnull=False),
            ),
            models.CheckConstraint(
                name="a_cleared_alert_says_when",
                condition=Q(state=AlertState.CLEARED, cleared_at__isnull=False)
                | (~Q(state=AlertState.CLEARED) & Q(cleared_at=None)),
            ),
        ]


class CostClass(models.TextChoices):
    LABOUR = "LABOUR", _("Labour")
    MATERIAL = "MATERIAL", _("Material")
    EQUIPMENT = "EQUIPMENT", _("Equipment")
    OPERATIONS = "OPERATIONS", _("Operations")
    OTHER = "OTHER", _("Other")


class Budget(OwnedModel):
    """What a node may spend on a class of cost in a month; a new version replaces the last."""

    month = models.DateField()
    cost_class = models.CharField(max_length=10, choices=CostClass)
    version = models.PositiveSmallIntegerField()
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    set_by_id = models.UUIDField()
    set_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="budget_versions_differ", fields=["org", "month", "cost_class", "version"]
            ),
            models.CheckConstraint(name="a_budget_is_not_negative", condition=Q(amount__gte=0)),
            models.CheckConstraint(name="a_budget_starts_on_the_first", condition=Q(month__day=1)),
        ]


class RiskClass(models.TextChoices):
    LEGAL = "LEGAL", _("Legal")
    CONSUMER = "CONSUMER", _("Consumer")
    DATA = "DATA", _("Data")
    MARKET = "MARKET", _("Market")
    PARTNER = "PARTNER", _("Partner")
    TECHNICAL = "TECHNICAL", _("Technical")


_ONE_TO_FIVE = (1, 5)


class Risk(OwnedModel):
    """What may go wrong, how bad it would be before and after its controls, and who watches it."""

    number = models.CharField(max_length=16)
    risk_class = models.CharField(max_length=10, choices=RiskClass)
    title = models.CharField(max_length=120)
    text = models.CharField(max_length=2000, blank=True)
    likelihood = models.PositiveSmallIntegerField()
    impact = models.PositiveSmallIntegerField()
    residual_likelihood = models.PositiveSmallIntegerField()
    residual_impact = models.PositiveSmallIntegerField()
    controls = ArrayField(models.CharField(max_length=120), default=list)
    owner_id = models.UUIDField()
    review_on = models.DateField()
    reviewed_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="risk_numbers_differ", fields=["org", "number"]),
            models.CheckConstraint(
                name="a_risk_is_weighed_from_1_to_5",
                condition=Q(
                    likelihood__range=_ONE_TO_FIVE,
                    impact__range=_ONE_TO_FIVE,
                    residual_likelihood__range=_ONE_TO_FIVE,
                    residual_impact__range=_ONE_TO_FIVE,
                ),
            ),
        ]
        indexes = [
            models.Index(
                fields=["org", "review_on"], condition=Q(closed_at=None), name="risk_by_review"
            )
        ]

    @property
    def weight(self) -> int:
        return self.likelihood * self.impact

    @property
    def residual_weight(self) -> int:
        return self.residual_likelihood * self.residual_impact


class Phase(models.TextChoices):
    PREPARE = "PREPARE", _("Prepare")
    BUILD = "BUILD", _("Build")
    PROMOTE = "PROMOTE", _("Promote")
    EXTEND = "EXTEND", _("Extend")


PHASE_LIFE = Machine(
    {
        Phase.PREPARE: {Phase.BUILD},
        Phase.BUILD: {Phase.PROMOTE},
        Phase.PROMOTE: {Phase.EXTEND},
    }
)


class RollOutPlan(OwnedModel):
    """The plan of record for opening a city: where it stands, who leads it, what it may cost."""

    city = models.CharField(max_length=40)
    phase = models.CharField(max_length=8, choices=Phase, default=Phase.PREPARE)
    owner_id = models.UUIDField()
    opens_on = models.DateField()
    budget = models.DecimalField(max_digits=14, decimal_places=2, default=Decimal(0))

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_plan_per_city", fields=["org", "city"]),
            models.CheckConstraint(
                name="a_plan_costs_not_less_than_nothing", condition=Q(budget__gte=0)
            ),
        ]


class GatePassed(OwnedModel):
    """A gate between two phases, opened by a person on evidence or on a named exception."""

    plan = models.ForeignKey(RollOutPlan, on_delete=models.PROTECT, related_name="gates")
    phase = models.CharField(max_length=8, choices=Phase)
    evidence = models.CharField(max_length=400)
    standing: "models.JSONField[list[dict[str, Any]], list[dict[str, Any]]]" = models.JSONField(
        default=list
    )
    is_exception = models.BooleanField(default=False)
    exception_ends_on = models.DateField(null=True)
    passed_by_id = models.UUIDField()
    passed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="a_gate_opens_once", fields=["plan", "phase"]),
            models.CheckConstraint(
                name="an_exception_ends",
                condition=Q(is_exception=False) | Q(exception_ends_on__isnull=False),
            ),
        ]
