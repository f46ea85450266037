"""Questions about playbooks: what a plan has begun, what is over, how the city follows the book."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Sum

from panshi.handbook import book, wording
from panshi.handbook.models import AdherenceDay, Run, RunState
from panshi.handbook.rules.measure import Tally
from panshi.handbook.rules.playbooks import Wanted, occurrence_key
from panshi.kit.clock import local_day
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question

PLAYBOOK = "city-launch"


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchNode:
    """A node of a playbook in one plan: when it begins, and how its run stands once it has."""

    slug: str
    code: str
    title: str
    owner: str
    begins: date
    run_id: UUID | None
    state: RunState | None
    done: int
    required: int
    late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchPhase:
    phase: str
    title: str
    nodes: tuple[LaunchNode, ...]
    closed: tuple[tuple[str, bool], ...]
    measures: tuple[Wanted, ...]


@question
def launch_phases(
    *, plan_id: UUID, opens_on: date, actor: Actor, at: datetime
) -> list[LaunchPhase]:
    """The phases of the launch playbook in force, with the runs that this plan has begun."""
    edition = book.book_at(at)
    plan = edition.playbook(PLAYBOOK) if edition else None
    if edition is None or plan is None:
        return []
    names = {n.slug: (n.code, wording.spoken(n.zh, n.en)) for n in edition.outline.nodes}
    keys = [occurrence_key(plan_id, n.slug) for phase in plan.phases for n in phase.nodes]
    runs = {
        run.occurrence_key: run
        for run in Run.objects.visible_to(actor).filter(occurrence_key__in=keys)
    }

    def node(slug: str, owner: str, begins: date) -> LaunchNode:
        run = runs.get(occurrence_key(plan_id, slug))
        post = edition.posts.get(owner)
        return LaunchNode(
            slug=slug,
            code=names[slug][0],
            title=names[slug][1],
            owner=wording.spoken(post.zh, post.en) if post else owner,
            begins=begins,
            run_id=run.id if run else None,
            state=RunState(run.state) if run else None,
            done=run.steps_done if run else 0,
            required=run.steps_due if run else 0,
            late=run is not None and (run.closed_at or at) > run.due_at,
        )

    def is_closed(slug: str) -> bool:
        run = runs.get(occurrence_key(plan_id, slug))
        return run is not None and run.state == RunState.CLOSED

    return [
        LaunchPhase(
            phase=phase.phase,
            title=wording.spoken(phase.zh, phase.en),
            nodes=tuple(node(n.slug, n.owner, n.begins(opens_on)) for n in phase.nodes),
            closed=tuple((names[slug][1], is_closed(slug)) for slug in phase.closed),
            measures=phase.measures,
        )
        for phase in plan.phases
    ]


@question
def adherence(
    *, actor: Actor, at: datetime, city: str = "", node: str = "", days: int = 28
) -> Tally:
    """The counts of the runs that fell due in the last days: of a city and a node, or of all."""
    rows = AdherenceDay.objects.visible_to(actor).filter(
        day__gt=local_day(at) - timedelta(days=days)
    )
    given = {"city": city, "node__slug": node}
    rows = rows.filter(**{name: value for name, value in given.items() if value})
    counts = rows.aggregate(**{f"sum_{name}": Sum(name) for name in Tally.__dataclass_fields__})
    return Tally(*(count or 0 for count in counts.values()))
