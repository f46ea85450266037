"""Costs that serve many months are prepaid, and reach their vehicles by days, month by month."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection

from panshi.billing.cost_events import PrepaidReleased
from panshi.billing.models import VehicleCost
from panshi.billing.queries.prepaid import COST, COST_ACCOUNTS, PART, PREPAID, UNTIL, WAITING
from panshi.kit.clock import add_months, local_day, month_start
from panshi.kit.money import ZERO
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.ledger import queries as ledger_queries
from panshi.ledger import services as ledger
from panshi.ledger.services import NewEntry, legs_of

RELEASED: Final = "PREPAID_RELEASED"
TAKEN_BACK: Final = "PREPAID_TAKEN_BACK"
_EVER: Final = date(9999, 12, 31)
_ACCOUNT: Final = " ".join(f"WHEN '{kind}' THEN '{code}'" for kind, code in COST_ACCOUNTS.items())
_STAGE: Final = f"""
WITH due AS (
    SELECT c.id, c.org_id, c.vehicle_id, c.city, CASE c.kind {_ACCOUNT} END AS account,
        {UNTIL} AS until, ({PART} / 100.0)::numeric(14, 2) AS part
    {WAITING} FOR UPDATE OF c
), marked AS (
    UPDATE billing_vehiclecost c SET released_until = due.until FROM due WHERE c.id = due.id
)
INSERT INTO ledger_staged
SELECT p.org_id, %(kind)s, '{COST}', md5(p.id::text || %(until)s::date)::uuid, %(day)s::date,
    v.leg, v.account, v.amount, p.vehicle_id, NULL, p.city
FROM due p CROSS JOIN LATERAL (VALUES (1, p.account, p.part), (2, '{PREPAID}', -p.part))
    AS v(leg, account, amount)
WHERE p.part <> 0
"""


@verb
def release_prepaid(*, month: date, actor: Actor, at: datetime) -> PrepaidReleased:
    """Bring what prepaid costs served up to a month's end to their vehicles.

    Repeating adds nothing. Books that are closed for the month are left out; a later month makes
    up for it.
    """
    actor.must("billing.release_prepaid", actor.org_id)
    since = month_start(month)
    until = add_months(since, 1)
    closed = sorted(ledger_queries.books_closed_in(month=since, actor=actor))
    entries, amount = _release(
        until=until, day=until - timedelta(1), org_id=actor.single_org_id, closed=closed
    )
    return PrepaidReleased(
        org_id=actor.org_id, actor_id=actor.id, at=at, month=since, entries=entries, amount=amount
    )


def release_rest(*, vehicle_id: UUID, org_id: int, day: date) -> None:
    """Release on a day all that is prepaid for a vehicle that leaves; called inside a verb."""
    _release(until=_EVER, day=day, org_id=org_id, closed=[], vehicle_id=vehicle_id)


def _release(
    *, until: date, day: date, org_id: int | None, closed: list[int], vehicle_id: UUID | None = None
) -> tuple[int, Decimal]:
    """Fill the stage with what waits and post it; answers entries and amount in CNY."""
    values: dict[str, Any] = {
        "kind": RELEASED,
        "until": until,
        "day": day,
        "org": org_id,
        "vehicle": vehicle_id,
        "closed": closed,
    }
    ledger.open_stage()
    with connection.cursor() as cursor:
        cursor.execute(_STAGE, values)
        cursor.execute("SELECT COALESCE(sum(amount), 0) FROM ledger_staged WHERE leg = 1")
        (amount,) = cursor.fetchone() or (ZERO,)
    return ledger.post_staged().entries, amount


_RELEASED_OF: Final = f"""
SELECT c.id, ({PART} / 100.0)::numeric(14, 2) FROM (
    SELECT id, kind, amount, vat, covers_from, covers_until, NULL::date AS released_until,
        released_until AS served
    FROM billing_vehiclecost WHERE id = ANY(%(ids)s) AND released_until IS NOT NULL
) c
""".replace("%(until)s::date", "c.served")


def take_back_releases(costs: Sequence[VehicleCost], *, actor: Actor, at: datetime) -> None:
    """Return to prepaid what costs that are cancelled had released; called inside a verb."""
    by_id = {cost.id: cost for cost in costs}
    with connection.cursor() as cursor:
        cursor.execute(_RELEASED_OF, {"ids": list(by_id)})
        released = [(by_id[cost_id], amount) for cost_id, amount in cursor.fetchall() if amount]
    if released:
        ledger.post_entries(
            entries=[
                NewEntry(
                    org_id=cost.org_id,
                    kind=TAKEN_BACK,
                    source_kind=COST,
                    source_id=cost.id,
                    occurred_on=local_day(at),
                    postings=legs_of(
                        (PREPAID, amount),
                        (COST_ACCOUNTS[cost.kind], -amount),
                        vehicle_id=cost.vehicle_id,
                        city=cost.city,
                    ),
                )
                for cost, amount in released
            ],
            actor=actor,
            at=at,
        )
