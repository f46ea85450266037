"""Inspections: marked and photographed, signed and frozen, compared and priced by a standard."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction
from django.urls import reverse

from panshi.fleet import queries, services
from panshi.fleet.events import InspectionStarted
from panshi.fleet.models import (
    DamageMark,
    Inspection,
    InspectionPhoto,
    Vehicle,
    WearClause,
    WearStandard,
)
from panshi.fleet.services import LevelNow
from panshi.fleet.tests import make
from panshi.fleet.tests.make import NOON
from panshi.kit.tenancy import Actor, hq_actor
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.org.tests.window import page, window

REQUIRED = ("FRONT", "REAR", "LEFT", "RIGHT", "CARGO")


def _picture() -> bytes:
    return b"\xff\xd8\xff\xe0 a picture \xff\xd9"


def _standard(starts_on: date = date(2026, 1, 1)) -> UUID:
    node = org_make.platform()
    drafted = services.draft_wear_standard(
        org_id=node.id, name="磐石车况标准", starts_on=starts_on,
        actor=org_make.actor(node, "fleet.*"), at=NOON,
    )  # fmt: skip
    services.publish_wear_standard(
        standard_id=drafted.standard_id, actor=org_make.actor(node, "fleet.*"), at=NOON
    )
    return drafted.standard_id


def _start(vehicle: Vehicle, kind: str, at: datetime = NOON) -> InspectionStarted:
    return services.start_inspection(vehicle_id=vehicle.id, kind=kind, actor=_by(vehicle), at=at)


def _by(vehicle: Vehicle) -> Actor:
    return org_make.actor(vehicle.org, "fleet.*")


def _mark(inspection: UUID, by: Actor, part: str, damage: str, size: int, count: int = 1) -> None:
    view = "LEFT" if part.endswith("LEFT") else "KIT"
    services.mark_damage(
        inspection_id=inspection, view=view, part=part, damage=damage, size=Decimal(size),
        count=count, actor=by, at=NOON,
    )  # fmt: skip


def _photograph(inspection: UUID, by: Actor, *views: str) -> None:
    for view in views or REQUIRED:
        services.keep_inspection_photo(
            inspection_id=inspection, view=view, photo_name="a.jpg", photo=_picture(),
            actor=by, at=NOON,
        )  # fmt: skip


def _sign(inspection: UUID, by: Actor, km: int, at: datetime = NOON, soc: int = 60) -> None:
    services.complete_inspection(
        inspection_id=inspection, odometer_km=Decimal(km), soc_pct=Decimal(soc), passed=True,
        customer_signed="李雷", actor=by, at=at,
    )  # fmt: skip


def _returned() -> tuple[Vehicle, UUID]:
    """A vehicle delivered with one scratch and come back with more."""
    vehicle = make.vehicle()
    by = _by(vehicle)
    out = _start(vehicle, "OUT").inspection_id
    _mark(out, by, "DOOR_LEFT", "PRIMER", 30)
    _photograph(out, by)
    _sign(out, by, 1_000)
    later = NOON + timedelta(days=90)
    back = _start(vehicle, "IN", later).inspection_id
    _mark(back, by, "DOOR_LEFT", "PRIMER", 60, count=2)
    _mark(back, by, "SIDE_LEFT", "DENT", 45)
    _mark(back, by, "SIDE_LEFT", "OTHER", 10)
    _photograph(back, by)
    return vehicle, back


def test_a_return_is_compared_with_its_delivery_and_priced_by_cited_clauses() -> None:
    _standard()
    vehicle, back = _returned()
    _sign(back, _by(vehicle), 9_000, NOON + timedelta(days=90))
    card = queries.inspection_card(inspection_id=back, actor=_by(vehicle), at=NOON)
    assert [(line.part, line.status, line.clause, line.amount) for line in card.lines] == [
        ("DOOR_LEFT", "WORSE", "1.2", Decimal("180.00")),
        ("SIDE_LEFT", "NEW", "1.3", Decimal("260.00")),
        ("SIDE_LEFT", "NEW", "", Decimal("0.00")),
    ]
    assert card.total == Decimal("440.00")
    assert card.distance_km == Decimal(8_000)
    assert all(pair.before and pair.now for pair in card.photos if pair.view in REQUIRED)


def test_without_a_standard_nothing_is_charged() -> None:
    vehicle, back = _returned()
    card = queries.inspection_card(inspection_id=back, actor=_by(vehicle), at=NOON)
    assert card.standard == ""
    assert card.total == 0


def test_a_signed_inspection_its_marks_and_photos_stand() -> None:
    vehicle, back = _returned()
    by = _by(vehicle)
    _sign(back, by, 9_000)
    with pytest.raises(services.InspectionSigned):
        _mark(back, by, "DOOR_LEFT", "DENT", 5)
    with pytest.raises(services.InspectionSigned):
        _sign(back, by, 9_001)
    marks = DamageMark.objects.filter(inspection_id=back)
    with pytest.raises(DatabaseError, match="signed"), transaction.atomic():
        Inspection.objects.filter(id=back).update(note="x")
    with pytest.raises(DatabaseError, match="signed"), transaction.atomic():
        marks.update(size=1)
    with pytest.raises(DatabaseError, match="signed"), transaction.atomic():
        marks.delete()


def test_a_delivery_needs_its_views_and_one_is_open_at_a_time() -> None:
    vehicle = make.vehicle()
    by = _by(vehicle)
    out = _start(vehicle, "OUT")
    assert out.kind == "HANDOVER"
    with pytest.raises(services.InspectionOpen):
        _start(vehicle, "OUT")
    _photograph(out.inspection_id, by, "FRONT", "REAR")
    with pytest.raises(services.ViewMissing, match="LEFT"):
        _sign(out.inspection_id, by, 10)
    with pytest.raises(services.UnknownPart):
        services.mark_damage(
            inspection_id=out.inspection_id, view="FRONT", part="SEATS", damage="DENT",
            size=Decimal(1), actor=by, at=NOON,
        )  # fmt: skip


def _level(vehicle: Vehicle, km: int, soc: int, minutes: int) -> None:
    moment = NOON - timedelta(minutes=minutes)
    level = LevelNow(
        vehicle_id=vehicle.id, odometer_km=Decimal(km), odometer_at=moment, soc_pct=Decimal(soc),
        soc_at=moment,
    )  # fmt: skip
    services.plan_upkeep(levels=[level], actor=hq_actor(), at=NOON)


@pytest.mark.parametrize(
    ("minutes", "km", "soc", "source", "differs"),
    [
        (9, 102, 63, "TERMINAL", False), (9, 103, 60, "TERMINAL", True),
        (9, 100, 64, "TERMINAL", True), (11, 150, 90, "TYPED", False),
    ],
)  # fmt: skip
def test_readings_come_from_a_terminal_that_spoke_within_ten_minutes(
    minutes: int, km: int, soc: int, source: str, differs: bool
) -> None:
    vehicle = make.vehicle()
    _level(vehicle, 100, 60, minutes)
    started = _start(vehicle, "PDI").inspection_id
    _sign(started, _by(vehicle), km, soc=soc)
    row = Inspection.objects.get(id=started)
    assert (row.source, row.differs) == (source, differs)
    assert row.typed_km == km
    assert row.odometer_km == (100 if source == "TERMINAL" else km)


def test_a_standard_is_published_by_a_second_person_and_versions_do_not_overlap() -> None:
    first = _standard(date(2026, 1, 1))
    node = org_make.platform()
    one, two = org_make.actor(node, "fleet.*"), org_make.actor(node, "fleet.*")

    def draft(starts_on: date) -> UUID:
        return services.draft_wear_standard(
            org_id=node.id, name="二版", starts_on=starts_on, actor=one, at=NOON
        ).standard_id

    early, later = draft(date(2025, 6, 1)), draft(date(2026, 7, 1))
    with pytest.raises(services.OwnProposal):
        services.publish_wear_standard(standard_id=later, actor=one, at=NOON)
    with pytest.raises(services.ClauseOverlap):
        services.publish_wear_standard(standard_id=early, actor=two, at=NOON)
    services.publish_wear_standard(standard_id=later, actor=two, at=NOON)
    assert WearStandard.objects.get(id=first).ends_on == date(2026, 7, 1)
    assert WearClause.objects.filter(standard_id=later).count() == 12
    with pytest.raises(DatabaseError, match="published"), transaction.atomic():
        WearStandard.objects.filter(id=later).update(name="x")
    with pytest.raises(DatabaseError, match="published"), transaction.atomic():
        WearClause.objects.filter(standard_id=later).update(price=1)


def test_the_pages_of_an_inspection_and_the_standard() -> None:
    node = org_make.operator()
    vehicle = make.vehicle(org=node)
    client = window(node, "OPERATIONS")
    begun = client.post(reverse("fleet-inspection-new", args=[vehicle.id]), {"kind": "OUT"})
    url = begun.headers["Location"]
    assert "Left side" in page(client.get(url))
    mark = {"place": "LEFT:DOOR_LEFT", "damage": "DENT", "size": "35", "count": "1"}
    assert client.post(f"{url}marks/", mark).status_code == 302
    shown = page(client.get(url))
    assert "Dent without loss of paint" in shown
    assert "<circle" in shown
    signed = {"odometer_km": "120", "soc_pct": "80", "passed": "on"}
    assert "Not photographed yet" in client.post(f"{url}sign/", signed).content.decode()
    wrong = SimpleUploadedFile("a.pdf", b"%PDF-1.7")
    assert client.post(f"{url}photos/", {"view": "FRONT", "photo": wrong}).status_code == 422
    for view in REQUIRED:
        photo = SimpleUploadedFile("a.jpg", _picture())
        assert client.post(f"{url}photos/", {"view": view, "photo": photo}).status_code == 302
    assert client.post(f"{url}sign/", signed).status_code == 302
    shown = page(client.get(url))
    assert "Signed" in shown
    assert "Mark the damage" not in shown
    picture = reverse("fleet-inspection-picture", args=[_photo_id(node)])
    assert client.get(picture).headers["Content-Type"] == "image/jpeg"
    stranger = window(org_make.operator(), "OPERATIONS")
    assert stranger.get(url).status_code == 404
    assert stranger.get(picture).status_code == 404

    platform = org_make.platform()
    boss, second = window(platform, "DECISION_MAKER"), window(platform, "DECISION_MAKER")
    standards = reverse("fleet-standards")
    assert boss.post(standards, {"name": "标准", "starts_on": ""}).status_code == 422
    assert boss.post(standards, {"name": "标准", "starts_on": "2026-01-01"}).status_code == 302
    draft = WearStandard.objects.get()
    publish = reverse("fleet-standard-publish", args=[draft.id])
    assert boss.post(publish).status_code == 409
    assert publish in page(second.get(standards))
    assert second.post(publish, {"confirmed": "on"}).status_code == 302
    assert "Published" in page(client.get(standards))


def _photo_id(node: OrgNode) -> UUID:
    photo = InspectionPhoto.objects.filter(org=node).first()
    assert photo is not None
    return photo.id
