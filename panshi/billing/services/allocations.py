"""Using the money that customers have on account: for bills, and back again."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.billing import queries
from panshi.billing.events import PaymentAllocated, PaymentReassigned, PaymentUnallocated
from panshi.billing.models import (
    Allocation,
    Bill,
    BillBalance,
    BillKind,
    Deposit,
    DepositState,
    Payment,
)
from panshi.billing.services.bills import city_of
from panshi.billing.services.ordering import in_order
from panshi.billing.services.payments import NothingToPay
from panshi.billing.services.refunds import ON_ACCOUNT, PaymentNotReceived, received_payment
from panshi.billing.services.settling import Money, settle
from panshi.crm import queries as crm
from panshi.kit.clock import local_day
from panshi.kit.money import ZERO, to_fen, yuan
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.ledger import services as ledger
from panshi.ledger.services import NewEntry, legs_of


class AllocationExceeds(Refusal):
    pass


class AllocationUndone(Refusal):
    pass


class DepositInUse(Refusal):
    """The payment made a deposit that is held; the deposit's own verbs give it back."""


class PaymentInUse(Refusal):
    pass


def free_of(payment: Payment, actor: Actor) -> Decimal:
    """What a payment has on account, in CNY."""
    own = payment.amount - payment.allocated - payment.refunding - payment.refunded
    account = queries.on_account(
        org_id=payment.org_id, customer_id=payment.customer_id, actor=actor
    )
    return max(min(own, account), ZERO)


def _wanted(payment: Payment, bill_ids: Sequence[UUID], actor: Actor) -> list[Bill]:
    """The bills named, or all open ones but deposits in the operator's order."""
    rows = Bill.objects.filter(org_id=payment.org_id, customer_id=payment.customer_id)
    if bill_ids:
        found = {bill.id: bill for bill in rows.filter(id__in=list(bill_ids))}
        if len(found) != len(set(bill_ids)):
            raise NothingToPay(_("Choose open bills of this customer."))
        return [found[bill_id] for bill_id in dict.fromkeys(bill_ids)]
    still_open = rows.filter(kind=BillKind.CHARGE, balance__open_amount__gt=0)
    oldest = list(still_open.order_by("due_on", "id"))
    return in_order({payment.id: oldest}, actor=actor)[payment.id]


@verb
def allocate(
    *,
    payment_id: UUID,
    actor: Actor,
    at: datetime,
    bill_ids: Sequence[UUID] = (),
    amount: Decimal | None = None,
) -> PaymentAllocated:
    """Let what a payment has on account settle bills of its customer.

    Without `bill_ids` all open bills but deposits, in the operator's order; without `amount` as
    far as the money reaches. Raises PaymentNotReceived, AllocationExceeds or NothingToPay.
    """
    payment = received_payment(payment_id, "billing.allocate", actor)
    free = free_of(payment, actor)
    wanted = free if amount is None else to_fen(amount)
    if not 0 < wanted <= free:
        raise AllocationExceeds(_("This payment has %(free)s on account.") % {"free": yuan(free)})
    bills = _wanted(payment, bill_ids, actor)
    settled = settle(
        money=Money(
            org_id=payment.org_id,
            bill_ids=[bill.id for bill in bills],
            amount=wanted,
            at=at,
            payment=payment,
        ),
        actor=actor,
    )
    if settled.amount == 0:
        raise NothingToPay(_("Choose open bills of this customer."))
    if amount is not None and settled.amount < wanted:
        raise AllocationExceeds(
            _("These bills have only %(open)s open.") % {"open": yuan(settled.amount)}
        )
    payment.allocated += settled.amount
    payment.save(update_fields=["allocated"])
    return PaymentAllocated(
        org_id=payment.org_id,
        actor_id=actor.id,
        at=at,
        payment_id=payment.id,
        customer_id=payment.customer_id,
        amount=settled.amount,
        bill_ids=settled.bill_ids,
    )


