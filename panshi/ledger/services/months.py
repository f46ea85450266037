"""Closing a month of a book, and opening it again by two people."""

from datetime import date, datetime

from django.db import connection
from django.utils.translation import gettext as _

from panshi.kit.clock import month_start
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import GUARDS, verb
from panshi.ledger.events import MonthClosed, MonthReopened, ReopeningAsked
from panshi.ledger.models import PERIOD_LIFE, Period, PeriodState


class MonthNotReady(Refusal):
    pass


class SamePerson(Refusal):
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


@verb
def close_month(*, org_id: int, month: date, actor: Actor, at: datetime) -> MonthClosed:
    """Shut a month of a book. Raises MonthNotReady with what the rooms above still miss."""
    actor.must("ledger.close_month", org_id)
    period = _period(org_id, month)
    reasons = [
        reason
        for name, ask in sorted(GUARDS.items())
        if name.endswith(".month_may_close")
        for reason in ask(org_id=org_id, month=period.month)
    ]
    if reasons:
        raise MonthNotReady(" ".join(reasons))
    period.state = PERIOD_LIFE.step(period.state, PeriodState.CLOSED)
    period.closed_at, period.closed_by_id = at, actor.id
    period.save(update_fields=["state", "closed_at", "closed_by_id"])
    return MonthClosed(org_id=org_id, actor_id=actor.id, at=at, month=period.month)


@verb
def ask_reopening(
    *, org_id: int, month: date, reason: str, actor: Actor, at: datetime
) -> ReopeningAsked:
    """Ask that a closed month be opened again; another person does it."""
    actor.must("ledger.reopen_month", org_id)
    period = _period(org_id, month)
    PERIOD_LIFE.step(period.state, PeriodState.OPEN)
    period.reopening_asked_by_id, period.reopening_reason = actor.id, reason
    period.save(update_fields=["reopening_asked_by_id", "reopening_reason"])
    return ReopeningAsked(
        org_id=org_id, actor_id=actor.id, at=at, month=period.month, reason=reason
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
