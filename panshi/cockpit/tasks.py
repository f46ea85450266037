"""What the cockpit does by the clock."""

from datetime import datetime, timedelta

from panshi.cockpit import queries, services
from panshi.kit.clock import local_day
from panshi.kit.schedule import every
from panshi.kit.tenancy import hq_actor, system_actor
from panshi.org import queries as org

CHECKED_DAYS = 35


@every("7 * * * *")
def keep_vehicle_days(at: datetime) -> None:
    """The state of the vehicles, each hour; the last one of a local day stays as that day's."""
    platform = org.platform_id()
    if platform is not None:
        services.keep_vehicle_days(actor=hq_actor(platform), at=at)


@every("20 18 * * *")
def judge_targets(at: datetime) -> None:
    """Each night at 02:20 in Shanghai, every operator by the days that are over."""
    platform = org.platform_id()
    if platform is None:
        return
    for node in org.operators(actor=hq_actor(platform)):
        services.judge_targets(org_id=node.id, actor=system_actor(node.id), at=at)


@every("5 16 * * *")
def follow_plans(at: datetime) -> None:
    """Five minutes into each day in Shanghai: the nodes whose day has come begin."""
    platform = org.platform_id()
    if platform is not None:
        services.follow_plans(actor=hq_actor(platform), at=at)


@every("40 18 * * *")
def check_indicators(at: datetime) -> None:
    """Each night, the counted days against their source rows; a difference is told, not hidden."""
    platform = org.platform_id()
    if platform is None:
        return
    today = local_day(at)
    actor = hq_actor(platform)
    found = queries.check_indicators(
        since=today - timedelta(days=CHECKED_DAYS), until=today, actor=actor
    )
    if found:
        services.report_differences(differences=found, actor=actor, at=at)
