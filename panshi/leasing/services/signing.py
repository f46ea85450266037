"""From a draft to a vehicle on the road."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.billing import queries as billing_queries
from panshi.billing import services as billing
from panshi.fleet import queries as fleet_queries
from panshi.fleet import services as fleet
from panshi.kit import files
from panshi.kit.clock import add_months, day_start, local_day
from panshi.kit.money import is_amount
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.leasing import rules
from panshi.leasing.events import (
    DepositSecured,
    HandoverCompleted,
    HandoverProofKept,
    LeaseActivated,
    LeaseCancelled,
    LeaseDrafted,
)
from panshi.leasing.models import (
    LEASE_LIFE,
    SEGMENT_LIFE,
    Alignment,
    Contract,
    ContractState,
    Handover,
    HandoverKind,
    Lease,
    LeaseState,
    PurchaseTerms,
    Segment,
    SegmentState,
)
from panshi.leasing.queries.owning import instalments_of
from panshi.leasing.services.common import (
    SOURCE,
    DepositMissing,
    HandoverOpen,
    TermsInvalid,
    common,
    current_segment,
    lock_vehicles,
    locked_lease,
    one_lease_per_vehicle,
)
from panshi.leasing.services.contracts import put_contract_in_force, withdraw_contract
from panshi.leasing.services.promising import promise, vehicle_for


@verb
def draft_lease(
    *,
    customer_id: UUID,
    vehicle_id: UUID,
    product_code: str,
    monthly_rent: Decimal,
    deposit: Decimal,
    starts_on: date,
    months: int,
    actor: Actor,
    at: datetime,
    alignment: str = rules.ALIGNMENT,
) -> LeaseDrafted:
    """Write down the terms and reserve the vehicle for them.

    `alignment` CALENDAR charges by months of the calendar, ANCHOR by months from the delivery on.
    Raises VehicleAlreadyLeased when another promise overlaps, TermsInvalid for amounts or a term
    that make no sense, NotQualified for a customer of another operator.
    """
    vehicle = vehicle_for(customer_id, vehicle_id, actor=actor)
    actor.must("leasing.draft_lease", vehicle.org_id)
    if not (is_amount(monthly_rent) and is_amount(deposit)):
        raise TermsInvalid(_("Write rent and deposit in yuan with at most two decimals."))
    if monthly_rent <= 0 or deposit < 0 or not 1 <= months <= rules.LONGEST:
        raise TermsInvalid(_("Rent, deposit and months (1 to 120) must be above zero."))
    if alignment not in Alignment:
        raise TermsInvalid(_("Periods follow the calendar or the day of delivery."))
    lease, segment = promise(
        org_id=vehicle.org_id,
        customer_id=customer_id,
        vehicle_id=vehicle_id,
        product_code=product_code,
        monthly_rent=monthly_rent,
        deposit=deposit,
        starts_on=starts_on,
        months=months,
        city=vehicle.city,
        alignment=alignment,
        state=LEASE_LIFE.step(LeaseState.DRAFT, LeaseState.RESERVED),
        at=at,
    )
    return LeaseDrafted(
        **common(lease, segment, actor=actor, at=at), monthly_rent=monthly_rent, deposit=deposit
    )


@verb
def secure_deposit(
    *, lease_id: UUID, amount: Decimal, actor: Actor, at: datetime
) -> DepositSecured:
    """Note that billing holds the lease's deposit."""
    lease = locked_lease(lease_id, actor=actor, permission="leasing.secure_deposit")
    lease.deposit_held_at = lease.deposit_held_at or at
    lease.save(update_fields=["deposit_held_at"])
    segment = current_segment(lease)
    return DepositSecured(**common(lease, segment, actor=actor, at=at), amount=amount)


@verb
def keep_handover_proof(
    *,
    lease_id: UUID,
    content: bytes,
    name: str,
    actor: Actor,
    at: datetime,
    file_id: UUID | None = None,
) -> HandoverProofKept:
    """Keep a picture or a signature, for the handover that will name it.

    A phone without network makes the `file_id`, to name it before this has an answer. Raises
    files.FileTooLarge or files.FileNotAccepted.
    """
    lease = locked_lease(lease_id, actor=actor, permission="leasing.complete_handover")
    stored = files.store(
        content=content,
        name=name,
        org_id=lease.org_id,
        customer_id=lease.customer_id,
        file_id=file_id,
        actor=actor,
    )
    segment = current_segment(lease)
    return HandoverProofKept(**common(lease, segment, actor=actor, at=at), file_id=stored.id)


