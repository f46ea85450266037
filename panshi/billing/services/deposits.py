"""Deposits: demanded by a bill, held once paid, reserved at return, applied or returned."""

from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.billing.events import (
    DepositApplied,
    DepositDemanded,
    DepositReleased,
    DepositReserved,
)
from panshi.billing.models import (
    DEPOSIT_LIFE,
    BillKind,
    Channel,
    Deposit,
    DepositMove,
    DepositMoveKind,
    DepositState,
)
from panshi.billing.services.bills import NewLine, city_of, draft
from panshi.billing.services.issuing import issue_these
from panshi.billing.services.reminding import BILL, Telling, tell
from panshi.billing.services.settling import Money, settle
from panshi.kit.clock import local_day
from panshi.kit.money import to_fen
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.ledger import services as ledger
from panshi.ledger.services import NewEntry, legs_of

MONEY_ACCOUNT: Final = {
    Channel.SIM: "1012.sim",
    Channel.WECHAT: "1012.wx",
    Channel.ALIPAY: "1012.ali",
    Channel.BANK: "1002",
}


class DepositTooSmall(Refusal):
    pass


class DepositUnderWay(Refusal):
    """A part of the deposit is going back to the customer."""


@verb
def demand_deposit(
    *,
    source_kind: str,
    source_id: UUID,
    customer_id: UUID,
    vehicle_id: UUID | None,
    amount: Decimal,
    actor: Actor,
    at: datetime,
    org_id: int | None = None,
    due_on: date | None = None,
) -> DepositDemanded:
    """Ask a customer for a security by a bill of its own, due today unless said otherwise.

    The deposit stands in `org_id`, or the actor's own node. Raises AlreadyBilled.
    """
    org_id = actor.org_id if org_id is None else org_id
    actor.must("billing.demand_deposit", org_id)
    amount = to_fen(amount)
    if amount <= 0:
        raise DepositTooSmall(_("A deposit must be above zero."))
    bill = draft(
        org_id=org_id,
        kind=BillKind.DEPOSIT,
        customer_id=customer_id,
        vehicle_id=vehicle_id,
        source_kind=source_kind,
        source_id=source_id,
        due_on=due_on or local_day(at),
        lines=[NewLine(product_code="DEPOSIT", words="", quantity=Decimal(1), unit_price=amount)],
        sequence=0,
        actor=actor,
        at=at,
    )
    issue_these([bill.id], on=local_day(at))
    deposit = Deposit.objects.create(
        org_id=org_id,
        source_kind=source_kind,
        source_id=source_id,
        customer_id=customer_id,
        vehicle_id=vehicle_id,
        bill=bill,
        amount=amount,
    )
    bill.refresh_from_db(fields=["number"])
    demanded = Telling(
        org_id=org_id,
        customer_id=customer_id,
        kind=BILL,
        topic_id=bill.id,
        rung="DEPOSIT",
        template="DEPOSIT_DEMANDED",
        amount=amount,
        due_on=bill.due_on,
        number=bill.number or "",
    )
    tell([demanded], actor=actor, at=at)
    return DepositDemanded(
        org_id=org_id,
        actor_id=actor.id,
        at=at,
        deposit_id=deposit.id,
        bill_id=bill.id,
        source_kind=source_kind,
        source_id=source_id,
        customer_id=customer_id,
        amount=amount,
    )


def locked_deposit(deposit_id: UUID, actor: Actor, permission: str) -> Deposit:
    """A deposit, locked, that the actor may do this with."""
    deposit = Deposit.objects.visible_to(actor).select_for_update().get(id=deposit_id)
    actor.must(permission, deposit.org_id)
    return deposit


def _move(
    deposit: Deposit,
    kind: DepositMoveKind,
    debit: str,
    credit: str,
    amount: Decimal,
    actor: Actor,
    at: datetime,
) -> None:
    """Note a move of the deposit and post it."""
    bill = deposit.bill
    city = bill.city if bill is not None else city_of(deposit.org_id, actor)
    move = DepositMove.objects.create(
        org_id=deposit.org_id, deposit=deposit, kind=kind, amount=amount, at=at, by_id=actor.id
    )
    ledger.post_entries(
        entries=[
            NewEntry(
                org_id=deposit.org_id,
                kind=f"DEPOSIT_{kind.value}",
                source_kind="billing.DepositMove",
                source_id=move.id,
                occurred_on=local_day(at),
                postings=legs_of(
                    (debit, amount),
                    (credit, -amount),
                    customer_id=deposit.customer_id,
                    city=city,
                    vehicle_id=deposit.vehicle_id,
                ),
            )
        ],
        actor=actor,
        at=at,
    )


