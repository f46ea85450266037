"""Nouns of the people room: engineers, what they can do, and when they work."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils.translation import gettext_lazy as _

from panshi.kit.nouns import OwnedModel
from panshi.kit.states import Machine


class EngineerState(models.TextChoices):
    ACTIVE = "ACTIVE", _("Active")
    PAUSED = "PAUSED", _("Paused")
    LEFT = "LEFT", _("Left")


ENGINEER_LIFE = Machine(
    {
        EngineerState.ACTIVE: {EngineerState.PAUSED, EngineerState.LEFT},
        EngineerState.PAUSED: {EngineerState.ACTIVE, EngineerState.LEFT},
    }
)


class CertificateState(models.TextChoices):
    VALID = "VALID", _("Valid")
    SUSPENDED = "SUSPENDED", _("Suspended")
    LAPSED = "LAPSED", _("Lapsed")


CERTIFICATE_LIFE = Machine(
    {
        CertificateState.VALID: {CertificateState.SUSPENDED, CertificateState.LAPSED},
        CertificateState.SUSPENDED: {CertificateState.VALID, CertificateState.LAPSED},
    }
)


class Engineer(OwnedModel):
    """A user who goes out to vehicles: home place and city."""

    user = models.OneToOneField("org.User", on_delete=models.PROTECT, related_name="+")
    city = models.CharField(max_length=40)
    lon = models.FloatField()
    lat = models.FloatField()
    state = models.CharField(max_length=8, choices=EngineerState, default=EngineerState.ACTIVE)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="engineer_lives_on_earth",
                condition=Q(lon__range=(-180, 180), lat__range=(-90, 90)),
            )
        ]
        indexes = [models.Index(fields=["org", "city"], name="engineer_by_city")]


class SkillGrant(OwnedModel):
    """A skill of an engineer, at a level, for a time."""

    engineer = models.ForeignKey(Engineer, on_delete=models.PROTECT, related_name="skills")
    skill = models.CharField(max_length=40)
    level = models.PositiveSmallIntegerField(default=2)
    during = DateRangeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="skill_level_is_1_to_3", condition=Q(level__range=(1, 3))),
            ExclusionConstraint(
                name="skill_once_at_a_time",
                expressions=[
                    (F("engineer"), RangeOperators.EQUAL),
                    (F("skill"), RangeOperators.EQUAL),
                    (F("during"), RangeOperators.OVERLAPS),
                ],
            ),
        ]


class Certificate(OwnedModel):
    """A paper that gates work: its kind, its term, the handbook edition it was earned on.

    `told_days` is the last rung of days ahead at which its end was told.
    """

    user = models.ForeignKey("org.User", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=40)
    number = models.CharField(max_length=60, blank=True)
    valid_from = models.DateField()
    valid_until = models.DateField()
    edition = models.CharField(max_length=40, blank=True)
    state = models.CharField(
        max_length=10, choices=CertificateState, default=CertificateState.VALID
    )
    told_days = models.PositiveSmallIntegerField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="certificate_ends_after_it_begins",
                condition=Q(valid_until__gte=F("valid_from")),
            ),
            ExclusionConstraint(
                name="certificate_once_per_person_kind_and_day",
                expressions=[
                    (F("user"), RangeOperators.EQUAL),
                    (F("kind"), RangeOperators.EQUAL),
                    (
                        Func(F("valid_from"), F("valid_until"), Value("[]"), function="daterange"),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=~Q(state=CertificateState.LAPSED),
            ),
        ]


class Suspension(OwnedModel):
    """Why a certificate is out of force; it counts again once every suspension is lifted."""

    certificate = models.ForeignKey(
        Certificate, on_delete=models.PROTECT, related_name="suspensions"
    )
    cause = models.CharField(max_length=100)
    reason = models.CharField(max_length=200)
    since = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="suspension_once_per_cause",
                fields=["certificate", "cause"],
                condition=Q(lifted_at=None),
            )
        ]


class Shift(OwnedModel):
    """A stretch of working time, with the places where it begins and ends."""

    engineer = models.ForeignKey(Engineer, on_delete=models.PROTECT, related_name="shifts")
    period = DateTimeRangeField()
    lon = models.FloatField()
    lat = models.FloatField()
    cancelled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="shifts_never_overlap",
                expressions=[
                    (F("engineer"), RangeOperators.EQUAL),
                    (F("period"), RangeOperators.OVERLAPS),
                ],
                condition=Q(cancelled_at=None),
            )
        ]


class Leave(OwnedModel):
    """Time off; it beats any shift."""

    engineer = models.ForeignKey(Engineer, on_delete=models.PROTECT, related_name="leaves")
    period = DateTimeRangeField()
    reason = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="leaves_never_overlap",
                expressions=[
                    (F("engineer"), RangeOperators.EQUAL),
                    (F("period"), RangeOperators.OVERLAPS),
                ],
            )
        ]


class BreakRule(OwnedModel):
    """When engineers of a city rest: earliest and latest local beginning, and how long."""

    city = models.CharField(max_length=40)
    earliest = models.TimeField()
    latest = models.TimeField()
    minutes = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="break_rule_once", fields=["org", "city", "earliest"]),
            models.CheckConstraint(
                name="break_rule_in_order", condition=Q(latest__gte=F("earliest"))
            ),
        ]
