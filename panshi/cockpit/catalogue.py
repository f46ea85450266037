"""The indicators: what each one counts, over what, from which books, and what is good."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from panshi.cockpit.rules import HIGH, LOW, MEAN, PRODUCT, RATIO, SUM, Measure


class Indicator(models.TextChoices):
    REVENUE = "REVENUE", _("Revenue")
    COLLECTION = "COLLECTION", _("Collection rate")
    SATISFACTION = "SATISFACTION", _("Satisfaction")
    COMPLAINTS = "COMPLAINTS", _("Complaint rate")
    SERVICE_TIME = "SERVICE_TIME", _("Mean service time")
    COMPLETION = "COMPLETION", _("Completion rate")
    UTILISATION = "UTILISATION", _("Utilisation")
    IDLE_DAYS = "IDLE_DAYS", _("Idle days")
    ADHERENCE = "ADHERENCE", _("Adherence")
    FINDINGS = "FINDINGS", _("Open findings")
    ONLINE = "ONLINE", _("Vehicles online")


COUNTED: Final = frozenset(
    {Indicator.SATISFACTION, Indicator.COMPLAINTS, Indicator.SERVICE_TIME, Indicator.COMPLETION}
)
VEHICLE_DAYS: Final = frozenset({Indicator.UTILISATION, Indicator.IDLE_DAYS})
NOW_ONLY: Final = frozenset({Indicator.FINDINGS, Indicator.ONLINE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One indicator in words and numbers.

    `kind` is how its value is drawn (`kit.cells`), `unit` what stands behind it. `facts` are the
    names upon which an open page asks for it anew.
    """

    code: Indicator
    slug: str
    kind: str
    unit: str | Promise = ""
    numerator: str | Promise
    denominator: str | Promise = ""
    source: str | Promise
    measure: Measure
    facts: tuple[str, ...]


DEFINITIONS: Final[Mapping[Indicator, Definition]] = {
    d.code: d
    for d in (
        Definition(
            code=Indicator.REVENUE,
            slug="revenue",
            kind="money",
            numerator=_(
                "Net credits on the income accounts 6001 and 6051, by the day of the entry."
            ),
            source=_("Ledger: postings of the day. Gross is what was billed, tax included."),
            measure=Measure(SUM, better=HIGH),
            facts=("billing.*", "ledger.*"),
        ),
        Definition(
            code=Indicator.COLLECTION,
            slug="collection",
            kind="percent",
            numerator=_("What is paid of the bills due in the period."),
            denominator=_("The total of the bills due in the period up to today, deposits aside."),
            source=_("Billing: bills and their balances, by due day."),
            measure=Measure(RATIO, better=HIGH, green=Decimal("0.97"), red=Decimal("0.92")),
            facts=("billing.*",),
        ),
        Definition(
            code=Indicator.SATISFACTION,
            slug="satisfaction",
            kind="number",
            unit=_("of 5 stars"),
            numerator=_("The stars of all reviews."),
            denominator=_("Reviews, by the day they were written."),
            source=_("Service: one review per work order."),
            measure=Measure(MEAN, better=HIGH, green=Decimal("4.6"), red=Decimal("4.2")),
            facts=("cockpit.*",),
        ),
        Definition(
            code=Indicator.COMPLAINTS,
            slug="complaints",
            kind="number",
            unit=_("per 1,000"),
            numerator=_("Complaints, by the day they were filed, times 1,000."),
            denominator=_("Work orders closed plus leased vehicle-days ÷ 30."),
            source=_("Customers: complaints. Service: closed work orders. Fleet: vehicle-days."),
            measure=Measure(RATIO, scale=1000, better=LOW, green=Decimal(5), red=Decimal(10)),
            facts=("cockpit.*",),
        ),
        Definition(
            code=Indicator.SERVICE_TIME,
            slug="service-time",
            kind="number",
            unit=_("min"),
            numerator=_("Minutes on site of the work orders closed."),
            denominator=_("Work orders closed, by the day they were closed."),
            source=_("Service: closed work orders."),
            measure=Measure(MEAN, better=LOW, green=Decimal(90), red=Decimal(120)),
            facts=("cockpit.*",),
        ),
        Definition(
            code=Indicator.COMPLETION,
            slug="completion",
            kind="percent",
            numerator=_("Work orders that were closed, counted on the day they were promised for."),
            denominator=_("Work orders promised for the day, those cancelled left out."),
            source=_("Service: work orders opened, cancelled and closed."),
            measure=Measure(RATIO, better=HIGH, green=Decimal("0.97"), red=Decimal("0.93")),
            facts=("cockpit.*",),
        ),
        Definition(
            code=Indicator.UTILISATION,
            slug="utilisation",
            kind="percent",
            numerator=_("Vehicle-days on lease."),
            denominator=_("Vehicle-days on lease, ready, idle or in service."),
            source=_("Fleet: the state of each vehicle, kept each night and asked now for today."),
            measure=Measure(RATIO, better=HIGH, green=Decimal("0.90"), red=Decimal("0.80")),
            facts=("fleet.*", "cockpit.*"),
        ),
        Definition(
            code=Indicator.IDLE_DAYS,
            slug="idle-days",
            kind="number",
            unit=_("days per vehicle"),
            numerator=_("Vehicle-days ready or idle, times 30: the days of a month."),
            denominator=_("Vehicle-days of the pool: on lease, ready, idle or in service."),
            source=_("Fleet: the state of each vehicle, kept each night and asked now for today."),
            measure=Measure(RATIO, scale=30, better=LOW, green=Decimal(3), red=Decimal(6)),
            facts=("fleet.*", "cockpit.*"),
        ),
        Definition(
            code=Indicator.ADHERENCE,
            slug="adherence",
            kind="percent",
            numerator=_("Runs on time ÷ expected × steps done ÷ due × evidence valid ÷ due."),
            denominator=_("Runs of the handbook that fell due in the period."),
            source=_("Handbook: runs by the moment they fell due; the pairs are added first."),
            measure=Measure(PRODUCT, better=HIGH, green=Decimal("0.90"), red=Decimal("0.80")),
            facts=("handbook.*",),
        ),
        Definition(
            code=Indicator.FINDINGS,
            slug="findings",
            kind="number",
            numerator=_("Findings that still need somebody, by severity."),
            source=_("Diagnosis: findings, as they stand now."),
            measure=Measure(SUM, better=LOW),
            facts=("diagnosis.*",),
        ),
        Definition(
            code=Indicator.ONLINE,
            slug="online",
            kind="percent",
            numerator=_("Connected vehicles that report now."),
            denominator=_("Vehicles that ever reported."),
            source=_("Telematics: the live state, as it stands now."),
            measure=Measure(RATIO, better=HIGH, green=Decimal("0.95"), red=Decimal("0.85")),
            facts=(
                "telematics.SessionsOpened",
                "telematics.SessionsClosed",
                "telematics.VehicleWentOffline",
                "telematics.ContactRestored",
            ),
        ),
    )
}
BY_SLUG: Final = {d.slug: d for d in DEFINITIONS.values()}
