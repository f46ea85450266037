"""Arrears: the ladder of reminders and steps, one statement each for all customers at once."""

from datetime import date, datetime
from typing import Final
from uuid import UUID

from django.db import connection

from panshi.billing.events import (
    BillOverdue,
    CaseHeld,
    CaseResumed,
    DunningAdvanced,
    DunningStepReached,
)
from panshi.billing.models import CASE_LIFE, CaseState, DunningCase
from panshi.billing.services.settling import cleared
from panshi.kit import outbox
from panshi.kit.facts import Fact
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb

# After an outage only the highest rung fires; a case on hold keeps its bills still.
_BILLS: Final = """
UPDATE billing_billbalance b SET rung = reached.day
FROM (
    SELECT o.bill_id, max(r.day) AS day
    FROM billing_billbalance o JOIN billing_dunningrung r ON r.day <= %(on)s::date - o.due_on
    WHERE o.open_amount > 0 AND o.kind = 'CHARGE' AND o.due_on <= %(on)s::date + 3
        AND NOT EXISTS (SELECT FROM billing_dunningcase c WHERE c.source_id = o.source_id
            AND c.state IN ('ON_HOLD', 'LEGAL'))
    GROUP BY o.bill_id
) reached
WHERE b.bill_id = reached.bill_id AND (b.rung IS NULL OR b.rung < reached.day)
RETURNING b.org_id, b.bill_id, b.customer_id, b.vehicle_id, b.source_kind, b.source_id, b.rung,
    b.open_amount
"""
_OPEN_CASES: Final = """
INSERT INTO billing_dunningcase
    (id, org_id, source_kind, source_id, customer_id, vehicle_id, oldest_due_on, state, opened_on,
     hold_reason)
SELECT DISTINCT ON (b.source_id) ledger_new_id(), b.org_id, b.source_kind, b.source_id,
    b.customer_id, b.vehicle_id, b.due_on, 'OPEN', %(on)s, ''
FROM billing_billbalance b
WHERE b.open_amount > 0 AND b.kind = 'CHARGE' AND b.due_on < %(on)s
ORDER BY b.source_id, b.due_on, b.bill_id
ON CONFLICT (source_id) WHERE state IN ('OPEN', 'ON_HOLD', 'LEGAL') DO NOTHING
"""
_STEPS: Final = """
WITH owed AS (
    SELECT c.id, c.org_id, min(b.due_on) AS oldest, sum(b.open_amount) AS open_amount
    FROM billing_dunningcase c JOIN billing_billbalance b ON b.source_id = c.source_id
    WHERE c.state = 'OPEN' AND b.open_amount > 0 AND b.kind = 'CHARGE' AND b.due_on < %(on)s
    GROUP BY c.id, c.org_id
), reached AS (
    SELECT o.id, o.org_id, o.oldest, o.open_amount, max(r.day) AS day
    FROM owed o JOIN billing_dunningrung r ON r.day BETWEEN 1 AND %(on)s::date - o.oldest
    GROUP BY o.id, o.org_id, o.oldest, o.open_amount
), moved AS (
    UPDATE billing_dunningcase c SET rung = h.day, oldest_due_on = h.oldest
    FROM reached h WHERE h.id = c.id AND (c.rung IS NULL OR c.rung < h.day)
    RETURNING c.id, c.org_id, c.customer_id, c.vehicle_id, c.source_kind, c.source_id, h.day,
        h.open_amount
), fired AS (
    INSERT INTO billing_dunningstep (id, org_id, case_id, day, code, fired_on, open_amount)
    SELECT ledger_new_id(), m.org_id, m.id, m.day, r.code, %(on)s, m.open_amount
    FROM moved m JOIN billing_dunningrung r ON r.day = m.day
)
SELECT m.org_id, m.id, m.customer_id, m.vehicle_id, m.source_kind, m.source_id, r.code, m.day,
    m.open_amount
FROM moved m JOIN billing_dunningrung r ON r.day = m.day ORDER BY m.id
"""
_NOTHING_OWED: Final = """
SELECT c.id FROM billing_dunningcase c
WHERE c.state IN ('OPEN', 'ON_HOLD', 'LEGAL') AND NOT EXISTS (
    SELECT FROM billing_billbalance b WHERE b.source_id = c.source_id AND b.open_amount > 0
    AND b.kind = 'CHARGE' AND b.due_on < %(on)s)
"""


