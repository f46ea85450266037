"""Questions about traffic violations: the list, one of them, a customer's, those of a return."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet, Sum

from panshi.billing.queries import ReturnCharge
from panshi.crm import queries as crm
from panshi.kit import imports
from panshi.kit.clock import SHANGHAI, day_start
from panshi.kit.money import ZERO
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.leasing.models import (
    Responsible,
    Retention,
    Violation,
    ViolationDispute,
    ViolationState,
    ViolationTerms,
)
from panshi.leasing.queries.leases import Picture, picture_of
from panshi.leasing.violation_sheet import KIND, ViolationSheetRow


@dataclass(frozen=True, slots=True, kw_only=True)
class ViolationRow:
    """One notice; fine and fee in CNY, `lease_number` of who held the vehicle then."""

    id: UUID
    number: str
    vehicle_id: UUID
    plate: str
    occurred_at: datetime
    code: str
    place: str
    fine: Decimal
    points: int
    agency_fee: Decimal
    state: ViolationState
    responsible: str
    lease_id: UUID | None
    lease_number: str
    customer_id: UUID | None
    customer_name: str
    imported_at: datetime

    @property
    def cost(self) -> Decimal:
        """What it costs in all, the fee inside."""
        return self.fine + self.agency_fee


@dataclass(frozen=True, slots=True, kw_only=True)
class ViolationPage:
    rows: tuple[ViolationRow, ...]
    total: int
    fine: Decimal
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeRow:
    """What the customer said and what was answered; `upheld` is None while it is open."""

    id: UUID
    words: str
    file_ids: tuple[str, ...]
    asked_at: datetime
    upheld: bool | None
    answer: str
    decided_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ViolationCard:
    row: ViolationRow
    notified_at: datetime | None
    settled_by: str
    settled_at: datetime | None
    charged_at: datetime | None
    in_settlement: bool
    bill_id: UUID | None
    paid_at: datetime | None
    closed_at: datetime | None
    held_from: datetime | None
    held_to: datetime | None
    disputes: tuple[DisputeRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionRow:
    """What is kept back of a deposit for notices to come, in CNY."""

    amount: Decimal
    left: Decimal
    until: date
    returned_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who had a vehicle at a moment; all None where it was with nobody."""

    segment_id: UUID | None = None
    lease_id: UUID | None = None
    customer_id: UUID | None = None


NOBODY = Holder()
# `held` is half-open: the moment of a handover belongs to who takes the vehicle, that of a return
# no longer to who gave it back.
_HOLDERS = """
SELECT asked.vehicle_id, asked.at, s.id, s.lease_id, s.customer_id
FROM unnest(%s::uuid[], %s::timestamptz[]) AS asked(vehicle_id, at)
JOIN leasing_segment s ON s.vehicle_id = asked.vehicle_id AND s.held @> asked.at
"""


@question
def holders_at(
    *, asked: tuple[tuple[UUID, datetime], ...], actor: Actor
) -> dict[tuple[UUID, datetime], Holder]:
    """Who held vehicles at moments; a pair that nobody held is left out."""
    with connection.cursor() as cursor:
        cursor.execute(_HOLDERS, [[one for one, _at in asked], [at for _one, at in asked]])
        return {
            (vehicle_id, at): Holder(segment_id=segment, lease_id=lease, customer_id=customer)
            for vehicle_id, at, segment, lease, customer in cursor.fetchall()
        }


def _rows(found: Sequence[Violation], actor: Actor) -> tuple[ViolationRow, ...]:
    names = crm.names_of((row.customer_id for row in found), actor)
    return tuple(
        ViolationRow(
            id=row.id,
            number=row.number,
            vehicle_id=row.vehicle_id,
            plate=row.plate,
            occurred_at=row.occurred_at,
            code=row.code,
            place=row.place,
            fine=row.fine,
            points=row.points,
            agency_fee=row.agency_fee,
            state=ViolationState(row.state),
            responsible=row.responsible,
            lease_id=row.lease_id,
            lease_number=row.lease.number if row.lease else "",
            customer_id=row.customer_id,
            customer_name=names.get(row.customer_id, "") if row.customer_id else "",
            imported_at=row.imported_at,
        )
        for row in found
    )


_ORDERS = frozenset({"occurred_at", "imported_at", "fine", "plate"})
OPEN = (ViolationState.ATTRIBUTED, ViolationState.NOTIFIED, ViolationState.DONE_BY_AGENCY)


@question
def violations(
    *,
    actor: Actor,
    state: str = "",
    responsible: str = "",
    text: str = "",
    since: date | None = None,
    until: date | None = None,
    lease_id: UUID | None = None,
    order_by: str = "-occurred_at",
    offset: int = 0,
    limit: int = 50,
) -> ViolationPage:
    """Notices that match, a page of them, and the sums of all. ValueError for another order.

    `state` OPEN stands for all that are not closed; days are those of the violation.
    """
    if order_by.removeprefix("-") not in _ORDERS:
        raise ValueError(f"violations cannot be ordered by {order_by}")
    found = Violation.objects.visible_to(actor).select_related("lease")
    if state == "OPEN":
        found = found.exclude(state=ViolationState.CLOSED)
    elif state:
        found = found.filter(state=state)
    if responsible:
        found = found.filter(responsible=responsible)
    if lease_id is not None:
        found = found.filter(lease_id=lease_id)
    if text:
        found = found.filter(Q(plate__icontains=text) | Q(number__icontains=text))
    if since is not None:
        found = found.filter(occurred_at__gte=day_start(since))
    if until is not None:
        found = found.filter(occurred_at__lt=day_start(until))
    sums = found.aggregate(fine=Sum("fine"), points=Sum("points"))
    page = list(found.order_by(order_by, "-id")[offset : offset + limit])
    return ViolationPage(
        rows=_rows(page, actor),
        total=found.count(),
        fine=sums["fine"] or ZERO,
        points=sums["points"] or 0,
    )


