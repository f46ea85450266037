"""How a vehicle is promised to a customer: a lease with the terms, and the segment that guards."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.crm import queries as crm
from panshi.fleet import queries as fleet
from panshi.fleet.queries import VehiclePlace
from panshi.kit.clock import add_months, day_start
from panshi.kit.numbers import next_number
from panshi.kit.tenancy import Actor
from panshi.leasing.models import Lease, LeaseState, Segment
from panshi.leasing.services.common import (
    NotQualified,
    lock_vehicles,
    locked_or_waited,
    one_lease_per_vehicle,
    refuse_promised,
)


def vehicle_for(customer_id: UUID, vehicle_id: UUID, *, actor: Actor) -> VehiclePlace:
    """The vehicle that a customer is to get. Raises NotQualified when another operator has it."""
    vehicle = fleet.vehicle_place(vehicle_id=vehicle_id, actor=actor)
    org_id = crm.customer_org(customer_id=customer_id, actor=actor)
    if vehicle is None or vehicle.org_id != org_id:
        raise NotQualified(_("Customer and vehicle must belong to one operator."))
    return vehicle


def promise(
    *,
    org_id: int,
    customer_id: UUID,
    vehicle_id: UUID,
    product_code: str,
    monthly_rent: Decimal,
    deposit: Decimal,
    starts_on: date,
    months: int,
    city: str,
    alignment: str,
    state: LeaseState,
    at: datetime,
) -> tuple[Lease, Segment]:
    """Write down the terms and keep the vehicle for them. Raises VehicleAlreadyLeased."""
    ends_on = add_months(starts_on, months)
    if not locked_or_waited(vehicle_id):
        refuse_promised(vehicle_id, starts_on, ends_on)
        lock_vehicles([vehicle_id])
    refuse_promised(vehicle_id, starts_on, ends_on)
    lease = Lease.objects.create(
        org_id=org_id,
        created_at=at,
        number=next_number(org_id=org_id, series=f"L-{starts_on.year}"),
        customer_id=customer_id,
        product_code=product_code,
        state=state,
        monthly_rent=monthly_rent,
        deposit=deposit,
        starts_on=starts_on,
        months=months,
        ends_on=ends_on,
        city=city,
        alignment=alignment,
    )
    with one_lease_per_vehicle():
        segment = Segment.objects.create(
            org_id=org_id,
            lease=lease,
            customer_id=customer_id,
            vehicle_id=vehicle_id,
            planned=(day_start(starts_on), day_start(lease.ends_on)),
        )
    return lease, segment
