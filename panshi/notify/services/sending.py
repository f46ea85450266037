"""Messages are queued: each once per source, channel and recipient."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from panshi.kit.personal import mask_address
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.notify import channels, rules
from panshi.notify.events import MessagesRead, MessagesSent, MessagesWithdrawn
from panshi.notify.models import (
    Channel,
    ClassRule,
    Message,
    MessageClass,
    MessageState,
    Preference,
    Template,
)
from panshi.notify.rules import Quiet

LANGUAGE: Final = "zh-hans"
BY_PREFERENCE: Final = ""
"""As a message's channel: a copy in the app, and the channels that its recipient prefers."""


class NoAddress(Refusal):
    """A message names neither a user nor a customer, or both."""


class TemplateMissing(Refusal):
    """No template of this code is published."""


class ValueMissing(Refusal):
    """A template wants a value that was not given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """One message; (source, channel, recipient) makes it unique, so a repeat sends nothing.

    Its words are `subject` and `body`, or a `template` filled with `values`. `addresses` are what
    the sender knows: telephone for SMS, and so on. `topic_id` is what it is about.
    """

    subject: str = ""
    source_kind: str
    source_id: str
    user_id: UUID | None = None
    customer_id: UUID | None = None
    channel: str = Channel.IN_APP
    message_class: str = MessageClass.TASK
    body: str = ""
    link: str = ""
    template: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    addresses: Mapping[str, str] = field(default_factory=dict)
    topic_id: UUID | None = None


Person = tuple[UUID | None, UUID | None]


@dataclass(slots=True)
class _Post:
    """What is asked once for a whole batch."""

    preferences: dict[Person, Preference]
    quiet: dict[str, ClassRule]
    templates: dict[tuple[str, str], Template]
    offered: Sequence[str]


def _post(messages: Sequence[NewMessage]) -> _Post:
    users = [m.user_id for m in messages if m.user_id]
    customers = [m.customer_id for m in messages if m.customer_id]
    found = Preference.objects.filter(Q(user_id__in=users) | Q(customer_id__in=customers))
    codes = {m.template for m in messages if m.template}
    newest: dict[tuple[str, str], Template] = {}
    for template in Template.objects.filter(code__in=codes).order_by("version"):
        newest[template.code, template.language] = template
    return _Post(
        preferences={(p.user_id, p.customer_id): p for p in found},
        quiet={rule.message_class: rule for rule in ClassRule.objects.all()},
        templates=newest,
        offered=tuple(channels.offered()),
    )


def quiet_hours(rule: ClassRule | None, preference: Preference | None) -> list[Quiet]:
    """The hours of the class and of the person; what concerns safety keeps neither."""
    if rule is not None and rule.message_class == MessageClass.SAFETY:
        return []
    pairs = [(of.quiet_from, of.quiet_to) for of in (rule, preference) if of is not None]
    return [Quiet(start, end) for start, end in pairs if start is not None and end is not None]


def _words(message: NewMessage, post: _Post, language: str) -> tuple[str, str, Template | None]:
    if not message.template:
        return message.subject, message.body, None
    template = post.templates.get((message.template, language)) or post.templates.get(
        (message.template, LANGUAGE)
    )
    if template is None:
        raise TemplateMissing(
            _("No message template “%(code)s” is published.") % {"code": message.template}
        )
    missing = rules.places(template.subject + template.body) - set(message.values)
    if missing:
        raise ValueMissing(
            _("The template “%(code)s” lacks a value for: %(names)s.")
            % {"code": template.code, "names": ", ".join(sorted(missing))}
        )
    subject = rules.filled(template.subject, message.values)[:120]
    return subject, rules.filled(template.body, message.values), template


def _ways(
    message: NewMessage,
    preference: Preference | None,
    addresses: Mapping[str, str],
    post: _Post,
) -> list[list[str]]:
    """The chains of channels of a message: the copy in the app, and one that falls back."""
    if message.channel != BY_PREFERENCE:
        return [[message.channel]]
    order = list(preference.channels) if preference and preference.channels else post.offered
    outside = [code for code in order if code in post.offered and addresses.get(code)]
    return [[Channel.IN_APP], outside] if outside else [[Channel.IN_APP]]


def _addresses(message: NewMessage, preference: Preference | None) -> dict[str, str]:
    known = dict(message.addresses)
    if preference is not None:
        own = {"EMAIL": preference.email, "WECHAT": preference.wechat}
        known |= {code: address for code, address in own.items() if address}
    return known


def _rows(message: NewMessage, post: _Post, *, org_id: int, at: datetime) -> list[Message]:
    preference = post.preferences.get((message.user_id, message.customer_id))
    rule = post.quiet.get(message.message_class)
    language = (preference.language if preference else "") or LANGUAGE
    subject, body, template = _words(message, post, language)
    addresses = _addresses(message, preference)
    leaves = rules.leaves_at(
        at=at,
        quiet=quiet_hours(rule, preference),
        key=f"{message.source_kind}/{message.source_id}/{message.user_id or message.customer_id}",
    )
    made = []
    for first, *rest in _ways(message, preference, addresses, post):
        in_app = first == Channel.IN_APP
        waits = not in_app or (rule is not None and rule.in_app_waits and leaves > at)
        common: dict[str, Any] = {} if waits else {"sent_at": at, "ended_at": at}
        made.append(
            Message(
                org_id=org_id,
                user_id=message.user_id,
                customer_id=message.customer_id,
                channel=first,
                message_class=message.message_class,
                subject=subject,
                body=body,
                link=message.link,
                source_kind=message.source_kind,
                source_id=message.source_id,
                topic_id=message.topic_id,
                template=template,
                values=dict(message.values),
                addresses="" if in_app or not addresses else json.dumps(addresses),
                shown_address="" if in_app else mask_address(addresses.get(first, "")),
                fallbacks=rest,
                state=MessageState.QUEUED if waits else MessageState.DELIVERED,
                queued_at=at,
                not_before=leaves if waits else at,
                **common,
            )
        )
    return made


@verb
def send_messages(
    *, org_id: int, messages: Sequence[NewMessage], actor: Actor, at: datetime
) -> MessagesSent:
    """Queue messages to staff and customers; those sent before are left out of the count.

    A message in the app is delivered by being stored; others leave outside quiet hours by
    `hand_over_messages`. Raises NoAddress when one lacks a single recipient, TemplateMissing,
    ValueMissing.
    """
    actor.must("notify.send_messages", org_id)
    for message in messages:
        if (message.user_id is None) == (message.customer_id is None):
            raise NoAddress(f"{message.source_kind} {message.source_id}")
    post = _post(messages)
    rows = [row for m in messages for row in _rows(m, post, org_id=org_id, at=at)]
    Message.objects.bulk_create(rows, ignore_conflicts=True)
    return MessagesSent(
        org_id=org_id,
        actor_id=actor.id,
        at=at,
        count=Message.objects.filter(id__in=[row.id for row in rows]).count(),
        user_ids=tuple({m.user_id for m in messages if m.user_id}),
        customer_ids=tuple({m.customer_id for m in messages if m.customer_id}),
    )


@verb
def withdraw_messages(
    *, org_id: int, topic_ids: Sequence[UUID], reason: str, actor: Actor, at: datetime
) -> MessagesWithdrawn:
    """Take back what has not left yet about these matters: the debt was paid, the claim dropped."""
    actor.must("notify.send_messages", org_id)
    waiting = Message.objects.filter(
        org_id=org_id, topic_id__in=list(topic_ids), state=MessageState.QUEUED
    )
    locked = list(waiting.select_for_update().order_by("id").values_list("id", flat=True))
    count = Message.objects.filter(id__in=locked).update(
        state=MessageState.WITHDRAWN, ended_at=at, failure=reason[:80]
    )
    return MessagesWithdrawn(org_id=org_id, actor_id=actor.id, at=at, count=count)


@verb
def mark_messages_read(*, actor: Actor, at: datetime) -> MessagesRead:
    """Mark all of one's own messages read; a customer marks the customer's."""
    mine = Message.objects.filter(
        read_at=None, channel=Channel.IN_APP, state=MessageState.DELIVERED
    )
    if actor.customer_id is not None:
        mine = mine.filter(customer_id=actor.customer_id)
    else:
        mine = mine.filter(user_id=actor.id)
    return MessagesRead(
        org_id=actor.org_id, actor_id=actor.id, at=at, count=mine.update(read_at=at)
    )
