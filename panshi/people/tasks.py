"""What the worker does by the clock."""

from datetime import datetime

from panshi.kit.clock import local_day
from panshi.kit.schedule import every
from panshi.kit.tenancy import hq_actor
from panshi.org import queries as org
from panshi.people import services


@every("30 16 * * *")
def review_certificates(at: datetime) -> None:
    """Half past midnight in Shanghai: end what ran out yesterday, tell what ends soon."""
    platform = org.platform_id()
    if platform is not None:
        services.lapse_certificates(on=local_day(at), actor=hq_actor(platform), at=at)
