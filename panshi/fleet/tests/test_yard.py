"""Lots, keys, transfers and stock takes: one holder, one transfer, each disagreement listed."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import DatabaseError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from panshi.fleet import queries, services
from panshi.fleet.events import StocktakeVarianceFound
from panshi.fleet.models import Inspection, KeyCustody, StockTakeVariance, Transfer, Vehicle
from panshi.fleet.rules.places import apart_km, disagreement
from panshi.fleet.services import LevelNow
from panshi.fleet.tests import make
from panshi.fleet.tests.make import NOON
from panshi.kit import facts
from panshi.kit.models import Outbox
from panshi.kit.refusals import IllegalMove
from panshi.kit.tenancy import hq_actor
from panshi.optimiser.match import Place
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.org.tests.window import page, window

YARD = Place(120.2, 30.3)
NEAR, FAR = Place(120.205, 30.3), Place(120.25, 30.3)  # Half a kilometre, nearly five.


def _lot(node: OrgNode, name: str = "一号场") -> UUID:
    return services.open_lot(
        org_id=node.id, name=name, city=node.city, bays=20, lon=YARD.lon, lat=YARD.lat,
        actor=hq_actor(node.id), at=NOON,
    ).lot_id  # fmt: skip


def _lend(vehicle: Vehicle, holder: str, minutes: int = 0, key_no: int = 1) -> UUID:
    return services.lend_key(
        vehicle_id=vehicle.id,
        key_no=key_no,
        holder=holder,
        actor=org_make.actor(vehicle.org, "fleet.*"),
        at=NOON + timedelta(minutes=minutes),
    ).custody_id


def test_a_key_has_one_holder_at_a_time() -> None:
    vehicle = make.vehicle()
    custody = _lend(vehicle, "李师傅")
    _lend(vehicle, "王师傅", key_no=2)
    with pytest.raises(services.KeyOut, match="李师傅"):
        _lend(vehicle, "赵师傅", minutes=1)
    by = org_make.actor(vehicle.org, "fleet.*")
    services.return_key(custody_id=custody, actor=by, at=NOON + timedelta(minutes=2))
    with pytest.raises(services.KeyNotOut):
        services.return_key(custody_id=custody, actor=by, at=NOON + timedelta(minutes=3))
    _lend(vehicle, "赵师傅", minutes=3)
    with pytest.raises(DatabaseError), transaction.atomic():
        KeyCustody.objects.create(
            org_id=vehicle.org_id, vehicle=vehicle, key_no=1, holder="别人", lent_by_id=by.id,
            during=DateTimeTZRange(NOON, NOON + timedelta(minutes=1), "[)"),
        )  # fmt: skip
    assert len(queries.keys_lent(actor=by, at=NOON)) == 2
    assert len(queries.keys_lent(actor=by, at=NOON, vehicle_id=vehicle.id, returned=True)) == 3


def _propose(vehicle: Vehicle, city: str = "宁波") -> UUID:
    fact = services.transfer_vehicles(
        vehicle_ids=[vehicle.id], to_city=city, reason="旺季", actor=org_make.actor(
            vehicle.org, "fleet.*"
        ), at=NOON,
    )  # fmt: skip
    return fact.transfer_ids[0]


def test_a_transfer_is_approved_dispatched_and_arrives() -> None:
    vehicle = make.vehicle()
    lot = _lot(vehicle.org)
    services.park_vehicles(lot_id=lot, vehicle_ids=[vehicle.id], actor=hq_actor(), at=NOON)
    transfer = _propose(vehicle)
    proposer = Transfer.objects.get(id=transfer).proposed_by_id
    lead = org_make.actor(vehicle.org, "fleet.*")
    with pytest.raises(services.TransferOpen):
        _propose(vehicle)
    with pytest.raises(IllegalMove):
        services.arrive_transfer(transfer_id=transfer, actor=lead, at=NOON)
    services.approve_transfer(transfer_id=transfer, actor=lead, at=NOON)
    assert Transfer.objects.get(id=transfer).decided_by_id != proposer
    services.dispatch_transfer(
        transfer_id=transfer, carrier="顺达", eta_on=date(2026, 6, 3), actor=lead, at=NOON
    )
    with pytest.raises(services.VehicleUnavailable):
        services.deploy_vehicle(vehicle_id=vehicle.id, actor=hq_actor(), at=NOON)
    services.arrive_transfer(transfer_id=transfer, actor=lead, at=NOON + timedelta(days=2))
    vehicle.refresh_from_db()
    assert (vehicle.city, vehicle.lot_id, vehicle.parking) == ("宁波", None, "")
    with pytest.raises(services.NowhereElse):
        _propose(vehicle)


def test_who_proposed_does_not_approve_and_two_open_transfers_are_refused() -> None:
    vehicle = make.vehicle()
    by = org_make.actor(vehicle.org, "fleet.*")
    fact = services.transfer_vehicles(
        vehicle_ids=[vehicle.id], to_city="宁波", reason="旺季", actor=by, at=NOON
    )
    with pytest.raises(services.OwnProposal):
        services.approve_transfer(transfer_id=fact.transfer_ids[0], actor=by, at=NOON)
    with pytest.raises(DatabaseError), transaction.atomic():
        Transfer.objects.create(
            org_id=vehicle.org_id, vehicle=vehicle, from_city="杭州", to_city="温州", reason="x",
            proposed_by_id=by.id, proposed_at=NOON,
        )  # fmt: skip


def test_transfers_are_all_or_none() -> None:
    free = make.vehicle()
    leased = make.vehicle(org=free.org)
    services.deploy_vehicle(vehicle_id=leased.id, actor=hq_actor(), at=NOON)
    with pytest.raises(services.VehicleOut):
        services.transfer_vehicles(
            vehicle_ids=[free.id, leased.id], to_city="宁波", reason="x",
            actor=org_make.actor(free.org, "fleet.*"), at=NOON,
        )  # fmt: skip
    assert not Transfer.objects.exists()


def _gps(vehicle: Vehicle, place: Place, days_old: int = 0) -> None:
    level = LevelNow(
        vehicle_id=vehicle.id, lon=place.lon, lat=place.lat,
        place_at=NOON - timedelta(days=days_old), soc_pct=Decimal(60), soc_at=NOON,
    )  # fmt: skip
    services.plan_upkeep(levels=[level], actor=hq_actor(), at=NOON)


def test_a_count_lists_what_is_missing_unexpected_and_apart() -> None:
    node = org_make.operator()
    there, gone, stray, far, old = (make.vehicle(org=node) for _ in range(5))
    lot = _lot(node)
    services.park_vehicles(
        lot_id=lot, vehicle_ids=[there.id, gone.id, far.id, old.id], actor=hq_actor(), at=NOON
    )
    _gps(there, NEAR)
    _gps(far, FAR)
    _gps(old, FAR, days_old=3)
    by = org_make.actor(node, "fleet.*")
    take = services.start_stocktake(lot_id=lot, actor=by, at=NOON).stocktake_id
    with pytest.raises(services.CountOpen):
        services.start_stocktake(lot_id=lot, actor=by, at=NOON)
    for vehicle in (there, stray, far, old, there):
        services.count_vehicle(
            stocktake_id=take, plate=vehicle.plate.lower(), lon=YARD.lon, lat=YARD.lat,
            actor=by, at=NOON,
        )  # fmt: skip
    with pytest.raises(services.UnknownVehicle):
        services.count_vehicle(stocktake_id=take, plate="浙A00000", actor=by, at=NOON)
    closed = services.close_stocktake(stocktake_id=take, actor=by, at=NOON)
    assert (closed.expected, closed.scanned, closed.variances) == (4, 4, 3)
    told = Outbox.objects.get(name="fleet.StocktakeVarianceFound")
    fact = facts.from_plain(told.name, told.payload)
    assert isinstance(fact, StocktakeVarianceFound)
    assert {(row.vehicle_id, row.kind) for row in fact.items} == {
        (gone.id, "MISSING"), (stray.id, "UNEXPECTED"), (far.id, "APART"),
    }  # fmt: skip
    assert Inspection.objects.filter(kind="COUNT").count() == 4
    with pytest.raises(services.CountClosed):
        services.count_vehicle(stocktake_id=take, plate=gone.plate, actor=by, at=NOON)
    variance = StockTakeVariance.objects.get(vehicle=gone)
    with pytest.raises(services.CauseMissing):
        services.settle_variance(variance_id=variance.id, cause=" ", actor=by, at=NOON)
    services.settle_variance(variance_id=variance.id, cause="外出洗车", actor=by, at=NOON)
    variance.refresh_from_db()
    assert variance.cause == "外出洗车"


@pytest.mark.plain
@given(st.floats(-179, 179), st.floats(-89, 89), st.floats(-179, 179), st.floats(-89, 89))
def test_distances_are_the_same_both_ways_and_bounded(
    lon: float, lat: float, lon2: float, lat2: float
) -> None:
    one, two = Place(lon, lat), Place(lon2, lat2)
    there, back = apart_km(one, two), apart_km(two, one)
    assert there is not None
    assert back is not None
    assert abs(there - back) < 0.002
    assert 0 <= there <= 20_016
    assert apart_km(one, one) == 0


@pytest.mark.plain
def test_a_kilometre_is_the_border() -> None:
    def kind(place: Place | None) -> str:
        found = disagreement(expected=True, scanned=True, scan=YARD, gps=place, book=YARD)
        return found.kind if found else ""

    assert kind(Place(120.2, 30.3 + 0.00898)) == ""  # 0.9986 km.
    assert kind(Place(120.2, 30.3 + 0.00901)) == "APART"
    assert kind(None) == ""


def test_the_pages_of_the_yard() -> None:
    node = org_make.operator()
    vehicle = make.vehicle(org=node)
    yard = window(node, "OPERATIONS")
    lead = window(node, "DECISION_MAKER")
    given = {"name": "东区", "city": "杭州", "bays": "12", "lon": "120.2", "lat": "30.3"}
    assert yard.post(reverse("fleet-lot-new"), {**given, "lat": "99"}).status_code == 422
    lot = yard.post(reverse("fleet-lot-new"), given).headers["Location"]
    assert yard.post(reverse("fleet-lot-new"), given).status_code == 422
    yard.post(f"{lot}park/", {"plate": vehicle.plate})
    assert vehicle.plate[2:] in page(yard.get(lot))
    assert "东区" in page(yard.get(reverse("fleet-lots")))

    keys = reverse("fleet-keys", args=[vehicle.id])
    assert yard.post(keys, {"key_no": "1", "holder": "李师傅"}).status_code == 302
    assert "李师傅" in yard.post(keys, {"key_no": "1", "holder": "王"}).content.decode()
    assert "李师傅" in page(yard.get(reverse("fleet-lots")))
    custody = KeyCustody.objects.get()
    yard.post(reverse("fleet-key-return", args=[custody.id]))
    assert "All keys hang" in page(yard.get(reverse("fleet-lots")))

    asked = reverse("fleet-transfer-new", args=[vehicle.id])
    assert yard.post(asked, {"to_city": "杭州", "reason": "x"}).status_code == 422
    transfer = yard.post(asked, {"to_city": "宁波", "reason": "旺季"}).headers["Location"]
    assert "A second person approves it" in page(yard.get(transfer))
    assert yard.post(f"{transfer}approve/").status_code == 409
    assert lead.post(f"{transfer}approve/").status_code == 302
    assert yard.post(transfer, {"carrier": "", "eta_on": ""}).status_code == 422
    assert yard.post(transfer, {"carrier": "顺达", "eta_on": "2027-01-05"}).status_code == 302
    assert "顺达" in page(yard.get(transfer))

    count = yard.post(f"{lot}count/").headers["Location"]
    assert vehicle.plate in page(yard.get(count))
    assert yard.post(count, {"plate": "没有"}).status_code == 422
    assert (
        yard.post(count, {"plate": vehicle.plate, "lon": "121.0", "lat": "30.3"}).status_code == 302
    )
    assert yard.post(f"{count}close/").status_code == 302
    shown = page(yard.get(count))
    assert "Places lie apart" in shown
    variance = StockTakeVariance.objects.get()
    settle = reverse("fleet-variance-settle", args=[variance.stocktake_id, variance.id])
    assert yard.post(settle, {"cause": ""}).status_code == 409
    yard.post(settle, {"cause": "手机定位漂移"})
    assert "手机定位漂移" in page(yard.get(count))
    stranger = window(org_make.operator(), "OPERATIONS")
    for path in (lot, keys, transfer, count):
        assert stranger.get(path).status_code == 404, path
