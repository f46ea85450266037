"""Verbs of the compliance calendar: what falls due, who is told, what has lapsed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from panshi.fleet.events import (
    ComplianceRuleChanged,
    DocumentExpiring,
    DocumentsLapsed,
    DueItemsComputed,
    DueRow,
    ExpiringRow,
    LadderChecked,
    LadderIncidentsFound,
    LapsedRow,
    MaintenanceDue,
    MaintenanceRecorded,
    StatutoryInspectionDue,
)
from panshi.fleet.models import ComplianceRule, DueItem, DueKind, DueState, Level, Vehicle
from panshi.fleet.queries.compliance import FITTING
from panshi.fleet.services.life import locked_all
from panshi.kit import outbox
from panshi.kit.clock import local_day
from panshi.kit.facts import Fact
from panshi.kit.ids import uuid7
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor, acting, hq_actor
from panshi.kit.verbs import verb
from panshi.notify import services as notify
from panshi.notify.services import NewMessage
from panshi.org import queries as org

NOTICES_BEFORE_DUE: Final = 3
CHANNELS_BEFORE_DUE: Final = 2
SOURCE: Final = "fleet.due"

# One statement for all vehicles: which rule fits, what is due and how near, which items are new or
# advanced a rung, and who is told of each over which channel. What is due by distance keeps the day
# on which it first was. Of maintenance nobody knows when it is due before one is on record.
_COMPUTE: Final = f"""
WITH RECURSIVE {FITTING},
dated AS (
    SELECT a.*,
        CASE a.anchor
            WHEN 'PAPER' THEN COALESCE(d.expires_on,
                (a.first_registered_on + make_interval(months => a.every_months))::date)
            ELSE (a.serviced_on + make_interval(months => a.every_months))::date
        END AS day,
        CASE a.anchor WHEN 'SERVICE'
            THEN a.serviced_km + COALESCE(a.every_km, a.service_km) END AS due_km
    FROM applied a
    LEFT JOIN fleet_document d ON d.vehicle_id = a.id AND d.kind = a.kind AND d.current
),
reached AS (
    SELECT d.*, LEAST(
        (SELECT min(r) FROM unnest(d.rungs) AS r WHERE d.day - %(today)s <= r),
        CASE WHEN d.odometer_km >= d.due_km THEN (SELECT min(r) FROM unnest(d.rungs) AS r)
             WHEN d.odometer_km >= d.due_km - d.ahead_km THEN d.rungs[1] END
    ) AS rung
    FROM dated d
    WHERE d.day - %(today)s <= d.widest OR d.odometer_km >= d.due_km - d.ahead_km
        OR d.odometer_km >= d.due_km
),
moved AS (
    INSERT INTO fleet_dueitem
        (id, org_id, vehicle_id, kind, rule_id, due_on, due_km, rung, state, reminded_at)
    SELECT gen_random_uuid(), org_id, id, kind, code,
        LEAST(day, CASE WHEN odometer_km >= due_km THEN %(today)s
                        WHEN day IS NULL THEN %(today)s + rung END),
        due_km, rung, 'OPEN', %(at)s
    FROM reached WHERE rung IS NOT NULL
    ON CONFLICT (vehicle_id, kind) WHERE state = 'OPEN'
    DO UPDATE SET rung = EXCLUDED.rung, rule_id = EXCLUDED.rule_id, due_km = EXCLUDED.due_km,
        due_on = CASE WHEN fleet_dueitem.due_km = EXCLUDED.due_km
            THEN LEAST(fleet_dueitem.due_on, EXCLUDED.due_on) ELSE EXCLUDED.due_on END,
        reminded_at = EXCLUDED.reminded_at
    WHERE fleet_dueitem.rung > EXCLUDED.rung OR fleet_dueitem.rule_id IS NULL
        OR (EXCLUDED.due_km IS NULL AND fleet_dueitem.due_on <> EXCLUDED.due_on)
    RETURNING id, org_id, vehicle_id, kind, rule_id, due_on, due_km, rung
),
seats AS (
    SELECT DISTINCT org_id, org_id AS node FROM moved
    UNION SELECT s.org_id, n.parent_id FROM seats s JOIN org_orgnode n ON n.id = s.node
        WHERE n.parent_id IS NOT NULL
),
people AS (
    SELECT s.org_id, u.id AS user_id, l.level
    FROM seats s JOIN org_orgnode n ON n.id = s.node
    JOIN (VALUES ('CLERK', 'OPERATOR', ARRAY['OPERATIONS']),
                 ('LEAD', 'OPERATOR', ARRAY['DECISION_MAKER']),
                 ('REGION', 'REGION', ARRAY['OPERATIONS', 'DECISION_MAKER']),
                 ('HQ', 'PLATFORM', ARRAY['OPERATIONS', 'DECISION_MAKER'])
        ) AS l (level, kind, roles) ON n.kind = l.kind
    JOIN org_user u ON u.org_id = n.id AND u.is_active AND u.roles::text[] && l.roles
),
told AS (
    INSERT INTO fleet_duenotice
        (id, org_id, due_item_id, rung, level, channel, user_id, run_id, told_at)
    SELECT gen_random_uuid(), m.org_id, m.id, m.rung, p.level, c.channel, p.user_id,
        %(run)s, %(at)s
    FROM moved m JOIN fleet_compliancerule r ON r.code = m.rule_id
    JOIN people p ON p.org_id = m.org_id AND p.level = r.told[array_position(r.rungs, m.rung)]
    CROSS JOIN (VALUES ('IN_APP'), ('SMS')) AS c (channel)
    ON CONFLICT (due_item_id, rung, channel, user_id) DO NOTHING
)
SELECT m.org_id, m.id, m.vehicle_id, v.plate, m.kind, m.due_on, m.due_km, m.rung, v.use, v.state
FROM moved m JOIN fleet_vehicle v ON v.id = m.vehicle_id ORDER BY m.org_id, m.due_on, m.id
"""
_DIGESTS: Final = """
SELECT u.org_id, n.user_id, n.channel, u.language, count(*), min(i.due_on)
FROM fleet_duenotice n JOIN org_user u ON u.id = n.user_id
JOIN fleet_dueitem i ON i.id = n.due_item_id
WHERE n.run_id = %s GROUP BY u.org_id, n.user_id, n.channel, u.language
ORDER BY u.org_id, n.user_id, n.channel
"""
_LAPSE: Final = """
UPDATE fleet_dueitem i SET lapsed_at = %(at)s
FROM fleet_compliancerule r, fleet_vehicle v
WHERE i.state = 'OPEN' AND i.lapsed_at IS NULL AND r.code = i.rule_id
    AND i.due_on + r.grace_days < %(today)s AND v.id = i.vehicle_id
    AND v.state NOT IN ('RETIRED', 'SOLD')
