"""What leasing hears."""

from contextlib import suppress

from panshi.billing import services as billing
from panshi.billing.events import (
    ArrearsCleared,
    BillPaid,
    CaseHeld,
    ChargePlanOpened,
    DepositHeld,
    DunningStepReached,
)
from panshi.kit import outbox
from panshi.kit.clock import local_day
from panshi.kit.refusals import IllegalMove, Refusal
from panshi.kit.tenancy import system_actor
from panshi.leasing import services
from panshi.telematics.events import (
    CommandApproved,
    CommandCancelled,
    CommandConfirmed,
    CommandExpired,
    CommandFact,
    CommandFailed,
)


@outbox.on(DepositHeld)
def note_deposit(fact: DepositHeld) -> None:
    if fact.source_kind == services.SOURCE:
        services.secure_deposit(
            lease_id=fact.source_id,
            amount=fact.amount,
            actor=system_actor(fact.org_id),
            at=fact.at,
        )


@outbox.on(ChargePlanOpened)
def bill_first_period(fact: ChargePlanOpened) -> None:
    """The first rent is billed when the vehicle leaves, not in the next nightly run."""
    if fact.source_kind == services.SOURCE:
        actor = system_actor(fact.org_id)
        billing.run_bills(cut_off=local_day(fact.at), actor=actor, at=fact.at)
        billing.issue_bills(plan_id=fact.plan_id, actor=actor, at=fact.at)


@outbox.on(BillPaid)
def note_violations_paid(fact: BillPaid) -> None:
    """A violation that is dealt with and paid for is closed."""
    if fact.source_kind in (services.VIOLATION, services.SETTLEMENT):
        services.note_violations_paid(
            org_id=fact.org_id,
            source_kind=fact.source_kind,
            source_id=fact.source_id,
            actor=system_actor(fact.org_id),
            at=fact.at,
        )


@outbox.on(BillPaid)
def pass_ownership(fact: BillPaid) -> None:
    """Paid, the vehicle is the customer's; an offer that lapsed meanwhile stays lapsed."""
    if fact.source_kind == services.BUY_OUT:
        with suppress(IllegalMove):
            services.pass_ownership(
                buy_out_id=fact.source_id, actor=system_actor(fact.org_id), at=fact.at
            )


_RESTRAINTS = {"LIMIT_ASKED": "LIMIT", "INHIBIT_ASKED": "INHIBIT"}


@outbox.on(DunningStepReached)
def ask_restraint(fact: DunningStepReached) -> None:
    """The ladder asks for a restraint; a refusal is kept with everything the guard saw."""
    kind = _RESTRAINTS.get(fact.code)
    if kind is None or fact.source_kind != services.SOURCE:
        return
    actor, reason = system_actor(fact.org_id), f"{fact.code} {fact.open_amount}"
    try:
        services.request_restraint(
            lease_id=fact.source_id, kind=kind, reason=reason, actor=actor, at=fact.at
        )
    except services.RestraintUnderWay:
        return
    except Refusal as refusal:
        services.keep_refusal(
            lease_id=fact.source_id,
            kind=kind,
            reason=reason,
            refused=refusal.code,
            actor=actor,
            at=fact.at,
        )


@outbox.on(ArrearsCleared)
def release_restraint(fact: ArrearsCleared) -> None:
    """Paid: what is queued stops, what is in force is released, whatever the hour."""
    if fact.source_kind == services.SOURCE:
        services.release_restraint(
            lease_id=fact.source_id, reason="PAID", actor=system_actor(fact.org_id), at=fact.at
        )


@outbox.on(CaseHeld)
def stop_restraint(fact: CaseHeld) -> None:
    """A dispute, a plan or a rescue freezes the ladder: nothing more reaches the vehicle."""
    if fact.source_kind == services.SOURCE and fact.source_id is not None:
        services.stop_restraints(
            lease_id=fact.source_id,
            reason=fact.kind,
            actor=system_actor(fact.org_id),
            at=fact.at,
        )


@outbox.on(CommandApproved)
def follow_approval(fact: CommandApproved) -> None:
    _follow(fact, "QUEUED" if fact.queued else "APPROVED")


@outbox.on(CommandCancelled)
def follow_cancellation(fact: CommandCancelled) -> None:
    _follow(fact, "STOPPED", fact.reason)


@outbox.on(CommandFailed)
def follow_failure(fact: CommandFailed) -> None:
    _follow(fact, "STOPPED", fact.reason)


@outbox.on(CommandExpired)
def follow_expiry(fact: CommandExpired) -> None:
    _follow(fact, "EXPIRED")


@outbox.on(CommandConfirmed)
def follow_effect(fact: CommandConfirmed) -> None:
    if fact.kind == "RELEASE":
        services.note_released(
            vehicle_id=fact.vehicle_id, actor=system_actor(fact.org_id), at=fact.at
        )
    else:
        _follow(fact, "IN_FORCE")


def _follow(fact: CommandFact, state: str, reason: str = "") -> None:
    if fact.source_kind == services.REQUEST and fact.source_id is not None:
        services.follow_command(
            request_id=fact.source_id,
            state=state,
            reason=reason,
            actor=system_actor(fact.org_id),
            at=fact.at,
        )
