"""The yard's door: its part of the day, and each act of a return, a delivery and a count."""

from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from panshi.field.tests import make
from panshi.field.tests.make import JPEG, REQUIRED, Yard
from panshi.field.tests.test_acts import send, window
from panshi.fleet import queries as fleet
from panshi.fleet.models import Inspection, StockTake, TerminalLevel, Vehicle
from panshi.kit.tenancy import hq_actor
from panshi.leasing import queries as leasing
from panshi.leasing.models import Handover, Lease
from tests.town import person


@pytest.fixture
def yard(_house: None) -> Yard:
    return make.arrange()


def handing(phone: Client, kind: str) -> dict[str, Any]:
    day = phone.get("/field/day.json").json()
    (found,) = (each for each in day["yard"]["handings"] if each["kind"] == kind)
    return dict(found)


def done(phone: Client, verb: str, given: dict[str, Any], **more: Any) -> Any:
    """An act that must be taken, sent twice as a phone does whose answer was lost."""
    key = uuid4()
    content = more.pop("content", None)

    def sent() -> Any:
        beside = {"content": SimpleUploadedFile("p.jpg", content)} if content else {}
        return send(phone, verb, given, key=key, **beside, **more)

    first, second = sent(), sent()
    assert (first.status_code, second.status_code) == (201, 200), (verb, first.content)
    return first.json()["fact"]


def inspect(phone: Client, kind: str, *, km: str, marks: list[dict[str, Any]]) -> UUID:
    """An inspection as the phone sends it: begun under its own id, photographed and signed."""
    row, inspection_id = handing(phone, kind), uuid4()
    done(
        phone, "fleet.start_inspection",
        {"vehicle_id": row["vehicle_id"], "kind": kind, "inspection_id": inspection_id,
         "marks": row["known"]},
    )  # fmt: skip
    for mark in marks:
        done(phone, "fleet.mark_damage", {"inspection_id": inspection_id, **mark}, content=JPEG)
    for view in REQUIRED:
        given = {"inspection_id": inspection_id, "view": view, "photo_name": f"{view}.jpg"}
        done(phone, "fleet.keep_inspection_photo", given, content=JPEG)
    done(
        phone, "fleet.complete_inspection",
        {"inspection_id": inspection_id, "odometer_km": km, "soc_pct": "41", "passed": True,
         "customer_signed": "王芳"},
    )  # fmt: skip
    return inspection_id


DENT = {
    "view": "LEFT", "part": "SIDE_LEFT", "damage": "DENT", "size": "45", "count": 1,
    "photo_name": "damage.jpg",
}  # fmt: skip


def hand(phone: Client, verb: str, lease_id: UUID, inspection_id: UUID, km: str) -> Any:
    """Both signatures, then the act that names them."""
    customer, staff = uuid4(), uuid4()
    for name, file_id in (("customer.png", customer), ("staff.png", staff)):
        given = {"lease_id": lease_id, "name": name, "file_id": file_id}
        done(phone, "leasing.keep_handover_proof", given, content=JPEG)
    return done(
        phone, verb,
        {"lease_id": lease_id, "odometer_km": km, "soc_pct": "41", "signed_by": "王芳",
         "checklist": {"KEYS": "YES"}, "signature_id": customer, "staff_signature_id": staff,
         "inspection_id": inspection_id},
    )  # fmt: skip


def test_the_day_holds_all_that_a_return_needs_without_network(yard: Yard) -> None:
    phone = window(yard.hand, "zh-hans")
    day = phone.get("/field/day.json").json()

    assert (day["jobs"], day["van"]) == ([], None)
    row = handing(phone, "IN")
    assert (row["plate"], row["last_km"], row["out_km"]) == ("粤BD12345", "1200.0", "1200.0")
    assert [(m["part"], m["damage"], m["size"]) for m in row["known"]] == [
        ("DOOR_LEFT", "PRIMER", "30.0")
    ]
    (standard,) = day["yard"]["standards"]
    assert row["standard"] == standard["name"]
    assert {"damage", "parts", "free_size", "price", "words"} <= set(standard["clauses"][0])
    left = next(view for view in day["yard"]["views"] if view["code"] == "LEFT")
    assert (left["words"], left["required"]) == ("左侧", True)
    assert [view["code"] for view in day["yard"]["views"] if view["required"]] == list(REQUIRED)
    assert day["yard"]["checks"][0]["code"] == "KEYS"


def test_each_sees_what_they_may_do(yard: Yard) -> None:
    dispatcher = window(person(yard.org_id, "luo", "罗勇", "DISPATCHER"))
    both = window(person(yard.org_id, "chen", "陈雨桐", "OPERATIONS"))

    engineer = window(person(yard.org_id, "huang", "黄志强", "ENGINEER"))

    assert engineer.get("/field/day.json").json()["yard"] is None
    assert both.get("/field/day.json").json()["yard"]["may_correct"] is True
    assert window(yard.hand).get("/field/day.json").json()["yard"]["may_correct"] is False
    assert dispatcher.get("/field/day.json").json()["yard"] is None


