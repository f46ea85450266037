"""A maker calls vehicles back … and none of them is delivered until it was done."""

from datetime import UTC, date, datetime

import pytest

from panshi.fleet import queries, services
from panshi.fleet.models import Vehicle
from panshi.fleet.tests import make
from panshi.org.tests import make as org_make
from panshi.org.tests.window import page, window

NOON = datetime(2026, 6, 21, 4, tzinfo=UTC)
NUMBER = "S2026M0042"


def test_a_recall_keeps_its_vehicles_in_the_yard_until_it_is_done() -> None:
    vehicle, other = make.vehicle(), make.vehicle()
    desk = window(vehicle.org, "OPERATIONS")
    Vehicle.objects.filter(id=vehicle.id).update(
        pack_no="P-0150", first_registered_on=date(2026, 3, 1)
    )
    for asked, proposed in (
        ({"pack_from": "P-0100", "pack_until": "P-0199", "since": "2026-03-01"}, True),
        ({"model_name": vehicle.model_name, "until": "2026-03-01"}, True),
        ({"pack_from": "P-0151"}, False),
        ({"until": "2026-02-28"}, False),
        ({}, False),
    ):
        shown = page(desk.get("/fleet/recalls/new/", asked))
        assert (vehicle.vin in shown, other.vin in shown) == (proposed, False), asked
    given = {"number": NUMBER, "words": "高压线束磨损", "vins": f"{vehicle.vin}\n{other.vin}"}
    told = desk.post("/fleet/recalls/new/", given, follow=True).content.decode()
    assert other.vin in told  # A neighbour's vehicle is not in the register here.
    assert vehicle.plate in page(desk.get("/fleet/recalls/?open=1"))

    by = org_make.actor(vehicle.org, "fleet.*")
    with pytest.raises(services.RecallOpen, match=NUMBER):
        services.deploy_vehicle(vehicle_id=vehicle.id, actor=by, at=NOON)
    again = services.set_recall_open(
        vehicle_ids=[vehicle.id], number=NUMBER, words="同上", actor=by, at=NOON
    )
    assert again.vehicle_ids == ()

    record = f"/fleet/vehicles/{vehicle.id}/"
    assert NUMBER in page(desk.get(record))
    silent = desk.post(f"{record}recall/", {"number": NUMBER, "words": " "})
    assert silent.status_code == 409
    desk.post(f"{record}recall/", {"number": NUMBER, "words": "换新线束，厂家授权站"})
    assert NUMBER not in page(desk.get(record))
    services.deploy_vehicle(vehicle_id=vehicle.id, actor=by, at=NOON)
    (row,) = queries.recalls(actor=by).rows
    assert row.done_words == "换新线束，厂家授权站"


def test_what_no_recall_is_is_told_at_its_field() -> None:
    desk = window(org_make.operator(), "OPERATIONS")
    none = desk.post("/fleet/recalls/new/", {"number": "1", "words": "x", "vins": "LXXX"})
    assert (none.status_code, "None of these" in none.content.decode()) == (422, True)
    empty = desk.post("/fleet/recalls/new/", {"number": "1", "words": "x", "vins": ""})
    assert empty.status_code == 422