RETURNING i.org_id, i.id, i.vehicle_id, v.plate, i.kind, i.due_on, r.blocks,
    v.state = 'LEASED', v.customer_id
"""
# Only what could have been told in time: an item opened after its day has no day before.
_UNTOLD: Final = """
UPDATE fleet_dueitem i SET incident_on = %(today)s
FROM fleet_vehicle v
WHERE i.state = 'OPEN' AND i.due_on <= %(today)s AND i.incident_on IS NULL
    AND v.id = i.vehicle_id AND (
        SELECT count(*) < %(notices)s OR count(DISTINCT n.channel) < %(channels)s
        FROM fleet_duenotice n
        WHERE n.due_item_id = i.id AND (n.told_at AT TIME ZONE 'Asia/Shanghai')::date < i.due_on
    )
RETURNING i.org_id, i.id, i.vehicle_id, v.plate, i.kind, i.due_on, i.rung, v.use, v.state
"""


class RuleUnreadable(Refusal):
    """The figures of a rule do not make a ladder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceDone:
    """A vehicle was maintained by the maker's plan, on a day and at an odometer reading in km."""

    vehicle_id: UUID
    on: date
    odometer_km: Decimal


def _due_row(item: Sequence[Any], today: date) -> dict[str, Any]:
    _org, item_id, vehicle_id, plate, kind, due_on, due_km, rung, use, state = item
    return {
        "due_item_id": item_id,
        "vehicle_id": vehicle_id,
        "plate": plate,
        "kind": kind,
        "due_on": due_on,
        "due_km": due_km,
        "days_left": (due_on - today).days,
        "days": rung,
        "use": use,
        "leased": state == "LEASED",
        "idle": state in ("IDLE", "READY"),
    }


