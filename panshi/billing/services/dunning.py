"""Arrears: the ladder of reminders and steps, a few statements for all customers at once."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection

from panshi.billing.events import (
    BillOverdue,
    CollectionCallPlanned,
    DunningAdvanced,
    DunningStepReached,
)
from panshi.billing.models import (
    CaseState,
    DunningCase,
    DunningPolicy,
    DunningRung,
)
from panshi.billing.queries.dunning import CASE, source_of
from panshi.billing.rules import dunning as rules
from panshi.billing.rules.dunning import Rung
from panshi.billing.services import reminding
from panshi.billing.services.promising import judge_promises
from panshi.billing.services.reminding import BILL, Telling
from panshi.billing.services.settling import cleared
from panshi.kit import outbox
from panshi.kit.ids import NEW_ID
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.notify import queries as notify

VERB: Final = "billing.advance_dunning"

# Bills that nobody is reminded of until what is said against them has been answered.
_FROZEN: Final = "SELECT bill_id FROM billing_billdispute WHERE freezes AND answered_at IS NULL"
# After an outage only the highest rung fires; a case on hold keeps its bills still.
_REACHED: Final = f"""
reached AS (
    UPDATE billing_billbalance b SET rung = due.day
    FROM (
        SELECT o.org_id, o.due_on, max(r.day) AS day
        FROM (
            SELECT DISTINCT org_id, due_on FROM billing_billbalance
            WHERE open_amount > 0 AND kind = 'CHARGE' AND due_on <= %(on)s::date + 7
        ) o CROSS JOIN billing_dunningrung r
        LEFT JOIN billing_dunningpolicy p ON p.org_id = o.org_id AND p.rung_id = r.day
        WHERE COALESCE(p.day, r.day) <= %(on)s::date - o.due_on AND NOT COALESCE(p.skipped, false)
        GROUP BY o.org_id, o.due_on
    ) due
    WHERE b.org_id = due.org_id AND b.due_on = due.due_on AND b.open_amount > 0
        AND b.kind = 'CHARGE' AND (b.rung IS NULL OR b.rung < due.day)
        AND NOT EXISTS (SELECT FROM billing_dunningcase c WHERE c.source_id = b.source_id
            AND c.state IN ('ON_HOLD', 'LEGAL'))
        AND b.bill_id NOT IN ({_FROZEN})
    RETURNING b.org_id, b.bill_id, b.customer_id, b.vehicle_id, b.source_kind, b.source_id,
        b.rung AS days, b.open_amount, b.due_on
)"""
_OVERDUE: Final = """
SELECT org_id, bill_id, customer_id, vehicle_id, source_kind, source_id, days,
    open_amount::text AS open_amount FROM reached WHERE days > 0 ORDER BY org_id"""
_REMINDED: Final = """
SELECT t.count, r.org_id, r.bill_id, r.customer_id, r.days, r.open_amount, r.due_on,
    (SELECT number FROM billing_bill i WHERE i.id = r.bill_id)
