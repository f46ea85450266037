"""Pages of the figures: cockpit, indicator, wall screen."""

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET

from panshi.cockpit import queries, shown
from panshi.cockpit.catalogue import BY_SLUG, DEFINITIONS, Definition, Indicator
from panshi.cockpit.queries import BehindRow, Board
from panshi.fleet import queries as fleet
from panshi.kit.records import Detail, Tile
from panshi.kit.refusals import NotPermitted
from panshi.kit.tables import Ask, Column, Filter, Slice, Table
from panshi.kit.tenancy import Actor
from panshi.kit.web import Request

LIVE: Final = " ".join(
    sorted({name for definition in DEFINITIONS.values() for name in definition.facts})
)
WALL: Final = (
    Indicator.COLLECTION,
    Indicator.SATISFACTION,
    Indicator.COMPLETION,
    Indicator.UTILISATION,
    Indicator.ONLINE,
    Indicator.ADHERENCE,
)


LAUNCHES = "cockpit.view_launch"
"""Who opens a city sees its plan without the figures of the company."""


def permitted(request: Request, permission: str = "cockpit.view") -> None:
    """Raise NotPermitted in plain words unless the person may open this page."""
    if not request.actor.may(permission):
        raise NotPermitted(_("You may not see the cockpit."))


def _asked(request: Request) -> tuple[str, str]:
    """Period and city of the URL; a city that is none of this actor's shows nothing."""
    period = request.GET.get("period", "MONTH")
    return period, request.GET.get("city", "")[:40]


def _board(request: Request, at: datetime) -> Board:
    period, city = _asked(request)
    return queries.figures(period=period, city=city, actor=request.actor, at=at)


def _figures(request: Request, board: Board) -> dict[str, Any]:
    query = {"period": board.period.code, **({"city": board.city} if board.city else {})}
    return {
        "board": board,
        "live": LIVE,
        "figures_url": f"{reverse('cockpit-figures')}?{urlencode(query)}",
        "money": shown.money_tiles(board),
        "groups": shown.groups(board),
        "sources": shown.source_bars(board),
        "severities": shown.severity_bars(board),
        "alerts": [(alert, shown.alert_words(alert)) for alert in board.alerts],
    }


def _choice(request: Request, url: str) -> dict[str, Any]:
    """The two filters: period and city."""
    period, city = _asked(request)
    return {
        "periods": shown.PERIODS,
        "period": period,
        "city": city,
        "cities": fleet.cities(actor=request.actor),
        "choice_url": url,
    }


@require_GET
def cockpit(request: Request) -> HttpResponse:
    """All figures of this part of the company, drawn anew as facts become true."""
    permitted(request)
    context = _figures(request, _board(request, timezone.now()))
    return render(
        request, "cockpit/cockpit.html", {**context, **_choice(request, reverse("cockpit"))}
    )


@require_GET
def board(request: Request) -> HttpResponse:
    """Only the figures, for a page that is open."""
    permitted(request)
    return render(
        request, "cockpit/figures.html", _figures(request, _board(request, timezone.now()))
    )


def _wall(request: Request) -> dict[str, Any]:
    board = _board(request, timezone.now())
    money = shown.money_tiles(board)
    period, city = board.period.code, board.city
    return {
        "board": board,
        "live": LIVE,
        "panels": [*money[:2], *(shown.tile(board.figures[c], period, city) for c in WALL)],
        "wall_url": f"{reverse('cockpit-wall-figures')}?{urlencode({'period': period})}",
    }


@require_GET
def wall(request: Request) -> HttpResponse:
    """Eight figures for a screen on the wall: dark, large, nothing to press."""
    permitted(request)
    return render(request, "cockpit/wall.html", _wall(request))


@require_GET
def wall_figures(request: Request) -> HttpResponse:
    """Only the panels of the wall screen."""
    permitted(request)
    return render(request, "cockpit/wall_figures.html", _wall(request))


def _what(row: BehindRow) -> str:
    return str(shown.WHAT.get(row.what, row.what))


def _cities(actor: Actor) -> list[tuple[str, str]]:
    return [(city, city) for city in fleet.cities(actor=actor)]


