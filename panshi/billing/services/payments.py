"""Payments: started by a customer, received on a channel's word or by a clerk's record."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.core import signing
from django.utils.translation import gettext as _

from panshi.billing import channels
from panshi.billing.channels import port
from panshi.billing.events import (
    PaymentClosed,
    PaymentOpened,
    PaymentQueried,
    PaymentReceived,
    PaymentsRecorded,
    PaymentStarted,
)
from panshi.billing.models import (
    PAYMENT_LIFE,
    Bill,
    BillBalance,
    Channel,
    Payment,
    PaymentBill,
    PaymentState,
)
from panshi.billing.services.deposits import MONEY_ACCOUNT
from panshi.billing.services.ordering import in_order
from panshi.billing.services.settling import Money, settle_all
from panshi.kit import outbox
from panshi.kit.clock import local_day
from panshi.kit.ids import uuid7
from panshi.kit.money import ZERO, to_fen
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.ledger import services as ledger
from panshi.ledger.services import NewEntry, legs_of

KEY: Final = "payment-callbacks"
TOKEN_AGE: Final = timedelta(days=7)
ON_ITS_WAY: Final = (PaymentState.CREATED, PaymentState.PENDING)


class NothingToPay(Refusal):
    pass


class UnknownPayment(Refusal):
    pass


class PaymentNotOpen(Refusal):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPayment:
    """Money that arrived for bills of one customer, paid in the order given; `amount` in CNY."""

    bill_ids: Sequence[UUID]
    amount: Decimal
    received_at: datetime
    channel: str = Channel.BANK


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """Money that a bank statement shows; `bill_ids` are of this customer and may be none."""

    org_id: int
    customer_id: UUID
    bill_ids: Sequence[UUID]
    amount: Decimal
    received_at: datetime


def _locked(bill_ids: Collection[UUID], actor: Actor) -> dict[UUID, BillBalance]:
    """The balances of these bills, held until the transaction ends."""
    wanted = set(bill_ids)
    rows = BillBalance.objects.visible_to(actor).filter(bill_id__in=wanted)
    balances = {row.bill_id: row for row in rows.order_by("bill_id").select_for_update()}
    if missing := sorted(wanted - set(balances)):
        raise Bill.DoesNotExist(missing[0])
    return balances


def _begin(
    payments: Sequence[NewPayment], balances: Mapping[UUID, BillBalance], actor: Actor
) -> list[Payment]:
    """Write payments, each for bills of one customer. Raises NothingToPay."""
    made = [_payment(new, balances, actor) for new in payments]
    _write(made, [new.bill_ids for new in payments])
    return made


def _write(payments: Sequence[Payment], bill_ids: Sequence[Sequence[UUID]]) -> None:
    """Insert payments, each with the bills it is for, in the order given."""
    Payment.objects.bulk_create(payments)
    PaymentBill.objects.bulk_create(
        PaymentBill(
            org_id=payment.org_id,
            payment=payment,
            bill_id=bill_id,
            place=place,
            customer_id=payment.customer_id,
        )
        for payment, wanted in zip(payments, bill_ids, strict=True)
        for place, bill_id in enumerate(dict.fromkeys(wanted), start=1)
    )


def _numbered(
    *, org_id: int, customer_id: UUID, channel: str, amount: Decimal, started_at: datetime
) -> Payment:
    """A payment whose number for the channel follows from its id."""
    number = uuid7()
    return Payment(
        id=number,
        org_id=org_id,
        channel=Channel(channel),
        merchant_no=f"P{number.hex.upper()}",
        customer_id=customer_id,
        amount=amount,
        started_at=started_at,
    )


def _payment(new: NewPayment, balances: Mapping[UUID, BillBalance], actor: Actor) -> Payment:
    bills = [balances[bill_id] for bill_id in dict.fromkeys(new.bill_ids)]
    owners = {(row.org_id, row.customer_id) for row in bills}
    amount = to_fen(new.amount)
    if len(owners) != 1 or not any(row.open_amount for row in bills):
        raise NothingToPay(_("Choose open bills of one customer."))
    if amount <= 0:
        raise NothingToPay(_("The amount must be above zero."))
    ((org_id, customer_id),) = owners
    actor.must_be(customer_id)
    return _numbered(
        org_id=org_id,
        customer_id=customer_id,
        channel=new.channel,
        amount=amount,
        started_at=new.received_at,
    )


@verb
def start_payment(
    *, bill_ids: Sequence[UUID], channel: str, actor: Actor, at: datetime
) -> PaymentStarted:
    """Ask a channel for the open amount of bills of one customer.

    Raises NothingToPay or ChannelNotOffered.
    """
    channels.of(channel)
    balances = _locked(bill_ids, actor)
    total = sum((row.open_amount for row in balances.values()), ZERO)
    new = NewPayment(bill_ids=bill_ids, amount=total, received_at=at, channel=channel)
    (payment,) = _begin([new], balances, actor)
    actor.must("billing.start_payment", payment.org_id)
    return PaymentStarted(
        org_id=payment.org_id,
        actor_id=actor.id,
        at=at,
        payment_id=payment.id,
        merchant_no=payment.merchant_no,
        amount=payment.amount,
        customer_id=payment.customer_id,
    )


@verb
def open_payment(
    *,
    payment_id: UUID,
    channel: str,
    actor: Actor,
    at: datetime,
    notify_url: str = "",
    return_url: str = "",
    phone: bool = False,
    payer_ip: str = "",
) -> PaymentOpened:
    """Place the order at the channel; answers the address to open or the code to scan.

    Asked again it answers the same. Raises PaymentNotOpen, ChannelNotOffered, ChannelSilent,
    ChannelRefused.
    """
    payment = Payment.objects.visible_to(actor).select_for_update().get(id=payment_id)
    actor.must("billing.start_payment", payment.org_id)
    actor.must_be(payment.customer_id)
    if payment.state == PaymentState.CREATED:
        words = _("Payment %(number)s") % {"number": payment.merchant_no[-8:]}
        opening = channels.of(channel).create(
            port.Order(
                merchant_no=payment.merchant_no,
                amount=payment.amount,
                words=words,
                at=at,
                notify_url=notify_url,
                return_url=return_url,
                phone=phone,
                payer_ip=payer_ip,
            )
        )
        payment.state = PAYMENT_LIFE.step(payment.state, PaymentState.PENDING)
        payment.channel = Channel(channel)
        payment.target_kind, payment.pay_target = opening.kind, opening.target
        payment.save(update_fields=["state", "channel", "target_kind", "pay_target"])
    elif payment.state != PaymentState.PENDING or payment.channel != channel:
        raise PaymentNotOpen(_("This payment is closed, received or waits at another channel."))
    return PaymentOpened(
        org_id=payment.org_id,
        actor_id=actor.id,
        at=at,
        payment_id=payment.id,
        channel=payment.channel,
        kind=payment.target_kind,
        target=payment.pay_target,
    )


@verb
def close_payment(*, payment_id: UUID, actor: Actor, at: datetime) -> PaymentClosed:
    """Give up a payment that nobody made, at its channel too.

    A notice that comes later moves no money; the channel, asked, may still say that it was paid.
    Raises IllegalMove, ChannelSilent, or ChannelRefused when the channel holds the money.
    """
    payment = Payment.objects.visible_to(actor).select_for_update().get(id=payment_id)
    actor.must("billing.close_payment", payment.org_id)
    actor.must_be(payment.customer_id)
    here = PaymentState(payment.state)
    payment.state = PAYMENT_LIFE.step(here, PaymentState.CLOSED)
    if here == PaymentState.PENDING and payment.channel != Channel.BANK:
        channels.of(payment.channel).close(merchant_no=payment.merchant_no, at=at)
    payment.save(update_fields=["state"])
    return PaymentClosed(org_id=payment.org_id, actor_id=actor.id, at=at, payment_id=payment.id)


@verb
def query_payment(*, payment_id: UUID, actor: Actor, at: datetime) -> PaymentQueried:
    """Ask the channel what became of a payment, and believe it.

    What arrived is booked, in the amount that arrived and even after closing. Raises
    ChannelNotOffered, ChannelSilent, ChannelRefused.
    """
    asked = Payment.objects.visible_to(actor).get(id=payment_id)
    actor.must("billing.query_payment", asked.org_id)
    # Asked before the row is locked: a slow channel must hold nobody up.
    standing = channels.of(asked.channel).query(merchant_no=asked.merchant_no, at=at)
    payment = Payment.objects.select_for_update().get(id=payment_id)
    received = None
    paid = standing.state == port.PAID and standing.currency == port.CNY
    if paid and payment.state in (*ON_ITS_WAY, PaymentState.CLOSED):
        received = take_payment(payment, standing=standing, actor=actor, at=at)
        outbox.publish(received, verb="billing.query_payment")
    elif standing.state == port.CLOSED and payment.state in ON_ITS_WAY:
        payment.state = PAYMENT_LIFE.step(payment.state, PaymentState.CLOSED)
    elif standing.state == port.FAILED and payment.state in ON_ITS_WAY:
        payment.state = PAYMENT_LIFE.step(payment.state, PaymentState.FAILED)
    payment.asked_channel_at = at
    payment.save(update_fields=["state", "asked_channel_at"])
    return PaymentQueried(
        org_id=payment.org_id,
        actor_id=actor.id,
        at=at,
        payment_id=payment.id,
        channel=payment.channel,
        said=standing.state,
        received=None if received is None else received.amount,
    )


def take_payment(
    payment: Payment, *, standing: port.Standing, actor: Actor, at: datetime
) -> PaymentReceived:
    """Book a locked payment on the channel's authoritative word. The caller tells the fact."""
    if standing.amount is not None and standing.amount != payment.amount:
        payment.asked_amount, payment.amount = payment.amount, standing.amount
    payment.received_at = standing.paid_at or at
    payment.channel_no = standing.channel_no or payment.channel_no
    payment.save(update_fields=["asked_amount", "amount", "received_at", "channel_no"])
    return _receive([payment], actor, at)[0]


