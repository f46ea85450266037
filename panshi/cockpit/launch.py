"""Opening a city by the playbook: what a gate asks, measured now, beside what has been reached."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.utils.translation import gettext as _

from panshi.cockpit.models import RollOutPlan
from panshi.fleet import queries as fleet
from panshi.handbook import queries as handbook
from panshi.handbook.queries.playbooks import LaunchPhase
from panshi.kit.clock import local_day
from panshi.kit.tenancy import Actor
from panshi.people import queries as people
from panshi.service.queries import figures as service
from panshi.supply import queries as supply


@dataclass(frozen=True, slots=True, kw_only=True)
class GateItem:
    """One thing a gate asks: a run that must be closed, or a figure that must be reached."""

    words: str
    have: str
    want: str
    met: bool


def measured(plan: RollOutPlan, measure: str, actor: Actor, at: datetime) -> int:
    """An indicator of a plan's city now; shares in whole percent."""
    match measure:
        case "engineers":
            return len(people.engineers(actor=actor, at=at, city=plan.city))
        case "vehicles":
            return fleet.vehicle_list(actor=actor, city=plan.city, limit=1).total
        case "parts":
            return sum(row.items for row in supply.location_totals(actor=actor, city=plan.city))
        case "orders":
            today = local_day(at)
            closed = service.orders_closed(
                since=min(plan.opens_on, today), until=today + timedelta(days=1), actor=actor
            )
            return sum(order.city == plan.city for order in closed)
        case "adherence":
            share = handbook.adherence(city=plan.city, actor=actor, at=at).adherence
            return int(Decimal(str(share or 0)) * 100)
    raise ValueError(f"{measure} is not measured")


def words_of(measure: str) -> str:
    """What is measured, in words."""
    return {
        "engineers": _("Engineers in the city"),
        "vehicles": _("Vehicles in the city"),
        "parts": _("Kinds of parts in stock there"),
        "orders": _("Jobs closed since the opening"),
        "adherence": _("Adherence of 28 days, percent"),
    }[measure]


def gate_of(
    plan: RollOutPlan, phases: list[LaunchPhase], actor: Actor, at: datetime
) -> list[GateItem]:
    """What the gate out of a plan's present phase asks, each with what there is."""
    phase = next((p for p in phases if p.phase == plan.phase), None)
    if phase is None:
        return []
    items = [
        GateItem(
            words=title,
            have=_("closed") if closed else _("not closed"),
            want=_("closed"),
            met=closed,
        )
        for title, closed in phase.closed
    ]
    for wanted in phase.measures:
        have = measured(plan, wanted.measure, actor, at)
        items.append(
            GateItem(
                words=words_of(wanted.measure),
                have=str(have),
                want=f"≥ {wanted.at_least}",
                met=have >= wanted.at_least,
            )
        )
    return items
