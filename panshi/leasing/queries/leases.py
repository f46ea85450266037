"""Questions about leases."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from panshi.billing import queries as billing
from panshi.crm import queries as crm
from panshi.fleet import queries as fleet
from panshi.kit import files
from panshi.kit.clock import add_months, local_day
from panshi.kit.money import ZERO
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.leasing import rules
from panshi.leasing.models import (
    OUT,
    SEGMENT_RANK,
    Amendment,
    AmendmentKind,
    Handover,
    HandoverKind,
    Lease,
    LeaseRequest,
    LeaseState,
    RequestKind,
    Segment,
    SegmentState,
    Settlement,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseRow:
    """A lease in a list; `lapsed` names the papers that lapsed of a vehicle which it has or is to
    get, asked for a moment only."""

    id: UUID
    number: str
    state: LeaseState
    customer_id: UUID
    customer_name: str
    vehicle_id: UUID | None
    plate: str
    model_name: str
    city: str
    monthly_rent: Decimal
    deposit: Decimal
    starts_on: date
    ends_on: date
    lapsed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendmentRow:
    """A change of a lease; `diff` names what was and what became, by field."""

    number: int
    kind: AmendmentKind
    effective_on: date
    until: date | None
    diff: Mapping[str, list[str]]
    reason: str
    credited: Decimal
    billed: Decimal
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRow:
    """What the customer asks for and nobody has answered yet."""

    kind: RequestKind
    wished_on: date
    reason: str
    asked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverRow:
    """What both sides saw; `checklist` holds codes with YES or NO."""

    kind: HandoverKind
    plate: str
    odometer_km: Decimal
    soc_pct: Decimal
    signed_by: str
    completed_at: datetime
    checklist: Mapping[str, str]
    photo_ids: tuple[str, ...]
    signature_id: UUID | None
    staff_signature_id: UUID | None
    inspection_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WayBack:
    """The vehicle that a temporary swap brings back, and the day it is promised for."""

    vehicle_id: UUID
    plate: str
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseCard:
    row: LeaseRow
    org_id: int
    product_code: str
    months: int
    created_at: datetime
    signed_at: datetime | None
    deposit_held_at: datetime | None
    active_from: datetime | None
    alignment: str
    return_asked_for: date | None
    arrived_at: datetime | None
    returned_at: datetime | None
    plan_id: UUID | None
    moved_in_at: datetime | None
    note: str
    handovers: tuple[HandoverRow, ...]
    amendments: tuple[AmendmentRow, ...]
    requests: tuple[RequestRow, ...]
    way_back: WayBack | None
    settled_at: datetime | None
    refund: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeasePage:
    rows: tuple[LeaseRow, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What a lease would cost: its charges period by period, their sum, and the deposit, in CNY."""

    charges: tuple[billing.Charge, ...]
    total: Decimal
    deposit: Decimal
    ends_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseRef:
    """Who holds a vehicle at a moment, under which lease."""

    lease_id: UUID
    number: str
    org_id: int
    customer_id: UUID


def current_segments(leases: list[Lease]) -> dict[UUID, Segment]:
    """The part of each lease that counts now, by lease."""
    found = Segment.objects.filter(lease__in=leases).exclude(state=SegmentState.VOID)
    return {
        s.lease_id: s
        for s in sorted(
            found.order_by("created_at", "id"), key=lambda s: SEGMENT_RANK[SegmentState(s.state)]
        )
    }


def lease_rows(leases: list[Lease], actor: Actor) -> tuple[LeaseRow, ...]:
    """Leases as rows, with their vehicles and customers."""
    segments = current_segments(leases)
    vehicles = fleet.vehicle_refs(
        vehicle_ids=tuple({s.vehicle_id for s in segments.values()}), actor=actor
    )
    customers = crm.customer_refs(ids=tuple({lease.customer_id for lease in leases}), actor=actor)
    answer = []
    for lease in leases:
        segment = segments.get(lease.id)
        vehicle = vehicles.get(segment.vehicle_id) if segment else None
        customer = customers.get(lease.customer_id)
        answer.append(
            LeaseRow(
                id=lease.id,
                number=lease.number,
                state=LeaseState(lease.state),
                customer_id=lease.customer_id,
                customer_name=customer.name if customer else "",
                vehicle_id=segment.vehicle_id if segment else None,
                plate=vehicle.plate if vehicle else "",
                model_name=vehicle.model_name if vehicle else "",
                city=lease.city,
                monthly_rent=lease.monthly_rent,
                deposit=lease.deposit,
                starts_on=lease.starts_on,
                ends_on=lease.ends_on,
            )
        )
    return tuple(answer)


