"""A demo company of one operator, with leases that run."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

from panshi.demo import founding, history, world
from panshi.demo.founding import Company, Operator
from panshi.demo.world import OperatorPlan
from panshi.kit import outbox
from panshi.kit.clock import day_start, local_day
from panshi.kit.tenancy import hq_actor
from panshi.org import services as org

NOON = datetime(2026, 11, 18, 4, 0, tzinfo=UTC)
LEASES = 9


def quiet(_words: str) -> None:
    """Say nothing."""


def company(*, at: datetime = NOON, vehicles: int = 12, seed: int = 7) -> Company:
    """The platform, one operator with twelve vehicles, of which nine are on lease."""
    random = Random(seed)
    since = at - timedelta(days=90)
    with outbox.telling_history():
        platform = org.found_platform(
            name="磐石平台", city="杭州", actor=hq_actor(), at=since
        ).node_id
        region = org.create_node(
            parent_id=platform, kind="REGION", name="华东", city="杭州", actor=hq_actor(platform),
            at=since,
        ).node_id  # fmt: skip
        made = Company(platform)
        plan = OperatorPlan("杭州绿程新能源", world.HANGZHOU, vehicles, 60)
        founding._open_operator(made, region, plan, random, since)
        founding.publish_models(made, since)
        founding.buy_vehicles(made, random, at, quiet, since=since)
        founding.win_customers(made, random, since, quiet, customers=10)
        founding.staff_service(made, random, at, quiet, since=since)
        _lease_out(made.operators[0], since + timedelta(days=3), random)
    return made


def _lease_out(operator: Operator, at: datetime, random: Random) -> None:
    day = local_day(at)
    for vehicle_id, model in operator.vehicles[:LEASES]:
        history.lease_out(
            operator, vehicle_id, model, Decimal(2_500), day, day_start(day) + timedelta(hours=10),
            random,
        )  # fmt: skip
