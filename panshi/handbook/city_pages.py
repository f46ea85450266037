"""Pages that compare cities: a new one's curve beside mature ones, and the runs behind a figure."""

from datetime import timedelta
from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_GET, require_POST

from panshi.handbook import queries, services
from panshi.handbook.models import RunState
from panshi.handbook.queries.curves import CityCurve, CoachRow
from panshi.handbook.queries.runs import RunRow
from panshi.handbook.rules.measure import Tally
from panshi.handbook.views import STATE_TONES
from panshi.kit.forms import Field, Form
from panshi.kit.tables import Column, Filter, Slice, Table
from panshi.kit.tenancy import Actor
from panshi.kit.web import Request, needs

VIEW: Final = "handbook.view"
LAUNCH: Final = Form(
    fields=[
        Field(name="city", label=lazy("City"), longest=40),
        Field(name="launched_on", label=lazy("Opened on"), kind="day"),
    ]
)


def _judged(row: RunRow) -> str:
    """How a run counts in the measure, in words."""
    if not row.counted:
        return str(_("Not counted: by hand") if row.by_hand else _("Not counted: struck"))
    return str(_("On time") if row.on_time else _("Not on time"))


def _cities(actor: Actor) -> list[tuple[str, str]]:
    return [(city, city) for city in queries.cities(actor=actor)]


ROWS: Final = Table(
    name="runs-due",
    columns=(
        Column(key="title", label=lazy("Node")),
        Column(key="subject", label=lazy("Subject")),
        Column(key="city", label=lazy("City")),
        Column(key="state", label=lazy("State"), kind="state", choices=RunState, tones=STATE_TONES),
        Column(key="judged", label=lazy("Counted as"), show=_judged),
        Column(key="required", label=lazy("Steps owed"), kind="number"),
        Column(key="done", label=lazy("Steps done"), kind="number"),
        Column(key="due_at", label=pgettext_lazy("task", "Due"), kind="moment"),
        Column(key="closed_at", label=lazy("Closed"), kind="moment"),
    ),
    filters=(
        Filter(key="city", label=lazy("City"), kind="choice", choices=_cities),
        Filter(key="due", label=pgettext_lazy("task", "Due"), kind="days"),
        Filter(key="node", label=lazy("Node"), more=True),
        Filter(key="edition", label=lazy("Edition"), more=True),
    ),
    row_url="handbook-run",
    export="runs-due",
    empty=lazy("No run fell due here."),
)


@require_GET
@needs(VIEW)
def runs_due(request: Request) -> HttpResponse:
    """The runs behind a figure: city, node, edition and days of it in the URL."""
    ask = ROWS.read(request.GET)
    last = ask.day("due_to")
    rows, total = queries.runs_due(
        since=ask.day("due_from"),
        until=last + timedelta(days=1) if last else None,
        city=ask.text("city"),
        node=ask.text("node"),
        edition=ask.text("edition"),
        limit=ask.limit,
        offset=ask.offset,
        actor=request.actor,
        at=timezone.now(),
    )
    return ROWS.respond(request, ask, Slice(rows=rows, total=total), "handbook/runs_due.html")


def _rows_url(curve: CityCurve, asked: dict[str, str], **more: object) -> str:
    """The page of the runs behind a figure of the twelve weeks, or of the days given."""
    given = {
        "due_from": curve.since,
        "due_to": curve.until - timedelta(days=1),
        "node": asked["node"],
        "edition": asked["edition"],
        **more,
    }
    kept = {key: str(value) for key, value in given.items() if value}
    return f"{reverse('handbook-runs-due')}?{urlencode(kept)}"


def percent(share: float | None) -> float | None:
    """A share as whole-numbered percent with one decimal, for a picture."""
    return None if share is None else round(share * 100, 1)


def _seen(tally: Tally) -> float | None:
    """The adherence of a cell that has runs enough to be shown."""
    return percent(tally.adherence) if tally.enough else None


