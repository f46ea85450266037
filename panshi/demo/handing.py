"""What the yard of the demo company expects, and a return whose scratch the customer disputes."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from panshi.demo import history, world
from panshi.demo.founding import Operator
from panshi.fleet import queries as fleet
from panshi.fleet import services as fleet_services
from panshi.fleet.services import NewDocument
from panshi.kit.clock import local_day
from panshi.leasing import queries
from panshi.leasing import services as leasing


def expect(operator: Operator, random: Random, at: datetime) -> None:
    """Today the vehicle of the oldest lease comes back; tomorrow a free one is to be delivered."""
    actor, today = operator.actor, local_day(at)
    oldest = queries.leases(state="ACTIVE", order_by="starts_on", limit=1, actor=actor).rows
    for row in oldest:
        leasing.request_return(lease_id=row.id, on=today, actor=actor, at=at - timedelta(hours=3))
    models = dict(operator.vehicles)
    free = [v for v in queries.free_vehicles(actor=actor) if v.id in models]
    for vehicle in sorted(free, key=lambda v: v.plate)[:1]:
        history.sign_up(
            operator, vehicle.id, models[vehicle.id], today + timedelta(days=1),
            at - timedelta(hours=2), random,
        )  # fmt: skip


def contest(operator: Operator, random: Random, at: datetime) -> None:
    """The vehicle of the next lease is back; its customer says that the scratch was there."""
    actor, back = operator.actor, at - timedelta(hours=20)
    for row in queries.leases(state="ACTIVE", order_by="starts_on", limit=1, actor=actor).rows:
        assert row.vehicle_id is not None
        vehicle = fleet.vehicle_refs(vehicle_ids=(row.vehicle_id,), actor=actor)[row.vehicle_id]
        # A vehicle's own reading may be older than the one at its handover.
        handovers = queries.lease_card(lease_id=row.id, actor=actor).handovers
        shown_km = max(vehicle.odometer_km, *(h.odometer_km for h in handovers))
        leasing.request_return(lease_id=row.id, on=local_day(back), actor=actor, at=back)
        leasing.accept_return(
            lease_id=row.id,
            odometer_km=shown_km + random.randrange(300, 3_000),
            soc_pct=Decimal(random.randrange(25, 70)),
            signed_by=world.person(random),
            actor=actor,
            at=back,
        )
        scratch = leasing.ReturnCharge(
            product_code="DAMAGE", words="左前门划痕，露底漆", unit_price=Decimal(180),
            clause="车损标准 2",
        )  # fmt: skip
        leasing.start_settlement(lease_id=row.id, charges=[scratch], actor=actor, at=back)
        leasing.dispute_charge(
            lease_id=row.id,
            position=0,
            words="这道划痕交车时就有，交车照片左前方那张能看到。",
            actor=replace(actor, customer_id=row.customer_id),
            at=at - timedelta(hours=2),
        )


def lapse(operator: Operator, at: datetime) -> None:
    """The compulsory insurance of a leased vehicle ended yesterday, and no new policy is filed."""
    actor, yesterday = operator.actor, local_day(at) - timedelta(days=1)
    leased = queries.leases(state="ACTIVE", order_by="starts_on", limit=1, actor=actor).rows
    fleet_services.file_documents(
        documents=[
            NewDocument(
                vehicle_id=row.vehicle_id,
                kind="COMPULSORY_INSURANCE",
                issued_on=yesterday - timedelta(days=364),
                expires_on=yesterday,
                number=f"JQ{yesterday:%Y%m%d}",
            )
            for row in leased
            if row.vehicle_id is not None
        ],
        actor=actor,
        at=at,
    )