def take_arrived(
    arrived: Sequence[Arrived], *, actor: Actor, at: datetime
) -> list[PaymentReceived]:
    """Book money that came by the bank, in the order given. The caller tells the facts."""
    if not arrived:
        return []
    made = [
        _numbered(
            org_id=money.org_id,
            customer_id=money.customer_id,
            channel=Channel.BANK,
            amount=money.amount,
            started_at=money.received_at,
        )
        for money in arrived
    ]
    for payment in made:
        payment.received_at = payment.started_at
    _write(made, [money.bill_ids for money in arrived])
    return _receive(made, actor, at)


def _succeed(payment: Payment) -> None:
    """Step to received, by way of waiting for one that nobody had seen open."""
    if payment.state == PaymentState.CREATED:
        payment.state = PAYMENT_LIFE.step(payment.state, PaymentState.PENDING)
    payment.state = PAYMENT_LIFE.step(payment.state, PaymentState.SUCCEEDED)


def _receive(payments: Sequence[Payment], actor: Actor, at: datetime) -> list[PaymentReceived]:
    """Book the money, settle the bills it was meant for, keep the rest on account.

    Each payment has its `received_at`; `at` is the moment of the record.
    """
    links = PaymentBill.objects.filter(payment__in=payments).select_related("bill")
    wanted: dict[UUID, list[Bill]] = {payment.id: [] for payment in payments}
    for link in links.order_by("place"):
        wanted[link.payment_id].append(link.bill)
    wanted = in_order(wanted, actor=actor)
    for payment in payments:
        _succeed(payment)
    ledger.post_entries(
        entries=[_entry(payment, wanted[payment.id]) for payment in payments], actor=actor, at=at
    )
    settled = settle_all(
        moneys=[
            Money(
                org_id=payment.org_id,
                bill_ids=[bill.id for bill in wanted[payment.id]],
                amount=payment.amount,
                at=payment.received_at or at,
                payment=payment,
            )
            for payment in payments
        ],
        actor=actor,
    )
    for payment, result in zip(payments, settled, strict=True):
        payment.allocated = result.amount
    Payment.objects.bulk_update(payments, ["state", "received_at", "allocated"])
    return [
        PaymentReceived(
            org_id=payment.org_id,
            actor_id=actor.id,
            at=payment.received_at or at,
            payment_id=payment.id,
            channel=payment.channel,
            customer_id=payment.customer_id,
            amount=payment.amount,
            allocated=payment.allocated,
            bill_ids=result.bill_ids,
        )
        for payment, result in zip(payments, settled, strict=True)
    ]


