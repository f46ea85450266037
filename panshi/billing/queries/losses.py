"""Questions about debts that were written off, or are proposed to be."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import F, Sum

from panshi.billing.models import RECEIVED, Allocation, Payment, WriteOff, WriteOffState
from panshi.billing.queries.bills import customer_names
from panshi.fleet import queries as fleet
from panshi.kit.money import ZERO
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.ledger import queries as ledger
from panshi.ledger.queries import EntryCard
from panshi.org import queries as org


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOffRow:
    """A write-off in a list; amounts in CNY."""

    id: UUID
    case_id: UUID
    customer_id: UUID
    customer_name: str
    plate: str
    amount: Decimal
    recovered: Decimal
    reason: str
    state: str
    proposed_by_id: UUID
    proposed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOffPage:
    rows: tuple[WriteOffRow, ...]
    total: int
    amount: Decimal
    recovered: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class LostBillRow:
    bill_id: UUID
    number: str
    amount: Decimal
    recovered: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class FreePaymentRow:
    """A payment of the customer that has `free` CNY on account."""

    id: UUID
    merchant_no: str
    received_at: datetime | None
    free: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOffCard(WriteOffRow):
    """A write-off with its bills, its entries, and money of the customer that could recover it."""

    org_id: int
    source_kind: str
    source_id: UUID
    proposed_by: str
    decided_by: str
    decided_at: datetime | None
    words: str
    bills: tuple[LostBillRow, ...]
    payments: tuple[FreePaymentRow, ...]
    entries: tuple[EntryCard, ...]

    @property
    def left(self) -> Decimal:
        return self.amount - self.recovered


def _rows(found: Sequence[WriteOff], actor: Actor) -> tuple[WriteOffRow, ...]:
    names = customer_names([row.customer_id for row in found], actor)
    vehicles = fleet.vehicle_refs(
        vehicle_ids=tuple({row.vehicle_id for row in found if row.vehicle_id}), actor=actor
    )
    return tuple(
        WriteOffRow(
            id=row.id,
            case_id=row.case_id,
            customer_id=row.customer_id,
            customer_name=names.get(row.customer_id, ""),
            plate=vehicles[row.vehicle_id].plate if row.vehicle_id in vehicles else "",
            amount=row.amount,
            recovered=row.recovered,
            reason=row.reason,
            state=row.state,
            proposed_by_id=row.proposed_by_id,
            proposed_at=row.proposed_at,
        )
        for row in found
    )


@question
def write_off_rows(
    *,
    actor: Actor,
    state: str = "",
    case_id: UUID | None = None,
    limit: int = 50,
    offset: int = 0,
) -> WriteOffPage:
    """Write-offs, the newest first; the sums go over all that match and were carried out."""
    found = WriteOff.objects.visible_to(actor)
    if state:
        found = found.filter(state=state)
    if case_id is not None:
        found = found.filter(case_id=case_id)
    rows = list(found.order_by("-proposed_at", "-id")[offset : offset + limit])
    done = found.filter(state__in=[WriteOffState.WRITTEN_OFF, WriteOffState.RECOVERED])
    sums = done.aggregate(amount=Sum("amount"), recovered=Sum("recovered"))
    return WriteOffPage(
        rows=_rows(rows, actor),
        total=found.count(),
        amount=sums["amount"] or ZERO,
        recovered=sums["recovered"] or ZERO,
    )


@question
def write_off_card(*, write_off_id: UUID, actor: Actor) -> WriteOffCard:
    """One write-off."""
    row = WriteOff.objects.visible_to(actor).get(id=write_off_id)
    (plain,) = _rows([row], actor)
    people = tuple(p for p in (row.proposed_by_id, row.decided_by_id) if p is not None)
    names = org.names_of(user_ids=people, actor=actor)
    parts = Allocation.objects.filter(write_off=row).values_list("id", flat=True)
    return WriteOffCard(
        **{name: getattr(plain, name) for name in WriteOffRow.__slots__},
        org_id=row.org_id,
        source_kind=row.source_kind,
        source_id=row.source_id,
        proposed_by=names.get(row.proposed_by_id, ""),
        decided_by=names.get(row.decided_by_id, "") if row.decided_by_id else "",
        decided_at=row.decided_at,
        words=row.words,
        bills=tuple(
            LostBillRow(
                bill_id=part.bill_id,
                number=part.bill.number or "",
                amount=part.amount,
                recovered=part.recovered,
            )
            for part in row.parts.select_related("bill").order_by("bill__due_on", "bill_id")
        ),
        payments=_free(row) if row.state == WriteOffState.WRITTEN_OFF else (),
        entries=tuple(ledger.entries_of_sources(source_ids=tuple(parts), actor=actor)),
    )


def _free(row: WriteOff) -> tuple[FreePaymentRow, ...]:
    found = Payment.objects.filter(
        org_id=row.org_id, customer_id=row.customer_id, state__in=RECEIVED
    ).annotate(free=F("amount") - F("allocated") - F("refunding") - F("refunded"))
    return tuple(
        FreePaymentRow(id=p.id, merchant_no=p.merchant_no, received_at=p.received_at, free=p.free)
        for p in found.filter(free__gt=0).order_by("received_at", "id")
    )
