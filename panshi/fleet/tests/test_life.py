"""The life of a vehicle: each pair of states, the history that cannot be bent, the way round."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from panshi.fleet import services
from panshi.fleet.models import (
    ENTRY_STATES,
    VEHICLE_LIFE,
    Disposal,
    Vehicle,
    VehicleEvent,
    VehicleState,
)
from panshi.fleet.services import (
    AlreadyProposed,
    BelowResidualWithoutApproval,
    CheckFailed,
    DocumentLapsed,
    LeaseLive,
    NewDocument,
    NotProposed,
    OdometerBackwards,
    OwnProposal,
    VehicleUnavailable,
)
from panshi.fleet.services.register import record_move
from panshi.fleet.tests import make
from panshi.fleet.tests.make import NOON
from panshi.kit.ids import uuid7
from panshi.kit.refusals import IllegalMove, NotPermitted
from panshi.kit.tenancy import Actor, hq_actor
from panshi.org.tests import make as org_make

_PERMITTED = {
    ("PROCURED", "PLATED"),
    ("PLATED", "READY"),
    ("READY", "IDLE"), ("READY", "LEASED"), ("READY", "IN_SERVICE"),
    ("IDLE", "READY"), ("IDLE", "IN_SERVICE"), ("IDLE", "RETIRED"),
    ("LEASED", "IDLE"), ("LEASED", "IN_SERVICE"), ("LEASED", "SOLD"),
    ("IN_SERVICE", "READY"), ("IN_SERVICE", "IDLE"), ("IN_SERVICE", "LEASED"),
    ("IN_SERVICE", "RETIRED"),
    ("RETIRED", "SOLD"),
}  # fmt: skip


def _by(vehicle: Vehicle) -> Actor:
    return org_make.actor(vehicle.org, "fleet.*")


def _state(vehicle: Vehicle) -> str:
    vehicle.refresh_from_db()
    return vehicle.state


@pytest.mark.plain
def test_the_table_of_moves_is_the_one_in_the_book() -> None:
    allowed = {
        (here.value, there.value)
        for here, there in product(VehicleState, VehicleState)
        if VEHICLE_LIFE.allows(here, there)
    }
    assert allowed == _PERMITTED


def test_every_pair_of_states_is_moved_or_refused_by_code_and_database() -> None:
    org = org_make.operator()
    for here, there in product(sorted(ENTRY_STATES), VehicleState):
        vehicle = make.vehicle(org=org, state=here, papers=False)
        if (here, there) in _PERMITTED:
            record_move(vehicle, there, actor=hq_actor(), at=NOON)
            assert _state(vehicle) == there
            continue
        with pytest.raises(IllegalMove):
            record_move(vehicle, there, actor=hq_actor(), at=NOON)
        with pytest.raises(DatabaseError, match="permitted_move"), transaction.atomic():
            VehicleEvent.objects.create(
                org=org, vehicle=vehicle, from_state=here, to_state=there, actor_id=uuid7(), at=NOON
            )
        assert _state(vehicle) == here


def test_an_event_starts_where_the_last_one_ended() -> None:
    vehicle = make.vehicle(state="READY")
    with pytest.raises(DatabaseError, match="where the last one ended"), transaction.atomic():
        VehicleEvent.objects.create(
            org=vehicle.org,
            vehicle=vehicle,
            from_state="IDLE",
            to_state="READY",
            actor_id=uuid7(),
            at=NOON,
        )


def test_history_is_neither_changed_nor_removed() -> None:
    vehicle = make.vehicle(state="READY")
    services.deploy_vehicle(vehicle_id=vehicle.id, actor=_by(vehicle), at=NOON)
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        VehicleEvent.objects.filter(vehicle=vehicle).update(reason="x")
    with pytest.raises(DatabaseError, match="only ever added"), transaction.atomic():
        VehicleEvent.objects.filter(vehicle=vehicle)._raw_delete("default")


def test_a_state_without_its_event_does_not_commit() -> None:
    vehicle = make.vehicle(state="READY")
    Vehicle.objects.filter(id=vehicle.id).update(state="IDLE")
    with (
        pytest.raises(DatabaseError, match="last event says"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    Vehicle.objects.filter(id=vehicle.id).update(state="READY")


def test_a_vehicle_goes_from_delivery_to_sale() -> None:
    vehicle = make.vehicle(state="", plate_code="")
    by, at = _by(vehicle), NOON

    services.plate_vehicle(vehicle_id=vehicle.id, plate=make.plate(), actor=by, at=at)
    services.make_ready(vehicle_id=vehicle.id, actor=by, at=at)
    customer = uuid7()
    services.deploy_vehicle(vehicle_id=vehicle.id, customer_id=customer, actor=by, at=at)
    services.send_to_service(vehicle_id=vehicle.id, actor=by, at=at)
    back = services.return_from_service(vehicle_id=vehicle.id, actor=by, at=at)
    assert back.state == "LEASED"
    vehicle.refresh_from_db()
    assert vehicle.customer_id == customer
    idled = services.take_back_vehicle(
        vehicle_id=vehicle.id, odometer_km=Decimal(1200), actor=by, at=at
    )
    assert idled.odometer_km == 1200
    services.propose_retirement(
        vehicle_id=vehicle.id, reason="报废", floor_price=Decimal(9000), actor=by, at=at
    )
    services.retire_vehicle(vehicle_id=vehicle.id, actor=_by(vehicle), at=at)
    services.sell_vehicle(vehicle_id=vehicle.id, price=Decimal(9000), actor=by, at=at)

    told = VehicleEvent.objects.filter(vehicle=vehicle).order_by("id")
    assert list(told.values_list("to_state", flat=True)) == [
        "PROCURED", "PLATED", "READY", "LEASED", "IN_SERVICE", "LEASED", "IDLE", "RETIRED", "SOLD",
    ]  # fmt: skip


def test_a_returned_vehicle_is_ready_only_after_a_passed_inspection() -> None:
    vehicle = make.vehicle()
    by = _by(vehicle)
    services.deploy_vehicle(vehicle_id=vehicle.id, actor=by, at=NOON)
    services.take_back_vehicle(vehicle_id=vehicle.id, odometer_km=None, actor=by, at=NOON)
    with pytest.raises(CheckFailed):
        services.make_ready(vehicle_id=vehicle.id, actor=by, at=NOON)
    for passed in (False, True):
        services.sign_inspection(
            vehicle_id=vehicle.id,
            kind="IN",
            odometer_km=Decimal(10),
            soc_pct=Decimal(55),
            passed=passed,
            actor=by,
            at=NOON,
        )
        if not passed:
            with pytest.raises(CheckFailed):
                services.make_ready(vehicle_id=vehicle.id, actor=by, at=NOON)
    services.make_ready(vehicle_id=vehicle.id, actor=by, at=NOON)
    assert _state(vehicle) == "READY"


@pytest.mark.parametrize("kind", ["COMPULSORY_INSURANCE", "INSPECTION", "ROAD_PERMIT"])
def test_a_lapsed_vehicle_cannot_be_delivered(kind: str) -> None:
    vehicle = make.vehicle()
    by = _by(vehicle)
    last_day = NOON.date()
    services.file_documents(
        documents=[NewDocument(vehicle_id=vehicle.id, kind=kind, expires_on=last_day)],
        actor=by,
        at=NOON,
    )
    with pytest.raises(DocumentLapsed):
        services.deploy_vehicle(vehicle_id=vehicle.id, actor=by, at=NOON + timedelta(days=1))
    assert _state(vehicle) == "READY"
    services.deploy_vehicle(vehicle_id=vehicle.id, actor=by, at=NOON)
    assert _state(vehicle) == "LEASED"


def test_a_vehicle_without_compulsory_insurance_cannot_be_delivered() -> None:
    vehicle = make.vehicle(papers=False)
    with pytest.raises(DocumentLapsed):
        services.deploy_vehicle(vehicle_id=vehicle.id, actor=_by(vehicle), at=NOON)


def test_only_a_ready_vehicle_for_lease_is_deployed() -> None:
    idle = make.vehicle(state="IDLE")
    van = make.vehicle(use="SERVICE")
    for vehicle in (idle, van):
        with pytest.raises(VehicleUnavailable):
            services.deploy_vehicle(vehicle_id=vehicle.id, actor=_by(vehicle), at=NOON)


def test_a_vehicle_that_moved_in_as_leased_is_taken_up_once() -> None:
    vehicle = make.vehicle(state="LEASED")
    customer, by = uuid7(), _by(vehicle)
    services.deploy_vehicle(vehicle_id=vehicle.id, customer_id=customer, actor=by, at=NOON)
    vehicle.refresh_from_db()
    assert (vehicle.state, vehicle.customer_id) == ("LEASED", customer)
    assert VehicleEvent.objects.filter(vehicle=vehicle).count() == 1
    with pytest.raises(VehicleUnavailable):
        services.deploy_vehicle(vehicle_id=vehicle.id, actor=by, at=NOON)


def test_taking_back_refuses_what_is_not_out_and_an_odometer_that_ran_backwards() -> None:
    ready = make.vehicle()
    with pytest.raises(IllegalMove):
        services.take_back_vehicle(vehicle_id=ready.id, odometer_km=None, actor=_by(ready), at=NOON)
    out = make.vehicle(state="LEASED", odometer_km=Decimal(500))
    with pytest.raises(OdometerBackwards):
        services.take_back_vehicle(
            vehicle_id=out.id, odometer_km=Decimal(499), actor=_by(out), at=NOON
        )


def test_a_leased_vehicle_in_service_is_not_retired() -> None:
    vehicle = make.vehicle(state="LEASED")
    services.send_to_service(vehicle_id=vehicle.id, actor=_by(vehicle), at=NOON)
    with pytest.raises(LeaseLive):
        _propose(vehicle, _by(vehicle))


def _propose(vehicle: Vehicle, by: Actor, price: int = 30_000) -> None:
    services.propose_retirement(
        vehicle_id=vehicle.id, reason="事故报废", floor_price=Decimal(price), actor=by, at=NOON
    )


def test_a_second_person_approves_a_retirement_and_any_lower_price() -> None:
    vehicle = make.vehicle(state="IDLE")
    clerk, lead = _by(vehicle), _by(vehicle)
    with pytest.raises(NotProposed):
        services.retire_vehicle(vehicle_id=vehicle.id, actor=lead, at=NOON)
    _propose(vehicle, clerk)
    with pytest.raises(AlreadyProposed):
        _propose(vehicle, lead)
    with pytest.raises(OwnProposal):
        services.retire_vehicle(vehicle_id=vehicle.id, actor=clerk, at=NOON)
    services.reject_retirement(vehicle_id=vehicle.id, note="还能用", actor=lead, at=NOON)
    _propose(vehicle, clerk)
    services.retire_vehicle(vehicle_id=vehicle.id, actor=lead, at=NOON)
    below: dict[str, Any] = {"vehicle_id": vehicle.id, "price": Decimal(29_999), "at": NOON}
    with pytest.raises(BelowResidualWithoutApproval):
        services.sell_vehicle(**below, actor=lead)
    with pytest.raises(OwnProposal):
        services.approve_lower_price(**below, actor=clerk)
    services.approve_lower_price(**below, actor=lead)
    services.sell_vehicle(**below, actor=clerk, buyer="二手车行")
    disposal = Disposal.objects.get(vehicle=vehicle, state="SOLD")
    assert (disposal.price, disposal.buyer) == (Decimal(29_999), "二手车行")
    with pytest.raises(DatabaseError), transaction.atomic():
        Disposal.objects.filter(id=disposal.id).update(price=1)


def test_a_neighbour_neither_sees_nor_moves_the_vehicle() -> None:
    vehicle = make.vehicle()
    stranger = org_make.actor(org_make.operator(), "fleet.*")
    with pytest.raises(Vehicle.DoesNotExist):
        services.send_to_service(vehicle_id=vehicle.id, actor=stranger, at=NOON)


def test_each_verb_asks_its_permission() -> None:
    vehicle = make.vehicle()
    clerk = org_make.actor(vehicle.org, "fleet.view")
    with pytest.raises(NotPermitted):
        services.set_idle(vehicle_id=vehicle.id, reason="x", actor=clerk, at=NOON)
    with pytest.raises(NotPermitted):
        services.file_document(
            vehicle_id=vehicle.id,
            kind="ROAD_PERMIT",
            expires_on=date(2030, 1, 1),
            actor=clerk,
            at=NOON,
        )
