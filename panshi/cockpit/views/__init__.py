"""Pages of the cockpit."""

from panshi.cockpit.views.figures import board, cockpit, home_tiles, indicator, wall, wall_figures
from panshi.cockpit.views.launches import launch
from panshi.cockpit.views.plans import (
    acknowledge,
    alerts,
    budget,
    gate,
    new_risk,
    plans,
    risk,
    risks,
    targets,
)

__all__ = [
    "acknowledge",
    "alerts",
    "board",
    "budget",
    "cockpit",
    "gate",
    "home_tiles",
    "indicator",
    "launch",
    "new_risk",
    "plans",
    "risk",
    "risks",
    "targets",
    "wall",
    "wall_figures",
]
