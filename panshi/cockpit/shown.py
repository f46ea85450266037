"""How the cockpit shows a figure: short amounts with the exact on hover, marks in words."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from panshi.cockpit.catalogue import DEFINITIONS, Definition, Indicator
from panshi.cockpit.models import Phase
from panshi.cockpit.queries import (
    AlertRow,
    BehindRow,
    Board,
    DayPoint,
    Figure,
    FigurePage,
    PlanRow,
)
from panshi.cockpit.rules import OTHER, RENTAL, SERVICE, SUM
from panshi.kit import cells
from panshi.kit.money import yuan
from panshi.kit.records import Bar, Stage, Tile, stages
from panshi.kit.wording import reads_chinese

PERIODS = (
    ("TODAY", gettext_lazy("Today")),
    ("WEEK", gettext_lazy("Seven days")),
    ("MONTH", gettext_lazy("This month")),
    ("QUARTER", gettext_lazy("Ninety days")),
)
SOURCES = {
    RENTAL: gettext_lazy("Rent"),
    SERVICE: pgettext_lazy("revenue", "Service"),
    OTHER: pgettext_lazy("revenue", "Other"),
}
WHAT = {
    **SOURCES,
    "OPENED": gettext_lazy("Promised for the day"),
    "CANCELLED": gettext_lazy("Cancelled"),
    "CLOSED": gettext_lazy("Closed"),
    "REVIEWED": gettext_lazy("Reviewed"),
    "FILED": gettext_lazy("Complaint filed"),
    "VEHICLE_DAYS": gettext_lazy("Vehicle-days kept"),
    "VEHICLES_NOW": gettext_lazy("Vehicles now"),
    "DUE": gettext_lazy("Bill due"),
    "RUNS": gettext_lazy("Runs due"),
    "DRIVING": gettext_lazy("Driving"),
    "CHARGING": gettext_lazy("Charging"),
    "STANDING": gettext_lazy("Standing"),
    "OFFLINE": gettext_lazy("Offline"),
    "SILENT": gettext_lazy("Silent for a day"),
    "SEVERITY_1": gettext_lazy("Severity 1 · note"),
    "SEVERITY_2": gettext_lazy("Severity 2 · limit"),
    "SEVERITY_3": gettext_lazy("Severity 3 · stop"),
    "SEVERITY_4": gettext_lazy("Severity 4 · thermal"),
}
ENTRIES = {
    "BILL_ISSUED": gettext_lazy("Bill issued"),
    "BILL_CREDITED": gettext_lazy("Credit note"),
}


def short_money(amount: Decimal | None) -> Any:
    """¥1.23 万 in Chinese, ¥12.3 k in English; the exact amount on hover."""
    if amount is None:
        return cells.DASH
    size = abs(amount)
    chinese = reads_chinese()
    steps = (
        ((Decimal(100_000_000), "亿"), (Decimal(10_000), "万"))
        if chinese
        else ((Decimal(1_000_000), "M"), (Decimal(1_000), "k"))
    )
    for step, word in steps:
        if size >= step:
            words = f"{'-' if amount < 0 else ''}¥{size / step:,.2f} {word}"
            return format_html('<span class="figure" title="{}">{}</span>', yuan(amount), words)
    return format_html('<span class="figure">{}</span>', yuan(amount))


def value(definition: Definition, amount: Decimal | None) -> Any:
    """A figure as its definition wants it drawn."""
    if amount is None:
        return cells.DASH
    if definition.kind == "money":
        return short_money(amount)
    if definition.kind == "percent":
        return cells.percent(amount)
    places = Decimal(1) if definition.measure.form == SUM else Decimal("0.01")
    return cells.number(amount.quantize(places))


def plain(definition: Definition, amount: Decimal) -> str:
    """A mark in one line of text."""
    if definition.kind == "money":
        return yuan(amount)
    if definition.kind == "percent":
        return f"{_short(amount * 100, '0.1')} %"
    return _short(amount, "0.01")


def _short(amount: Decimal, step: str) -> str:
    """Rounded to a step, without zeros at the end."""
    return f"{amount.quantize(Decimal(step)).normalize():f}"


def indicator_url(code: Indicator, period: str, city: str) -> str:
    query = {"period": period, **({"city": city} if city else {})}
    return f"{reverse('cockpit-indicator', args=[DEFINITIONS[code].slug])}?{urlencode(query)}"


def _hint(definition: Definition, figure: Figure) -> str:
    """What the figure rests on, and how it stands to its marks, in words."""
    if definition.measure.form == SUM:
        return ""
    parts = []
    if definition.code is Indicator.COLLECTION:
        parts.append(
            _("%(part)s of %(whole)s")
            % {"part": yuan(figure.numerator), "whole": yuan(figure.denominator)}
        )
    else:
        parts.append(_("n = %(count)s") % {"count": f"{figure.denominator:,.0f}"})
    if figure.green is not None and definition.measure.better:
        parts.append(_("target %(mark)s") % {"mark": plain(definition, figure.green)})
    verdict = {
        "ok": _("met"),
        "warn": _("short of target"),
        "bad": _("beyond the red mark"),
    }.get(figure.tone)
    if verdict:
        parts.append(verdict)
    elif figure.denominator:
        parts.append(_("too few cases"))
    return " · ".join(parts)


def tile(figure: Figure, period: str, city: str) -> Tile:
    definition = DEFINITIONS[figure.code]
    return Tile(
        label=figure.code.label,
        value=value(definition, figure.value),
        unit=definition.unit,
        hint=_hint(definition, figure),
        url=indicator_url(figure.code, period, city),
        tone=figure.tone if definition.measure.form != SUM else "",
        trend=figure.trend if any(day is not None for day in figure.trend) else (),
    )


def money_tiles(board: Board) -> list[Tile]:
    """Today's money, first of all figures."""
    money, period, city = board.money, board.period.code, board.city
    gross = _("%(amount)s billed, tax included")
    month_hint = gross % {"amount": yuan(money.gross_month)}
    if money.target:
        share = money.month / money.target
        month_hint = _("%(share)s of %(target)s; %(days)s of the days have begun") % {
            "share": f"{share:.0%}",
            "target": yuan(money.target),
            "days": f"{money.expected:.0%}",
        }
    return [
        Tile(
            label=_("Revenue today"),
            value=short_money(money.today),
            hint=gross % {"amount": yuan(money.gross_today)},
            url=indicator_url(Indicator.REVENUE, "TODAY", city),
            trend=money.days,
        ),
        Tile(
            label=_("Revenue this month"),
            value=short_money(money.month),
            hint=month_hint,
            url=indicator_url(Indicator.REVENUE, "MONTH", city),
        ),
        Tile(
            label=_("Growth"),
            value=money.growth,
            kind="percent",
            hint=_("against as many days of last month"),
        ),
        Tile(
            label=pgettext("cockpit", "Receivables"),
            value=short_money(money.receivable),
            hint=_("owed by customers now, deposits aside"),
        ),
        tile(board.figures[Indicator.COLLECTION], period, city),
    ]


