"""What notification does by the clock."""

from datetime import datetime

from panshi.kit.schedule import every
from panshi.kit.tenancy import hq_actor
from panshi.notify import services
from panshi.org import queries as org


@every("* * * * *")
def carry_messages(at: datetime) -> None:
    """Every minute: what may leave leaves, and what came back is noted."""
    platform = org.platform_id()
    if platform is not None:
        hq = hq_actor(platform)
        services.hand_over_messages(actor=hq, at=at)
        services.collect_receipts(actor=hq, at=at)
