"""Each act of the demo's people, once, on a small company."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from django.db import transaction
from pytest_django import DjangoDbBlocker

from panshi.billing import queries as billing
from panshi.demo import craft, jobs, people, world
from panshi.demo.founding import Company
from panshi.demo.people import Scene
from panshi.demo.staff import staff_of
from panshi.demo.tests import make
from panshi.handbook import queries as handbook
from panshi.handbook.tests import make as handbook_make
from panshi.kit import relay
from panshi.kit.tenancy import acting, hq_actor
from panshi.leasing import queries as leasing
from panshi.service import queries as service


@pytest.fixture(scope="module")
def company(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Company]:
    """One company under all tests; what each of them does to it ends with the test."""
    with django_db_blocker.unblock(), transaction.atomic():
        with acting(hq_actor()):
            made = make.company(vehicles=14)
            jobs.import_handbook(made, make.NOON, content=handbook_make.played())
        yield made
        transaction.set_rollback(True)


def _scene(company: Company, *, calm: timedelta = timedelta()) -> Scene:
    return Scene(staff_of(company.operators[0].org_id), world.HANGZHOU, calm, Random(3), make.NOON)


def _until_released(scene: Scene) -> list[str]:
    """Let hours pass, an act each quarter of an hour, until a vehicle is handed back."""
    said = []
    for minutes in range(0, 3 * 24 * 60, 15):
        now = replace(scene, at=scene.at + timedelta(minutes=minutes))
        done = people.serve(now)
        if done:
            said.append(done.split()[0])
        if "release" in said:
            break
    return said


def test_a_customer_books_and_engineers_carry_it_through_to_the_review(company: Company) -> None:
    scene = _scene(company)
    actor = company.operators[0].actor

    assert str(people.book(scene)).startswith("booked ")
    (row,) = service.work_orders(actor=actor).rows
    said = _until_released(scene)

    assert said[:4] == ["accept", "travel", "arrive", "diagnose"]
    assert said[-3:] == ["complete", "check", "release"]
    card = service.work_order_card(work_order_id=row.id, actor=actor)
    assert card.state == "BILLED"
    assert card.bill_id is not None
    assert card.customer_id is not None
    released = max(h.at for h in card.timeline)
    craft.pay([card.bill_id], scene.staff.customer(card.customer_id), released)
    relay.drain()
    assert service.work_order_card(work_order_id=row.id, actor=actor).state == "CLOSED"
    assert "stars" in str(people.review(replace(scene, at=released + timedelta(hours=1))))


def test_staff_follow_the_run_of_a_booking_to_its_end(company: Company) -> None:
    scene = _scene(company)
    people.book(scene)
    relay.drain()
    said = []
    for minutes in range(12):
        now = replace(scene, at=scene.at + timedelta(minutes=minutes))
        said.append(people.follow_handbook(now))
    assert any(str(words).startswith("CS-C-10") for words in said)
    inbox = handbook.inbox(actor=scene.staff.one("DISPATCHER"), at=scene.at)
    waiting = (*inbox.untaken, *inbox.overdue, *inbox.today, *inbox.later)
    assert [run.code for run in waiting if run.code == "CS-C-10"] == []


def test_a_customer_pays_the_oldest_bill_but_never_for_a_visitor(company: Company) -> None:
    scene = _scene(company)
    people.book(scene)
    actor = company.operators[0].actor
    _until_released(scene)
    (bill,) = billing.open_bills(actor=actor)
    visited = replace(scene.staff, guests=frozenset({bill.customer_id}))

    assert people.pay(replace(scene, staff=visited)) is None
    assert people.pay(scene) == f"paid {bill.number}"
    assert billing.open_bills(actor=actor) == []


def test_what_is_fresh_at_the_visitors_operator_is_left_alone(company: Company) -> None:
    fresh = _scene(company, calm=people.LEFT_ALONE)
    people.book(_scene(company))
    relay.drain()
    assert people.serve(fresh) is None
    assert people.follow_handbook(fresh) is None
    assert people.book(fresh) is None
    (row,) = service.work_orders(actor=company.operators[0].actor).rows
    assert row.starts_at is not None
    later = replace(fresh, at=row.starts_at)
    assert str(people.serve(later)).startswith("accept")


def test_sales_drafts_a_lease_for_a_ready_vehicle(company: Company) -> None:
    scene = _scene(company)
    before = leasing.leases(actor=scene.staff.one("SALES")).total
    assert str(people.draft_lease(scene)).startswith("drafted a lease")
    assert leasing.leases(actor=scene.staff.one("SALES")).total == before + 1


def test_finance_has_nothing_to_issue_when_no_draft_waits(company: Company) -> None:
    assert people.issue_bills(_scene(company)) is None


def test_somebody_does_something_and_a_refusal_is_no_fault(company: Company) -> None:
    assert people.act_once(first_org_id=None, random=Random(2), at=make.NOON) is not None

    def refuse(_scene: Scene) -> str | None:
        raise service.NotYourVehicle("not yours")

    assert people.attempt(refuse, _scene(company)) is None
