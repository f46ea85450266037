"""Verbs of alerts: raised and cleared by the clock, acknowledged by people."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.cockpit import rules
from panshi.cockpit.catalogue import DEFINITIONS, Indicator
from panshi.cockpit.events import AlertAcknowledged, AlertRaised, TargetsJudged
from panshi.cockpit.models import ALERT_LIFE, Alert, AlertState
from panshi.cockpit.queries.figures import FigurePage, figure_page
from panshi.cockpit.rules import Tally
from panshi.kit import outbox
from panshi.kit.clock import local_day
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb

# An amount has a month's mark, which no day meets; what stands only now has no days.
JUDGED: Final = tuple(
    code
    for code in Indicator
    if code not in (Indicator.REVENUE, Indicator.FINDINGS, Indicator.ONLINE)
)


class AlreadyAcknowledged(Refusal):
    pass


@verb
def judge_targets(*, org_id: int, actor: Actor, at: datetime) -> TargetsJudged:
    """Raise and clear the alerts of one node by its last thirty days, today left out.

    An alert that is open stays the only one of its indicator.
    """
    actor.must("cockpit.judge_targets", org_id)
    alerts = {
        alert.indicator: alert
        for alert in Alert.objects.filter(org_id=org_id)
        .exclude(state=AlertState.CLEARED)
        .select_for_update()
        .order_by("id")
    }
    raised, cleared = [], []
    for code in JUDGED:
        page = figure_page(indicator=code, period="QUARTER", actor=actor, at=at)
        figure = page.figure
        if figure.green is None or figure.red is None:
            continue
        days, whole = _month(page, at)
        measure = DEFINITIONS[code].measure
        value = rules.value(measure, whole)
        alert = alerts.get(code)
        if alert is None:
            if value is not None and rules.is_alarming(
                measure=measure, whole=whole, days=days, green=figure.green, red=figure.red
            ):
                _raise(org_id, code, value, figure.red, whole.denominator, actor, at)
                raised.append(str(code))
        elif rules.is_cleared(value, green=figure.green, red=figure.red, better=measure.better):
            alert.state = ALERT_LIFE.step(alert.state, AlertState.CLEARED)
            alert.cleared_at = at
            alert.save(update_fields=["state", "cleared_at"])
            cleared.append(str(code))
    return TargetsJudged(
        org_id=org_id,
        actor_id=actor.id,
        at=at,
        raised=tuple(raised),
        cleared=tuple(cleared),
    )


def _month(page: FigurePage, at: datetime) -> tuple[list[Tally], Tally]:
    """The last thirty whole days of a figure, and their sum."""
    today = local_day(at)
    since = today - timedelta(days=30)
    days = [
        Tally(point.numerator, point.denominator)
        for point in page.points
        if since <= point.day < today
    ]
    return days, sum(days, Tally())


def _raise(
    org_id: int,
    code: Indicator,
    value: Decimal,
    red: Decimal,
    cases: Decimal,
    actor: Actor,
    at: datetime,
) -> None:
    alert = Alert.objects.create(
        org_id=org_id, indicator=code, value=value, red=red, cases=cases, raised_at=at
    )
    outbox.publish(
        AlertRaised(
            org_id=org_id,
            actor_id=actor.id,
            at=at,
            alert_id=alert.id,
            indicator=str(code),
            value=value,
            red=red,
        ),
        verb="cockpit.judge_targets",
    )


@verb
def acknowledge_alert(
    *, alert_id: UUID, note: str, actor: Actor, at: datetime
) -> AlertAcknowledged:
    """Take an alert in hand, with a word on what is done. Raises AlreadyAcknowledged."""
    alert = Alert.objects.visible_to(actor).select_for_update().get(id=alert_id)
    actor.must("cockpit.acknowledge_alert", alert.org_id)
    if alert.state != AlertState.OPEN:
        raise AlreadyAcknowledged(_("Somebody has this alert in hand, or it is cleared."))
    alert.state = ALERT_LIFE.step(alert.state, AlertState.ACKNOWLEDGED)
    alert.acknowledged_by_id, alert.acknowledged_at, alert.note = actor.id, at, note.strip()
    alert.save(update_fields=["state", "acknowledged_by_id", "acknowledged_at", "note"])
    return AlertAcknowledged(
        org_id=alert.org_id,
        actor_id=actor.id,
        at=at,
        alert_id=alert.id,
        indicator=alert.indicator,
        note=alert.note,
    )
