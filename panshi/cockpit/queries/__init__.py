"""Questions to the cockpit, one file per subject."""

from panshi.cockpit.queries.behind import Behind, BehindRow, promised_order, rows_behind
from panshi.cockpit.queries.figures import (
    Board,
    DayPoint,
    Figure,
    FigurePage,
    Money,
    figure_page,
    figures,
)
from panshi.cockpit.queries.launches import LaunchPage, launch_page
from panshi.cockpit.queries.lists import (
    AlertRow,
    BudgetRow,
    PlanRow,
    RiskRow,
    TargetRow,
    alert_rows,
    budget_against_actual,
    open_alert_count,
    risk_card,
    risk_rows,
    roll_out_plans,
    target_rows,
)
from panshi.cockpit.queries.recount import Difference, check_indicators, source_counts

__all__ = [
    "AlertRow",
    "Behind",
    "BehindRow",
    "Board",
    "BudgetRow",
    "DayPoint",
    "Difference",
    "Figure",
    "FigurePage",
    "LaunchPage",
    "Money",
    "PlanRow",
    "RiskRow",
    "TargetRow",
    "alert_rows",
    "budget_against_actual",
    "check_indicators",
    "figure_page",
    "figures",
    "launch_page",
    "open_alert_count",
    "promised_order",
    "risk_card",
    "risk_rows",
    "roll_out_plans",
    "rows_behind",
    "source_counts",
    "target_rows",
]
