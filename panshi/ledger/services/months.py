"""Closing a month of a book, and opening it again by two people."""

from datetime import date, datetime
from typing import Final

from django.db import connection
from django.utils.translation import gettext as _

from panshi.kit.clock import month_start
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.ledger.events import MonthClosed, MonthReopened, ReopeningAsked
from panshi.ledger.models import PERIOD_LIFE, Period, PeriodState
from panshi.ledger.queries.months import checks_of_rooms
from panshi.ledger.queries.sums import KEPT
from panshi.ledger.services.invariants import count_all


class MonthNotReady(Refusal):
    pass


class SamePerson(Refusal):
    pass


class NoReason(Refusal):
    pass


def _period(org_id: int, month: date) -> Period:
    """The period's row, locked, with every posting of that month done or kept waiting."""
    month = month_start(month)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s || '/' || %s::date, 5))",
            [str(org_id), month],
        )
    Period.objects.get_or_create(org_id=org_id, month=month)
    return Period.objects.select_for_update().get(org_id=org_id, month=month)


# What the month stands at, folded or not, is kept for good: a reopening is measured against it.
_FREEZE: Final = f"""
INSERT INTO ledger_closedsum (id, org_id, month, round, account_id, city, debit, credit)
SELECT ledger_new_id(), org_id, month, %(round)s, account_id, city, sum(debit), sum(credit)
FROM {KEPT} kept WHERE org_id = %(org)s AND month = %(month)s
GROUP BY org_id, month, account_id, city
"""


@verb
def close_month(*, org_id: int, month: date, actor: Actor, at: datetime) -> MonthClosed:
    """Shut a month of a book: every promise is counted anew, every room says what it misses.

    Raises MonthNotReady with what is missing.
    """
    actor.must("ledger.close_month", org_id)
    period = _period(org_id, month)
    # An illegal move is told before anything is counted.
    closed = PERIOD_LIFE.step(period.state, PeriodState.CLOSED)
    reasons = [
        _("Promise %(code)s of the book does not hold.") % {"code": one.code}
        for one in count_all(actor=actor, org_id=org_id)
        if one.broken
    ]
    reasons += [check.missing for check in checks_of_rooms(org_id, period.month) if not check.holds]
    if reasons:
        raise MonthNotReady(" ".join(reasons))
    period.state = closed
    period.closed_at, period.closed_by_id = at, actor.id
    period.rounds += 1
    period.save(update_fields=["state", "closed_at", "closed_by_id", "rounds"])
    with connection.cursor() as cursor:
        cursor.execute(_FREEZE, {"org": org_id, "month": period.month, "round": period.rounds})
    return MonthClosed(org_id=org_id, actor_id=actor.id, at=at, month=period.month)


@verb
def ask_reopening(
    *, org_id: int, month: date, reason: str, actor: Actor, at: datetime
) -> ReopeningAsked:
    """Ask that a closed month be opened again; another person does it. Raises NoReason."""
    actor.must("ledger.reopen_month", org_id)
    period = _period(org_id, month)
    PERIOD_LIFE.step(period.state, PeriodState.OPEN)
    if not reason.strip():
        raise NoReason(_("Say why the month must be opened again."))
    period.reopening_asked_by_id, period.reopening_reason = actor.id, reason.strip()
    period.save(update_fields=["reopening_asked_by_id", "reopening_reason"])
    return ReopeningAsked(
        org_id=org_id, actor_id=actor.id, at=at, month=period.month, reason=reason.strip()
    )


@verb
def reopen_month(*, org_id: int, month: date, actor: Actor, at: datetime) -> MonthReopened:
    """Open a closed month that another person asked for. Raises SamePerson."""
    actor.must("ledger.reopen_month", org_id)
    period = _period(org_id, month)
    if period.reopening_asked_by_id in (None, actor.id):
        raise SamePerson(_("Reopening takes two people: one asks with a reason, another opens."))
    period.state = PERIOD_LIFE.step(period.state, PeriodState.OPEN)
    reason = period.reopening_reason
    period.reopening_asked_by_id, period.reopening_reason = None, ""
    period.save(update_fields=["state", "reopening_asked_by_id", "reopening_reason"])
    return MonthReopened(org_id=org_id, actor_id=actor.id, at=at, month=period.month, reason=reason)
