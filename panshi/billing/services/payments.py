"""Payments: started by a customer, received by a channel's signed notice or a clerk's record."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
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
    PaymentsRecorded,
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
from panshi.billing.services.settling import Money, settle_all
from panshi.kit import outbox
from panshi.kit.clock import local_day
from panshi.kit.ids import uuid7
from panshi.kit.money import ZERO, to_fen
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor, acting, hq_actor, verb_depth
from panshi.kit.verbs import verb
from panshi.ledger import services as ledger
from panshi.ledger.services import NewEntry, legs_of

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


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPayment:
    """Money that arrived for bills of one customer, paid in the order given; `amount` in CNY."""

    bill_ids: Sequence[UUID]
    amount: Decimal
    received_at: datetime
    channel: str = Channel.BANK


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
    Payment.objects.bulk_create(made)
    PaymentBill.objects.bulk_create(
        PaymentBill(
            org_id=payment.org_id,
            payment=payment,
            bill_id=bill_id,
            place=place,
            customer_id=payment.customer_id,
        )
        for payment, new in zip(made, payments, strict=True)
        for place, bill_id in enumerate(dict.fromkeys(new.bill_ids), start=1)
    )
    return made


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
    number = uuid7()
    return Payment(
        id=number,
        org_id=org_id,
        channel=Channel(new.channel),
        merchant_no=f"P{number.hex.upper()}",
        customer_id=customer_id,
        amount=amount,
        started_at=new.received_at,
    )


@verb
def start_payment(
    *, bill_ids: Sequence[UUID], channel: str, actor: Actor, at: datetime
) -> PaymentStarted:
    """Ask a channel for the open amount of bills of one customer. Raises NothingToPay."""
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
def close_payment(*, payment_id: UUID, actor: Actor, at: datetime) -> PaymentClosed:
    """Give up a payment that nobody made; a notice that comes later moves no money."""
    payment = Payment.objects.visible_to(actor).select_for_update().get(id=payment_id)
    actor.must("billing.close_payment", payment.org_id)
    actor.must_be(payment.customer_id)
    payment.state = PAYMENT_LIFE.step(payment.state, PaymentState.CLOSED)
    payment.save(update_fields=["state"])
    return PaymentClosed(org_id=payment.org_id, actor_id=actor.id, at=at, payment_id=payment.id)


def _receive(payments: Sequence[Payment], actor: Actor, at: datetime) -> list[PaymentReceived]:
    """Book the money, settle the bills it was meant for, keep the rest on account.

    Each payment has its `received_at`; `at` is the moment of the record.
    """
    links = PaymentBill.objects.filter(payment__in=payments).select_related("bill")
    wanted: dict[UUID, list[Bill]] = {payment.id: [] for payment in payments}
    for link in links.order_by("place"):
        wanted[link.payment_id].append(link.bill)
    for payment in payments:
        payment.state = PAYMENT_LIFE.step(payment.state, PaymentState.SUCCEEDED)
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
def receive_payment(*, payment_id: UUID, actor: Actor, at: datetime) -> PaymentReceived:
    """Book a payment that the channel, asked by us, confirms as made."""
    payment = Payment.objects.visible_to(actor).select_for_update().get(id=payment_id)
    actor.must("billing.receive_payment", payment.org_id)
    payment.received_at = at
    return _receive([payment], actor, at)[0]


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
