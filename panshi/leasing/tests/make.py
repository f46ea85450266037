"""Leases with honest defaults, brought as far along their life as a test needs."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from panshi.billing import queries as billing_queries
from panshi.billing import services as billing
from panshi.crm.tests import make as crm
from panshi.fleet.tests import make as fleet
from panshi.kit import relay
from panshi.kit.clock import local_day
from panshi.kit.tenancy import Actor
from panshi.leasing import services
from panshi.leasing.models import Lease
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make

NOON = datetime(2026, 6, 21, 4, 0, tzinfo=UTC)


def clerk(org: OrgNode) -> Actor:
    return org_make.actor(org, "leasing.*", "billing.*", "fleet.*", "crm.*")


def drafted(
    *,
    org: OrgNode | None = None,
    vehicle_id: UUID | None = None,
    rent: Decimal = Decimal(3000),
    at: datetime = NOON,
) -> Lease:
    node = org or org_make.operator()
    customer = crm.customer(org=node, qualified=True)
    vehicle = vehicle_id or fleet.vehicle(org=node, state="READY").id
    fact = services.draft_lease(
        customer_id=customer.id,
        vehicle_id=vehicle,
        product_code="RENT_MONTHLY",
        monthly_rent=rent,
        deposit=rent * 2,
        starts_on=local_day(at),
        months=12,
        actor=clerk(node),
        at=at,
    )
    return Lease.objects.get(id=fact.lease_id)


def signed(*, at: datetime = NOON, org: OrgNode | None = None) -> Lease:
    lease = drafted(at=at, org=org)
    services.sign_lease(lease_id=lease.id, actor=clerk(lease.org), at=at)
    lease.refresh_from_db()
    return lease


def secured(*, at: datetime = NOON, org: OrgNode | None = None) -> Lease:
    """Signed, with the deposit paid and told to the lease by the outbox."""
    lease = signed(at=at, org=org)
    by = clerk(lease.org)
    (bill,) = billing_queries.bills_of_source(
        source_kind=services.SOURCE, source_id=lease.id, actor=by
    )
    billing.record_payment(bill_ids=[bill.id], amount=bill.total, actor=by, at=at)
    relay.drain()
    lease.refresh_from_db()
    return lease


def active(*, at: datetime = NOON, org: OrgNode | None = None) -> Lease:
    lease = secured(at=at, org=org)
    by = clerk(lease.org)
    services.complete_handover(
        lease_id=lease.id,
        odometer_km=Decimal(2000),
        soc_pct=Decimal(90),
        signed_by="王芳",
        actor=by,
        at=at,
    )
    services.activate_lease(lease_id=lease.id, actor=by, at=at)
    relay.drain()
    lease.refresh_from_db()
    return lease
