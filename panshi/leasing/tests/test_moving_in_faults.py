"""What a sheet of leases may not say: each cell is named, with the reason."""

from datetime import date
from decimal import Decimal

import pytest

from panshi.crm.tests import make as crm_make
from panshi.fleet.models import Vehicle
from panshi.fleet.tests import make as fleet_make
from panshi.kit.models import ImportRow
from panshi.leasing import services
from panshi.leasing.models import Lease, Segment
from panshi.leasing.tests import make, moving
from panshi.leasing.tests.moving import AT, START, Office, Row
from panshi.org.tests import make as org_make


@pytest.fixture
def office() -> Office:
    return moving.office()


@pytest.mark.parametrize(
    ("given", "header", "words"),
    [
        ({"vin": "", "plate": ""}, "车牌号", "needed"),
        ({"vin": "LPSEV4E16RA999999", "plate": ""}, "车架号", "no such vehicle"),
        ({"plate": "浙AD99999"}, "车牌号", "no such vehicle"),
        ({"customer": ""}, "客户名称", "needed"),
        ({"customer": "不认识的人"}, "客户名称", "no such customer"),
        ({"id_no": "91330106MA000000XX"}, "客户证件号", "no such customer"),
        ({"starts_on": date(2026, 7, 1)}, "起租日期", "begins later"),
        ({"months": None}, "租期(月)", "needed"),
        ({"months": 0}, "租期(月)", "between"),
        ({"months": 6, "ends_on": date(2027, 1, 14)}, "到期日期", "disagree"),
        ({"months": None, "ends_on": date(2026, 6, 20)}, "到期日期", "ended on 2026-06-20"),
        ({"months": 5}, "租期(月)", "ended on 2026-06-14"),
        ({"monthly_rent": "0"}, "月租金(元)", "between"),
        ({"monthly_rent": "0.3万"}, "月租金(元)", "yuan"),
        ({"deposit_held": None}, "已收押金(元)", "how much"),
        ({"deposit_held": Decimal(7000)}, "已收押金(元)", "More is held"),
        ({"paid_until": date(2026, 1, 13)}, "租金已付至", "2026-01-14"),
        ({"paid_until": date(2027, 1, 15)}, "租金已付至", "2027-01-14"),
        ({"paid_until": None}, "租金已付至", "needed"),
        ({"product": "RENT_TO_OWN"}, "租金已付至", "whole months"),
        ({"product": "RENT_TO_OWN", "alignment": "CALENDAR"}, "账期方式", "first day"),
        ({"number": "L-2026-000007"}, "合同编号", "given here"),
    ],
)
def test_a_bad_cell_is_named(office: Office, given: Row, header: str, words: str) -> None:
    ((row, named, reason),) = office.errors(office.row(**given))
    assert (row, named) == (2, header)
    assert words in reason


def test_what_is_in_the_file_twice_is_named(office: Office) -> None:
    one, other = office.row(), office.row()
    errors = office.errors(one, {**other, "number": one["number"]}, office.row(), {
        **office.row(), "vin": other["vin"], "plate": other["plate"],
    })  # fmt: skip
    assert [(row, header) for row, header, _reason in errors] == [
        (2, "合同编号"),
        (3, "合同编号"),
        (5, "车牌号"),
    ]


def test_namesakes_need_their_number(office: Office) -> None:
    twin = crm_make.customer(org=office.org, name=office.customer.name, qualified=False)
    row = office.row()
    ((_row, header, reason),) = office.errors(row)
    assert (header, "2 customers" in reason) == ("客户名称", True)
    assert office.commit(office.stage({**row, "phone": twin.phone})) == (1, 0)
    assert Lease.objects.get(org=office.org).customer_id == twin.id


def test_the_number_tells_the_customer_and_another_name_is_noted(office: Office) -> None:
    row = office.row(id_no=office.customer.id_no, customer="顺达")
    batch_id = office.stage(row)
    assert office.customer.name in ImportRow.objects.get(batch_id=batch_id).note
    assert office.commit(batch_id) == (1, 0)


def test_a_vehicle_that_a_lease_has_names_that_lease(office: Office) -> None:
    lease = make.active(org=office.org)
    vehicle = Vehicle.objects.get(id=Segment.objects.get(lease=lease).vehicle_id)
    ((_row, header, reason),) = office.errors(office.row(vehicle))
    assert header == "车牌号"
    assert lease.number in reason


def test_a_vehicle_that_is_promised_names_that_lease(office: Office) -> None:
    lease = make.drafted(org=office.org)
    vehicle = Vehicle.objects.get(id=Segment.objects.get(lease=lease).vehicle_id)
    ((_row, _header, reason),) = office.errors(office.row(vehicle))
    assert lease.number in reason


@pytest.mark.parametrize("state", ["IDLE", "IN_SERVICE", "PLATED", "RETIRED"])
def test_a_vehicle_that_cannot_be_on_the_road_is_refused(office: Office, state: str) -> None:
    ((_row, header, _reason),) = office.errors(office.row(office.vehicle(state=state)))
    assert header == "车牌号"


def test_another_operators_vehicles_and_customers_cannot_be_named(office: Office) -> None:
    stranger = org_make.operator()
    vehicle = fleet_make.vehicle(org=stranger, state="LEASED")
    customer = crm_make.customer(org=stranger, qualified=False)
    errors = office.errors(
        office.row(vehicle),
        office.row(customer=customer.name),
        office.row(id_no=customer.id_no),
        office.row(customer="", phone=customer.phone),
    )
    assert [header for _row, header, _reason in errors] == [
        "车架号", "客户名称", "客户证件号", "手机号",
    ]  # fmt: skip
    assert all("There is no such" in reason for _row, _header, reason in errors)


def test_the_verb_itself_refuses_what_belongs_to_others(office: Office) -> None:
    stranger = fleet_make.vehicle(org=org_make.operator(), state="LEASED")
    lease = services.RunningLease(
        org_id=office.org.id,
        vehicle_id=stranger.id,
        customer_id=office.customer.id,
        product_code="RENT_MONTHLY",
        monthly_rent=Decimal(3000),
        starts_on=START,
        months=12,
        ends_on=date(2027, 1, 15),
        paid_until=date(2026, 6, 10),
    )
    with pytest.raises(services.NotQualified):
        services.take_over_leases(leases=[lease], actor=office.by, at=AT)
