"""Refunds: asked for, approved by somebody else, sent to the channel that paid, paid or failed."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from panshi.billing import channels, queries
from panshi.billing.channels import port
from panshi.billing.events import (
    DepositReturned,
    RefundApproved,
    RefundDeclined,
    RefundFailed,
    RefundPaid,
    RefundRequested,
    RefundSent,
)
from panshi.billing.models import (
    PAYMENT_LIFE,
    RECEIVED,
    REFUND_LIFE,
    Channel,
    Deposit,
    DepositMove,
    DepositMoveKind,
    Payment,
    PaymentState,
    Refund,
    RefundMove,
    RefundState,
)
from panshi.billing.services.bills import city_of
from panshi.billing.services.catalogue import SamePerson
from panshi.billing.services.deposits import MONEY_ACCOUNT, close_deposit
from panshi.kit import outbox
from panshi.kit.clock import local_day
from panshi.kit.ids import uuid7
from panshi.kit.money import to_fen, yuan
from panshi.kit.numbers import next_number
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.ledger import services as ledger
from panshi.ledger.services import NewEntry, legs_of

ON_ACCOUNT, REFUNDS_PAYABLE, RESERVED = "2203", "2241.08", "2241.09"


class RefundExceedsPayment(Refusal):
    pass


class PaymentNotReceived(Refusal):
    pass


class WrongChannel(Refusal):
    pass


class PayeeMissing(Refusal):
    pass


class NotByChannel(Refusal):
    """A refund by the bank is ended by the clerk who sees it on the statement."""


def lock_account(org_id: int, customer_id: UUID) -> None:
    """Let no one else use this customer's money on account until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 11))", [f"{org_id}/{customer_id}"]
        )


def received_payment(payment_id: UUID, permission: str, actor: Actor) -> Payment:
    """A received payment, locked behind its customer's account. Raises PaymentNotReceived."""
    found = Payment.objects.visible_to(actor).get(id=payment_id)
    actor.must(permission, found.org_id)
    lock_account(found.org_id, found.customer_id)
    payment = Payment.objects.select_for_update().get(id=payment_id)
    if payment.state not in RECEIVED:
        raise PaymentNotReceived(_("Nothing was received by this payment."))
    return payment


def _must_be_free(payment: Payment, amount: Decimal, actor: Actor) -> None:
    """Refuse more than the payment brought, or than the customer has on account."""
    left = payment.amount - payment.refunding - payment.refunded
    if amount > left:
        raise RefundExceedsPayment(
            _("Of this payment only %(left)s can still be refunded.") % {"left": yuan(left)}
        )
    free = queries.on_account(org_id=payment.org_id, customer_id=payment.customer_id, actor=actor)
    if amount > free:
        raise RefundExceedsPayment(
            _("Only %(free)s of this customer is not used by bills. Undo an allocation first.")
            % {"free": yuan(free)}
        )


def _entry(
    refund: Refund, move: RefundMove, kind: str, debit: str, credit: str, actor: Actor
) -> NewEntry:
    return NewEntry(
        org_id=refund.org_id,
        kind=kind,
        source_kind="billing.RefundMove",
        source_id=move.id,
        occurred_on=local_day(move.at),
        postings=legs_of(
            (debit, refund.amount),
            (credit, -refund.amount),
            customer_id=refund.customer_id,
            city=_city(refund, actor),
            vehicle_id=refund.deposit.vehicle_id if refund.deposit is not None else None,
        ),
    )


def _city(refund: Refund, actor: Actor) -> str:
    """Where the money was booked when it came in."""
    if refund.deposit is not None and refund.deposit.bill is not None:
        return refund.deposit.bill.city
    if refund.payment is None:
        return city_of(refund.org_id, actor)
    first = refund.payment.bills.select_related("bill").order_by("place").first()
    return first.bill.city if first is not None else city_of(refund.org_id, actor)


