"""The port of a message channel: hand over, and ask what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class ChannelRefused(Exception):
    """The channel will not carry this message: a dead address, a forbidden word."""


class ChannelSilent(Exception):
    """The channel did not answer; the message may be tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One message on its way; `key` is ours, and a channel takes a key once."""

    key: str
    address: str
    subject: str
    body: str
    approved_no: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """A message that the channel has, by its own number."""

    provider_id: str
    address: str
    sent_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReceipt:
    """A channel's word on a message: DELIVERED, READ or FAILED, and when it was so."""

    channel: str
    provider_id: str
    receipt_id: str
    word: str
    happened_at: datetime
    detail: str = ""


class MessageChannel(Protocol):
    """A way to reach people outside the app. `tells_delivery` is false where receipts never come:
    such a message stays SENT and proves nothing."""

    code: str
    tells_delivery: bool

    def send(self, message: Outgoing) -> str:
        """Hand a message over; answers the channel's number of it.

        Raises ChannelRefused, ChannelSilent.
        """
        ...

    def receipts(self, handed: Sequence[Handed], *, at: datetime) -> list[NewReceipt]:
        """What is known by now of messages that were handed over. Raises ChannelSilent."""
        ...
