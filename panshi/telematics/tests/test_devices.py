"""Register, install and remove terminals; open and close sessions; watch the silent."""

from datetime import timedelta

import pytest

from panshi.fleet.tests import make as fleet_make
from panshi.kit.models import Outbox
from panshi.kit.tenancy import hq_actor
from panshi.org.tests import make as org_make
from panshi.telematics import queries, services
from panshi.telematics.models import Device, LiveState, Session
from panshi.telematics.services import (
    DeviceKnown,
    EndedSession,
    IdentityInvalid,
    NewDevice,
    NewSession,
    SlotTaken,
    UnknownProtocol,
    UnknownVehicle,
)
from panshi.telematics.tests import make

NOON = make.NOON


def test_register_device_knows_a_phone_without_its_zeros() -> None:
    vehicle = fleet_make.vehicle()
    make.device(vehicle, protocol="JTT808", identity="013912345678")
    known = queries.device_directory(actor=hq_actor())[queries.CODES["JTT808"], "13912345678"]
    fitted = known.fitted_at(make.NOON_S)
    assert fitted is not None
    assert (fitted.vehicle_id, fitted.org_id) == (vehicle.id, vehicle.org_id)


def test_register_device_refuses_the_same_one_again_and_a_second_in_its_place() -> None:
    vehicle = make.connected()
    with pytest.raises(DeviceKnown):
        make.device(vehicle)
    with pytest.raises(SlotTaken):
        make.device(vehicle, identity=fleet_make.vin())
    with pytest.raises(UnknownProtocol):
        make.device(vehicle, protocol="MQTT", identity="x")
    for identity in (" ", "9" * 41):
        with pytest.raises(IdentityInvalid):
            make.device(vehicle, protocol="JTT808", identity=identity)


def test_register_device_refuses_a_vehicle_out_of_sight() -> None:
    vehicle = fleet_make.vehicle()
    stranger = org_make.actor(org_make.operator(), "telematics.*")
    with pytest.raises(UnknownVehicle):
        services.register_device(
            protocol="GB32960", identity=vehicle.vin, vehicle_id=vehicle.id, actor=stranger, at=NOON
        )


def test_register_devices_enters_all_or_none() -> None:
    vehicles = [fleet_make.vehicle() for _ in range(3)]
    devices = [NewDevice(protocol="GB32960", identity=v.vin, vehicle_id=v.id) for v in vehicles]
    actor = hq_actor(org_make.platform().id)
    with pytest.raises(DeviceKnown):
        services.register_devices(devices=[*devices, devices[0]], actor=actor, at=NOON)
    assert Device.objects.count() == 0
    services.register_devices(devices=devices, actor=actor, at=NOON)
    assert Device.objects.count() == 3


def test_a_moved_terminals_late_frames_stay_with_the_vehicle_they_came_from() -> None:
    first, second = make.connected(), fleet_make.vehicle()
    device = Device.objects.get(identity=first.vin)
    actor = hq_actor(org_make.platform().id)
    services.remove_terminal(device_id=device.id, actor=actor, at=NOON)
    services.install_terminal(
        device_id=device.id, vehicle_id=second.id, actor=actor, at=NOON + timedelta(hours=1)
    )
    known = queries.device_directory(actor=hq_actor())[queries.CODES["GB32960"], first.vin]
    found = [known.fitted_at(make.NOON_S + after) for after in (-60, 1800, 7200)]
    assert [fitted and fitted.vehicle_id for fitted in found] == [first.id, None, second.id]


def test_open_sessions_lets_the_newer_win() -> None:
    device = Device.objects.get(identity=make.connected().vin)
    actor = hq_actor(org_make.platform().id)

    def sign_in(epoch: int) -> int:
        new = NewSession(device_id=device.id, epoch=epoch, peer="10.0.0.1:1", opened_at=NOON)
        return services.open_sessions(gateway=1, sessions=[new], actor=actor, at=NOON).count

    assert [sign_in(5), sign_in(9), sign_in(7)] == [1, 1, 0]
    ended = EndedSession(device_id=device.id, epoch=5, closed_at=NOON, reason="LINE_LOST", frames=3)
    assert services.close_sessions(sessions=[ended], actor=actor, at=NOON).count == 0
    rows = Session.objects.filter(device=device).order_by("epoch")
    assert [(row.epoch, row.reason) for row in rows] == [(5, "REPLACED"), (9, "")]
    closed = services.close_gateway(
        gateway=1, before_epoch=100, reason="GATEWAY_LOST", actor=actor, at=NOON
    )
    assert closed.count == 1


def test_watch_silence_tells_each_step_once_and_contact_restored_after() -> None:
    vehicle = make.connected()
    make.record(make.seen(vehicle, soc_pct=44))
    actor = hq_actor(org_make.platform().id)

    def told(after_h: float) -> int:
        at = NOON + timedelta(hours=after_h)
        return services.watch_silence(actor=actor, at=at).vehicles

    assert [told(1), told(2.1), told(3), told(25), told(26), told(73), told(99)] == [
        0, 1, 0, 1, 0, 1, 0,
    ]  # fmt: skip
    facts = Outbox.objects.filter(name="telematics.VehicleWentOffline").order_by("id")
    assert [fact.payload["hours"] for fact in facts] == [2, 24, 72]
    make.record(make.seen(vehicle, after_s=360_000, soc_pct=44))
    (restored,) = Outbox.objects.filter(name="telematics.ContactRestored")
    assert float(restored.payload["silent_hours"]) == 100
    assert LiveState.objects.get(id=vehicle.id).offline_told == 0


def test_update_mileage_carries_the_odometer_to_the_archive() -> None:
    vehicle = make.connected()
    make.record(make.seen(vehicle, odometer_tenths=932_661, soc_pct=57))
    services.update_mileage(actor=hq_actor(org_make.platform().id), at=NOON)
    vehicle.refresh_from_db()
    assert (str(vehicle.odometer_km), str(vehicle.soc_pct)) == ("93266.1", "57.0")


def test_follow_owners_moves_live_state_with_the_lease() -> None:
    from panshi.kit.ids import uuid7

    vehicle, lessee = make.connected(), uuid7()
    make.record(make.seen(vehicle, soc_pct=57))
    type(vehicle).objects.filter(id=vehicle.id).update(customer_id=lessee)
    actor = hq_actor(org_make.platform().id)
    assert services.follow_owners(actor=actor, at=NOON).vehicles == 1
    assert services.follow_owners(actor=actor, at=NOON).vehicles == 0
    assert LiveState.objects.get(id=vehicle.id).customer_id == lessee
