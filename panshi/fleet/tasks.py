"""What the worker does for the fleet by the clock."""

from datetime import datetime

from panshi.fleet import services
from panshi.kit.schedule import every
from panshi.kit.tenancy import hq_actor


@every("10 22 * * *")
def remind(at: datetime) -> None:
    """Each morning, ten past six in Shanghai: remind of papers that lapse."""
    services.remind_due_items(actor=hq_actor(), at=at)
