"""Nouns of restraint: what a debt may ask of a vehicle from afar, and each time it did."""

from datetime import timedelta
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from panshi.kit.nouns import OwnedModel
from panshi.kit.states import Machine
from panshi.leasing.models.leases import Lease


class RestraintKind(models.TextChoices):
    LIMIT = "LIMIT", _("Limit the speed")
    INHIBIT = "INHIBIT", _("Inhibit the start")


class RestraintState(models.TextChoices):
    ASKED = "ASKED", pgettext_lazy("restraint", "Asked for")
    APPROVED = "APPROVED", pgettext_lazy("restraint", "Approved by one")
    QUEUED = "QUEUED", _("Waits for its moment")
    IN_FORCE = "IN_FORCE", _("In effect")
    RELEASING = "RELEASING", _("Being released")
    RELEASED = "RELEASED", pgettext_lazy("restraint", "Released")
    STOPPED = "STOPPED", _("Stopped")
    EXPIRED = "EXPIRED", pgettext_lazy("command", "Expired")


R = RestraintState
RESTRAINT_LIFE = Machine(
    {
        R.ASKED: {R.APPROVED, R.QUEUED, R.STOPPED, R.EXPIRED},
        R.APPROVED: {R.QUEUED, R.STOPPED, R.EXPIRED},
        R.QUEUED: {R.IN_FORCE, R.RELEASING, R.STOPPED, R.EXPIRED},
        R.IN_FORCE: {R.RELEASING, R.RELEASED},
        R.RELEASING: {R.RELEASED},
    }
)
LIVING = (R.ASKED, R.APPROVED, R.QUEUED, R.IN_FORCE, R.RELEASING)


class RestraintTerms(models.Model):
    """What a kind of restraint needs: an open debt above `min_debt` CNY, and the notice of the
    rung `notice_day` proven `notice_hours` before. `to_confirm` as for every legal figure."""

    kind = models.CharField(max_length=8, choices=RestraintKind, primary_key=True)
    min_debt = models.DecimalField(max_digits=14, decimal_places=2)
    notice_day = models.SmallIntegerField()
    notice_hours = models.PositiveSmallIntegerField()
    limit_kmh = models.PositiveSmallIntegerField(null=True)
    to_confirm = models.BooleanField(default=True)


class RestraintRequest(OwnedModel):
    """A vehicle's restraint for a debt: the clause it rests on, the notices proven, what the guard
    answered. It follows its command, which stands in telematics.

    An inhibit names the confirmed `limit` that went before, or the officer of the platform who
    waived it. One that was refused at once is kept as STOPPED with the answers.
    """

    lease = models.ForeignKey(Lease, on_delete=models.PROTECT, related_name="+")
    vehicle = models.ForeignKey("fleet.Vehicle", on_delete=models.PROTECT, related_name="+")
    customer_id = models.UUIDField()
    case_id = models.UUIDField(null=True)
    kind = models.CharField(max_length=8, choices=RestraintKind)
    clause = models.CharField(max_length=60, blank=True)
    reason = models.CharField(max_length=200)
    limit = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    waived_by_id = models.UUIDField(null=True)
    notices: "models.JSONField[list[dict[str, Any]], list[dict[str, Any]]]" = models.JSONField(
        default=list
    )
    answers: "models.JSONField[list[dict[str, Any]], list[dict[str, Any]]]" = models.JSONField(
        default=list
    )
    command_id = models.UUIDField(null=True)
    state = models.CharField(max_length=10, choices=RestraintState, default=RestraintState.ASKED)
    asked_by_id = models.UUIDField()
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    in_force_at = models.DateTimeField(null=True)
    release_asked_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_restraint_has_clause_and_proof",
                condition=Q(state="STOPPED") | ~Q(clause="") & ~Q(notices=[]),
            ),
            models.CheckConstraint(
                name="a_restraint_request_lives_two_hours",
                condition=Q(expires_at__lte=F("asked_at") + timedelta(hours=2)),
            ),
            models.CheckConstraint(
                name="an_inhibit_follows_a_limit_or_a_waiver",
                condition=Q(kind="LIMIT")
                | Q(state="STOPPED")
                | Q(limit__isnull=False)
                | Q(waived_by_id__isnull=False),
            ),
            models.UniqueConstraint(
                name="one_living_restraint_of_a_kind",
                fields=["lease", "kind"],
                condition=Q(state__in=["ASKED", "APPROVED", "QUEUED", "IN_FORCE", "RELEASING"]),
            ),
        ]
        indexes = [models.Index(fields=["org", "-asked_at"], name="restraints_of_a_node")]
