"""Questions about restraints: what a lease's debt would warrant now, and each time it was asked."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from panshi.kit.guards import Check
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.leasing.models import (
    LIVING,
    Lease,
    RestraintKind,
    RestraintRequest,
    RestraintState,
)
from panshi.leasing.queries.leases import current_segments
from panshi.org import queries as org


@dataclass(frozen=True, slots=True, kw_only=True)
class RestraintRow:
    """One request with the clause, the proofs and the answers it rests on."""

    id: UUID
    kind: RestraintKind
    state: RestraintState
    clause: str
    reason: str
    asked_by: str
    asked_at: datetime
    in_force_at: datetime | None
    ended_at: datetime | None
    end_reason: str
    command_id: UUID | None
    notices: tuple[dict[str, Any], ...]
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RestraintPage:
    """A lease's restraints, newest first; `living` says that one of them is under way."""

    lease_id: UUID
    number: str
    vehicle_id: UUID | None
    living: bool
    rows: tuple[RestraintRow, ...]


@question
def restraints_of(*, lease_id: UUID, actor: Actor) -> RestraintPage:
    """All restraints that were asked for a lease."""
    lease = Lease.objects.visible_to(actor).get(id=lease_id)
    rows = list(RestraintRequest.objects.filter(lease=lease).order_by("-asked_at", "-id"))
    names = org.names_of(user_ids=tuple({r.asked_by_id for r in rows}), actor=actor)
    segment = current_segments([lease]).get(lease.id)
    return RestraintPage(
        lease_id=lease.id,
        number=lease.number,
        vehicle_id=segment.vehicle_id if segment else None,
        living=any(r.state in LIVING for r in rows),
        rows=tuple(
            RestraintRow(
                id=r.id,
                kind=RestraintKind(r.kind),
                state=RestraintState(r.state),
                clause=r.clause,
                reason=r.reason,
                asked_by=names.get(r.asked_by_id, ""),
                asked_at=r.asked_at,
                in_force_at=r.in_force_at,
                ended_at=r.ended_at,
                end_reason=r.end_reason,
                command_id=r.command_id,
                notices=tuple(r.notices),
                checks=tuple(Check(**check) for check in r.answers),
            )
            for r in rows
        ),
    )
