"""Questions of compliance: the rules, what forbids delivery, who was told of what falls due."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from django.db import connection

from panshi.fleet.models import (
    Anchor,
    ComplianceRule,
    DueItem,
    DueKind,
    DueNotice,
    DueState,
    Level,
    NoticeChannel,
    VehicleClass,
)
from panshi.kit.clock import local_day
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question

# Which rule a vehicle falls under: of its class before any, of its age in whole months. Picked once
# for each class and age, of which there are few.
FITTING: Final = """
fit AS (
    SELECT v.id, v.org_id, v.vehicle_class, v.odometer_km, v.first_registered_on, v.serviced_on,
        v.serviced_km, m.service_km,
        GREATEST(0, COALESCE(12 * extract(year FROM age(%(today)s, v.first_registered_on))
            + extract(month FROM age(%(today)s, v.first_registered_on)), 0))::int AS months
    FROM fleet_vehicle v LEFT JOIN fleet_vehiclemodel m ON m.id = v.model_id
    WHERE v.state NOT IN ('RETIRED', 'SOLD') AND v.use <> 'EXTERNAL'
        AND (%(ids)s::uuid[] IS NULL OR v.id = ANY(%(ids)s::uuid[]))
),
picked AS (
    SELECT DISTINCT ON (a.vehicle_class, a.months, r.kind) a.vehicle_class, a.months, r.code,
        r.kind, r.anchor, r.every_months, r.every_km, r.ahead_km, r.rungs, r.told, r.blocks,
        r.needed, r.grace_days,
        (SELECT max(rung) FROM unnest(r.rungs) AS rung) AS widest
    FROM (SELECT DISTINCT vehicle_class, months FROM fit) a
    JOIN fleet_compliancerule r ON r.vehicle_class IN ('', a.vehicle_class)
        AND a.months >= r.from_months AND (r.until_months IS NULL OR a.months < r.until_months)
    ORDER BY a.vehicle_class, a.months, r.kind, r.vehicle_class = ''
),
applied AS (
    SELECT f.*, p.code, p.kind, p.anchor, p.every_months, p.every_km, p.ahead_km, p.rungs, p.told,
        p.blocks, p.needed, p.grace_days, p.widest
    FROM fit f JOIN picked p USING (vehicle_class, months)
)
"""
_HINDRANCES: Final = f"""
WITH {FITTING}
SELECT a.id, a.kind FROM applied a
LEFT JOIN fleet_document d ON d.vehicle_id = a.id AND d.kind = a.kind AND d.current
LEFT JOIN fleet_dueitem i ON i.vehicle_id = a.id AND i.kind = a.kind AND i.state = 'OPEN'
    AND a.anchor = 'SERVICE'
WHERE a.blocks AND (
    (a.anchor = 'PAPER' AND a.needed AND d.id IS NULL)
    OR d.expires_on + a.grace_days < %(today)s
    OR i.due_on + a.grace_days < %(today)s
)
ORDER BY a.kind
"""


def hindrances(vehicle_ids: Iterable[UUID], today: date) -> dict[UUID, tuple[DueKind, ...]]:
    """What forbids the delivery of each vehicle today; those that may go are left out."""
    found: dict[UUID, tuple[DueKind, ...]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_HINDRANCES, {"ids": list(vehicle_ids), "today": today})
        for vehicle_id, kind in cursor.fetchall():
            found[vehicle_id] = (*found.get(vehicle_id, ()), DueKind(kind))
    return found


def blocking_kinds() -> frozenset[str]:
    """The kinds that stop delivery once they have lapsed."""
    rules = ComplianceRule.objects.filter(blocks=True)
    return frozenset(rules.values_list("kind", flat=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class RungRow:
    """A rung of a rule, in days ahead, and who is told at it."""

    days: int
    told: Level


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRow:
    """A rule of the calendar. `confirmed_on` is None until it was held against the local law."""

    code: str
    kind: DueKind
    vehicle_class: str
    from_months: int
    until_months: int | None
    anchor: Anchor
    every_months: int | None
    every_km: int | None
    ahead_km: int | None
    rungs: tuple[RungRow, ...]
    blocks: bool
    needed: bool
    grace_days: int
    confirmed_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRow:
    """Somebody was told of a due item."""

    rung: int
    level: Level
    channel: NoticeChannel
    user_id: UUID
    told_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenItem:
    """What is due of a vehicle; `notices` tell who was told, over so many `channels`."""

    id: UUID
    kind: DueKind
    due_on: date
    days_left: int
    rung: int
    lapsed: bool
    incident_on: date | None
    notices: tuple[NoticeRow, ...]

    @property
    def channels(self) -> int:
        return len({notice.channel for notice in self.notices})


@question
def compliance_rules(*, actor: Actor) -> list[RuleRow]:
    """The rules by which things fall due, by kind and age."""
    return [
        RuleRow(
            code=rule.code,
            kind=DueKind(rule.kind),
            vehicle_class=str(VehicleClass(rule.vehicle_class).label) if rule.vehicle_class else "",
            from_months=rule.from_months,
            until_months=rule.until_months,
            anchor=Anchor(rule.anchor),
            every_months=rule.every_months,
            every_km=rule.every_km,
            ahead_km=rule.ahead_km,
            rungs=tuple(
                RungRow(days=days, told=Level(level))
                for days, level in zip(rule.rungs, rule.told, strict=True)
            ),
            blocks=rule.blocks,
            needed=rule.needed,
            grace_days=rule.grace_days,
            confirmed_on=rule.confirmed_on,
        )
        for rule in ComplianceRule.objects.order_by("kind", "from_months", "vehicle_class")
    ]


@question
def lapsed_kinds(
    *, vehicle_ids: tuple[UUID, ...], actor: Actor, at: datetime
) -> dict[UUID, tuple[DueKind, ...]]:
    """What has lapsed or is missing of vehicles and forbids their delivery; the rest left out."""
    return hindrances(vehicle_ids, local_day(at)) if vehicle_ids else {}


@question
def open_items(*, vehicle_id: UUID, actor: Actor, at: datetime) -> list[OpenItem]:
    """What is due of a vehicle, soonest first, with the log of its notices."""
    items = list(
        DueItem.objects.visible_to(actor)
        .filter(vehicle_id=vehicle_id, state=DueState.OPEN)
        .order_by("due_on")
    )
    notices: dict[UUID, list[NoticeRow]] = {item.id: [] for item in items}
    for notice in DueNotice.objects.filter(due_item__in=items).order_by("told_at", "id"):
        notices[notice.due_item_id].append(
            NoticeRow(
                rung=notice.rung,
                level=Level(notice.level),
                channel=NoticeChannel(notice.channel),
                user_id=notice.user_id,
                told_at=notice.told_at,
            )
        )
    today = local_day(at)
    return [
        OpenItem(
            id=item.id,
            kind=DueKind(item.kind),
            due_on=item.due_on,
            days_left=(item.due_on - today).days,
            rung=item.rung,
            lapsed=item.lapsed_at is not None,
            incident_on=item.incident_on,
            notices=tuple(notices[item.id]),
        )
        for item in items
    ]