@verb
def unallocate(*, allocation_id: UUID, actor: Actor, at: datetime) -> PaymentUnallocated:
    """Take back what a payment gave to a bill: the bill is open again, the money on account.

    Raises AllocationUndone, DepositInUse, or PaymentNotReceived for what came from no payment.
    """
    found = Allocation.objects.visible_to(actor).get(id=allocation_id)
    actor.must("billing.unallocate", found.org_id)
    if found.payment_id is None:
        raise PaymentNotReceived(_("Only what a payment gave can be taken back."))
    payment = received_payment(found.payment_id, "billing.unallocate", actor)
    if found.undoes_id is not None or Allocation.objects.filter(undoes=found).exists():
        raise AllocationUndone(_("This was taken back before."))
    balance = BillBalance.objects.select_for_update().get(bill_id=found.bill_id)
    if balance.kind == BillKind.DEPOSIT:
        _must_not_be_held(found.bill_id)
    undone = Allocation.objects.create(
        org_id=found.org_id,
        payment=payment,
        bill_id=found.bill_id,
        customer_id=found.customer_id,
        amount=-found.amount,
        on=local_day(at),
        undoes=found,
    )
    balance.open_amount += found.amount
    balance.settled_on = None
    balance.save(update_fields=["open_amount", "settled_on"])
    payment.allocated -= found.amount
    payment.save(update_fields=["allocated"])
    ledger.post_entries(entries=[_taken_back(undone, balance)], actor=actor, at=at)
    return PaymentUnallocated(
        org_id=payment.org_id,
        actor_id=actor.id,
        at=at,
        payment_id=payment.id,
        allocation_id=found.id,
        bill_id=balance.bill_id,
        customer_id=balance.customer_id,
        vehicle_id=balance.vehicle_id,
        source_kind=balance.source_kind,
        source_id=balance.source_id,
        amount=found.amount,
    )


def _must_not_be_held(bill_id: UUID) -> None:
    deposit = Deposit.objects.select_for_update().filter(bill_id=bill_id).first()
    if deposit is not None and deposit.state != DepositState.DEMANDED:
        raise DepositInUse(_("This deposit is held; return it to give the money back."))


def _taken_back(undone: Allocation, balance: BillBalance) -> NewEntry:
    """The mirror of what `settle` posted."""
    amount = undone.amount
    is_deposit = balance.kind == BillKind.DEPOSIT
    parts = [(ON_ACCOUNT, amount), ("1122.02" if is_deposit else "1122", -amount)]
    if is_deposit:
        parts += [("2241.02", amount), ("2241.01", -amount)]
    return NewEntry(
        org_id=undone.org_id,
        kind="PAYMENT_UNALLOCATED",
        source_kind="billing.Allocation",
        source_id=undone.id,
        occurred_on=undone.on,
        postings=legs_of(
            *parts,
            customer_id=balance.customer_id,
            city=balance.city,
            vehicle_id=balance.vehicle_id,
        ),
    )


@verb
def reassign_payment(
    *, payment_id: UUID, customer_id: UUID, actor: Actor, at: datetime
) -> PaymentReassigned:
    """Put money that was taken for another customer's on the account of its true payer.

    Raises PaymentInUse while any of it settles bills or goes back.
    """
    payment = received_payment(payment_id, "billing.reassign_payment", actor)
    before = payment.customer_id
    if payment.allocated or payment.refunding or payment.refunded:
        raise PaymentInUse(_("Take back what this payment settles before giving it to another."))
    owner = crm.customer_refs(ids=(customer_id,), actor=actor).get(customer_id)
    if owner is None or owner.org_id != payment.org_id or customer_id == before:
        raise PaymentInUse(_("Choose another customer of the same operator."))
    city = city_of(payment.org_id, actor)
    payment.customer_id = customer_id
    payment.save(update_fields=["customer_id"])
    fact = PaymentReassigned(
        org_id=payment.org_id,
        actor_id=actor.id,
        at=at,
        payment_id=payment.id,
        customer_id=customer_id,
        customer_before_id=before,
        amount=payment.amount,
    )
    entry = NewEntry(
        org_id=payment.org_id,
        kind="PAYMENT_REASSIGNED",
        source_kind="billing.PaymentReassigned",
        source_id=fact.id,
        occurred_on=local_day(at),
        postings=(
            *legs_of((ON_ACCOUNT, payment.amount), customer_id=before, city=city),
            *legs_of((ON_ACCOUNT, -payment.amount), customer_id=customer_id, city=city),
        ),
    )
    ledger.post_entries(entries=[entry], actor=actor, at=at)
    return fact