def _due_facts(
    rows: Sequence[Mapping[str, Any]], *, org_id: int, actor: Actor, at: datetime
) -> list[Fact]:
    """What fell due at one node: papers, statutory inspections, maintenance."""
    papers = tuple(ExpiringRow(**row) for row in rows if row["kind"] != DueKind.MAINTENANCE)
    checks = tuple(DueRow(**row) for row in rows if row["kind"] == DueKind.INSPECTION)
    services = tuple(DueRow(**row) for row in rows if row["kind"] == DueKind.MAINTENANCE)
    common: dict[str, Any] = {"org_id": org_id, "actor_id": actor.id, "at": at}
    facts: list[Fact] = []
    if papers:
        facts.append(DocumentExpiring(**common, items=papers))
    if checks:
        facts.append(StatutoryInspectionDue(**common, items=checks))
    if services:
        facts.append(MaintenanceDue(**common, items=services))
    return facts


def _send(run_id: UUID, at: datetime) -> int:
    """One message a person and channel tells of all that the run found; answers how many."""
    with connection.cursor() as cursor:
        cursor.execute(_DIGESTS, [run_id])
        digests = cursor.fetchall()
    sent = 0
    for node, people in groupby(digests, key=lambda row: row[0]):
        messages = []
        for _node, user_id, channel, language, count, soonest in people:
            with translation.override(language):
                subject = ngettext(
                    "%(count)d deadline of a vehicle needs you",
                    "%(count)d deadlines of vehicles need you",
                    count,
                ) % {"count": count}
                body = _("The first is on %s.") % soonest.isoformat()
            messages.append(
                NewMessage(
                    subject=subject,
                    body=body,
                    link=reverse("fleet-calendar"),
                    user_id=user_id,
                    channel=channel,
                    source_kind=SOURCE,
                    source_id=str(run_id),
                )
            )
        notify.send_messages(org_id=node, messages=messages, actor=hq_actor(node), at=at)
        sent += len(messages)
    return sent


def compute_for(
    vehicle_ids: Sequence[UUID] | None, *, actor: Actor, at: datetime
) -> tuple[int, int]:
    """Find what is due of these vehicles, or of all; answers items moved and messages sent."""
    today, run_id = local_day(at), uuid7()
    ids = list(vehicle_ids) if vehicle_ids is not None else None
    # As the head office: region and head office are told too, whom an operator does not see.
    with acting(hq_actor(), to_write=True):
        with connection.cursor() as cursor:
            cursor.execute(_COMPUTE, {"today": today, "at": at, "run": run_id, "ids": ids})
            rows = cursor.fetchall()
        facts = [
            fact
            for org_id, items in groupby(rows, key=lambda row: row[0])
            for fact in _due_facts(
                [_due_row(item, today) for item in items], org_id=org_id, actor=actor, at=at
            )
        ]
        outbox.publish_all(facts, verb="fleet.compute_due_items")
        sent = _send(run_id, at)
        _lapse(actor=actor, at=at)
    return len(rows), sent


def _lapse(*, actor: Actor, at: datetime) -> int:
    """Note what has lapsed, and tell each node: a leased vehicle is red from this moment."""
    with connection.cursor() as cursor:
        cursor.execute(_LAPSE, {"today": local_day(at), "at": at})
        rows = sorted(cursor.fetchall())
    facts: list[Fact] = []
    for org_id, items in groupby(rows, key=lambda row: row[0]):
        lapsed = tuple(
            LapsedRow(
                due_item_id=item_id,
                vehicle_id=vehicle_id,
                plate=plate,
                kind=kind,
                due_on=due_on,
                blocks=blocks,
                leased=leased,
                customer_id=customer_id,
            )
            for _org, item_id, vehicle_id, plate, kind, due_on, blocks, leased, customer_id in items
        )
        facts.append(DocumentsLapsed(org_id=org_id, actor_id=actor.id, at=at, items=lapsed))
    outbox.publish_all(facts, verb="fleet.compute_due_items")
    return len(rows)


@verb
def compute_due_items(*, actor: Actor, at: datetime) -> DueItemsComputed:
    """Open or advance an item for all that reached a new rung today, and tell who is to know.

    Repeatable. Publishes for each node DocumentExpiring, StatutoryInspectionDue, MaintenanceDue and
    DocumentsLapsed with a row for each vehicle.
    """
    actor.must("fleet.compute_due_items", actor.org_id)
    items, messages = compute_for(None, actor=actor, at=at)
    return DueItemsComputed(
        org_id=actor.org_id, actor_id=actor.id, at=at, items=items, messages=messages
    )


