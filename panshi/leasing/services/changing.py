"""Changes of a running lease: longer, paused, dearer; each quoted before it is made."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from panshi.billing import services as billing
from panshi.billing.events import ChargePlanChanged
from panshi.kit.clock import day_start, local_day
from panshi.kit.money import is_amount, to_fen
from panshi.kit.refusals import IllegalMove, Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.leasing import rules
from panshi.leasing.events import LeaseExtended, LeasePaused, LeaseResumed, PriceChanged
from panshi.leasing.models import (
    LEASE_LIFE,
    Amendment,
    AmendmentKind,
    Lease,
    LeaseState,
    Segment,
    SegmentState,
)
from panshi.leasing.queries.changes import (
    LeaseChange,
    ends_after,
    plan_changes,
    plan_of,
    relief_of,
)
from panshi.leasing.services.common import (
    TermsInvalid,
    VehicleAlreadyLeased,
    amend,
    common,
    current_segment,
    lock_vehicles,
    locked_lease,
    one_lease_per_vehicle,
)


class ReservedByAnother(Refusal):
    pass


def must_run(lease: Lease) -> None:
    """Raise IllegalMove unless a lease is on the road, be it paused."""
    if lease.state not in {LeaseState.ACTIVE, LeaseState.PAUSED}:
        raise IllegalMove(
            _("Lease %(number)s is not on the road; its state is “%(state)s”.")
            % {"number": lease.number, "state": LeaseState(lease.state).label}
        )


def change_charges(
    lease: Lease, change: LeaseChange, *, agreed: str, reason: str, actor: Actor, at: datetime
) -> ChargePlanChanged:
    """Let the lease's plan follow a change; called inside a verb, refusals as billing's."""
    return billing.change_plan(
        plan_id=plan_of(lease),
        changes=plan_changes(lease, change),
        agreed=agreed,
        reason=reason.strip(),
        actor=actor,
        at=at,
    )


@verb
def extend_lease(
    *,
    lease_id: UUID,
    months: int,
    actor: Actor,
    at: datetime,
    monthly_rent: Decimal | None = None,
    reason: str = "",
    agreed: str = "",
) -> LeaseExtended:
    """Let a lease run so many months longer, at another rent from its old end on if one is given.

    `agreed` is the digest of the quote. Raises ReservedByAnother when the vehicle is promised to
    somebody else then, TermsInvalid, billing.PeriodAlreadyBilled or billing.InputsChanged.
    """
    lease = locked_lease(lease_id, actor=actor, permission="leasing.extend_lease")
    must_run(lease)
    if not 1 <= months <= rules.LONGEST or (
        monthly_rent is not None and not (is_amount(monthly_rent) and monthly_rent > 0)
    ):
        raise TermsInvalid(_("Rent and months (1 to 120) must be above zero."))
    segment = current_segment(lease)
    lock_vehicles([segment.vehicle_id])
    old_end, new_end = lease.ends_on, ends_after(lease, months)
    change = LeaseChange(
        kind=AmendmentKind.EXTENSION, on=old_end, months=months, monthly_rent=monthly_rent
    )
    made = change_charges(lease, change, agreed=agreed, reason=reason, actor=actor, at=at)
    _prolong(lease, new_end)
    diff: dict[str, tuple[object, object]] = {"ends_on": (old_end, new_end)}
    if monthly_rent is not None and monthly_rent != lease.monthly_rent:
        diff["monthly_rent"] = (lease.monthly_rent, to_fen(monthly_rent))
    lease.ends_on, lease.months = new_end, lease.months + months
    lease.expiry_told = None
    lease.save(update_fields=["ends_on", "months", "expiry_told"])
    amend(
        lease,
        AmendmentKind.EXTENSION,
        effective_on=old_end,
        until=new_end,
        diff=diff,
        reason=reason,
        made=made,
        agreed=agreed,
        actor=actor,
        at=at,
    )
    return LeaseExtended(
        **common(lease, segment, actor=actor, at=at),
        months=months,
        ends_on=new_end,
        ended_on_before=old_end,
        monthly_rent=monthly_rent if monthly_rent is not None else lease.monthly_rent,
    )


def _prolong(lease: Lease, end: date) -> None:
    """Promise the lease's vehicle up to its new end: the one that comes back last."""
    segment = (
        lease_segments(lease)
        .filter(state__in=[SegmentState.OUT, SegmentState.RESERVED])
        .latest("planned")
    )
    segment.planned = (segment.planned.lower, day_start(end))
    try:
        with one_lease_per_vehicle():
            segment.save(update_fields=["planned"])
    except VehicleAlreadyLeased as refusal:
        raise ReservedByAnother(
            _("Another customer has reserved this vehicle from a day before %s; offer a swap.")
            % end
        ) from refusal


