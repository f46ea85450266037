"""Another vehicle for the same lease, for good or with a way back."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.fleet import queries as fleet_queries
from panshi.fleet import services as fleet
from panshi.kit.clock import day_start, local_day
from panshi.kit.refusals import IllegalMove
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.leasing.events import SwapRequested, VehicleSwapped
from panshi.leasing.models import (
    AmendmentKind,
    HandoverKind,
    Lease,
    LeaseRequest,
    RequestKind,
    Segment,
    SegmentState,
)
from panshi.leasing.queries.changes import LeaseChange
from panshi.leasing.services.changing import change_charges, must_run
from panshi.leasing.services.common import (
    TermsInvalid,
    amend,
    answer_request,
    common,
    current_segment,
    lock_vehicles,
    locked_lease,
    one_lease_per_vehicle,
    release_promises,
)
from panshi.leasing.services.signing import hand_in, record_handover


@verb
def request_swap(
    *, lease_id: UUID, on: date, reason: str, actor: Actor, at: datetime
) -> SwapRequested:
    """Note that the customer needs another vehicle; a second wish only renews the first.

    Raises IllegalMove unless the lease is on the road.
    """
    lease = locked_lease(lease_id, actor=actor, permission="leasing.request_swap")
    must_run(lease)
    note_request(lease, RequestKind.SWAP, on, reason, actor=actor, at=at)
    segment = current_segment(lease)
    return SwapRequested(**common(lease, segment, actor=actor, at=at), on=on, reason=reason.strip())


def note_request(
    lease: Lease, kind: RequestKind, on: date, reason: str, *, actor: Actor, at: datetime
) -> None:
    """Keep what a customer asks for; one open request of a kind."""
    LeaseRequest.objects.update_or_create(
        lease=lease,
        kind=kind,
        answered_at=None,
        defaults={
            "org_id": lease.org_id,
            "customer_id": lease.customer_id,
            "wished_on": on,
            "reason": reason.strip(),
            "by_id": actor.id,
            "asked_at": at,
        },
    )


@verb
def swap_vehicle(
    *,
    lease_id: UUID,
    vehicle_id: UUID,
    odometer_km: Decimal,
    soc_pct: Decimal,
    new_odometer_km: Decimal,
    new_soc_pct: Decimal,
    signed_by: str,
    actor: Actor,
    at: datetime,
    until: date | None = None,
    reason: str = "",
    agreed: str = "",
) -> VehicleSwapped:
    """Exchange the vehicle of a lease at one moment: readings of the one that comes and goes.

    With `until` the outgoing vehicle stays promised from that day on; swapping to it then is the
    way back. The day of the swap belongs to the incoming vehicle, rent and plan run on. Raises
    VehicleAlreadyLeased, TermsInvalid, HandoverOpen, fleet.VehicleUnavailable, DocumentLapsed or
    OdometerBackwards, billing.ChangeImpossible or InputsChanged.
    """
    lease = locked_lease(lease_id, actor=actor, permission="leasing.swap_vehicle")
    must_run(lease)
    old = current_segment(lease)
    if old.vehicle_id == vehicle_id:
        raise TermsInvalid(_("The lease has this vehicle already."))
    lock_vehicles([old.vehicle_id, vehicle_id])
    refs = fleet_queries.vehicle_refs(vehicle_ids=(old.vehicle_id, vehicle_id), actor=actor)
    incoming, outgoing = refs.get(vehicle_id), refs[old.vehicle_id]
    if incoming is None or incoming.org_id != lease.org_id:
        raise TermsInvalid(_("The vehicle belongs to another operator."))
    day = local_day(at)
    if until is not None and not day < until < lease.ends_on:
        raise TermsInvalid(_("The way back lies after the swap and before the end of the lease."))
    if old.state != SegmentState.OUT or old.held is None:
        raise IllegalMove(_("No vehicle of this lease is out."))

    change = LeaseChange(kind=AmendmentKind.SWAP, on=day, until=until, vehicle_id=vehicle_id)
    made = change_charges(lease, change, agreed=agreed, reason=reason, actor=actor, at=at)
    hand_in(
        old,
        back=at,
        odometer_km=odometer_km,
        soc_pct=soc_pct,
        signed_by=signed_by,
        actor=actor,
        at=at,
    )
    release_promises(lease)
    ends_at = max(day_start(lease.ends_on), at + timedelta(days=1))
    with one_lease_per_vehicle():
        new = Segment.objects.create(
            org_id=lease.org_id,
            created_at=at,
            lease=lease,
            customer_id=lease.customer_id,
            vehicle_id=vehicle_id,
            state=SegmentState.OUT,
            planned=(at, day_start(until) if until else ends_at),
            held=(at, None),
        )
        if until is not None:
            Segment.objects.create(
                org_id=lease.org_id,
                created_at=at,
                lease=lease,
                customer_id=lease.customer_id,
                vehicle_id=old.vehicle_id,
                planned=(day_start(until), ends_at),
            )
    fleet.deploy_vehicle(vehicle_id=vehicle_id, customer_id=lease.customer_id, actor=actor, at=at)
    record_handover(
        new,
        HandoverKind.OUT,
        odometer_km=new_odometer_km,
        soc_pct=new_soc_pct,
        signed_by=signed_by,
        actor=actor,
        at=at,
    )
    answer_request(lease, RequestKind.SWAP, at)
    amend(
        lease,
        AmendmentKind.SWAP,
        effective_on=day,
        until=until,
        diff={"vehicle": (outgoing.plate or outgoing.vin, incoming.plate or incoming.vin)},
        reason=reason,
        made=made,
        agreed=agreed,
        actor=actor,
        at=at,
    )
    return VehicleSwapped(
        **common(lease, new, actor=actor, at=at),
        vehicle_before_id=old.vehicle_id,
        until=until,
        reason=reason.strip(),
    )