@verb
def lapse_due_items(*, actor: Actor, at: datetime) -> DueItemsComputed:
    """Note what lapsed with the day that ended; publishes DocumentsLapsed for each node."""
    actor.must("fleet.compute_due_items", actor.org_id)
    return DueItemsComputed(
        org_id=actor.org_id,
        actor_id=actor.id,
        at=at,
        items=_lapse(actor=actor, at=at),
        messages=0,
    )


@verb
def check_ladder(*, actor: Actor, at: datetime) -> LadderChecked:
    """Raise an incident for what fell due with too few notices on record before its day.

    Three notices on two channels are the least. Publishes LadderIncidentsFound for each node.
    """
    actor.must("fleet.check_ladder", actor.org_id)
    today = local_day(at)
    with connection.cursor() as cursor:
        cursor.execute(
            _UNTOLD,
            {"today": today, "notices": NOTICES_BEFORE_DUE, "channels": CHANNELS_BEFORE_DUE},
        )
        rows = sorted(cursor.fetchall())
    for org_id, items in groupby(rows, key=lambda row: row[0]):
        found = tuple(DueRow(**_due_row((*item[:6], None, *item[6:]), today)) for item in items)
        outbox.publish(
            LadderIncidentsFound(org_id=org_id, actor_id=actor.id, at=at, items=found),
            verb="fleet.check_ladder",
        )
    return LadderChecked(org_id=actor.org_id, actor_id=actor.id, at=at, incidents=len(rows))


@verb
def record_maintenance(
    *, records: Sequence[MaintenanceDone], actor: Actor, at: datetime
) -> MaintenanceRecorded:
    """Note that vehicles were maintained: the next interval counts from then, what was due is done.

    Of several records of one vehicle the one with the highest reading counts.
    """
    done = {record.vehicle_id: record for record in sorted(records, key=lambda r: r.odometer_km)}
    vehicles = locked_all(done, actor=actor, permission="fleet.record_maintenance")
    for vehicle in vehicles:
        record = done[vehicle.id]
        vehicle.serviced_on, vehicle.serviced_km = record.on, record.odometer_km
        vehicle.odometer_km = max(vehicle.odometer_km, record.odometer_km)
    Vehicle.objects.bulk_update(
        vehicles, ["serviced_on", "serviced_km", "odometer_km"], batch_size=1000
    )
    DueItem.objects.filter(
        vehicle__in=vehicles, kind=DueKind.MAINTENANCE, state=DueState.OPEN
    ).update(state=DueState.DONE, done_at=at)
    return MaintenanceRecorded(
        org_id=vehicles[0].org_id if vehicles else actor.org_id,
        actor_id=actor.id,
        at=at,
        vehicle_ids=tuple(vehicle.id for vehicle in vehicles),
    )


@verb
def change_compliance_rule(
    *,
    code: str,
    rungs: Sequence[int],
    told: Sequence[str],
    blocks: bool,
    actor: Actor,
    at: datetime,
    every_months: int | None = None,
    every_km: int | None = None,
    ahead_km: int | None = None,
    grace_days: int = 0,
    confirmed: bool = False,
) -> ComplianceRuleChanged:
    """Change when something falls due and who is told; the platform's alone.

    `confirmed` says that the figures were held against the local law. Raises RuleUnreadable unless
    the rungs fall from the widest to the narrowest and each names who is told.
    """
    platform = org.platform_id()
    actor.must("fleet.change_compliance_rule", actor.org_id if platform is None else platform)
    falling = list(rungs) == sorted(set(rungs), reverse=True)
    if not rungs or not falling or min(rungs) < 0 or max(rungs) > 365:
        raise RuleUnreadable(_("Give the days ahead from the widest to the narrowest, 365 to 0."))
    if len(told) != len(rungs) or not set(told) <= set(Level.values):
        raise RuleUnreadable(_("Name for each of the days who is told."))
    rule = ComplianceRule.objects.select_for_update().get(code=code)
    rule.rungs, rule.told = list(rungs), list(told)
    rule.blocks, rule.grace_days = blocks, grace_days
    rule.every_months, rule.every_km, rule.ahead_km = every_months, every_km, ahead_km
    rule.confirmed_on = local_day(at) if confirmed else None
    rule.confirmed_by_id = actor.id if confirmed else None
    rule.save()
    return ComplianceRuleChanged(
        org_id=actor.org_id, actor_id=actor.id, at=at, code=code, confirmed=confirmed
    )
