"""The sums of months and days: kept while posting, folded, counted again from the postings."""

from datetime import datetime
from typing import Final

from django.db import connection
from django.utils.translation import gettext as _

from panshi.kit.refusals import NotPermitted
from panshi.kit.tenancy import HQ, Actor
from panshi.kit.verbs import verb
from panshi.ledger.events import SumsFolded, SumsRecounted
from panshi.ledger.rules import KEPT_BY_DAY

# A posting only adds rows, so no two of them ever wait for each other; one fold at a time takes the
# committed ones out and adds them up. Readers see a change either here or there, never twice.
_FOLD: Final = """
WITH gone AS (
    DELETE FROM ledger_snapshotchange
    RETURNING org_id, month, day, account_id, city, debit, credit
), added AS (
    INSERT INTO ledger_snapshot AS s (org_id, month, account_id, city, debit, credit)
    SELECT org_id, month, account_id, city, sum(debit), sum(credit) FROM gone
    GROUP BY org_id, month, account_id, city ORDER BY org_id, month, account_id, city
    ON CONFLICT (org_id, month, account_id, city)
        DO UPDATE SET debit = s.debit + EXCLUDED.debit, credit = s.credit + EXCLUDED.credit
    RETURNING 1
)
SELECT (SELECT count(*) FROM gone), (SELECT count(*) FROM added), (
    SELECT jsonb_agg(DISTINCT jsonb_build_array(org_id, day))::text FROM gone
    WHERE account_id = ANY(%(kept)s))
"""
# Days that changed are counted again once their changes are out: what is posted meanwhile leaves a
# change of its own, and its day is read from the postings until the next fold.
_DAYS: Final = """
SELECT (pair ->> 0)::int AS org_id, (pair ->> 1)::date AS day
FROM jsonb_array_elements(%(days)s::jsonb) AS pair
"""
_FORGET_DAYS: Final = f"""
DELETE FROM ledger_daysum s USING ({_DAYS}) d WHERE s.org_id = d.org_id AND s.day = d.day
"""
_COUNT_DAYS: Final = """
INSERT INTO ledger_daysum (org_id, day, account_id, kind, city, amount)
SELECT p.org_id, p.occurred_on, p.account_id, e.kind, p.city, sum(p.amount)
FROM {days} ledger_posting p {on} JOIN ledger_entry e ON e.id = p.entry_id
WHERE p.account_id = ANY(%(kept)s) GROUP BY 1, 2, 3, 4, 5
"""
_COUNT_THESE: Final = _COUNT_DAYS.format(
    days=f"({_DAYS}) d JOIN", on="ON p.org_id = d.org_id AND p.occurred_on = d.day"
)
_COUNT_ALL: Final = _COUNT_DAYS.format(days="", on="")
_KEPT: Final = {"kept": list(KEPT_BY_DAY)}
_ONE_AT_A_TIME: Final = "SELECT pg_advisory_xact_lock(hashtextextended('ledger.sums', 5))"
# Nothing is posted while the sums are counted again: the lock waits for those who post.
_HALT: Final = "LOCK TABLE ledger_snapshotchange IN SHARE ROW EXCLUSIVE MODE"
_RECOUNT: Final = """
WITH counted AS (
    SELECT org_id, date_trunc('month', occurred_on)::date AS month, account_id, city,
        COALESCE(sum(amount) FILTER (WHERE amount > 0), 0) AS debit,
        COALESCE(-sum(amount) FILTER (WHERE amount < 0), 0) AS credit
    FROM ledger_posting GROUP BY 1, 2, 3, 4
), wrong AS (
    DELETE FROM ledger_snapshot s WHERE NOT EXISTS (
        SELECT FROM counted c WHERE (c.org_id, c.month, c.account_id, c.city)
            = (s.org_id, s.month, s.account_id, s.city))
    RETURNING 1
), mended AS (
    INSERT INTO ledger_snapshot AS s (org_id, month, account_id, city, debit, credit)
    SELECT org_id, month, account_id, city, debit, credit FROM counted
    ON CONFLICT (org_id, month, account_id, city)
        DO UPDATE SET debit = EXCLUDED.debit, credit = EXCLUDED.credit
        WHERE (s.debit, s.credit) <> (EXCLUDED.debit, EXCLUDED.credit)
    RETURNING 1
)
SELECT (SELECT count(*) FROM wrong) + (SELECT count(*) FROM mended)
"""


def _must_see_all(actor: Actor, permission: str) -> None:
    """Sums are those of the whole tree: who sees a part of it cannot fold or count them."""
    if actor.db_role != HQ:
        raise NotPermitted(_("You are not permitted to do this (%s).") % permission)


@verb
def fold_sums(*, actor: Actor, at: datetime) -> SumsFolded:
    """Add what was posted since the last fold to the sums of its months; for the whole tree."""
    actor.must("ledger.fold_sums", actor.org_id)
    _must_see_all(actor, "ledger.fold_sums")
    with connection.cursor() as cursor:
        cursor.execute(_ONE_AT_A_TIME)
        cursor.execute(_FOLD, _KEPT)
        changes, sums, days = cursor.fetchone()
        if days:
            given = {**_KEPT, "days": days}
            cursor.execute(_FORGET_DAYS, given)
            cursor.execute(_COUNT_THESE, given)
    return SumsFolded(org_id=actor.org_id, actor_id=actor.id, at=at, changes=changes, sums=sums)


@verb
def recount_sums(*, actor: Actor, at: datetime) -> SumsRecounted:
    """Count all sums of months again from the postings, and mend those that differ.

    Posting waits meanwhile: a second or two for a few million postings. `mended` is 0 unless the
    postings were written past the trigger that keeps the sums, as a restore of data alone does.
    """
    actor.must("ledger.recount_sums", actor.org_id)
    _must_see_all(actor, "ledger.recount_sums")
    with connection.cursor() as cursor:
        cursor.execute(_ONE_AT_A_TIME)
        cursor.execute(_HALT)
        cursor.execute(_FOLD, _KEPT)
        cursor.execute(_RECOUNT)
        (mended,) = cursor.fetchone() or (0,)
        cursor.execute("DELETE FROM ledger_daysum")
        cursor.execute(_COUNT_ALL, _KEPT)
    return SumsRecounted(org_id=actor.org_id, actor_id=actor.id, at=at, mended=mended)
