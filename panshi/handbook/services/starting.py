"""Verbs by which runs begin."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Count
from django.utils.translation import gettext as _

from panshi.fleet import queries as fleet
from panshi.handbook import book
from panshi.handbook.book import Book, Bound
from panshi.handbook.events import RunsStarted, StartedRun
from panshi.handbook.models import OPEN_STATES, Run
from panshi.handbook.rules import clock, conditions, flow
from panshi.handbook.rules.conditions import World
from panshi.handbook.rules.flow import Item, Progress
from panshi.handbook.rules.parameters import Settings, names_used
from panshi.handbook.rules.procedure import Consequence, Procedure
from panshi.handbook.services import engine
from panshi.handbook.services.closing import close_when_finished
from panshi.handbook.services.common import ReasonMissing
from panshi.handbook.services.gathering import Groups
from panshi.handbook.services.inserting import insert_runs
from panshi.handbook.services.occasions import Occasion, keep_held_back, open_about
from panshi.handbook.services.parameters import settings_of
from panshi.kit.clock import local_day
from panshi.kit.facts import Fact, to_plain
from panshi.kit.ids import uuid7
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor, hq_actor
from panshi.kit.verbs import verb
from panshi.org import queries as org

MANY: Final = 100
# Runs that begin alike share what stands open, and what is counted of it.
_COUNTED: Final = ("steps_due", "evidence_due", "job_required", "roles")
Openings = dict[str, tuple[Run, tuple[Item, ...]]]


class NodeNotWritten(Refusal):
    pass


def is_bound(fact: Fact) -> bool:
    """Whether any node of the edition in force may start, close or be proved by this fact."""
    editions = book.books()
    inside = (b for b in editions if b.span.everywhere(fact.at) or b.on_trial(fact.at))
    if any(book.bound_to(b.id, fact.name) for b in inside):
        return True
    return any(book.heard(b.id, fact.name) for b in editions)


def _items(
    fact: Fact, plain: Mapping[str, Any], each: str
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The occurrence keys and fields of a fact, or of each item of one of its fields."""
    if not each:
        yield str(fact.id), plain
        return
    whole = {k: v for k, v in plain.items() if k != each}
    for number, item in enumerate(plain.get(each) or []):
        yield f"{fact.id}/{number}", {**whole, **item}


def _cities(editions: Sequence[Book], actor: Actor) -> dict[int, str]:
    """The cities of the organisation's nodes, where an edition is or was on trial in some."""
    if not any(b.span.pilot_cities for b in editions):
        return {}
    return {node.id: node.city for node in org.nodes(actor=actor)}


def _occasions(facts: Sequence[Fact], settings: Settings, actor: Actor) -> Iterator[Occasion]:
    editions = book.books()
    cities = _cities(editions, actor)
    for fact in facts:
        city = getattr(fact, "city", "") or cities.get(fact.org_id, "")
        edition = next((b for b in editions if b.in_force(fact.at, city)), None)
        bounds = book.bound_to(edition.id, fact.name) if edition else ()
        if edition is None or not bounds:
            continue
        plain = to_plain(fact)
        own = settings.own(fact.org_id, fact.at)
        param = {**edition.params, **own} if own else edition.params
        for bound in bounds:
            trigger = bound.procedure.trigger
            for key, fields in _items(fact, plain, trigger.each):
                world = World(fact=fields, param=param, bare="fact")
                if trigger.where is not None and not conditions.holds(trigger.where, world):
                    continue
                subject, item = conditions.resolve(bound.procedure.subject_id, world), ""
                if trigger.gather_by:
                    item = key
                    window = fact.at if trigger.gather_per == "hour" else local_day(fact.at)
                    stamp = window.strftime(
                        "%Y-%m-%dT%H" if trigger.gather_per == "hour" else "%Y-%m-%d"
                    )
                    key = f"{fact.org_id}/{fields.get(trigger.gather_by)}/{stamp}"
                yield Occasion(
                    bound=bound,
                    edition=edition,
                    org_id=fact.org_id,
                    at=fact.at,
                    key=key,
                    item=item,
                    fact=fields,
                    fact_id=fact.id,
                    fact_name=fact.name,
                    subject_id=str(subject or ""),
                )