def move_refund(
    refund: Refund,
    state: RefundState,
    actor: Actor,
    at: datetime,
    *,
    words: str = "",
    entry: tuple[str, str, str] | None = None,
) -> None:
    """Step, note the move, and post its entry: (kind, debit, credit)."""
    if refund.state != state:
        refund.state = REFUND_LIFE.step(refund.state, state)
    refund.words = words[:200]
    refund.save()
    move = RefundMove.objects.create(
        org_id=refund.org_id,
        refund=refund,
        state=state,
        number=refund.number,
        words=refund.words,
        at=at,
        by_id=actor.id,
    )
    if entry is not None:
        ledger.post_entries(entries=[_entry(refund, move, *entry, actor)], actor=actor, at=at)


@verb
def refund_payment(
    *,
    payment_id: UUID,
    amount: Decimal,
    reason: str,
    actor: Actor,
    at: datetime,
    channel: str = "",
    payee: str = "",
    account: str = "",
) -> RefundRequested:
    """Ask that money on a customer's account goes back; another person approves it.

    It goes by the channel that brought it; `channel` BANK sends it to `payee` and `account`
    instead. Raises PaymentNotReceived, RefundExceedsPayment, WrongChannel or PayeeMissing.
    """
    payment = received_payment(payment_id, "billing.refund_payment", actor)
    amount = to_fen(amount)
    if amount <= 0:
        raise RefundExceedsPayment(_("The amount must be above zero."))
    by = Channel(channel or payment.channel)
    if by not in (payment.channel, Channel.BANK):
        raise WrongChannel(_("Money goes back by the channel that brought it, or by the bank."))
    if by == Channel.BANK and not (payee.strip() and account.strip()):
        raise PayeeMissing(_("Name the payee and the account of a bank transfer."))
    _must_be_free(payment, amount, actor)
    refund = numbered_refund(
        org_id=payment.org_id,
        payment=payment,
        customer_id=payment.customer_id,
        channel=by,
        amount=amount,
        reason=reason.strip()[:200],
        payee=payee.strip()[:80] if by == Channel.BANK else "",
        account=account.strip() if by == Channel.BANK else "",
        asked_by_id=actor.id,
        asked_at=at,
    )
    payment.refunding += amount
    payment.save(update_fields=["refunding"])
    move_refund(
        refund,
        RefundState.ASKED,
        actor,
        at,
        entry=("REFUND_ASKED", ON_ACCOUNT, REFUNDS_PAYABLE),
    )
    return RefundRequested(
        org_id=refund.org_id,
        actor_id=actor.id,
        at=at,
        refund_id=refund.id,
        payment_id=payment.id,
        customer_id=refund.customer_id,
        channel=refund.channel,
        amount=amount,
        reason=reason,
    )


def numbered_refund(**fields: Any) -> Refund:
    """A refund of these fields, with the next number of its book and year.

    Books that share a merchant share the channel's names of refunds: the end of the id keeps them
    apart.
    """
    found = uuid7()
    series = f"R{local_day(fields['asked_at']).year}"
    number = next_number(org_id=fields["org_id"], series=series)
    return Refund(id=found, number=f"{number}-{found.hex[-6:].upper()}", **fields)


def _numbered_again(refund: Refund) -> str:
    """The number of a further attempt, which the channel takes for another refund."""
    first = RefundMove.objects.filter(refund=refund).order_by("at", "id").first()
    return f"{first.number if first else refund.number}-{refund.attempts + 1}"


def locked_refund(refund_id: UUID, permission: str, actor: Actor) -> tuple[Refund, Payment | None]:
    """A refund and its payment, if any, the customer's account locked before them."""
    found = Refund.objects.visible_to(actor).get(id=refund_id)
    actor.must(permission, found.org_id)
    lock_account(found.org_id, found.customer_id)
    known = [] if found.payment_id is None else [found.payment_id]
    payment = Payment.objects.select_for_update().filter(id__in=known).first()
    return Refund.objects.select_for_update().get(id=refund_id), payment


@verb
def approve_refund(*, refund_id: UUID, actor: Actor, at: datetime) -> RefundApproved:
    """Agree to a refund that somebody else asked for. Raises SamePerson or PayeeMissing."""
    refund, _payment = locked_refund(refund_id, "billing.approve_refund", actor)
    if refund.asked_by_id == actor.id:
        raise SamePerson(_("Another person has to approve this."))
    if refund.channel == Channel.BANK and not refund.account:
        raise PayeeMissing(_("Name the payee and the account of a bank transfer."))
    refund.decided_by_id, refund.decided_at = actor.id, at
    move_refund(refund, RefundState.APPROVED, actor, at)
    return RefundApproved(
        org_id=refund.org_id,
        actor_id=actor.id,
        at=at,
        refund_id=refund.id,
        customer_id=refund.customer_id,
        amount=refund.amount,
    )


