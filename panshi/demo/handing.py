"""What the yard of the demo company expects: a vehicle that comes back, another that leaves."""

from datetime import datetime, timedelta
from random import Random

from panshi.demo import history
from panshi.demo.founding import Operator
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