def _rows_table(definition: Definition) -> Table:
    in_money = definition.kind == "money" or definition.code is Indicator.COLLECTION
    kind = "money" if in_money else "number"
    columns = [
        Column(key="day", label=gettext_lazy("Day"), kind="day"),
        Column(key="what", label=gettext_lazy("Counted for"), show=_what),
        Column(key="label", label=gettext_lazy("Record"), show=shown.record_link),
        Column(key="city", label=gettext_lazy("City")),
        Column(key="org_name", label=gettext_lazy("Operator")),
        Column(key="numerator", label=gettext_lazy("Numerator"), kind=kind, total=True),
    ]
    if definition.denominator:
        columns.append(
            Column(key="denominator", label=gettext_lazy("Denominator"), kind=kind, total=True)
        )
    return Table(
        name=f"rows-{definition.slug}",
        columns=columns,
        filters=(
            Filter(
                key="period",
                label=pgettext_lazy("cockpit", "Period"),
                kind="choice",
                choices=shown.PERIODS,
            ),
            Filter(key="city", label=gettext_lazy("City"), kind="choice", choices=_cities),
        ),
        export=f"indicator-{definition.slug}",
        empty=gettext_lazy("Nothing was counted in this period."),
        live=definition.facts,
    )


_ROWS: Final = {code: _rows_table(definition) for code, definition in DEFINITIONS.items()}


@require_GET
def indicator(request: Request, slug: str) -> HttpResponse:
    """One indicator: its words, its days, and the rows that add up to it."""
    permitted(request)
    definition = BY_SLUG.get(slug)
    if definition is None:
        raise Http404(slug)
    at = timezone.now()
    target = request.headers.get("HX-Target", "")
    if target.endswith("#figure"):
        return render(request, "cockpit/figure.html", _figure(request, definition, at))
    table = _ROWS[definition.code]
    ask = table.read(request.GET)
    part = _behind(request, definition, ask, at)
    if ask.export:
        return table.respond(request, ask, part)
    # Period and city stand once, at the head of the page: the rows follow the figure.
    rows = {"table": replace(table.view(request, ask, part), filters=(), more=())}
    if target.endswith(f"#table-{table.name}"):
        return render(request, "kit/table.html", rows)
    context = {**_figure(request, definition, at), **rows}
    return render(request, "cockpit/indicator.html", context)


def _behind(request: Request, definition: Definition, ask: Ask, at: datetime) -> Slice:
    period, city = _asked(request)
    behind = queries.rows_behind(
        indicator=definition.code,
        period=period,
        city=city,
        limit=ask.limit,
        offset=ask.offset,
        actor=request.actor,
        at=at,
    )
    return Slice(
        rows=[shown.rounded(row) for row in behind.rows],
        total=behind.total,
        totals={
            "numerator": shown.without_zeros(behind.numerator),
            "denominator": shown.without_zeros(behind.denominator),
        },
    )


def _figure(request: Request, definition: Definition, at: datetime) -> dict[str, Any]:
    """What stands above the rows: the figure, its words and its days."""
    period, city = _asked(request)
    page = queries.figure_page(
        indicator=definition.code, period=period, city=city, actor=request.actor, at=at
    )
    return {
        "definition": definition,
        "live": " ".join(definition.facts),
        "page": page,
        "figure": [shown.tile(page.figure, period, city)],
        "chart": shown.chart(page) if page.points else None,
        "points": [shown.point(definition, point) for point in reversed(page.points)],
        "chart_note": _("Data of %(at)s") % {"at": timezone.localtime(at).strftime("%H:%M:%S")},
        "details": _definition_details(definition),
        **_choice(request, request.path),
    }


def _definition_details(definition: Definition) -> list[Detail]:
    details = [Detail(label=_("Numerator"), value=definition.numerator)]
    if definition.denominator:
        details.append(Detail(label=_("Denominator"), value=definition.denominator))
    return [*details, Detail(label=_("Source"), value=definition.source)]


def home_tiles(*, actor: Actor) -> list[Tile]:
    """The home page's row of figures: money of the month and what customers and vehicles say."""
    board = queries.figures(actor=actor, at=timezone.now())
    return [
        *shown.money_tiles(board)[:2],
        *(
            shown.tile(board.figures[code], board.period.code, "")
            for code in (Indicator.COLLECTION, Indicator.UTILISATION, Indicator.SATISFACTION)
        ),
    ]
