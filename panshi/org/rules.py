"""Which role may do what: permission names are `room.verb`, `room.view`, `room.*` or `*`."""

from collections.abc import Iterable, Mapping
from typing import Final

_VIEWS: Final = frozenset(
    f"{room}.view"
    for room in (
        "org", "notify", "fleet", "crm", "telematics", "leasing", "diagnosis", "supply", "service",
        "quality", "handbook", "people",
    )
)  # fmt: skip
_MONEY_VIEWS: Final = frozenset(
    {"ledger.view", "billing.view", "cockpit.view", "cockpit.view_launch"}
)
_EVERYONE: Final = frozenset(
    {
        "handbook.view", "handbook.take_run", "handbook.complete_step", "handbook.attach_evidence",
        "handbook.acknowledge_notice", "handbook.begin_attempt", "handbook.submit_attempt",
        "handbook.grade_practice",
        "notify.set_preferences", "org.view",
        "handbook.start_run_by_hand", "handbook.pause_run", "handbook.resume_run",
    }
)  # fmt: skip

PERMISSIONS: Final[Mapping[str, frozenset[str]]] = {
    "ADMINISTRATOR": frozenset({"*"}),
    "DECISION_MAKER": _EVERYONE | _VIEWS | _MONEY_VIEWS | {
        "cockpit.*", "handbook.set_parameter", "handbook.set_local_note",
        "billing.approve_discount", "ledger.close_month", "ledger.reopen_month",
        "leasing.*", "fleet.*", "telematics.approve_command", "telematics.cancel_command",
        "telematics.emergency_release", "handbook.approve_revision", "handbook.freeze_edition",
        "handbook.release_edition", "handbook.withdraw_edition", "handbook.note_launch",
        "handbook.approve_case", "handbook.publish_case",
    },
    "FINANCE": _EVERYONE | _VIEWS | _MONEY_VIEWS | {
        "billing.*", "ledger.*", "leasing.stage_rent_import", "leasing.commit_rent_import",
        "leasing.undo_rent_import", "leasing.record_insurer_payment",
        "leasing.settle_lease", "leasing.ask_settlement_void",
        "leasing.void_settlement", "leasing.request_restraint",
        "leasing.settle_violation", "leasing.charge_violation", "leasing.close_violation",
        "fleet.enter_asset", "fleet.mark_odometers",
        "supply.enter_supplier_invoice", "supply.pay_supplier_invoice",
        "supply.enter_supplier_credit", "supply.receive_supplier_refund",
        "supply.cancel_supplier_invoice", "supply.take_stock_into_books",
        "leasing.release_restraint", "notify.send_messages",
    },
    "SALES": _EVERYONE | _VIEWS | {
        "billing.view", "crm.*", "leasing.*", "fleet.file_document", "billing.demand_deposit",
        "billing.dispute_bill",
    },
    "OPERATIONS": _EVERYONE | _VIEWS | {
        "fleet.*", "telematics.*", "leasing.*", "diagnosis.*", "service.*", "supply.*", "crm.*",
        "handbook.*", "people.*", "cockpit.view", "cockpit.view_launch", "billing.view",
        "billing.dispute_bill", "quality.*",
        "notify.send_messages",
    },
    "DISPATCHER": _EVERYONE | _VIEWS | {
        "service.*", "diagnosis.*", "supply.reserve_parts", "telematics.emergency_release",
    },
    "ENGINEER": _EVERYONE | {
        "service.view", "fleet.view", "telematics.view", "diagnosis.view", "supply.view",
        "crm.view", "people.view", "service.accept_visit", "service.refuse_visit",
        "service.start_travel", "service.arrive", "service.record_diagnosis", "service.draft_quote",
        "service.report_extra_work", "service.use_part", "service.return_part",
        "service.complete_visit", "service.self_check", "service.attach_photo",
        "service.record_checklist", "diagnosis.confirm_finding", "service.sign_visit",
        "service.record_labour", "service.release_work_order",
    },
    "WAREHOUSE": _EVERYONE | {"supply.*", "service.view", "fleet.view"},
    "YARD": _EVERYONE | {
        "fleet.view", "leasing.view", "crm.view", "fleet.start_inspection", "fleet.mark_damage",
        "fleet.keep_inspection_photo", "fleet.complete_inspection", "fleet.finish_upkeep",
        "fleet.start_stocktake", "fleet.count_vehicle", "fleet.close_stocktake",
        "leasing.record_arrival", "leasing.complete_handover", "leasing.activate_lease",
        "leasing.accept_return",
    },
    "TRAINER": _EVERYONE | {
        "handbook.*", "people.*", "quality.*", "service.view", "cockpit.view_launch",
    },
    "AUDITOR": _VIEWS | _MONEY_VIEWS | {"org.read_audit"},
    "CUSTOMER": frozenset(
        {
            "billing.request_invoice",
            "service.hold_slot", "service.confirm_booking", "service.cancel_booking",
            "service.reschedule_booking", "service.answer_quote", "service.review_work_order",
            "service.post_message", "billing.start_payment", "leasing.request_return",
            "leasing.accept_quote", "leasing.decline_quote", "leasing.sign_contract",
            "leasing.open_contract",
            "crm.file_complaint", "leasing.request_termination",
            "leasing.request_buy_out",
            "notify.set_preferences",
            "leasing.request_swap", "leasing.confirm_settlement", "leasing.dispute_charge",
            "leasing.dispute_violation", "billing.dispute_bill",
        }
    ),
}  # fmt: skip


def permissions_of(roles: Iterable[str]) -> frozenset[str]:
    """The union of what the roles may do."""
    return frozenset().union(*(PERMISSIONS[role] for role in roles))
