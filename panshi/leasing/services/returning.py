"""From the wish to give a vehicle back to the vehicle in the yard."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.billing import queries as billing_queries
from panshi.billing import services as billing
from panshi.kit.clock import local_day
from panshi.kit.refusals import IllegalMove, Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.leasing.events import (
    ReturnAccepted,
    ReturnArrived,
    ReturnRequested,
    TerminationAccepted,
    TerminationRequested,
)
from panshi.leasing.models import (
    LEASE_LIFE,
    AmendmentKind,
    LeaseState,
    RequestKind,
)
from panshi.leasing.owning_events import LeaseDefaultConfirmed
from panshi.leasing.queries.changes import return_of
from panshi.leasing.services.changing import must_run
from panshi.leasing.services.common import (
    SOURCE,
    TermsInvalid,
    amend,
    answer_request,
    common,
    current_segment,
    lock_vehicles,
    locked_lease,
    release_promises,
)
from panshi.leasing.services.signing import hand_in
from panshi.leasing.services.swapping import note_request

DEFAULT_DAY: Final = 30


class NoDefault(Refusal):
    """The ladder has not come to the review of a default, or the debt is on hold."""


@verb
def request_return(*, lease_id: UUID, on: date, actor: Actor, at: datetime) -> ReturnRequested:
    """Note the day on which the customer wants to give the vehicle back."""
    lease = locked_lease(lease_id, actor=actor, permission="leasing.request_return")
    segment = current_segment(lease)
    lease.state = LEASE_LIFE.step(lease.state, LeaseState.RETURNING)
    lease.return_asked_for = on
    lease.save(update_fields=["state", "return_asked_for"])
    return ReturnRequested(**common(lease, segment, actor=actor, at=at), on=on)


@verb
def request_termination(
    *, lease_id: UUID, on: date, reason: str, actor: Actor, at: datetime, agreed: str = ""
) -> TerminationRequested:
    """Note that the customer wants to give the vehicle back before the agreed end.

    `agreed` is the digest of the `quote_return` that the customer saw. Raises TermsInvalid for a
    day not before the agreed end, billing.InputsChanged when it would cost something else now, or
    IllegalMove unless the lease is on the road.
    """
    lease = locked_lease(lease_id, actor=actor, permission="leasing.request_termination")
    must_run(lease)
    if not local_day(at) <= on < lease.ends_on:
        raise TermsInvalid(_("An early end lies between today and the agreed end."))
    if agreed and agreed != return_of(lease, on, (), actor).digest:
        raise billing.InputsChanged(
            _("The plan or its bills changed since this was quoted. Look at the new quote.")
        )
    note_request(lease, RequestKind.TERMINATION, on, reason, actor=actor, at=at)
    segment = current_segment(lease)
    return TerminationRequested(
        **common(lease, segment, actor=actor, at=at),
        on=on,
        ends_on=lease.ends_on,
        reason=reason.strip(),
    )


@verb
def terminate_early(
    *, lease_id: UUID, on: date, actor: Actor, at: datetime, reason: str = "", agreed: str = ""
) -> TerminationAccepted:
    """Agree that a lease ends before its time: from now on its vehicle is expected back `on`.

    `agreed` is the digest of `quote_return`. Raises TermsInvalid for a day not before the agreed
    end, billing.InputsChanged, or IllegalMove unless the lease is on the road and not paused.
    """
    lease = locked_lease(lease_id, actor=actor, permission="leasing.terminate_early")
    segment = current_segment(lease)
    lease.state = LEASE_LIFE.step(lease.state, LeaseState.RETURNING)
    if not local_day(at) <= on < lease.ends_on:
        raise TermsInvalid(_("An early end lies between today and the agreed end."))
    quote = return_of(lease, on, (), actor)
    if agreed and agreed != quote.digest:
        raise billing.InputsChanged(
            _("The plan or its bills changed since this was quoted. Look at the new quote.")
        )
    lease.return_asked_for = on
    lease.save(update_fields=["state", "return_asked_for"])
    answer_request(lease, RequestKind.TERMINATION, at)
    amend(
        lease,
        AmendmentKind.TERMINATION,
        effective_on=on,
        diff={"ends_on": (lease.ends_on, on), "early_fee": (0, quote.early_fee)},
        reason=reason,
        agreed=agreed,
        actor=actor,
        at=at,
    )
    return TerminationAccepted(
        **common(lease, segment, actor=actor, at=at), on=on, early_fee=quote.early_fee
    )


def _debt(lease_id: UUID, actor: Actor, on: date) -> billing_queries.DebtStanding | None:
    """What a lease owes, if the ladder has come to the review of its default."""
    debt = billing_queries.debts_of(source_ids=(lease_id,), today=on, actor=actor).get(lease_id)
    if debt is None or not debt.open_amount or max(debt.rungs, default=0) < DEFAULT_DAY:
        return None
    return debt


def is_defaultable(*, lease_id: UUID, actor: Actor, on: date) -> bool:
    """Whether the ladder leaves the decision on a default to a person now."""
    debt = _debt(lease_id, actor, on)
    return debt is not None and not debt.hold_kind


@verb
def confirm_default(
    *, lease_id: UUID, reason: str, actor: Actor, at: datetime
) -> LeaseDefaultConfirmed:
    """Decide, after the ladder's last rung, that the lease is broken: its vehicle is fetched back.

    Raises NoDefault unless the rung of the default review was reached and the debt is neither
    paid nor on hold, TermsInvalid without a reason, IllegalMove unless it is on the road.
    """
    lease = locked_lease(lease_id, actor=actor, permission="leasing.confirm_default")
    if not reason.strip():
        raise TermsInvalid(_("Say why the lease is given up."))
    debt = _debt(lease.id, actor, local_day(at))
    if debt is None:
        raise NoDefault(
            _("A default is confirmed once the review of the ladder is due: %d days late.")
            % DEFAULT_DAY
        )
    if debt.hold_kind:
        raise NoDefault(_("The debt is on hold; nothing is decided until that is over."))
    segment = current_segment(lease)
    lease.state = LEASE_LIFE.step(lease.state, LeaseState.DEFAULTED)
    lease.save(update_fields=["state"])
    return LeaseDefaultConfirmed(
        **common(lease, segment, actor=actor, at=at),
        open_amount=debt.open_amount,
        reason=reason.strip(),
    )


@verb
def record_arrival(*, lease_id: UUID, actor: Actor, at: datetime) -> ReturnArrived:
    """Note that the vehicle stands in the yard: rent ends here, however long its check takes.

    Raises IllegalMove unless a return was asked for and it has not arrived yet.
    """
    lease = locked_lease(lease_id, actor=actor, permission="leasing.record_arrival")
    if lease.state != LeaseState.RETURNING or lease.arrived_at is not None:
        raise IllegalMove(_("No return of this lease is expected."))
    segment = current_segment(lease)
    lease.arrived_at = at
    lease.save(update_fields=["arrived_at"])
    return ReturnArrived(
        **common(lease, segment, actor=actor, at=at), expected_on=lease.return_asked_for
    )


@verb
def accept_return(
    *,
    lease_id: UUID,
    odometer_km: Decimal,
    soc_pct: Decimal,
    signed_by: str,
    actor: Actor,
    at: datetime,
    checklist: Mapping[str, str] | None = None,
    photo_ids: Sequence[UUID] = (),
    signature_id: UUID | None = None,
    staff_signature_id: UUID | None = None,
    inspection_id: UUID | None = None,
) -> ReturnAccepted:
    """Take the vehicle back: rent ends with the day before, the deposit is reserved.

    Where its arrival was recorded, that is the moment at which it came back. With an inspection its
    readings count, and one that passed leaves the vehicle free to be made ready.

    Raises HandoverOpen, fleet.OdometerBackwards, or IllegalMove unless a return was asked for.
    """
    lease = locked_lease(lease_id, actor=actor, permission="leasing.accept_return")
    segment = current_segment(lease)
    lock_vehicles([segment.vehicle_id])
    lease.state = LEASE_LIFE.step(lease.state, LeaseState.SETTLING)
    back = lease.arrived_at or at
    odometer_km = hand_in(
        segment,
        back=back,
        odometer_km=odometer_km,
        soc_pct=soc_pct,
        signed_by=signed_by,
        checklist=checklist,
        photo_ids=photo_ids,
        signature_id=signature_id,
        staff_signature_id=staff_signature_id,
        inspection_id=inspection_id,
        actor=actor,
        at=at,
    )
    lease.returned_at = back
    lease.save(update_fields=["state", "returned_at"])
    release_promises(lease)
    if lease.plan_id is not None:
        billing.end_plan(plan_id=lease.plan_id, ends_on=local_day(back), actor=actor, at=at)
    deposit = billing_queries.deposit_of(source_kind=SOURCE, source_id=lease.id, actor=actor)
    if deposit is not None and deposit.held:
        billing.reserve_deposit(deposit_id=deposit.id, actor=actor, at=at)
    return ReturnAccepted(
        **common(lease, segment, actor=actor, at=at), returned_at=back, odometer_km=odometer_km
    )