@verb
def advance_dunning(*, on: date, actor: Actor, at: datetime) -> DunningAdvanced:
    """Move every open bill and case to the rung it has reached on a day; repeating adds nothing.

    Publishes BillOverdue for bills that reached a day of the ladder after their due day,
    DunningStepReached for cases, and ArrearsCleared for cases that owe nothing overdue.
    """
    actor.must("billing.advance_dunning", actor.org_id)
    facts: list[Fact] = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('dunning', 13))")
        cursor.execute(
            "UPDATE billing_dunningcase SET state = 'OPEN', hold_reason = '', hold_until = NULL"
            " WHERE state = 'ON_HOLD' AND hold_until <= %s",
            [on],
        )
        cursor.execute(_BILLS, {"on": on})
        bills = cursor.fetchall()
        cursor.execute(_OPEN_CASES, {"on": on})
        cursor.execute(_STEPS, {"on": on})
        steps = cursor.fetchall()
        cursor.execute(_NOTHING_OWED, {"on": on})
        done = [case_id for (case_id,) in cursor.fetchall()]
    for org_id, bill_id, customer_id, vehicle_id, kind, source_id, days, amount in bills:
        if days > 0:
            facts.append(
                BillOverdue(
                    org_id=org_id,
                    actor_id=actor.id,
                    at=at,
                    bill_id=bill_id,
                    customer_id=customer_id,
                    vehicle_id=vehicle_id,
                    source_kind=kind,
                    source_id=source_id,
                    days=days,
                    open_amount=amount,
                )
            )
    for org_id, case_id, customer_id, vehicle_id, kind, source_id, code, days, amount in steps:
        facts.append(
            DunningStepReached(
                org_id=org_id,
                actor_id=actor.id,
                at=at,
                case_id=case_id,
                customer_id=customer_id,
                vehicle_id=vehicle_id,
                source_kind=kind,
                source_id=source_id,
                code=code,
                days=days,
                open_amount=amount,
            )
        )
    cases = list(DunningCase.objects.filter(id__in=done).order_by("id"))
    DunningCase.objects.filter(id__in=done).update(state=CaseState.CLEARED, closed_on=on)
    facts += [cleared(case, actor, at) for case in cases]
    outbox.publish_all(facts, verb="billing.advance_dunning")
    return DunningAdvanced(
        org_id=actor.org_id,
        actor_id=actor.id,
        at=at,
        on=on,
        bills=len(bills),
        steps=len(steps),
        cleared=len(done),
    )


def _locked(case_id: UUID, actor: Actor) -> DunningCase:
    case = DunningCase.objects.visible_to(actor).select_for_update().get(id=case_id)
    actor.must("billing.hold_case", case.org_id)
    return case


@verb
def hold_case(
    *, case_id: UUID, reason: str, actor: Actor, at: datetime, until: date | None = None
) -> CaseHeld:
    """Freeze a case: a dispute, a complaint, a promise to pay until a day, an accident."""
    case = _locked(case_id, actor)
    case.state = CASE_LIFE.step(case.state, CaseState.ON_HOLD)
    case.hold_reason, case.hold_until = reason, until
    case.save(update_fields=["state", "hold_reason", "hold_until"])
    return CaseHeld(
        org_id=case.org_id, actor_id=actor.id, at=at, case_id=case.id, reason=reason, until=until
    )


@verb
def resume_case(*, case_id: UUID, actor: Actor, at: datetime) -> CaseResumed:
    """Let the ladder of a case run on from where it stands."""
    case = _locked(case_id, actor)
    case.state = CASE_LIFE.step(case.state, CaseState.OPEN)
    case.hold_reason, case.hold_until = "", None
    case.save(update_fields=["state", "hold_reason", "hold_until"])
    return CaseResumed(org_id=case.org_id, actor_id=actor.id, at=at, case_id=case.id, resumed_at=at)
