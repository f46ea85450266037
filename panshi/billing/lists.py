"""The tables, words and drawings of the finance pages."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import pgettext_lazy

from panshi.billing.models import BillKind
from panshi.billing.queries import AgeRow, BillCard, BillRow, BoardRow, FinanceBoard
from panshi.kit import cells, records
from panshi.kit.money import yuan
from panshi.kit.records import Detail, Stage, Tile
from panshi.kit.tables import Column, Filter, Table
from panshi.kit.tenancy import Actor
from panshi.org import queries as org

STANDING_TONES: Final[Mapping[str, str]] = {
    "DRAFT": "idle",
    "OPEN": "info",
    "OVERDUE": "bad",
    "PAID": "ok",
    "WRITTEN_OFF": "idle",
    "CREDIT": "idle",
    "DISCARDED": "idle",
}
STANDINGS: Final = [
    ("DRAFT", lazy("Draft")),
    ("OPEN", pgettext_lazy("bill", "To be paid")),
    ("OVERDUE", lazy("Overdue")),
    ("PAID", lazy("Paid")),
    ("WRITTEN_OFF", lazy("Written off")),
    ("CREDIT", lazy("Credit note")),
    ("DISCARDED", lazy("Discarded")),
]
STANDING_WORDS: Final = dict(STANDINGS)
# What a bill is for, by the kind that the room above writes, and the page that shows it.
SOURCES: Final = {
    "leasing.lease": (lazy("Lease"), "leasing-lease"),
    "leasing.settlement": (lazy("Settlement of a lease"), "leasing-lease"),
    "WORK_ORDER": (lazy("Work order"), "service-order"),
}


def city_choices(actor: Actor) -> Sequence[tuple[str, str]]:
    cities = sorted({node.city for node in org.nodes(actor=actor) if node.city})
    return [(city, city) for city in cities]


def standing(code: str) -> SafeString:
    return cells.state(code, STANDING_TONES[code], str(STANDING_WORDS[code]))


def period(row: BillRow | BillCard) -> str:
    """The days a bill is for, the first and the last."""
    if row.period_from is None or row.period_to is None:
        return ""
    return f"{row.period_from} – {row.period_to - timedelta(days=1)}"


BILLS: Final = Table(
    name="bills",
    columns=(
        Column(key="number", label=lazy("Number"), kind="mono", show=lambda r: r.number or "—"),
        Column(key="customer_name", label=lazy("Customer")),
        Column(key="plate", label=lazy("Vehicle"), kind="mono"),
        Column(key="kind", label=lazy("Kind"), choices=BillKind, hidden=True),
        Column(key="period_from", label=lazy("Period"), show=period),
        Column(key="due_on", label=lazy("Due"), kind="day"),
        Column(key="standing", label=lazy("State"), show=lambda r: standing(r.standing)),
        Column(key="city", label=lazy("City"), hidden=True),
        Column(key="total", label=lazy("Total"), kind="money"),
        Column(key="open_amount", label=lazy("Still to be paid"), kind="money"),
    ),
    filters=(
        Filter(key="number", label=lazy("Number")),
        Filter(key="standing", label=lazy("State"), kind="choice", choices=STANDINGS),
        Filter(key="kind", label=lazy("Kind"), kind="choice", choices=BillKind.choices),
        Filter(key="city", label=lazy("City"), kind="choice", choices=city_choices),
        Filter(key="due", label=lazy("Due"), kind="days", more=True),
    ),
    row_url="billing-bill",
    keyset=True,
    export="bills",
    empty=lazy("No bills yet."),
    live=("billing.BillsIssued", "billing.BillRaised", "billing.BillPaid"),
)


def age_headings() -> list[str]:
    return [
        _("Not due"), _("1–30 days"), _("31–60 days"), _("61–90 days"), _("91–180 days"),
        _("Over 180 days"),
    ]  # fmt: skip


def age_amounts(row: AgeRow) -> list[Decimal]:
    return [row.not_due, row.to_30, row.to_60, row.to_90, row.to_180, row.over_180]


_AGE_COLOURS: Final = ("--info", "--warn", "--warn", "--bad", "--bad", "--bad")


def age_chart(rows: Sequence[AgeRow]) -> dict[str, Any]:
    """What is open by age, over all rows, as bars."""
    sums = [sum(amounts) for amounts in zip(*(age_amounts(r) for r in rows), strict=True)]
    return {
        "tooltip": {"trigger": "axis"},
        "grid": {"left": 8, "right": 16, "top": 16, "bottom": 8, "containLabel": True},
        "xAxis": {"type": "category", "data": age_headings()},
        "yAxis": {"type": "value"},
        "series": [
            {
                "type": "bar",
                "barMaxWidth": 48,
                "data": [
                    {"value": float(amount), "itemStyle": {"color": f"var({colour})"}}
                    for amount, colour in zip(sums or [0] * 6, _AGE_COLOURS, strict=True)
                ],
            }
        ],
    }


FIGURES: Final = {
    "rental": lazy("Rental"),
    "service": lazy("Vehicle service"),
    "smart": lazy("Smart control"),
    "other": lazy("Other"),
    "revenue": lazy("Revenue, net of VAT"),
    "shared": lazy("Shares received"),
    "cost": lazy("Costs"),
    "received": lazy("Received"),
    "cash": lazy("Cash"),
    "receivable": lazy("Receivable"),
    "deposits": lazy("Deposits held"),
    "stock": lazy("Parts in stock"),
    "prepaid": lazy("Prepaid costs"),
    "payable": lazy("Owed to suppliers"),
}
"""What the board counts, each figure with a page of its postings."""


def board_tiles(total: BoardRow, month: date) -> list[Tile]:
    def behind(figure: str) -> str:
        return reverse("billing-figure", args=[figure]) + f"?month={month:%Y-%m}"

    return [
        Tile(
            label=_("Revenue, net of VAT"),
            value=total.revenue,
            kind="money",
            url=behind("revenue"),
            hint=_("of it earned and booked at the month's end: %(amount)s")
            % {"amount": yuan(total.not_booked)}
            if total.not_booked
            else "",
        ),
        Tile(
            label=_("Gross margin"),
            value=total.margin,
            kind="money",
            url=behind("cost"),
            # Rent is earned by days, what vehicles lose is posted once the month is over.
            hint=_("depreciation and prepaid costs come at the month's end")
            if total.not_booked
            else "",
        ),
        Tile(label=_("Received"), value=total.received, kind="money", url=behind("received")),
        Tile(label=_("Cash"), value=total.cash, kind="money", url=behind("cash")),
        Tile(label=_("Collection rate"), value=total.collection_rate, kind="percent"),
        Tile(
            label=_("Receivable"),
            value=total.receivable,
            kind="money",
            url=reverse("billing-receivables"),
        ),
        Tile(
            label=_("Deposits held"),
            value=total.deposits,
            kind="money",
            url=behind("deposits"),
        ),
        Tile(label=_("Parts in stock"), value=total.stock, kind="money", url=behind("stock")),
        Tile(label=_("Prepaid costs"), value=total.prepaid, kind="money", url=behind("prepaid")),
        Tile(
            label=_("Owed to suppliers"),
            value=total.payable,
            kind="money",
            url=behind("payable"),
        ),
    ]


def _revenue_lines() -> tuple[tuple[str, str, str], ...]:
    return (
        (_("Rental"), "rental", "--series-1"),
        (_("Vehicle service"), "service", "--series-2"),
        (_("Smart control"), "smart", "--series-3"),
        (_("Other"), "other", "--series-6"),
    )


def _stacked(names: Sequence[str], rows: Sequence[BoardRow]) -> dict[str, Any]:
    """Revenue by line, stacked over each name."""
    return {
        "tooltip": {"trigger": "axis"},
        "legend": {"top": 0},
        "grid": {"left": 8, "right": 16, "top": 36, "bottom": 8, "containLabel": True},
        "xAxis": {"type": "category", "data": list(names)},
        "yAxis": {"type": "value"},
        "series": [
            {
                "type": "bar",
                "stack": "revenue",
                "barMaxWidth": 48,
                "name": name,
                "itemStyle": {"color": f"var({colour})"},
                "data": [float(getattr(row, key)) for row in rows],
            }
            for name, key, colour in _revenue_lines()
        ],
    }


RESULT: Final = ("rental", "service", "smart", "other", "shared", "cost")
MONEY: Final = ("received", "due", "cash", "receivable", "deposits")


def board_chart(board: FinanceBoard) -> dict[str, Any]:
    """Revenue by line for each operator that has any, the largest first."""
    rows = sorted((row for row in board.rows if row.revenue), key=lambda row: -row.revenue)[:20]
    return _stacked([f"{row.org_name} {row.city}".strip() for row in rows], rows)


def months_chart(board: FinanceBoard) -> dict[str, Any]:
    """Revenue by line of the last months, and the gross margin above it as a line."""
    rows = [row for _day, row in board.months]
    chart = _stacked([f"{day:%Y-%m}" for day, _row in board.months], rows)
    chart["series"].append(
        {
            "type": "line",
            "name": _("Gross margin"),
            "itemStyle": {"color": "var(--ink-2)"},
            "data": [float(row.margin) for row in rows],
        }
    )
    return chart


def bill_tiles(card: BillCard) -> list[Tile]:
    return [
        Tile(label=_("Total, tax included"), value=card.total, kind="money"),
        Tile(
            label=_("Still to be paid"),
            value=card.open_amount,
            kind="money",
            tone="bad" if card.standing == "OVERDUE" else "",
        ),
        Tile(label=_("VAT"), value=card.vat, kind="money"),
        Tile(label=_("Net"), value=card.net, kind="money"),
    ]


def bill_details(card: BillCard) -> list[Detail]:
    source, page = SOURCES.get(card.source_kind, (card.source_kind, ""))
    return [
        Detail(
            label=_("Customer"),
            value=card.customer_name,
            url=reverse("crm-customer", args=[card.customer_id]),
        ),
        Detail(label=_("Vehicle"), value=card.plate, kind="plate" if card.plate else "text"),
        Detail(
            label=_("For"),
            value=str(source),
            url=reverse(page, args=[card.source_id]) if page else "",
        ),
        Detail(label=_("Period"), value=period(card)),
        Detail(label=_("Due"), value=card.due_on, kind="day"),
        Detail(label=_("Issued"), value=card.issued_on, kind="day"),
        Detail(label=_("City"), value=card.city),
        Detail(label=_("Reason"), value=card.reason),
    ]


def bill_stages(card: BillCard) -> list[Stage]:
    if card.kind == "CREDIT":
        path = [("DRAFT", _("Draft")), ("CREDIT", _("Issued"))]
    else:
        path = [("DRAFT", _("Draft")), ("OPEN", _("Issued")), ("PAID", _("Paid"))]
    here = "OPEN" if card.standing == "OVERDUE" else card.standing
    return records.stages(
        path=path,
        state=here,
        dates={
            "DRAFT": card.drafted_at,
            "OPEN": card.issued_on,
            "CREDIT": card.issued_on,
            "PAID": card.settled_on,
            "DISCARDED": card.drafted_at,
        },
        stopped=_("Discarded"),
    )


ORIGINS: Final = {
    "PAYMENT": lazy("Payment"),
    "CREDIT": lazy("Credit note"),
    "DEPOSIT": lazy("Deposit"),
    "WRITE_OFF": lazy("Written off"),
}


def origin(code: str) -> SafeString:
    return format_html("{}", ORIGINS[code])
