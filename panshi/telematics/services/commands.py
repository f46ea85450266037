"""Orders to vehicles: asked for, approved by two, cancelled, and set free by one press."""

import hashlib
import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist
from django.utils.translation import gettext as _

from panshi.fleet import queries as fleet
from panshi.fleet.queries import VehicleRef
from panshi.kit import guards, outbox
from panshi.kit.guards import GuardRefused
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import HQ, Actor, lineage
from panshi.kit.verbs import verb
from panshi.telematics.events import (
    CommandApproved,
    CommandCancelled,
    CommandRequested,
    DeviceModelSet,
    RestrictionReleaseAsked,
)
from panshi.telematics.models import (
    COMMAND_LIFE,
    OPEN_COMMANDS,
    Command,
    CommandEvent,
    CommandKind,
    CommandState,
    ControlRule,
    Device,
    DeviceModel,
    Fitting,
    Restriction,
    Risk,
)
from panshi.wire.adapters import ADAPTERS


class NoAdapter(Refusal):
    """The vehicle has no terminal that takes such an order."""


class BelowFloor(Refusal):
    """A speed limit below the platform's floor."""


class ApproverNotIndependent(Refusal):
    """Whoever asked, or approved before, cannot approve; the second comes from a node above."""


class OpenCommandExists(Refusal):
    """Another restricting order for this vehicle is under way."""


class NothingInForce(Refusal):
    """There is nothing to release."""


def digest_of(*, vehicle_id: UUID, kind: str, limit_kmh: int | None, guard: str) -> str:
    """The sha256 of what is asked; approvals hold for exactly this."""
    text = json.dumps([str(vehicle_id), kind, limit_kmh, guard])
    return hashlib.sha256(text.encode()).hexdigest()


def note(
    command: Command, what: str, actor: Actor, at: datetime, *, words: str = "", data: str = ""
) -> None:
    """Write a step of a command into its record."""
    CommandEvent.objects.create(
        org_id=command.org_id, command=command, what=what, words=words[:400], by_id=actor.id,
        at=at, hex=data,
    )  # fmt: skip


def about(command: Command, actor: Actor, at: datetime) -> dict[str, Any]:
    """The fields that each fact about a command carries."""
    return {
        "org_id": command.org_id,
        "actor_id": actor.id,
        "at": at,
        "command_id": command.id,
        "vehicle_id": command.vehicle_id,
        "kind": command.kind,
        "source_kind": command.source_kind,
        "source_id": command.source_id,
    }


def devices_for(*, vehicle_ids: Sequence[UUID], at: datetime) -> dict[UUID, Device]:
    """The terminals in vehicles whose make takes orders; a vehicle without one is left out."""
    fitted = Fitting.objects.filter(
        vehicle_id__in=list(vehicle_ids),
        during__contains=at,
        device__state="ACTIVE",
        device__model__adapter__in=list(ADAPTERS),
    )
    # The first that was fitted comes last, and has the last word.
    found = fitted.select_related("device__model").order_by("-id")
    return {fitting.vehicle_id: fitting.device for fitting in found}


def _vehicle(vehicle_id: UUID, actor: Actor) -> VehicleRef:
    """A vehicle that this actor sees. Raises ObjectDoesNotExist."""
    found = fleet.vehicle_refs(vehicle_ids=(vehicle_id,), actor=actor).get(vehicle_id)
    if found is None:
        raise ObjectDoesNotExist(f"no vehicle {vehicle_id}")
    return found


def _ask_guard(name: str, source_id: UUID | None, actor: Actor, at: datetime) -> None:
    """Ask the guard of an order that names one. Raises GuardRefused when it says no."""
    if not name or source_id is None:
        return
    answer = guards.ask(name=name, subject_ids=[source_id], actor=actor, at=at)[source_id]
    if not answer.yes:
        raise GuardRefused(
            _("This is not warranted now: %(codes)s.") % {"codes": ", ".join(answer.refused)},
            checks=answer.checks,
        )


