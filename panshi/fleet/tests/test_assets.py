"""Assets … lose their value to the fen, and are sold in the month that costs least."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from panshi.fleet import queries, services
from panshi.fleet.models import Asset, AssetMark, Vehicle
from panshi.fleet.rules import assets as rules
from panshi.fleet.tests import make
from panshi.kit.money import ZERO
from panshi.kit.tenancy import hq_actor
from panshi.org.tests.window import page, window

D = Decimal
MONEY = st.decimals(min_value=0, max_value=10**7, places=2)


def asset(**more: Any) -> Asset:
    vehicle = make.vehicle(odometer_km=D(1000))
    values: dict[str, Any] = {
        "cost": D("98765.43"), "residual": D(5000), "method": "STRAIGHT", "life_months": 60,
        "in_use_on": date(2026, 3, 14), "actor": hq_actor(vehicle.org_id), "at": make.NOON,
    }  # fmt: skip
    fact = services.enter_asset(vehicle_id=vehicle.id, **values | more)
    return Asset.objects.get(id=fact.asset_id)


@given(MONEY, st.integers(1, 180))
def test_a_straight_line_sums_to_what_is_to_lose(total: Decimal, months: int) -> None:
    parts = rules.straight_line(total=total, months=months)
    assert sum(parts, ZERO) == total
    told = [rules.straight_month(total=total, months=months, number=n) for n in range(months)]
    assert told == parts
    assert rules.straight_month(total=total, months=months, number=months) == ZERO
    assert rules.straight_month(total=total, months=months, number=-1) == ZERO


@given(MONEY, st.integers(1, 400_000), st.lists(st.integers(0, 90_000), max_size=30))
def test_units_never_lose_more_than_there_is(total: Decimal, life: int, trips: list[int]) -> None:
    at, lost = ZERO, ZERO
    for trip in trips:
        lost += rules.by_units(total=total, life_km=life, before_km=at, now_km=at + trip)
        at += trip
    assert lost <= total
    if at >= life:
        assert lost == total


def test_a_constant_cost_is_cheapest_at_the_end_and_a_rising_one_before() -> None:
    flat = rules.selling(value=D(60_000), fall=D("0.03"), running=[D(500)] * 12, most=48)
    assert rules.best_month(flat).months == 48
    rising = [D(100) + D(30) * n for n in range(12)]
    curve = rules.selling(value=D(60_000), fall=D("0.03"), running=rising, most=48)
    best = rules.best_month(curve)
    assert 1 < best.months < 48
    assert best.mean_cost == min(ahead.mean_cost for ahead in curve)
    # The first month by hand: 3 % of the value, and the thirteenth point of the line.
    assert curve[0].mean_cost == D(1800) + D(100) + D(30) * 12


def test_begins_with_the_month_after_it_came_into_use() -> None:
    row = asset()
    by = hq_actor(row.org_id)
    assert row.first_month == date(2026, 4, 1)
    assert queries.month_losses(month=date(2026, 3, 31), actor=by) == []
    (loss,) = queries.month_losses(month=date(2026, 4, 30), actor=by)
    assert loss.amount == D("1562.76")  # 93,765.43 ÷ 60 and the first of the three odd fen.
    card = queries.asset_of(vehicle_id=row.vehicle_id, actor=by)
    assert card is not None
    assert sum(part for _month, part in card.schedule) == card.to_lose == D("93765.43")
    assert card.schedule[-1][0] == date(2031, 3, 1)
    assert queries.month_losses(month=date(2031, 4, 1), actor=by) == []


def test_units_follow_the_odometer_at_the_end_of_the_month() -> None:
    row = asset(method="UNITS", life_km=100_000, cost=D(110_000), residual=D(10_000))
    by = hq_actor(row.org_id)
    april, may = date(2026, 4, 1), date(2026, 5, 1)
    assert queries.month_losses(month=april, actor=by) == []
    for month, km in ((april, 3_500), (may, 4_000), (may, 9_999)):
        Vehicle.objects.filter(id=row.vehicle_id).update(odometer_km=km)
        services.mark_odometers(month=month, actor=by, at=make.NOON)  # Once for a month.
    assert AssetMark.objects.count() == 2
    assert [queries.month_losses(month=month, actor=by)[0].amount for month in (april, may)] == [
        D(2500),
        D(500),
    ]


def test_refuses_what_is_no_asset() -> None:
    for wrong in (
        {"residual": D(99_000)}, {"cost": ZERO, "residual": ZERO}, {"method": "GUESS"},
        {"life_months": 0}, {"method": "UNITS"}, {"opening": D(95_000)},
    ):  # fmt: skip
        with pytest.raises(services.AssetTermsInvalid):
            asset(**wrong)
    row = asset()
    with pytest.raises(services.AlreadyAsset):
        services.enter_asset(
            vehicle_id=row.vehicle_id,
            cost=D(1),
            residual=ZERO,
            method="STRAIGHT",
            life_months=1,
            in_use_on=date(2026, 1, 1),
            actor=hq_actor(row.org_id),
            at=make.NOON,
        )
    with pytest.raises(IntegrityError), transaction.atomic():
        Asset.objects.filter(id=row.id).update(residual=row.cost + 1)


def test_is_entered_on_a_page() -> None:
    vehicle = make.vehicle()
    client = window(vehicle.org, "OPERATIONS")
    at = reverse("fleet-asset", args=[vehicle.id])
    page(client.get(at))
    given_ = {
        "cost": "90000", "residual": "95000", "method": "STRAIGHT", "life_months": "60",
        "in_use_on": "2026-01-10",
    }  # fmt: skip
    assert client.post(at, given_).status_code == 422
    assert client.post(at, given_ | {"residual": "4500"}).status_code == 302
    assert Asset.objects.get(vehicle=vehicle).residual == D(4500)