@lru_cache(maxsize=4096)
def _moments(
    revision_id: UUID, edition_id: UUID, at: datetime
) -> tuple[datetime, datetime, datetime | None]:
    """By when what begins at a moment is to be taken and done, and when its first rung is climbed.

    Facts of one run of bills share their moment, so it is reckoned once for all of them.
    """
    procedure, calendar = book.revision_procedure(revision_id), book.book_of(edition_id).calendar
    working = procedure.working
    due = clock.due_at(at, procedure.within, working=working, calendar=calendar)
    take_by = clock.due_at(at, procedure.take, working=working, calendar=calendar)
    if not procedure.escalate:
        return take_by, due, None
    first = clock.rung_moment(
        procedure.escalate[0],
        start=at,
        due=due,
        allowed=procedure.within,
        working=working,
        calendar=calendar,
    )
    return take_by, due, first


@lru_cache(maxsize=4096)
def _looked_at(revision_id: UUID) -> tuple[str, ...]:
    """The references on which it depends what stands open when a run of this text begins."""
    steps = book.revision_procedure(revision_id).steps
    asked = [part for s in steps for part in (s.when, s.repeat_for, s.times)]
    return tuple(dict.fromkeys(conditions.references(asked)))


def _opening(run: Run, procedure: Procedure, world: World, known: Openings) -> Progress:
    """Count what stands open as a run begins in this world; thousands that begin alike are one."""
    seen = [conditions.look_up(reference, world) for reference in _looked_at(run.revision_id)]
    key = f"{run.revision_id}{seen!r}"
    if key not in known:
        found = flow.progress(procedure, {}, world)
        run.steps_due = len(found.owed)
        run.evidence_due = sum(i.step.evidence is not None for i in found.owed)
        run.job_required = len(engine.steps_for_job(run, found))
        run.roles = sorted({engine.post_of(run, i) for i in found.ready}) or [run.owner_role]
        known[key] = run, found.items
    first, items = known[key]
    for name in _COUNTED:
        setattr(run, name, getattr(first, name))
    return Progress(items, world)


def _run_of(occasion: Occasion, city: str, own: Mapping[str, int | float], known: Openings) -> Run:
    procedure, edition = occasion.bound.procedure, occasion.edition
    used = {name: own[name] for name in names_used(procedure) if name in own} if own else {}
    take_by, due, first_rung = _moments(occasion.bound.revision_id, edition.id, occasion.at)
    run = Run(
        id=uuid7(),
        org_id=occasion.org_id,
        node_id=occasion.bound.node_id,
        revision_id=occasion.bound.revision_id,
        edition_id=edition.id,
        city=str(occasion.fact.get("city") or city),
        subject_type=procedure.subject_type,
        subject_id=occasion.subject_id,
        fact=dict(occasion.fact),
        fact_id=occasion.fact_id,
        fact_name=occasion.fact_name,
        occurrence_key=occasion.key,
        params=used,
        by_hand=occasion.by_hand,
        reason=occasion.reason,
        parent=occasion.parent,
        owner_role=procedure.owner_role,
        beside_job=procedure.beside_job,
        started_at=occasion.at,
        take_by=take_by,
        due_at=due,
        next_rung_at=first_rung,
    )
    param = {**edition.params, **used} if used else edition.params
    world = World(fact=run.fact, param=param, now=occasion.at.isoformat())
    run.listens = flow.listening_keys(procedure, _opening(run, procedure, world, known))
    run.work_order_id = engine.work_order_of(world)
    return run


def _pick_owners(runs: list[Run], bounds: Mapping[UUID, Bound]) -> None:
    """Give runs to the holder of the post with the fewest open runs, where the node says so."""
    wanted = [r for r in runs if bounds[r.node_id].procedure.pick == "least_loaded"]
    orgs = tuple({r.org_id for r in wanted})
    if not orgs:
        return
    staff = org.holders(org_ids=orgs, actor=hq_actor())
    load = dict.fromkeys((user_id for _org, user_id, _roles in staff), 0)
    owned = Run.objects.filter(org_id__in=orgs, state__in=OPEN_STATES, owner_id__in=load)
    for owner_id, count in owned.values_list("owner_id").annotate(n=Count("id")).order_by():
        load[owner_id] = count
    posts: dict[tuple[int, UUID, str], list[UUID]] = {}
    for run in wanted:
        key = (run.org_id, run.edition_id, run.owner_role)
        if key not in posts:
            held_by = book.book_of(run.edition_id).posts[run.owner_role].holders
            posts[key] = sorted(
                (user for at, user, roles in staff if at == run.org_id and held_by & roles),
                key=str,
            )
        if posts[key]:
            run.owner_id = min(posts[key], key=lambda user: load[user])
            load[run.owner_id] += 1