GROUPS = (
    (
        gettext_lazy("Service"),
        (
            Indicator.SATISFACTION,
            Indicator.SERVICE_TIME,
            Indicator.COMPLETION,
            Indicator.COMPLAINTS,
        ),
    ),
    (
        gettext_lazy("Vehicles and procedure"),
        (
            Indicator.UTILISATION,
            Indicator.IDLE_DAYS,
            Indicator.ONLINE,
            Indicator.ADHERENCE,
            Indicator.FINDINGS,
        ),
    ),
)


def groups(board: Board) -> list[tuple[Any, list[Tile]]]:
    period, city = board.period.code, board.city
    return [
        (title, [tile(board.figures[code], period, city) for code in codes])
        for title, codes in GROUPS
    ]


def source_bars(board: Board) -> list[Bar]:
    """This month's revenue by source."""
    most = max((amount for _code, amount in board.money.by_source), default=Decimal(0))
    return [
        Bar(
            label=SOURCES[code],
            part=amount,
            whole=most or Decimal(1),
            value=amount,
            kind="money",
            url=indicator_url(Indicator.REVENUE, "MONTH", board.city),
        )
        for code, amount in board.money.by_source
    ]


def severity_bars(board: Board) -> list[Bar]:
    most = max((n for _level, n in board.severities), default=0)
    return [
        Bar(
            label=WHAT[f"SEVERITY_{level}"],
            part=Decimal(count),
            whole=Decimal(most),
            tone="bad" if level >= 3 else "warn" if level == 2 else "",
            url=indicator_url(Indicator.FINDINGS, board.period.code, board.city),
        )
        for level, count in board.severities
    ]


