"""What the organisation does by the clock."""

from datetime import datetime

from panshi.kit.schedule import every
from panshi.kit.tenancy import hq_actor
from panshi.org import queries, services


@every("* * * * *")
def seal_audit(at: datetime) -> None:
    platform = queries.platform_id()
    if platform is not None:
        services.seal_audit(actor=hq_actor(platform), at=at)
