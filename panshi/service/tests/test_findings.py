"""From a finding to a released job: two people, reasons, outcome."""

from datetime import timedelta
from uuid import UUID

import pytest

from panshi.diagnosis.models import Finding, Outcome
from panshi.fleet.tests import make as fleet_make
from panshi.people.tests import make as people_make
from panshi.service import queries, services
from panshi.service.models import OrderState, PlanEvent, Visit, VisitState, WorkOrder
from panshi.service.services import Reading
from panshi.service.tests import make
from panshi.service.tests.make import NOON, City


def finding(where: City, *, vehicle_id: UUID | None = None, placed: bool = True) -> Finding:
    """An insulation finding on a vehicle that stands in town."""
    if vehicle_id is None:
        vehicle_id = make.customer_vehicle(where)[1]
    place = {"lon": make.PLACE[0], "lat": make.PLACE[1]} if placed else {}
    return Finding.objects.create(
        org=where.org, vehicle_id=vehicle_id, rule="INSULATION_LOW", group="insulation",
        severity=3, sent_level=3, first_at=NOON, raised_at=NOON, last_at=NOON, evidence=place,
    )  # fmt: skip


def test_places_a_grave_finding_with_two_people_and_keeps_why() -> None:
    where = make.city(engineers=2)
    tyres = people_make.engineer(org=where.org, name="韩志远", skills=("TYRE",), certificates=())

    found = finding(where)
    fact = services.open_order_for_finding(finding_id=found.id, actor=where.boss, at=NOON)

    visit = Visit.objects.get(id=fact.visit_id)
    assert (fact.kind, visit.state, visit.crew) == ("URGENT", VisitState.PROMISED, 2)
    assert fact.starts_at is not None
    assert fact.starts_at >= NOON + timedelta(minutes=30)
    assert set(visit.crew_members.values_list("engineer_id", flat=True)) == set(where.engineers)
    why = queries.why_engineer(visit_id=visit.id, actor=where.boss)
    assert why is not None
    assert {row.engineer_id for row in why.rows} == {*where.engineers, tyres}
    assert [row.rule for row in why.rows if row.engineer_id == tyres] == ["skill"]
    assert sum(row.chosen for row in why.rows) == 2
    with pytest.raises(services.OrderAlreadyOpen):
        services.open_order_for_finding(finding_id=found.id, actor=where.boss, at=NOON)


def test_leaves_the_visit_to_the_dispatcher_when_nobody_can_go() -> None:
    where = make.city(engineers=1)

    fact = services.open_order_for_finding(finding_id=finding(where).id, actor=where.boss, at=NOON)

    assert fact.engineer_id is None
    assert PlanEvent.objects.get(visit_id=fact.visit_id).kind == "UNPLACED"
    board = queries.board_day(city="杭州", day=people_make.TODAY, actor=where.boss, at=NOON)
    assert [visit.id for visit in board.unplaced] == [fact.visit_id]


def test_an_unknown_place_is_said_and_not_guessed() -> None:
    where = make.city()

    fact = services.open_order_for_finding(
        finding_id=finding(where, placed=False).id, actor=where.boss, at=NOON
    )

    why = queries.why_engineer(visit_id=fact.visit_id, actor=where.boss)
    assert fact.engineer_id is None
    assert why is not None
    assert "place" in why.sentence or "位置" in why.sentence


def test_high_voltage_is_released_by_a_second_person_and_the_rule_learns() -> None:
    where = make.city(engineers=2)
    vehicle = fleet_make.vehicle(org=where.org, papers=False)
    found = finding(where, vehicle_id=vehicle.id)
    fact = services.open_order_for_finding(finding_id=found.id, actor=where.boss, at=NOON)
    visit = Visit.objects.get(id=fact.visit_id)
    assert visit.engineer_id is not None
    assert visit.starts_at is not None
    at, order_id = visit.starts_at, fact.work_order_id
    lead = make.engineer_actor(where, visit.engineer_id)
    (other,) = (e for e in where.engineers if e != visit.engineer_id)
    helper = make.engineer_actor(where, other)

    services.accept_visit(visit_id=visit.id, actor=lead, at=at)
    services.start_travel(visit_id=visit.id, actor=lead, at=at)
    services.arrive(visit_id=visit.id, lon=make.PLACE[0], lat=make.PLACE[1], actor=lead, at=at)
    services.record_diagnosis(
        work_order_id=order_id, outcome="OTHER_CAUSE", cause="插头进水", actor=lead, at=at
    )
    # The vehicle has no customer: nobody signs, nothing is due.
    done = at + timedelta(hours=2)
    services.complete_visit(visit_id=visit.id, actor=lead, at=done)
    services.self_check(
        work_order_id=order_id, readings=[Reading(code="INSULATION", value=2100)],
        actor=lead, at=done,
    )  # fmt: skip
    with pytest.raises(services.SecondPersonRequired):
        services.release_work_order(work_order_id=order_id, actor=lead, at=done)
    released = services.release_work_order(work_order_id=order_id, actor=helper, at=done)

    assert released.bill_id is None
    order = WorkOrder.objects.get(id=order_id)
    assert (order.state, order.released_by_id) == (OrderState.CLOSED, other)
    outcome = Outcome.objects.get(finding=found)
    assert (outcome.outcome, outcome.cause) == ("OTHER_CAUSE", "插头进水")
