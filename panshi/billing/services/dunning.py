"""Arrears: the ladder of reminders and steps, a few statements for all customers at once."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
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
from panshi.kit.facts import Fact
from panshi.kit.ids import uuid7
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.notify import queries as notify

CALL: Final = "CALL"

# After an outage only the highest rung fires; a case on hold keeps its bills still.
_BILLS: Final = """
UPDATE billing_billbalance b SET rung = reached.day
FROM (
    SELECT o.bill_id, max(r.day) AS day
    FROM billing_billbalance o CROSS JOIN billing_dunningrung r
    LEFT JOIN billing_dunningpolicy p ON p.org_id = o.org_id AND p.rung_id = r.day
    WHERE o.open_amount > 0 AND o.kind = 'CHARGE' AND o.due_on <= %(on)s::date + 7
        AND COALESCE(p.day, r.day) <= %(on)s::date - o.due_on AND NOT COALESCE(p.skipped, false)
        AND NOT EXISTS (SELECT FROM billing_dunningcase c WHERE c.source_id = o.source_id
            AND c.state IN ('ON_HOLD', 'LEGAL'))
    GROUP BY o.bill_id
) reached
WHERE b.bill_id = reached.bill_id AND (b.rung IS NULL OR b.rung < reached.day)
RETURNING b.org_id, b.bill_id, b.customer_id, b.vehicle_id, b.source_kind, b.source_id, b.rung,
    b.open_amount, b.due_on, (SELECT number FROM billing_bill i WHERE i.id = b.bill_id)
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
# Each live case beside what its source owes late, if anything: one look at both.
_OWED: Final = """
WITH late AS (
    SELECT source_id, min(due_on) AS oldest, sum(open_amount) AS amount FROM billing_billbalance
    WHERE open_amount > 0 AND kind = 'CHARGE' AND due_on < %(on)s GROUP BY source_id
), fired AS (
    SELECT s.case_id, array_agg(s.day) AS days FROM billing_dunningstep s
    JOIN billing_dunningcase c ON c.id = s.case_id
    WHERE c.state IN ('OPEN', 'ON_HOLD', 'LEGAL') GROUP BY s.case_id
)
SELECT c.state, l.amount IS NULL, c.id, c.org_id, c.customer_id, c.vehicle_id, c.source_kind,
    c.source_id, c.rung, l.oldest, l.amount, COALESCE(f.days, '{}')
FROM billing_dunningcase c LEFT JOIN late l ON l.source_id = c.source_id
LEFT JOIN fired f ON f.case_id = c.id
WHERE c.state IN ('OPEN', 'ON_HOLD', 'LEGAL') ORDER BY c.id
"""
# What climbs is handed over as one document: a parameter for every value costs more than the work.
_STEP: Final = """
WITH fired AS (
    SELECT * FROM jsonb_to_recordset(%(steps)s::jsonb) AS f(id uuid, org_id int, case_id uuid,
        day int, code text, top int, oldest date, open_amount numeric)
), kept AS (
    INSERT INTO billing_dunningstep (id, org_id, case_id, day, code, fired_on, open_amount)
    SELECT id, org_id, case_id, day, code, %(on)s, open_amount FROM fired
)
UPDATE billing_dunningcase c SET rung = f.top, oldest_due_on = f.oldest
FROM fired f WHERE c.id = f.case_id
"""
_PLAN: Final = """
INSERT INTO billing_collectioncall (id, org_id, case_id, day, call_on, outcome, words)
SELECT id, org_id, case_id, day, call_on, '', ''
FROM jsonb_to_recordset(%(calls)s::jsonb)
    AS c(id uuid, org_id int, case_id uuid, day int, call_on date)
"""


@dataclass(frozen=True, slots=True)
class _Reached:
    """A bill at the rung it reached, `days` after its due day."""

    org_id: int
    bill_id: UUID
    customer_id: UUID
    vehicle_id: UUID | None
    source_kind: str
    source_id: UUID
    days: int
    amount: Decimal
    due_on: date
    number: str | None


@dataclass(frozen=True, slots=True)
class _Owed:
    """An open case with its debt and the rungs that have fired."""

    case_id: UUID
    org_id: int
    customer_id: UUID
    vehicle_id: UUID | None
    source_kind: str
    source_id: UUID
    rung: int | None
    oldest: date
    amount: Decimal
    fired: Sequence[int]


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
        cursor.execute(_BILLS, {"on": on})
        bills = [_Reached(*row) for row in cursor.fetchall()]
        cursor.execute(_OPEN_CASES, {"on": on})
        cursor.execute(_OWED, {"on": on})
        live = cursor.fetchall()
    owed = [_Owed(*row) for state, paid, *row in live if state == CaseState.OPEN and not paid]
    done = [row[0] for _state, paid, *row in live if paid]
    overdue, tellings = _bill_news(bills, ladders, actor, at)
    steps, told = _climb(owed, ladders, on, actor, at)
    reminding.tell([*tellings, *told], actor=actor, at=at)
    cases = list(DunningCase.objects.filter(id__in=done).order_by("id"))
    DunningCase.objects.filter(id__in=done).update(state=CaseState.CLEARED, closed_on=on)
    facts: list[Fact] = [*overdue, *steps, *(cleared(case, actor, at) for case in cases)]
    outbox.publish_all(facts, verb="billing.advance_dunning")
    reminding.take_back(
        [(case.org_id, case.id) for case in cases], reason="PAID", actor=actor, at=at
    )
    return DunningAdvanced(
        org_id=actor.org_id,
        actor_id=actor.id,
        at=at,
        on=on,
        bills=len(bills),
        steps=sum(isinstance(fact, DunningStepReached) for fact in steps),
        cleared=len(done),
    )


