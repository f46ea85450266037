"""What leasing does by the clock, for the whole tree."""

from datetime import datetime

from panshi.kit.clock import local_day
from panshi.kit.schedule import every
from panshi.kit.tenancy import hq_actor
from panshi.leasing import services
from panshi.org import queries as org


@every("5 16 * * *")
def advance_leases(at: datetime) -> None:
    """At five past midnight in Shanghai: ends draw near, pauses begin and end."""
    platform = org.platform_id()
    if platform is not None:
        services.advance_leases(on=local_day(at), actor=hq_actor(platform), at=at)
