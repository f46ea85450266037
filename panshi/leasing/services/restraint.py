"""A debt restrains a vehicle from afar: by clause, notice and two people; payment sets it free."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.billing import queries as billing
from panshi.billing.queries import DebtStanding
from panshi.crm import queries as crm
from panshi.kit import outbox
from panshi.kit.clock import local_day
from panshi.kit.facts import Fact
from panshi.kit.guards import Answer, Check, GuardRefused
from panshi.kit.money import yuan
from panshi.kit.refusals import NotPermitted, Refusal
from panshi.kit.tenancy import HQ, Actor
from panshi.kit.verbs import guard, question, verb
from panshi.leasing.events import (
    RestraintAsked,
    RestraintMoved,
    RestraintRefused,
    RestraintsReleaseAsked,
)
from panshi.leasing.models import (
    LIVING,
    RESTRAINT_LIFE,
    Contract,
    ContractState,
    Lease,
    LeaseState,
    RestraintKind,
    RestraintRequest,
    RestraintState,
    RestraintTerms,
    Segment,
    SegmentState,
)
from panshi.leasing.services.common import SOURCE
from panshi.telematics import services as telematics

GUARD: Final = "leasing.restraint_still_warranted"
REQUEST: Final = "leasing.RestraintRequest"
CLAUSE: Final = "RESTRAINT"
LIFE: Final = timedelta(hours=2)
_COMMANDS: Final = {RestraintKind.LIMIT: "SPEED_LIMIT", RestraintKind.INHIBIT: "START_INHIBIT"}


class RestraintUnderWay(Refusal):
    """One of this kind is living already."""


class LimitMissing(Refusal):
    """An inhibit needs a confirmed limit before it, or a waiver of the platform."""


def _checks(
    request: RestraintRequest,
    debt: DebtStanding | None,
    terms: RestraintTerms,
    *,
    signed: bool,
    complained: bool,
    held: bool,
    at: datetime,
) -> tuple[Check, ...]:
    """Everything the guard looks at; what is unknown does not hold."""
    proof = debt.proofs.get(terms.notice_day) if debt is not None else None
    aged = proof is not None and at - proof.delivered_at >= timedelta(hours=terms.notice_hours)
    amount = debt.open_amount if debt is not None else None
    found = [
        Check(
            code="CLAUSE_SIGNED", holds=signed and bool(request.clause), seen=request.clause or "—"
        ),
        Check(
            code="DEBT_OPEN",
            holds=amount is not None and amount > terms.min_debt,
            seen="—" if amount is None else yuan(amount),
        ),
        Check(
            code="NOT_ON_HOLD",
            holds=debt is not None and debt.state == "OPEN",
            seen="—" if debt is None else (debt.hold_kind or debt.state),
        ),
        Check(
            code="NO_PLAN_KEPT",
            holds=debt is not None and not debt.promised,
            seen="—" if debt is None else (debt.hold_kind if debt.promised else ""),
        ),
        Check(code="NO_COMPLAINT", holds=not complained),
        Check(
            code="NOTICE_PROVEN",
            holds=aged,
            seen="—" if proof is None else f"{proof.channel} {proof.delivered_at:%Y-%m-%d %H:%M}",
        ),
        Check(code="VEHICLE_WITH_LEASE", holds=held),
        Check(
            code="REQUEST_FRESH",
            holds=request.asked_at <= at < request.asked_at + LIFE,
            seen=f"{(at - request.asked_at).total_seconds() / 60:.0f} min",
        ),
    ]
    if request.kind == RestraintKind.INHIBIT:
        found.append(
            Check(
                code="LIMIT_BEFORE",
                holds=request.limit_id is not None or request.waived_by_id is not None,
            )
        )
    return tuple(found)


def _answers(
    requests: Sequence[RestraintRequest], actor: Actor, at: datetime
) -> dict[UUID, Answer]:
    leases = {request.lease_id for request in requests}
    debts = billing.debts_of(source_ids=list(leases), today=local_day(at), actor=actor)
    signed = set(
        Contract.objects.filter(lease_id__in=leases, state=ContractState.SIGNED).values_list(
            "lease_id", flat=True
        )
    )
    out = set(
        Segment.objects.filter(
            lease_id__in=leases, state=SegmentState.OUT, held__contains=at
        ).values_list("lease_id", "vehicle_id")
    )
    running = set(
        Lease.objects.filter(
            id__in=leases, state__in=[LeaseState.ACTIVE, LeaseState.DEFAULTED, LeaseState.RETURNING]
        ).values_list("id", flat=True)
    )
    complaining = crm.complaining(
        customer_ids=tuple({request.customer_id for request in requests}), actor=actor
    )
    terms = {row.kind: row for row in RestraintTerms.objects.all()}
    return {
        request.id: Answer(
            checks=_checks(
                request,
                debts.get(request.lease_id),
                terms[request.kind],
                signed=request.lease_id in signed,
                complained=request.customer_id in complaining,
                held=(request.lease_id, request.vehicle_id) in out and request.lease_id in running,
                at=at,
            )
        )
        for request in requests
    }


@guard
def restraint_still_warranted(
    *, subject_ids: tuple[UUID, ...], actor: Actor, at: datetime
) -> dict[UUID, Answer]:
    """Whether debts still warrant these restraint requests, on live books; asked inside a verb."""
    requests = list(RestraintRequest.objects.filter(id__in=subject_ids, state__in=LIVING))
    return _answers(requests, actor, at)


def _draft(
    lease: Lease, kind: RestraintKind, reason: str, clause: str, actor: Actor, at: datetime
) -> RestraintRequest:
    """A request as it would be made now, not stored; what is missing is left empty."""
    debt = billing.debts_of(source_ids=[lease.id], today=local_day(at), actor=actor).get(lease.id)
    segment = (
        Segment.objects.filter(lease=lease, state=SegmentState.OUT).order_by("-held").first()
        or Segment.objects.filter(lease=lease).order_by("-id").first()
    )
    assert segment is not None
    case_id = debt.case_id if debt is not None else None
    limit = (
        RestraintRequest.objects.filter(
            lease=lease, case_id=case_id, kind=RestraintKind.LIMIT, in_force_at__isnull=False
        )
        .order_by("-in_force_at")
        .first()
        if kind == RestraintKind.INHIBIT and case_id is not None
        else None
    )
    proofs = debt.proofs if debt is not None else {}
    return RestraintRequest(
        org_id=lease.org_id,
        lease=lease,
        vehicle_id=segment.vehicle_id,
        customer_id=lease.customer_id,
        case_id=case_id,
        kind=kind,
        clause=clause,
        reason=reason,
        limit=limit,
        notices=[
            {
                "rung": day,
                "channel": proof.channel,
                "at": proof.delivered_at.isoformat(),
                "number": proof.provider_id,
                "message": str(proof.message_id),
            }
            for day, proof in sorted(proofs.items())
        ],
        asked_by_id=actor.id,
        asked_at=at,
        expires_at=at + LIFE,
    )


@question
def restraint_checks(*, lease_id: UUID, kind: str, actor: Actor, at: datetime) -> tuple[Check, ...]:
    """What the guard would answer now about a lease, check by check."""
    lease = Lease.objects.visible_to(actor).get(id=lease_id)
    if not Segment.objects.filter(lease=lease).exists():
        return (Check(code="VEHICLE_WITH_LEASE", holds=False),)
    request = _draft(lease, RestraintKind(kind), "", CLAUSE, actor, at)
    return _answers([request], actor, at)[request.id].checks


def _about(request: RestraintRequest, actor: Actor, at: datetime) -> dict[str, Any]:
    return {
        "org_id": request.org_id,
        "actor_id": actor.id,
        "at": at,
        "request_id": request.id,
        "lease_id": request.lease_id,
        "vehicle_id": request.vehicle_id,
        "customer_id": request.customer_id,
        "kind": request.kind,
    }


@verb
def request_restraint(
    *,
    lease_id: UUID,
    kind: str,
    reason: str,
    actor: Actor,
    at: datetime,
    clause: str = CLAUSE,
    waive_limit: bool = False,
) -> RestraintAsked:
    """Ask that a leased vehicle is limited or, parked, does not start, until its rent is paid.

    Two other people approve it in telematics. Only the platform waives the limit that goes before
    an inhibit. Raises GuardRefused with every check, LimitMissing, RestraintUnderWay, and what
    telematics.request_command raises.
    """
    lease = Lease.objects.visible_to(actor).select_for_update().get(id=lease_id)
    actor.must("leasing.request_restraint", lease.org_id)
    chosen = RestraintKind(kind)
    living = RestraintRequest.objects.filter(lease=lease, kind=chosen, state__in=LIVING)
    if living.exists():
        raise RestraintUnderWay(_("One of this kind is under way for this lease."))
    request = _draft(lease, chosen, reason, clause, actor, at)
    if waive_limit:
        if actor.db_role != HQ:
            raise NotPermitted(_("Only the platform can waive the limit before an inhibit."))
        request.waived_by_id = actor.id
    answer = _answers([request], actor, at)[request.id]
    request.answers = [asdict(check) for check in answer.checks]
    if not answer.yes:
        raise GuardRefused(
            _("This is not warranted now: %(codes)s.") % {"codes": ", ".join(answer.refused)},
            checks=answer.checks,
        )
    request.save(force_insert=True)
    terms = RestraintTerms.objects.get(kind=chosen)
    command = telematics.request_command(
        vehicle_id=request.vehicle_id,
        kind=_COMMANDS[chosen],
        limit_kmh=terms.limit_kmh,
        reason=reason,
        source_kind=REQUEST,
        source_id=request.id,
        guard=GUARD,
        actor=actor,
        at=at,
    )
    request.command_id = command.command_id
    request.save(update_fields=["command_id"])
    return RestraintAsked(
        **_about(request, actor, at), command_id=command.command_id, expires_at=request.expires_at
    )


@verb
def keep_refusal(
    *,
    lease_id: UUID,
    kind: str,
    reason: str,
    refused: str,
    actor: Actor,
    at: datetime,
) -> RestraintRefused:
    """Keep that the ladder asked for a restraint and why it was refused, with every answer."""
    lease = Lease.objects.visible_to(actor).get(id=lease_id)
    actor.must("leasing.request_restraint", lease.org_id)
    request = _draft(lease, RestraintKind(kind), reason, CLAUSE, actor, at)
    checks = _answers([request], actor, at)[request.id].checks
    request.answers = [asdict(check) for check in checks]
    request.state, request.ended_at = RestraintState.STOPPED, at
    request.end_reason = refused[:200]
    request.save(force_insert=True)
    return RestraintRefused(
        **_about(request, actor, at),
        checks=tuple(check.code for check in checks if not check.holds),
        reason=request.end_reason,
    )


@verb
def release_restraint(
    *, lease_id: UUID, reason: str, actor: Actor, at: datetime
) -> RestraintsReleaseAsked:
    """Take back what is asked against a lease and set its vehicles free. Needs no approval."""
    lease = Lease.objects.visible_to(actor).get(id=lease_id)
    actor.must("leasing.release_restraint", lease.org_id)
    living = list(
        RestraintRequest.objects.filter(lease=lease, state__in=LIVING)
        .select_for_update()
        .order_by("id")
    )
    asked, stopped = 0, set[UUID]()
    for vehicle_id in dict.fromkeys(request.vehicle_id for request in living):
        try:
            fact = telematics.release_restriction(
                vehicle_id=vehicle_id, reason=reason, source_kind=SOURCE, source_id=lease.id,
                actor=actor, at=at,
            )  # fmt: skip
            asked += 1
            stopped |= set(fact.stopped)
        except telematics.NothingInForce:
            continue
    for request in living:
        taken_back = request.command_id is None or request.command_id in stopped
        if not taken_back and RESTRAINT_LIFE.allows(request.state, RestraintState.RELEASING):
            request.state, request.release_asked_at = RestraintState.RELEASING, at
        elif RESTRAINT_LIFE.allows(request.state, RestraintState.STOPPED):
            request.state, request.ended_at = RestraintState.STOPPED, at
            request.end_reason = reason[:200]
        request.save(update_fields=["state", "release_asked_at", "ended_at", "end_reason"])
    return RestraintsReleaseAsked(
        org_id=lease.org_id, actor_id=actor.id, at=at, lease_id=lease.id,
        customer_id=lease.customer_id, requests=len(living), vehicles=asked, reason=reason,
    )  # fmt: skip


@verb
def stop_restraints(
    *, lease_id: UUID, reason: str, actor: Actor, at: datetime
) -> RestraintsReleaseAsked:
    """Cancel what has not reached the vehicle yet, as when a dispute freezes the ladder."""
    lease = Lease.objects.visible_to(actor).get(id=lease_id)
    actor.must("leasing.release_restraint", lease.org_id)
    waiting = list(
        RestraintRequest.objects.filter(
            lease=lease,
            state__in=[RestraintState.ASKED, RestraintState.APPROVED, RestraintState.QUEUED],
        )
        .select_for_update()
        .order_by("id")
    )
    for request in waiting:
        if request.command_id is not None:
            try:
                telematics.cancel_command(
                    command_id=request.command_id, reason=reason, actor=actor, at=at
                )
            except Refusal:
                continue  # It is on its way; the hand-over's own guard decides, or a release.
        request.state, request.ended_at = RestraintState.STOPPED, at
        request.end_reason = reason[:200]
        request.save(update_fields=["state", "ended_at", "end_reason"])
    return RestraintsReleaseAsked(
        org_id=lease.org_id, actor_id=actor.id, at=at, lease_id=lease.id,
        customer_id=lease.customer_id, requests=len(waiting), vehicles=0, reason=reason,
    )  # fmt: skip


@verb
def follow_command(
    *,
    request_id: UUID,
    state: str,
    actor: Actor,
    at: datetime,
    reason: str = "",
) -> RestraintMoved:
    """Let a request follow its command; one that moved on already stays where it is."""
    request = RestraintRequest.objects.visible_to(actor).select_for_update().get(id=request_id)
    actor.must("leasing.follow_command", request.org_id)
    before, target = request.state, RestraintState(state)
    if RESTRAINT_LIFE.allows(request.state, target):
        request.state = target
        if target == RestraintState.IN_FORCE:
            request.in_force_at = at
        elif target in (RestraintState.STOPPED, RestraintState.EXPIRED):
            request.ended_at, request.end_reason = at, reason[:200]
        request.save(update_fields=["state", "in_force_at", "ended_at", "end_reason"])
    return RestraintMoved(
        **_about(request, actor, at), before=before, state=request.state, reason=reason
    )


@verb
def note_released(*, vehicle_id: UUID, actor: Actor, at: datetime) -> RestraintsReleaseAsked:
    """The terminal shows that the vehicle is free: its restraints are over."""
    actor.must("leasing.follow_command", actor.org_id)
    living = list(
        RestraintRequest.objects.visible_to(actor)
        .filter(
            vehicle_id=vehicle_id, state__in=[RestraintState.IN_FORCE, RestraintState.RELEASING]
        )
        .select_for_update()
        .order_by("id")
    )
    facts: list[Fact] = []
    for request in living:
        before = request.state
        request.state = RESTRAINT_LIFE.step(request.state, RestraintState.RELEASED)
        request.ended_at = at
        request.save(update_fields=["state", "ended_at"])
        facts.append(
            RestraintMoved(
                **_about(request, actor, at), before=before, state=request.state, reason=""
            )
        )
    outbox.publish_all(facts, verb="leasing.note_released")
    return RestraintsReleaseAsked(
        org_id=actor.org_id, actor_id=actor.id, at=at, lease_id=None, customer_id=None,
        requests=len(living), vehicles=1, reason="RELEASED",
    )  # fmt: skip
