"""Queued messages leave by their channels, receipts come back, what failed goes the next way."""

import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from panshi.kit import outbox
from panshi.kit.facts import Fact
from panshi.kit.personal import mask_address
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.notify import channels, rules
from panshi.notify.channels import ChannelRefused, ChannelSilent, Handed, NewReceipt, Outgoing
from panshi.notify.events import DeliveryFailed, MessagesHandedOver, ReceiptsRecorded
from panshi.notify.models import (
    MESSAGE_LIFE,
    Channel,
    ClassRule,
    Message,
    MessageState,
    Preference,
    Receipt,
    ReceiptWord,
)
from panshi.notify.services.sending import quiet_hours

_log = logging.getLogger(__name__)
BATCH: Final = 200
TRIES_FOR: Final = timedelta(hours=2)
"""A channel that does not answer is tried for this long before the next one is taken."""


@verb
def hand_over_messages(*, actor: Actor, at: datetime) -> MessagesHandedOver:
    """Give what may leave now to its channel; a message that no channel takes goes the next way.

    A channel takes our key of a message once, so a hand-over that is repeated after a crash
    reaches nobody twice.
    """
    actor.must("notify.send_messages", actor.org_id)
    due = list(
        Message.objects.filter(state=MessageState.QUEUED, not_before__lte=at)
        .select_for_update(skip_locked=True, of=("self",))
        .select_related("template")
        .order_by("not_before", "id")[:BATCH]
    )
    sent = delivered = 0
    lost: list[Message] = []
    for message in due:
        if message.channel == Channel.IN_APP:
            message.state = MESSAGE_LIFE.step(message.state, MessageState.DELIVERED)
            message.sent_at = message.ended_at = at
            delivered += 1
        elif reason := _send(message, at):
            lost.append(_failed(message, reason, at))
            continue
        elif message.state == MessageState.SENT:
            sent += 1
        else:
            continue
        message.save(update_fields=["state", "sent_at", "ended_at", "provider_id"])
    _go_on(lost, actor, at)
    return MessagesHandedOver(
        org_id=actor.org_id, actor_id=actor.id, at=at, sent=sent, delivered=delivered,
        failed=len(lost),
    )  # fmt: skip


def _send(message: Message, at: datetime) -> str:
    """Make a message SENT, or answer why its channel never will; a silent one is tried again."""
    channel = channels.offered().get(message.channel)
    if channel is None:
        return "NOT_OFFERED"
    address = message.address_by_channel.get(message.channel, "")
    if not address:
        return "NO_ADDRESS"
    outgoing = Outgoing(
        key=str(message.id),
        address=address,
        subject=message.subject,
        body=message.body or message.subject,
        approved_no=message.template.approved_no if message.template else "",
    )
    try:
        message.provider_id = channel.send(outgoing)[:80]
    except ChannelRefused as refusal:
        return str(refusal) or "REFUSED"
    except ChannelSilent as silence:
        _log.warning("%s does not answer: %s", message.channel, silence)
        tried_long = message.not_before is not None and at - message.not_before > TRIES_FOR
        return "CHANNEL_SILENT" if tried_long else ""
    message.state, message.sent_at = MESSAGE_LIFE.step(message.state, MessageState.SENT), at
    return ""


def _failed(message: Message, reason: str, at: datetime) -> Message:
    """The message as one that did not arrive; `_go_on` keeps it and takes the next way."""
    message.state = MESSAGE_LIFE.step(message.state, MessageState.FAILED)
    message.failure, message.ended_at = reason[:80], at
    return message


def _go_on(lost: Sequence[Message], actor: Actor, at: datetime) -> None:
    """Keep what failed and queue the next channel of each; tell where none is left."""
    if not lost:
        return
    class_rules = {rule.message_class: rule for rule in ClassRule.objects.all()}
    facts: list[Fact] = []
    following: list[Message] = []
    for message in lost:
        message.save(update_fields=["state", "failure", "ended_at"])
        if message.fallbacks:
            following.append(_next(message, class_rules, at))
            continue
        facts.append(
            DeliveryFailed(
                org_id=message.org_id,
                actor_id=actor.id,
                at=at,
                message_id=message.id,
                user_id=message.user_id,
                customer_id=message.customer_id,
                message_class=message.message_class,
                source_kind=message.source_kind,
                source_id=message.source_id,
                channel=message.channel,
                reason=message.failure,
            )
        )
    Message.objects.bulk_create(following, ignore_conflicts=True)
    outbox.publish_all(facts, verb="notify.hand_over_messages")


