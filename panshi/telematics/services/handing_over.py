"""Orders leave for their terminals: every interlock and guard is asked in the same transaction."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from panshi.kit import guards, outbox
from panshi.kit.facts import Fact
from panshi.kit.guards import NO_ANSWER, Answer, Check
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.telematics.events import (
    CommandAnswersRecorded,
    CommandConfirmed,
    CommandExpired,
    CommandFailed,
    CommandSent,
    CommandsExpired,
    CommandsHandedOver,
    HandOver,
)
from panshi.telematics.interlocks import Seen
from panshi.telematics.models import (
    COMMAND_LIFE,
    Command,
    CommandKind,
    CommandState,
    ControlRule,
    Restriction,
    Risk,
    Session,
)
from panshi.telematics.queries.commands import interlocks_of, seen_of
from panshi.telematics.services.commands import about, devices_for, digest_of, drop, note
from panshi.wire.adapters import ADAPTERS

UNSEEN_AFTER: Final = timedelta(seconds=120)
APPROVALS_HOLD: Final = timedelta(hours=2)
MOST_TRIES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandAnswer:
    """What became of an order on its line: VETOED, LOST, or the terminal's answer in hex.

    `state` is the order whose effect the terminal says holds now, `taken` whether it took it.
    """

    command_id: UUID
    outcome: str
    taken: bool = False
    state: str = ""
    hex: str = ""


@verb
def hand_over_commands(*, gateway: int, actor: Actor, at: datetime) -> CommandsHandedOver:
    """Take what may be written now to the lines of a gateway; the rest waits, or is dropped.

    A restricting order needs: approvals not older than two hours for exactly what is sent, its
    guard's yes on live books, and every interlock. An unmet interlock keeps it queued and shows
    why; a guard's no cancels it. What is answered is committed as SENT before it is written, so a
    crash may lose an order and never sends one unchecked.
    """
    actor.must("telematics.hand_over_commands", actor.org_id)
    queued = list(
        Command.objects.filter(state=CommandState.QUEUED)
        .select_for_update(skip_locked=True)
        .order_by("id")[:500]
    )
    # What sets free goes before what restricts.
    queued.sort(key=lambda command: command.risk == Risk.RESTRICT)
    vehicle_ids = [command.vehicle_id for command in queued]
    live, lines = seen_of(vehicle_ids), _lines(vehicle_ids, gateway, at)
    answers = _guards(queued, actor, at)
    rules = {rule.kind: rule for rule in ControlRule.objects.all()}
    orders: list[HandOver] = []
    facts: list[Fact] = []
    cancelled = 0
    for command in queued:
        if command.expires_at <= at:
            continue
        checks = _checks(command, rules[command.kind], live.get(command.vehicle_id), at)
        answer = answers.get(command.id, NO_ANSWER)
        reason = _void(command, answer, at)
        if reason:
            facts.append(drop(command, reason, actor, at))
            cancelled += 1
            continue
        unmet = [check.code for check in checks if not check.holds]
        line = lines.get(command.vehicle_id)
        if line is None:
            unmet.append("NO_LINE")
        if unmet or line is None:
            _wait(command, unmet)
            continue
        guard = answer.checks if command.guard else ()
        orders.append(_order(command, line, (*checks, *guard), actor, at))
        facts.append(CommandSent(**about(command, actor, at)))
    outbox.publish_all(facts, verb="telematics.hand_over_commands")
    return CommandsHandedOver(
        org_id=actor.org_id, actor_id=actor.id, at=at, orders=tuple(orders),
        waiting=len(queued) - len(orders) - cancelled, cancelled=cancelled,
    )  # fmt: skip


def _guards(commands: Sequence[Command], actor: Actor, at: datetime) -> dict[UUID, Answer]:
    """Each guard is asked once about all that it guards."""
    by_name: dict[str, dict[UUID, UUID]] = defaultdict(dict)
    for command in commands:
        if command.guard and command.source_id is not None:
            by_name[command.guard][command.id] = command.source_id
    found: dict[UUID, Answer] = {}
    for name, sources in by_name.items():
        given = guards.ask(
            name=name, subject_ids=list(dict.fromkeys(sources.values())), actor=actor, at=at
        )
        found |= {command_id: given[source] for command_id, source in sources.items()}
    return found


def _void(command: Command, answer: Answer, at: datetime) -> str:
    """Why an order must not be sent any more, as a code; empty while it may."""
    if command.risk != Risk.RESTRICT:
        return ""
    approved = (command.approved_at, command.second_at)
    if any(moment is None or at - moment > APPROVALS_HOLD for moment in approved):
        return "APPROVAL_STALE"
    asked = digest_of(
        vehicle_id=command.vehicle_id, kind=command.kind, limit_kmh=command.limit_kmh,
        guard=command.guard,
    )  # fmt: skip
    if asked != command.digest:
        return "PARAMETERS_CHANGED"
    if command.guard and not answer.yes:
        return ("GUARD_NO: " + ", ".join(answer.refused))[:60]
    return ""


def _checks(
    command: Command, rule: ControlRule, seen: Seen | None, at: datetime
) -> tuple[Check, ...]:
    """The interlocks of an order; it also notes since when the vehicle has been standing."""
    if command.risk != Risk.RESTRICT:
        return ()
    command.standing_since, checks = interlocks_of(command, rule, seen, at=at)
    command.standing_tenths = seen.odometer_tenths if seen is not None else None
    return checks


def _lines(vehicle_ids: Sequence[UUID], gateway: int, at: datetime) -> dict[UUID, Session]:
    """The open sessions, on this gateway, of the terminals that take orders, by vehicle."""
    devices = devices_for(vehicle_ids=vehicle_ids, at=at)
    sessions = Session.objects.filter(
        device__in=list(devices.values()), gateway=gateway, closed_at=None
    )
    by_device = {one.device_id: one for one in sessions.select_related("device__model")}
    return {
        vehicle_id: by_device[device.id]
        for vehicle_id, device in devices.items()
        if device.id in by_device
    }


def _wait(command: Command, unmet: Sequence[str]) -> None:
    command.waits_for = ", ".join(unmet)[:200]
    command.save(update_fields=["waits_for", "standing_since", "standing_tenths"])


def _order(
    command: Command, line: Session, checks: Sequence[Check], actor: Actor, at: datetime
) -> HandOver:
    device = line.device
    assert device.model is not None
    command.tries += 1
    frame = ADAPTERS[device.model.adapter].encode(
        kind=command.kind,
        limit_kmh=command.limit_kmh,
        identity=device.identity,
        edition=2016 if device.protocol == "GB32960" else 2019,
        serial=line.epoch % 0xFFFF,
        at=at,
    )
    command.state = COMMAND_LIFE.step(command.state, CommandState.SENT)
    command.sent_at, command.sent_hex, command.waits_for = at, frame.hex(), ""
    command.snapshot = [asdict(check) for check in checks]
    command.save(
        update_fields=[
            "state", "sent_at", "sent_hex", "waits_for", "snapshot", "tries", "standing_since",
            "standing_tenths",
        ]
    )  # fmt: skip
    note(command, "SENT", actor, at, data=frame.hex())
    return HandOver(
        command_id=command.id,
        protocol=device.protocol,
        identity=device.identity,
        device_id=device.id,
        adapter=device.model.adapter,
        kind=command.kind,
        hex=frame.hex(),
    )


@verb
def record_command_answers(
    *, answers: Sequence[CommandAnswer], actor: Actor, at: datetime
) -> CommandAnswersRecorded:
    """Note what terminals said to orders; an effect that is shown is in force, or over.

    An order that the gateway vetoed or lost goes back to the queue, thrice at most, and is then
    checked anew from the beginning.
    """
    actor.must("telematics.record_command_answers", actor.org_id)
    found = {
        command.id: command
        for command in Command.objects.filter(
            id__in={answer.command_id for answer in answers},
            state__in=[CommandState.SENT, CommandState.ACKNOWLEDGED],
        )
        .select_for_update()
        .order_by("id")
    }
    facts: list[Fact] = []
    counts = dict.fromkeys(("confirmed", "acknowledged", "failed", "returned"), 0)
    for answer in answers:
        command = found.get(answer.command_id)
        if command is None:
            continue
        counts[_answered(command, answer, actor, at, facts)] += 1
    outbox.publish_all(facts, verb="telematics.record_command_answers")
    return CommandAnswersRecorded(
        org_id=actor.org_id,
        actor_id=actor.id,
        at=at,
        confirmed=counts["confirmed"],
        acknowledged=counts["acknowledged"],
        failed=counts["failed"],
        returned=counts["returned"],
    )


def _answered(
    command: Command, answer: CommandAnswer, actor: Actor, at: datetime, facts: list[Fact]
) -> str:
    note(command, answer.outcome, actor, at, words=answer.state, data=answer.hex)
    command.answered_at = at
    if answer.outcome in ("VETOED", "LOST"):
        if command.tries < MOST_TRIES and command.state == CommandState.SENT:
            command.state = COMMAND_LIFE.step(command.state, CommandState.QUEUED)
            command.waits_for, command.standing_since = answer.outcome, None
            command.save(update_fields=["state", "waits_for", "standing_since", "answered_at"])
            return "returned"
        return _fail(command, answer.outcome, actor, at, facts)
    if not answer.taken:
        return _fail(command, "REFUSED_BY_TERMINAL", actor, at, facts)
    if answer.state == command.kind:
        _confirm(command, actor, at, facts)
        return "confirmed"
    if command.state == CommandState.SENT:
        command.state = COMMAND_LIFE.step(command.state, CommandState.ACKNOWLEDGED)
    command.save(update_fields=["state", "answered_at"])
    return "acknowledged"


def _fail(command: Command, reason: str, actor: Actor, at: datetime, facts: list[Fact]) -> str:
    command.state = COMMAND_LIFE.step(command.state, CommandState.FAILED)
    command.ended_at, command.end_reason = at, reason
    command.save(update_fields=["state", "ended_at", "end_reason", "answered_at"])
    facts.append(CommandFailed(**about(command, actor, at), reason=reason))
    return "failed"


def _confirm(command: Command, actor: Actor, at: datetime, facts: list[Fact]) -> None:
    command.state, command.ended_at = COMMAND_LIFE.step(command.state, CommandState.CONFIRMED), at
    command.save(update_fields=["state", "ended_at", "answered_at"])
    in_force = Restriction.objects.filter(vehicle_id=command.vehicle_id, until=None)
    if command.kind == CommandKind.RELEASE:
        in_force.update(until=at)
    elif command.risk == Risk.RESTRICT:
        in_force.filter(kind=command.kind).update(until=at)
        # A line keeps its order: what set the vehicle free after this was sent has the last word,
        # though its answer was heard first.
        freed = Command.objects.filter(
            vehicle_id=command.vehicle_id, kind=CommandKind.RELEASE,
            state=CommandState.CONFIRMED, sent_at__gte=command.sent_at,
        ).exists()  # fmt: skip
        Restriction.objects.create(
            org_id=command.org_id, vehicle_id=command.vehicle_id, kind=command.kind,
            command=command, since=at, until=at if freed else None,
        )  # fmt: skip
    facts.append(CommandConfirmed(**about(command, actor, at)))


@verb
def expire_commands(*, actor: Actor, at: datetime) -> CommandsExpired:
    """End what is too old: requests past their life, orders whose effect was never seen."""
    actor.must("telematics.expire_commands", actor.org_id)
    facts: list[Fact] = []
    old = Command.objects.filter(
        state__in=[CommandState.AWAITING_APPROVAL, CommandState.QUEUED], expires_at__lte=at
    )
    expired = list(old.select_for_update(skip_locked=True).order_by("id"))
    for command in expired:
        command.state = COMMAND_LIFE.step(command.state, CommandState.EXPIRED)
        command.ended_at = at
        command.save(update_fields=["state", "ended_at"])
        note(command, "EXPIRED", actor, at, words=command.waits_for)
        facts.append(CommandExpired(**about(command, actor, at)))
    silent = Command.objects.filter(
        state__in=[CommandState.SENT, CommandState.ACKNOWLEDGED], sent_at__lte=at - UNSEEN_AFTER
    )
    unseen = list(silent.select_for_update(skip_locked=True).order_by("id"))
    for command in unseen:
        was = command.state
        reason = "EFFECT_NOT_SEEN" if was == CommandState.ACKNOWLEDGED else "NO_ANSWER"
        note(command, reason, actor, at)
        if command.risk == Risk.RELEASE:
            # What sets free is tried until it is done.
            _again(command)
        else:
            _fail(command, reason, actor, at, facts)
    outbox.publish_all(facts, verb="telematics.expire_commands")
    return CommandsExpired(
        org_id=actor.org_id, actor_id=actor.id, at=at, expired=len(expired), unseen=len(unseen)
    )


def _again(command: Command) -> None:
    command.state = COMMAND_LIFE.step(command.state, CommandState.QUEUED)
    command.waits_for = "NO_ANSWER"
    command.save(update_fields=["state", "waits_for"])
