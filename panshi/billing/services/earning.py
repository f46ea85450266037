"""The sums of what is earned by its days: reckoned anew for the nodes where something changed."""

from datetime import datetime, timedelta
from typing import Final

from django.db import connection
from django.utils.translation import gettext as _

from panshi.billing.cost_events import EarningsKept
from panshi.billing.queries import earnings
from panshi.kit.clock import local_day, month_start
from panshi.kit.refusals import NotPermitted
from panshi.kit.tenancy import HQ, Actor
from panshi.kit.verbs import verb

KEPT_DAYS: Final = 92
"""As far back as a page of figures looks."""
_ONE_AT_A_TIME: Final = "SELECT pg_advisory_xact_lock(hashtextextended('billing.earned', 5))"
# Changes go before the lines are read: what comes meanwhile leaves its own.
_STALE: Final = """
WITH gone AS (DELETE FROM billing_earnedchange RETURNING org_id)
SELECT org_id FROM gone
UNION
SELECT o.id FROM org_orgnode o WHERE NOT EXISTS (
    SELECT FROM billing_earnedspan s WHERE s.org_id = o.id AND s.until = %(until)s)
"""
_FORGET: Final = "DELETE FROM {table} WHERE org_id = ANY(%(orgs)s)"
_DAYS: Final = f"""
INSERT INTO billing_earnedday (org_id, city, day, account, amount) {earnings.BY_BOOK}
"""
_VEHICLES: Final = f"""
INSERT INTO billing_earnedvehicle (org_id, vehicle_id, fen) {earnings.BY_VEHICLE}
"""
_SPANS: Final = """
INSERT INTO billing_earnedspan (org_id, since, until)
SELECT unnest(%(orgs)s::int[]), %(since)s, %(until)s
"""


@verb
def keep_earnings(*, actor: Actor, at: datetime) -> EarningsKept:
    """Reckon the sums of the nodes whose bills changed, and on a new day of all; for the tree."""
    actor.must("billing.keep_earnings", actor.org_id)
    if actor.db_role != HQ:
        raise NotPermitted(_("You are not permitted to do this (%s).") % "billing.keep_earnings")
    today = local_day(at)
    span = {"since": today - timedelta(KEPT_DAYS), "until": today + timedelta(1)}
    values = {**span, "city": "", "org": None}
    with connection.cursor() as cursor:
        cursor.execute(_ONE_AT_A_TIME)
        cursor.execute(_STALE, span)
        orgs = sorted(org_id for (org_id,) in cursor.fetchall())
        for table in ("billing_earnedday", "billing_earnedvehicle", "billing_earnedspan"):
            cursor.execute(_FORGET.format(table=table), {"orgs": orgs})
        cursor.execute(_DAYS, {**values, "orgs": orgs})
        cursor.execute(_VEHICLES, {**values, "since": month_start(today), "orgs": orgs})
        cursor.execute(_SPANS, {**span, "orgs": orgs})
    return EarningsKept(org_id=actor.org_id, actor_id=actor.id, at=at, orgs=len(orgs))
