"""The payment channel that needs no contract: it signs its notices as a real one would."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import uuid4

from panshi.billing import rules, services


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What a channel tells us about a payment."""

    channel: str
    notification_id: str
    merchant_no: str
    amount: Decimal
    signature: str


def paid(*, merchant_no: str, amount: Decimal) -> Notice:
    """The notice that a payment was made, under a new number and a true signature."""
    channel, notification_id = "SIM", uuid4().hex
    return Notice(
        channel=channel,
        notification_id=notification_id,
        merchant_no=merchant_no,
        amount=amount,
        signature=rules.sign_callback(
            key=services.callback_key(),
            channel=channel,
            notification_id=notification_id,
            merchant_no=merchant_no,
            amount=amount,
        ),
    )
