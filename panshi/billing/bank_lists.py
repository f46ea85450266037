"""The tables and words of the pages about bank statements and channel checks."""

from collections.abc import Mapping
from typing import Final

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import pgettext, pgettext_lazy

from panshi.billing import queries
from panshi.billing.models import AsideKind, Channel, DifferenceKind, LineState, OutgoingCost
from panshi.billing.queries import BankAgreement, BankLineCard
from panshi.kit import cells
from panshi.kit.records import Detail
from panshi.kit.tables import Column, Filter, Table
from panshi.kit.tenancy import Actor
from panshi.org import queries as org

LINE_TONES: Final[Mapping[str, str]] = {
    "NEW": "info",
    "MATCHED": "ok",
    "QUEUED": "warn",
    "CONFIRMED": "ok",
    "SET_ASIDE": "idle",
}
REASON_WORDS: Final[Mapping[str, object]] = {
    "VIRTUAL": lazy("Virtual account of the customer"),
    "NUMBER": lazy("Bill or contract number in the memo"),
    "ACCOUNT": lazy("Account seen and confirmed before"),
    "NAME": lazy("Payer name equal"),
    "EXACT": lazy("Exact sum of a bill, a month or the oldest bills"),
    "ALL_OPEN": lazy("Amount equals all that is open"),
    "NEAR": lazy("Within five days of the due day"),
    "TWO_OF_A_NAME": lazy("Two customers of this name"),
    "OWN_ACCOUNT": lazy("One line names the account of the other"),
    "SAID_OWN": lazy("Set aside as a transfer of our own"),
}
DIFFERENCE_TONES: Final[Mapping[str, str]] = {
    "MISSING_HERE": "bad",
    "MISSING_THERE": "bad",
    "AMOUNT": "bad",
    "DUPLICATE": "bad",
    "FEE": "warn",
    "DATE": "warn",
}
LINES: Final = Table(
    name="bank-lines",
    columns=(
        Column(key="value_on", label=lazy("Day"), kind="day"),
        Column(key="payer", label=lazy("Payer")),
        Column(key="memo", label=lazy("Memo")),
        Column(key="state", label=lazy("State"), kind="state", choices=LineState, tones=LINE_TONES),
        Column(key="aside", label=lazy("What it was"), choices=AsideKind),
        Column(key="score", label=lazy("Points"), kind="number"),
        Column(key="amount", label=lazy("Amount"), kind="money"),
    ),
    filters=(
        Filter(key="text", label=lazy("Payer or memo")),
        Filter(key="state", label=lazy("State"), kind="choice", choices=LineState.choices),
        Filter(key="aside", label=lazy("What it was"), kind="choice", choices=AsideKind, more=True),
        Filter(key="value", label=lazy("Day"), kind="days", more=True),
    ),
    row_url="billing-bank-line",
    export="bank-lines",
    empty=lazy("No bank lines yet."),
    live=(
        "billing.LinesMatched",
        "billing.StatementImported",
        "billing.LineSetAside",
        "billing.OwnLinesPaired",
    ),
)
CHECKS: Final = Table(
    name="channel-checks",
    columns=(
        Column(key="day", label=lazy("Day"), kind="day"),
        Column(key="channel", label=lazy("Channel"), choices=Channel),
        Column(key="lines", label=lazy("Lines of the file"), kind="number"),
        Column(key="file_amount", label=lazy("Channel's file"), kind="money"),
        Column(key="payments_amount", label=lazy("Payments"), kind="money"),
        Column(key="ledger_amount", label=pgettext_lazy("check", "Ledger"), kind="money"),
        Column(key="open_differences", label=lazy("Open differences"), kind="number"),
    ),
    filters=(Filter(key="channel", label=lazy("Channel"), kind="choice", choices=Channel.choices),),
    row_url="billing-check",
    export="channel-checks",
    empty=lazy("No day was compared yet."),
    live=("billing.ChannelChecked",),
)


def line_state(code: str) -> SafeString:
    return cells.state(LineState(code), LINE_TONES[code])


def difference(code: str) -> SafeString:
    return cells.state(DifferenceKind(code), DIFFERENCE_TONES[code])


def reasons(given: tuple[tuple[str, int], ...]) -> list[tuple[str, int]]:
    """Each reason in words with its points."""
    return [(str(REASON_WORDS[code]), points) for code, points in given]


def line_details(card: BankLineCard) -> list[Detail]:
    details = [
        Detail(label=_("Day"), value=card.value_on, kind="day"),
        Detail(label=_("Payee") if card.amount < 0 else _("Payer"), value=card.payer),
        Detail(label=pgettext("bank", "Account"), value=card.account_masked, kind="mono"),
        Detail(label=_("Memo"), value=card.memo),
        Detail(label=_("Number at the bank"), value=card.serial_no, kind="mono"),
        Detail(label=_("Balance after it"), value=card.balance, kind="money"),
        Detail(label=_("File"), value=card.file_name),
        Detail(label=_("Line of the file"), value=card.line, kind="number"),
    ]
    for label, page, record_id in (
        (_("Payment"), "billing-payment", card.payment_id),
        (_("Entry"), "ledger-entry", card.entry_id),
        (_("Other side of the transfer"), "billing-bank-line", card.other_side_id),
    ):
        if record_id is not None:
            url = reverse(page, args=[record_id])
            details.append(Detail(label=label, value=pgettext("link", "Open"), url=url))
    if card.cost:
        details.append(Detail(label=_("What it was for"), value=str(OutgoingCost(card.cost).label)))
    if card.aside:
        details.append(Detail(label=_("What it was"), value=str(AsideKind(card.aside).label)))
    if card.aside_words:
        details.append(Detail(label=_("Reason"), value=card.aside_words))
    return details


def agreements(actor: Actor) -> list[tuple[str, BankAgreement]]:
    """Each book's name, and whether it says what its bank says."""
    rows = queries.bank_agreements(actor=actor)
    names = {node.id: node.name for node in org.nodes(actor=actor)} if rows else {}
    return [(names.get(row.org_id, ""), row) for row in rows]
