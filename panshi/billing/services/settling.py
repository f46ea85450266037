"""Settling bills: an amount from a payment, a credit note or a deposit closes what is open."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import Min

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
from panshi.billing.queries.dunning import OPEN_STATES
from panshi.billing.services.reminding import take_back
from panshi.kit import outbox
from panshi.kit.clock import local_day
from panshi.kit.money import ZERO
from panshi.kit.tenancy import Actor
from panshi.ledger import services as ledger
from panshi.ledger.services import NewEntry, legs_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An amount in CNY that settles bills in the order given, and where it comes from."""

    org_id: int
    bill_ids: Sequence[UUID]
    amount: Decimal
    at: datetime
    payment: Payment | None = None
    credit: Bill | None = None
    deposit: Deposit | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    amount: Decimal
    bill_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class _Part:
    """What one sum of money gave to one bill; `closing` when nothing of the bill stayed open."""

    money: Money
    balance: BillBalance
    allocation: Allocation
    closing: bool


def settle(*, money: Money, actor: Actor) -> Settled:
    """Close bills as far as the money reaches; the rest stays on account. See `settle_all`."""
    return settle_all(moneys=[money], actor=actor)[0]


def settle_all(*, moneys: Sequence[Money], actor: Actor) -> list[Settled]:
    """Let each sum in turn close its bills as far as it reaches; the rest stays on account.

    Called inside a verb. Posts the entries, publishes BillPaid, DepositHeld and ArrearsCleared.
    """
    wanted = {bill_id for money in moneys for bill_id in money.bill_ids}
    locked = BillBalance.objects.filter(bill_id__in=wanted).order_by("bill_id")
    balances = {row.bill_id: row for row in locked.select_for_update()}
    parts = [list(_parts(money, balances)) for money in moneys]
    flat = [part for some in parts for part in some]
    Allocation.objects.bulk_create([part.allocation for part in flat])
    touched = {part.balance.bill_id: part.balance for part in flat}
    _keep_open_amounts(list(touched.values()))
    entries = [_entry(part) for part in flat if part.money.credit is None]
    entries += [
        _left_on_account(money.credit, left, local_day(money.at))
        for money, some in zip(moneys, parts, strict=True)
        if money.credit is not None and (left := money.amount - _sum(some))
    ]
    if entries:
        ledger.post_entries(entries=entries, actor=actor, at=moneys[-1].at)
    _tell_paid([part for part in flat if part.closing], actor)
    _clear_cases({part.balance.source_id: part.money.at for part in flat if part.closing}, actor)
    return [Settled(_sum(some), tuple(part.balance.bill_id for part in some)) for some in parts]


def _sum(parts: Sequence[_Part]) -> Decimal:
    return sum((part.allocation.amount for part in parts), ZERO)


def _parts(money: Money, balances: Mapping[UUID, BillBalance]) -> Iterator[_Part]:
    """Give the money to its bills one after another; the balances are lowered in memory."""
    left = money.amount
    day = local_day(money.at)
    for bill_id in money.bill_ids:
        balance = balances[bill_id]
        part = min(left, balance.open_amount)
        if part == 0:
            continue
        left -= part
        balance.open_amount -= part
        if balance.open_amount == 0:
            balance.settled_on = day
        allocation = Allocation(
            org_id=money.org_id,
            payment=money.payment,
            credit=money.credit,
            deposit=money.deposit,
            bill_id=bill_id,
            customer_id=balance.customer_id,
            amount=part,
            on=day,
        )
        yield _Part(money, balance, allocation, balance.open_amount == 0)


_KEEP: Final = """
UPDATE billing_billbalance w SET open_amount = s.open_amount, settled_on = s.settled_on
FROM unnest(%s::uuid[], %s::numeric[], %s::date[]) AS s(bill_id, open_amount, settled_on)
WHERE w.bill_id = s.bill_id
"""


def _keep_open_amounts(balances: Sequence[BillBalance]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            _KEEP,
            [
                [row.bill_id for row in balances],
                [row.open_amount for row in balances],
                [row.settled_on for row in balances],
            ],
        )


