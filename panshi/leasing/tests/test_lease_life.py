"""A lease from draft to settlement, and what is refused on the way."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from panshi.billing import queries as billing_queries
from panshi.billing import services as billing
from panshi.crm.tests import make as crm
from panshi.fleet import queries as fleet
from panshi.kit.refusals import IllegalMove, NotPermitted
from panshi.leasing import queries, services
from panshi.leasing.models import LEASE_LIFE, Lease, LeaseState, Segment
from panshi.leasing.tests import make
from panshi.leasing.tests.make import NOON, clerk
from panshi.org.tests import make as org_make


def test_runs_the_rent_from_the_local_day() -> None:
    lease = make.active()

    bills = billing_queries.bills_of_source(
        source_kind=services.SOURCE, source_id=lease.id, actor=clerk(lease.org)
    )
    assert lease.state == LeaseState.ACTIVE
    assert [b.total for b in bills if b.kind == "CHARGE"] == [Decimal("1000.00")]  # 10 of 30 days.


def test_puts_the_vehicle_on_the_road_for_its_customer() -> None:
    lease = make.active()
    segment = Segment.objects.get(lease=lease)
    (vehicle,) = fleet.vehicle_refs(
        vehicle_ids=(segment.vehicle_id,), actor=clerk(lease.org)
    ).values()
    assert (vehicle.state, vehicle.customer_id) == ("LEASED", lease.customer_id)
    held = queries.lease_holding(
        vehicle_id=segment.vehicle_id, moment=NOON + timedelta(days=3), actor=clerk(lease.org)
    )
    assert held is not None
    assert held.lease_id == lease.id


def test_is_not_activated_without_its_deposit() -> None:
    lease = make.signed()
    with pytest.raises(services.DepositMissing):
        services.activate_lease(lease_id=lease.id, actor=clerk(lease.org), at=NOON)
    lease.refresh_from_db()
    assert lease.state == LeaseState.SIGNED


def test_is_not_activated_before_the_handover_is_signed() -> None:
    lease = make.secured()
    with pytest.raises(services.HandoverOpen):
        services.activate_lease(lease_id=lease.id, actor=clerk(lease.org), at=NOON)


def test_is_not_signed_for_a_customer_who_is_not_qualified() -> None:
    lease = make.drafted()
    stranger = crm.customer(org=lease.org, qualified=False)
    Lease.objects.filter(id=lease.id).update(customer_id=stranger.id)
    with pytest.raises(services.NotQualified):
        services.make_contract(lease_id=lease.id, actor=clerk(lease.org), at=NOON)


def test_never_promises_a_vehicle_twice() -> None:
    lease = make.drafted()
    vehicle_id = Segment.objects.get(lease=lease).vehicle_id
    with pytest.raises(services.VehicleAlreadyLeased):
        make.drafted(org=lease.org, vehicle_id=vehicle_id)
    assert Lease.objects.filter(org=lease.org).count() == 1


def test_the_database_itself_refuses_a_second_holder() -> None:
    lease = make.active()
    segment = Segment.objects.get(lease=lease)
    with pytest.raises(IntegrityError), transaction.atomic():
        Segment.objects.create(
            org=lease.org,
            lease=lease,
            customer_id=lease.customer_id,
            vehicle_id=segment.vehicle_id,
            state="BACK",
            planned=(NOON, NOON + timedelta(days=1)),
            held=(NOON + timedelta(hours=1), NOON + timedelta(hours=2)),
        )


def test_a_cancelled_lease_frees_its_vehicle() -> None:
    lease = make.drafted()
    vehicle_id = Segment.objects.get(lease=lease).vehicle_id
    services.cancel_lease(lease_id=lease.id, reason="客户取消", actor=clerk(lease.org), at=NOON)
    assert make.drafted(org=lease.org, vehicle_id=vehicle_id).state == LeaseState.RESERVED


def test_returns_settles_and_gives_the_rest_of_the_deposit_back() -> None:
    lease = make.active()
    by, later = clerk(lease.org), NOON + timedelta(days=5)
    services.request_return(lease_id=lease.id, on=later.date(), actor=by, at=later)
    services.accept_return(
        lease_id=lease.id,
        odometer_km=Decimal(2600),
        soc_pct=Decimal(40),
        signed_by="王芳",
        actor=by,
        at=later,
    )
    fact = services.settle_lease(
        lease_id=lease.id,
        charges=[
            services.ReturnCharge(
                product_code="DAMAGE", words="右后门划痕", unit_price=Decimal(260)
            )
        ],
        actor=by,
        at=later,
    )
    lease.refresh_from_db()
    # 6,000.00 deposit less 500.00 rent of five days, 260.00 damage and a month for the early end.
    assert (lease.state, fact.charges, fact.refund) == ("ENDED", Decimal(260), Decimal("2240.00"))
    open_bills = billing_queries.open_bills(actor=by)
    assert [b for b in open_bills if b.customer_id == lease.customer_id] == []
    deposit = billing_queries.deposit_of(source_kind=services.SOURCE, source_id=lease.id, actor=by)
    assert deposit is not None
    assert deposit.held == deposit.returning == Decimal("2240.00")


def test_a_stranger_neither_sees_nor_moves_it() -> None:
    lease = make.signed()
    stranger = clerk(org_make.operator())
    assert queries.leases(actor=stranger).total == 0
    with pytest.raises(Lease.DoesNotExist):
        services.activate_lease(lease_id=lease.id, actor=stranger, at=NOON)


def test_needs_the_permission() -> None:
    lease = make.signed()
    with pytest.raises(NotPermitted):
        services.activate_lease(
            lease_id=lease.id, actor=org_make.actor(lease.org, "leasing.view"), at=NOON
        )


def test_a_late_payer_is_told_and_cleared() -> None:
    lease = make.active()
    by = clerk(lease.org)
    bills = billing_queries.bills_of_source(
        source_kind=services.SOURCE, source_id=lease.id, actor=by
    )
    rent = next(b for b in bills if b.kind == "CHARGE")
    late = NOON + timedelta(days=(rent.due_on - NOON.date()).days + 8)
    fact = billing.advance_dunning(on=late.date(), actor=by, at=late)
    assert (fact.bills, fact.steps) != (0, 0)


@pytest.mark.parametrize("here", LeaseState)
@pytest.mark.parametrize("there", LeaseState)
def test_a_lease_makes_only_the_moves_of_its_life(here: LeaseState, there: LeaseState) -> None:
    if there in LEASE_LIFE.moves.get(here, set()):
        assert LEASE_LIFE.step(here, there) == there
    else:
        with pytest.raises(IllegalMove):
            LEASE_LIFE.step(here, there)
