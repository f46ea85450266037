"""From the wish to give a vehicle back to the last fen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from panshi.billing import queries as billing_queries
from panshi.billing import services as billing
from panshi.fleet import services as fleet
from panshi.kit.clock import local_day
from panshi.kit.money import ZERO
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.leasing.events import ReturnAccepted, ReturnRequested, SettlementConfirmed
from panshi.leasing.models import (
    LEASE_LIFE,
    SEGMENT_LIFE,
    HandoverKind,
    LeaseState,
    SegmentState,
    Settlement,
)
from panshi.leasing.services.common import common, current_segment, lock_vehicles, locked_lease
from panshi.leasing.services.signing import SOURCE, record_handover

SETTLEMENT = "leasing.settlement"


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
) -> ReturnAccepted:
    """Take the vehicle back: rent ends with the day before, the deposit is reserved.

    Raises HandoverOpen, fleet.OdometerBackwards, or IllegalMove unless a return was asked for.
    """
    lease = locked_lease(lease_id, actor=actor, permission="leasing.accept_return")
    segment = current_segment(lease)
    lock_vehicles([segment.vehicle_id])
    lease.state = LEASE_LIFE.step(lease.state, LeaseState.SETTLING)
    record_handover(
        segment,
        HandoverKind.IN,
        odometer_km=odometer_km,
        soc_pct=soc_pct,
        signed_by=signed_by,
        checklist=checklist or {},
        photo_ids=photo_ids,
        signature_id=signature_id,
        actor=actor,
        at=at,
    )
    lease.returned_at = at
    lease.save(update_fields=["state", "returned_at"])
    segment.state = SEGMENT_LIFE.step(segment.state, SegmentState.BACK)
    held = segment.held
    segment.held = (held.lower, at) if held is not None else None
    segment.save(update_fields=["state", "held"])
    fleet.take_back_vehicle(
        vehicle_id=segment.vehicle_id, odometer_km=odometer_km, soc_pct=soc_pct, actor=actor, at=at
    )
    if lease.plan_id is not None:
        billing.end_plan(plan_id=lease.plan_id, ends_on=local_day(at), actor=actor, at=at)
    deposit = billing_queries.deposit_of(source_kind=SOURCE, source_id=lease.id, actor=actor)
    if deposit is not None and deposit.held:
        billing.reserve_deposit(deposit_id=deposit.id, actor=actor, at=at)
    return ReturnAccepted(
        **common(lease, segment, actor=actor, at=at), returned_at=at, odometer_km=odometer_km
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """A priced line of the settlement, tax included."""

    words: str
    amount: Decimal


@verb
def settle_lease(
    *, lease_id: UUID, damages: Sequence[Damage], actor: Actor, at: datetime
) -> SettlementConfirmed:
    """Charge what is due, apply the deposit to open bills, give the rest back, end the lease."""
    lease = locked_lease(lease_id, actor=actor, permission="leasing.settle_lease")
    segment = current_segment(lease)
    lease.state = LEASE_LIFE.step(lease.state, LeaseState.ENDED)
    charges = sum((damage.amount for damage in damages), ZERO)
    due = [
        bill.id
        for bill in billing_queries.bills_of_source(
            source_kind=SOURCE, source_id=lease.id, actor=actor
        )
        if bill.open_amount
    ]
    if damages:
        raised = billing.raise_bill(
            org_id=lease.org_id,
            customer_id=lease.customer_id,
            source_kind=SETTLEMENT,
            source_id=lease.id,
            vehicle_id=segment.vehicle_id,
            due_on=local_day(at),
            lines=[
                billing.NewLine(
                    product_code="DAMAGE", words=d.words, quantity=Decimal(1), unit_price=d.amount
                )
                for d in damages
            ],
            actor=actor,
            at=at,
        )
        due.append(raised.bill_id)
    refund = _apply_and_return_deposit(lease.id, due, actor=actor, at=at)
    Settlement.objects.create(
        org_id=lease.org_id,
        lease=lease,
        lines=[{"words": d.words, "amount": str(d.amount)} for d in damages],
        charges=charges,
        refund=refund,
        settled_at=at,
    )
    lease.save(update_fields=["state"])
    return SettlementConfirmed(
        **common(lease, segment, actor=actor, at=at), charges=charges, refund=refund
    )


def _apply_and_return_deposit(
    lease_id: UUID, bill_ids: Sequence[UUID], *, actor: Actor, at: datetime
) -> Decimal:
    """Pay what is due from the lease's deposit, oldest first; answers what went back."""
    deposit = billing_queries.deposit_of(source_kind=SOURCE, source_id=lease_id, actor=actor)
    if deposit is None:
        return ZERO
    left: Decimal = deposit.held
    for bill_id in bill_ids:
        if left:
            left -= billing.apply_deposit(
                deposit_id=deposit.id, bill_id=bill_id, amount=left, actor=actor, at=at
            ).amount
    if left:
        billing.return_deposit(deposit_id=deposit.id, amount=left, actor=actor, at=at)
    return left
