"""What vehicles cost is posted to them, by hand, from papers and from a sheet."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection
from django.db.models import Sum
from django.urls import reverse
from django.utils import timezone

from panshi.billing import queries, services
from panshi.billing.cost_sheet import SHEET
from panshi.billing.models import VehicleCost
from panshi.billing.services.month_end import month_checks
from panshi.billing.tests.make import DAY, NOON
from panshi.fleet import services as fleet
from panshi.fleet.models import Vehicle
from panshi.fleet.tests import make as fleet_make
from panshi.kit import relay, workbooks
from panshi.kit.clock import add_months
from panshi.kit.imports import RecordsInUse
from panshi.kit.money import ZERO
from panshi.kit.refusals import NotPermitted
from panshi.kit.sheets import as_rows
from panshi.kit.tenancy import acting, hq_actor
from panshi.ledger.models import Posting
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.org.tests.window import page, window

SCAN = b"%PDF-1.7 a receipt"


@pytest.fixture
def node() -> OrgNode:
    return org_make.operator()


@pytest.fixture
def vehicle(node: OrgNode) -> Vehicle:
    return fleet_make.vehicle(org=node, state="READY")


def booked(vehicle: Vehicle) -> dict[str, Decimal]:
    """The accounts of a vehicle that are not zero."""
    postings = Posting.objects.filter(vehicle_id=vehicle.id).values_list("account")
    sums = dict(postings.annotate(sum=Sum("amount")).order_by())
    return {account: amount for account, amount in sums.items() if amount}


def record(vehicle: Vehicle, **given: Any) -> UUID:
    values: dict[str, Any] = {"kind": "ENERGY", "amount": Decimal("312.60"), "occurred_on": DAY}
    by = org_make.actor(vehicle.org, "billing.*")
    fact = services.record_vehicle_cost(vehicle_id=vehicle.id, actor=by, at=NOON, **values | given)
    return fact.cost_id


@pytest.mark.parametrize(
    ("kind", "account"),
    [
        ("ENERGY", "6401.energy"),
        ("INSURANCE", "6401.insurance"),
        ("MAINTENANCE", "6401.maintenance"),
        ("OTHER", "6401.other"),
        ("ACCIDENT_REPAIR", "2241.04"),
    ],
)
def test_a_cost_stands_at_its_vehicle_by_its_kind(
    vehicle: Vehicle, kind: str, account: str
) -> None:
    record(vehicle, kind=kind)
    amount = Decimal("312.60")
    assert booked(vehicle) == {account: amount, "1002": -amount}


def test_a_wrong_cost_is_cancelled_once_and_never_changed(vehicle: Vehicle) -> None:
    cost_id, by = record(vehicle), org_make.actor(vehicle.org, "billing.*")
    with pytest.raises(services.CostInvalid):
        services.reverse_vehicle_costs(cost_ids=[cost_id], reason=" ", actor=by, at=NOON)
    services.reverse_vehicle_costs(cost_ids=[cost_id], reason="录错", actor=by, at=NOON)
    assert booked(vehicle) == {}
    with pytest.raises(services.CostReversed):
        services.reverse_vehicle_costs(cost_ids=[cost_id], reason="又来", actor=by, at=NOON)
    other = record(vehicle)
    with pytest.raises(DatabaseError), acting(by, to_write=True), connection.cursor() as cursor:
        cursor.execute("UPDATE billing_vehiclecost SET amount = 1 WHERE id = %s", [other])


def test_a_cost_is_refused_without_sense_or_permission(vehicle: Vehicle) -> None:
    for given in (
        {"amount": Decimal(0)},
        {"kind": "FUN"},
        {"occurred_on": DAY + timedelta(1)},
    ):
        with pytest.raises(services.CostInvalid):
            record(vehicle, **given)
    stranger = org_make.actor(org_make.operator(), "billing.*")
    with pytest.raises(services.CostInvalid):
        services.record_vehicle_cost(
            vehicle_id=vehicle.id, kind="ENERGY", amount=Decimal(1), occurred_on=DAY,
            actor=stranger, at=NOON,
        )  # fmt: skip
    with pytest.raises(NotPermitted):
        services.record_vehicle_cost(
            vehicle_id=vehicle.id, kind="ENERGY", amount=Decimal(1), occurred_on=DAY,
            actor=org_make.actor(vehicle.org, "billing.view"), at=NOON,
        )  # fmt: skip
    assert booked(vehicle) == {}


def test_a_premium_is_posted_when_its_paper_is_filed(vehicle: Vehicle) -> None:
    by = hq_actor(vehicle.org_id)
    filed: dict[str, Any] = {
        "vehicle_id": vehicle.id, "expires_on": date(2028, 6, 30), "actor": by, "at": NOON,
    }  # fmt: skip
    fleet.file_document(
        kind="COMMERCIAL_INSURANCE", number="P-1", cost=Decimal(5200), issued_on=DAY, **filed
    )
    fleet.file_document(kind="COMPULSORY_INSURANCE", **filed)
    fleet.file_document(kind="ROAD_PERMIT", cost=Decimal(80), **filed)
    for _again in range(2):
        relay.drain()
    assert booked(vehicle) == {
        "1123": Decimal(5200), "6401.other": Decimal(80), "1002": Decimal(-5280),
    }  # fmt: skip
    (row,) = queries.vehicle_costs(vehicle_id=vehicle.id, kind="INSURANCE", actor=by).rows
    assert (row.reference, row.by_itself) == ("P-1", True)
    assert (row.covers_from, row.covers_until) == (DAY, date(2028, 6, 30))


def year_paid(vehicle: Vehicle, **given: Any) -> UUID:
    """A premium of 5,830.00 for 365 days from the middle of June, 330.00 of it input VAT."""
    values: dict[str, Any] = {
        "kind": "INSURANCE", "amount": Decimal(5830), "vat": Decimal(330),
        "covers_from": date(2027, 6, 15), "covers_until": date(2028, 6, 13),
    }  # fmt: skip
    return record(vehicle, **values | given)


def release(node: OrgNode, month: date) -> tuple[int, Decimal]:
    by = org_make.actor(node, "billing.*")
    fact = services.release_prepaid(month=month, actor=by, at=NOON)
    return fact.entries, fact.amount


def test_a_premium_reaches_its_vehicle_by_days_and_its_months_sum_to_it(
    node: OrgNode, vehicle: Vehicle
) -> None:
    year_paid(vehicle)
    assert booked(vehicle) == {
        "1123": Decimal(5500), "2221.02": Decimal(330), "1002": Decimal(-5830),
    }  # fmt: skip
    checks = {check.code: check for check in month_checks(org_id=node.id, month=date(2027, 6, 1))}
    assert not checks["PREPAID"].holds
    june = Decimal("241.10")  # 16 of 365 days: 241.0958…
    assert release(node, date(2027, 6, 1)) == (1, june)
    assert release(node, date(2027, 6, 30)) == (0, ZERO)
    assert booked(vehicle)["6401.insurance"] == june
    taken = [june]
    # The second month is left to the third, as if its book had been closed.
    for month in range(2, 13):
        entries, amount = release(node, add_months(date(2027, 6, 1), month))
        taken.append(amount)
        assert entries == 1
    assert sum(taken) == Decimal(5500)
    assert "1123" not in booked(vehicle)


def test_a_cancelled_premium_takes_back_what_it_released(node: OrgNode, vehicle: Vehicle) -> None:
    cost_id, by = year_paid(vehicle), org_make.actor(node, "billing.*")
    release(node, date(2027, 8, 1))
    services.reverse_vehicle_costs(cost_ids=[cost_id], reason="录错", actor=by, at=NOON)
    assert booked(vehicle) == {}
    assert release(node, date(2027, 9, 1)) == (0, ZERO)


@pytest.mark.parametrize(
    "given",
    [
        {"vat": Decimal(5830)},
        {"vat": Decimal(-1)},
        {"covers_until": None},
        {"covers_until": date(2027, 6, 14)},
        {"kind": "ACCIDENT_REPAIR"},
    ],
)
def test_a_premium_is_refused_without_sense(vehicle: Vehicle, given: dict[str, Any]) -> None:
    with pytest.raises(services.CostInvalid):
        year_paid(vehicle, **given)


def sheet_row(car: Vehicle, **given: Any) -> dict[str, Any]:
    values = {"kind": "ENERGY", "amount": Decimal("88.10"), "occurred_on": DAY}
    return {"vehicle": car.plate, **values, **given}


def stage(node: OrgNode, *rows: dict[str, Any]) -> UUID:
    return services.stage_cost_import(
        org_id=node.id,
        file_name="费用.xlsx",
        content=workbooks.write(sheet=SHEET, rows=rows),
        actor=org_make.actor(node, "billing.*"),
        at=NOON,
    ).batch_id


def commit(node: OrgNode, batch_id: UUID) -> tuple[int, int]:
    by = org_make.actor(node, "billing.*")
    fact = services.commit_cost_import(batch_id=batch_id, actor=by, at=NOON)
    return fact.created, fact.there_already


def test_a_sheet_of_costs_comes_in_once_and_goes_out_again(node: OrgNode, vehicle: Vehicle) -> None:
    batch_id = stage(node, sheet_row(vehicle), sheet_row(vehicle, reference="2"))
    assert commit(node, batch_id) == (2, 0)
    assert booked(vehicle)["6401.energy"] == Decimal("176.20")
    exported = as_rows(queries.cost_sheet_rows(actor=hq_actor(node.id)))
    new = sheet_row(vehicle, kind="OTHER")
    assert commit(node, stage(node, *exported, new)) == (1, 2)

    by = org_make.actor(node, "billing.*")
    services.undo_cost_import(batch_id=batch_id, actor=by, at=NOON)
    assert set(booked(vehicle)) == {"6401.other", "1002"}
    assert VehicleCost.objects.filter(org=node, reversed_at=None).count() == 1


def test_undo_is_refused_when_one_was_cancelled_by_hand(node: OrgNode, vehicle: Vehicle) -> None:
    batch_id = stage(node, sheet_row(vehicle), sheet_row(vehicle, amount=Decimal(5)))
    commit(node, batch_id)
    by = org_make.actor(node, "billing.*")
    row = VehicleCost.objects.get(org=node, amount=5)
    services.reverse_vehicle_costs(cost_ids=[row.id], reason="录错", actor=by, at=NOON)
    with pytest.raises(RecordsInUse):
        services.undo_cost_import(batch_id=batch_id, actor=by, at=NOON)


@pytest.mark.parametrize(
    ("given", "header"),
    [
        ({"vehicle": "粤ZZ9999"}, "车牌号"),
        ({"kind": "喝茶"}, "费用类别"),
        ({"amount": 0}, "金额(元)"),
        ({"amount": "1.2万"}, "金额(元)"),
        ({"occurred_on": date(2029, 1, 1)}, "日期"),
    ],
)
def test_a_wrong_cell_is_named(
    node: OrgNode, vehicle: Vehicle, given: dict[str, Any], header: str
) -> None:
    batch_id = stage(node, sheet_row(vehicle, **given))
    card = queries.cost_import(batch_id=batch_id, actor=hq_actor(node.id))
    assert [error.header for error in card.errors] == [header]


def test_the_pages_record_show_and_cancel_a_cost(node: OrgNode, vehicle: Vehicle) -> None:
    clerk, today = window(node, "FINANCE"), timezone.localdate()
    key = page(clerk.get(reverse("billing-cost-new") + f"?plate={vehicle.plate}"))
    assert vehicle.plate in key
    given = {
        "plate": vehicle.plate, "kind": "MAINTENANCE", "amount": "260.00",
        "occurred_on": today.isoformat(), "reference": "", "words": "补胎",
        "receipt": SimpleUploadedFile("r.pdf", SCAN, "application/pdf"),
    }  # fmt: skip
    answer = clerk.post(reverse("billing-cost-new"), given)
    assert answer.status_code == 302, answer.content.decode()[:3000]
    (row,) = VehicleCost.objects.filter(org=node)
    one = reverse("billing-cost", args=[row.id])
    assert "260.00" in page(clerk.get(one))
    assert "补胎" in page(clerk.get(reverse("billing-costs")))
    assert clerk.get(reverse("billing-cost-receipt", args=[row.id])).content == SCAN
    assert "260.00" in page(clerk.get(reverse("billing-vehicle-worth", args=[vehicle.id])))
    assert clerk.post(one, {"reason": ""}).status_code == 422
    assert clerk.post(one, {"reason": "录错"}).status_code == 302
    assert booked(vehicle) == {}
    given["plate"] = "粤ZZ9999"
    assert clerk.post(reverse("billing-cost-new"), given).status_code == 422