def _matching(
    rows: QuerySet[Lease], *, state: str, city: str, text: str, customer_id: UUID | None
) -> QuerySet[Lease]:
    if state:
        rows = rows.filter(state=state)
    if city:
        rows = rows.filter(city=city)
    if customer_id is not None:
        rows = rows.filter(customer_id=customer_id)
    if text:
        rows = rows.filter(Q(number__icontains=text))
    return rows


_ORDERS = frozenset({"created_at", "number", "monthly_rent", "starts_on", "ends_on"})


@question
def leases(
    *,
    actor: Actor,
    state: str = "",
    city: str = "",
    text: str = "",
    customer_id: UUID | None = None,
    order_by: str = "-created_at",
    offset: int = 0,
    limit: int = 50,
    at: datetime | None = None,
) -> LeasePage:
    """Leases that match, a page of them, and how many there are. ValueError for another order.

    With `at` the rows say which papers of their vehicles have lapsed.
    """
    if order_by.removeprefix("-") not in _ORDERS:
        raise ValueError(f"leases cannot be ordered by {order_by}")
    rows = _matching(
        Lease.objects.visible_to(actor), state=state, city=city, text=text, customer_id=customer_id
    )
    page = list(rows.order_by(order_by, "-id")[offset : offset + limit])
    found = lease_rows(page, actor)
    if at is not None:
        found = with_lapsed(found, actor=actor, at=at)
    return LeasePage(rows=found, total=rows.count())


_LIVE = frozenset(
    {
        LeaseState.RESERVED,
        LeaseState.SIGNED,
        *OUT,
    }
)


def with_lapsed(rows: tuple[LeaseRow, ...], *, actor: Actor, at: datetime) -> tuple[LeaseRow, ...]:
    """The rows with what has lapsed of the vehicles of live leases."""
    live = {row.vehicle_id for row in rows if row.vehicle_id and row.state in _LIVE}
    lapsed = fleet.lapsed_kinds(vehicle_ids=tuple(live), actor=actor, at=at)
    return tuple(
        replace(row, lapsed=tuple(str(kind.label) for kind in lapsed[row.vehicle_id]))
        if row.state in _LIVE and row.vehicle_id in lapsed
        else row
        for row in rows
    )


@question
def customer_leases(*, customer_id: UUID, actor: Actor) -> tuple[LeaseRow, ...]:
    """A customer's leases, newest first; a customer asks for its own."""
    rows = Lease.objects.visible_to(actor).filter(customer_id=customer_id)
    rows = rows.exclude(state=LeaseState.DRAFT)  # It only holds a vehicle for a quote.
    return lease_rows(list(rows.order_by("-created_at")[:100]), actor)


@question
def lease_card(*, lease_id: UUID, actor: Actor, at: datetime | None = None) -> LeaseCard:
    """One lease with its handovers and its settlement; with `at` what lapsed of its vehicle."""
    lease = Lease.objects.visible_to(actor).get(id=lease_id)
    settlement = Settlement.objects.filter(lease=lease).first()
    handovers = list(
        Handover.objects.filter(segment__lease=lease)
        .select_related("segment")
        .order_by("completed_at", "id")
    )
    row = lease_rows([lease], actor)[0]
    if at is not None:
        (row,) = with_lapsed((row,), actor=actor, at=at)
    segments = list(
        Segment.objects.filter(lease=lease).exclude(state=SegmentState.VOID).order_by("planned")
    )
    plates = fleet.vehicle_refs(
        vehicle_ids=tuple({segment.vehicle_id for segment in segments}), actor=actor
    )
    return LeaseCard(
        row=row,
        org_id=lease.org_id,
        product_code=lease.product_code,
        months=lease.months,
        created_at=lease.created_at,
        signed_at=lease.signed_at,
        deposit_held_at=lease.deposit_held_at,
        active_from=lease.active_from,
        alignment=lease.alignment,
        return_asked_for=lease.return_asked_for,
        arrived_at=lease.arrived_at,
        returned_at=lease.returned_at,
        plan_id=lease.plan_id,
        moved_in_at=lease.moved_in_at,
        note=lease.note,
        handovers=tuple(
            HandoverRow(
                kind=HandoverKind(h.kind),
                plate=plates[h.segment.vehicle_id].plate if h.segment.vehicle_id in plates else "",
                odometer_km=h.odometer_km,
                soc_pct=h.soc_pct,
                signed_by=h.signed_by,
                completed_at=h.completed_at,
                checklist=h.checklist,
                photo_ids=tuple(h.photo_ids),
                signature_id=h.signature_id,
                staff_signature_id=h.staff_signature_id,
                inspection_id=h.inspection_id,
            )
            for h in handovers
        ),
        amendments=tuple(
            AmendmentRow(
                number=a.number,
                kind=AmendmentKind(a.kind),
                effective_on=a.effective_on,
                until=a.until,
                diff=a.diff,
                reason=a.reason,
                credited=a.credited,
                billed=a.billed,
                made_at=a.made_at,
            )
            for a in Amendment.objects.filter(lease=lease).order_by("number")
        ),
        requests=tuple(
            RequestRow(
                kind=RequestKind(r.kind),
                wished_on=r.wished_on,
                reason=r.reason,
                asked_at=r.asked_at,
            )
            for r in LeaseRequest.objects.filter(lease=lease, answered_at=None).order_by("asked_at")
        ),
        way_back=next(
            (
                WayBack(
                    vehicle_id=s.vehicle_id,
                    plate=plates[s.vehicle_id].plate if s.vehicle_id in plates else "",
                    on=local_day(s.planned.lower),
                )
                for s in segments
                if s.state == SegmentState.RESERVED
                and s.planned.lower is not None
                and lease.active_from is not None
            ),
            None,
        ),
        settled_at=settlement.settled_at if settlement else None,
        refund=settlement.refund if settlement else None,
    )