def test_a_return_is_taken_act_by_act_and_priced_by_its_inspection(yard: Yard) -> None:
    phone = window(yard.hand)
    done(phone, "leasing.record_arrival", {"lease_id": yard.returning})
    inspection_id = inspect(phone, "IN", km="9000", marks=[DENT])

    hand(phone, "leasing.accept_return", yard.returning, inspection_id, "9000")

    assert Lease.objects.get(id=yard.returning).state == "SETTLING"
    vehicle = Vehicle.objects.get(id=yard.returning_vehicle)
    assert (vehicle.state, vehicle.odometer_km, vehicle.needs_check) == (
        "IDLE", Decimal(9000), False,
    )  # fmt: skip
    boss = hq_actor(yard.org_id)
    card = fleet.inspection_card(inspection_id=inspection_id, actor=boss, at=yard.at)
    assert [(line.part, line.status, line.amount) for line in card.lines] == [
        ("DOOR_LEFT", "SAME", Decimal(0)), ("SIDE_LEFT", "NEW", Decimal("260.00")),
    ]  # fmt: skip
    assert card.marks[1].photo_id is not None
    (charge,) = leasing.inspected_charges(lease_id=yard.returning, actor=boss, at=yard.at)
    assert (charge.amount, charge.clause) == (Decimal("260.00"), "1.3")
    handover = Handover.objects.get(inspection_id=inspection_id)
    assert handover.signature_id
    assert handover.staff_signature_id
    assert Inspection.objects.get(id=inspection_id).device_at is not None


def test_the_settlement_proposes_what_the_inspection_priced(yard: Yard) -> None:
    phone = window(yard.hand)
    inspection_id = inspect(phone, "IN", km="9000", marks=[DENT])
    hand(phone, "leasing.accept_return", yard.returning, inspection_id, "9000")

    desk = window(person(yard.org_id, "chen", "陈雨桐", "OPERATIONS"))
    page = desk.get(f"/leasing/leases/{yard.returning}/settle/").content.decode()

    assert 'value="260.00"' in page
    assert "Left side panel: Dent without loss of paint" in page


def test_a_handover_waits_for_its_inspection_to_be_signed(yard: Yard) -> None:
    phone, inspection_id = window(yard.hand), uuid4()
    given = {
        "vehicle_id": yard.returning_vehicle, "kind": "IN", "inspection_id": inspection_id,
    }  # fmt: skip
    done(phone, "fleet.start_inspection", given)
    back = {
        "lease_id": yard.returning, "odometer_km": "9000", "soc_pct": "41", "signed_by": "王芳",
        "inspection_id": inspection_id,
    }  # fmt: skip

    unsigned = send(phone, "leasing.accept_return", back)
    other = send(phone, "leasing.complete_handover", back | {"lease_id": yard.leaving})
    unseen = send(
        phone, "fleet.complete_inspection",
        {"inspection_id": inspection_id, "odometer_km": "9000", "soc_pct": "41", "passed": True},
    )  # fmt: skip
    again = send(phone, "fleet.start_inspection", given)

    assert [a.status_code for a in (unsigned, other, unseen, again)] == [409] * 4
    assert "signed" in unsigned.json()["words"]
    assert "another vehicle" in other.json()["words"]
    assert "FRONT" in unseen.json()["words"]
    row = handing(phone, "IN")
    assert row["begun"]["id"] == str(inspection_id)


def test_a_delivery_is_handed_over_and_leaves(yard: Yard) -> None:
    phone = window(yard.hand)
    inspection_id = inspect(phone, "OUT", km="870", marks=[])
    hand(phone, "leasing.complete_handover", yard.leaving, inspection_id, "870")
    assert handing(phone, "OUT")["handed"] is True

    done(phone, "leasing.activate_lease", {"lease_id": yard.leaving})

    assert Lease.objects.get(id=yard.leaving).state == "ACTIVE"
    assert Vehicle.objects.get(id=yard.leaving_vehicle).odometer_km == 870


def test_an_odometer_reads_less_only_for_a_supervisors_reason(yard: Yard) -> None:
    phone, inspection_id = window(yard.hand), uuid4()
    boss = window(person(yard.org_id, "chen", "陈雨桐", "OPERATIONS"))
    done(
        phone, "fleet.start_inspection",
        {"vehicle_id": yard.returning_vehicle, "kind": "IN", "inspection_id": inspection_id},
    )  # fmt: skip
    for view in REQUIRED:
        given = {"inspection_id": inspection_id, "view": view, "photo_name": "p.jpg"}
        done(phone, "fleet.keep_inspection_photo", given, content=JPEG)
    low = {"inspection_id": inspection_id, "odometer_km": "1150", "soc_pct": "41", "passed": True}

    without = send(phone, "fleet.complete_inspection", low)
    not_theirs = send(phone, "fleet.complete_inspection", low | {"lower_because": "换过仪表"})
    done(boss, "fleet.complete_inspection", low | {"lower_because": "换过仪表"})

    assert (without.status_code, not_theirs.status_code) == (409, 403)
    note = Inspection.objects.get(id=inspection_id).note
    assert "1200.0 → 1150" in note
    assert "换过仪表" in note


