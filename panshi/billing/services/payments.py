"""Payments: started by a customer, received by a channel's signed notice or a clerk's record."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.utils.translation import gettext as _

from panshi.billing import rules
from panshi.billing.events import (
    CallbackRecorded,
    PaymentClosed,
    PaymentReceived,
    PaymentStarted,
)
from panshi.billing.models import (
    PAYMENT_LIFE,
    Bill,
    BillBalance,
    Callback,
    Channel,
    Payment,
    PaymentBill,
    PaymentState,
    Verdict,
)
from panshi.billing.services.deposits import MONEY_ACCOUNT
from panshi.billing.services.settling import settle
from panshi.kit import outbox
from panshi.kit.clock import local_day
from panshi.kit.ids import uuid7
from panshi.kit.money import ZERO, to_fen
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor, acting, hq_actor, verb_depth
from panshi.kit.verbs import verb
from panshi.ledger import services as ledger
from panshi.ledger.services import NewEntry, NewPosting

KEY: Final = "payment-callbacks"
TOKEN_AGE: Final = timedelta(days=7)


class NothingToPay(Refusal):
    pass


class UnknownPayment(Refusal):
    pass


class ForgedCallback(Refusal):
    pass


class AmountMismatch(Refusal):
    pass


class CallbackRepeated(Refusal):
    pass


class PaymentNotOpen(Refusal):
    pass


def _begin(
    bill_ids: Sequence[UUID], channel: str, amount: Decimal | None, actor: Actor, at: datetime
) -> Payment:
    """Write a payment for bills of one customer, paid in the order given."""
    rows = BillBalance.objects.visible_to(actor).filter(bill_id__in=list(bill_ids))
    balances = {row.bill_id: row for row in rows.order_by("bill_id").select_for_update()}
    if missing := [bill_id for bill_id in bill_ids if bill_id not in balances]:
        raise Bill.DoesNotExist(missing[0])
    owners = {(row.org_id, row.customer_id) for row in balances.values()}
    total = sum((row.open_amount for row in balances.values()), ZERO)
    if len(owners) != 1 or total == 0:
        raise NothingToPay(_("Choose open bills of one customer."))
    ((org_id, customer_id),) = owners
    actor.must_be(customer_id)
    number = uuid7()
    payment = Payment.objects.create(
        id=number,
        org_id=org_id,
        channel=Channel(channel),
        merchant_no=f"P{number.hex.upper()}",
        customer_id=customer_id,
        amount=total if amount is None else to_fen(amount),
        started_at=at,
    )
    PaymentBill.objects.bulk_create(
        PaymentBill(
            org_id=org_id, payment=payment, bill_id=bill_id, place=place, customer_id=customer_id
        )
        for place, bill_id in enumerate(dict.fromkeys(bill_ids), start=1)
    )
    return payment


@verb
def start_payment(
    *, bill_ids: Sequence[UUID], channel: str, actor: Actor, at: datetime
) -> PaymentStarted:
    """Ask a channel for the open amount of bills of one customer. Raises NothingToPay."""
    payment = _begin(bill_ids, channel, None, actor, at)
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
def close_payment(*, payment_id: UUID, actor: Actor, at: datetime) -> PaymentClosed:
    """Give up a payment that nobody made; a notice that comes later moves no money."""
    payment = Payment.objects.visible_to(actor).select_for_update().get(id=payment_id)
    actor.must("billing.close_payment", payment.org_id)
    actor.must_be(payment.customer_id)
    payment.state = PAYMENT_LIFE.step(payment.state, PaymentState.CLOSED)
    payment.save(update_fields=["state"])
    return PaymentClosed(org_id=payment.org_id, actor_id=actor.id, at=at, payment_id=payment.id)


def _receive(payment: Payment, actor: Actor, at: datetime) -> PaymentReceived:
    """Book the money, settle the bills it was meant for, keep the rest on account."""
    payment.state = PAYMENT_LIFE.step(payment.state, PaymentState.SUCCEEDED)
    payment.received_at = at
    wanted = list(payment.bills.order_by("place").select_related("bill"))
    city = wanted[0].bill.city if wanted else ""
    legs = (
        (MONEY_ACCOUNT[Channel(payment.channel)], payment.amount),
        ("2203", -payment.amount),
    )
    ledger.post_entries(
        entries=[
            NewEntry(
                org_id=payment.org_id,
                kind="PAYMENT_RECEIVED",
                source_kind="billing.Payment",
                source_id=payment.id,
                occurred_on=local_day(at),
                postings=tuple(
                    NewPosting(
                        account=account, amount=amount, customer_id=payment.customer_id, city=city
                    )
                    for account, amount in legs
                ),
            )
        ],
        actor=actor,
        at=at,
    )
    settled = settle(
        org_id=payment.org_id,
        bill_ids=[row.bill_id for row in wanted],
        amount=payment.amount,
        payment=payment,
        actor=actor,
        at=at,
    )
    payment.allocated = settled.amount
    payment.save(update_fields=["state", "received_at", "allocated"])
    return PaymentReceived(
        org_id=payment.org_id,
        actor_id=actor.id,
        at=at,
        payment_id=payment.id,
        channel=payment.channel,
        customer_id=payment.customer_id,
        amount=payment.amount,
        allocated=settled.amount,
        bill_ids=settled.bill_ids,
    )


@verb
def receive_payment(*, payment_id: UUID, actor: Actor, at: datetime) -> PaymentReceived:
    """Book a payment that the channel, asked by us, confirms as made."""
    payment = Payment.objects.visible_to(actor).select_for_update().get(id=payment_id)
    actor.must("billing.receive_payment", payment.org_id)
    return _receive(payment, actor, at)


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
    payment = _begin(bill_ids, channel, amount, actor, at)
    actor.must("billing.record_payment", payment.org_id)
    return _receive(payment, actor, at)


def pay_token(*, payment_id: UUID) -> str:
    """The last part of a pay page's address: who holds it may see this payment and make it."""
    return signing.dumps(str(payment_id), salt=KEY)


