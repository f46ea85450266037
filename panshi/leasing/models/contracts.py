"""Contracts: the paper of a lease as it was offered, and the signatures under it."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from panshi.kit.nouns import OwnedModel
from panshi.kit.states import Machine
from panshi.leasing.models.leases import Lease


class ContractKind(models.TextChoices):
    ELECTRONIC = "ELECTRONIC", _("Signed electronically")
    PAPER = "PAPER", _("Signed on paper")


class ContractState(models.TextChoices):
    OFFERED = "OFFERED", _("Waits for the customer")
    COUNTERSIGNING = "COUNTERSIGNING", _("Waits for our signature")
    SIGNED = "SIGNED", pgettext_lazy("contract", "Signed by both")
    VOID = "VOID", pgettext_lazy("contract", "Withdrawn")


C = ContractState
CONTRACT_LIFE = Machine(
    {C.OFFERED: {C.COUNTERSIGNING, C.VOID}, C.COUNTERSIGNING: {C.SIGNED, C.VOID}}
)


class Contract(OwnedModel):
    """The paper of a lease, kept byte by byte: `file_id` and `sha256` are the latest copy's.

    Each signature makes another copy that begins with the one before; `copies` lists them all.
    `evidence` is how each side signed, `report` what the validator found at the last signature.
    One signed on paper has a scan for its copy, and no report.
    """

    lease = models.ForeignKey(Lease, on_delete=models.PROTECT, related_name="+")
    customer_id = models.UUIDField()
    number = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=10, choices=ContractKind)
    state = models.CharField(max_length=14, choices=ContractState, default=ContractState.OFFERED)
    text_version = models.CharField(max_length=20, blank=True)
    signer = models.CharField(max_length=20, blank=True)
    reliable = models.BooleanField(default=False)
    file_id = models.UUIDField()
    sha256 = models.CharField(max_length=64)
    copies: "models.JSONField[list[dict[str, Any]], list[dict[str, Any]]]" = models.JSONField()
    evidence: "models.JSONField[list[dict[str, Any]], list[dict[str, Any]]]" = models.JSONField(
        default=list
    )
    report: "models.JSONField[list[dict[str, Any]], list[dict[str, Any]]]" = models.JSONField(
        default=list
    )
    offered_by_id = models.UUIDField()
    offered_at = models.DateTimeField()
    customer_signed_at = models.DateTimeField(null=True)
    signed_at = models.DateTimeField(null=True)
    voided_at = models.DateTimeField(null=True)
    void_reason = models.CharField(max_length=200, blank=True)
    effective_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="contracts_are_numbered", fields=["lease", "number"]),
            models.UniqueConstraint(
                name="one_living_contract_of_a_lease",
                fields=["lease"],
                condition=~Q(state="VOID"),
            ),
            models.CheckConstraint(
                name="a_contract_bears_its_signatures",
                condition=Q(state__in=["OFFERED", "VOID"])
                | Q(state="COUNTERSIGNING", customer_signed_at__isnull=False)
                | Q(state="SIGNED", customer_signed_at__isnull=False, signed_at__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["org", "state", "-id"], name="contract_list")]


class ContractView(OwnedModel):
    """Who opened which copy of a contract, and when; never changed."""

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="+")
    customer_id = models.UUIDField()
    sha256 = models.CharField(max_length=64)
    by_id = models.UUIDField()
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["contract", "-at"], name="contract_view_by_contract")]