@verb
def decline_refund(*, refund_id: UUID, reason: str, actor: Actor, at: datetime) -> RefundDeclined:
    """Say no to a refund that somebody else asked for; the money stays where it was.

    Raises SamePerson.
    """
    refund, payment = locked_refund(refund_id, "billing.approve_refund", actor)
    if refund.asked_by_id == actor.id:
        raise SamePerson(_("Another person has to decide this."))
    REFUND_LIFE.step(refund.state, RefundState.DECLINED)
    refund.decided_by_id, refund.decided_at, refund.ended_at = actor.id, at, at
    entry = None
    if refund.deposit_id is not None:
        deposit = locked_of(refund)
        deposit.returning -= refund.amount
        deposit.save(update_fields=["returning"])
    elif payment is not None:
        payment.refunding -= refund.amount
        payment.save(update_fields=["refunding"])
        entry = ("REFUND_DECLINED", REFUNDS_PAYABLE, ON_ACCOUNT)
    move_refund(refund, RefundState.DECLINED, actor, at, words=reason, entry=entry)
    return RefundDeclined(
        org_id=refund.org_id,
        actor_id=actor.id,
        at=at,
        refund_id=refund.id,
        customer_id=refund.customer_id,
        reason=reason,
    )


@verb
def send_refund(*, refund_id: UUID, actor: Actor, at: datetime) -> RefundSent:
    """Let an approved refund go, or one that failed go again under a new number.

    The worker hands it to the channel within a minute; a bank transfer is made by the clerk.
    Raises RefundExceedsPayment when the money of a failed one was used meanwhile.
    """
    refund, payment = locked_refund(refund_id, "billing.send_refund", actor)
    again = refund.state == RefundState.FAILED
    REFUND_LIFE.step(refund.state, RefundState.SENT)
    from_account = refund.deposit_id is None and payment is not None
    if again and payment is not None and from_account:
        _must_be_free(payment, refund.amount, actor)
        payment.refunding += refund.amount
        payment.save(update_fields=["refunding"])
    if again:
        refund.number = _numbered_again(refund)
    refund.attempts += 1
    refund.sent_at, refund.ended_at = at, None
    move_refund(
        refund,
        RefundState.SENT,
        actor,
        at,
        entry=("REFUND_SENT_AGAIN", ON_ACCOUNT, REFUNDS_PAYABLE)
        if again and from_account
        else None,
    )
    return _sent(refund, actor, at)


def _sent(refund: Refund, actor: Actor, at: datetime) -> RefundSent:
    return RefundSent(
        org_id=refund.org_id,
        actor_id=actor.id,
        at=at,
        refund_id=refund.id,
        customer_id=refund.customer_id,
        number=refund.number,
        channel=refund.channel,
        amount=refund.amount,
    )


def end_refund(
    refund: Refund, payment: Payment | None, *, paid: bool, words: str, actor: Actor, at: datetime
) -> RefundPaid | RefundFailed:
    """Book what became of a refund under way; both are locked. The caller tells the fact."""
    target = RefundState.PAID if paid else RefundState.FAILED
    REFUND_LIFE.step(refund.state, target)
    money = MONEY_ACCOUNT[Channel(refund.channel)]
    entry: tuple[str, str, str] | None
    if refund.deposit_id is not None:
        entry = ("DEPOSIT_RETURNED", RESERVED, money) if paid else None
        if paid:
            _has_gone(refund, actor, at)
    else:
        assert payment is not None
        _end_on_account(refund, payment, paid)
        entry = (
            ("REFUND_PAID", REFUNDS_PAYABLE, money)
            if paid
            else ("REFUND_FAILED", REFUNDS_PAYABLE, ON_ACCOUNT)
        )
    refund.ended_at = at
    move_refund(refund, target, actor, at, words=words, entry=entry)
    kind = RefundPaid if paid else RefundFailed
    return kind(
        org_id=refund.org_id,
        actor_id=actor.id,
        at=at,
        refund_id=refund.id,
        payment_id=refund.payment_id,
        customer_id=refund.customer_id,
        channel=refund.channel,
        amount=refund.amount,
        words=refund.words,
    )