def payment_of_token(*, token: str) -> UUID:
    """The payment behind a pay page's address. Raises UnknownPayment when forged or too old."""
    try:
        return UUID(signing.loads(token, salt=KEY, max_age=TOKEN_AGE))
    except signing.BadSignature as error:
        raise UnknownPayment(_("This payment link is no longer valid.")) from error


def callback_key() -> bytes:
    """The key that our channel simulator signs its notices with."""
    key: bytes = settings.HOME.secret(KEY)
    return key


def _verdict(payment: Payment | None, amount: Decimal, *, signed: bool) -> Verdict:
    if not signed:
        return Verdict.FORGED
    if payment is None:
        return Verdict.UNKNOWN
    if amount != payment.amount:
        return Verdict.AMOUNT
    if payment.state != PaymentState.PENDING:
        return Verdict.STATE
    return Verdict.ACCEPTED


@dataclass(frozen=True, slots=True)
class _Taken:
    fact: CallbackRecorded
    received: PaymentReceived | None


def _take(
    *,
    channel: str,
    notification_id: str,
    merchant_no: str,
    amount: Decimal,
    signature: str,
    actor: Actor,
    at: datetime,
) -> _Taken:
    """Keep the notice with our verdict, and book the payment if the notice is true and new."""
    signed = rules.is_signed(
        key=callback_key(),
        channel=channel,
        notification_id=notification_id,
        merchant_no=merchant_no,
        amount=amount,
        signature=signature,
    )
    rows = Payment.objects.filter(channel=channel, merchant_no=merchant_no)
    payment = rows.select_for_update().first()
    verdict = _verdict(payment, amount, signed=signed)
    raw = "\n".join((channel, notification_id, merchant_no, str(amount), signature))
    callback, new = Callback.objects.get_or_create(
        channel=channel,
        notification_id=notification_id,
        sha256=hashlib.sha256(raw.encode()).hexdigest(),
        defaults={
            "org_id": payment.org_id if payment else None,
            "payment": payment,
            "merchant_no": merchant_no,
            "amount": amount,
            "verdict": verdict,
            "received_at": at,
        },
    )
    received = None
    if not new:
        callback.times += 1
        callback.save(update_fields=["times"])
    elif payment is not None and verdict == Verdict.ACCEPTED:
        received = receive_payment(payment_id=payment.id, actor=actor, at=at)
    fact = CallbackRecorded(
        org_id=payment.org_id if payment else actor.org_id,
        actor_id=actor.id,
        at=at,
        callback_id=callback.id,
        channel=channel,
        verdict=callback.verdict,
        repeated=not new,
        payment_id=payment.id if payment else None,
    )
    return _Taken(fact, received)


def record_callback(
    *,
    channel: str,
    notification_id: str,
    merchant_no: str,
    amount: Decimal,
    signature: str,
    actor: Actor,
    at: datetime,
) -> PaymentReceived:
    """Take a channel's notice: the door through which its money comes in.

    A forged, unknown, repeated, late or wrong-amount notice is kept first and then refused with
    ForgedCallback, UnknownPayment, CallbackRepeated, PaymentNotOpen or AmountMismatch. The notice
    speaks for any organisation, so it is taken as headquarters whoever the actor is.
    """
    # Not a verb: a verb's refusal would undo the record of the notice that it refuses.
    by = hq_actor(actor.org_id)
    with verb_depth(), acting(by, to_write=True):
        taken = _take(
            channel=channel,
            notification_id=notification_id,
            merchant_no=merchant_no,
            amount=amount,
            signature=signature,
            actor=by,
            at=at,
        )
        outbox.publish(taken.fact, verb="billing.record_callback")
    if taken.received is not None:
        return taken.received
    if taken.fact.repeated:
        raise CallbackRepeated(_("This notice was received before."))
    raise _REFUSALS[Verdict(taken.fact.verdict)]()


def _forged() -> Refusal:
    return ForgedCallback(_("The signature of this notice is not the channel's."))


def _unknown() -> Refusal:
    return UnknownPayment(_("There is no such payment."))


def _mismatch() -> Refusal:
    return AmountMismatch(_("The notice names another amount than the payment."))


def _not_open() -> Refusal:
    return PaymentNotOpen(_("This payment is closed or was received before."))


_REFUSALS: Final = {
    Verdict.FORGED: _forged,
    Verdict.UNKNOWN: _unknown,
    Verdict.AMOUNT: _mismatch,
    Verdict.STATE: _not_open,
}