@question
def quote(
    *,
    product_code: str,
    monthly_rent: Decimal,
    deposit: Decimal,
    starts_on: date,
    months: int,
    actor: Actor,
    alignment: str = rules.ALIGNMENT,
) -> Quote:
    """What a lease with these terms would be charged, by the reckoning of the billing run."""
    ends_on = add_months(starts_on, months)
    charges = billing.charge_preview(
        product_code=product_code,
        price=monthly_rent,
        starts_on=starts_on,
        ends_on=ends_on,
        alignment=alignment,
        basis=rules.BASIS,
        actor=actor,
    )
    total = sum((charge.amount for charge in charges), ZERO)
    return Quote(charges=charges, total=total, deposit=deposit, ends_on=ends_on)


@question
def free_vehicles(*, actor: Actor) -> list[fleet.VehicleRef]:
    """Vehicles that are ready and promised to nobody."""
    promised = set(
        Segment.objects.visible_to(actor)
        .filter(state__in=[SegmentState.RESERVED, SegmentState.OUT])
        .values_list("vehicle_id", flat=True)
    )
    ready = fleet.available_vehicles(city="", model_code="", limit=1000, actor=actor)
    return [vehicle for vehicle in ready if vehicle.id not in promised]


@question
def next_reservations(
    *, vehicle_ids: tuple[UUID, ...], actor: Actor, at: datetime
) -> dict[UUID, datetime]:
    """When the next lease is to take each vehicle; those promised to nobody are left out."""
    found: dict[UUID, datetime] = {}
    waiting = Segment.objects.visible_to(actor).filter(
        vehicle_id__in=vehicle_ids, state=SegmentState.RESERVED
    )
    for segment in waiting.order_by("-planned"):
        if segment.planned.lower is not None and segment.planned.lower >= at:
            found[segment.vehicle_id] = segment.planned.lower
    return found


@question
def handover_picture(*, lease_id: UUID, file_id: UUID, actor: Actor) -> Picture:
    """A picture or the signature of a lease's handover; raises Handover.DoesNotExist."""
    lease = Lease.objects.visible_to(actor).get(id=lease_id)
    found = Handover.objects.filter(segment__lease=lease).filter(
        Q(signature_id=file_id)
        | Q(staff_signature_id=file_id)
        | Q(photo_ids__contains=[str(file_id)])
    )
    if not found.exists():
        raise Handover.DoesNotExist(f"no picture {file_id}")
    return picture_of(file_id)


def picture_of(file_id: UUID) -> Picture:
    """A kept file; who may see it was asked before. Raises ValueError when its bytes changed."""
    stored = files.StoredFile.objects.get(id=file_id)
    return Picture(name=stored.name, media_type=stored.media_type, content=files.read(stored))


@question
def lease_holding(*, vehicle_id: UUID, moment: datetime, actor: Actor) -> LeaseRef | None:
    """The lease under which a vehicle was held at a moment, or None: then it is the operator's."""
    segment = (
        Segment.objects.visible_to(actor)
        .select_related("lease")
        .filter(vehicle_id=vehicle_id, held__contains=moment)
        .first()
    )
    if segment is None:
        return None
    lease = segment.lease
    return LeaseRef(
        lease_id=lease.id, number=lease.number, org_id=lease.org_id, customer_id=lease.customer_id
    )


@question
def lease_counts(*, actor: Actor) -> dict[str, int]:
    """How many leases stand in each state."""
    rows = Lease.objects.visible_to(actor).values_list("state").annotate(n=Count("id"))
    return dict(rows.order_by())
