"""The page of what vehicles' days were: its table, its tiles."""

from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import pgettext_lazy

from panshi.fleet.lists import STATE_TONES, city_choices, name_cell
from panshi.fleet.models import VehicleState
from panshi.fleet.queries import DaysPage
from panshi.kit import cells
from panshi.kit.records import Bar, Tile
from panshi.kit.tables import Column, Filter, Table

DAYS: Final = Table(
    name="vehicle-days",
    columns=(
        Column(key="plate", label=lazy("Vehicle"), show=lambda row: name_cell(row), sort=True),
        Column(key="model_name", label=lazy("Model"), sort=True),
        Column(key="city", label=lazy("City"), sort=True),
        Column(key="leased", label=lazy("Days leased"), kind="number", sort=True, total=True),
        Column(key="idle", label=lazy("Days idle"), kind="number", sort=True, total=True),
        Column(key="service", label=lazy("Days in service"), kind="number", sort=True, total=True),
        Column(key="preparing", label=lazy("Days preparing"), kind="number", sort=True, total=True),
        Column(key="out", label=lazy("Days not in the fleet"), kind="number", total=True),
        Column(
            key="utilisation", label=lazy("Utilisation"), show=lambda row: _share(row.utilisation)
        ),
        Column(
            key="state",
            label=lazy("State now"),
            kind="state",
            choices=VehicleState,
            tones=STATE_TONES,
            hidden=True,
        ),
    ),
    filters=(
        Filter(key="month", label=pgettext_lazy("calendar", "Month"), placeholder="2026-11"),
        Filter(key="city", label=lazy("City"), kind="choice", choices=city_choices),
        Filter(key="text", label=lazy("Plate or VIN")),
    ),
    sort="-idle",
    row_url="fleet-vehicle",
    export="vehicle-days",
    empty=lazy("No vehicle was in the fleet in this month."),
    live=("fleet.Vehicle*",),
)


def _share(share: float | None) -> Any:
    return cells.DASH if share is None else cells.show(share, "percent")


def tiles_of(page: DaysPage) -> list[Tile]:
    """The month in figures: days of the fleet by class."""
    totals = page.totals
    return [
        Tile(label=_("Utilisation"), value=totals.utilisation, kind="percent"),
        Tile(label=_("Days leased"), value=totals.leased, kind="number"),
        Tile(label=_("Days idle"), value=totals.idle, kind="number"),
        Tile(label=_("Days in service"), value=totals.service, kind="number"),
        Tile(label=_("Days preparing"), value=totals.preparing, kind="number"),
    ]


def bars_of(page: DaysPage) -> list[Bar]:
    """The month as bars: the share of each class in the days of the fleet."""
    totals = page.totals
    classes = (
        (_("Leased"), totals.leased, "ok"),
        (pgettext_lazy("vehicle", "Idle"), totals.idle, "warn"),
        (_("In service"), totals.service, "bad"),
        (_("Preparing"), totals.preparing, "idle"),
    )
    return [
        Bar(label=label, part=days, whole=totals.held, tone=tone) for label, days, tone in classes
    ]
