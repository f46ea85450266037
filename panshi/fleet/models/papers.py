"""Nouns of compliance: papers and who looked at them, rules of what falls due, items, notices."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from panshi.fleet.models.vehicles import Vehicle, VehicleClass
from panshi.kit.nouns import OwnedModel


class DocumentKind(models.TextChoices):
    INSPECTION = "INSPECTION", _("Annual inspection")
    COMPULSORY_INSURANCE = "COMPULSORY_INSURANCE", _("Compulsory insurance")
    COMMERCIAL_INSURANCE = "COMMERCIAL_INSURANCE", _("Commercial insurance")
    ROAD_PERMIT = "ROAD_PERMIT", _("Road permit")
    VEHICLE_LICENCE = "VEHICLE_LICENCE", _("Vehicle licence")
    BATTERY_WARRANTY = "BATTERY_WARRANTY", _("Battery warranty")


class DueKind(models.TextChoices):
    """What of a vehicle falls due: its papers, and its upkeep by the maker's plan."""

    INSPECTION = "INSPECTION", _("Annual inspection")
    COMPULSORY_INSURANCE = "COMPULSORY_INSURANCE", _("Compulsory insurance")
    COMMERCIAL_INSURANCE = "COMMERCIAL_INSURANCE", _("Commercial insurance")
    ROAD_PERMIT = "ROAD_PERMIT", _("Road permit")
    VEHICLE_LICENCE = "VEHICLE_LICENCE", _("Vehicle licence")
    BATTERY_WARRANTY = "BATTERY_WARRANTY", _("Battery warranty")
    MAINTENANCE = "MAINTENANCE", _("Scheduled maintenance")


class Anchor(models.TextChoices):
    PAPER = "PAPER", _("Last day of the paper")
    SERVICE = "SERVICE", _("Last maintenance")


class Level(models.TextChoices):
    """Who is told: the operator's clerk first, the head office last."""

    CLERK = "CLERK", _("Asset clerk")
    LEAD = "LEAD", _("Operator lead")
    REGION = "REGION", _("Regional centre")
    HQ = "HQ", _("Head office")


class NoticeChannel(models.TextChoices):
    IN_APP = "IN_APP", _("In the app")
    SMS = "SMS", _("Text message")