@verb
def request_command(
    *,
    vehicle_id: UUID,
    kind: str,
    reason: str,
    actor: Actor,
    at: datetime,
    limit_kmh: int | None = None,
    source_kind: str = "",
    source_id: UUID | None = None,
    guard: str = "",
    emergency: bool = False,
) -> CommandRequested:
    """Ask for an order to a vehicle's terminal; one that restricts waits for two other people.

    `guard` names who is asked, now, at approval and at hand-over, whether it is warranted.
    `emergency` shortens its life to ten minutes and opens no interlock. Raises BelowFloor,
    OpenCommandExists, GuardRefused, NoAdapter.
    """
    vehicle = _vehicle(vehicle_id, actor)
    actor.must("telematics.request_command", vehicle.org_id)
    rule = ControlRule.objects.get(kind=CommandKind(kind))
    if rule.floor_kmh is not None and (limit_kmh is None or limit_kmh < rule.floor_kmh):
        raise BelowFloor(_("A speed limit is at least %(floor)d km/h.") % {"floor": rule.floor_kmh})
    device = devices_for(vehicle_ids=[vehicle_id], at=at).get(vehicle_id)
    if device is None or device.model is None or not ADAPTERS[device.model.adapter].takes(kind):
        raise NoAdapter(_("No terminal in this vehicle takes such an order."))
    open_ones = Command.objects.filter(
        vehicle_id=vehicle_id, risk=Risk.RESTRICT, state__in=OPEN_COMMANDS
    )
    if rule.risk == Risk.RESTRICT and open_ones.exists():
        raise OpenCommandExists(_("Another order for this vehicle is under way."))
    _ask_guard(guard, source_id, actor, at)
    minutes = min(rule.minutes, 10) if emergency else rule.minutes
    command = Command.objects.create(
        org_id=vehicle.org_id,
        vehicle_id=vehicle_id,
        kind=kind,
        risk=rule.risk,
        limit_kmh=limit_kmh if kind == CommandKind.SPEED_LIMIT else None,
        digest=digest_of(vehicle_id=vehicle_id, kind=kind, limit_kmh=limit_kmh, guard=guard),
        reason=reason,
        source_kind=source_kind,
        source_id=source_id,
        guard=guard,
        state=CommandState.AWAITING_APPROVAL if rule.approvals else CommandState.QUEUED,
        requested_by_id=actor.id,
        requested_at=at,
        expires_at=at + timedelta(minutes=minutes),
    )
    note(command, "REQUESTED", actor, at, words=reason)
    return CommandRequested(
        **about(command, actor, at), reason=reason, expires_at=command.expires_at
    )


def _locked(command_id: UUID, actor: Actor, permission: str) -> Command:
    command = Command.objects.visible_to(actor).select_for_update().get(id=command_id)
    actor.must(permission, command.org_id)
    return command


def _from_above(actor: Actor, org_id: int) -> bool:
    return actor.db_role == HQ or actor.org_id in lineage(org_id)[1:]


@verb
def approve_command(*, command_id: UUID, actor: Actor, at: datetime) -> CommandApproved:
    """Approve an order as one of two people, neither of whom asked; one is from a node above.

    The guard is asked again. Raises ApproverNotIndependent, GuardRefused, IllegalMove.
    """
    command = _locked(command_id, actor, "telematics.approve_command")
    COMMAND_LIFE.step(command.state, CommandState.QUEUED)
    if at > command.expires_at:
        raise Refusal(_("This request has expired."))
    if actor.id in (command.requested_by_id, command.approved_by_id):
        raise ApproverNotIndependent(_("Another person has to approve this."))
    first = command.approved_by_id is None
    above = _from_above(actor, command.org_id)
    earlier_above = CommandEvent.objects.filter(
        command=command, what="APPROVED", words="ABOVE"
    ).exists()
    if not first and not above and not earlier_above:
        raise ApproverNotIndependent(
            _("One of the two approvals has to come from a node above the operator.")
        )
    _ask_guard(command.guard, command.source_id, actor, at)
    if first:
        command.approved_by_id, command.approved_at = actor.id, at
    else:
        command.second_by_id, command.second_at = actor.id, at
    needed = ControlRule.objects.get(kind=command.kind).approvals
    approvals = 1 if first else 2
    if approvals >= needed:
        command.state = COMMAND_LIFE.step(command.state, CommandState.QUEUED)
    command.save(
        update_fields=["approved_by_id", "approved_at", "second_by_id", "second_at", "state"]
    )
    note(command, "APPROVED", actor, at, words="ABOVE" if above else "")
    return CommandApproved(
        **about(command, actor, at), approvals=approvals,
        queued=command.state == CommandState.QUEUED,
    )  # fmt: skip


def drop(command: Command, reason: str, actor: Actor, at: datetime) -> CommandCancelled:
    """Cancel a command that has not reached its terminal."""
    command.state = COMMAND_LIFE.step(command.state, CommandState.CANCELLED)
    command.ended_at, command.end_reason = at, reason[:60]
    command.save(update_fields=["state", "ended_at", "end_reason"])
    note(command, "CANCELLED", actor, at, words=reason)
    return CommandCancelled(**about(command, actor, at), reason=reason)