def reserve(deposit: Deposit, amount: Decimal, actor: Actor, at: datetime) -> None:
    """Set an amount aside and post it; the caller saves the deposit. Raises DepositTooSmall."""
    if amount <= 0 or amount > deposit.held - deposit.reserved:
        raise DepositTooSmall(
            _("Of this deposit only %(free)s is free.") % {"free": deposit.held - deposit.reserved}
        )
    if deposit.state != DepositState.RESERVED:
        deposit.state = DEPOSIT_LIFE.step(deposit.state, DepositState.RESERVED)
    deposit.reserved += amount
    _move(deposit, DepositMoveKind.RESERVED, "2241.01", "2241.09", amount, actor, at)


def close_deposit(deposit: Deposit) -> None:
    """Name the end once nothing is held; applied in part and returned in part is returned."""
    if deposit.held == 0:
        target = DepositState.RETURNED if deposit.returned else DepositState.APPLIED
        deposit.state = DEPOSIT_LIFE.step(deposit.state, target)
    deposit.save(update_fields=["state", "held", "reserved", "applied", "returned", "returning"])


@verb
def reserve_deposit(
    *, deposit_id: UUID, actor: Actor, at: datetime, amount: Decimal | None = None
) -> DepositReserved:
    """Set the deposit, or a part of it, aside while a return is settled. Raises DepositTooSmall."""
    deposit = locked_deposit(deposit_id, actor, "billing.reserve_deposit")
    amount = deposit.held - deposit.reserved if amount is None else to_fen(amount)
    reserve(deposit, amount, actor, at)
    close_deposit(deposit)
    return DepositReserved(
        org_id=deposit.org_id,
        actor_id=actor.id,
        at=at,
        deposit_id=deposit.id,
        source_kind=deposit.source_kind,
        source_id=deposit.source_id,
        amount=amount,
    )


@verb
def release_deposit(*, deposit_id: UUID, actor: Actor, at: datetime) -> DepositReleased:
    """Give what was reserved back to the deposit, when a settlement is void.

    Raises DepositUnderWay while a part of it is going back to the customer.
    """
    deposit = locked_deposit(deposit_id, actor, "billing.reserve_deposit")
    if deposit.returning:
        raise DepositUnderWay(_("A part of this deposit is on its way back to the customer."))
    amount = deposit.reserved
    deposit.state = DEPOSIT_LIFE.step(deposit.state, DepositState.HELD)
    deposit.reserved = to_fen(0)
    _move(deposit, DepositMoveKind.RELEASED, "2241.09", "2241.01", amount, actor, at)
    close_deposit(deposit)
    return DepositReleased(
        org_id=deposit.org_id,
        actor_id=actor.id,
        at=at,
        deposit_id=deposit.id,
        source_kind=deposit.source_kind,
        source_id=deposit.source_id,
        amount=amount,
    )


def _take(deposit: Deposit, amount: Decimal, actor: Actor, at: datetime) -> None:
    """Take from what is reserved, reserving first what is missing."""
    if amount <= 0:
        raise DepositTooSmall(_("The amount must be above zero."))
    there = deposit.reserved - deposit.returning
    if amount > there:
        reserve(deposit, amount - there, actor, at)
    deposit.reserved -= amount
    deposit.held -= amount


@verb
def apply_deposit(
    *, deposit_id: UUID, bill_id: UUID, amount: Decimal, actor: Actor, at: datetime
) -> DepositApplied:
    """Pay a bill of the customer out of the deposit. Raises DepositTooSmall.

    No more is taken than the bill has open.
    """
    deposit = locked_deposit(deposit_id, actor, "billing.apply_deposit")
    settled = settle(
        money=Money(
            org_id=deposit.org_id,
            bill_ids=[bill_id],
            amount=to_fen(amount),
            at=at,
            deposit=deposit,
        ),
        actor=actor,
    )
    _take(deposit, settled.amount, actor, at)
    deposit.applied += settled.amount
    close_deposit(deposit)
    return DepositApplied(
        org_id=deposit.org_id,
        actor_id=actor.id,
        at=at,
        deposit_id=deposit.id,
        source_kind=deposit.source_kind,
        source_id=deposit.source_id,
        bill_id=bill_id,
        amount=settled.amount,
    )