class _Ladders:
    """The ladder of each operator: the platform's rungs with the operator's own days."""

    def __init__(self) -> None:
        self._rungs = list(DunningRung.objects.order_by("day"))
        self._own = {(p.org_id, p.rung_id): p for p in DunningPolicy.objects.all()}
        self._made: dict[int, list[Rung]] = {}
        self.templates = {rung.day: rung.template for rung in self._rungs}

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


def _bill_news(
    bills: Sequence[_Reached], ladders: _Ladders, actor: Actor, at: datetime
) -> tuple[list[Fact], list[Telling]]:
    """What bills have reached: overdue ones are told as facts, the others to the customer."""
    facts: list[Fact] = []
    tellings: list[Telling] = []
    for bill in bills:
        if bill.days <= 0:
            tellings.append(
                Telling(
                    org_id=bill.org_id,
                    customer_id=bill.customer_id,
                    kind=BILL,
                    topic_id=bill.bill_id,
                    rung=str(bill.days),
                    template=ladders.templates[bill.days],
                    amount=bill.amount,
                    due_on=bill.due_on,
                    number=bill.number or "",
                )
            )
            continue
        facts.append(
            BillOverdue(
                org_id=bill.org_id,
                actor_id=actor.id,
                at=at,
                bill_id=bill.bill_id,
                customer_id=bill.customer_id,
                vehicle_id=bill.vehicle_id,
                source_kind=bill.source_kind,
                source_id=bill.source_id,
                days=bill.days,
                open_amount=bill.amount,
            )
        )
    return facts, tellings


def _climb(
    owed: Sequence[_Owed], ladders: _Ladders, on: date, actor: Actor, at: datetime
) -> tuple[list[Fact], list[Telling]]:
    """Let each case climb the rung it has reached."""
    proven = _proven(owed, ladders, actor)
    facts: list[Fact] = []
    tellings: list[Telling] = []
    steps: list[dict[str, Any]] = []
    calls: list[dict[str, Any]] = []
    for one in owed:
        rung = rules.next_rung(
            rungs=ladders.of(one.org_id),
            days=(on - one.oldest).days,
            fired=one.fired,
            proven=proven.get(one.case_id, {}),
            at=at,
        )
        if rung is None:
            continue
        steps.append(
            {
                "id": str(uuid7()),
                "org_id": one.org_id,
                "case_id": str(one.case_id),
                "day": rung.day,
                "code": rung.code,
                "top": max(rung.day, one.rung or rung.day),
                "oldest": one.oldest.isoformat(),
                "open_amount": str(one.amount),
            }
        )
        if rung.code == CALL:
            call_id, call_on = uuid7(), rules.working_day(on)
            calls.append(
                {
                    "id": str(call_id),
                    "org_id": one.org_id,
                    "case_id": str(one.case_id),
                    "day": rung.day,
                    "call_on": call_on.isoformat(),
                }
            )
            facts.append(_call_planned(one, call_id, call_on, actor, at))
        facts.append(_step_reached(one, rung, actor, at))
        tellings.append(
            Telling(
                org_id=one.org_id,
                customer_id=one.customer_id,
                kind=CASE,
                topic_id=one.case_id,
                rung=str(rung.day),
                template=rung.template,
                amount=one.amount,
                due_on=one.oldest,
            )
        )
    with connection.cursor() as cursor:
        if steps:
            cursor.execute(_STEP, {"steps": json.dumps(steps), "on": on})
        if calls:
            cursor.execute(_PLAN, {"calls": json.dumps(calls)})
    return facts, tellings


def _proven(
    owed: Sequence[_Owed], ladders: _Ladders, actor: Actor
) -> Mapping[UUID, dict[int, datetime]]:
    """When the notices that control rungs wait for were first delivered, by case and rung."""
    wanted: dict[str, tuple[UUID, int]] = {}
    for one in owed:
        for day in _notices(ladders.of(one.org_id), one.fired):
            wanted[source_of(one.case_id, day)] = (one.case_id, day)
    if not wanted:
        return {}
    proofs = notify.proofs_of(source_kind=CASE, source_ids=list(wanted), actor=actor)
    found: dict[UUID, dict[int, datetime]] = {}
    for source, (case_id, day) in wanted.items():
        if source in proofs:
            found.setdefault(case_id, {})[day] = proofs[source][0].delivered_at
    return found


def _notices(rungs: Sequence[Rung], fired: Collection[int]) -> list[int]:
    days = {rung.notice_day for rung in rungs if rung.controls and rung.notice_day is not None}
    return [day for day in days if day in fired]


def _call_planned(
    one: _Owed, call_id: UUID, call_on: date, actor: Actor, at: datetime
) -> CollectionCallPlanned:
    return CollectionCallPlanned(
        org_id=one.org_id,
        actor_id=actor.id,
        at=at,
        call_id=call_id,
        case_id=one.case_id,
        customer_id=one.customer_id,
        call_on=call_on,
        open_amount=one.amount,
    )


def _step_reached(one: _Owed, rung: Rung, actor: Actor, at: datetime) -> DunningStepReached:
    return DunningStepReached(
        org_id=one.org_id,
        actor_id=actor.id,
        at=at,
        case_id=one.case_id,
        customer_id=one.customer_id,
        vehicle_id=one.vehicle_id,
        source_kind=one.source_kind,
        source_id=one.source_id,
        code=rung.code,
        days=rung.day,
        open_amount=one.amount,
    )
