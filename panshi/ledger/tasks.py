"""What the ledger does by the clock, for the whole tree."""

from datetime import datetime

from panshi.kit.schedule import every
from panshi.kit.tenancy import hq_actor
from panshi.ledger import queries, services
from panshi.org import queries as org


@every("*/5 * * * *")
def fold_sums(at: datetime) -> None:
    """Every five minutes: add what was posted to the sums of its months."""
    platform = org.platform_id()
    if platform is None:
        return
    actor = hq_actor(platform)
    if queries.changes_waiting(actor=actor):
        services.fold_sums(actor=actor, at=at)


@every("20 19 * * *")
def check_invariants(at: datetime) -> None:
    """Each night at twenty past three: count both sides of every promise of every book."""
    platform = org.platform_id()
    if platform is not None:
        services.check_invariants(actor=hq_actor(platform), at=at)