def _next(message: Message, class_rules: dict[str, ClassRule], at: datetime) -> Message:
    channel, *rest = message.fallbacks
    preference = Preference.objects.filter(
        user_id=message.user_id, customer_id=message.customer_id
    ).first()
    return Message(
        org_id=message.org_id,
        user_id=message.user_id,
        customer_id=message.customer_id,
        channel=channel,
        message_class=message.message_class,
        subject=message.subject,
        body=message.body,
        link=message.link,
        source_kind=message.source_kind,
        source_id=message.source_id,
        topic_id=message.topic_id,
        template=message.template,
        values=message.values,
        addresses=message.addresses,
        shown_address=mask_address(message.address_by_channel.get(channel, "")),
        fallbacks=rest,
        queued_at=at,
        not_before=rules.leaves_at(
            at=at,
            quiet=quiet_hours(class_rules.get(message.message_class), preference),
            key=str(message.id),
        ),
    )


@verb
def record_receipts(
    *, receipts: Sequence[NewReceipt], actor: Actor, at: datetime
) -> ReceiptsRecorded:
    """Take the channels' words on messages: each once, and none that lowers what is known."""
    actor.must("notify.record_receipts", actor.org_id)
    return _take(receipts, actor, at)


def _take(receipts: Sequence[NewReceipt], actor: Actor, at: datetime) -> ReceiptsRecorded:
    numbers = {receipt.provider_id for receipt in receipts}
    found = {
        (m.channel, m.provider_id): m
        for m in Message.objects.filter(provider_id__in=numbers).select_for_update().order_by("id")
    }
    seen = set(
        Receipt.objects.filter(receipt_id__in={r.receipt_id for r in receipts}).values_list(
            "channel", "receipt_id"
        )
    )
    taken = repeated = unknown = 0
    lost: list[Message] = []
    for receipt in receipts:
        message = found.get((receipt.channel, receipt.provider_id))
        if message is None:
            unknown += 1
            continue
        if (receipt.channel, receipt.receipt_id) in seen:
            repeated += 1
            continue
        seen.add((receipt.channel, receipt.receipt_id))
        taken += 1
        Receipt.objects.create(
            org_id=message.org_id,
            message=message,
            channel=receipt.channel,
            receipt_id=receipt.receipt_id[:80],
            word=ReceiptWord(receipt.word),
            detail=receipt.detail[:80],
            happened_at=receipt.happened_at,
            received_at=at,
        )
        if receipt.word == ReceiptWord.FAILED:
            if MESSAGE_LIFE.allows(message.state, MessageState.FAILED):
                lost.append(_failed(message, receipt.detail or "FAILED", at))
        else:
            _arrived(message, receipt)
    _go_on(lost, actor, at)
    return ReceiptsRecorded(
        org_id=actor.org_id, actor_id=actor.id, at=at, taken=taken, repeated=repeated,
        unknown=unknown,
    )  # fmt: skip


def _arrived(message: Message, receipt: NewReceipt) -> None:
    if MESSAGE_LIFE.allows(message.state, MessageState.DELIVERED):
        message.state, message.ended_at = MessageState.DELIVERED, receipt.happened_at
    if receipt.word == ReceiptWord.READ and message.state == MessageState.DELIVERED:
        message.read_at = message.read_at or receipt.happened_at
    message.save(update_fields=["state", "ended_at", "read_at"])


@verb
def collect_receipts(*, actor: Actor, at: datetime) -> ReceiptsRecorded:
    """Ask the channels what became of what they have; one that keeps silent too long has failed.

    How long is a matter of the message's class.
    """
    actor.must("notify.record_receipts", actor.org_id)
    under_way: dict[str, list[Message]] = defaultdict(list)
    for message in Message.objects.filter(state=MessageState.SENT).order_by("sent_at")[:1000]:
        under_way[message.channel].append(message)
    receipts: list[NewReceipt] = []
    for code, messages in under_way.items():
        channel = channels.offered().get(code)
        if channel is None:
            continue
        handed = [
            Handed(
                provider_id=m.provider_id,
                address=m.address_by_channel.get(code, ""),
                sent_at=m.sent_at,
            )
            for m in messages
            if m.sent_at is not None
        ]
        try:
            receipts += channel.receipts(handed, at=at)
        except ChannelSilent as silence:
            _log.warning("%s does not answer: %s", code, silence)
    fact = _take(receipts, actor, at)
    _give_up(actor, at)
    return fact


def _give_up(actor: Actor, at: datetime) -> None:
    """What was sent long ago and has no receipt counts as failed, where receipts are given."""
    telling = [code for code, channel in channels.offered().items() if channel.tells_delivery]
    late: list[Message] = []
    for rule in ClassRule.objects.all():
        overdue = Message.objects.filter(
            state=MessageState.SENT,
            channel__in=telling,
            message_class=rule.message_class,
            sent_at__lt=at - timedelta(minutes=rule.receipt_minutes),
        )
        locked = overdue.select_for_update().order_by("id")[:BATCH]
        late += [_failed(message, "NO_RECEIPT", at) for message in locked]
    _go_on(late, actor, at)