@verb
def cancel_command(
    *, command_id: UUID, reason: str, actor: Actor, at: datetime
) -> CommandCancelled:
    """Take an order back before it leaves, or turn its approval down. Raises IllegalMove."""
    return drop(_locked(command_id, actor, "telematics.cancel_command"), reason, actor, at)


def _set_free(
    vehicle_id: UUID,
    org_id: int,
    reason: str,
    actor: Actor,
    at: datetime,
    *,
    emergency: bool,
    source_kind: str = "",
    source_id: UUID | None = None,
) -> RestrictionReleaseAsked:
    """Stop what is queued and queue a release, where something is in force or may be."""
    under_way = list(
        Command.objects.filter(vehicle_id=vehicle_id, risk=Risk.RESTRICT, state__in=OPEN_COMMANDS)
        .select_for_update()
        .order_by("id")
    )
    stopped = [
        drop(command, "RELEASED", actor, at)
        for command in under_way
        if COMMAND_LIFE.allows(command.state, CommandState.CANCELLED)
    ]
    outbox.publish_all(stopped, verb="telematics.release_restriction")
    in_force = Restriction.objects.filter(vehicle_id=vehicle_id, until=None).exists()
    if not in_force and not under_way:
        raise NothingInForce(_("Nothing is in force on this vehicle."))
    rule = ControlRule.objects.get(kind=CommandKind.RELEASE)
    waiting = Command.objects.filter(
        vehicle_id=vehicle_id, kind=CommandKind.RELEASE,
        state__in=[CommandState.QUEUED, CommandState.SENT],
    ).first()  # fmt: skip
    command = waiting or Command.objects.create(
        org_id=org_id,
        vehicle_id=vehicle_id,
        kind=CommandKind.RELEASE,
        risk=Risk.RELEASE,
        digest=digest_of(vehicle_id=vehicle_id, kind="RELEASE", limit_kmh=None, guard=""),
        reason=reason,
        source_kind=source_kind,
        source_id=source_id,
        state=CommandState.QUEUED,
        requested_by_id=actor.id,
        requested_at=at,
        expires_at=at + timedelta(minutes=rule.minutes),
    )
    note(command, "EMERGENCY" if emergency else "REQUESTED", actor, at, words=reason)
    return RestrictionReleaseAsked(
        **about(command, actor, at),
        emergency=emergency,
        reason=reason,
        stopped=tuple(fact.command_id for fact in stopped),
    )


@verb
def release_restriction(
    *,
    vehicle_id: UUID,
    reason: str,
    actor: Actor,
    at: datetime,
    source_kind: str = "",
    source_id: UUID | None = None,
) -> RestrictionReleaseAsked:
    """Set a vehicle free: what is queued stops, a release goes out. Needs no approval.

    Raises NothingInForce.
    """
    vehicle = _vehicle(vehicle_id, actor)
    actor.must("telematics.release_restriction", vehicle.org_id)
    return _set_free(
        vehicle_id, vehicle.org_id, reason, actor, at, emergency=False, source_kind=source_kind,
        source_id=source_id,
    )  # fmt: skip


@verb
def emergency_release(*, vehicle_id: UUID, actor: Actor, at: datetime) -> RestrictionReleaseAsked:
    """Set a vehicle free by one press, day and night; the reason is written afterwards.

    Raises NothingInForce.
    """
    vehicle = _vehicle(vehicle_id, actor)
    actor.must("telematics.emergency_release", vehicle.org_id)
    return _set_free(vehicle_id, vehicle.org_id, "", actor, at, emergency=True)


@verb
def set_device_model(
    *,
    device_ids: Sequence[UUID],
    maker: str,
    name: str,
    protocol: str,
    adapter: str,
    bench_proof_on: date,
    actor: Actor,
    at: datetime,
) -> DeviceModelSet:
    """Say of which make terminals are and which dialect of orders was proven for it on a bench.

    Only the platform does. Raises NoAdapter for an unknown dialect.
    """
    actor.must("telematics.set_device_model", actor.org_id)
    if adapter not in ADAPTERS or ADAPTERS[adapter].protocol != protocol:
        raise NoAdapter(_("No such dialect of orders is known for this protocol."))
    model, _made = DeviceModel.objects.update_or_create(
        maker=maker, name=name, protocol=protocol,
        defaults={"adapter": adapter, "bench_proof_on": bench_proof_on},
    )  # fmt: skip
    Device.objects.filter(id__in=list(device_ids), protocol=protocol).update(model=model)
    return DeviceModelSet(
        org_id=actor.org_id, actor_id=actor.id, at=at, device_ids=tuple(device_ids), model=name
    )