def _entry(part: _Part) -> NewEntry:
    balance, allocation = part.balance, part.allocation
    from_deposit = part.money.deposit is not None

    amount = allocation.amount
    is_deposit = balance.kind == BillKind.DEPOSIT
    parts = [
        ("2241.09" if from_deposit else "2203", amount),
        ("1122.02" if is_deposit else "1122", -amount),
    ]
    if is_deposit:
        parts += [("2241.02", amount), ("2241.01", -amount)]
    return NewEntry(
        org_id=allocation.org_id,
        kind="DEPOSIT_APPLIED" if from_deposit else "PAYMENT_ALLOCATED",
        source_kind="billing.Allocation",
        source_id=allocation.id,
        occurred_on=allocation.on,
        postings=legs_of(
            *parts,
            customer_id=balance.customer_id,
            city=balance.city,
            vehicle_id=balance.vehicle_id,
        ),
    )


def _left_on_account(credit: Bill, left: Decimal, day: date) -> NewEntry:
    """What a credit note gives beyond the open amount becomes the customer's money."""
    return NewEntry(
        org_id=credit.org_id,
        kind="CREDIT_LEFT_ON_ACCOUNT",
        source_kind="billing.Bill",
        source_id=credit.id,
        occurred_on=day,
        postings=legs_of(
            ("1122", left),
            ("2203", -left),
            customer_id=credit.customer_id,
            city=credit.city,
            vehicle_id=credit.vehicle_id,
        ),
    )


def _tell_paid(closing: Sequence[_Part], actor: Actor) -> None:
    """Tell which bills are paid, and hold the deposits among them."""
    outbox.publish_all([_paid(part, actor) for part in closing])
    if closing:
        topics = [(part.balance.org_id, part.balance.bill_id) for part in closing]
        take_back(topics, reason="PAID", actor=actor, at=max(part.money.at for part in closing))
    demanded = {
        part.balance.bill_id: part for part in closing if part.balance.kind == BillKind.DEPOSIT
    }
    if demanded:
        _hold_deposits(demanded, actor)


def _hold_deposits(paid: Mapping[UUID, _Part], actor: Actor) -> None:
    """Hold the deposits whose bills these parts closed."""
    rows = Deposit.objects.filter(bill_id__in=paid).order_by("id").select_for_update()
    held = [(row, paid[row.bill_id].money) for row in rows if row.bill_id is not None]
    for deposit, money in held:
        deposit.state = DepositState.HELD
        deposit.held = deposit.amount
        deposit.channel = money.payment.channel if money.payment else ""
    Deposit.objects.bulk_update([row for row, _money in held], ["state", "held", "channel"])
    outbox.publish_all([_held(row, money.at, actor) for row, money in held])


def _paid(part: _Part, actor: Actor) -> BillPaid:
    balance = part.balance
    return BillPaid(
        org_id=balance.org_id,
        actor_id=actor.id,
        at=part.money.at,
        bill_id=balance.bill_id,
        bill_kind=balance.kind,
        source_kind=balance.source_kind,
        source_id=balance.source_id,
        customer_id=balance.customer_id,
        vehicle_id=balance.vehicle_id,
        total=balance.total,
    )


def _held(deposit: Deposit, at: datetime, actor: Actor) -> DepositHeld:
    return DepositHeld(
        org_id=deposit.org_id,
        actor_id=actor.id,
        at=at,
        deposit_id=deposit.id,
        source_kind=deposit.source_kind,
        source_id=deposit.source_id,
        customer_id=deposit.customer_id,
        amount=deposit.amount,
    )


def _clear_cases(paid_at: Mapping[UUID, datetime], actor: Actor) -> None:
    """Close the arrears of sources that owe nothing overdue any more at their last payment."""
    cases = DunningCase.objects.filter(source_id__in=list(paid_at), state__in=OPEN_STATES)
    locked = list(cases.order_by("id").select_for_update())
    if not locked:
        return
    owing = BillBalance.objects.filter(
        source_id__in={case.source_id for case in locked},
        kind=BillKind.CHARGE,
        open_amount__gt=ZERO,
    )
    oldest = dict(owing.values_list("source_id").annotate(first=Min("due_on")))
    over = [
        case
        for case in locked
        if case.source_id not in oldest
        or oldest[case.source_id] >= local_day(paid_at[case.source_id])
    ]
    for case in over:
        case.state = CASE_LIFE.step(case.state, CaseState.CLEARED)
        case.closed_on = local_day(paid_at[case.source_id])
    DunningCase.objects.bulk_update(over, ["state", "closed_on"])
    outbox.publish_all([cleared(case, actor, paid_at[case.source_id]) for case in over])
    if over:
        topics = [(case.org_id, case.id) for case in over]
        take_back(topics, reason="PAID", actor=actor, at=max(paid_at.values()))


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
