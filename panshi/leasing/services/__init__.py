"""Verbs of leasing."""

from panshi.leasing.services.common import (
    DepositMissing,
    HandoverOpen,
    NotQualified,
    TermsInvalid,
    VehicleAlreadyLeased,
)
from panshi.leasing.services.moving_in import (
    LEASES,
    commit_lease_import,
    stage_lease_import,
    undo_lease_import,
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
from panshi.leasing.services.taking_over import NumberTaken, RunningLease, take_over_leases
from panshi.leasing.services.workbook import commit_workbook, stage_workbook, undo_workbook

__all__ = [
    "LEASES",
    "SOURCE",
    "Damage",
    "DepositMissing",
    "HandoverOpen",
    "NotQualified",
    "NumberTaken",
    "RunningLease",
    "TermsInvalid",
    "VehicleAlreadyLeased",
    "accept_return",
    "activate_lease",
    "cancel_lease",
    "commit_lease_import",
    "commit_workbook",
    "complete_handover",
    "draft_lease",
    "keep_handover_proof",
    "request_return",
    "secure_deposit",
    "settle_lease",
    "sign_lease",
    "stage_lease_import",
    "stage_workbook",
    "take_over_leases",
    "undo_lease_import",
    "undo_workbook",
]
