"""Questions about messages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet

from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.notify import channels, rules
from panshi.notify.models import (
    Channel,
    ClassRule,
    Message,
    MessageState,
    Preference,
    Template,
)

STATE_TONES: Final[Mapping[str, str]] = {
    "QUEUED": "idle",
    "SENT": "info",
    "DELIVERED": "ok",
    "FAILED": "bad",
    "WITHDRAWN": "idle",
}


@dataclass(frozen=True, slots=True)
class MessageRow:
    id: UUID
    subject: str
    body: str
    link: str
    channel: str
    state: str
    sent_at: datetime
    read_at: datetime | None


def _mine(actor: Actor) -> QuerySet[Message]:
    mine = Message.objects.filter(channel=Channel.IN_APP, state=MessageState.DELIVERED)
    if actor.customer_id is not None:
        return mine.filter(customer_id=actor.customer_id)
    return mine.filter(user_id=actor.id)


@question
def my_messages(*, actor: Actor, limit: int = 50) -> list[MessageRow]:
    """One's own messages in the app, newest first."""
    return [
        MessageRow(
            m.id, m.subject, m.body, m.link, m.channel, m.state, m.sent_at or m.created_at,
            m.read_at,
        )
        for m in _mine(actor).order_by("-id")[:limit]
    ]  # fmt: skip


@question
def unread_count(*, actor: Actor) -> int:
    """How many of one's own messages wait to be read."""
    return _mine(actor).filter(read_at=None).count()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRow:
    """One message over one channel, as the delivery record shows it; the address is masked."""

    id: UUID
    channel: str
    message_class: str
    subject: str
    state: str
    address: str
    user_id: UUID | None
    customer_id: UUID | None
    queued_at: datetime
    not_before: datetime | None
    sent_at: datetime | None
    ended_at: datetime | None
    failure: str
    source_kind: str
    source_id: str

    @property
    def channel_words(self) -> str:
        return str(Channel(self.channel).label)

    @property
    def state_words(self) -> str:
        return str(MessageState(self.state).label)

    @property
    def tone(self) -> str:
        return STATE_TONES[self.state]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryPage:
    rows: tuple[DeliveryRow, ...]
    total: int


def _delivery(m: Message) -> DeliveryRow:
    return DeliveryRow(
        id=m.id,
        channel=m.channel,
        message_class=m.message_class,
        subject=m.subject,
        state=m.state,
        address=m.shown_address,
        user_id=m.user_id,
        customer_id=m.customer_id,
        queued_at=m.queued_at or m.created_at,
        not_before=m.not_before,
        sent_at=m.sent_at,
        ended_at=m.ended_at,
        failure=m.failure,
        source_kind=m.source_kind,
        source_id=m.source_id,
    )


@question
def delivery_rows(
    *,
    actor: Actor,
    text: str = "",
    channel: str = "",
    state: str = "",
    message_class: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 50,
    offset: int = 0,
) -> DeliveryPage:
    """The delivery record, newest first; `text` is part of a subject."""
    found = Message.objects.visible_to(actor)
    for name, value in (("channel", channel), ("state", state), ("message_class", message_class)):
        if value:
            found = found.filter(**{name: value})
    if text:
        found = found.filter(subject__icontains=text)
    if since:
        found = found.filter(created_at__gte=since)
    if until:
        found = found.filter(created_at__lt=until)
    rows = tuple(_delivery(m) for m in found.order_by("-id")[offset : offset + limit])
    return DeliveryPage(rows=rows, total=found.count())


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptRow:
    word: str
    detail: str
    receipt_id: str
    happened_at: datetime
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryCard(DeliveryRow):
    """A message with its words, the template it used, what the channel said, and what followed."""

    body: str
    link: str
    template: str
    language: str
    version: int | None
    provider_id: str
    parts: int
    receipts: tuple[ReceiptRow, ...]
    siblings: tuple[DeliveryRow, ...]