def lease_segments(lease: Lease) -> QuerySet[Segment]:
    """The segments of a lease, locked."""
    return Segment.objects.select_for_update().filter(lease=lease)


@verb
def pause_lease(
    *,
    lease_id: UUID,
    cause: str,
    starts_on: date,
    actor: Actor,
    at: datetime,
    ends_on: date | None = None,
    relief: Decimal | None = None,
    reason: str = "",
    agreed: str = "",
) -> LeasePaused:
    """Pause a lease from a day on, relieving the percentage of its cause; open without `ends_on`.

    `ends_on` is the first day charged again; `relief` counts where the cause leaves it to both
    sides. Raises billing.ChangeImpossible, PeriodAlreadyBilled or InputsChanged.
    """
    lease = locked_lease(lease_id, actor=actor, permission="leasing.pause_lease")
    must_run(lease)
    segment = current_segment(lease)
    percent = relief_of(cause, relief)
    change = LeaseChange(
        kind=AmendmentKind.PAUSE, on=starts_on, until=ends_on, cause=cause, relief=relief
    )
    made = change_charges(lease, change, agreed=agreed, reason=reason, actor=actor, at=at)
    today = local_day(at)
    if starts_on <= today and (ends_on is None or ends_on > today):
        lease.state = LEASE_LIFE.step(lease.state, LeaseState.PAUSED)
        lease.save(update_fields=["state"])
    amend(
        lease,
        AmendmentKind.PAUSE,
        effective_on=starts_on,
        until=ends_on,
        diff={"relief": (0, percent), "cause": ("", cause)},
        reason=reason,
        made=made,
        agreed=agreed,
        actor=actor,
        at=at,
    )
    return LeasePaused(
        **common(lease, segment, actor=actor, at=at),
        cause=cause,
        relief=percent,
        starts_on=starts_on,
        ends_on=ends_on,
    )


@verb
def resume_lease(
    *,
    lease_id: UUID,
    on: date,
    actor: Actor,
    at: datetime,
    reason: str = "",
    agreed: str = "",
) -> LeaseResumed:
    """End the pause of a lease: `on` is the first day charged again.

    Raises IllegalMove unless it is paused, billing.PeriodAlreadyBilled or InputsChanged.
    """
    lease = locked_lease(lease_id, actor=actor, permission="leasing.resume_lease")
    must_run(lease)
    segment = current_segment(lease)
    lease.state = LEASE_LIFE.step(lease.state, LeaseState.ACTIVE)
    pause = (
        Amendment.objects.filter(lease=lease, kind=AmendmentKind.PAUSE, effective_on__lte=on)
        .order_by("-number")
        .first()
    )
    made = None
    if pause is None or pause.until is None or pause.until > on:
        change = LeaseChange(kind=AmendmentKind.RESUMPTION, on=on)
        made = change_charges(lease, change, agreed=agreed, reason=reason, actor=actor, at=at)
    lease.save(update_fields=["state"])
    amend(
        lease,
        AmendmentKind.RESUMPTION,
        effective_on=on,
        diff={"until": (pause.until if pause and pause.until else "", on)},
        reason=reason,
        made=made,
        agreed=agreed,
        actor=actor,
        at=at,
    )
    return LeaseResumed(**common(lease, segment, actor=actor, at=at), on=on)


@verb
def change_price(
    *,
    lease_id: UUID,
    monthly_rent: Decimal,
    effective_on: date,
    actor: Actor,
    at: datetime,
    reason: str = "",
    agreed: str = "",
) -> PriceChanged:
    """Agree another rent from a day on. Raises TermsInvalid, billing.ChangeImpossible,
    PeriodAlreadyBilled or InputsChanged.
    """
    lease = locked_lease(lease_id, actor=actor, permission="leasing.change_price")
    must_run(lease)
    if not is_amount(monthly_rent) or monthly_rent <= 0:
        raise TermsInvalid(_("The rent must be above zero."))
    segment = current_segment(lease)
    before, after = lease.monthly_rent, to_fen(monthly_rent)
    change = LeaseChange(kind=AmendmentKind.PRICE, on=effective_on, monthly_rent=after)
    made = change_charges(lease, change, agreed=agreed, reason=reason, actor=actor, at=at)
    if effective_on <= local_day(at):
        lease.monthly_rent = after
        lease.save(update_fields=["monthly_rent"])
    amend(
        lease,
        AmendmentKind.PRICE,
        effective_on=effective_on,
        diff={"monthly_rent": (before, after)},
        reason=reason,
        made=made,
        agreed=agreed,
        actor=actor,
        at=at,
    )
    return PriceChanged(
        **common(lease, segment, actor=actor, at=at),
        monthly_rent=after,
        monthly_rent_before=before,
        effective_on=effective_on,
    )
