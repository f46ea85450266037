"""What is owed on account of one source, and what secures it: for the rooms that send bills."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import Exists, F, Min, OuterRef, QuerySet

from panshi.billing.models import (
    Bill,
    BillBalance,
    BillLine,
    Channel,
    ChargePlan,
    Deposit,
    DepositMove,
    DepositState,
    Refund,
    RefundState,
)
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question

# Out of the way of the bills that a lease raises itself, which are counted from 0: the debt that
# came with the lease, and from the next number on those that a rent ledger brought.
OPENING_SEQUENCE: Final = 99
LABOUR: Final = "SERVICE_LABOUR"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedRow:
    """An issued bill with what is still open on it; amounts in CNY."""

    id: UUID
    number: str
    kind: str
    customer_id: UUID
    vehicle_id: UUID | None
    due_on: date
    total: Decimal
    open_amount: Decimal
    written_off: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositRow:
    id: UUID
    state: str
    amount: Decimal
    held: Decimal
    reserved: Decimal
    returning: Decimal


def _rows(balances: QuerySet[BillBalance]) -> list[OwedRow]:
    return [
        OwedRow(
            id=b.bill_id,
            number=b.bill.number or "",
            kind=b.kind,
            customer_id=b.customer_id,
            vehicle_id=b.vehicle_id,
            due_on=b.due_on,
            total=b.total,
            open_amount=b.open_amount,
            written_off=b.written_off,
        )
        for b in balances.select_related("bill").order_by("due_on", "bill_id")
    ]


@question
def bills_of_source(*, source_kind: str, source_id: UUID, actor: Actor) -> list[OwedRow]:
    """The issued bills of one lease, work order or other source, the oldest first."""
    return _rows(
        # By the bill's own source, of which there is an index of all bills.
        BillBalance.objects.visible_to(actor).filter(
            bill__source_kind=source_kind, bill__source_id=source_id
        )
    )


@question
def bill_subjects(*, bill_ids: tuple[UUID, ...], actor: Actor) -> dict[UUID, str]:
    """What each bill asks for, in a word or two: the first product, and of labour the work."""
    lines = BillLine.objects.visible_to(actor).filter(bill_id__in=bill_ids, position=1)
    return {
        line.bill_id: line.told if line.words and line.product.code == LABOUR else str(line.product)
        for line in lines.select_related("product")
    }


@question
def open_bills(*, actor: Actor, limit: int = 5_000) -> list[OwedRow]:
    """Issued bills on which something is open, the oldest first."""
    return _rows(BillBalance.objects.visible_to(actor).filter(open_amount__gt=0))[:limit]


@question
def deposit_of(*, source_kind: str, source_id: UUID, actor: Actor) -> DepositRow | None:
    """The deposit that secures a source, or None when none was demanded."""
    row = (
        Deposit.objects.visible_to(actor)
        .filter(source_kind=source_kind, source_id=source_id)
        .first()
    )
    if row is None:
        return None
    return DepositRow(
        id=row.id,
        state=row.state,
        amount=row.amount,
        held=row.held,
        reserved=row.reserved,
        returning=row.returning,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositReturnRow:
    """A part of a deposit on its way back, or there; `state` is the refund's, amount in CNY."""

    refund_id: UUID
    channel: str
    state: str
    state_words: str
    amount: Decimal
    ended_at: datetime | None


@question
def deposit_returns(
    *, source_kind: str, source_id: UUID, actor: Actor
) -> tuple[DepositReturnRow, ...]:
    """How the deposit of a source goes back, for staff and for the customer."""
    found = Refund.objects.visible_to(actor).filter(
        deposit__source_kind=source_kind, deposit__source_id=source_id
    )
    return tuple(
        DepositReturnRow(
            refund_id=row.id,
            channel=str(Channel(row.channel).label),
            state=row.state,
            state_words=str(RefundState(row.state).label),
            amount=row.amount,
            ended_at=row.ended_at,
        )
        for row in found.defer("account").order_by("asked_at", "id")
    )


@question
def accounts_in_use(
    *, source_kind: str, source_ids: tuple[UUID, ...], actor: Actor
) -> frozenset[UUID]:
    """Which taken-over sources have a bill of their own, a payment or a moved deposit since.

    An opening debt that was given back in whole is as if it had never come.
    """
    given = {"source_kind": source_kind, "source_id__in": source_ids}
    billed = Bill.objects.visible_to(actor).filter(**given, plan__isnull=False)
    undone = Bill.objects.filter(kind="CREDIT", credits=OuterRef("bill"), total=-OuterRef("total"))
    balances = BillBalance.objects.visible_to(actor).filter(~Exists(undone), **given)
    deposits = Deposit.objects.visible_to(actor).filter(**given)
    return frozenset(
        (
            *billed.values_list("source_id", flat=True),
            *balances.exclude(open_amount=F("total")).values_list("source_id", flat=True),
            *deposits.exclude(state=DepositState.HELD, held=F("amount")).values_list(
                "source_id", flat=True
            ),
            *DepositMove.objects.filter(deposit__in=deposits).values_list(
                "deposit__source_id", flat=True
            ),
        )
    )


@question
def billed_from(*, source_ids: tuple[UUID, ...], actor: Actor) -> dict[UUID, date]:
    """The first day that is charged here, by source; what lies before it was billed elsewhere."""
    plans = ChargePlan.objects.visible_to(actor).filter(source_id__in=source_ids)
    return dict(plans.values_list("source_id").annotate(Min("starts_on")).order_by())


@question
def opening_arrears(*, source_ids: tuple[UUID, ...], actor: Actor) -> dict[UUID, Decimal]:
    """What sources owed in one sum when they moved in, in CNY, unless it was given back since."""
    undone = Bill.objects.filter(kind="CREDIT", credits=OuterRef("id"), total=-OuterRef("total"))
    bills = Bill.objects.visible_to(actor).filter(
        ~Exists(undone), source_id__in=source_ids, kind="CHARGE", sequence=OPENING_SEQUENCE
    )
    return dict(bills.filter(plan__isnull=True).values_list("source_id", "total"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a source stands: its last day with all rent paid, the deposit held, other debts, CNY."""

    paid_until: date
    alignment: str
    deposit: Decimal
    arrears: Decimal


_STANDING: Final = """
SELECT p.source_id, p.alignment,
    COALESCE(
        (SELECT min(b.period_from) FROM billing_bill b
            JOIN billing_billbalance o ON o.bill_id = b.id
            WHERE b.plan_id = p.id AND o.open_amount > 0),
        (SELECT max(b.period_to) FROM billing_bill b
            WHERE b.plan_id = p.id AND b.kind = 'CHARGE' AND b.state = 'ISSUED'),
        p.starts_on) - 1,
    COALESCE((SELECT sum(d.held) FROM billing_deposit d WHERE d.source_id = p.source_id), 0),
    COALESCE((SELECT sum(o.open_amount) FROM billing_billbalance o JOIN billing_bill b
        ON b.id = o.bill_id WHERE o.source_id = p.source_id AND b.plan_id IS NULL
        AND b.kind = 'CHARGE'), 0)
FROM billing_chargeplan p WHERE p.source_id = ANY(%s)
"""


@question
def standings(*, source_ids: tuple[UUID, ...], actor: Actor) -> dict[UUID, Standing]:
    """How sources with a charge plan stand, by their id."""
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, [list(source_ids)])
        return {
            source_id: Standing(
                paid_until=paid_until, alignment=alignment, deposit=deposit, arrears=arrears
            )
            for source_id, alignment, paid_until, deposit, arrears in cursor.fetchall()
        }