def chart(page: FigurePage) -> dict[str, Any]:
    """The days of a figure: bars from zero for amounts, a line with gaps for the others."""
    definition = DEFINITIONS[page.figure.code]
    is_sum = definition.measure.form == SUM
    scale = 100 if definition.kind == "percent" else 1
    data = [
        None if point.value is None else round(float(point.value) * scale, 2)
        for point in page.points
    ]
    series: dict[str, Any] = {
        "type": "bar" if is_sum else "line",
        "data": data,
        "connectNulls": False,
        "showSymbol": len(data) < 3,
    }
    if page.figure.green is not None and not is_sum:
        series["markLine"] = {
            "symbol": "none",
            "silent": True,
            "lineStyle": {"type": "dashed", "color": "var(--ink-3)"},
            "data": [{"yAxis": float(page.figure.green) * scale}],
            "label": {"formatter": _("target"), "position": "insideEndTop"},
        }
    return {
        "xAxis": {"type": "category", "data": [p.day.strftime("%m-%d") for p in page.points]},
        "yAxis": {"type": "value", "scale": not is_sum},
        "tooltip": {"trigger": "axis"},
        "series": [series],
    }


@dataclass(frozen=True, slots=True)
class Point:
    """A day of a figure as its table shows it."""

    day: date
    value: Any
    numerator: Decimal
    denominator: Decimal


def point(definition: Definition, day: DayPoint) -> Point:
    return Point(
        day.day,
        value(definition, day.value),
        without_zeros(day.numerator),
        without_zeros(day.denominator),
    )


def without_zeros(amount: Decimal) -> Decimal:
    """4.0000 as 4, 0.3333 as 0.33."""
    rounded_amount = amount.quantize(Decimal("0.01"))
    whole = rounded_amount.to_integral_value()
    return whole if whole == rounded_amount else rounded_amount


def rounded(row: BehindRow) -> BehindRow:
    return replace(
        row,
        numerator=without_zeros(row.numerator),
        denominator=without_zeros(row.denominator),
    )


def link(url: str, words: Any) -> Any:
    return format_html('<a href="{}">{}</a>', url, words)


def phases(plan: PlanRow) -> list[Stage]:
    """A plan's way through its phases, each with the day its gate opened."""
    opened = {str(gate.phase): gate.passed_at for gate in plan.gates}
    return stages(
        path=[(str(phase), phase.label) for phase in Phase],
        state=str(plan.phase),
        dates={**opened},
    )


def alert_words(alert: AlertRow) -> str:
    """An alert in one sentence."""
    definition = DEFINITIONS[alert.indicator]
    return _("%(name)s is %(value)s; the red mark is %(red)s.") % {
        "name": alert.indicator.label,
        "value": plain(definition, alert.value),
        "red": plain(definition, alert.red),
    }


RECORDS = {
    "WORK_ORDER": "service-order",
    "FINDING": "diagnosis-finding",
    "BILL": "billing-bill",
    "VEHICLE": "fleet-vehicle",
    "COMPLAINT": "crm-complaint",
}


def record_link(row: BehindRow) -> Any:
    """The record behind a row, opened where its room has a page for it."""
    words = row.label or (str(row.subject_id)[-8:] if row.subject_id else "")
    if row.subject_type == "ENTRY" or row.label in ENTRIES:
        words = str(ENTRIES.get(row.label, _("Entry")))
    name = RECORDS.get(row.subject_type)
    if row.subject_id is None or name is None:
        return words
    return link(reverse(name, args=[row.subject_id]), words)
