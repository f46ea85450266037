"""What a payment channel can do for us, whichever it is: the port that each adapter fills.

A channel knows orders by our merchant number and refunds by our refund number. Asking for the same
refund again under its number repeats nothing: the answer says what became of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Protocol

from django.utils.translation import gettext as _

from panshi.kit.refusals import Refusal
from panshi.kit.wording import listed

CNY: Final = "CNY"
# What became of an order or a refund, in the channel's own word of authority.
PAID, OPEN, CLOSED, FAILED, UNKNOWN = "PAID", "OPEN", "CLOSED", "FAILED", "UNKNOWN"
# How a payer is brought to the channel: by an address to open, or by a code to scan.
PAGE, CODE = "PAGE", "CODE"
# What a notice or a line of the channel's file is about.
PAYMENT, REFUND = "PAYMENT", "REFUND"


class ChannelNotOffered(Refusal):
    """No merchant account of this channel is configured here."""


class ChannelSilent(Refusal):
    """The channel did not answer, or its answer does not bear its signature: ask again later."""


class ChannelRefused(Refusal):
    """The channel understood and said no; its words are shown."""


class Garbage(Exception):
    """What was posted is no notice of this channel at all; nothing of it is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Money asked for, in CNY; `phone` when the payer holds the device that shows the page."""

    merchant_no: str
    amount: Decimal
    words: str
    at: datetime
    notify_url: str = ""
    return_url: str = ""
    phone: bool = False
    payer_ip: str = ""


@dataclass(frozen=True, slots=True)
class Opening:
    kind: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The channel's authoritative word on an order."""

    state: str
    amount: Decimal | None = None
    currency: str = CNY
    channel_no: str = ""
    paid_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundOrder:
    """Money to give back of the order `merchant_no`, of which `paid` arrived."""

    number: str
    merchant_no: str
    amount: Decimal
    paid: Decimal
    words: str
    at: datetime
    notify_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundStanding:
    """PAID, OPEN while the channel works on it, or FAILED with its words."""

    state: str
    channel_no: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What a channel posted to us. `fault` is empty when its signature, age, merchant, app and
    currency are right, else FORGED, STALE, MERCHANT, APP or CURRENCY."""

    notification_id: str
    kind: str
    merchant_no: str
    amount: Decimal
    state: str
    refund_no: str = ""
    channel_no: str = ""
    paid_at: datetime | None = None
    fault: str = ""


def forged(notification_id: str, kind: str) -> Notice:
    """A notice of which nothing is believed but that it came."""
    return Notice(
        notification_id=notification_id,
        kind=kind,
        merchant_no="",
        amount=Decimal(0),
        state="",
        fault="FORGED",
    )


def amount_of(words: Any) -> Decimal:
    """An amount in CNY as a channel writes it. Raises ValueError for what is none."""
    try:
        amount = Decimal(str(words))
    except InvalidOperation as error:
        raise ValueError("not an amount") from error
    if not amount.is_finite() or abs(amount) >= 10**12 or amount != round(amount, 2):
        raise ValueError("not an amount")
    return amount


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLine:
    """A line of a channel's daily file; `amount` and `fee` in CNY, the fee what it kept of it."""

    line: int
    kind: str
    number: str
    amount: Decimal
    fee: Decimal
    on: date


def must_have(columns: Sequence[str], wanted: Sequence[str]) -> None:
    """Raises ChannelRefused when a column of a daily file that we need is missing."""
    if missing := [name for name in wanted if name not in columns]:
        raise ChannelRefused(
            _("The channel's file has no column %(names)s.") % {"names": listed(missing)}
        )


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the channel wants to read after it told us something."""

    status: int
    media_type: str
    body: str


class PayChannel(Protocol):
    """A configured merchant account at a channel.

    Raises ChannelSilent when no trustworthy answer came, ChannelRefused when it said no;
    `parse_callback` raises Garbage alone, whatever is posted.
    """

    @property
    def code(self) -> str: ...

    def create(self, order: Order) -> Opening: ...

    def query(self, *, merchant_no: str, at: datetime) -> Standing: ...

    def close(self, *, merchant_no: str, at: datetime) -> None: ...

    def refund(self, order: RefundOrder) -> RefundStanding: ...

    def parse_callback(
        self, *, headers: Mapping[str, str], body: bytes, at: datetime
    ) -> Notice: ...

    def receipt(self, *, taken: bool) -> Receipt: ...

    def daily_file(self, *, day: date, at: datetime) -> Sequence[FileLine]: ...
