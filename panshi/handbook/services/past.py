"""Verbs about the time before: when a city was opened, and runs followed before one came here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.handbook import book
from panshi.handbook.book import Book, Bound
from panshi.handbook.events import LaunchNoted, RunsTakenOver
from panshi.handbook.models import CityLaunch, Run, RunState
from panshi.handbook.services.inserting import insert_runs
from panshi.handbook.services.measures import roll_up
from panshi.handbook.services.starting import NodeNotWritten
from panshi.kit.clock import local_day
from panshi.kit.ids import uuid7
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb


class CityUnnamed(Refusal):
    pass


class PastUnfit(Refusal):
    """A run that is taken over does not lie in the past, or ends before it begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRun:
    """A run as the earlier system kept it: `key` is its number there, and all of it is over."""

    node_slug: str
    key: str
    city: str
    started_at: datetime
    due_at: datetime
    closed_at: datetime
    subject_id: str = ""


@verb
def note_launch(
    *, org_id: int, city: str, launched_on: date, actor: Actor, at: datetime
) -> LaunchNoted:
    """Say on which day a city was opened, or is to be; a second note corrects the first.

    Raises CityUnnamed.
    """
    actor.must("handbook.note_launch", org_id)
    name = city.strip()
    if not name:
        raise CityUnnamed(_("Say which city."))
    CityLaunch.objects.update_or_create(
        org_id=org_id,
        city=name,
        defaults={"launched_on": launched_on, "noted_by_id": actor.id, "noted_at": at},
    )
    return LaunchNoted(org_id=org_id, actor_id=actor.id, at=at, city=name, launched_on=launched_on)


@verb
def take_over_runs(
    *, org_id: int, runs: Sequence[PastRun], actor: Actor, at: datetime
) -> RunsTakenOver:
    """Enter runs that an operator followed before it came here, so that its measures reach back.

    They count by whether they were done in time; of their steps and proofs nothing is known, so
    these are not measured. A run whose number is known is left as it is. Raises NodeNotWritten,
    PastUnfit.
    """
    actor.must("handbook.take_over_runs", org_id)
    fact_id = uuid7()
    editions = book.books()
    bounds: dict[tuple[UUID, str], Bound] = {}
    fresh = []
    for past in runs:
        if not past.started_at <= past.closed_at <= at or past.due_at < past.started_at:
            raise PastUnfit(
                _("Run %s does not lie in the past, or ends before it begins.") % past.key
            )
        edition = _edition(editions, past.started_at)
        place = (edition.id, past.node_slug)
        if place not in bounds:
            found = book.bound_node(*place)
            if found is None:
                raise NodeNotWritten(_("The node %s has no procedure yet.") % past.node_slug)
            bounds[place] = found
        fresh.append(_run(past, org_id, edition, bounds[place], fact_id))
    kept = insert_runs(fresh)
    days = [local_day(run.due_at) for run in fresh]
    if days:
        roll_up(min(days), max(days) + timedelta(days=1))
    return RunsTakenOver(
        id=fact_id,
        org_id=org_id,
        actor_id=actor.id,
        at=at,
        runs=len(kept),
        known=len(fresh) - len(kept),
        first_due=min(days, default=None),
        last_due=max(days, default=None),
    )


def _edition(editions: Sequence[Book], at: datetime) -> Book:
    """The edition in force then, or the first there was."""
    if not editions:
        raise NodeNotWritten(_("This node has no procedure yet."))
    return next((b for b in editions if b.in_force(at)), editions[-1])


def _run(past: PastRun, org_id: int, edition: Book, bound: Bound, fact_id: UUID) -> Run:
    procedure = bound.procedure
    return Run(
        id=uuid7(),
        org_id=org_id,
        node_id=bound.node_id,
        revision_id=bound.revision_id,
        edition_id=edition.id,
        city=past.city,
        subject_type=procedure.subject_type,
        subject_id=past.subject_id,
        fact_name=RunsTakenOver.name,
        occurrence_key=f"past/{org_id}/{past.key}",
        owner_role=procedure.owner_role,
        state=RunState.CLOSED,
        started_at=past.started_at,
        take_by=past.due_at,
        due_at=past.due_at,
        closed_at=past.closed_at,
        closed_by_fact_id=fact_id,
    )