def picture(curve: CityCurve, urls: list[str]) -> dict[str, Any]:
    """The city's weeks over the quartiles of mature cities: at the same age, and today."""
    city = curve.chosen.city if curve.chosen else ""
    bands = [p.same_age for p in curve.points]
    line = {"type": "line", "symbol": "none"}
    hidden = {"lineStyle": {"opacity": 0}, "stack": "age", "silent": True, **line}
    low = [percent(b.low) if b else None for b in bands]
    high = [percent(b.high - b.low) if b else None for b in bands]
    middle = [percent(b.middle) if b else None for b in bands]
    own = [{"value": _seen(p.tally), "url": u} for p, u in zip(curve.points, urls, strict=True)]
    age, median = _("Mature cities at this age, quartiles"), _("Mature cities at this age, median")
    series: list[dict[str, Any]] = [
        {"name": age, "data": low, **hidden, "tooltip": {"show": False}},
        {
            **hidden, "name": age, "data": high,
            "areaStyle": {"color": "var(--series-6)", "opacity": 0.3},
            "itemStyle": {"color": "var(--series-6)", "opacity": 0.4},
        },
        {
            **line, "name": median, "data": middle, "connectNulls": True,
            "lineStyle": {"type": "dashed", "width": 1.5, "color": "var(--series-6)"},
            "itemStyle": {"color": "var(--series-6)"},
        },
        {
            "name": city, "data": own, "type": "line", "symbol": "circle", "symbolSize": 6,
            "lineStyle": {"color": "var(--series-1)", "width": 2},
            "itemStyle": {"color": "var(--series-1)"},
        },
    ]  # fmt: skip
    if curve.today:
        now = curve.today
        series[-1]["markArea"] = {
            "silent": True,
            "itemStyle": {"color": "var(--series-3)", "opacity": 0.12},
            "data": [[{"yAxis": percent(now.low)}, {"yAxis": percent(now.high)}]],
        }
        series[-1]["markLine"] = {
            "silent": True,
            "symbol": "none",
            "lineStyle": {"color": "var(--series-3)", "type": "solid", "width": 1.5},
            "label": {"formatter": _("today"), "color": "var(--ink-2)", "position": "insideEndTop"},
            "data": [{"yAxis": percent(now.middle)}],
        }
    return {
        "legend": {"data": [city, median, age]},
        "tooltip": {"trigger": "axis"},
        "xAxis": {
            "type": "category", "data": [p.week + 1 for p in curve.points],
            "name": _("Week since the opening"), "nameLocation": "middle", "nameGap": 28,
        },
        "yAxis": {"type": "value", "min": 0, "max": 100, "axisLabel": {"formatter": "{value}%"}},
        "grid": {"left": 8, "right": 16, "top": 40, "bottom": 28, "containLabel": True},
        "series": series,
    }  # fmt: skip


def _coached(row: CoachRow, curve: CityCurve, asked: dict[str, str]) -> dict[str, Any]:
    city = curve.chosen.city if curve.chosen else ""
    rest = {**asked, "node": row.slug}
    return {
        "row": row,
        "points": round(row.lag.gap * 100, 1),
        "own_url": _rows_url(curve, rest, city=city),
        "best_url": _rows_url(curve, rest, city=row.lag.best),
    }


@require_GET
@needs(VIEW)
def cities(request: Request) -> HttpResponse:
    """One city's weeks beside the mature cities, and what to coach it in."""
    at = timezone.now()
    asked = {key: request.GET.get(key, "")[:60] for key in ("node", "edition")}
    curve = queries.city_curve(
        city=request.GET.get("city", "")[:40], actor=request.actor, at=at, **asked
    )
    city = curve.chosen.city if curve.chosen else ""
    urls = [
        _rows_url(curve, asked, city=city, due_from=p.since, due_to=p.until - timedelta(days=1))
        for p in curve.points
    ]
    title = ""
    if asked["node"]:
        title = queries.node_page(slug=asked["node"], actor=request.actor, at=at).title
    context = {
        "curve": curve,
        "rows": [(row, _rows_url(curve, asked, city=row.city)) for row in curve.cities],
        "weeks": list(reversed(list(zip(curve.points, urls, strict=True)))),
        "coached": [_coached(row, curve, asked) for row in curve.coaching],
        "option": picture(curve, urls) if curve.points else None,
        "node_title": title,
        "editions": [e.number for e in queries.editions(actor=request.actor)],
        "may_note": request.actor.may("handbook.note_launch"),
        "last_day": curve.until - timedelta(days=1),
        **asked,
    }
    return render(request, "handbook/cities.html", context)


@require_POST
@needs("handbook.note_launch")
def note_launch(request: Request) -> HttpResponse:
    """Note the day on which a city was opened."""
    form = LAUNCH.read(request.POST)
    city = request.POST.get("city", "")
    if form.ok:
        form.call(request, services.note_launch, org_id=request.actor.org_id, at=timezone.now())
        messages.success(request, _("Noted. The weeks of this city count from that day."))
    else:
        messages.warning(request, _("Say which city, and on which day it was opened."))
    return redirect(f"{reverse('handbook-cities')}?{urlencode({'city': city})}")


urlpatterns = [
    path("handbook/cities/", cities, name="handbook-cities"),
    path("handbook/cities/launch/", note_launch, name="handbook-note-launch"),
    path("handbook/runs/", runs_due, name="handbook-runs-due"),
]