def _entry(payment: Payment, bills: Sequence[Bill]) -> NewEntry:
    """Money in, owed to the customer until bills take it."""
    return NewEntry(
        org_id=payment.org_id,
        kind="PAYMENT_RECEIVED",
        source_kind="billing.Payment",
        source_id=payment.id,
        occurred_on=local_day(payment.received_at or payment.started_at),
        postings=legs_of(
            (MONEY_ACCOUNT[Channel(payment.channel)], payment.amount),
            ("2203", -payment.amount),
            customer_id=payment.customer_id,
            city=bills[0].city if bills else "",
        ),
    )


@verb
def record_payment(
    *,
    bill_ids: Sequence[UUID],
    amount: Decimal,
    actor: Actor,
    at: datetime,
    channel: str = Channel.BANK,
) -> PaymentReceived:
    """Book money that a clerk saw arrive, for bills of one customer in the order given.

    Raises NothingToPay; more than is open stays with the customer on account.
    """
    new = NewPayment(bill_ids=bill_ids, amount=amount, received_at=at, channel=channel)
    return _record([new], "billing.record_payment", actor, at)[0]


@verb
def record_payments(
    *, payments: Sequence[NewPayment], actor: Actor, at: datetime
) -> PaymentsRecorded:
    """Book all that a bank statement shows to have arrived, each line for bills of one customer.

    All or nothing: raises NothingToPay for the first line that has no open bill.
    """
    received = _record(payments, "billing.record_payments", actor, at)
    outbox.publish_all(received, verb="billing.record_payments")
    return PaymentsRecorded(
        org_id=actor.org_id,
        actor_id=actor.id,
        at=at,
        payments=len(received),
        amount=sum((fact.amount for fact in received), ZERO),
        allocated=sum((fact.allocated for fact in received), ZERO),
    )


def _record(
    payments: Sequence[NewPayment], permission: str, actor: Actor, at: datetime
) -> list[PaymentReceived]:
    balances = _locked([bill_id for new in payments for bill_id in new.bill_ids], actor)
    made = _begin(payments, balances, actor)
    for org_id in {payment.org_id for payment in made}:
        actor.must(permission, org_id)
    for payment, new in zip(made, payments, strict=True):
        payment.received_at = new.received_at
    return _receive(made, actor, at)


def pay_token(*, payment_id: UUID) -> str:
    """The last part of a pay page's address: who holds it may see this payment and make it."""
    return signing.dumps(str(payment_id), salt=KEY)


def payment_of_token(*, token: str) -> UUID:
    """The payment behind a pay page's address. Raises UnknownPayment when forged or too old."""
    try:
        return UUID(signing.loads(token, salt=KEY, max_age=TOKEN_AGE))
    except signing.BadSignature as error:
        raise UnknownPayment(_("This payment link is no longer valid.")) from error
