"""Standing vehicles as they are shown: the idle board, tasks of upkeep, their form."""

from typing import Any, Final

from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import pgettext_lazy

from panshi.fleet.lists import city_choices, days_tone, days_words, name_cell
from panshi.fleet.models import UpkeepKind, UpkeepState
from panshi.fleet.queries import IdleBoard, IdleCounts, IdleRow, UpkeepRow
from panshi.kit import cells
from panshi.kit.forms import Field, Form
from panshi.kit.records import Tile
from panshi.kit.tables import Column, Filter, Table
from panshi.kit.wording import listed


def _charge(row: IdleRow) -> SafeString:
    """A battery drawn to its state of charge, amber once it drifted."""
    if row.soc_pct is None:
        return mark_safe(cells.DASH)
    return mark_safe(
        render_to_string(
            "fleet/charge.html",
            {"soc": row.soc_pct, "part": float(row.soc_pct), "drifted": row.drifted_days},
        )
    )


def _days(row: IdleRow) -> Any:
    words = _("%(days)d days") % {"days": row.days}
    return cells.state(words, "bad" if row.days >= 30 else "warn" if row.days >= 7 else "ok")


def _todo(row: IdleRow) -> Any:
    if not row.tasks:
        return cells.DASH
    words = listed(kind.label for kind in row.tasks)
    return cells.state(words, "bad" if row.late else "info")


IDLE: Final = Table(
    name="idle-board",
    columns=(
        Column(key="plate", label=lazy("Vehicle"), show=lambda row: name_cell(row), sort=True),
        Column(key="days", label=lazy("Days idle"), show=_days, sort=True),
        Column(key="soc_pct", label=lazy("State of charge"), show=_charge, sort=True),
        Column(key="tasks", label=lazy("To be done"), show=_todo, wrapped=True),
        Column(key="reserved_from", label=lazy("Reserved from"), kind="moment"),
        Column(key="city", label=lazy("City"), sort=True),
        Column(key="parking", label=lazy("Parking")),
        Column(key="soc_at", label=lazy("Terminal heard"), kind="moment"),
        Column(key="model_name", label=lazy("Model"), hidden=True),
    ),
    filters=(
        Filter(key="city", label=lazy("City"), kind="choice", choices=city_choices),
        Filter(key="text", label=lazy("Plate or VIN")),
    ),
    sort="-days",
    row_url="fleet-vehicle",
    export="idle-vehicles",
    empty=lazy("No vehicle stands idle."),
    live=("fleet.Upkeep*", "fleet.VehicleIdled", "fleet.VehicleDeployed"),
)


def _until(row: UpkeepRow) -> Any:
    if row.state != UpkeepState.OPEN:
        return cells.day(row.due_on)
    words = _("late by %(days)d days") % {"days": -row.days_left}
    return cells.state(
        words if row.days_left < 0 else days_words_due(row.days_left), days_tone(row.days_left)
    )


def days_words_due(days: int) -> str:
    return _("today") if days == 0 else days_words(days)


TASKS: Final = Table(
    name="upkeep",
    columns=(
        Column(key="plate", label=lazy("Vehicle"), show=lambda row: name_cell(row)),
        Column(key="kind", label=lazy("To be done"), choices=UpkeepKind, sort=True),
        Column(key="due_on", label=lazy("Due"), show=_until, sort=True),
        Column(key="soc_before", label=lazy("State of charge, %"), kind="number"),
        Column(key="idle_days", label=lazy("Days idle"), kind="number"),
        Column(key="city", label=lazy("City")),
        Column(key="parking", label=lazy("Parking")),
        Column(
            key="state",
            label=lazy("State"),
            kind="state",
            choices=UpkeepState,
            tones={"OPEN": "info", "DONE": "ok", "VOID": "idle"},
        ),
    ),
    filters=(
        Filter(key="state", label=lazy("State"), kind="choice", choices=UpkeepState),
        Filter(key="kind", label=lazy("To be done"), kind="choice", choices=UpkeepKind),
        Filter(key="city", label=lazy("City"), kind="choice", choices=city_choices),
    ),
    sort="due_on",
    row_url="fleet-upkeep-task",
    export="upkeep",
    empty=lazy("Nothing is to be done at standing vehicles."),
    live=("fleet.Upkeep*",),
)


def tiles_of(counts: IdleCounts, board: IdleBoard) -> list[Tile]:
    """How many stand, for long, drifted, with late tasks."""
    band = ""
    if board.low is not None and board.high is not None:
        band = _("%(low)s to %(high)s %%") % {
            "low": f"{board.low:.0f}",
            "high": f"{board.high:.0f}",
        }
    return [
        Tile(label=_("Standing vehicles"), value=counts.standing, kind="number"),
        Tile(label=_("For a week or longer"), value=counts.week, kind="number"),
        Tile(label=_("Charge out of the band"), value=counts.drifted, kind="number", hint=band),
        Tile(
            label=_("With late tasks"),
            value=counts.late,
            kind="number",
            tone="bad" if counts.late else "",
        ),
    ]


def target_words(row: UpkeepRow) -> str:
    """What the evidence of a task must show, in words."""
    parts = []
    if row.target_low is not None:
        parts.append(
            _("State of charge %(low)s to %(high)s %%")
            % {"low": f"{row.target_low:.0f}", "high": f"{row.target_high or 100:.0f}"}
        )
    if row.least_volts is not None:
        parts.append(_("12 V battery at %s V or more") % row.least_volts)
    if row.needs_photo:
        parts.append(_("a photo"))
    return ", ".join(parts) or _("words on what was done")


def finish_form(row: UpkeepRow) -> Form:
    """The form by which a task is finished: only what its evidence needs."""
    fields = []
    if row.target_low is not None:
        fields.append(
            Field(
                name="soc_pct", label=lazy("State of charge"), kind="number", unit="%",
                required=False, least=0,
            )
        )  # fmt: skip
    if row.least_volts is not None:
        fields.append(
            Field(
                name="volts", label=lazy("12 V battery"), kind="number", unit="V",
                required=False, least=0,
            )
        )  # fmt: skip
    fields += [
        Field(
            name="photo", label=lazy("Photo"), kind="file", required=row.needs_photo,
            help=lazy("JPEG, PNG, WebP or PDF, up to 15 MB."),
        ),
        Field(name="note", label=lazy("What was done"), required=False, longest=200),
        Field(
            name="cost",
            label=pgettext_lazy("upkeep", "Cost"),
            kind="money",
            required=False,
            least=0,
        ),
    ]  # fmt: skip
    return Form(fields=fields)