FROM (SELECT count(*) FROM reached) t LEFT JOIN reached r ON r.days <= 0"""
# What each source owes late, as its oldest bill has it. Book by book, since indexes begin with it.
_LATE: Final = f"""
late AS MATERIALIZED (
    SELECT DISTINCT ON (source_id) source_id, source_kind, org_id, customer_id, vehicle_id,
        due_on AS oldest, sum(open_amount) OVER (PARTITION BY source_id) AS amount
    FROM billing_billbalance
    WHERE open_amount > 0 AND kind = 'CHARGE' AND due_on < %(on)s AND bill_id NOT IN ({_FROZEN})
    ORDER BY source_id, due_on, bill_id
), fired AS MATERIALIZED (
    SELECT s.case_id, array_agg(s.day ORDER BY s.day) AS days FROM billing_dunningstep s
    JOIN billing_dunningcase c ON c.id = s.case_id WHERE c.state = 'OPEN' GROUP BY s.case_id
), due AS MATERIALIZED (
    SELECT l.source_id, l.source_kind, l.oldest, l.amount, c.id AS case_id,
        COALESCE(c.org_id, l.org_id) AS org_id,
        COALESCE(c.customer_id, l.customer_id) AS customer_id,
        CASE WHEN c.id IS NULL THEN l.vehicle_id ELSE c.vehicle_id END AS vehicle_id,
        COALESCE(f.days, '{{}}')::int[] AS fired
    FROM late l LEFT JOIN billing_dunningcase c
        ON c.source_id = l.source_id AND c.state IN ('OPEN', 'ON_HOLD', 'LEGAL')
    LEFT JOIN fired f ON f.case_id = c.id
    WHERE c.id IS NULL OR c.state = 'OPEN'
    ORDER BY org_id
)"""
# Cases alike are judged as one; where a notice may have been delivered, each for itself.
_SITUATIONS: Final = f"""
WITH {_LATE}
SELECT org_id, oldest, fired, CASE WHEN fired && %(notices)s::int[] THEN case_id END FROM due
GROUP BY 1, 2, 3, 4
"""
_CLIMB: Final = f"""
{_LATE}, verdict AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(%(verdicts)s::jsonb) AS v(org_id int, oldest date,
        fired int[], case_id uuid, day int, code text, told boolean)
), climbing AS MATERIALIZED (
    SELECT d.*, v.day, v.code, v.told, COALESCE(d.case_id, {NEW_ID}) AS id
    FROM due d LEFT JOIN verdict v ON v.org_id = d.org_id AND v.oldest = d.oldest
        AND v.fired = d.fired AND (v.case_id IS NULL OR v.case_id = d.case_id)
    WHERE d.case_id IS NULL OR v.day IS NOT NULL
), opened AS (
    INSERT INTO billing_dunningcase (id, org_id, source_kind, source_id, customer_id, vehicle_id,
        oldest_due_on, rung, state, opened_on, hold_reason)
    SELECT id, org_id, source_kind, source_id, customer_id, vehicle_id, oldest, day, 'OPEN',
        %(on)s, '' FROM climbing WHERE case_id IS NULL
), climbed AS (
    UPDATE billing_dunningcase c SET rung = GREATEST(c.rung, k.day), oldest_due_on = k.oldest
    FROM climbing k WHERE c.id = k.case_id
), stepped AS MATERIALIZED (
    SELECT * FROM climbing WHERE day IS NOT NULL
), kept AS (
    INSERT INTO billing_dunningstep (id, org_id, case_id, day, code, fired_on, open_amount)
    SELECT {NEW_ID}, org_id, id, day, code, %(on)s, amount FROM stepped
), calling AS MATERIALIZED (
    SELECT {NEW_ID} AS call_id, s.* FROM stepped s WHERE code = 'CALL'
), planned AS (
    INSERT INTO billing_collectioncall (id, org_id, case_id, day, call_on, outcome, words)
    SELECT call_id, org_id, id, day, %(call_on)s, '', '' FROM calling
)"""
_CALLED: Final = """
SELECT org_id, call_id, id AS case_id, customer_id, %(call_on)s::date AS call_on,
    amount::text AS open_amount FROM calling"""
_STEPPED: Final = """
SELECT org_id, id AS case_id, customer_id, vehicle_id, source_kind, source_id, code, day AS days,
    amount::text AS open_amount FROM stepped"""
_TOLD: Final = """
SELECT t.count, s.org_id, s.customer_id, s.id, s.day, s.amount, s.oldest
FROM (SELECT count(*) FROM stepped) t LEFT JOIN stepped s ON s.told"""
_PAID: Final = """
SELECT c.id FROM billing_dunningcase c
WHERE c.state IN ('OPEN', 'ON_HOLD', 'LEGAL') AND NOT EXISTS (
    SELECT FROM billing_billbalance b WHERE b.source_id = c.source_id AND b.open_amount > 0
        AND b.kind = 'CHARGE' AND b.due_on < %(on)s)
