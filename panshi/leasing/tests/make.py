"""Leases with honest defaults, brought as far along their life as a test needs."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
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
    alignment: str = "CALENDAR",
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
        alignment=alignment,
        actor=clerk(node),
        at=at,
    )
    return Lease.objects.get(id=fact.lease_id)


SCAN = b"%PDF-1.7 a contract that both sides signed on paper"


def signed(*, at: datetime = NOON, **more: Any) -> Lease:
    lease = drafted(at=at, **more)
    services.file_paper_contract(
        lease_id=lease.id, scan=SCAN, name="scan.pdf", actor=clerk(lease.org), at=at
    )
    lease.refresh_from_db()
    return lease


def secured(*, at: datetime = NOON, **more: Any) -> Lease:
    """Signed, with the deposit paid and told to the lease by the outbox."""
    lease = signed(at=at, **more)
    by = clerk(lease.org)
    (bill,) = billing_queries.bills_of_source(
        source_kind=services.SOURCE, source_id=lease.id, actor=by
    )
    billing.record_payment(bill_ids=[bill.id], amount=bill.total, actor=by, at=at)
    relay.drain()
    lease.refresh_from_db()
    return lease


def active(*, at: datetime = NOON, **more: Any) -> Lease:
    lease = secured(at=at, **more)
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


def billed(lease: Lease, until: date, *, paid: bool = True) -> None:
    """Let the nights pass up to a day: rents are billed as they fall due, and paid."""
    by = clerk(lease.org)
    at = datetime.combine(until, time(4), UTC)
    billing.run_bills(cut_off=until, actor=by, at=at)
    billing.issue_bills(draft_hours=0, actor=by, at=at)
    owed = [
        row
        for row in billing_queries.bills_of_source(
            source_kind=services.SOURCE, source_id=lease.id, actor=by
        )
        if row.open_amount
    ]
    if owed and paid:
        billing.record_payment(
            bill_ids=[row.id for row in owed],
            amount=sum((row.open_amount for row in owed), Decimal(0)),
            actor=by,
            at=at,
        )


def back(lease: Lease, *, at: datetime, odometer_km: int = 9000) -> None:
    """The vehicle comes back, and both sides look at it."""
    by = clerk(lease.org)
    services.request_return(lease_id=lease.id, on=local_day(at), actor=by, at=at)
    services.accept_return(
        lease_id=lease.id,
        odometer_km=Decimal(odometer_km),
        soc_pct=Decimal(40),
        signed_by="王芳",
        actor=by,
        at=at,
    )


def bills(lease: Lease, kind: str = services.SOURCE) -> list[billing_queries.OwedRow]:
    return billing_queries.bills_of_source(
        source_kind=kind, source_id=lease.id, actor=clerk(lease.org)
    )
