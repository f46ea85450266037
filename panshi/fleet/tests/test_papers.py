"""Papers: filed by version, never rewritten, reminded of by rungs until a new one is filed."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction

from panshi.fleet import queries, services
from panshi.fleet.events import DocumentExpiring
from panshi.fleet.models import Document, DocumentKind, DueItem, Vehicle
from panshi.fleet.services import (
    DatesReversed,
    NewDocument,
    OdometerReading,
    SameFile,
    UnknownKind,
)
from panshi.fleet.tests import make
from panshi.fleet.tests.make import NOON
from panshi.kit import facts
from panshi.kit.models import Outbox
from panshi.kit.tenancy import hq_actor
from panshi.org.tests import make as org_make

TODAY = NOON.date()


def _file(vehicle: Vehicle, kind: str, expires_on: date) -> None:
    services.file_documents(
        documents=[NewDocument(vehicle_id=vehicle.id, kind=kind, expires_on=expires_on)],
        actor=hq_actor(),
        at=NOON,
    )


def _remind(days: int = 0) -> int:
    fact = services.compute_due_items(actor=hq_actor(), at=NOON + timedelta(days=days))
    return fact.items


def _told() -> list[DocumentExpiring]:
    rows = Outbox.objects.filter(name="fleet.DocumentExpiring").order_by("id")
    told = [facts.from_plain(row.name, row.payload) for row in rows]
    return [fact for fact in told if isinstance(fact, DocumentExpiring)]


@pytest.mark.parametrize(
    ("left", "rung"),
    [(46, None), (45, 45), (31, 45), (30, 30), (8, 15), (7, 7), (1, 1), (0, 0), (-9, 0)],
)
def test_the_rung_is_the_least_at_or_above_the_days_left(left: int, rung: int | None) -> None:
    vehicle = make.vehicle()
    _file(vehicle, "COMPULSORY_INSURANCE", TODAY + timedelta(days=left))
    _remind()
    item = DueItem.objects.filter(vehicle=vehicle).first()
    assert (item.rung if item else None) == rung


def test_what_hinders_delivery_is_lapsed_or_missing() -> None:
    vehicle = make.vehicle(papers=False)

    def hindered() -> set[str]:
        found = queries.lapsed_kinds(vehicle_ids=(vehicle.id,), actor=hq_actor(), at=NOON)
        return {str(kind) for kind in found.get(vehicle.id, ())}

    assert hindered() == {"COMPULSORY_INSURANCE"}
    for kind in DocumentKind.values:
        _file(vehicle, kind, TODAY)
    assert hindered() == set()
    for kind in DocumentKind.values:
        _file(vehicle, kind, TODAY - timedelta(days=1))
    assert hindered() == set(DocumentKind.values) - {"BATTERY_WARRANTY"}


def test_a_new_paper_replaces_the_current_one_and_keeps_the_old() -> None:
    vehicle = make.vehicle(papers=False)
    _file(vehicle, "ROAD_PERMIT", date(2026, 12, 31))
    _file(vehicle, "ROAD_PERMIT", date(2027, 12, 31))
    versions = Document.objects.filter(vehicle=vehicle).order_by("version")
    assert list(versions.values_list("version", "current", "expires_on")) == [
        (1, False, date(2026, 12, 31)),
        (2, True, date(2027, 12, 31)),
    ]


def test_a_paper_is_not_rewritten() -> None:
    vehicle = make.vehicle()
    with pytest.raises(DatabaseError, match="new version"), transaction.atomic():
        Document.objects.filter(vehicle=vehicle).update(expires_on=date(2100, 1, 1))


def test_refuses_reversed_days_unknown_kinds_and_the_same_scan() -> None:
    vehicle = make.vehicle(papers=False)
    by = org_make.actor(vehicle.org, "fleet.file_document")
    with pytest.raises(DatesReversed):
        services.file_document(
            vehicle_id=vehicle.id,
            kind="INSPECTION",
            issued_on=date(2027, 1, 2),
            expires_on=date(2027, 1, 1),
            actor=by,
            at=NOON,
        )
    with pytest.raises(UnknownKind):
        _file(vehicle, "PASSPORT", date(2027, 1, 1))
    for turn in range(2):

        def send() -> None:
            services.file_document(
                vehicle_id=vehicle.id,
                kind="INSPECTION",
                expires_on=date(2027, 1, 1),
                file_name="年检.pdf",
                content=b"%PDF-1.7 one",
                actor=by,
                at=NOON,
            )

        if turn:
            with pytest.raises(SameFile):
                send()
        else:
            send()
    assert Document.objects.filter(vehicle=vehicle).count() == 1


def test_each_rung_is_told_once_to_its_node_until_a_new_paper_is_filed() -> None:
    vehicle = make.vehicle()
    _file(vehicle, "INSPECTION", TODAY + timedelta(days=31))
    assert _remind() == 1
    assert _remind() == 0
    assert _remind(days=1) == 1
    assert _remind(days=31) == 1
    assert _remind(days=40) == 0
    assert [fact.items[0].days_left for fact in _told()] == [31, 30, 0]
    assert {fact.org_id for fact in _told()} == {vehicle.org_id}
    item = DueItem.objects.get(vehicle=vehicle)
    assert (item.state, item.rung) == ("OPEN", 0)

    _file(vehicle, "INSPECTION", TODAY + timedelta(days=400))
    item.refresh_from_db()
    assert item.state == "DONE"
    assert _remind(days=40) == 0


def test_two_nodes_hear_each_of_their_own_and_retired_vehicles_are_silent() -> None:
    one, two = make.vehicle(), make.vehicle()
    retired = make.vehicle(state="RETIRED")
    for vehicle in (one, two, retired):
        _file(vehicle, "ROAD_PERMIT", TODAY + timedelta(days=3))
    assert _remind() == 2
    assert {(fact.org_id, fact.items[0].vehicle_id) for fact in _told()} == {
        (one.org_id, one.id),
        (two.org_id, two.id),
    }


def test_the_calendar_counts_what_lapses_when() -> None:
    vehicle = make.vehicle()
    by = org_make.actor(vehicle.org, "fleet.view")
    _file(vehicle, "INSPECTION", TODAY - timedelta(days=1))
    _file(vehicle, "ROAD_PERMIT", TODAY + timedelta(days=7))
    _file(vehicle, "COMMERCIAL_INSURANCE", TODAY + timedelta(days=45))
    counts = queries.lapse_counts(actor=by, at=NOON)
    assert (counts.lapsed, counts.week, counts.month, counts.two_months) == (1, 1, 1, 2)
    page = queries.due_calendar(actor=by, at=NOON, within_days=30)
    assert [(row.kind, row.days_left, row.blocks) for row in page.rows] == [
        ("INSPECTION", -1, True),
        ("ROAD_PERMIT", 7, True),
    ]


def test_odometers_only_advance() -> None:
    one, two = make.vehicle(odometer_km=Decimal(100)), make.vehicle(odometer_km=Decimal(100))
    fact = services.record_odometers(
        readings=[
            OdometerReading(vehicle_id=one.id, odometer_km=Decimal("150.5"), soc_pct=Decimal(61)),
            OdometerReading(vehicle_id=two.id, odometer_km=Decimal(90)),
        ],
        actor=hq_actor(),
        at=NOON,
    )
    one.refresh_from_db()
    two.refresh_from_db()
    assert fact.vehicles == 1
    assert (one.odometer_km, one.soc_pct) == (Decimal("150.5"), Decimal(61))
    assert (two.odometer_km, two.soc_pct) == (Decimal(100), None)
