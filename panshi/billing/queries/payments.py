"""Questions about payments, notices and what the run set aside."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import Q, Sum

from panshi.billing.models import (
    Bill,
    BillingException,
    BillingRun,
    BillState,
    Callback,
    Fault,
    Payment,
)
from panshi.billing.queries.bills import EXACT_UP_TO, customer_names
from panshi.billing.queries.owed import bill_subjects
from panshi.kit.money import ZERO
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRow:
    id: UUID
    channel: str
    merchant_no: str
    customer_id: UUID
    customer_name: str
    amount: Decimal
    allocated: Decimal
    state: str
    started_at: datetime
    received_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentPage:
    """A page of payments; the sum goes over the whole filter, None beyond 50,000 payments."""

    rows: tuple[PaymentRow, ...]
    total: int
    about: bool
    sum_amount: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedBill:
    """A bill as its payer reads it: what for, for which days, and when it is due; open in CNY."""

    id: UUID
    number: str
    subject: str
    period_from: date | None
    last_day: date | None
    due_on: date
    open_amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentCard:
    """A payment with the numbers and open amounts of the bills it was started for."""

    id: UUID
    org_id: int
    channel: str
    merchant_no: str
    customer_id: UUID
    amount: Decimal
    state: str
    started_at: datetime
    received_at: datetime | None
    bills: tuple[tuple[UUID, str, Decimal], ...]
    asked: tuple[AskedBill, ...]
    target_kind: str
    pay_target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackRow:
    id: UUID
    channel: str
    notification_id: str
    merchant_no: str
    amount: Decimal
    verdict: str
    times: int
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptionRow:
    id: UUID
    plan_id: UUID
    period: int
    code: str
    source_kind: str
    source_id: UUID
    found_at: datetime

    @property
    def label(self) -> str:
        return str(Fault(self.code).label)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    id: UUID
    cut_off: date
    at: datetime
    drafted: int
    lines: int
    total: Decimal
    exceptions: int


@question
def payment_rows(
    *,
    actor: Actor,
    state: str = "",
    channel: str = "",
    number: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 20,
    offset: int = 0,
) -> PaymentPage:
    """Payments, the latest first."""
    wanted = Q()
    if state:
        wanted &= Q(state=state)
    if channel:
        wanted &= Q(channel=channel)
    if number:
        wanted &= Q(merchant_no__startswith=number.upper())
    if since is not None:
        wanted &= Q(started_at__gte=since)
    if until is not None:
        wanted &= Q(started_at__lt=until)
    rows = Payment.objects.visible_to(actor).filter(wanted)
    found = list(rows.order_by("-started_at", "-id")[offset : offset + limit])
    names = customer_names([p.customer_id for p in found], actor)
    total = rows.order_by()[: EXACT_UP_TO + 1].count()
    about = total > EXACT_UP_TO
    return PaymentPage(
        rows=tuple(
            PaymentRow(
                id=p.id,
                channel=p.channel,
                merchant_no=p.merchant_no,
                customer_id=p.customer_id,
                customer_name=names.get(p.customer_id, ""),
                amount=p.amount,
                allocated=p.allocated,
                state=p.state,
                started_at=p.started_at,
                received_at=p.received_at,
            )
            for p in found
        ),
        total=min(total, EXACT_UP_TO),
        about=about,
        sum_amount=None if about else rows.aggregate(amount=Sum("amount"))["amount"] or ZERO,
    )


def _asked(bill: Bill, subjects: Mapping[UUID, str]) -> AskedBill:
    return AskedBill(
        id=bill.id,
        number=bill.number or "",
        subject=subjects.get(bill.id, ""),
        period_from=bill.period_from,
        last_day=bill.period_to - timedelta(days=1) if bill.period_to else None,
        due_on=bill.due_on,
        open_amount=bill.balance.open_amount,
    )


@question
def payment_card(*, payment_id: UUID, actor: Actor) -> PaymentCard:
    """One payment; for staff, the customer, and the pay page behind its signed address."""
    payment = Payment.objects.visible_to(actor).get(id=payment_id)
    actor.must_be(payment.customer_id)
    rows = list(payment.bills.select_related("bill__balance").order_by("place"))
    subjects = bill_subjects(bill_ids=tuple(row.bill_id for row in rows), actor=actor)
    return PaymentCard(
        id=payment.id,
        org_id=payment.org_id,
        channel=payment.channel,
        merchant_no=payment.merchant_no,
        customer_id=payment.customer_id,
        amount=payment.amount,
        state=payment.state,
        started_at=payment.started_at,
        received_at=payment.received_at,
        bills=tuple(
            (row.bill_id, row.bill.number or "", row.bill.balance.open_amount) for row in rows
        ),
        asked=tuple(_asked(row.bill, subjects) for row in rows),
        target_kind=payment.target_kind,
        pay_target=payment.pay_target,
    )


@question
def callback_rows(*, actor: Actor, limit: int = 100) -> tuple[CallbackRow, ...]:
    """The channels' latest notices with our verdicts."""
    rows = Callback.objects.order_by("-received_at", "-id")[:limit]
    return tuple(
        CallbackRow(
            id=c.id,
            channel=c.channel,
            notification_id=c.notification_id,
            merchant_no=c.merchant_no,
            amount=c.amount,
            verdict=c.verdict,
            times=c.times,
            received_at=c.received_at,
        )
        for c in rows
    )


@question
def open_exceptions(*, actor: Actor, limit: int = 200) -> tuple[ExceptionRow, ...]:
    """What the billing run could not bill and nobody has mended yet."""
    rows = BillingException.objects.visible_to(actor).filter(resolved_at=None)
    return tuple(
        ExceptionRow(
            id=x.id,
            plan_id=x.plan_id,
            period=x.period,
            code=x.code,
            source_kind=x.plan.source_kind,
            source_id=x.plan.source_id,
            found_at=x.found_at,
        )
        for x in rows.select_related("plan").order_by("-found_at", "id")[:limit]
    )


@question
def billing_runs(*, actor: Actor, limit: int = 50) -> tuple[RunRow, ...]:
    """The latest runs that drafted or set something aside."""
    rows = BillingRun.objects.visible_to(actor).order_by("-at", "-id")[:limit]
    return tuple(
        RunRow(
            id=r.id,
            cut_off=r.cut_off,
            at=r.at,
            drafted=r.drafted,
            lines=r.lines,
            total=r.total,
            exceptions=r.exceptions,
        )
        for r in rows
    )


@question
def drafts_waiting(*, actor: Actor) -> int:
    """How many drafts wait to be issued."""
    return Bill.objects.visible_to(actor).filter(state=BillState.DRAFT).count()
