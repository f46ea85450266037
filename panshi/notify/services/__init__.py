"""Verbs of notification."""

from panshi.notify.channels import NewReceipt
from panshi.notify.services.delivering import (
    collect_receipts,
    hand_over_messages,
    record_receipts,
)
from panshi.notify.services.preferences import (
    LANGUAGES,
    BracesUnclear,
    ChannelNotOffered,
    QuietHoursIncomplete,
    publish_template,
    set_preferences,
)
from panshi.notify.services.sending import (
    BY_PREFERENCE,
    NewMessage,
    NoAddress,
    TemplateMissing,
    ValueMissing,
    mark_messages_read,
    send_messages,
    withdraw_messages,
)

__all__ = [
    "BY_PREFERENCE",
    "LANGUAGES",
    "BracesUnclear",
    "ChannelNotOffered",
    "NewMessage",
    "NewReceipt",
    "NoAddress",
    "QuietHoursIncomplete",
    "TemplateMissing",
    "ValueMissing",
    "collect_receipts",
    "hand_over_messages",
    "mark_messages_read",
    "publish_template",
    "record_receipts",
    "send_messages",
    "set_preferences",
    "withdraw_messages",
]
