"""The tables and words of the pages about money coming in and going back."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import pgettext, pgettext_lazy

from panshi.billing.models import Channel, PaymentState, RefundState, Verdict
from panshi.billing.queries import PaymentRecord, RefundCard
from panshi.kit import cells, records
from panshi.kit.records import Detail, Stage, Tile
from panshi.kit.tables import Column, Filter, Table

PAYMENT_TONES: Final[Mapping[str, str]] = {
    "CREATED": "idle",
    "PENDING": "info",
    "SUCCEEDED": "ok",
    "PART_REFUNDED": "warn",
    "REFUNDED": "idle",
    "CLOSED": "idle",
    "FAILED": "bad",
}
REFUND_TONES: Final[Mapping[str, str]] = {
    "ASKED": "warn",
    "APPROVED": "info",
    "SENT": "info",
    "PAID": "ok",
    "FAILED": "bad",
    "DECLINED": "idle",
}
VERDICT_TONES: Final[Mapping[str, str]] = {"ACCEPTED": "ok", "NO_NEWS": "idle", "STATE": "warn"}
PAYMENTS: Final = Table(
    name="payments",
    columns=(
        Column(key="merchant_no", label=lazy("Number"), kind="mono"),
        Column(key="customer_name", label=lazy("Customer")),
        Column(key="channel", label=lazy("Channel"), choices=Channel),
        Column(key="started_at", label=lazy("Started"), kind="moment"),
        Column(key="received_at", label=lazy("Received"), kind="moment"),
        Column(
            key="state",
            label=lazy("State"),
            kind="state",
            choices=PaymentState,
            tones=PAYMENT_TONES,
        ),
        Column(key="amount", label=lazy("Amount"), kind="money"),
        Column(key="allocated", label=lazy("Allocated"), kind="money"),
    ),
    filters=(
        Filter(key="number", label=lazy("Number")),
        Filter(key="state", label=lazy("State"), kind="choice", choices=PaymentState.choices),
        Filter(key="channel", label=lazy("Channel"), kind="choice", choices=Channel.choices),
        Filter(key="started", label=lazy("Started"), kind="days", more=True),
    ),
    row_url="billing-payment",
    export="payments",
    empty=lazy("No payments yet."),
    live=("billing.PaymentReceived", "billing.PaymentStarted"),
)
REFUNDS: Final = Table(
    name="refunds",
    columns=(
        Column(key="number", label=lazy("Number"), kind="mono"),
        Column(key="customer_name", label=lazy("Customer")),
        Column(key="channel", label=lazy("Channel"), choices=Channel),
        Column(key="reason", label=lazy("Reason")),
        Column(key="asked_at", label=pgettext_lazy("refund", "Asked for"), kind="moment"),
        Column(
            key="state",
            label=lazy("State"),
            kind="state",
            choices=RefundState,
            tones=REFUND_TONES,
        ),
        Column(key="amount", label=lazy("Amount"), kind="money"),
    ),
    filters=(
        Filter(key="number", label=lazy("Number")),
        Filter(key="state", label=lazy("State"), kind="choice", choices=RefundState.choices),
        Filter(key="channel", label=lazy("Channel"), kind="choice", choices=Channel.choices),
        Filter(key="asked", label=pgettext_lazy("refund", "Asked for"), kind="days", more=True),
    ),
    row_url="billing-refund",
    export="refunds",
    empty=lazy("No refunds yet."),
    live=("billing.RefundRequested", "billing.RefundPaid", "billing.RefundFailed"),
)


def verdict(code: str) -> SafeString:
    return cells.state(Verdict(code), VERDICT_TONES.get(code, "bad"))


def payment_state(code: str) -> SafeString:
    return cells.state(PaymentState(code), PAYMENT_TONES[code])


def refund_state(code: str) -> SafeString:
    return cells.state(RefundState(code), REFUND_TONES[code])


def payment_stages(card: PaymentRecord) -> list[Stage]:
    path = [
        ("CREATED", pgettext("payment", "Started")),
        ("PENDING", _("Waiting for the payer")),
        ("SUCCEEDED", _("Received")),
    ]
    if card.state in ("PART_REFUNDED", "REFUNDED"):
        path.append((card.state, str(PaymentState(card.state).label)))
    return records.stages(
        path=path,
        state=card.state,
        dates={"CREATED": card.started_at, "SUCCEEDED": card.received_at},
        stopped=str(PaymentState(card.state).label),
    )


def payment_tiles(card: PaymentRecord) -> list[Tile]:
    tiles = [
        Tile(label=_("Amount"), value=card.amount, kind="money"),
        Tile(label=_("Allocated"), value=card.allocated, kind="money"),
        Tile(label=_("On account"), value=card.free, kind="money"),
    ]
    if card.refunded or card.refunding:
        tiles.append(Tile(label=_("Refunded"), value=card.refunded, kind="money"))
    return tiles


def payment_details(card: PaymentRecord) -> list[Detail]:
    details = [
        Detail(
            label=_("Customer"),
            value=card.customer_name,
            url=reverse("crm-customer", args=[card.customer_id]),
        ),
        Detail(label=_("Channel"), value=str(Channel(card.channel).label)),
        Detail(label=_("Number"), value=card.merchant_no, kind="mono"),
        Detail(label=_("The channel's number"), value=card.channel_no, kind="mono"),
        Detail(label=_("Started"), value=card.started_at, kind="moment"),
        Detail(label=_("Received"), value=card.received_at, kind="moment"),
        Detail(label=_("Channel asked"), value=card.asked_channel_at, kind="moment"),
    ]
    if card.asked_amount is not None:
        details.append(Detail(label=_("Amount asked for"), value=card.asked_amount, kind="money"))
    return details


def refund_stages(card: RefundCard) -> list[Stage]:
    path = [(code, str(RefundState(code).label)) for code in ("ASKED", "APPROVED", "SENT", "PAID")]
    at: dict[str, date | datetime | None] = {move.state: move.at for move in card.moves}
    return records.stages(
        path=path,
        state=card.state,
        dates=at,
        stopped=str(RefundState(card.state).label),
    )


def refund_details(card: RefundCard) -> list[Detail]:
    details = [
        Detail(
            label=_("Customer"),
            value=card.customer_name,
            url=reverse("crm-customer", args=[card.customer_id]),
        ),
        Detail(
            label=_("Payment"),
            value=card.payment_no or None,
            kind="mono",
            url=reverse("billing-payment", args=[card.payment_id]) if card.payment_id else "",
        ),
        Detail(label=_("Channel"), value=str(Channel(card.channel).label)),
        Detail(label=_("Amount"), value=card.amount, kind="money"),
        Detail(label=_("Reason"), value=card.reason),
    ]
    if card.payee:
        details += [
            Detail(label=_("Payee"), value=card.payee),
            Detail(label=pgettext("bank", "Account"), value=card.account_masked, kind="mono"),
        ]
    if card.words:
        details.append(Detail(label=_("Answer"), value=card.words))
    return details
