"""What one vehicle earned, cost and is worth, month by month, and when to sell it."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_GET

from panshi.billing.services.assets import DEPRECIATED
from panshi.billing.views import read_month
from panshi.fleet import queries as fleet
from panshi.fleet.queries import AssetCard, AssetDefaults
from panshi.kit.clock import add_months, local_day, month_start, months_apart
from panshi.kit.money import ZERO, to_fen
from panshi.kit.records import Tile
from panshi.kit.tenancy import Actor
from panshi.kit.web import Request, needs
from panshi.ledger import queries as ledger
from panshi.ledger.queries import VehicleMonth

Month = tuple[date, dict[str, Decimal]]
# Rent that accidents cost, kept beside the books.
LOST_RENT: Final = "9001"
SPAN: Final = 24
AHEAD: Final = 48
PAGE: Final = 100
_GROUPS: Final[dict[str, tuple[str | Promise, tuple[str, ...]]]] = {
    "income": (lazy("Income"), ("6001.", "6051", "6115")),
    "energy": (lazy("Energy"), ("6401.energy",)),
    "maintenance": (lazy("Upkeep and repair"), ("6401.maintenance", "6401.parts", "6401.service")),
    "insurance": (lazy("Insurance"), ("6401.insurance",)),
    "accidents": (lazy("Accidents and fines"), ("6711",)),
    "depreciation": (lazy("Depreciation"), ("6401.dep", "6602.idle")),
    "other": (pgettext_lazy("cost", "Other"), ("",)),
}
# Costs that go on while a vehicle is kept; depreciation is what its value says, shares follow rent.
_RUNNING: Final = ("energy", "maintenance", "insurance")
_COLOURS: Final = {
    "energy": "var(--info)",
    "maintenance": "var(--warn)",
    "insurance": "var(--accent)",
    "accidents": "var(--series-5)",
    "depreciation": "var(--line-strong)",
    "other": "var(--bad)",
}


def _group(row: VehicleMonth) -> str:
    return next(
        name
        for name, (_words, starts) in _GROUPS.items()
        if any(row.account.startswith(start) for start in starts)
    )


def _months(rows: Sequence[VehicleMonth], first: date, until: date) -> list[Month]:
    """The sums of each month by group, months without postings too."""
    table: dict[date, dict[str, Decimal]] = {}
    month = first
    while month < until:
        table[month] = dict.fromkeys(_GROUPS, ZERO)
        month = add_months(month, 1)
    for row in rows:
        table[row.month][_group(row)] += row.amount
    return list(table.items())


def _market(asset: AssetCard, terms: AssetDefaults, month: date) -> Decimal:
    """What the market would pay: the cost, less a share of what is left for each month of use."""
    months = max(months_apart(asset.in_use_on, month), 0)
    return to_fen(asset.cost * (1 - terms.market_fall) ** months)


@require_GET
@needs("billing.view")
def worth(request: Request, vehicle_id: UUID) -> HttpResponse:
    """One vehicle's months from postings alone, its value, and the month in which to sell it."""
    today = local_day(timezone.now())
    refs = fleet.vehicle_refs(vehicle_ids=(vehicle_id,), actor=request.actor)
    if vehicle_id not in refs:
        raise Http404
    this = month_start(today)
    until, first = add_months(this, 1), add_months(this, 1 - SPAN)
    rows = ledger.vehicle_months(
        vehicle_id=vehicle_id, since=first, until=until, actor=request.actor
    )
    months = _months(rows, first, until)
    used = [pair for pair in months if any(pair[1].values())]
    sums = {name: sum((values[name] for _month, values in months), ZERO) for name in _GROUPS}
    asset = fleet.asset_of(vehicle_id=vehicle_id, actor=request.actor)
    lost = -ledger.vehicle_balance(
        vehicle_id=vehicle_id,
        account=DEPRECIATED,
        until=today + timedelta(1),
        actor=request.actor,
    )
    missed = ledger.vehicle_balance(
        vehicle_id=vehicle_id, account=LOST_RENT, until=today + timedelta(1), actor=request.actor
    )
    context: dict[str, Any] = {
        "missed": missed,
        "vehicle": refs[vehicle_id],
        "asset": asset,
        "months": [
            (month, [(name, values[name]) for name in _GROUPS], _result(values))
            for month, values in reversed(used)
        ],
        "heads": [words for words, _starts in _GROUPS.values()],
        "sums": [(name, sums[name]) for name in _GROUPS],
        "result": _result(sums),
        "may_enter": asset is None and request.actor.may("fleet.enter_asset"),
        "tiles": [
            Tile(label=lazy("Income"), value=sums["income"], kind="money"),
            Tile(label=lazy("Costs"), value=sums["income"] - _result(sums), kind="money"),
            Tile(label=lazy("Result"), value=_result(sums), kind="money"),
        ],
        "results": _bars(used),
    }
    if asset is not None:
        terms = fleet.asset_defaults(on=today, actor=request.actor)
        context |= _selling(asset, terms, months[:-1], this, request.actor)
        context["tiles"].append(
            Tile(
                label=lazy("Value in the books"),
                value=asset.cost - max(lost, asset.opening),
                kind="money",
            )
        )
    return render(request, "billing/vehicle_worth.html", context)


