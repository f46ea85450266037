"""Verbs of leasing."""

from panshi.leasing.services.common import (
    DepositMissing,
    HandoverOpen,
    NotQualified,
    TermsInvalid,
    VehicleAlreadyLeased,
)
from panshi.leasing.services.returning import (
    Damage,
    accept_return,
    request_return,
    settle_lease,
)
from panshi.leasing.services.signing import (
    SOURCE,
    activate_lease,
    cancel_lease,
    complete_handover,
    draft_lease,
    keep_handover_proof,
    secure_deposit,
    sign_lease,
)

__all__ = [
    "SOURCE",
    "Damage",
    "DepositMissing",
    "HandoverOpen",
    "NotQualified",
    "TermsInvalid",
    "VehicleAlreadyLeased",
    "accept_return",
    "activate_lease",
    "cancel_lease",
    "complete_handover",
    "draft_lease",
    "keep_handover_proof",
    "request_return",
    "secure_deposit",
    "settle_lease",
    "sign_lease",
]