@question
def delivery_card(*, message_id: UUID, actor: Actor) -> DeliveryCard:
    """One message and the record of its delivery."""
    m = Message.objects.visible_to(actor).select_related("template").get(id=message_id)
    row = _delivery(m)
    same = (
        Message.objects.visible_to(actor)
        .filter(
            source_kind=m.source_kind,
            source_id=m.source_id,
            user_id=m.user_id,
            customer_id=m.customer_id,
        )
        .exclude(id=m.id)
        .order_by("id")
    )
    return DeliveryCard(
        **{name: getattr(row, name) for name in DeliveryRow.__slots__},
        body=m.body,
        link=m.link,
        template=m.template.code if m.template else "",
        language=m.template.language if m.template else "",
        version=m.template.version if m.template else None,
        provider_id=m.provider_id,
        parts=rules.sms_parts(m.body or m.subject),
        receipts=tuple(
            ReceiptRow(
                word=r.word,
                detail=r.detail,
                receipt_id=r.receipt_id,
                happened_at=r.happened_at,
                received_at=r.received_at,
            )
            for r in m.receipts.order_by("received_at", "id")
        ),
        siblings=tuple(_delivery(other) for other in same),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """That a message reached its recipient: by which channel, when, under which number."""

    source_id: str
    message_id: UUID
    channel: str
    delivered_at: datetime
    provider_id: str


@question
def proofs_of(
    *, source_kind: str, source_ids: Sequence[str], actor: Actor
) -> dict[str, tuple[Proof, ...]]:
    """The proven deliveries of messages, by source, the earliest first.

    A channel's receipt proves, and so does a message that was opened in the app. A copy in the app
    that nobody opened proves nothing.
    """
    reached = Message.objects.visible_to(actor).filter(
        Q(state=MessageState.DELIVERED, ended_at__isnull=False) & ~Q(channel=Channel.IN_APP)
        | Q(channel=Channel.IN_APP, read_at__isnull=False),
        source_kind=source_kind,
        source_id__in=list(source_ids),
    )
    found: dict[str, list[Proof]] = {}
    for m in reached:
        at = m.read_at if m.channel == Channel.IN_APP else m.ended_at
        if at is not None:
            found.setdefault(m.source_id, []).append(
                Proof(
                    source_id=m.source_id,
                    message_id=m.id,
                    channel=m.channel,
                    delivered_at=at,
                    provider_id=m.provider_id,
                )
            )
    return {
        source: tuple(sorted(proofs, key=lambda proof: proof.delivered_at))
        for source, proofs in found.items()
    }


@question
def messages_about(*, topic_ids: Sequence[UUID], actor: Actor) -> list[DeliveryRow]:
    """All messages about some matters, the oldest first."""
    found = Message.objects.visible_to(actor).filter(topic_id__in=list(topic_ids))
    return [_delivery(m) for m in found.order_by("id")]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPreferences:
    """One's own choices; `offered` are the channels configured here."""

    offered: tuple[str, ...]
    channels: tuple[str, ...]
    quiet_from: time | None
    quiet_to: time | None
    email: str
    language: str


@question
def my_preferences(*, actor: Actor) -> OwnPreferences:
    """How one wants to be written to; without a choice all offered channels in their order."""
    mine = (
        Preference.objects.filter(customer_id=actor.customer_id)
        if actor.customer_id is not None
        else Preference.objects.filter(user_id=actor.id)
    )
    row, offered = mine.first(), tuple(channels.offered())
    return OwnPreferences(
        offered=offered,
        channels=tuple(c for c in row.channels if c in offered) if row else offered,
        quiet_from=row.quiet_from if row else None,
        quiet_to=row.quiet_to if row else None,
        email=row.email if row else "",
        language=row.language if row else "",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateRow:
    code: str
    language: str
    version: int
    message_class: str
    subject: str
    body: str
    approved_no: str
    published_at: datetime
    parts: int


@question
def templates(*, actor: Actor) -> list[TemplateRow]:
    """The newest version of every template in every language."""
    newest = Template.objects.order_by("code", "language", "-version").distinct("code", "language")
    return [
        TemplateRow(
            code=t.code,
            language=t.language,
            version=t.version,
            message_class=t.message_class,
            subject=t.subject,
            body=t.body,
            approved_no=t.approved_no,
            published_at=t.published_at,
            parts=rules.sms_parts(t.body),
        )
        for t in newest
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassRow:
    message_class: str
    quiet_from: time | None
    quiet_to: time | None
    receipt_minutes: int
    to_confirm: bool


@question
def class_rules(*, actor: Actor) -> list[ClassRow]:
    """How each class of message travels."""
    return [
        ClassRow(
            message_class=r.message_class,
            quiet_from=r.quiet_from,
            quiet_to=r.quiet_to,
            receipt_minutes=r.receipt_minutes,
            to_confirm=r.to_confirm,
        )
        for r in ClassRule.objects.order_by("message_class")
    ]
