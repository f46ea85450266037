"""The figures: counted days added up, and what the owners of money and vehicles answer now."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from django.db.models import Sum

from panshi.cockpit import rules
from panshi.cockpit.catalogue import DEFINITIONS, VEHICLE_DAYS, Indicator
from panshi.cockpit.models import IndicatorDay
from panshi.cockpit.queries import borrowed
from panshi.cockpit.queries.lists import AlertRow, open_alerts
from panshi.cockpit.queries.marks import Marks, marks_of
from panshi.cockpit.rules import Period, Tally
from panshi.kit.clock import add_months, local_day, month_start
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question

TREND_DAYS: Final = 30
Days = Mapping[date, Tally]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One indicator of a period: its value, what it rests on, its marks, thirty days of it.

    `tone` is ok, warn or bad against the marks; empty without marks, or with fewer than `ENOUGH`
    cases of a share. `parts` are (code, amount) that sum to the numerator.
    """

    code: Indicator
    value: Decimal | None
    numerator: Decimal
    denominator: Decimal
    tone: str
    green: Decimal | None
    red: Decimal | None
    trend: tuple[float | None, ...]
    parts: tuple[tuple[str, Decimal], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """Revenue net of tax, in CNY; gross is what was billed in the same time, tax included.

    `growth` compares this month so far with as many days of the last one. `expected` is the share
    of the month's days that have begun.
    """

    today: Decimal
    gross_today: Decimal
    month: Decimal
    gross_month: Decimal
    target: Decimal | None
    expected: Decimal
    growth: Decimal | None
    by_source: tuple[tuple[str, Decimal], ...]
    receivable: Decimal
    days: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    at: datetime
    period: Period
    city: str
    money: Money
    figures: Mapping[Indicator, Figure]
    severities: tuple[tuple[int, int], ...]
    alerts: tuple[AlertRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DayPoint:
    day: date
    value: Decimal | None
    numerator: Decimal
    denominator: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class FigurePage:
    """One indicator with a point for each day of its period."""

    at: datetime
    period: Period
    city: str
    figure: Figure
    points: tuple[DayPoint, ...]


def _counted(
    actor: Actor, since: date, until: date, city: str
) -> dict[Indicator, dict[date, Tally]]:
    """Counted and kept cells by indicator and day."""
    cells = IndicatorDay.objects.visible_to(actor).filter(day__gte=since, day__lt=until)
    if city:
        cells = cells.filter(city=city)
    added = (
        cells.values_list("indicator", "day")
        .annotate(numerator=Sum("numerator"), denominator=Sum("denominator"))
        .order_by()
    )
    found: dict[Indicator, dict[date, Tally]] = defaultdict(dict)
    for indicator, day, numerator, denominator in added:
        found[Indicator(indicator)][day] = Tally(numerator, denominator)
    return found


def add_up(days: Days, period: Period) -> Tally:
    return sum((t for day, t in days.items() if period.since <= day < period.until), Tally())


def _trend(code: Indicator, days: Days, today: date) -> tuple[float | None, ...]:
    measure = DEFINITIONS[code].measure
    values = []
    for n in range(TREND_DAYS - 1, -1, -1):
        tally = days.get(today - timedelta(n))
        value = None if tally is None else rules.value(measure, tally)
        values.append(None if value is None else float(value))
    return tuple(values)


def build(
    code: Indicator,
    whole: Tally,
    *,
    marks: Mapping[Indicator, Marks],
    trend: tuple[float | None, ...] = (),
    parts: tuple[tuple[str, Decimal], ...] = (),
) -> Figure:
    """A figure with its grade; too few cases have none."""
    measure = DEFINITIONS[code].measure
    value = rules.value(measure, whole)
    mark = marks[code]
    enough = measure.form == rules.SUM or whole.denominator >= rules.ENOUGH
    return Figure(
        code=code,
        value=value,
        numerator=whole.numerator,
        denominator=whole.denominator,
        tone=rules.grade(value, green=mark.green, red=mark.red, better=measure.better)
        if enough
        else "",
        green=mark.green,
        red=mark.red,
        trend=trend,
        parts=parts,
    )


def _money(revenue: borrowed.Revenue, marks: Marks, today: date, actor: Actor, city: str) -> Money:
    first = month_start(today)
    before = add_months(first, -1)
    same_days = before + (today - first)
    month = revenue.net_between(first, today)
    last = revenue.net_between(before, min(same_days, first - timedelta(1)))
    days_of_month = (add_months(first, 1) - first).days
    return Money(
        today=revenue.net_between(today, today),
        gross_today=revenue.gross_between(today, today),
        month=month,
        gross_month=revenue.gross_between(first, today),
        target=marks.green,
        expected=Decimal(today.day) / days_of_month,
        growth=rules.growth(month, last),
        by_source=revenue.by_source(first, today),
        receivable=borrowed.receivable(actor=actor, on=today, city=city),
        days=tuple(
            float(revenue.net_between(day, day))
            for day in (today - timedelta(n) for n in range(TREND_DAYS - 1, -1, -1))
        ),
    )


@question
def figures(*, actor: Actor, at: datetime, period: str = "MONTH", city: str = "") -> Board:
    """All figures of a period in this actor's part of the tree, as they stand now.

    `period` is TODAY, WEEK, MONTH or QUARTER; an empty city means all.
    """
    today = local_day(at)
    span = rules.period(period, today)
    since = min(span.since, today - timedelta(TREND_DAYS - 1))
    marks = marks_of(actor, today)
    days = _days(actor, at, Period(span.code, since, span.until), city)
    runs = borrowed.adherence(since=since, until=span.until, actor=actor, at=at, city=city)
    days[Indicator.ADHERENCE] = runs.days
    revenue = borrowed.revenue(
        since=min(since, add_months(month_start(today), -1)),
        until=span.until,
        actor=actor,
        city=city,
    )
    days[Indicator.REVENUE] = revenue.tallies()
    severities = borrowed.severities(actor=actor)
    found: dict[Indicator, Figure] = {
        code: build(
            code,
            runs.between(span) if code is Indicator.ADHERENCE else add_up(days.get(code, {}), span),
            marks=marks,
            trend=_trend(code, days.get(code, {}), today),
        )
        for code in Indicator
        if code not in (Indicator.FINDINGS, Indicator.ONLINE)
    }
    found[Indicator.FINDINGS] = build(
        Indicator.FINDINGS,
        Tally(Decimal(sum(severities.values()))),
        marks=marks,
        parts=tuple((str(level), Decimal(n)) for level, n in sorted(severities.items())),
    )
    found[Indicator.ONLINE] = build(
        Indicator.ONLINE, borrowed.online(actor=actor, at=at, city=city), marks=marks
    )
    return Board(
        at=at,
        period=span,
        city=city,
        money=_money(revenue, marks[Indicator.REVENUE], today, actor, city),
        figures=found,
        severities=tuple(sorted(severities.items(), reverse=True)),
        alerts=open_alerts(actor),
    )


def _days(
    actor: Actor, at: datetime, span: Period, city: str
) -> dict[Indicator, dict[date, Tally]]:
    """Counted days, today's vehicles as they stand, and what fell due."""
    days = _counted(actor, span.since, span.until, city)
    today = local_day(at)
    if span.since <= today < span.until:
        for code, tally in borrowed.vehicles_now(actor=actor, city=city).items():
            days[code][today] = tally
    days[Indicator.COLLECTION] = borrowed.dues(span=span, actor=actor, city=city)
    return days


@question
def figure_page(
    *, indicator: str, actor: Actor, at: datetime, period: str = "MONTH", city: str = ""
) -> FigurePage:
    """One indicator, day by day. FINDINGS and ONLINE have no days: they stand as they stand now."""
    code = Indicator(indicator)
    today = local_day(at)
    span = rules.period(period, today)
    marks = marks_of(actor, today)
    days: Days = {}
    whole = None
    parts: tuple[tuple[str, Decimal], ...] = ()
    if code is Indicator.REVENUE:
        revenue = borrowed.revenue(since=span.since, until=span.until, actor=actor, city=city)
        days, parts = revenue.tallies(), revenue.by_source(span.since, today)
    elif code is Indicator.COLLECTION:
        days = borrowed.dues(span=span, actor=actor, city=city)
    elif code is Indicator.ADHERENCE:
        runs = borrowed.adherence(since=span.since, until=span.until, actor=actor, at=at, city=city)
        days, whole = runs.days, runs.between(span)
    elif code is Indicator.FINDINGS:
        levels = borrowed.severities(actor=actor)
        whole = Tally(Decimal(sum(levels.values())))
        parts = tuple((str(level), Decimal(n)) for level, n in sorted(levels.items()))
    elif code is Indicator.ONLINE:
        whole = borrowed.online(actor=actor, at=at, city=city)
    else:
        known = _counted(actor, span.since, span.until, city)
        if code in VEHICLE_DAYS:
            known[code][today] = borrowed.vehicles_now(actor=actor, city=city)[code]
        days = known[code]
    measure = DEFINITIONS[code].measure
    return FigurePage(
        at=at,
        period=span,
        city=city,
        figure=build(
            code,
            add_up(days, span) if whole is None else whole,
            marks=marks,
            trend=_trend(code, days, today),
            parts=parts,
        ),
        points=tuple(
            DayPoint(
                day=day,
                value=rules.value(measure, days[day]) if day in days else None,
                numerator=days.get(day, Tally()).numerator,
                denominator=days.get(day, Tally()).denominator,
            )
            for day in span.days
        )
        if days
        else (),
    )