def _vehicle_of(occasion: Occasion) -> str:
    """The vehicle that an occasion is about, by its id in text; empty when there is none."""
    given = occasion.fact.get("vehicle_id")
    if not given and occasion.bound.procedure.subject_type == "fleet.vehicle":
        given = occasion.subject_id
    return str(given or "")


def _models(occasions: list[Occasion]) -> dict[str, str]:
    """The model codes of the vehicles that these occasions are about, by vehicle."""
    wanted = {_vehicle_of(o) for o in occasions} - {""}
    refs = fleet.vehicle_refs(vehicle_ids=tuple(map(UUID, wanted)), actor=hq_actor())
    return {str(vehicle_id): ref.model_code for vehicle_id, ref in refs.items()}


def with_runs(occasions: Collection[Occasion]) -> set[tuple[UUID, str]]:
    """Node and key of those occasions that have their run, in one question for all of them."""
    nodes, keys = {o.bound.node_id for o in occasions}, {o.key for o in occasions}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT node_id, occurrence_key FROM handbook_run"
            " WHERE node_id = ANY(%s) AND occurrence_key = ANY(%s)",
            [list(nodes), list(keys)],
        )
        return set(cursor.fetchall())


def _known(occasions: list[Occasion]) -> set[tuple[UUID, str]]:
    """Those that have their run, when there are many; those that gather facts are not asked."""
    asked = [o for o in occasions if not o.bound.procedure.trigger.gather_by]
    # Of few the database leaves out what it knows.
    return with_runs(asked) if len(asked) >= MANY else set()


def begin(
    occasions: list[Occasion], actor: Actor, at: datetime, settings: Settings | None = None
) -> tuple[list[Run], int]:
    """Insert the runs that are new, in a few statements; answers them and the number held back."""
    cities = {n.id: n.city for n in org.nodes(actor=actor)}
    settings = settings or settings_of({o.org_id for o in occasions})
    models = _models(occasions) if settings.by_model else {}
    known = _known(occasions)
    held, before = open_about(occasions)
    held_back: list[tuple[Occasion, UUID]] = []
    groups = Groups()
    runs: dict[tuple[UUID, str], Run] = {}
    openings: Openings = {}
    bounds: dict[UUID, Bound] = {}
    for occasion in occasions:
        node_id, once = occasion.bound.node_id, occasion.bound.procedure.unless_open
        about, place = (node_id, occasion.subject_id), (node_id, occasion.key)
        if place in before:
            continue
        if once and about in held:
            held_back.append((occasion, held[about]))
            continue
        if occasion.item and groups.join(*place, occasion.item, occasion.fact):
            continue
        if place in runs or place in known:
            continue
        bounds[node_id] = occasion.bound
        run = runs[place] = _run_of(
            occasion,
            cities.get(occasion.org_id, ""),
            settings.own(occasion.org_id, occasion.at, models.get(_vehicle_of(occasion), "")),
            openings,
        )
        if once and occasion.subject_id:
            held[about] = run.id
        if occasion.item:
            groups.begin(run, occasion.item)
    groups.write()
    fresh = list(runs.values())
    _pick_owners(fresh, bounds)
    kept = insert_runs(fresh)
    keep_held_back(held_back, {r.id for r in fresh} - kept)
    made = [r for r in fresh if r.id in kept]
    for run in made:
        if run.work_order_id is not None:
            engine.report_checklist(run, actor, at)
        if any(s.auto for s in bounds[run.node_id].procedure.steps):
            close_when_finished(run, engine.settle(run, actor, at), actor, at)
    return made, len(held_back)


def started(
    runs: list[Run],
    suppressed: int,
    slugs: Mapping[UUID, str],
    org_id: int,
    actor: Actor,
    at: datetime,
) -> RunsStarted:
    return RunsStarted(
        org_id=org_id,
        actor_id=actor.id,
        at=at,
        runs=tuple(
            StartedRun(
                run_id=r.id,
                node_slug=slugs[r.node_id],
                subject_type=r.subject_type,
                subject_id=r.subject_id,
                city=r.city,
                owner_role=r.owner_role,
                owner_id=r.owner_id,
                due_at=r.due_at,
            )
            for r in runs
        ),
        suppressed=suppressed,
    )


