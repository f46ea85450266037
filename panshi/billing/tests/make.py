"""Plans, bills and payments with honest defaults, all made through the verbs."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import count
from typing import Final
from uuid import UUID

from panshi.billing import services, simulator
from panshi.billing.events import BillRaised, ChargePlanChanged, DepositDemanded, PaymentReceived
from panshi.billing.models import Bill, ChargePlan, Payment, Refund
from panshi.billing.queries import PlanChange
from panshi.kit.ids import uuid7
from panshi.kit.tenancy import Actor, hq_actor
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make

NOON: Final = datetime(2027, 6, 21, 4, tzinfo=UTC)
DAY: Final = date(2027, 6, 21)
_notices = count(1)


def noon(day: date) -> datetime:
    return datetime.combine(day, time(4), UTC)


def clerk(org: OrgNode) -> Actor:
    return org_make.actor(org, "billing.*", "ledger.*")


def plan(
    org: OrgNode,
    *,
    price: Decimal | int = 3000,
    product_code: str = "RENT_MONTHLY",
    anchor_on: date = date(2027, 1, 31),
    starts_on: date | None = None,
    ends_on: date | None = None,
    payer_id: UUID | None = None,
    vehicle_id: UUID | None = None,
    source_id: UUID | None = None,
    alignment: str = "",
    basis: str = "",
) -> ChargePlan:
    """A monthly rent of 3,000.00 from 31 January 2027, without an end."""
    fact = services.open_plan(
        payer_id=payer_id or uuid7(),
        vehicle_id=vehicle_id or uuid7(),
        product_code=product_code,
        anchor_on=anchor_on,
        price=Decimal(price),
        source_kind="leasing.Lease",
        source_id=source_id or uuid7(),
        starts_on=starts_on or anchor_on,
        ends_on=ends_on,
        alignment=alignment,
        basis=basis,
        org_id=org.id,
        actor=clerk(org),
        at=noon(anchor_on),
    )
    return ChargePlan.objects.get(id=fact.plan_id)


def change(
    plan: ChargePlan, *changes: PlanChange, at: datetime = NOON, agreed: str = ""
) -> ChargePlanChanged:
    return services.change_plan(
        plan_id=plan.id, changes=changes, agreed=agreed, actor=clerk(plan.org), at=at
    )


def run(org: OrgNode, cut_off: date) -> int:
    """Draft and issue all that is due; answers how many bills were issued."""
    at = noon(cut_off)
    services.run_bills(cut_off=cut_off, actor=clerk(org), at=at)
    return services.issue_bills(draft_hours=0, actor=clerk(org), at=at).bills


def bills_of(plan: ChargePlan) -> list[Bill]:
    return list(Bill.objects.filter(plan=plan).order_by("period_from"))


def line(amount: Decimal | int | str, *, product_code: str = "SERVICE_LABOUR") -> services.NewLine:
    return services.NewLine(
        product_code=product_code,
        words="更换高压线束",
        quantity=Decimal(1),
        unit_price=Decimal(amount),
    )


def bill(
    org: OrgNode,
    *amounts: Decimal | int | str,
    customer_id: UUID | None = None,
    vehicle_id: UUID | None = None,
    source_id: UUID | None = None,
    lines: Sequence[services.NewLine] = (),
    due_on: date = DAY,
    at: datetime = NOON,
) -> BillRaised:
    """An issued bill of these amounts; 300.00 of labour unless said otherwise."""
    return services.raise_bill(
        org_id=org.id,
        customer_id=customer_id or uuid7(),
        source_kind="service.WorkOrder",
        source_id=source_id or uuid7(),
        vehicle_id=vehicle_id or uuid7(),
        due_on=due_on,
        lines=lines or [line(amount) for amount in amounts or (300,)],
        actor=clerk(org),
        at=at,
    )


def deposit(
    org: OrgNode,
    amount: Decimal | int = 6400,
    *,
    customer_id: UUID | None = None,
    source_id: UUID | None = None,
) -> DepositDemanded:
    return services.demand_deposit(
        source_kind="leasing.Lease",
        source_id=source_id or uuid7(),
        customer_id=customer_id or uuid7(),
        vehicle_id=uuid7(),
        amount=Decimal(amount),
        org_id=org.id,
        actor=clerk(org),
        at=NOON,
    )


def payment(org: OrgNode, *bill_ids: UUID, at: datetime = NOON) -> Payment:
    """A payment that waits for the payer."""
    fact = services.start_payment(bill_ids=bill_ids, channel="SIM", actor=clerk(org), at=at)
    return Payment.objects.get(id=fact.payment_id)


def notice(
    payment: Payment,
    *,
    amount: Decimal | None = None,
    notification_id: str = "",
    sign: bool = True,
    at: datetime = NOON,
    **fields: str,
) -> PaymentReceived:
    """The channel tells that a payment was made; each argument can be made to lie."""
    told = simulator.posted(
        notification_id=notification_id or f"N{next(_notices):06d}",
        merchant_no=payment.merchant_no,
        amount=str(payment.amount if amount is None else amount),
        at=at.isoformat(),
        sign=sign,
        **fields,
    )
    fact = services.record_callback(
        channel=told.channel, headers=told.headers, body=told.body, actor=hq_actor(), at=at
    )
    assert isinstance(fact, PaymentReceived)
    return fact


def pay(org: OrgNode, *bill_ids: UUID, at: datetime = NOON) -> PaymentReceived:
    return notice(payment(org, *bill_ids, at=at), at=at)


def give_back(org: OrgNode, source_id: UUID, *, at: datetime = NOON) -> list[Refund]:
    """Bring each return of a source's deposit to its end: payee named, approved, sent, paid."""
    found = Refund.objects.filter(org=org, deposit__source_id=source_id, state="ASKED")
    for refund in found.order_by("id"):
        if refund.channel == "BANK":
            services.name_payee(
                refund_id=refund.id, payee="李一", account="6222020000001", actor=clerk(org), at=at
            )
        services.approve_refund(refund_id=refund.id, actor=clerk(org), at=at)
        services.send_refund(refund_id=refund.id, actor=clerk(org), at=at)
        if refund.channel == "BANK":
            services.conclude_refund(refund_id=refund.id, paid=True, actor=clerk(org), at=at)
        else:
            services.query_refund(refund_id=refund.id, actor=clerk(org), at=at)
    return list(Refund.objects.filter(org=org, deposit__source_id=source_id).order_by("id"))


def books_agree(org: OrgNode) -> None:
    """What billing and ledger say of receivables, deposits and money on account is the same."""
    for counted in services.count_invariants(org_id=org.id):
        assert (counted.left, counted.broken) == (counted.right, 0), counted


def days_after(day: date, days: int) -> date:
    return day + timedelta(days=days)
