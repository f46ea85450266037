"""What time makes of leases: ends draw near, pauses begin and end, promised vehicles stay out."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from panshi.kit import outbox
from panshi.kit.clock import day_start, local_day
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.leasing.events import (
    LeaseExpiring,
    LeasePaused,
    LeaseResumed,
    LeasesAdvanced,
    ReservationAtRisk,
)
from panshi.leasing.models import (
    LEASE_LIFE,
    Amendment,
    AmendmentKind,
    Lease,
    LeaseState,
    Segment,
    SegmentState,
)
from panshi.leasing.services.common import common

RUNGS: Final = (60, 30, 7)
AHEAD: Final = timedelta(days=2)
_BATCH: Final = 1000


@verb
def advance_leases(*, on: date, actor: Actor, at: datetime) -> LeasesAdvanced:
    """Tell of leases that end in 60, 30 or 7 days and of reservations whose vehicle is still out.

    Agreed pauses begin and end and agreed rents come into force on their day. Repeating it on the
    same day tells and moves nothing twice. For one node and below, or the whole tree.
    """
    actor.must("leasing.advance_leases", actor.org_id)
    expiring = _tell_ends(on, actor=actor, at=at)
    at_risk = _tell_risks(on, actor=actor, at=at)
    paused, resumed = _move_pauses(on, actor=actor, at=at)
    repriced = _reprice(on, actor=actor)
    return LeasesAdvanced(
        org_id=actor.org_id,
        actor_id=actor.id,
        at=at,
        on=on,
        expiring=expiring,
        at_risk=at_risk,
        paused=paused,
        resumed=resumed,
        repriced=repriced,
    )


def _segments(lease_ids: Iterable[UUID]) -> dict[UUID, Segment]:
    rows = Segment.objects.filter(
        lease__in=list(lease_ids), state__in=[SegmentState.OUT, SegmentState.RESERVED]
    )
    # RESERVED sorts after OUT: the vehicle that is out counts.
    return {row.lease_id: row for row in rows.order_by("-state")}


def _tell_ends(on: date, *, actor: Actor, at: datetime) -> int:
    """Announce each end once at each rung, and after an outage only the nearest."""
    leases = list(
        Lease.objects.visible_to(actor)
        .filter(
            state__in=[LeaseState.ACTIVE, LeaseState.PAUSED],
            ends_on__gte=on,
            ends_on__lte=on + timedelta(days=max(RUNGS)),
        )
        .order_by("id")
        .select_for_update(of=("self",))
    )
    told = []
    segments = _segments(lease.id for lease in leases)
    for lease in leases:
        left = (lease.ends_on - on).days
        rung = min(rung for rung in RUNGS if left <= rung)
        if lease.expiry_told is not None and lease.expiry_told <= rung:
            continue
        lease.expiry_told = rung
        told.append(
            LeaseExpiring(
                **common(lease, segments[lease.id], actor=actor, at=at),
                days=rung,
                ends_on=lease.ends_on,
            )
        )
    Lease.objects.bulk_update(leases, ["expiry_told"], batch_size=_BATCH)
    outbox.publish_all(told, verb="leasing.advance_leases")
    return len(told)


def _tell_risks(on: date, *, actor: Actor, at: datetime) -> int:
    """Name the reservations of the next days whose vehicle another lease still holds."""
    promised = list(
        Segment.objects.visible_to(actor)
        .filter(
            state=SegmentState.RESERVED,
            planned__startswith__lt=day_start(on) + AHEAD,
            planned__endswith__gt=day_start(on),
        )
        .exclude(risk_told_on=on)
        .select_related("lease")
        .order_by("id")
        .select_for_update(of=("self",))
    )
    holders = {
        row.vehicle_id: row
        for row in Segment.objects.filter(
            vehicle__in={row.vehicle_id for row in promised}, state=SegmentState.OUT
        )
    }
    told = []
    for row in promised:
        holder = holders.get(row.vehicle_id)
        if holder is None or holder.lease_id == row.lease_id or row.planned.lower is None:
            continue
        row.risk_told_on = on
        until = holder.planned.upper
        told.append(
            ReservationAtRisk(
                **common(row.lease, row, actor=actor, at=at),
                reserved_from=local_day(row.planned.lower),
                held_by_lease_id=holder.lease_id,
                held_until=local_day(until) if until else None,
            )
        )
    Segment.objects.bulk_update(promised, ["risk_told_on"], batch_size=_BATCH)
    outbox.publish_all(told, verb="leasing.advance_leases")
    return len(told)


def _move_pauses(on: date, *, actor: Actor, at: datetime) -> tuple[int, int]:
    """Let leases pause and run by what was agreed for this day."""
    rows = Amendment.objects.visible_to(actor).filter(kind=AmendmentKind.PAUSE)
    begin = {row.lease_id: row for row in rows.filter(effective_on=on).order_by("number")}
    over = {row.lease_id: row for row in rows.filter(until=on).order_by("number")}
    leases = list(
        Lease.objects.filter(
            id__in={*begin, *over}, state__in=[LeaseState.ACTIVE, LeaseState.PAUSED]
        )
        .order_by("id")
        .select_for_update(of=("self",))
    )
    segments = _segments(lease.id for lease in leases)
    paused: list[LeasePaused] = []
    resumed: list[LeaseResumed] = []
    for lease in leases:
        told = common(lease, segments[lease.id], actor=actor, at=at)
        if lease.id in over and lease.state == LeaseState.PAUSED:
            lease.state = LEASE_LIFE.step(lease.state, LeaseState.ACTIVE)
            resumed.append(LeaseResumed(**told, on=on))
        pause = begin.get(lease.id)
        if pause is not None and lease.state == LeaseState.ACTIVE and pause.until != on:
            if _was_ended(lease, pause):
                continue
            lease.state = LEASE_LIFE.step(lease.state, LeaseState.PAUSED)
            paused.append(
                LeasePaused(
                    **told,
                    cause=pause.diff["cause"][1],
                    relief=Decimal(pause.diff["relief"][1]),
                    starts_on=on,
                    ends_on=pause.until,
                )
            )
    Lease.objects.bulk_update(leases, ["state"], batch_size=_BATCH)
    facts: Sequence[LeasePaused | LeaseResumed] = [*resumed, *paused]
    outbox.publish_all(facts, verb="leasing.advance_leases")
    return len(paused), len(resumed)


def _was_ended(lease: Lease, pause: Amendment) -> bool:
    """Whether a pause of today was taken back since, so that it does not begin again."""
    return Amendment.objects.filter(
        lease=lease, kind=AmendmentKind.RESUMPTION, number__gt=pause.number
    ).exists()


def _reprice(on: date, *, actor: Actor) -> int:
    """Show the rent that is in force today, as the last amendment up to today has it."""
    rows = (
        Amendment.objects.visible_to(actor)
        .filter(diff__has_key="monthly_rent", effective_on__lte=on, effective_on__gt=on - AHEAD * 4)
        .order_by("effective_on", "number")
    )
    wanted = {row.lease_id: Decimal(row.diff["monthly_rent"][1]) for row in rows}
    leases = [
        lease
        for lease in Lease.objects.filter(id__in=wanted).order_by("id").select_for_update()
        if lease.monthly_rent != wanted[lease.id]
    ]
    for lease in leases:
        lease.monthly_rent = wanted[lease.id]
    Lease.objects.bulk_update(leases, ["monthly_rent"], batch_size=_BATCH)
    return len(leases)