def test_what_a_terminal_said_after_the_inspection_is_no_reading_of_it(yard: Yard) -> None:
    from datetime import timedelta

    from django.utils import timezone

    phone, now = window(yard.hand), timezone.now()
    TerminalLevel.objects.create(
        org_id=yard.org_id, vehicle_id=yard.returning_vehicle, odometer_km=9300, soc_pct=20,
        odometer_at=now, soc_at=now,
    )  # fmt: skip
    inspection_id = uuid4()
    early = now - timedelta(hours=3)
    done(
        phone, "fleet.start_inspection",
        {"vehicle_id": yard.returning_vehicle, "kind": "IN", "inspection_id": inspection_id},
        done_at=early, now=now,
    )  # fmt: skip
    for view in REQUIRED:
        given = {"inspection_id": inspection_id, "view": view, "photo_name": "p.jpg"}
        done(phone, "fleet.keep_inspection_photo", given, content=JPEG, done_at=early, now=now)
    done(
        phone, "fleet.complete_inspection",
        {"inspection_id": inspection_id, "odometer_km": "9000", "soc_pct": "41", "passed": True},
        done_at=early, now=now,
    )  # fmt: skip

    found = Inspection.objects.get(id=inspection_id)
    assert (found.source, found.odometer_km) == ("TYPED", Decimal(9000))


@pytest.mark.parametrize("content", [b"", b"\x00\x00\x00\x18ftypheic rest", b"not a picture"])
def test_a_photo_that_is_none_is_refused_and_the_inspection_goes_on(
    yard: Yard, content: bytes
) -> None:
    phone, inspection_id = window(yard.hand), uuid4()
    done(
        phone, "fleet.start_inspection",
        {"vehicle_id": yard.returning_vehicle, "kind": "IN", "inspection_id": inspection_id},
    )  # fmt: skip
    given = {"inspection_id": inspection_id, "view": "FRONT", "photo_name": "p.jpg"}

    answer = send(
        phone, "fleet.keep_inspection_photo", given,
        content=SimpleUploadedFile("p.jpg", content),
    )  # fmt: skip

    assert answer.status_code == 409
    assert answer.json()["words"]
    done(phone, "fleet.keep_inspection_photo", given, content=JPEG)


def test_a_lot_is_counted_from_the_phone(yard: Yard) -> None:
    phone, stocktake_id = window(yard.hand), uuid4()
    (sheet,) = phone.get("/field/day.json").json()["yard"]["counts"]
    assert [each["plate"] for each in sheet["expected"]] == ["粤BD60001", "粤BD60002"]

    done(phone, "fleet.start_stocktake", {"lot_id": yard.lot, "stocktake_id": stocktake_id})
    done(phone, "fleet.count_vehicle", {"stocktake_id": stocktake_id, "plate": "粤BD60001"})
    stranger = send(phone, "fleet.count_vehicle", {"stocktake_id": stocktake_id, "plate": "粤X"})
    (open_sheet,) = phone.get("/field/day.json").json()["yard"]["counts"]
    done(phone, "fleet.close_stocktake", {"stocktake_id": stocktake_id})

    assert stranger.status_code == 409
    assert open_sheet["stocktake_id"] == str(stocktake_id)
    assert open_sheet["seen"] == ["粤BD60001"]
    take = StockTake.objects.get(id=stocktake_id)
    assert (take.expected, take.scanned) == (2, 1)
    assert Inspection.objects.get(stocktake=take).device_at is not None


def test_upkeep_is_finished_by_its_evidence(yard: Yard) -> None:
    phone = window(yard.hand)

    def tasks() -> dict[str, dict[str, Any]]:
        rows = phone.get("/field/day.json").json()["yard"]["upkeep"]
        return {row["kind"]: row for row in rows if row["plate"] == "粤BD60001"}

    start, whole = tasks()["START"], tasks()["FULL_CHECK"]
    assert (start["least_volts"], start["needs_soc"]) == ("12.20", False)
    assert whole["needs_photo"] is True

    low = send(phone, "fleet.finish_upkeep", {"task_id": start["id"], "volts": "11.9"})
    bare = send(phone, "fleet.finish_upkeep", {"task_id": whole["id"], "note": "已全检"})
    done(phone, "fleet.finish_upkeep", {"task_id": start["id"], "volts": "12.6"})
    given = {"task_id": whole["id"], "note": "已全检", "photo_name": "p.jpg"}
    done(phone, "fleet.finish_upkeep", given, content=JPEG)

    assert (low.status_code, bare.status_code) == (409, 409)
    assert set(tasks()) == {"CHECK_CALL", "TYRES"}
