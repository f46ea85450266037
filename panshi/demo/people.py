"""What the people of the demo company do by themselves, one small act after another."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Final
from uuid import UUID

from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from panshi.billing import queries as billing_queries
from panshi.billing import services as billing
from panshi.demo import craft, procedures, world
from panshi.demo.jobs import ORDERS, ROADS
from panshi.demo.staff import Staff, staff_of
from panshi.fleet import queries as fleet
from panshi.handbook import queries as handbook_queries
from panshi.kit.clock import local_day
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import hq_actor, system_actor
from panshi.leasing import services as leasing
from panshi.org import queries as org
from panshi.service import queries as service_queries
from panshi.service import services as service

_log = logging.getLogger(__name__)
PAUSE_S: Final = (20.0, 40.0)
LEFT_ALONE: Final = timedelta(minutes=30)  # What visitors may have in hand is theirs so long.
REVIEW_WITHIN: Final = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Scene:
    """An operator at a moment; only things that rested for `calm` are touched."""

    staff: Staff
    city: world.City
    calm: timedelta
    random: Random
    at: datetime

    @property
    def org_id(self) -> int:
        return self.staff.org_id

    def rested(self, since: datetime) -> bool:
        return since <= self.at - self.calm


Act = Callable[[Scene], str | None]


def act_on(*, leaving: threading.Event, first_org_id: int | None, random: Random) -> None:
    """Do one act every half minute or so until `leaving`; a fault ends only the act."""
    while not leaving.wait(random.uniform(*PAUSE_S)):
        close_old_connections()
        try:
            act_once(first_org_id=first_org_id, random=random, at=timezone.now())
        except DatabaseError as error:
            _log.warning("the database did not answer: %s", error)
        except Exception:
            # The company lives on; the fault stands in the log with its trace.
            _log.exception("an act failed")


def act_once(*, first_org_id: int | None, random: Random, at: datetime) -> str | None:
    """Try operators and acts in random order until somebody has done something; says what."""
    cities = {plan.city.name: plan.city for _n, _c, plans in world.REGIONS for plan in plans}
    operators = [o for o in org.operators(actor=hq_actor()) if o.city in cities]
    random.shuffle(operators)
    for operator in operators:
        calm = LEFT_ALONE if operator.id == first_org_id else timedelta()
        scene = Scene(staff_of(operator.id), cities[operator.city], calm, random, at)
        acts = list(ACTS)
        while acts:
            act = random.choices(list(acts), [ACTS[a] for a in acts])[0]
            acts.remove(act)
            done = attempt(act, scene)
            if done is not None:
                return done
    return None


def attempt(act: Act, scene: Scene) -> str | None:
    """One act; a refusal is logged and counts as nothing done."""
    name = act.__name__
    try:
        done = act(scene)
    except (Refusal, LookupError) as error:
        _log.info("%s at %s: %s", name, scene.city.name, error)
        return None
    if done is not None:
        _log.info("%s: %s", scene.city.name, done)
    return done


def serve(scene: Scene) -> str | None:
    """An engineer does the next thing on a visit of yesterday, today or tomorrow."""
    today = local_day(scene.at)
    engineers = list(scene.staff.engineers())
    scene.random.shuffle(engineers)
    for engineer in engineers:
        for day in (today + timedelta(days=n) for n in (-1, 0, 1)):
            visits = service_queries.engineer_day(
                user_id=engineer.id, day=day, actor=system_actor(scene.org_id)
            )
            for visit in visits:
                if visit.leads and (said := _go_on(scene, visit.work_order_id)):
                    return said
    return None


def _go_on(scene: Scene, work_order_id: UUID) -> str | None:
    job = craft.job_of(work_order_id, scene.staff, scene.random)
    if not scene.rested(max(happening.at for happening in job.card.timeline)):
        return None
    act = craft.next_act(job, scene.at)
    if act is None:
        return None
    act(job, scene.at)
    return f"{act.__name__} {job.card.number}"


def follow_handbook(scene: Scene) -> str | None:
    """Somebody takes a run of theirs and does its next step."""
    people = list(scene.staff.everybody)
    scene.random.shuffle(people)
    for person in people:
        inbox = handbook_queries.inbox(actor=person, at=scene.at)
        rows = [*inbox.untaken, *inbox.overdue, *inbox.today, *inbox.routine, *inbox.later]
        scene.random.shuffle(rows)
        for row in rows[:5]:
            card = handbook_queries.run_card(run_id=row.id, actor=person, at=scene.at)
            if not scene.rested(card.happenings[0].at) or row.state not in ("WAITING", "TAKEN"):
                continue
            for step in procedures.ready_steps(card):
                doer = procedures.doer_of(step, card, scene.staff)
                if doer.id == person.id and _may_do_now(card.work_order_id, step.role, scene):
                    done = procedures.do_step(card, step, person, scene.random, scene.at)
                    return f"{row.code} {step.step_id}" if done else None
    return None


def _may_do_now(work_order_id: UUID | None, role: str, scene: Scene) -> bool:
    """An engineer's step is done at the vehicle, after the engineer has said what was found."""
    if role != "engineer" or work_order_id is None:
        return True
    card = service_queries.work_order_card(
        work_order_id=work_order_id, actor=system_actor(scene.org_id)
    )
    return card.visits[-1].state == "ON_SITE"


