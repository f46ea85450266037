"""One payment with all that became of its money, and refunds one by one."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Q, QuerySet, Sum

from panshi.billing.models import (
    RECEIVED,
    Allocation,
    BillBalance,
    BillKind,
    Callback,
    Payment,
    Refund,
    RefundMove,
    RefundState,
)
from panshi.billing.queries.accounts import on_account
from panshi.billing.queries.bills import customer_names
from panshi.kit.money import ZERO
from panshi.kit.personal import mask_id
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.ledger import queries as ledger
from panshi.ledger.queries import EntryCard


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationRow:
    """What the payment gave to a bill; `undone` when it was taken back since."""

    id: UUID
    bill_id: UUID
    number: str
    kind: str
    amount: Decimal
    on: date
    undone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBill:
    id: UUID
    number: str
    kind: str
    due_on: date
    open_amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRow:
    id: UUID
    payment_id: UUID | None
    number: str
    customer_id: UUID
    customer_name: str
    channel: str
    amount: Decimal
    state: str
    reason: str
    asked_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundMoveRow:
    state: str
    number: str
    words: str
    at: datetime
    by_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundCard(RefundRow):
    """A refund; the account of a bank transfer is masked."""

    org_id: int
    payment_no: str
    deposit_id: UUID | None
    payee: str
    account_masked: str
    asked_by_id: UUID
    decided_by_id: UUID | None
    sent_at: datetime | None
    words: str
    moves: tuple[RefundMoveRow, ...]
    entries: tuple[EntryCard, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundPage:
    rows: tuple[RefundRow, ...]
    total: int
    sum_amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRow:
    received_at: datetime
    notification_id: str
    amount: Decimal
    verdict: str
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRecord:
    """A payment; `free` may settle bills, `refundable` may go back, both in CNY."""

    id: UUID
    org_id: int
    channel: str
    merchant_no: str
    channel_no: str
    customer_id: UUID
    customer_name: str
    amount: Decimal
    asked_amount: Decimal | None
    allocated: Decimal
    refunding: Decimal
    refunded: Decimal
    state: str
    started_at: datetime
    received_at: datetime | None
    asked_channel_at: datetime | None
    free: Decimal
    refundable: Decimal
    open_bills: tuple[OpenBill, ...]
    allocations: tuple[AllocationRow, ...]
    refunds: tuple[RefundRow, ...]
    notices: tuple[NoticeRow, ...]
    entries: tuple[EntryCard, ...]


@question
def payment_record(*, payment_id: UUID, actor: Actor) -> PaymentRecord:
    """One payment with what it settled, what went back, its notices and entries; for staff."""
    payment = Payment.objects.visible_to(actor).get(id=payment_id)
    rows = Allocation.objects.filter(payment=payment).select_related("bill", "undone_by")
    allocations = list(rows.order_by("on", "id"))
    refunds = list(Refund.objects.filter(payment=payment).order_by("asked_at"))
    moves = RefundMove.objects.filter(refund__in=refunds).values_list("id", flat=True)
    names = customer_names((payment.customer_id,), actor)
    name = names.get(payment.customer_id, "")
    received = payment.state in RECEIVED
    account = (
        on_account(org_id=payment.org_id, customer_id=payment.customer_id, actor=actor)
        if received
        else ZERO
    )
    kept = payment.amount - payment.refunding - payment.refunded if received else ZERO
    owed = BillBalance.objects.filter(
        org_id=payment.org_id, customer_id=payment.customer_id, open_amount__gt=0
    )
    sources = (payment.id, *(row.id for row in allocations), *moves)
    return PaymentRecord(
        id=payment.id,
        org_id=payment.org_id,
        channel=payment.channel,
        merchant_no=payment.merchant_no,
        channel_no=payment.channel_no,
        customer_id=payment.customer_id,
        customer_name=name,
        amount=payment.amount,
        asked_amount=payment.asked_amount,
        allocated=payment.allocated,
        refunding=payment.refunding,
        refunded=payment.refunded,
        state=payment.state,
        started_at=payment.started_at,
        received_at=payment.received_at,
        asked_channel_at=payment.asked_channel_at,
        free=max(min(kept - payment.allocated, account), ZERO),
        refundable=max(min(kept, account), ZERO),
        open_bills=_open(owed.exclude(kind=BillKind.CREDIT)),
        allocations=tuple(
            AllocationRow(
                id=row.id,
                bill_id=row.bill_id,
                number=row.bill.number or "",
                kind=row.bill.kind,
                amount=row.amount,
                on=row.on,
                undone=row.undoes_id is not None or hasattr(row, "undone_by"),
            )
            for row in allocations
        ),
        refunds=tuple(_refund(row, name) for row in refunds),
        notices=tuple(
            NoticeRow(
                received_at=c.received_at,
                notification_id=c.notification_id,
                amount=c.amount,
                verdict=c.verdict,
                times=c.times,
            )
            for c in Callback.objects.filter(payment=payment).order_by("received_at")
        ),
        entries=tuple(ledger.entries_of_sources(source_ids=sources, actor=actor)),
    )


def _open(balances: QuerySet[BillBalance]) -> tuple[OpenBill, ...]:
    rows = balances.select_related("bill").order_by("due_on", "bill_id")[:200]
    return tuple(
        OpenBill(
            id=row.bill_id,
            number=row.bill.number or "",
            kind=row.kind,
            due_on=row.due_on,
            open_amount=row.open_amount,
        )
        for row in rows
    )


def _refund(row: Refund, name: str) -> RefundRow:
    return RefundRow(
        id=row.id,
        payment_id=row.payment_id,
        number=row.number,
        customer_id=row.customer_id,
        customer_name=name,
        channel=row.channel,
        amount=row.amount,
        state=row.state,
        reason=row.reason,
        asked_at=row.asked_at,
        ended_at=row.ended_at,
    )


@question
def refund_rows(
    *,
    actor: Actor,
    state: str = "",
    channel: str = "",
    number: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 20,
    offset: int = 0,
) -> RefundPage:
    """Refunds, the latest first, with the sum over the whole filter."""
    wanted = Q()
    if state:
        wanted &= Q(state=state)
    if channel:
        wanted &= Q(channel=channel)
    if number:
        wanted &= Q(number__startswith=number.upper())
    if since is not None:
        wanted &= Q(asked_at__gte=since)
    if until is not None:
        wanted &= Q(asked_at__lt=until)
    rows = Refund.objects.visible_to(actor).filter(wanted)
    found = list(rows.defer("account").order_by("-asked_at", "-id")[offset : offset + limit])
    names = customer_names([r.customer_id for r in found], actor)
    return RefundPage(
        rows=tuple(_refund(row, names.get(row.customer_id, "")) for row in found),
        total=rows.order_by().count(),
        sum_amount=rows.aggregate(sum=Sum("amount"))["sum"] or ZERO,
    )


@question
def refund_card(*, refund_id: UUID, actor: Actor) -> RefundCard:
    """One refund with its moves and entries."""
    row = Refund.objects.visible_to(actor).select_related("payment").get(id=refund_id)
    moves = list(RefundMove.objects.filter(refund=row).order_by("at", "id"))
    names = customer_names((row.customer_id,), actor)
    base = _refund(row, names.get(row.customer_id, ""))
    return RefundCard(
        **{name: getattr(base, name) for name in RefundRow.__slots__},
        org_id=row.org_id,
        payment_no=row.payment.merchant_no if row.payment is not None else "",
        deposit_id=row.deposit_id,
        payee=row.payee,
        account_masked=mask_id(row.account) if row.account else "",
        asked_by_id=row.asked_by_id,
        decided_by_id=row.decided_by_id,
        sent_at=row.sent_at,
        words=row.words,
        moves=tuple(
            RefundMoveRow(state=m.state, number=m.number, words=m.words, at=m.at, by_id=m.by_id)
            for m in moves
        ),
        entries=tuple(
            ledger.entries_of_sources(source_ids=tuple(m.id for m in moves), actor=actor)
        ),
    )


@question
def refunds_under_way(*, actor: Actor, limit: int = 500) -> tuple[UUID, ...]:
    """Refunds that a payment channel has to pay or may have paid, the oldest first."""
    rows = Refund.objects.visible_to(actor).filter(state=RefundState.SENT).exclude(channel="BANK")
    return tuple(rows.order_by("sent_at").values_list("id", flat=True)[:limit])


@question
def doubtful_payments(
    *, since: datetime, before: datetime, actor: Actor, limit: int = 200
) -> tuple[UUID, ...]:
    """Payments to ask the channel about: waiting since some minutes, or told of and not believed.

    Of those started in [since, before); never the same twice within the time that `before` leaves.
    """
    asked_long_ago = Q(asked_channel_at__isnull=True) | Q(asked_channel_at__lt=before)
    waiting = Payment.objects.visible_to(actor).filter(
        Q(state="PENDING", started_at__gte=since, started_at__lt=before) & asked_long_ago
    )
    told = Callback.objects.filter(
        received_at__gte=since, kind="PAYMENT", verdict__in=["AMOUNT", "STATE", "STALE"]
    ).values("payment_id")
    disbelieved = Payment.objects.visible_to(actor).filter(
        asked_long_ago, id__in=told, state__in=["CREATED", "PENDING", "CLOSED"]
    )
    rows = (waiting | disbelieved).exclude(channel="BANK").distinct()
    return tuple(rows.order_by("id").values_list("id", flat=True)[:limit])