def _result(values: dict[str, Decimal]) -> Decimal:
    return values["income"] - sum((v for name, v in values.items() if name != "income"), ZERO)


def _selling(
    asset: AssetCard,
    terms: AssetDefaults,
    months: Sequence[Month],
    this: date,
    actor: Actor,
) -> dict[str, Any]:
    """The curve of value against cost from now on, and its lowest point."""
    lived = [pair for pair in months if pair[0] >= asset.first_month][-12:]
    running = [sum((values[name] for name in _RUNNING), ZERO) for _month, values in lived]
    value = _market(asset, terms, this)
    curve = fleet.selling_curve(
        value=value, fall=terms.market_fall, running=tuple(running), most=AHEAD, actor=actor
    )
    best = min(curve, key=lambda ahead: (ahead.mean_cost, ahead.months))
    return {
        "value": value,
        "fall": terms.market_fall * 100,
        "to_confirm": terms.to_confirm,
        "counted": len(running),
        "running": to_fen(sum(running, ZERO) / len(running)) if running else ZERO,
        "best": best,
        "best_on": add_months(this, best.months),
        "at_end": best.months == AHEAD,
        "curve": _curve([add_months(this, ahead.months) for ahead in curve], curve),
    }


def _bars(months: Sequence[Month]) -> dict[str, Any]:
    """Costs stacked by kind, income as a line."""
    return {
        "xAxis": {"type": "category", "data": [f"{month:%Y-%m}" for month, _values in months]},
        "yAxis": {"type": "value"},
        "legend": {},
        "tooltip": {"trigger": "axis"},
        "series": [
            {
                "type": "line",
                "name": str(_GROUPS["income"][0]),
                "data": [float(values["income"]) for _month, values in months],
                "color": "var(--ok)",
            },
            *(
                {
                    "type": "bar",
                    "stack": "cost",
                    "name": str(words),
                    "data": [float(values[name]) for _month, values in months],
                    "color": _COLOURS[name],
                }
                for name, (words, _starts) in _GROUPS.items()
                if name != "income"
            ),
        ],
    }


def _curve(days: Sequence[date], curve: Sequence[Any]) -> dict[str, Any]:
    return {
        "xAxis": {"type": "category", "data": [f"{day:%Y-%m}" for day in days]},
        "yAxis": [{"type": "value"}, {"type": "value"}],
        "legend": {},
        "tooltip": {"trigger": "axis"},
        "series": [
            {
                "type": "line",
                "name": str(lazy("Market value")),
                "data": [float(ahead.value) for ahead in curve],
                "showSymbol": False,
                "color": "var(--info)",
            },
            {
                "type": "line",
                "yAxisIndex": 1,
                "name": str(lazy("Mean cost a month until then")),
                "data": [float(ahead.mean_cost) for ahead in curve],
                "showSymbol": False,
                "color": "var(--bad)",
            },
        ],
    }


@require_GET
@needs("billing.view")
def postings(request: Request, vehicle_id: UUID, name: str) -> HttpResponse:
    """The postings of one vehicle behind a sum of a month; they sum to it."""
    refs = fleet.vehicle_refs(vehicle_ids=(vehicle_id,), actor=request.actor)
    if vehicle_id not in refs or name not in _GROUPS:
        raise Http404
    month = read_month(request)
    rows = ledger.vehicle_months(
        vehicle_id=vehicle_id,
        since=month_start(month),
        until=add_months(month_start(month), 1),
        actor=request.actor,
    )
    accounts = tuple(sorted({row.account for row in rows if _group(row) == name}))
    page = ledger.posting_page(
        accounts=accounts,
        since=month_start(month),
        until=add_months(month_start(month), 1),
        vehicle_id=vehicle_id,
        limit=PAGE,
        actor=request.actor,
    )
    sign = -1 if name == "income" else 1
    context = {
        "vehicle": refs[vehicle_id],
        "words": _GROUPS[name][0],
        "month": month,
        "page": page,
        "rows": [(row, sign * row.amount) for row in page.rows],
        "amount": sign * page.amount,
    }
    return render(request, "billing/vehicle_postings.html", context)


URLS: Final = [
    path("finance/vehicles/<uuid:vehicle_id>/", worth, name="billing-vehicle-worth"),
    path(
        "finance/vehicles/<uuid:vehicle_id>/<slug:name>/",
        postings,
        name="billing-vehicle-postings",
    ),
]
