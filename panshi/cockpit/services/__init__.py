"""Verbs of the cockpit."""

from panshi.cockpit.services.alerts import AlreadyAcknowledged, acknowledge_alert, judge_targets
from panshi.cockpit.services.counting import (
    ReasonMissing,
    count_fact,
    keep_vehicle_days,
    report_differences,
    take_recount,
)
from panshi.cockpit.services.plans import (
    ControlBoundToNothing,
    GateNotReady,
    GateWithoutEvidence,
    NotWeighed,
    ReviewInThePast,
    follow_plans,
    pass_gate,
    plan_roll_out,
    record_risk,
    review_risk,
)
from panshi.cockpit.services.targets import (
    MarksReversed,
    NotMeasured,
    set_budget,
    set_target,
)

__all__ = [
    "AlreadyAcknowledged",
    "ControlBoundToNothing",
    "GateNotReady",
    "GateWithoutEvidence",
    "MarksReversed",
    "NotMeasured",
    "NotWeighed",
    "ReasonMissing",
    "ReviewInThePast",
    "acknowledge_alert",
    "count_fact",
    "follow_plans",
    "judge_targets",
    "keep_vehicle_days",
    "pass_gate",
    "plan_roll_out",
    "record_risk",
    "report_differences",
    "review_risk",
    "set_budget",
    "set_target",
    "take_recount",
]
