"""The tables and words of the pages about messages."""

from typing import Final

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import pgettext_lazy

from panshi.kit import cells
from panshi.kit.records import Detail
from panshi.kit.tables import Column, Filter, Table
from panshi.notify.models import Channel, MessageClass, MessageState
from panshi.notify.queries import STATE_TONES, DeliveryCard, DeliveryRow

FAILURES: Final = {
    "DEAD_ADDRESS": lazy("The address is dead"),
    "BAD_ADDRESS": lazy("The address is not one"),
    "NO_ADDRESS": lazy("No address is known"),
    "NOT_OFFERED": lazy("This channel is not set up here"),
    "NO_RECEIPT": lazy("No receipt came in time"),
    "CHANNEL_SILENT": lazy("The channel did not answer"),
    "REFUSED": lazy("The channel refused it"),
    "PAID": lazy("Paid before it left"),
    "HELD": lazy("The case was put on hold"),
}

DELIVERIES: Final = Table(
    name="deliveries",
    columns=(
        Column(key="subject", label=lazy("Message")),
        Column(key="channel", label=lazy("Channel"), choices=Channel),
        Column(key="address", label=pgettext_lazy("message", "To"), kind="mono"),
        Column(key="message_class", label=pgettext_lazy("message", "Class"), choices=MessageClass),
        Column(key="queued_at", label=pgettext_lazy("message", "Queued"), kind="moment"),
        Column(key="sent_at", label=lazy("Sent"), kind="moment"),
        Column(key="ended_at", label=lazy("Arrived or failed"), kind="moment"),
        Column(
            key="state", label=lazy("State"), kind="state", choices=MessageState, tones=STATE_TONES
        ),
        Column(key="failure", label=lazy("Why"), show=lambda row: failure(row.failure)),
    ),
    filters=(
        Filter(key="text", label=lazy("Message")),
        Filter(key="state", label=lazy("State"), kind="choice", choices=MessageState.choices),
        Filter(key="channel", label=lazy("Channel"), kind="choice", choices=Channel.choices),
        Filter(
            key="class",
            label=pgettext_lazy("message", "Class"),
            kind="choice",
            choices=MessageClass.choices,
            more=True,
        ),
        Filter(key="queued", label=pgettext_lazy("message", "Queued"), kind="days", more=True),
    ),
    row_url="notify-delivery",
    export="messages",
    empty=lazy("Nothing has been sent yet."),
    live=("notify.*",),
)


def failure(code: str) -> str:
    """Why a message did not arrive, in words; a provider's own word stays as it is."""
    return str(FAILURES.get(code, code))


def state(row: DeliveryRow) -> SafeString:
    return cells.state(row.state, row.tone, row.state_words)


def details(card: DeliveryCard) -> list[Detail]:
    """What the delivery record says of one message."""
    rows = [
        Detail(label=_("Channel"), value=card.channel_words),
        Detail(label=_("Address"), value=card.address or None),
        Detail(
            label=pgettext_lazy("message", "Class"), value=MessageClass(card.message_class).label
        ),
        Detail(label=pgettext_lazy("message", "Queued"), value=card.queued_at),
        Detail(label=_("Not before"), value=card.not_before),
        Detail(label=_("Sent"), value=card.sent_at),
        Detail(label=_("Arrived or failed"), value=card.ended_at),
        Detail(label=_("Number at the channel"), value=card.provider_id or None),
        Detail(
            label=_("Template"),
            value=f"{card.template} {card.language} v{card.version}" if card.template else None,
        ),
        Detail(label=_("Text messages it takes"), value=card.parts),
    ]
    if card.failure:
        rows.append(Detail(label=_("Why"), value=failure(card.failure)))
    return rows