def _end_on_account(refund: Refund, payment: Payment, paid: bool) -> None:
    payment.refunding -= refund.amount
    if paid:
        payment.refunded += refund.amount
        if payment.state == PaymentState.SUCCEEDED:
            payment.state = PAYMENT_LIFE.step(payment.state, PaymentState.PART_REFUNDED)
        if payment.refunded == payment.amount:
            payment.state = PAYMENT_LIFE.step(payment.state, PaymentState.REFUNDED)
    payment.save(update_fields=["refunding", "refunded", "state"])


def locked_of(refund: Refund) -> Deposit:
    """The deposit that a refund gives back, locked."""
    return Deposit.objects.select_for_update().get(refunds=refund)


def _has_gone(refund: Refund, actor: Actor, at: datetime) -> None:
    """Take from the deposit what has reached the customer, and tell it."""
    deposit = locked_of(refund)
    deposit.returning -= refund.amount
    deposit.reserved -= refund.amount
    deposit.held -= refund.amount
    deposit.returned += refund.amount
    close_deposit(deposit)
    DepositMove.objects.create(
        org_id=deposit.org_id, deposit=deposit, kind=DepositMoveKind.RETURNED,
        amount=refund.amount, at=at, by_id=actor.id,
    )  # fmt: skip
    outbox.publish(
        DepositReturned(
            org_id=deposit.org_id,
            actor_id=actor.id,
            at=at,
            deposit_id=deposit.id,
            source_kind=deposit.source_kind,
            source_id=deposit.source_id,
            customer_id=deposit.customer_id,
            amount=refund.amount,
        )
    )


@verb
def query_refund(*, refund_id: UUID, actor: Actor, at: datetime) -> RefundSent:
    """Hand a sent refund to its channel and hear what became of it; nothing is paid twice.

    Answers the refund as it was sent; RefundPaid or RefundFailed is told when it has ended. Raises
    NotByChannel, IllegalMove unless it is under way, ChannelSilent or ChannelRefused.
    """
    found = Refund.objects.visible_to(actor).select_related("payment").get(id=refund_id)
    actor.must("billing.send_refund", found.org_id)
    REFUND_LIFE.step(found.state, RefundState.PAID)
    if found.channel == Channel.BANK or found.payment is None:
        raise NotByChannel(_("A bank transfer is ended by the clerk who sees it on the statement."))
    # Asked before anything is locked; the channel knows the number and pays it once.
    said = channels.of(found.channel).refund(
        port.RefundOrder(
            number=found.number,
            merchant_no=found.payment.merchant_no,
            amount=found.amount,
            paid=found.payment.amount,
            words=found.reason,
            at=at,
        )
    )
    refund, payment = locked_refund(refund_id, "billing.send_refund", actor)
    if refund.number == found.number and refund.state == RefundState.SENT:
        refund.channel_no = said.channel_no
        if said.state == port.OPEN:
            refund.save(update_fields=["channel_no"])
        else:
            done = said.state == port.PAID
            words = "" if done else said.words
            ended = end_refund(refund, payment, paid=done, words=words, actor=actor, at=at)
            outbox.publish(ended, verb="billing.query_refund")
    return _sent(refund, actor, at)


@verb
def conclude_refund(
    *, refund_id: UUID, paid: bool, actor: Actor, at: datetime, words: str = ""
) -> RefundPaid | RefundFailed:
    """Note that a bank transfer to a customer has left, or has come back.

    Raises WrongChannel for a refund by a payment channel, whose own word counts, and IllegalMove.
    """
    refund, payment = locked_refund(refund_id, "billing.conclude_refund", actor)
    if refund.channel != Channel.BANK:
        raise WrongChannel(_("Ask the channel what became of this refund."))
    return end_refund(refund, payment, paid=paid, words=words, actor=actor, at=at)
