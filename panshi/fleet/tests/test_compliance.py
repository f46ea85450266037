"""What falls due: by rules that are data, told up the ladder, red once lapsed."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from panshi.fleet import queries, services
from panshi.fleet.events import (
    DocumentsLapsed,
    LadderIncidentsFound,
    MaintenanceDue,
    StatutoryInspectionDue,
)
from panshi.fleet.models import ComplianceRule, Document, DueItem, DueKind, DueNotice, Vehicle
from panshi.fleet.services import DocumentLapsed, MaintenanceDone, NewDocument
from panshi.fleet.tests import make
from panshi.fleet.tests.make import NOON
from panshi.kit import facts
from panshi.kit.facts import Fact
from panshi.kit.models import Outbox
from panshi.kit.refusals import NotPermitted
from panshi.kit.tenancy import hq_actor
from panshi.notify.models import Message
from panshi.org import services as org
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make

TODAY = NOON.date()
F = TypeVar("F", bound=Fact)


def _told(kind: type[F]) -> list[F]:
    rows = Outbox.objects.filter(name=kind.name).order_by("id")
    found = [facts.from_plain(row.name, row.payload) for row in rows]
    return [fact for fact in found if isinstance(fact, kind)]


def _person(node: OrgNode, role: str) -> None:
    org.create_user(
        org_id=node.id,
        username=f"{role.lower()}-{node.id}",
        full_name="王芳",
        roles=[role],
        password=None,
        actor=hq_actor(node.id),
        at=NOON,
    )


def _staffed() -> OrgNode:
    """An operator with clerk and lead, its region and the platform with one person each."""
    node = org_make.operator()
    _person(node, "OPERATIONS")
    _person(node, "DECISION_MAKER")
    assert node.parent is not None
    _person(node.parent, "OPERATIONS")
    _person(org_make.platform(), "DECISION_MAKER")
    return node


def _file(vehicle: Vehicle, kind: str, expires_on: date, at: datetime = NOON) -> None:
    services.file_documents(
        documents=[NewDocument(vehicle_id=vehicle.id, kind=kind, expires_on=expires_on)],
        actor=hq_actor(),
        at=at,
    )


def _compute(days: int = 0) -> int:
    at = NOON + timedelta(days=days)
    return services.compute_due_items(actor=hq_actor(), at=at).items


def _levels(item: DueItem) -> list[tuple[int, str, str]]:
    return list(
        DueNotice.objects.filter(due_item=item)
        .order_by("-rung", "channel")
        .values_list("rung", "level", "channel")
    )


def test_the_ladder_climbs_from_the_clerk_to_the_head_office() -> None:
    vehicle = make.vehicle(org=_staffed())
    _file(vehicle, "INSPECTION", TODAY + timedelta(days=60))
    for day in range(61):
        _compute(day)
    item = DueItem.objects.get(vehicle=vehicle)
    told = _levels(item)
    assert [(rung, level) for rung, level, channel in told if channel == "SMS"] == [
        (60, "CLERK"), (30, "CLERK"), (15, "LEAD"), (7, "LEAD"), (3, "REGION"), (1, "REGION"),
        (0, "HQ"),
    ]  # fmt: skip
    assert {channel for _rung, _level, channel in told} == {"IN_APP", "SMS"}
    assert Message.objects.filter(source_kind="fleet.due").count() == len(told)
    assert services.check_ladder(actor=hq_actor(), at=NOON + timedelta(days=60)).incidents == 0


def test_one_message_tells_a_person_of_all_that_a_run_found() -> None:
    node = _staffed()
    for _ in range(3):
        _file(make.vehicle(org=node), "ROAD_PERMIT", TODAY + timedelta(days=30))
    assert _compute() == 3
    assert DueNotice.objects.count() == 6
    in_app = Message.objects.get(source_kind="fleet.due", channel="IN_APP")
    assert "3" in in_app.subject


def test_too_few_notices_before_the_day_raise_an_incident_once() -> None:
    node = _staffed()
    late, told = make.vehicle(org=node), make.vehicle(org=node)
    _file(late, "ROAD_PERMIT", TODAY + timedelta(days=2))
    _file(told, "ROAD_PERMIT", TODAY + timedelta(days=8))
    for day in range(9):
        _compute(day)
    at = NOON + timedelta(days=8)
    assert services.check_ladder(actor=hq_actor(), at=at).incidents == 1
    (fact,) = _told(LadderIncidentsFound)
    assert [row.vehicle_id for row in fact.items] == [late.id]
    assert services.check_ladder(actor=hq_actor(), at=at).incidents == 0


def test_notices_are_never_changed() -> None:
    vehicle = make.vehicle(org=_staffed())
    _file(vehicle, "ROAD_PERMIT", TODAY + timedelta(days=30))
    _compute()
    with pytest.raises(DatabaseError), transaction.atomic():
        DueNotice.objects.update(rung=1)


def test_a_lapsed_paper_makes_a_leased_vehicle_red_as_the_day_begins() -> None:
    vehicle = make.vehicle()
    _file(vehicle, "COMPULSORY_INSURANCE", TODAY)
    services.deploy_vehicle(vehicle_id=vehicle.id, actor=hq_actor(), at=NOON)
    _compute()
    midnight = datetime(2026, 6, 1, 16, 0, tzinfo=NOON.tzinfo)
    services.lapse_due_items(actor=hq_actor(), at=midnight - timedelta(seconds=1))
    assert _told(DocumentsLapsed) == []
    services.lapse_due_items(actor=hq_actor(), at=midnight)
    services.lapse_due_items(actor=hq_actor(), at=midnight + timedelta(hours=1))
    (fact,) = _told(DocumentsLapsed)
    (row,) = fact.items
    assert (row.vehicle_id, row.kind, row.leased, row.blocks) == (
        vehicle.id, "COMPULSORY_INSURANCE", True, True,
    )  # fmt: skip


def test_a_paper_filed_when_it_has_lapsed_is_red_at_once() -> None:
    vehicle = make.vehicle()
    _file(vehicle, "ROAD_PERMIT", TODAY - timedelta(days=1))
    (fact,) = _told(DocumentsLapsed)
    assert fact.items[0].vehicle_id == vehicle.id
    with pytest.raises(DocumentLapsed, match=str(DueKind.ROAD_PERMIT.label)):
        services.deploy_vehicle(vehicle_id=vehicle.id, actor=hq_actor(), at=NOON)


def test_the_age_of_a_vehicle_picks_its_rule() -> None:
    young, old = make.vehicle(papers=False), make.vehicle(papers=False)
    Vehicle.objects.filter(id=young.id).update(first_registered_on=date(2025, 7, 1))
    Vehicle.objects.filter(id=old.id).update(first_registered_on=date(2015, 7, 1))
    _compute()
    rules = dict(DueItem.objects.filter(kind="INSPECTION").values_list("vehicle_id", "rule_id"))
    assert rules == {young.id: "INSPECTION", old.id: "INSPECTION_OLD"}
    assert DueItem.objects.get(vehicle=young, kind="INSPECTION").due_on == date(2026, 7, 1)
    (fact,) = [f for f in _told(StatutoryInspectionDue) if f.org_id == young.org_id]
    assert (fact.items[0].days, fact.items[0].idle, fact.items[0].leased) == (30, True, False)


def test_maintenance_is_due_by_kilometres_or_months_whichever_comes_first() -> None:
    vehicle = make.vehicle(odometer_km=Decimal(5_000))
    assert _compute() == 0
    Vehicle.objects.filter(id=vehicle.id).update(odometer_km=14_100)
    assert _compute(1) == 1
    item = DueItem.objects.get(vehicle=vehicle, kind="MAINTENANCE")
    assert (item.rung, item.due_km) == (15, Decimal(15_000))
    Vehicle.objects.filter(id=vehicle.id).update(odometer_km=15_000)
    assert _compute(2) == 1
    item.refresh_from_db()
    assert (item.rung, item.due_on) == (0, TODAY + timedelta(days=2))
    (first, second) = _told(MaintenanceDue)
    assert (first.items[0].use, first.items[0].due_km) == ("LEASE", Decimal(15_000))
    assert second.items[0].days == 0

    due = queries.lapsed_kinds(
        vehicle_ids=(vehicle.id,), actor=hq_actor(), at=NOON + timedelta(days=32)
    )
    assert due == {}
    due = queries.lapsed_kinds(
        vehicle_ids=(vehicle.id,), actor=hq_actor(), at=NOON + timedelta(days=33)
    )
    assert due == {vehicle.id: ("MAINTENANCE",)}

    services.record_maintenance(
        records=[MaintenanceDone(vehicle_id=vehicle.id, on=TODAY, odometer_km=Decimal(15_020))],
        actor=org_make.actor(vehicle.org, "fleet.record_maintenance"),
        at=NOON,
    )
    item.refresh_from_db()
    assert item.state == "DONE"
    assert _compute(3) == 0
    assert _compute(365) == 1  # A year later the months come before the kilometres.


def test_a_rule_is_the_platforms_to_change_and_counts_from_then_on() -> None:
    vehicle = make.vehicle()
    _file(vehicle, "ROAD_PERMIT", TODAY + timedelta(days=80))
    assert _compute() == 0
    change: dict[str, Any] = {
        "code": "ROAD_PERMIT", "rungs": [90, 10], "told": ["CLERK", "HQ"], "blocks": False,
        "confirmed": True,
    }  # fmt: skip
    platform = org_make.platform()
    with pytest.raises(NotPermitted):
        services.change_compliance_rule(
            **change, actor=org_make.actor(vehicle.org, "fleet.*"), at=NOON
        )
    wrongs: tuple[dict[str, Any], ...] = (
        {"rungs": [10, 90]},
        {"told": ["CLERK"]},
        {"told": ["CLERK", "BOSS"]},
    )
    for wrong in wrongs:
        with pytest.raises(services.RuleUnreadable):
            services.change_compliance_rule(
                **{**change, **wrong}, actor=org_make.actor(platform, "fleet.*"), at=NOON
            )
    services.change_compliance_rule(**change, actor=org_make.actor(platform, "fleet.*"), at=NOON)
    assert ComplianceRule.objects.get(code="ROAD_PERMIT").confirmed_on == TODAY
    assert _compute() == 1


def test_two_rules_for_the_same_vehicles_are_refused() -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        ComplianceRule.objects.create(
            code="AGAIN", kind="INSPECTION", from_months=60, rungs=[1], told=["HQ"], blocks=True
        )


@pytest.mark.parametrize("count", [1, 30])
def test_all_vehicles_are_computed_by_the_same_number_of_statements(count: int) -> None:
    node = _staffed()
    for _ in range(count):
        _file(make.vehicle(org=node), "ROAD_PERMIT", TODAY + timedelta(days=30))
    with CaptureQueriesContext(connection) as asked:
        assert _compute() == count
    assert len(asked) <= 36, [query["sql"][:80] for query in asked]


def test_a_paper_is_verified_by_a_second_person_and_each_view_is_noted() -> None:
    vehicle = make.vehicle(papers=False)
    clerk = org_make.actor(vehicle.org, "fleet.*")
    lead = org_make.actor(vehicle.org, "fleet.*")
    filed = services.file_document(
        vehicle_id=vehicle.id,
        kind="INSPECTION",
        expires_on=date(2027, 1, 1),
        file_name="年检.pdf",
        content=b"%PDF-1.7 one",
        actor=clerk,
        at=NOON,
    )
    (paper,) = filed.document_ids
    with pytest.raises(services.OwnPaper):
        services.verify_document(document_id=paper, actor=clerk, at=NOON)
    services.verify_document(document_id=paper, actor=lead, at=NOON)
    with pytest.raises(services.AlreadyVerified):
        services.verify_document(document_id=paper, actor=lead, at=NOON)
    with pytest.raises(DatabaseError), transaction.atomic():
        Document.objects.filter(id=paper).update(verified_by_id=clerk.id)
    services.open_document(document_id=paper, actor=lead, at=NOON)
    card = queries.paper_card(document_id=paper, actor=clerk, at=NOON)
    assert (card.verified_by_id, card.verified_at) == (lead.id, NOON)
    assert [(view.viewer_id, view.version) for view in card.views] == [(lead.id, 1)]
    stranger = org_make.actor(org_make.operator(), "fleet.*")
    with pytest.raises(Document.DoesNotExist):
        services.open_document(document_id=paper, actor=stranger, at=NOON)


def test_the_month_counts_what_falls_due_on_each_day() -> None:
    vehicle = make.vehicle()
    _file(vehicle, "ROAD_PERMIT", date(2026, 6, 10))
    _file(vehicle, "INSPECTION", date(2026, 6, 10))
    _file(make.vehicle(), "INSPECTION", date(2026, 6, 10))
    by = org_make.actor(vehicle.org, "fleet.view")
    (day,) = queries.due_days(month=TODAY, actor=by)
    assert (day.day, day.count) == (date(2026, 6, 10), 2)
    assert queries.due_days(month=TODAY, actor=by, kind="ROAD_PERMIT")[0].count == 1
    page = queries.due_calendar(actor=by, at=NOON, on=date(2026, 6, 10))
    assert page.total == 2
