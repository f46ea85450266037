"""How vehicles enter the register and get their plates, and what is refused on the way."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from panshi.fleet import queries, rules, services
from panshi.fleet.models import PlateHolding, Vehicle, VehicleModel
from panshi.fleet.services import (
    BadPlate,
    BadVin,
    DuplicateVin,
    ModelCodeTaken,
    NewVehicle,
    NodesMixed,
    PlateTaken,
    UnknownModel,
    UnknownState,
)
from panshi.fleet.tests import make
from panshi.fleet.tests.make import NOON
from panshi.kit.ids import uuid7
from panshi.kit.tenancy import PORTAL, Actor, acting, hq_actor
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.org.tests.window import page, window

_PERMITTED = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"


def _new(org: OrgNode, **changes: Any) -> NewVehicle:
    made = NewVehicle(org_id=org.id, vin=make.vin(), model_code=make.model().code, city="杭州")
    return replace(made, **changes)


def _receive(org: OrgNode, *new: NewVehicle) -> tuple[Vehicle, ...]:
    by = org_make.actor(org, "fleet.receive_vehicles")
    fact = services.receive_vehicles(vehicles=new, actor=by, at=NOON)
    found = Vehicle.objects.in_bulk(list(fact.vehicle_ids))
    return tuple(found[number] for number in fact.vehicle_ids)


@pytest.mark.plain
@pytest.mark.parametrize(
    ("vin", "code"),
    [
        ("1M8GDM9AXKP042788", ""),  # The worked example of the check digit X.
        ("11111111111111111", ""),
        ("1M8GDM9A1KP042788", "CHECK_DIGIT"),
        ("1M8GDM9AXKP04278", "LENGTH"),
        ("1M8GDM9AXKPO42788", "CHARACTER"),
        ("1M8GDM9AXKPI42788", "CHARACTER"),
        ("1M8GDM9AXKPQ42788", "CHARACTER"),
    ],
)
def test_a_vin_is_checked_by_length_characters_and_digit(vin: str, code: str) -> None:
    fault = rules.vin_fault(vin)
    assert (fault.code if fault else "") == code


@pytest.mark.plain
@given(st.text(_PERMITTED, min_size=17, max_size=17), st.integers(0, 16), st.sampled_from("0X7AZ"))
def test_one_changed_character_of_a_right_vin_is_seen_unless_it_weighs_the_same(
    draft: str, place: int, other: str
) -> None:
    vin = draft[:8] + rules.vin_check_digit(draft) + draft[9:]
    assert rules.vin_fault(vin) is None
    changed = vin[:place] + other + vin[place + 1 :]
    if (fault := rules.vin_fault(changed)) is None:
        assert rules.vin_check_digit(changed) == changed[8]
    else:
        assert fault.code in {"CHECK_DIGIT", "CHARACTER"}


@pytest.mark.plain
@pytest.mark.parametrize(
    ("plate", "plate_class"),
    [
        ("粤BD12345", "GREEN_SMALL"),
        ("粤BDF1234", "GREEN_SMALL"),
        ("浙AF12345", "GREEN_SMALL"),
        ("粤B12345D", "GREEN_LARGE"),
        ("粤B12345F", "GREEN_LARGE"),
        ("京A12345", "BLUE"),
        ("京AB1C34", "BLUE"),
        ("粤BD1234I", ""),
        ("粤BL12345", ""),
        ("粤ID12345", ""),
        ("粤B1234", ""),
        ("BD12345", ""),
        ("日BD12345", ""),
    ],
)
def test_a_plate_is_known_by_its_form(plate: str, plate_class: str) -> None:
    assert rules.plate_class_of(plate) == plate_class


def test_folds_what_people_type() -> None:
    org = org_make.operator()
    vin = make.vin()
    vehicle = _receive(org, _new(org, vin=f" {vin.lower()} ", plate="粤b·ｄ12345"))[0]
    assert (vehicle.vin, vehicle.plate) == (vin, "粤BD12345")
    assert (vehicle.plate_class, vehicle.state) == ("GREEN_SMALL", "PLATED")


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"vin": "LPSEV4E10RA00000I"}, BadVin),
        ({"plate": "浙A123"}, BadPlate),
        ({"plate": "浙AD1234", "plate_class": "GREEN_SMALL"}, BadPlate),
        ({"model_code": "NONE"}, UnknownModel),
        ({"state": "SOLD"}, UnknownState),
    ],
)
def test_refuses_all_when_one_is_wrong(changes: dict[str, str], refusal: type[Exception]) -> None:
    org = org_make.operator()
    with pytest.raises(refusal):
        _receive(org, _new(org), _new(org, **changes))
    assert not Vehicle.objects.filter(org=org).exists()


def test_refuses_a_vin_or_plate_that_is_taken_also_elsewhere() -> None:
    there = make.vehicle()
    org = org_make.operator()
    with pytest.raises(DuplicateVin):
        _receive(org, _new(org, vin=there.vin))
    with pytest.raises(PlateTaken):
        _receive(org, _new(org, plate=there.plate))
    twice = _new(org)
    with pytest.raises(DuplicateVin):
        _receive(org, twice, replace(twice))
    with pytest.raises(NodesMixed):
        services.receive_vehicles(
            vehicles=[_new(org), _new(org_make.operator())], actor=hq_actor(), at=NOON
        )


def test_the_database_refuses_what_the_verb_would() -> None:
    vehicle = make.vehicle()
    other = make.vehicle()
    digit = "1" if vehicle.vin[8] != "1" else "2"
    for field, value, words in (
        ("vin", vehicle.vin[:8] + digit + vehicle.vin[9:], "check_digit"),
        ("vin", other.vin, "unique"),
        ("plate", "浙A", "form_of_its_class"),
        ("plate", other.plate, "one_vehicle"),
        ("odometer_km", -1, "plausible"),
        ("use", "EXTERNAL", "own_vehicle"),
    ):
        with pytest.raises(DatabaseError, match=words), transaction.atomic():
            Vehicle.objects.filter(id=vehicle.id).update(**{field: value})


def test_the_database_and_the_rule_agree_on_check_digits() -> None:
    with connection.cursor() as cursor:
        for number in range(40):
            vin = make.vin(number)
            cursor.execute("SELECT fleet_vin_is_right(%s)", [vin])
            assert cursor.fetchone() == (True,)
        cursor.execute("SELECT fleet_vin_is_right('1M8GDM9A1KP042788')")
        assert cursor.fetchone() == (False,)


def test_a_plate_moves_on_and_who_bore_it_when_stays_known() -> None:
    first, second = make.vehicle(), make.vehicle()
    old = first.plate
    later = NOON + timedelta(days=30)
    with pytest.raises(PlateTaken):
        services.change_plate(vehicle_id=second.id, plate=old, actor=hq_actor(), at=later)
    services.change_plate(vehicle_id=first.id, plate=make.plate(), actor=hq_actor(), at=later)
    services.change_plate(vehicle_id=second.id, plate=old, actor=hq_actor(), at=later)
    before = later - timedelta(seconds=1)
    assert queries.bearer_of(plate=old, at=before, actor=hq_actor()) == first.id
    assert queries.bearer_of(plate=old, at=later, actor=hq_actor()) == second.id
    held = PlateHolding.objects.get(vehicle=second, plate=old)
    with pytest.raises(DatabaseError, match="one_vehicle_at_a_moment"), transaction.atomic():
        PlateHolding.objects.create(
            org=first.org,
            vehicle=make.vehicle(org=first.org, state="PROCURED", plate_code=""),
            plate=old,
            plate_class="GREEN_SMALL",
            during=held.during,
        )


def test_a_model_of_headquarters_serves_all_and_ones_own_comes_first() -> None:
    shared = make.model()
    org = org_make.operator()
    with pytest.raises(ModelCodeTaken):
        services.publish_vehicle_model(
            org_id=shared.org_id,
            code=shared.code,
            maker="x",
            name="x",
            vehicle_class="VAN",
            battery_kwh=shared.battery_kwh,
            gvw_kg=1,
            range_km=1,
            service_km=1,
            actor=hq_actor(),
            at=NOON,
        )
    own = make.model(org=org, code=shared.code)
    assert _receive(org, _new(org))[0].model_id == own.id
    neighbour = org_make.operator()
    assert _receive(neighbour, _new(neighbour))[0].model_id == shared.id
    with acting(org_make.actor(neighbour)):
        assert not VehicleModel.objects.filter(id=own.id).exists()
        assert VehicleModel.objects.filter(id=shared.id).update(name="x") == 0


def test_a_customer_sees_its_own_vehicles_and_no_other() -> None:
    org = org_make.operator()
    customer = uuid7()
    own = make.vehicle(org=org, use="EXTERNAL", customer_id=customer)
    leased = make.vehicle(org=org)
    services.deploy_vehicle(vehicle_id=leased.id, customer_id=customer, actor=hq_actor(), at=NOON)
    other = make.vehicle(org=org)
    portal = Actor(
        id=customer, org_id=org.id, org_ids=(org.id,), db_role=PORTAL, customer_id=customer
    )
    seen = queries.customer_vehicles(customer_id=customer, actor=portal)
    assert {vehicle.id for vehicle in seen} == {own.id, leased.id}
    card = queries.vehicle_card(vehicle_id=own.id, actor=portal, at=NOON)
    assert card.papers == ()
    with pytest.raises(Vehicle.DoesNotExist):
        queries.vehicle_card(vehicle_id=other.id, actor=portal, at=NOON)


def test_the_system_inside_one_org_finds_vehicles_with_their_model() -> None:
    vehicle = make.vehicle()
    inside = org_make.actor(vehicle.org)
    system = replace(inside, ref_org_ids=())
    ref = queries.vehicle_refs(vehicle_ids=(vehicle.id,), actor=system)[vehicle.id]
    assert (ref.model_code, ref.battery_kwh) == ("QY-V42", vehicle.battery_kwh)
    assert vehicle.vin in queries.vehicles_by_vin(vins=(vehicle.vin, "X"), actor=system)
    found = queries.available_vehicles(city="杭州", model_code="QY-V42", actor=system)
    assert [each.id for each in found] == [vehicle.id]


def test_a_model_is_published_on_a_page() -> None:
    node = org_make.operator()
    chief, new = window(node, "OPERATIONS"), reverse("fleet-model-new")
    typed = {
        "code": "NEW-1", "maker": "磐石", "name": "轻运 9", "vehicle_class": "LIGHT_TRUCK",
        "battery_kwh": "81.1", "gvw_kg": "4495", "range_km": "300", "service_km": "20000",
    }  # fmt: skip
    assert chief.post(new, typed | {"battery_kwh": "0"}).status_code == 422
    answer = chief.post(new, typed)
    assert answer.status_code == 302, answer.content.decode()
    assert chief.post(new, typed).status_code == 422
    assert "轻运 9" in page(chief.get(reverse("fleet-models")))