@verb
def complete_handover(
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
) -> HandoverCompleted:
    """Keep the state in which the vehicle leaves: meter, charge, checklist, photos, signatures.

    With an inspection its readings count, be they the terminal's. Raises HandoverOpen while nobody
    has signed, a reading is impossible, or the inspection is not signed.
    """
    lease = locked_lease(lease_id, actor=actor, permission="leasing.complete_handover")
    segment = current_segment(lease)
    seen = inspected(segment, HandoverKind.OUT, inspection_id, actor=actor, at=at)
    if seen is not None:
        odometer_km, soc_pct = seen.odometer_km, seen.soc_pct
    record_handover(
        segment,
        HandoverKind.OUT,
        odometer_km=odometer_km,
        soc_pct=soc_pct,
        staff_signature_id=staff_signature_id,
        inspection_id=inspection_id,
        signed_by=signed_by,
        checklist=checklist,
        photo_ids=photo_ids,
        signature_id=signature_id,
        actor=actor,
        at=at,
    )
    return HandoverCompleted(
        **common(lease, segment, actor=actor, at=at), odometer_km=odometer_km, soc_pct=soc_pct
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a signed inspection says of a handover: readings in km and percent, and its verdict."""

    odometer_km: Decimal
    soc_pct: Decimal
    passed: bool


def inspected(
    segment: Segment, kind: HandoverKind, inspection_id: UUID | None, *, actor: Actor, at: datetime
) -> Seen | None:
    """What the inspection of a handover found, None without one.

    Raises HandoverOpen unless it is signed, of this vehicle and kind, and of no other handover.
    """
    if inspection_id is None:
        return None
    card = fleet_queries.inspection_card(inspection_id=inspection_id, actor=actor, at=at)
    if (card.vehicle_id, card.kind.value) != (segment.vehicle_id, kind.value):
        raise HandoverOpen(_("This inspection is of another vehicle or of another kind."))
    if card.signed_at is None or card.odometer_km is None or card.soc_pct is None:
        raise HandoverOpen(_("The inspection of this vehicle has not been signed yet."))
    if Handover.objects.filter(inspection_id=inspection_id).exists():
        raise HandoverOpen(_("This handover was signed already."))
    return Seen(odometer_km=card.odometer_km, soc_pct=card.soc_pct, passed=bool(card.passed))


def record_handover(
    segment: Segment,
    kind: HandoverKind,
    *,
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
) -> None:
    if not signed_by.strip() or not 0 <= soc_pct <= 100 or odometer_km < 0:
        raise HandoverOpen(_("Readings and the name of who signed are needed."))
    if Handover.objects.filter(segment=segment, kind=kind).exists():
        raise HandoverOpen(_("This handover was signed already."))
    Handover.objects.create(
        org_id=segment.org_id,
        segment=segment,
        kind=kind,
        odometer_km=odometer_km,
        soc_pct=soc_pct,
        checklist=dict(checklist or {}),
        photo_ids=[str(photo) for photo in photo_ids],
        signature_id=signature_id,
        staff_signature_id=staff_signature_id,
        inspection_id=inspection_id,
        signed_by=signed_by.strip(),
        by_id=actor.id,
        completed_at=at,
    )


def _refuse_below_delivery(segment: Segment, odometer_km: Decimal) -> None:
    out = Handover.objects.filter(segment=segment, kind=HandoverKind.OUT).order_by("id").last()
    if out is not None and odometer_km < out.odometer_km:
        raise fleet.OdometerBackwards(
            _("At its delivery the odometer stood at %s km.") % out.odometer_km
        )


def hand_in(
    segment: Segment,
    *,
    back: datetime,
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
) -> Decimal:
    """Take a vehicle that is out into the yard: its part of the lease ended when it came `back`.

    Answers the odometer in km that counts, which is that of the inspection where there is one:
    only there may a supervisor correct it. Raises fleet.OdometerBackwards below the delivery's.
    """
    seen = inspected(segment, HandoverKind.IN, inspection_id, actor=actor, at=at)
    if seen is not None:
        odometer_km, soc_pct = seen.odometer_km, seen.soc_pct
    else:
        _refuse_below_delivery(segment, odometer_km)
    record_handover(
        segment,
        HandoverKind.IN,
        odometer_km=odometer_km,
        soc_pct=soc_pct,
        staff_signature_id=staff_signature_id,
        inspection_id=inspection_id,
        signed_by=signed_by,
        checklist=checklist,
        photo_ids=photo_ids,
        signature_id=signature_id,
        actor=actor,
        at=at,
    )
    segment.state = SEGMENT_LIFE.step(segment.state, SegmentState.BACK)
    segment.held = (segment.held.lower, back) if segment.held is not None else None
    segment.save(update_fields=["state", "held"])
    fleet.take_back_vehicle(
        vehicle_id=segment.vehicle_id,
        odometer_km=odometer_km,
        soc_pct=soc_pct,
        checked=seen is not None and seen.passed,
        actor=actor,
        at=at,
    )
    return odometer_km


@verb
def activate_lease(*, lease_id: UUID, actor: Actor, at: datetime) -> LeaseActivated:
    """Put the vehicle on the road and let the rent run from `at`.

    Raises DepositMissing, HandoverOpen, fleet.VehicleUnavailable, fleet.DocumentLapsed, or
    IllegalMove unless the lease is signed.
    """
    lease = locked_lease(lease_id, actor=actor, permission="leasing.activate_lease")
    segment = current_segment(lease)
    lock_vehicles([segment.vehicle_id])
    if lease.state == LeaseState.SIGNED:
        if lease.deposit and lease.deposit_held_at is None:
            raise DepositMissing(
                _("Lease %s has no deposit yet.") % lease.number,
                way_out=f"/leasing/leases/{lease.id}/",
            )
        if not Handover.objects.filter(segment=segment, kind=HandoverKind.OUT).exists():
            raise HandoverOpen(_("The handover has not been signed yet."))
    lease.state = LEASE_LIFE.step(lease.state, LeaseState.ACTIVE)
    lease.active_from = at
    start = local_day(at)
    lease.ends_on = add_months(start, lease.months)
    lease.starts_on = start

    terms = PurchaseTerms.objects.filter(lease=lease).first()
    # Called, not published: rent must never run on a vehicle that cannot leave the yard.
    fleet.deploy_vehicle(
        vehicle_id=segment.vehicle_id, customer_id=lease.customer_id, actor=actor, at=at
    )
    plan = billing.open_plan(
        payer_id=lease.customer_id,
        vehicle_id=segment.vehicle_id,
        product_code=lease.product_code,
        anchor_on=start,
        alignment=lease.alignment,
        basis=rules.BASIS if terms is None else rules.WHOLE,
        price=lease.monthly_rent,
        source_kind=SOURCE,
        source_id=lease.id,
        starts_on=start,
        ends_on=lease.ends_on,
        org_id=lease.org_id,
        city=lease.city,
        actor=actor,
        at=at,
    )
    lease.plan_id = plan.plan_id
    if terms is not None:
        _even_out(lease, terms, plan.plan_id, actor, at)
    lease.save(update_fields=["state", "active_from", "plan_id", "starts_on", "ends_on"])
    segment.state = SEGMENT_LIFE.step(segment.state, SegmentState.OUT)
    segment.planned = (at, max(day_start(lease.ends_on), at + timedelta(days=1)))
    segment.held = (at, None)
    with one_lease_per_vehicle():
        segment.save(update_fields=["state", "planned", "held"])
    contract = Contract.objects.filter(lease=lease, state=ContractState.SIGNED).first()
    if contract is not None:
        put_contract_in_force(contract_id=contract.id, actor=actor, at=at)
    return LeaseActivated(
        **common(lease, segment, actor=actor, at=at),
        first_rent=lease.monthly_rent
        if lease.alignment == Alignment.ANCHOR
        else rules.first_rent(monthly_rent=lease.monthly_rent, start=start),
        starts_on=start,
    )


def _even_out(
    lease: Lease, terms: PurchaseTerms, plan_id: UUID, actor: Actor, at: datetime
) -> None:
    """Let the last instalment take up what rounding left of the price."""
    rows = instalments_of(lease, terms)
    if rows[-1].payment != rows[0].payment:
        billing.change_plan(
            plan_id=plan_id,
            changes=[
                billing_queries.PlanChange(
                    kind="PRICE",
                    on=add_months(lease.starts_on, lease.months - 1),
                    price=rows[-1].payment,
                )
            ],
            actor=actor,
            at=at,
        )


@verb
def cancel_lease(*, lease_id: UUID, reason: str, actor: Actor, at: datetime) -> LeaseCancelled:
    """Give up a lease before its vehicle left; the vehicle is free again."""
    lease = locked_lease(lease_id, actor=actor, permission="leasing.cancel_lease")
    segment = current_segment(lease)
    lease.state = LEASE_LIFE.step(lease.state, LeaseState.CANCELLED)
    lease.save(update_fields=["state"])
    segment.state = SEGMENT_LIFE.step(segment.state, SegmentState.VOID)
    segment.save(update_fields=["state"])
    withdraw_contract(lease, reason=reason, at=at)
    return LeaseCancelled(**common(lease, segment, actor=actor, at=at), reason=reason)
