"""Swap vehicle … exchanges two vehicles at one moment, for good or with a way back."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from panshi.billing import queries as billing
from panshi.fleet import queries as fleet
from panshi.fleet import services as fleet_services
from panshi.fleet.tests import make as fleet_make
from panshi.leasing import queries, services
from panshi.leasing.events import VehicleSwapped
from panshi.leasing.models import Amendment, Lease, LeaseRequest, Segment
from panshi.leasing.tests import make
from panshi.leasing.tests.make import clerk
from panshi.org.tests import make as org_make

D = Decimal
START = datetime(2027, 3, 1, 4, tzinfo=UTC)
SWAP = datetime(2027, 3, 18, 4, tzinfo=UTC)


def swap(lease: Lease, vehicle_id: UUID, *, at: datetime = SWAP, **more: Any) -> VehicleSwapped:
    given: dict[str, Any] = {
        "odometer_km": D(4000),
        "soc_pct": D(30),
        "new_odometer_km": D(2000),
        "new_soc_pct": D(90),
        "signed_by": "王芳",
    }
    return services.swap_vehicle(
        lease_id=lease.id, vehicle_id=vehicle_id, actor=clerk(lease.org), at=at, **given | more
    )


def out_of(lease: Lease) -> UUID:
    return Segment.objects.get(lease=lease, state="OUT").vehicle_id


def spare(lease: Lease) -> UUID:
    return fleet_make.vehicle(org=lease.org, state="READY").id


def states(lease: Lease, *vehicle_ids: UUID) -> list[str]:
    found = fleet.vehicle_refs(vehicle_ids=vehicle_ids, actor=clerk(lease.org))
    return [found[vehicle_id].state for vehicle_id in vehicle_ids]


def ready_again(lease: Lease, vehicle_id: UUID, at: datetime) -> None:
    fleet_services.sign_inspection(
        vehicle_id=vehicle_id,
        kind="IDLE",
        odometer_km=D(4000),
        soc_pct=D(80),
        passed=True,
        actor=clerk(lease.org),
        at=at,
    )
    fleet_services.make_ready(vehicle_id=vehicle_id, actor=clerk(lease.org), at=at)


def test_the_old_vehicle_comes_in_and_the_new_goes_out_at_one_moment() -> None:
    lease = make.active(at=START, rent=D(2980))
    old, new = out_of(lease), spare(lease)

    fact = swap(lease, new, reason="电池故障")

    assert (fact.vehicle_before_id, fact.vehicle_id, fact.until) == (old, new, None)
    assert states(lease, old, new) == ["IDLE", "LEASED"]
    for moment, vehicle_id in ((SWAP - timedelta(seconds=1), old), (SWAP, new)):
        held = queries.lease_holding(vehicle_id=vehicle_id, moment=moment, actor=clerk(lease.org))
        assert held is not None
        assert held.lease_id == lease.id
    assert queries.lease_holding(vehicle_id=old, moment=SWAP, actor=clerk(lease.org)) is None
    card = queries.lease_card(lease_id=lease.id, actor=clerk(lease.org))
    assert card.row.vehicle_id == new
    assert [h.kind for h in card.handovers] == ["OUT", "IN", "OUT"]
    assert Amendment.objects.get(lease=lease).kind == "SWAP"


def test_the_rent_of_the_month_is_divided_on_the_day_of_the_swap() -> None:
    lease = make.active(at=START - timedelta(days=0), rent=D(2980))
    make.billed(lease, date(2027, 3, 31))
    swap(lease, spare(lease), at=SWAP + timedelta(days=31))
    make.billed(lease, date(2027, 4, 30))
    charges = billing.charges_of_plan(
        plan_id=lease.plan_id or UUID(int=0), today=date(2027, 4, 1), actor=clerk(lease.org)
    )
    assert [charge.amount for charge in charges[:3]] == [D(2980)] * 3


def test_a_temporary_swap_keeps_the_old_vehicle_promised_for_its_way_back() -> None:
    lease = make.active(at=START)
    old, new = out_of(lease), spare(lease)
    swap(lease, new, until=date(2027, 4, 2))
    card = queries.lease_card(lease_id=lease.id, actor=clerk(lease.org))
    assert card.way_back is not None
    assert (card.way_back.vehicle_id, card.way_back.on) == (old, date(2027, 4, 2))
    with pytest.raises(services.VehicleAlreadyLeased):
        make.drafted(org=lease.org, vehicle_id=old, at=SWAP + timedelta(days=60))

    back = SWAP + timedelta(days=10)
    ready_again(lease, old, back)
    swap(lease, old, at=back, odometer_km=D(2500), new_odometer_km=D(4000))

    assert out_of(lease) == old
    assert states(lease, old, new) == ["LEASED", "IDLE"]
    assert queries.lease_card(lease_id=lease.id, actor=clerk(lease.org)).way_back is None
    assert Amendment.objects.filter(lease=lease).count() == 2


def test_the_substitute_is_the_vehicle_that_a_debt_would_restrain() -> None:
    lease = make.active(at=START)
    new = spare(lease)
    swap(lease, new, until=date(2027, 4, 2))
    page = queries.restraints_of(lease_id=lease.id, actor=clerk(lease.org))
    assert page.vehicle_id == new


def test_a_vehicle_promised_to_somebody_else_is_not_swapped_in() -> None:
    lease = make.active(at=START)
    promised = spare(lease)
    make.drafted(org=lease.org, vehicle_id=promised, at=SWAP + timedelta(days=20))
    old = out_of(lease)
    with pytest.raises(services.VehicleAlreadyLeased):
        swap(lease, promised)
    assert out_of(lease) == old
    assert states(lease, old, promised) == ["LEASED", "READY"]


@pytest.mark.parametrize("until", [date(2027, 3, 18), date(2028, 3, 1)])
def test_a_way_back_lies_within_the_lease(until: date) -> None:
    lease = make.active(at=START)
    with pytest.raises(services.TermsInvalid):
        swap(lease, spare(lease), until=until)


def test_neither_the_same_vehicle_nor_another_operators_is_swapped_in() -> None:
    lease = make.active(at=START)
    stranger = fleet_make.vehicle(org=org_make.operator(), state="READY").id
    for vehicle_id in (out_of(lease), stranger):
        with pytest.raises(services.TermsInvalid):
            swap(lease, vehicle_id)


def test_a_wish_for_another_vehicle_is_answered_by_the_swap() -> None:
    lease = make.active(at=START)
    for reason in ("异响", "异响加重"):
        services.request_swap(
            lease_id=lease.id,
            on=date(2027, 3, 18),
            reason=reason,
            actor=clerk(lease.org),
            at=SWAP,
        )
    (wish,) = queries.lease_card(lease_id=lease.id, actor=clerk(lease.org)).requests
    assert wish.reason == "异响加重"
    swap(lease, spare(lease))
    assert LeaseRequest.objects.get(lease=lease).answered_at == SWAP


def test_a_return_after_a_swap_takes_back_the_vehicle_that_is_out() -> None:
    lease = make.active(at=START)
    old, new = out_of(lease), spare(lease)
    swap(lease, new, until=date(2027, 5, 2))
    make.back(lease, at=SWAP + timedelta(days=5), odometer_km=2100)
    assert states(lease, old, new) == ["IDLE", "IDLE"]
    assert set(Segment.objects.filter(lease=lease).values_list("state", flat=True)) == {
        "BACK", "VOID",
    }  # fmt: skip
