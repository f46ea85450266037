"""Settling bills: an amount from a payment, a credit note or a deposit closes what is open."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from panshi.billing.events import ArrearsCleared, BillPaid, DepositHeld
from panshi.billing.models import (
    CASE_LIFE,
    Allocation,
    Bill,
    BillBalance,
    BillKind,
    CaseState,
    Deposit,
    DepositState,
    DunningCase,
    Payment,
)
from panshi.kit import outbox
from panshi.kit.clock import local_day
from panshi.kit.money import ZERO
from panshi.kit.tenancy import Actor
from panshi.ledger import services as ledger
from panshi.ledger.services import NewEntry, NewPosting


@dataclass(frozen=True, slots=True)
class Settled:
    amount: Decimal
    bill_ids: tuple[UUID, ...]


def settle(
    *,
    org_id: int,
    bill_ids: Sequence[UUID],
    amount: Decimal,
    actor: Actor,
    at: datetime,
    payment: Payment | None = None,
    credit: Bill | None = None,
    deposit: Deposit | None = None,
) -> Settled:
    """Close bills in the given order as far as `amount` reaches; the rest stays on account.

    Called inside a verb. Posts the entries, publishes BillPaid, DepositHeld and ArrearsCleared.
    """
    day = local_day(at)
    locked = BillBalance.objects.filter(bill_id__in=list(bill_ids)).order_by("bill_id")
    balances = {row.bill_id: row for row in locked.select_for_update()}
    left = amount
    entries: list[NewEntry] = []
    paid: list[BillBalance] = []
    touched: list[UUID] = []
    for bill_id in bill_ids:
        balance = balances[bill_id]
        part = min(left, balance.open_amount)
        if part == 0:
            continue
        allocation = Allocation.objects.create(
            org_id=org_id,
            payment=payment,
            credit=credit,
            deposit=deposit,
            bill_id=bill_id,
            customer_id=balance.customer_id,
            amount=part,
            on=day,
        )
        left -= part
        balance.open_amount -= part
        if balance.open_amount == 0:
            balance.settled_on = day
            paid.append(balance)
        balance.save(update_fields=["open_amount", "settled_on"])
        touched.append(bill_id)
        if credit is None:
            entries.append(_entry(allocation, balance, day, from_deposit=deposit is not None))
    if credit is not None and left:
        entries.append(_left_on_account(credit, left, day))
    if entries:
        ledger.post_entries(entries=entries, actor=actor, at=at)
    for balance in paid:
        _tell_paid(balance, actor, at, channel=payment.channel if payment else "")
    _clear_cases({balance.source_id for balance in paid}, actor, at)
    return Settled(amount - left, tuple(touched))


def _entry(
    allocation: Allocation, balance: BillBalance, day: date, *, from_deposit: bool
) -> NewEntry:
    def leg(account: str, amount: Decimal) -> NewPosting:
        return NewPosting(
            account=account,
            amount=amount,
            vehicle_id=balance.vehicle_id,
            customer_id=balance.customer_id,
            city=balance.city,
        )

    part = allocation.amount
    is_deposit = balance.kind == BillKind.DEPOSIT
    postings = [
        leg("2241.09" if from_deposit else "2203", part),
        leg("1122.02" if is_deposit else "1122", -part),
    ]
    if is_deposit:
        postings += [leg("2241.02", part), leg("2241.01", -part)]
    return NewEntry(
        org_id=allocation.org_id,
        kind="DEPOSIT_APPLIED" if from_deposit else "PAYMENT_ALLOCATED",
        source_kind="billing.Allocation",
        source_id=allocation.id,
        occurred_on=day,
        postings=tuple(postings),
    )


def _left_on_account(credit: Bill, left: Decimal, day: date) -> NewEntry:
    """What a credit note gives beyond the open amount becomes the customer's money."""

    def leg(account: str, amount: Decimal) -> NewPosting:
        return NewPosting(
            account=account,
            amount=amount,
            vehicle_id=credit.vehicle_id,
            customer_id=credit.customer_id,
            city=credit.city,
        )

    return NewEntry(
        org_id=credit.org_id,
        kind="CREDIT_LEFT_ON_ACCOUNT",
        source_kind="billing.Bill",
        source_id=credit.id,
        occurred_on=day,
        postings=(leg("1122", left), leg("2203", -left)),
    )


def _tell_paid(balance: BillBalance, actor: Actor, at: datetime, *, channel: str) -> None:
    outbox.publish(
        BillPaid(
            org_id=balance.org_id,
            actor_id=actor.id,
            at=at,
            bill_id=balance.bill_id,
            bill_kind=balance.kind,
            source_kind=balance.source_kind,
            source_id=balance.source_id,
            customer_id=balance.customer_id,
            vehicle_id=balance.vehicle_id,
            total=balance.total,
        )
    )
    if balance.kind != BillKind.DEPOSIT:
        return
    deposit = Deposit.objects.select_for_update().get(bill_id=balance.bill_id)
    deposit.state = DepositState.HELD
    deposit.held = deposit.amount
    deposit.channel = channel
    deposit.save(update_fields=["state", "held", "channel"])
    outbox.publish(
        DepositHeld(
            org_id=deposit.org_id,
            actor_id=actor.id,
            at=at,
            deposit_id=deposit.id,
            source_kind=deposit.source_kind,
            source_id=deposit.source_id,
            customer_id=deposit.customer_id,
            amount=deposit.amount,
        )
    )


def _clear_cases(source_ids: set[UUID], actor: Actor, at: datetime) -> None:
    """Close the arrears of sources that owe nothing overdue any more."""
    day = local_day(at)
    owing = set(
        BillBalance.objects.filter(
            source_id__in=source_ids, kind=BillKind.CHARGE, open_amount__gt=ZERO, due_on__lt=day
        ).values_list("source_id", flat=True)
    )
    cases = DunningCase.objects.filter(
        source_id__in=source_ids - owing,
        state__in=[CaseState.OPEN, CaseState.ON_HOLD, CaseState.LEGAL],
    )
    for case in cases.order_by("id").select_for_update():
        case.state = CASE_LIFE.step(case.state, CaseState.CLEARED)
        case.closed_on = day
        case.save(update_fields=["state", "closed_on"])
        outbox.publish(cleared(case, actor, at))


def cleared(case: DunningCase, actor: Actor, at: datetime) -> ArrearsCleared:
    """The fact that a case is over."""
    return ArrearsCleared(
        org_id=case.org_id,
        actor_id=actor.id,
        at=at,
        case_id=case.id,
        customer_id=case.customer_id,
        vehicle_id=case.vehicle_id,
        source_kind=case.source_kind,
        source_id=case.source_id,
    )
