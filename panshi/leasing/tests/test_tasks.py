"""What leasing tells the fleet by the clock."""

from datetime import timedelta
from decimal import Decimal

from panshi.fleet import queries as fleet
from panshi.kit.tenancy import hq_actor
from panshi.leasing import tasks
from panshi.telematics.tests import make as telematics


def test_upkeep_is_planned_from_what_terminals_say() -> None:
    vehicle = telematics.connected()
    telematics.record(telematics.seen(vehicle, soc_pct=37))
    at = telematics.NOON + timedelta(minutes=1)
    tasks.plan_upkeep(at)
    (row,) = fleet.idle_board(actor=hq_actor(), at=at).rows
    assert (row.id, row.soc_pct, row.soc_at) == (vehicle.id, Decimal(37), telematics.NOON)
    assert row.drifted_days == 0
