"""The verb by which a plan of another room starts the nodes of a playbook as their days come."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.handbook import book
from panshi.handbook.book import Book
from panshi.handbook.events import RunsStarted
from panshi.handbook.models import Run
from panshi.handbook.rules import conditions
from panshi.handbook.rules.conditions import World
from panshi.handbook.rules.playbooks import PHASES, PlannedNode, occurrence_key
from panshi.handbook.services.occasions import Occasion
from panshi.handbook.services.starting import NodeNotWritten, begin, started
from panshi.kit.clock import day_start, local_day
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb

FACT = "playbook."


def _occasion(
    planned: PlannedNode, edition: Book, org_id: int, city: str, plan_id: UUID, opens_on: date
) -> Occasion:
    bound = book.bound_node(edition.id, planned.slug)
    if bound is None:
        raise NodeNotWritten(_("The node %s has no procedure yet.") % planned.slug)
    fact = {
        "node_id": str(org_id),
        "city": city,
        "plan_id": str(plan_id),
        "opens_on": opens_on.isoformat(),
        "period": city,
    }
    subject = conditions.resolve(bound.procedure.subject_id, World(fact=fact))
    return Occasion(
        bound=bound,
        edition=edition,
        org_id=org_id,
        at=day_start(planned.begins(opens_on)),
        key=occurrence_key(plan_id, planned.slug),
        fact=fact,
        fact_name=f"{FACT}city-launch",
        subject_id=str(subject or ""),
    )


def _due(edition: Book, phase: str, opens_on: date, today: date) -> Iterator[PlannedNode]:
    plan = edition.playbook("city-launch")
    if plan is None:
        return
    for each in plan.upto(phase):
        yield from (node for node in each.nodes if node.begins(opens_on) <= today)


@verb
def start_playbook(
    *,
    org_id: int,
    city: str,
    plan_id: UUID,
    phase: str,
    opens_on: date,
    actor: Actor,
    at: datetime,
) -> RunsStarted:
    """Start the nodes of the launch playbook whose day has come, up to a phase, each once.

    A node's time counts from its planned day, or from now when that day was before the plan was
    made. Raises NodeNotWritten, ValueError for a phase that is none.
    """
    actor.must("handbook.start_runs", org_id)
    if phase not in PHASES:
        raise ValueError(f"{phase} is no phase")
    edition = book.book_at(at, city)
    due = list(_due(edition, phase, opens_on, local_day(at))) if edition else []
    known = set(
        Run.objects.filter(
            org_id=org_id, occurrence_key__in=[occurrence_key(plan_id, n.slug) for n in due]
        ).values_list("occurrence_key", flat=True)
    )
    asked = [
        _occasion(node, edition, org_id, city, plan_id, opens_on)
        for node in due
        if edition and occurrence_key(plan_id, node.slug) not in known
    ]
    runs, suppressed = begin([_not_before(o, at) for o in asked], actor, at)
    slugs = {o.bound.node_id: o.bound.node_slug for o in asked}
    return started(runs, suppressed, slugs, org_id, actor, at)


def _not_before(occasion: Occasion, at: datetime) -> Occasion:
    """A day that has gone by already asks for the work from today on."""
    return replace(occasion, at=max(occasion.at, day_start(local_day(at))))
