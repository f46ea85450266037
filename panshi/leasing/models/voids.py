from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from panshi.kit.nouns import OwnedModel
from panshi.leasing.models.leases import Lease, SettlementSheet


class VoidState(models.TextChoices):
    ASKED = "ASKED", _("Waits for a second person")
    VOID = "VOID", _("Void")
    KEPT = "KEPT", _("Kept")


class SettlementVoid(OwnedModel):
    """A wish that a confirmed settlement counts no more; another decides before money moves."""

    lease = models.ForeignKey(Lease, on_delete=models.PROTECT, related_name="+")
    sheet = models.ForeignKey(SettlementSheet, on_delete=models.PROTECT, related_name="voids")
    reason = models.CharField(max_length=200)
    state = models.CharField(max_length=5, choices=VoidState, default=VoidState.ASKED)
    asked_by_id = models.UUIDField()
    asked_at = models.DateTimeField()
    decided_by_id = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_sheet_is_voided_once_at_a_time",
                fields=["sheet"],
                condition=~Q(state=VoidState.KEPT),
            ),
            models.CheckConstraint(
                name="a_second_person_voids_a_settlement",
                condition=Q(state=VoidState.ASKED, decided_by_id__isnull=True)
                | (
                    Q(decided_by_id__isnull=False, decided_at__isnull=False)
                    & ~Q(decided_by_id=F("asked_by_id"))
                ),
            ),
            models.CheckConstraint(name="a_void_says_why", condition=~Q(reason="")),
        ]
