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
    SOURCE,
    DepositMissing,
    HandoverOpen,
    NotQualified,
    TermsInvalid,
    VehicleAlreadyLeased,
)
from panshi.leasing.services.contracts import (
    ConsentMissing,
    ContractMissing,
    ContractOffered,
    SignatureInvalid,
    countersign_contract,
    file_paper_contract,
    make_contract,
    open_contract,
    put_contract_in_force,
    sign_contract,
    void_contract,
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
    activate_lease,
    cancel_lease,
    complete_handover,
    draft_lease,
    keep_handover_proof,
    secure_deposit,
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
    "ConsentMissing",
    "ContractMissing",
    "ContractOffered",
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
    "SignatureInvalid",
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
    "countersign_contract",
    "decide_dispute",
    "dispute_charge",
    "draft_lease",
    "extend_lease",
    "file_paper_contract",
    "keep_handover_proof",
    "make_contract",
    "open_contract",
    "pause_lease",
    "put_contract_in_force",
    "record_arrival",
    "request_return",
    "request_swap",
    "request_termination",
    "resume_lease",
    "secure_deposit",
    "settle_lease",
    "sign_contract",
    "stage_lease_import",
    "stage_workbook",
    "start_settlement",
    "swap_vehicle",
    "take_over_leases",
    "terminate_early",
    "undo_lease_import",
    "undo_workbook",
    "void_contract",
]