class ComplianceRule(models.Model):
    """When a kind of thing falls due for a class and age of vehicle, and who is told when.

    `rungs` are days ahead, widest first; `told` names for each rung who hears of it. An empty class
    means any; a rule of the vehicle's own class goes before it. Ages are months since the first
    registration, `until_months` excluded. `every_km` empty means the model's own interval.
    `blocks`: `grace_days` after it lapsed the vehicle is not delivered; `needed`: nor without one.
    `confirmed_on` is empty until somebody has held the figures against the local law.
    """

    code = models.CharField(max_length=40, primary_key=True)
    kind = models.CharField(max_length=24, choices=DueKind)
    vehicle_class = models.CharField(max_length=20, choices=VehicleClass, blank=True)
    from_months = models.PositiveSmallIntegerField(default=0)
    until_months = models.PositiveSmallIntegerField(null=True)
    anchor = models.CharField(max_length=8, choices=Anchor, default=Anchor.PAPER)
    every_months = models.PositiveSmallIntegerField(null=True)
    every_km = models.PositiveIntegerField(null=True)
    ahead_km = models.PositiveIntegerField(null=True)
    rungs = ArrayField(models.SmallIntegerField())
    told = ArrayField(models.CharField(max_length=8, choices=Level))
    blocks = models.BooleanField()
    needed = models.BooleanField(default=False)
    grace_days = models.PositiveSmallIntegerField(default=0)
    confirmed_on = models.DateField(null=True)
    confirmed_by_id = models.UUIDField(null=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="one_rule_for_a_kind_class_and_age",
                expressions=[
                    ("kind", RangeOperators.EQUAL),
                    ("vehicle_class", RangeOperators.EQUAL),
                    (
                        Func(F("from_months"), F("until_months"), function="int4range"),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
            models.CheckConstraint(
                name="every_rung_names_who_is_told",
                condition=Q(rungs__len__gt=0) & Q(told__len=F("rungs__len")),
            ),
            models.CheckConstraint(
                name="a_rule_is_confirmed_by_somebody",
                condition=Q(confirmed_on=None, confirmed_by_id=None)
                | Q(confirmed_on__isnull=False, confirmed_by_id__isnull=False),
            ),
        ]


class DueState(models.TextChoices):
    OPEN = "OPEN", _("Open")
    DONE = "DONE", _("Done")


class Document(OwnedModel):
    """One version of a vehicle's paper; a new version replaces the current one of its kind.

    `cost` is what it cost in CNY, tax included: a premium, a fee; null where nobody said.
    """

    vehicle = models.ForeignKey(Vehicle, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=24, choices=DocumentKind)
    version = models.PositiveSmallIntegerField()
    number = models.CharField(max_length=60, blank=True)
    issued_on = models.DateField(null=True)
    expires_on = models.DateField()
    cost = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    file = models.ForeignKey(
        "kit.StoredFile", null=True, on_delete=models.PROTECT, related_name="+"
    )
    sha256 = models.CharField(max_length=64, blank=True)
    current = models.BooleanField(default=True)
    filed_by_id = models.UUIDField()
    filed_at = models.DateTimeField()
    verified_by_id = models.UUIDField(null=True)
    verified_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_current_paper_of_a_kind",
                fields=["vehicle", "kind"],
                condition=Q(current=True),
            ),
            models.UniqueConstraint(
                name="versions_of_a_paper_differ", fields=["vehicle", "kind", "version"]
            ),
            models.CheckConstraint(
                name="a_paper_is_issued_before_it_lapses",
                condition=Q(issued_on=None) | Q(issued_on__lte=F("expires_on")),
            ),
            models.CheckConstraint(
                name="a_paper_costs_something_or_is_silent",
                condition=Q(cost__isnull=True) | Q(cost__gt=0),
            ),
            models.CheckConstraint(
                name="a_paper_is_verified_by_a_second_person",
                condition=Q(verified_at=None, verified_by_id=None)
                | Q(verified_at__isnull=False, verified_by_id__isnull=False)
                & ~Q(verified_by_id=F("filed_by_id")),
            ),
        ]
        indexes = [
            models.Index(
                fields=["org", "expires_on"],
                include=["vehicle", "kind", "id"],
                name="current_paper_by_last_day",
                condition=Q(current=True),
            )
        ]


class DocumentView(OwnedModel):
    """Somebody opened the scan of a paper; never changed."""

    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="+")
    viewer_id = models.UUIDField()
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["document", "-at"], name="view_by_paper")]


class DueItem(OwnedModel):
    """Something of a vehicle that falls due: opened by its first rung, done by what renews it.

    `rung` is how many days ahead the last notices were due. What is due by distance has `due_km`.
    `lapsed_at` is when it was found lapsed; `incident_on` the day on which too few notices were
    on record although it fell due.
    """

    vehicle = models.ForeignKey(Vehicle, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=24, choices=DueKind)
    rule = models.ForeignKey(ComplianceRule, null=True, on_delete=models.PROTECT, related_name="+")
    due_on = models.DateField()
    due_km = models.DecimalField(max_digits=9, decimal_places=1, null=True)
    rung = models.SmallIntegerField()
    state = models.CharField(max_length=4, choices=DueState, default=DueState.OPEN)
    reminded_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    lapsed_at = models.DateTimeField(null=True)
    incident_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_open_item_of_a_kind",
                fields=["vehicle", "kind"],
                condition=Q(state=DueState.OPEN),
            ),
            models.CheckConstraint(
                name="a_done_item_says_when",
                condition=Q(state=DueState.OPEN, done_at=None)
                | Q(state=DueState.DONE, done_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                fields=["org", "due_on"], name="due_item_by_day", condition=Q(state=DueState.OPEN)
            )
        ]


class DueNotice(OwnedModel):
    """Somebody was told of a due item, at which rung and over which channel; never changed.

    `run_id` is the source of the message that told of all the run's items at once.
    """

    due_item = models.ForeignKey(DueItem, on_delete=models.PROTECT, related_name="+")
    rung = models.SmallIntegerField()
    level = models.CharField(max_length=8, choices=Level)
    channel = models.CharField(max_length=8, choices=NoticeChannel)
    user_id = models.UUIDField()
    run_id = models.UUIDField()
    told_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_person_is_told_once_at_a_rung",
                fields=["due_item", "rung", "channel", "user_id"],
            )
        ]