@question
def violation_card(*, violation_id: UUID, actor: Actor) -> ViolationCard:
    """One notice with the time for which its holder had the vehicle and its disputes."""
    row = (
        Violation.objects.visible_to(actor).select_related("lease", "segment").get(id=violation_id)
    )
    held = row.segment.held if row.segment else None
    return ViolationCard(
        row=_rows([row], actor)[0],
        notified_at=row.notified_at,
        settled_by=row.settled_by,
        settled_at=row.settled_at,
        charged_at=row.charged_at,
        in_settlement=row.in_settlement,
        bill_id=row.bill_id,
        paid_at=row.paid_at,
        closed_at=row.closed_at,
        held_from=held.lower if held else None,
        held_to=held.upper if held else None,
        disputes=tuple(
            DisputeRow(
                id=dispute.id,
                words=dispute.words,
                file_ids=tuple(dispute.file_ids),
                asked_at=dispute.asked_at,
                upheld=dispute.upheld,
                answer=dispute.answer,
                decided_at=dispute.decided_at,
            )
            for dispute in ViolationDispute.objects.filter(violation=row).order_by("-asked_at")
        ),
    )


@question
def violation_evidence(*, violation_id: UUID, file_id: UUID, actor: Actor) -> Picture:
    """A file of a dispute; raises ViolationDispute.DoesNotExist."""
    row = Violation.objects.visible_to(actor).get(id=violation_id)
    ViolationDispute.objects.filter(violation=row, file_ids__contains=[str(file_id)]).earliest("id")
    return picture_of(file_id)


@question
def customer_violations(*, customer_id: UUID, actor: Actor) -> tuple[ViolationRow, ...]:
    """A customer's violations, newest first; a customer asks for its own."""
    found = Violation.objects.visible_to(actor).filter(customer_id=customer_id)
    shown = found.select_related("lease").exclude(notified_at=None)
    return _rows(list(shown.order_by("-occurred_at")[:200]), actor)


def open_of_lease(lease_id: UUID) -> "QuerySet[Violation]":
    """The violations of a lease that its customer still has to pay for and does not dispute."""
    return Violation.objects.filter(
        lease_id=lease_id,
        responsible=Responsible.CUSTOMER,
        state__in=[ViolationState.NOTIFIED, ViolationState.DONE_BY_AGENCY],
    ).order_by("occurred_at", "id")


def clause_of(row: Violation) -> str:
    """By what a line of a settlement names its violation."""
    return row.number or f"{row.occurred_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M} {row.code}".strip()


def with_violations(lease_id: UUID, charges: Sequence[ReturnCharge]) -> tuple[ReturnCharge, ...]:
    """The charges of a return and, after them, the open violations that are not among them."""
    named = {charge.clause for charge in charges if charge.product_code in {"FINE", "AGENCY_FEE"}}
    return (
        *charges,
        *(
            ReturnCharge(
                product_code=code,
                words=" ".join(filter(None, (row.plate, row.place)))[:120],
                unit_price=amount,
                clause=clause_of(row),
            )
            for row in open_of_lease(lease_id)
            if clause_of(row) not in named
            for code, amount in (("FINE", row.fine), ("AGENCY_FEE", row.agency_fee))
            if amount
        ),
    )


@question
def charges_of_violations(
    *, lease_id: UUID, charges: tuple[ReturnCharge, ...], actor: Actor
) -> tuple[ReturnCharge, ...]:
    """The charges of a return with the open violations of its lease among them."""
    return with_violations(lease_id, charges)


@question
def retention_of(*, lease_id: UUID, actor: Actor) -> RetentionRow | None:
    """What is kept back of a lease's deposit for notices to come, or None."""
    row = Retention.objects.visible_to(actor).filter(lease_id=lease_id).first()
    if row is None:
        return None
    return RetentionRow(
        amount=row.amount, left=row.left, until=row.until, returned_at=row.returned_at
    )


def terms_on(day: date) -> ViolationTerms:
    """The terms of violations that hold on a day."""
    return ViolationTerms.objects.filter(starts_on__lte=day).latest("starts_on")


@question
def violation_terms(*, on: date, actor: Actor) -> tuple[Decimal, Decimal, int]:
    """The fee of the agency and what is kept back of a deposit, in CNY, and for how many days."""
    terms = terms_on(on)
    return terms.agency_fee, terms.retained, terms.retain_days


def sheet_row(row: Violation) -> ViolationSheetRow:
    return ViolationSheetRow(
        plate=row.plate,
        occurred_at=row.occurred_at,
        fine=row.fine,
        place=row.place,
        code=row.code,
        points=Decimal(row.points),
        number=row.number,
        agency_fee=row.agency_fee,
    )


@question
def violation_sheet_rows(*, actor: Actor) -> list[ViolationSheetRow]:
    """All notices as rows of the sheet."""
    return [sheet_row(row) for row in Violation.objects.visible_to(actor).order_by("occurred_at")]


@question
def violation_imports(*, actor: Actor) -> list[imports.BatchCard]:
    """The newest sheets of violations that were staged or imported."""
    return imports.recent(KIND, actor=actor)
