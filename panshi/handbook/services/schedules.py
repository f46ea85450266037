"""The verb of the calendar: what a period asks for begins with the period."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta

from panshi.handbook import book
from panshi.handbook.book import Book, Bound
from panshi.handbook.events import RunsStarted
from panshi.handbook.rules import conditions, periods
from panshi.handbook.rules.conditions import World
from panshi.handbook.rules.periods import Period, Rhythm
from panshi.handbook.services.occasions import Occasion
from panshi.handbook.services.starting import begin, started, with_runs
from panshi.handbook.workdays import holidays_between
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.org import queries as org
from panshi.org.queries import NodeRow

SCHEDULE = "schedule."


def _hours(given: object) -> tuple[time, ...]:
    """Hours as an edition writes them: “00:00 08:00 16:00”."""
    hours = given.split() if isinstance(given, str) else []
    return tuple(time.fromisoformat(h) for h in hours) or periods.SHIFTS


def _rhythm(bound: Bound, edition: Book) -> Rhythm:
    trigger = bound.procedure.trigger
    closes = edition.calendar.opening.closes
    default = closes if trigger.every == "nightly" else periods.MIDNIGHT
    return Rhythm(
        every=trigger.every,
        at=trigger.at or default,
        before=trigger.before.wall if trigger.before else timedelta(),
        shifts=_hours(edition.params.get("shift_starts")),
        holidays=holidays_between,
    )


def _occasion(bound: Bound, edition: Book, period: Period, node: NodeRow) -> Occasion:
    every = bound.procedure.trigger.every
    fact = {"node_id": str(node.id), "city": node.city, "period": period.key}
    subject = conditions.resolve(bound.procedure.subject_id, World(fact=fact))
    return Occasion(
        bound=bound,
        edition=edition,
        org_id=node.id,
        at=period.begins,
        key=f"{every}/{period.key}/{node.id}/{node.city}",
        fact=fact,
        fact_name=f"{SCHEDULE}{every}",
        subject_id=str(subject or ""),
    )


def _called_for(actor: Actor, at: datetime) -> Iterator[Occasion]:
    """What the periods begun lately ask of each operator, by the edition in force then and there.

    A period that began before the operator was there, or before the edition could be read, asks
    for nothing.
    """
    operators = org.operators(actor=actor)
    editions = book.books()
    for edition in editions:
        until = min(at, edition.span.effective_until or at)
        for bound in book.scheduled(edition.id):
            rhythm = _rhythm(bound, edition)
            since = max(edition.schedules_from, periods.looked_back(rhythm.every, at))
            for period in periods.begun(rhythm, since - timedelta(microseconds=1), until):
                for node in operators:
                    held = (b for b in editions if b.in_force(period.begins, node.city))
                    if next(held, None) is not edition:
                        continue
                    if node.opened_at is None or node.opened_at <= period.begins:
                        yield _occasion(bound, edition, period, node)


def _missing(actor: Actor, at: datetime) -> list[Occasion]:
    """Occasions of which no run is kept yet."""
    asked = list(_called_for(actor, at))
    known = with_runs(asked)
    return [o for o in asked if (o.bound.node_id, o.key) not in known]


def any_period_begun(*, actor: Actor, at: datetime) -> bool:
    """Whether a period has begun whose runs are not there yet. Asked as headquarters."""
    return bool(_missing(actor, at))


@verb
def start_scheduled(*, actor: Actor, at: datetime) -> RunsStarted:
    """Start what the calendar calls for, one run for each node, period and operator's city.

    Running it again starts nothing; after an outage the runs of the periods missed begin late,
    due when they always were.
    """
    actor.must("handbook.start_runs", actor.org_id)
    missing = _missing(actor, at)
    runs, suppressed = begin(missing, actor, at)
    slugs = {o.bound.node_id: o.bound.node_slug for o in missing}
    return started(runs, suppressed, slugs, actor.org_id, actor, at)
