"""What the verbs of leasing share: refusals, locks, the fields of a fact."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from django.db import IntegrityError, connection
from django.utils.translation import gettext as _
from psycopg import errors

from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.leasing.models import Lease, Segment, SegmentState


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


@contextmanager
def one_lease_per_vehicle() -> Iterator[None]:
    """Turn the database's no into words."""
    try:
        yield
    except IntegrityError as error:
        if isinstance(error.__cause__, errors.ExclusionViolation):
            raise VehicleAlreadyLeased(
                _("This vehicle is promised or leased to somebody else in that time.")
            ) from error
        raise


def locked_lease(lease_id: UUID, *, actor: Actor, permission: str) -> Lease:
    lease = Lease.objects.visible_to(actor).select_for_update(of=("self",)).get(id=lease_id)
    actor.must(permission, lease.org_id)
    actor.must_be(lease.customer_id)
    return lease


def current_segment(lease: Lease) -> Segment:
    """The lease's segment that is not void; a lease has one vehicle at a time."""
    return (
        Segment.objects.select_for_update()
        .filter(lease=lease)
        .exclude(state=SegmentState.VOID)
        .latest("created_at", "id")
    )


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
