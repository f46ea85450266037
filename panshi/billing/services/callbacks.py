"""Notices of payment channels: kept whatever they are worth, believed only when all agrees."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _

from panshi.billing import channels
from panshi.billing.channels import port
from panshi.billing.channels.port import Notice
from panshi.billing.events import CallbackRecorded, PaymentReceived, RefundFailed, RefundPaid
from panshi.billing.models import Callback, Payment, Refund, RefundState, Verdict
from panshi.billing.services.payments import (
    ON_ITS_WAY,
    PaymentNotOpen,
    UnknownPayment,
    take_payment,
)
from panshi.billing.services.refunds import end_refund
from panshi.kit import outbox
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor, acting, hq_actor, verb_depth

Moved = PaymentReceived | RefundPaid | RefundFailed


class ForgedCallback(Refusal):
    """The signature is not the channel's, or the notice is too old or meant for somebody else."""


class AmountMismatch(Refusal):
    pass


class CallbackRepeated(Refusal):
    pass


@dataclass(frozen=True, slots=True)
class _Found:
    """What of ours a notice speaks of, locked."""

    payment: Payment | None
    refund: Refund | None


def record_callback(
    *, channel: str, headers: Mapping[str, str], body: bytes, actor: Actor, at: datetime
) -> Moved | CallbackRecorded:
    """Take a channel's notice as it came: the door through which its money comes in.

    A forged, unknown, repeated, late or wrong-amount notice is kept first and then refused with
    ForgedCallback, UnknownPayment, CallbackRepeated, PaymentNotOpen or AmountMismatch; the channel
    is asked about such a payment (`doubtful_payments`). One that tells no news is kept and answered
    by CallbackRecorded. The notice speaks for any organisation, so it is taken as headquarters
    whoever the actor is. Raises port.Garbage and ChannelNotOffered, keeping nothing.
    """
    notice = channels.of(channel).parse_callback(headers=headers, body=body, at=at)
    # Not a verb: a verb's refusal would undo the record of the notice that it refuses.
    by = hq_actor(actor.org_id)
    with verb_depth(), acting(by, to_write=True):
        fact, moved = _take(channel, notice, hashlib.sha256(body).hexdigest(), by, at)
        outbox.publish(fact, verb="billing.record_callback")
    if moved is not None:
        return moved
    if fact.repeated:
        raise CallbackRepeated(_("This notice was received before."))
    if fact.verdict in (Verdict.NO_NEWS, Verdict.ACCEPTED):
        return fact
    raise _refusal(Verdict(fact.verdict))


def _take(
    channel: str, notice: Notice, sha256: str, actor: Actor, at: datetime
) -> tuple[CallbackRecorded, Moved | None]:
    """Keep the notice with our verdict, and move the money if it is true and new."""
    found = _find(channel, notice)
    verdict = _verdict(notice, found)
    about = found.refund or found.payment
    callback, new = Callback.objects.get_or_create(
        channel=channel,
        notification_id=notice.notification_id,
        sha256=sha256,
        authentic=notice.fault not in ("FORGED", "STALE"),
        defaults={
            "org_id": about.org_id if about else None,
            "payment": found.payment,
            "kind": notice.kind,
            "merchant_no": notice.refund_no or notice.merchant_no,
            "amount": notice.amount,
            "verdict": verdict,
            "received_at": at,
        },
    )
    moved: Moved | None = None
    if not new:
        callback.times += 1
        callback.save(update_fields=["times"])
    elif verdict == Verdict.ACCEPTED and found.payment is not None:
        moved = _move(notice, found.payment, found.refund, actor, at)
        outbox.publish(moved, verb="billing.record_callback")
    fact = CallbackRecorded(
        org_id=about.org_id if about else actor.org_id,
        actor_id=actor.id,
        at=at,
        callback_id=callback.id,
        channel=channel,
        verdict=callback.verdict,
        repeated=not new,
        payment_id=found.payment.id if found.payment else None,
    )
    return fact, moved


def _move(
    notice: Notice, payment: Payment, refund: Refund | None, actor: Actor, at: datetime
) -> Moved:
    """End the refund that the notice is about, or book the payment."""
    if refund is not None:
        done = notice.state == port.PAID
        words = "" if done else notice.state
        return end_refund(refund, payment, paid=done, words=words, actor=actor, at=at)
    standing = port.Standing(
        state=notice.state, channel_no=notice.channel_no, paid_at=notice.paid_at
    )
    return take_payment(payment, standing=standing, actor=actor, at=at)


def _find(channel: str, notice: Notice) -> _Found:
    refund = None
    payments = Payment.objects.filter(channel=channel, merchant_no=notice.merchant_no)
    if notice.kind == port.REFUND:
        refunds = Refund.objects.filter(channel=channel, number=notice.refund_no)
        if found := refunds.first():
            payments = Payment.objects.filter(refunds=found)
    # The payment first, as every verb that moves its money locks it first.
    payment = payments.select_for_update().first()
    if notice.kind == port.REFUND:
        refund = refunds.select_for_update().first()
    return _Found(payment, refund)


def _verdict(notice: Notice, found: _Found) -> Verdict:
    if notice.fault:
        return Verdict(notice.fault)
    if notice.kind == port.REFUND:
        if found.refund is None:
            return Verdict.UNKNOWN
        if notice.amount != found.refund.amount:
            return Verdict.AMOUNT
        if notice.state not in (port.PAID, port.FAILED):
            return Verdict.NO_NEWS
        open_still = found.refund.state == RefundState.SENT
        return Verdict.ACCEPTED if open_still else Verdict.STATE
    if found.payment is None:
        return Verdict.UNKNOWN
    if notice.state != port.PAID:
        return Verdict.NO_NEWS
    if notice.amount != found.payment.amount:
        return Verdict.AMOUNT
    return Verdict.ACCEPTED if found.payment.state in ON_ITS_WAY else Verdict.STATE


_ELSEWHERE: Final = frozenset(
    {Verdict.FORGED, Verdict.STALE, Verdict.MERCHANT, Verdict.APP, Verdict.CURRENCY}
)


def _refusal(verdict: Verdict) -> Refusal:
    if verdict in _ELSEWHERE:
        return ForgedCallback(_("This notice is not the channel's word to us."))
    if verdict == Verdict.UNKNOWN:
        return UnknownPayment(_("There is no such payment."))
    if verdict == Verdict.AMOUNT:
        return AmountMismatch(_("The notice names another amount than the payment."))
    return PaymentNotOpen(_("This payment is closed or was received before."))
