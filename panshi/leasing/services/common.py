"""What the verbs of leasing share: refusals, locks, the fields of a fact."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from typing import Final, TypedDict
from uuid import UUID

from django.db import IntegrityError, connection
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from psycopg import errors

from panshi.billing.events import ChargePlanChanged
from panshi.kit.clock import day_start
from panshi.kit.money import ZERO
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import guard
from panshi.leasing.models import (
    OVER,
    SEGMENT_LIFE,
    SEGMENT_RANK,
    Amendment,
    AmendmentKind,
    Lease,
    LeaseRequest,
    RequestKind,
    Segment,
    SegmentState,
)

SOURCE = "leasing.lease"


class VehicleAlreadyLeased(Refusal):
    pass


class NotQualified(Refusal):
    pass


class DepositMissing(Refusal):
    pass


class HandoverOpen(Refusal):
    pass


class TermsInvalid(Refusal):
    pass


class Common(TypedDict):
    """What every fact about one lease carries."""

    org_id: int
    actor_id: UUID
    at: datetime
    lease_id: UUID
    number: str
    vehicle_id: UUID
    customer_id: UUID
    city: str


def lock_vehicles(vehicle_ids: Iterable[UUID]) -> None:
    """Let one transaction at a time decide about a vehicle.

    Without it rivals wait for each other inside the exclusion constraint and dead-lock.
    """
    with connection.cursor() as cursor:
        for key in sorted(map(str, vehicle_ids)):
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7))", [key])


# The arms of a CASE are taken in their order: who has not got the lock waits for it beside others.
_LOCK_OR_WAIT: Final = """
SELECT CASE WHEN pg_try_advisory_xact_lock(key) THEN true
    WHEN pg_advisory_lock_shared(key) IS NOT NULL THEN NOT pg_advisory_unlock_shared(key) END
FROM hashtextextended(%s, 7) AS key
"""
_PROMISED: Final = """
SELECT EXISTS (SELECT FROM leasing_segment WHERE vehicle_id = %s AND planned && tstzrange(%s, %s)
    AND state IN ('RESERVED', 'OUT'))
"""


def locked_or_waited(vehicle_id: UUID) -> bool:
    """Lock a vehicle if it is free; else wait until its holder is through, and say no.

    Those who wait pass together and look together: the losers of a race need not queue for a lock
    that they would only hold to be refused.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_OR_WAIT, [str(vehicle_id)])
        return bool(cursor.fetchone()[0])


def _already_leased() -> VehicleAlreadyLeased:
    return VehicleAlreadyLeased(
        _("This vehicle is promised or leased to somebody else in that time.")
    )


def refuse_promised(vehicle_id: UUID, starts_on: date, ends_on: date) -> None:
    """Raise VehicleAlreadyLeased before anything is written, under the vehicle's lock.

    The constraint would refuse it as well; rivals that wait for the lock are only sooner through.
    """
    with connection.cursor() as cursor:
        cursor.execute(_PROMISED, [vehicle_id, day_start(starts_on), day_start(ends_on)])
        if cursor.fetchone()[0]:
            raise _already_leased()


@contextmanager
def one_lease_per_vehicle() -> Iterator[None]:
    """Turn the database's no into words."""
    try:
        yield
    except IntegrityError as error:
        if isinstance(error.__cause__, errors.ExclusionViolation):
            raise _already_leased() from error
        raise


def locked_lease(lease_id: UUID, *, actor: Actor, permission: str) -> Lease:
    lease = Lease.objects.visible_to(actor).select_for_update(of=("self",)).get(id=lease_id)
    actor.must(permission, lease.org_id)
    actor.must_be(lease.customer_id)
    return lease


def current_segment(lease: Lease) -> Segment:
    """The part of a lease that counts now: what is out, else what is promised, else what was."""
    rows = Segment.objects.select_for_update().filter(lease=lease).exclude(state=SegmentState.VOID)
    return max(
        rows.order_by("created_at", "id"),
        key=lambda row: (SEGMENT_RANK[SegmentState(row.state)], row.id),
    )


def release_promises(lease: Lease) -> None:
    """Give up the vehicles that are still promised to a lease, such as a swap's way back."""
    for segment in Segment.objects.filter(lease=lease, state=SegmentState.RESERVED):
        segment.state = SEGMENT_LIFE.step(segment.state, SegmentState.VOID)
        segment.save(update_fields=["state"])


def amend(
    lease: Lease,
    kind: AmendmentKind,
    *,
    effective_on: date,
    diff: Mapping[str, tuple[object, object]],
    reason: str,
    actor: Actor,
    at: datetime,
    until: date | None = None,
    made: ChargePlanChanged | None = None,
    agreed: str = "",
) -> Amendment:
    """Keep what was changed about a lease; `diff` holds what was and what became."""
    return Amendment.objects.create(
        org_id=lease.org_id,
        lease=lease,
        customer_id=lease.customer_id,
        number=Amendment.objects.filter(lease=lease).count() + 1,
        kind=kind,
        effective_on=effective_on,
        until=until,
        diff={name: [str(before), str(after)] for name, (before, after) in diff.items()},
        reason=reason.strip(),
        credited=made.credited if made else ZERO,
        billed=made.billed if made else ZERO,
        digest=agreed,
        by_id=actor.id,
        made_at=at,
    )


def answer_request(lease: Lease, kind: RequestKind, at: datetime) -> None:
    """Close what the customer asked for, now that it is done."""
    LeaseRequest.objects.filter(lease=lease, kind=kind, answered_at=None).update(answered_at=at)


def common(lease: Lease, segment: Segment, *, actor: Actor, at: datetime) -> Common:
    return {
        "org_id": lease.org_id,
        "actor_id": actor.id,
        "at": at,
        "lease_id": lease.id,
        "number": lease.number,
        "vehicle_id": segment.vehicle_id,
        "customer_id": lease.customer_id,
        "city": lease.city,
    }


@guard
def node_contents(*, org_id: int) -> list[str]:
    """The leases that a node would leave behind."""
    count = Lease.objects.filter(org_id=org_id).exclude(state__in=OVER).count()
    words = ngettext("%(count)d lease", "%(count)d leases", count) % {"count": count}
    return [words] if count else []