def book(scene: Scene) -> str | None:
    """A customer asks for offers and takes one of the first."""
    rows = fleet.vehicle_list(
        actor=system_actor(scene.org_id), state="LEASED", use="LEASE", limit=200
    ).rows
    able = [v for v in rows if v.customer_id and v.customer_id not in scene.staff.guests]
    if not able or scene.calm:
        return None
    vehicle = scene.random.choice(able)
    if vehicle.customer_id is None:
        return None
    customer = scene.staff.customer(vehicle.customer_id)
    codes = scene.random.choices([c for c, _ in ORDERS], [share for _, share in ORDERS])[0]
    lon, lat = world.near(scene.random, scene.city, km=9)
    found = service_queries.slot_offers(
        vehicle_id=vehicle.id,
        item_codes=codes,
        lon=lon,
        lat=lat,
        days=4,
        actor=customer,
        at=scene.at,
    )
    if not found.offers:
        return None
    offer = scene.random.choice(found.offers[:6])
    service.confirm_booking(
        vehicle_id=vehicle.id,
        customer_id=vehicle.customer_id,
        item_codes=codes,
        address=f"{scene.city.name}{scene.random.choice(ROADS)}",
        lon=lon,
        lat=lat,
        starts_at=offer.window_start,
        expected_total=offer.total,
        actor=customer,
        at=scene.at,
    )
    return f"booked {'+'.join(codes)} for {vehicle.plate}"


def pay(scene: Scene) -> str | None:
    """A customer pays what has been open longest."""
    if scene.calm:
        return None
    owed = [
        bill
        for bill in billing_queries.open_bills(actor=system_actor(scene.org_id), limit=200)
        if bill.customer_id not in scene.staff.guests and bill.open_amount > 0
    ]
    if not owed:
        return None
    bill = scene.random.choice(sorted(owed, key=lambda b: b.due_on)[:10])
    craft.pay([bill.id], scene.staff.customer(bill.customer_id), scene.at)
    return f"paid {bill.number}"


def review(scene: Scene) -> str | None:
    """A customer says how a job of these days was."""
    rows = service_queries.work_orders(actor=system_actor(scene.org_id), size=40).rows
    ended = [row for row in rows if row.state in ("BILLED", "CLOSED")]
    scene.random.shuffle(ended)
    for row in ended[:4]:
        job = craft.job_of(row.id, scene.staff, scene.random)
        last = max(happening.at for happening in job.card.timeline)
        customer = job.card.customer_id
        if job.card.review is not None or not customer or customer in scene.staff.guests:
            continue
        if scene.rested(last) and last > scene.at - REVIEW_WITHIN:
            stars = craft.stars(scene.random)
            craft.review(job, scene.at, stars=stars)
            return f"{stars} stars for {row.number}"
    return None


def issue_bills(scene: Scene) -> str | None:
    """Finance issues the drafts that have waited long enough."""
    finance = scene.staff.one("FINANCE")
    if scene.calm or not billing_queries.drafts_waiting(actor=finance):
        return None
    billing.issue_bills(actor=finance, at=scene.at)
    return "issued bills"


def draft_lease(scene: Scene) -> str | None:
    """Sales writes down the terms of a lease for a vehicle that stands ready."""
    sales = scene.staff.one("SALES")
    ready = fleet.available_vehicles(city=scene.city.name, model_code="", actor=sales)
    rows = fleet.vehicle_list(actor=sales, state="LEASED", use="LEASE", limit=100).rows
    customers = [v.customer_id for v in rows if v.customer_id]
    models = {model.code: model for model in world.MODELS}
    ready = [v for v in ready if v.model_code in models]
    if len(ready) < 4 or not customers or scene.calm:
        return None
    vehicle = scene.random.choice(ready)
    rent = world.rent_of(models[vehicle.model_code], scene.random)
    leasing.draft_lease(
        customer_id=scene.random.choice(customers),
        vehicle_id=vehicle.id,
        product_code="RENT_MONTHLY",
        monthly_rent=rent,
        deposit=rent * Decimal(2),
        starts_on=local_day(scene.at) + timedelta(days=scene.random.randrange(2, 9)),
        months=scene.random.choice((6, 12, 12, 24)),
        actor=sales,
        at=scene.at,
    )
    return f"drafted a lease of {vehicle.plate}"


# How often each act is tried first.
ACTS: Final[dict[Act, float]] = {
    serve: 8.0,
    follow_handbook: 8.0,
    book: 2.0,
    pay: 2.0,
    review: 1.5,
    issue_bills: 0.5,
    draft_lease: 0.15,
}
