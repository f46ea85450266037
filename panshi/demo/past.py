"""How procedures were followed before today, week by week since each city was opened."""

from datetime import datetime, timedelta
from random import Random
from typing import Final

from panshi.demo.founding import Operator
from panshi.handbook import services as handbook
from panshi.handbook.services import PastRun
from panshi.kit.clock import day_start, local_day

# Nodes: how often a week, and how much harder than others people find them (share that is late).
NODES: Final = {
    "return-inspection": (3, 0.02), "inspection-plan": (3, 0.00), "vehicle-offline": (4, 0.05),
    "idle-upkeep": (3, 0.08), "lease-start": (3, 0.01), "overdue-reminder": (5, 0.03),
    "rating-callback": (3, 0.06),
}  # fmt: skip
ABOUT_VEHICLES: Final = frozenset(
    {"return-inspection", "inspection-plan", "vehicle-offline", "idle-upkeep"}
)
YOUNG_WEEKS: Final = 52
ALLOWED: Final = timedelta(hours=8)


def late_share(week: int, *, habit: float, hard: float) -> float:
    """The share of runs that come late in a week after the opening: people learn in half a year."""
    return max(0.05, 0.42 - 0.014 * week) + hard * 1.5 + habit


def remember(operator: Operator, random: Random, at: datetime) -> None:
    """Enter the runs of the weeks since a city was opened, and note the opening itself."""
    plan, actor = operator.plan, operator.actor
    opened = local_day(at) - timedelta(days=7 * plan.weeks)
    handbook.note_launch(
        org_id=operator.org_id, city=plan.city.name, launched_on=opened, actor=actor, at=at
    )
    habits = {slug: random.uniform(0.0, 0.1) for slug in NODES}
    if plan.weeks < YOUNG_WEEKS:
        habits |= dict.fromkeys(random.sample(list(NODES), 3), 0.25)
    runs = []
    for week in range(plan.weeks):
        for slug, (a_week, hard) in NODES.items():
            late = late_share(week, habit=habits[slug], hard=hard)
            for turn in range(a_week):
                day = opened + timedelta(days=week * 7 + random.randrange(7))
                started = day_start(day) + timedelta(hours=random.uniform(8, 15))
                vehicle = random.choice(operator.vehicles)
                slow = random.random() < late
                took = random.uniform(1.05, 1.9) if slow else random.uniform(0.2, 0.95)
                runs.append(
                    PastRun(
                        node_slug=slug,
                        key=f"{slug}/{week}/{turn}",
                        city=plan.city.name,
                        subject_id=str(vehicle[0]) if slug in ABOUT_VEHICLES else "",
                        started_at=started,
                        due_at=started + ALLOWED,
                        closed_at=started + ALLOWED * took,
                    )
                )
    past = [run for run in runs if run.closed_at < at]
    handbook.take_over_runs(org_id=operator.org_id, runs=past, actor=actor, at=at)