ORDER BY c.id
"""


@dataclass(frozen=True, slots=True)
class _Situation:
    """How open cases stand that are judged alike; one of them alone if its notices count."""

    org_id: int
    oldest: date
    fired: Sequence[int]
    case_id: UUID | None


@verb
def advance_dunning(*, on: date, actor: Actor, at: datetime) -> DunningAdvanced:
    """Move every open bill and case to the rung it has reached on a day; repeating adds nothing.

    Publishes BillOverdue for bills that reached a day of the ladder after their due day,
    DunningStepReached for cases, CollectionCallPlanned where a collector has to call, and
    ArrearsCleared for cases that owe nothing overdue. Each rung sends its message. A rung that
    controls a vehicle waits for the proof that its notice was delivered.
    """
    actor.must("billing.advance_dunning", actor.org_id)
    ladders = _Ladders()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('dunning', 13))")
        judge_promises(on=on, actor=actor, at=at)
        cursor.execute(
            "UPDATE billing_dunningcase SET state = 'OPEN', hold_reason = '', hold_kind = '',"
            " hold_until = NULL WHERE state = 'ON_HOLD' AND hold_until <= %s",
            [on],
        )
        # Whole tables meet here. Before a flood of new cases is analysed, they look so small
        # that the planner would compare each debt with each case. A flood stays in memory.
        cursor.execute("SET LOCAL enable_nestloop = off; SET LOCAL work_mem = '64MB'")
        bills, reminders = _reach(ladders, on, actor, at)
        cursor.execute(_PAID, {"on": on})
        done = [row[0] for row in cursor.fetchall()]
        steps, tellings = _climb(ladders, on, actor, at)
        cursor.execute("SET LOCAL enable_nestloop TO DEFAULT; SET LOCAL work_mem TO DEFAULT")
    reminding.tell([*reminders, *tellings], actor=actor, at=at)
    cases = list(DunningCase.objects.filter(id__in=done).order_by("id"))
    DunningCase.objects.filter(id__in=done).update(state=CaseState.CLEARED, closed_on=on)
    outbox.publish_all([cleared(case, actor, at) for case in cases], verb=VERB)
    reminding.take_back(
        [(case.org_id, case.id) for case in cases], reason="PAID", actor=actor, at=at
    )
    return DunningAdvanced(
        org_id=actor.org_id,
        actor_id=actor.id,
        at=at,
        on=on,
        bills=bills,
        steps=steps,
        cleared=len(done),
    )


class _Ladders:
    """The ladder of each operator: the platform's rungs with the operator's own days."""

    def __init__(self) -> None:
        self._rungs = list(DunningRung.objects.order_by("day"))
        self._own = {(p.org_id, p.rung_id): p for p in DunningPolicy.objects.all()}
        self._made: dict[int, list[Rung]] = {}
        self.templates = {rung.day: rung.template for rung in self._rungs}
        self.notices = sorted(
            {r.notice_day for r in self._rungs if r.controls and r.notice_day is not None}
        )

    def of(self, org_id: int) -> list[Rung]:
        if org_id not in self._made:
            self._made[org_id] = self._make(org_id)
        return self._made[org_id]

    def _make(self, org_id: int) -> list[Rung]:
        rungs = []
        for rung in self._rungs:
            own = self._own.get((org_id, rung.day))
            if own is not None and own.skipped:
                continue
            rungs.append(
                Rung(
                    day=rung.day,
                    code=rung.code,
                    after=own.day if own is not None else rung.day,
                    template=rung.template,
                    controls=rung.controls,
                    notice_day=rung.notice_day,
                    notice_hours=rung.notice_hours or 0,
                )
            )
        return rungs


def _reach(ladders: _Ladders, on: date, actor: Actor, at: datetime) -> tuple[int, list[Telling]]:
    """Let bills reach their rung and tell of overdue ones; how many, and the reminders due."""
    rows = outbox.publish_selected(
        [(BillOverdue, _OVERDUE)],
        given=_REACHED,
        values={"on": on},
        answer=_REMINDED,
        actor=actor,
        at=at,
        verb=VERB,
    )
    return rows[0][0], [
        Telling(
            org_id=org_id,
            customer_id=customer_id,
            kind=BILL,
            topic_id=bill_id,
            rung=str(days),
            template=ladders.templates[days],
            amount=amount,
            due_on=due_on,
            number=number or "",
        )
        for _count, org_id, bill_id, customer_id, days, amount, due_on, number in rows
        if bill_id is not None
    ]


def _climb(ladders: _Ladders, on: date, actor: Actor, at: datetime) -> tuple[int, list[Telling]]:
    """Open cases for what is late and let each climb the rung it has reached; how many did."""
    with connection.cursor() as cursor:
        cursor.execute(_SITUATIONS, {"on": on, "notices": ladders.notices})
        situations = [_Situation(*row) for row in cursor.fetchall()]
    rows = outbox.publish_selected(
        [(CollectionCallPlanned, _CALLED), (DunningStepReached, _STEPPED)],
        given=_CLIMB,
        values={
            "on": on,
            "call_on": rules.working_day(on),
            "verdicts": json.dumps(_verdicts(situations, ladders, on, actor, at)),
        },
        answer=_TOLD,
        actor=actor,
        at=at,
        verb=VERB,
    )
    return rows[0][0], [
        Telling(
            org_id=org_id,
            customer_id=customer_id,
            kind=CASE,
            topic_id=case_id,
            rung=str(day),
            template=ladders.templates[day],
            amount=amount,
            due_on=oldest,
        )
        for _count, org_id, customer_id, case_id, day, amount, oldest in rows
        if case_id is not None
    ]


def _verdicts(
    situations: Sequence[_Situation], ladders: _Ladders, on: date, actor: Actor, at: datetime
) -> list[dict[str, Any]]:
    """The rung that fires in each situation, where one does."""
    proven = _proven(situations, ladders, actor)
    fires = []
    for one in situations:
        rung = rules.next_rung(
            rungs=ladders.of(one.org_id),
            days=(on - one.oldest).days,
            fired=one.fired,
            proven=proven.get(one.case_id, {}) if one.case_id else {},
            at=at,
        )
        if rung is not None:
            fires.append(
                {
                    "org_id": one.org_id,
                    "oldest": one.oldest.isoformat(),
                    "fired": list(one.fired),
                    "case_id": None if one.case_id is None else str(one.case_id),
                    "day": rung.day,
                    "code": rung.code,
                    "told": bool(rung.template),
                }
            )
    return fires


def _proven(
    situations: Sequence[_Situation], ladders: _Ladders, actor: Actor
) -> Mapping[UUID, dict[int, datetime]]:
    """When the notices that control rungs wait for were first delivered, by case and rung."""
    wanted = {
        source_of(one.case_id, day): (one.case_id, day)
        for one in situations
        if one.case_id is not None
        for day in ladders.notices
        if day in one.fired
    }
    if not wanted:
        return {}
    proofs = notify.proofs_of(source_kind=CASE, source_ids=list(wanted), actor=actor)
    found: dict[UUID, dict[int, datetime]] = {}
    for source, (case_id, day) in wanted.items():
        if source in proofs:
            found.setdefault(case_id, {})[day] = proofs[source][0].delivered_at
    return found
