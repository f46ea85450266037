"""Depreciation … is posted once a month by the days of the vehicle, and never beyond its cost."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from django.urls import reverse

from panshi.billing import services
from panshi.billing.tests import make
from panshi.fleet import services as fleet
from panshi.fleet.models import Vehicle
from panshi.fleet.tests import make as vehicles
from panshi.kit import relay
from panshi.kit.clock import add_months
from panshi.kit.money import ZERO, split
from panshi.kit.tenancy import Actor, hq_actor
from panshi.ledger import queries as ledger
from panshi.ledger.models import Entry, Posting
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.org.tests.window import page, window

D = Decimal
START = datetime(2026, 1, 5, 4, tzinfo=UTC)
NOON = datetime(2026, 8, 21, 4, tzinfo=UTC)


def asset(org: OrgNode, *, months: int = 36, cost: str = "61000") -> Vehicle:
    """A vehicle that stands from 5 January on and is worth 1,000.00 at the end."""
    vehicle = vehicles.vehicle(org=org, at=START)
    fleet.enter_asset(
        vehicle_id=vehicle.id,
        cost=D(cost),
        residual=D(1_000),
        method="STRAIGHT",
        life_months=months,
        in_use_on=date(2026, 1, 5),
        actor=hq_actor(org.id),
        at=START,
    )
    return vehicle


def books(vehicle: Vehicle) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for leg in Posting.objects.filter(vehicle_id=vehicle.id):
        sums[leg.account_id] = sums.get(leg.account_id, ZERO) + leg.amount
    return {account: amount for account, amount in sums.items() if amount}


def post(month: date, by: Actor) -> int:
    return services.post_depreciation(month=month, actor=by, at=NOON).entries


def test_a_month_goes_by_leased_days_and_all_others_once() -> None:
    org = org_make.operator()
    vehicle, by = asset(org), make.clerk(org)
    fleet.deploy_vehicle(
        vehicle_id=vehicle.id, customer_id=make.clerk(org).id, actor=hq_actor(org.id),
        at=datetime(2026, 2, 8, 4, tzinfo=UTC),
    )  # fmt: skip
    assert post(date(2026, 2, 1), by) == 2  # Into the books, and the month.
    assert post(date(2026, 2, 1), by) == 0
    lost = D("1666.67")  # 60,000.00 ÷ 36.
    leased, idle = split(lost, [21, 7])  # From the 8th on it was out.
    assert books(vehicle) == {
        "1601": D(61_000), "4103": D(-61_000), "1602": -lost, "6401.dep": leased,
        "6602.idle": idle,
    }  # fmt: skip


def test_a_whole_life_sums_to_cost_less_residual() -> None:
    org = org_make.operator()
    vehicle, by = asset(org, months=7, cost="61000.01"), make.clerk(org)
    month = date(2026, 1, 1)
    for number in (5, 1, 3, 2, 7, 4, 6, 8, 9, 0):
        post(add_months(month, number), by)
    assert books(vehicle)["1602"] == D("-60000.01")
    assert Entry.objects.filter(kind="DEPRECIATION").count() == 7


def test_a_month_is_closed_only_after_it() -> None:
    org = org_make.operator()
    asset(org)
    by = make.clerk(org)
    july = date(2026, 7, 1)

    def holds() -> bool:
        checks = ledger.month_checks(org_id=org.id, month=july, actor=by)
        return next(check.holds for check in checks if check.code == "DEPRECIATION")

    assert not holds()
    post(july, by)
    assert holds()


def test_a_sale_takes_the_vehicle_out_of_the_books() -> None:
    org = org_make.operator()
    vehicle = asset(org)
    seller, second = hq_actor(org.id), org_make.actor(org, "fleet.*")
    idle = vehicles.vehicle(org=org, at=START)  # Not in the books: its sale posts nothing.
    for one in (vehicle, idle):
        fleet.set_idle(vehicle_id=one.id, reason="", actor=seller, at=START + timedelta(1))
        fleet.propose_retirement(
            vehicle_id=one.id, reason="车龄", floor_price=D(50_000), actor=second, at=NOON
        )
        fleet.retire_vehicle(vehicle_id=one.id, actor=seller, at=NOON)
        fleet.sell_vehicle(vehicle_id=one.id, price=D(52_000), actor=seller, at=NOON)
    relay.drain()
    # February to July: six months of 1,666.67 (the odd fen first) are lost, 51,000 − … are left.
    lost = sum(split(D(60_000), [1] * 36)[:6], ZERO)
    assert books(vehicle) == {
        "4103": D(-61_000), "6602.idle": lost, "1002": D(52_000),
        "6115": D(61_000) - lost - D(52_000),
    }  # fmt: skip
    assert books(idle) == {}
    assert post(date(2026, 8, 1), make.clerk(org)) == 0


def test_the_results_of_vehicles_open_the_postings_that_sum_to_them() -> None:
    org = org_make.operator()
    vehicle, by = asset(org), make.clerk(org)
    july = date(2026, 7, 1)
    post(july, by)
    services.post_upkeep(
        task_id=vehicle.id, vehicle_id=vehicle.id, amount=D(80), actor=by,
        at=datetime(2026, 7, 9, 4, tzinfo=UTC),
    )  # fmt: skip
    rows = ledger.vehicle_months(
        vehicle_id=vehicle.id, since=july, until=date(2026, 8, 1), actor=by
    )
    results = ledger.vehicle_pnl(month=july, actor=by)
    assert sum(row.amount for row in rows) == results.cost == D("1746.67")
    client = window(org, "FINANCE")
    shown = page(client.get(reverse("billing-vehicle-postings", args=[vehicle.id, "depreciation"]),
                            {"month": "2026-07"}))  # fmt: skip
    assert "1,666.67" in shown
    worth = page(client.get(reverse("billing-vehicle-worth", args=[vehicle.id])))
    assert "selling" in worth
    bare = vehicles.vehicle(org=org, at=START)
    assert reverse("fleet-asset", args=[bare.id]) in page(
        client.get(reverse("billing-vehicle-worth", args=[bare.id]))
    )
    at = reverse("billing-depreciation") + "?month=2026-06"
    assert "1,666.67" in page(client.get(at))
    assert client.post(at).status_code == 302
    assert Entry.objects.filter(kind="DEPRECIATION").count() == 2