@verb
def start_runs(*, facts: Sequence[Fact], actor: Actor, at: datetime) -> RunsStarted:
    """Start every node that these facts call for, each occurrence exactly once, however often told.

    The edition in force at a fact's own moment in its city is followed; due moments count from
    there.
    """
    org_id = facts[0].org_id if facts else actor.org_id
    actor.must("handbook.start_runs", org_id)
    settings = settings_of({fact.org_id for fact in facts})
    occasions = list(_occasions(facts, settings, actor))
    runs, suppressed = begin(occasions, actor, at, settings)
    slugs = {o.bound.node_id: o.bound.node_slug for o in occasions}
    return started(runs, suppressed, slugs, org_id, actor, at)


@verb
def start_run_by_hand(
    *,
    node_slug: str,
    org_id: int,
    subject_id: str,
    reason: str,
    actor: Actor,
    at: datetime,
    parent_id: UUID | None = None,
) -> RunsStarted:
    """Start a node without its fact, for a reason; counted apart, never as expected.

    Raises NodeNotWritten, ReasonMissing.
    """
    actor.must("handbook.start_run_by_hand", org_id)
    if not reason.strip():
        raise ReasonMissing(_("Say why this is started by hand."))
    edition = book.book_for(org_id, actor, at)
    bound = book.bound_node(edition.id, node_slug) if edition else None
    if edition is None or bound is None:
        raise NodeNotWritten(_("This node has no procedure yet."))
    parent = Run.objects.get(id=parent_id) if parent_id else None
    field = bound.procedure.subject_id.removeprefix("$fact.")
    occasion = Occasion(
        bound=bound,
        edition=edition,
        org_id=org_id,
        at=at,
        key=f"hand/{uuid7()}",
        fact={"org_id": org_id, **(parent.fact if parent else {}), field: subject_id},
        subject_id=subject_id,
        by_hand=True,
        reason=reason,
        parent=parent,
    )
    runs, suppressed = begin([occasion], actor, at)
    slugs = {bound.node_id: bound.node_slug}
    return started(runs, suppressed, slugs, org_id, actor, at)


def _handed_down(
    parent: Run, bound: Bound, consequence: Consequence, world: World
) -> tuple[dict[str, Any], str]:
    """What a child knows as its fact, and its subject.

    It knows its parent's fact, the ids that verbs of the parent's steps answered, and what the
    consequence gives it. Its subject is what its procedure finds there; else the parent's, when
    both are about the same kind of thing; else nothing is known of it.
    """
    answered = {
        name: value
        for result in world.results.values()
        for name, value in result.items()
        if name.endswith("_id")
    }
    given = conditions.resolve(dict(consequence.with_), world)
    fact = {**answered, **parent.fact, **(given if isinstance(given, dict) else {})}
    procedure = bound.procedure
    subject = conditions.resolve(procedure.subject_id, World(fact=fact))
    if procedure.subject_type == parent.subject_type:
        subject = subject or parent.subject_id
        fact.setdefault(procedure.subject_id.removeprefix("$fact."), subject)
    return fact, str(subject or "")


def start_child(
    parent: Run, item: Item, consequence: Consequence, world: World, actor: Actor, at: datetime
) -> None:
    """Start another node from a stopped step, once for each of its turns in a round."""
    edition = book.book_of(parent.edition_id)
    bound = book.bound_node(edition.id, consequence.start)
    if bound is None:
        raise NodeNotWritten(_("The node %s has no procedure yet.") % consequence.start)
    fact, subject_id = _handed_down(parent, bound, consequence, world)
    turn = f"/{item.iteration}" if item.iteration else ""
    occasion = Occasion(
        bound=bound,
        edition=edition,
        org_id=parent.org_id,
        at=at,
        key=f"run/{parent.id}/{item.step.id}/{parent.round}{turn}",
        fact=fact,
        fact_id=parent.fact_id,
        fact_name=parent.fact_name,
        subject_id=subject_id,
        parent=parent,
    )
    begin([occasion], actor, at)
