"""Questions about orders to vehicles: what waits, one order with its record, what is in force."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from panshi.fleet import queries as fleet
from panshi.kit.guards import Check
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.org import queries as org
from panshi.telematics import interlocks
from panshi.telematics.interlocks import Bounds, Seen
from panshi.telematics.models import (
    OPEN_COMMANDS,
    Command,
    CommandKind,
    CommandState,
    ControlRule,
    LiveState,
    Restriction,
    Risk,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandRow:
    """An order as a list shows it."""

    id: UUID
    vehicle_id: UUID
    plate: str
    kind: str
    kind_words: str
    risk: str
    state: str
    reason: str
    requested_by: str
    requested_at: datetime
    expires_at: datetime
    approvals: int
    waits_for: str
    end_reason: str


def _rows(commands: Sequence[Command], actor: Actor) -> list[CommandRow]:
    refs = fleet.vehicle_refs(vehicle_ids=tuple({c.vehicle_id for c in commands}), actor=actor)
    names = org.names_of(user_ids=tuple({c.requested_by_id for c in commands}), actor=actor)
    return [
        CommandRow(
            id=c.id,
            vehicle_id=c.vehicle_id,
            plate=refs[c.vehicle_id].plate or refs[c.vehicle_id].vin
            if c.vehicle_id in refs
            else "",
            kind=c.kind,
            kind_words=str(CommandKind(c.kind).label)
            + (f" {c.limit_kmh} km/h" if c.limit_kmh else ""),
            risk=c.risk,
            state=c.state,
            reason=c.reason,
            requested_by=names.get(c.requested_by_id, ""),
            requested_at=c.requested_at,
            expires_at=c.expires_at,
            approvals=(c.approved_by_id is not None) + (c.second_by_id is not None),
            waits_for=c.waits_for,
            end_reason=c.end_reason,
        )
        for c in commands
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandPage:
    rows: tuple[CommandRow, ...]
    total: int


@question
def command_rows(
    *,
    actor: Actor,
    state: str = "",
    open_only: bool = False,
    vehicle_id: UUID | None = None,
    limit: int = 50,
    offset: int = 0,
) -> CommandPage:
    """Orders, the newest first; `open_only` leaves those that wait or are under way."""
    found = Command.objects.visible_to(actor)
    if state:
        found = found.filter(state=state)
    if open_only:
        found = found.filter(state__in=OPEN_COMMANDS)
    if vehicle_id is not None:
        found = found.filter(vehicle_id=vehicle_id)
    rows = _rows(list(found.order_by("-requested_at")[offset : offset + limit]), actor)
    return CommandPage(rows=tuple(rows), total=found.count())


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLine:
    what: str
    words: str
    by: str
    at: datetime
    hex: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandCard(CommandRow):
    """An order with its record: interlocks as they stand, as they were, every step with bytes."""

    requested_by_id: UUID
    approved_by_id: UUID | None
    approved_by: str
    approved_at: datetime | None
    second_by: str
    second_at: datetime | None
    guard: str
    source_kind: str
    source_id: UUID | None
    sent_at: datetime | None
    sent_hex: str
    now: tuple[Check, ...]
    then: tuple[Check, ...]
    steps: tuple[StepLine, ...]


def seen_of(vehicle_ids: Sequence[UUID]) -> dict[UUID, Seen]:
    """What these vehicles last said; asked inside a verb or a question."""
    return {
        live.id: Seen(
            received_at=live.received_at,
            motion_at=live.motion_at,
            speed_tenths=live.speed_tenths,
            odometer_tenths=live.odometer_tenths,
            soc_pct=live.soc_pct,
        )
        for live in LiveState.objects.filter(id__in=list(vehicle_ids))
    }


def interlocks_of(
    command: Command, rule: ControlRule, seen: Seen | None, *, at: datetime
) -> tuple[datetime | None, tuple[Check, ...]]:
    """Since when an order's vehicle has been standing, and its interlocks, as they are now."""
    seen = seen or interlocks.NOTHING
    since = interlocks.standing_since(
        seen, since=command.standing_since, tenths=command.standing_tenths, at=at
    )
    bounds = Bounds(standstill_minutes=rule.standstill_minutes, soc_pct=rule.soc_pct)
    return since, interlocks.checks(seen, bounds, since=since, at=at)


@question
def command_card(*, command_id: UUID, actor: Actor, at: datetime) -> CommandCard:
    """One order with everything that is known of it."""
    c = Command.objects.visible_to(actor).get(id=command_id)
    (row,) = _rows([c], actor)
    steps = list(c.events.order_by("id"))
    people = {s.by_id for s in steps} | {p for p in (c.approved_by_id, c.second_by_id) if p}
    names = org.names_of(user_ids=tuple(people), actor=actor)
    waits = c.state in (CommandState.AWAITING_APPROVAL, CommandState.QUEUED)
    return CommandCard(
        **{name: getattr(row, name) for name in CommandRow.__slots__},
        requested_by_id=c.requested_by_id,
        approved_by_id=c.approved_by_id,
        approved_by=names.get(c.approved_by_id, "") if c.approved_by_id else "",
        approved_at=c.approved_at,
        second_by=names.get(c.second_by_id, "") if c.second_by_id else "",
        second_at=c.second_at,
        guard=c.guard,
        source_kind=c.source_kind,
        source_id=c.source_id,
        sent_at=c.sent_at,
        sent_hex=c.sent_hex,
        now=_now(c, at) if waits and c.risk == Risk.RESTRICT else (),
        then=tuple(Check(**check) for check in c.snapshot),
        steps=tuple(
            StepLine(what=s.what, words=s.words, by=names.get(s.by_id, ""), at=s.at, hex=s.hex)
            for s in steps
        ),
    )


def _now(command: Command, at: datetime) -> tuple[Check, ...]:
    rule = ControlRule.objects.get(kind=command.kind)
    seen = seen_of([command.vehicle_id]).get(command.vehicle_id)
    _since, checks = interlocks_of(command, rule, seen, at=at)
    return checks


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """A restriction that holds on a vehicle now."""

    vehicle_id: UUID
    kind_words: str
    since: datetime
    command_id: UUID


@question
def restrictions_of(*, vehicle_id: UUID, actor: Actor) -> list[InForce]:
    """What is in force on a vehicle."""
    found = Restriction.objects.visible_to(actor).filter(vehicle_id=vehicle_id, until=None)
    return [
        InForce(
            vehicle_id=r.vehicle_id,
            kind_words=str(CommandKind(r.kind).label),
            since=r.since,
            command_id=r.command_id,
        )
        for r in found.order_by("since")
    ]


@question
def orders_wait(*, actor: Actor) -> bool:
    """Whether any order is queued for its terminal."""
    return Command.objects.filter(state=CommandState.QUEUED).exists()
