"""What the worker does for the fleet by the clock; the hours are UTC, Shanghai is eight ahead."""

from datetime import datetime

from panshi.fleet import services
from panshi.kit.schedule import every
from panshi.kit.tenancy import hq_actor


@every("0 16 * * *")
def lapse(at: datetime) -> None:
    """As the day begins in Shanghai: what lapsed with the day before is red at once."""
    services.lapse_due_items(actor=hq_actor(), at=at)


@every("10 22 * * *")
def compute_due(at: datetime) -> None:
    """Each morning, ten past six in Shanghai: tell of what falls due."""
    services.compute_due_items(actor=hq_actor(), at=at)


@every("10 19 * * *")
def check_ladder(at: datetime) -> None:
    """Each night: was everybody told in time of what has fallen due?"""
    services.check_ladder(actor=hq_actor(), at=at)
