"""Verbs of leasing."""

from panshi.billing.queries import ChangeImpossible, ReturnCharge
from panshi.billing.services import InputsChanged, PeriodAlreadyBilled
from panshi.leasing.queries.changes import NotRunning
from panshi.leasing.services.changing import (
    ReservedByAnother,
    change_price,
    extend_lease,
    pause_lease,
    resume_lease,
)
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
    accept_return,
    record_arrival,
    request_return,
    request_termination,
    terminate_early,
)
from panshi.leasing.services.settling import (
    SETTLEMENT,
    SettlementMissing,
    confirm_settlement,
    decide_dispute,
    dispute_charge,
    settle_lease,
    start_settlement,
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
from panshi.leasing.services.swapping import request_swap, swap_vehicle
from panshi.leasing.services.taking_over import NumberTaken, RunningLease, take_over_leases
from panshi.leasing.services.watching import advance_leases
from panshi.leasing.services.workbook import commit_workbook, stage_workbook, undo_workbook

__all__ = [
    "LEASES",
    "SETTLEMENT",
    "SOURCE",
    "ChangeImpossible",
    "DepositMissing",
    "HandoverOpen",
    "InputsChanged",
    "NotQualified",
    "NotRunning",
    "NumberTaken",
    "PeriodAlreadyBilled",
    "ReservedByAnother",
    "ReturnCharge",
    "RunningLease",
    "SettlementMissing",
    "TermsInvalid",
    "VehicleAlreadyLeased",
    "accept_return",
    "activate_lease",
    "advance_leases",
    "cancel_lease",
    "change_price",
    "commit_lease_import",
    "commit_workbook",
    "complete_handover",
    "confirm_settlement",
    "decide_dispute",
    "dispute_charge",
    "draft_lease",
    "extend_lease",
    "keep_handover_proof",
    "pause_lease",
    "record_arrival",
    "request_return",
    "request_swap",
    "request_termination",
    "resume_lease",
    "secure_deposit",
    "settle_lease",
    "sign_lease",
    "stage_lease_import",
    "stage_workbook",
    "start_settlement",
    "swap_vehicle",
    "take_over_leases",
    "terminate_early",
    "undo_lease_import",
    "undo_workbook",
]
