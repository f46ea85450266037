"""The compliance calendar as it is shown: its table, the month as a picture, rules and notices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from panshi.fleet import queries
from panshi.fleet.lists import STATE_TONES, city_choices, days_tone, days_words, name_cell
from panshi.fleet.models import DueKind, VehicleState
from panshi.fleet.queries import DueDay, DueRow, OpenItem, RuleRow
from panshi.kit import cells
from panshi.kit.clock import add_months, month_start, read_day
from panshi.kit.forms import Field, Form
from panshi.kit.records import Tile
from panshi.kit.tables import Column, Filter, Table
from panshi.kit.tenancy import Actor

WITHIN: Final = [
    ("0", lazy("Lapsed already")),
    ("7", lazy("Within 7 days")),
    ("30", lazy("Within 30 days")),
    ("60", lazy("Within 60 days")),
    ("365", lazy("Within a year")),
]


def _days_left(row: DueRow) -> Any:
    words = days_words(row.days_left)
    if row.due_km is not None:
        words = _("%(words)s or at %(km)s km") % {"words": words, "km": f"{row.due_km:,.0f}"}
    return cells.state(words, days_tone(row.days_left))


def _blocking(row: DueRow) -> Any:
    if not row.blocks:
        return cells.DASH
    words = _("No delivery") if row.days_left < 0 else _("Stops delivery")
    return cells.state(words, "bad" if row.days_left < 0 else "idle")


def _reminded(row: DueRow) -> Any:
    if row.incident_on is not None:
        return cells.state(_("Told too late"), "bad")
    if row.rung is None:
        return cells.DASH
    return cells.text(_("%(days)d days ahead") % {"days": row.rung})


CALENDAR: Final = Table(
    name="papers",
    columns=(
        Column(key="plate", label=lazy("Vehicle"), show=name_cell),
        Column(key="kind", label=lazy("What falls due"), choices=DueKind, sort=True),
        Column(key="expires_on", label=lazy("Last day"), kind="day", sort=True),
        Column(key="days_left", label=lazy("Time left"), show=_days_left),
        Column(key="blocks", label=lazy("When lapsed"), show=_blocking),
        Column(key="rung", label=lazy("Last notice"), show=_reminded),
        Column(
            key="state",
            label=lazy("Vehicle's state"),
            kind="state",
            choices=VehicleState,
            tones=STATE_TONES,
        ),
        Column(key="model_name", label=lazy("Model"), hidden=True),
        Column(key="city", label=lazy("City")),
    ),
    filters=(
        Filter(key="within", label=lazy("Lapses"), kind="choice", choices=WITHIN),
        Filter(key="kind", label=lazy("What falls due"), kind="choice", choices=DueKind),
        Filter(key="city", label=lazy("City"), kind="choice", choices=city_choices),
        Filter(key="text", label=lazy("Plate or VIN")),
        Filter(key="on", label=lazy("Day"), placeholder="2026-12-31", more=True),
    ),
    sort="expires_on",
    row_url="fleet-vehicle",
    row_key="vehicle_id",
    export="papers",
    empty=lazy("Nothing falls due within this time."),
    live=("fleet.DocumentsFiled", "fleet.DueItemsComputed", "fleet.MaintenanceRecorded"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthDay:
    """A square of the month's picture; `url` lists what falls due on the day."""

    day: date
    within: bool
    today: bool
    count: int
    tone: str
    url: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A month as weeks of seven days from Monday, with the ways to its neighbours."""

    first: date
    weeks: Sequence[Sequence[MonthDay]]
    count: int
    before: str
    after: str


def month_asked(given: str, today: date) -> date:
    """The first day of the month in the URL (2026-12), or of the current one."""
    try:
        return read_day(f"{given}-01")
    except ValueError:
        return month_start(today)


def month_of(days: Sequence[DueDay], *, first: date, today: date, kept: Mapping[str, str]) -> Month:
    """Lay out a month; `kept` are the filters of the page, kept in each link."""
    found = {due.day: due for due in days}
    url = reverse("fleet-calendar")

    def link(**more: str) -> str:
        return f"{url}?{urlencode({**kept, **more})}"

    def square(day: date) -> MonthDay:
        due = found.get(day)
        count = due.count if due else 0
        words = ", ".join(f"{kind.label} {n}" for kind, n in due.kinds) if due else ""
        return MonthDay(
            day=day,
            within=day.month == first.month,
            today=day == today,
            count=count,
            tone=days_tone((day - today).days) if count else "",
            url=link(on=day.isoformat(), month=f"{first:%Y-%m}") if count else "",
            words=words,
        )

    start = first - timedelta(days=first.weekday())
    weeks: list[list[MonthDay]] = []
    while not weeks or start < add_months(first, 1):
        weeks.append([square(start + timedelta(days=n)) for n in range(7)])
        start += timedelta(days=7)
    return Month(
        first=first,
        weeks=weeks,
        count=sum(due.count for due in days),
        before=link(month=f"{add_months(first, -1):%Y-%m}"),
        after=link(month=f"{add_months(first, 1):%Y-%m}"),
    )


def lapsing(*, actor: Actor) -> Sequence[DueRow]:
    """What falls due within a week, for the home page."""
    return queries.due_calendar(actor=actor, at=timezone.now(), within_days=7, limit=8).rows


def lapse_tiles(*, actor: Actor) -> list[Tile]:
    """How much falls due when."""
    counts = queries.lapse_counts(actor=actor, at=timezone.now())
    url = reverse("fleet-calendar")
    words = (
        (_("Lapsed"), counts.lapsed, "0"),
        (_("Within 7 days"), counts.week, "7"),
        (_("Within 30 days"), counts.month, "30"),
        (_("Within 60 days"), counts.two_months, "60"),
    )
    return [
        Tile(
            label=label,
            value=count,
            kind="number",
            url=f"{url}?within={within}",
            tone="bad" if within == "0" and count else "",
        )
        for label, count, within in words
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A line of the log of notices."""

    at: Any
    rung: str
    level: str
    channel: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DueLine:
    """What is due of a vehicle, with the log of who was told."""

    item: OpenItem
    words: str
    tone: str
    told: Sequence[Told]


def rung_words(days: int) -> str:
    return _("on the day") if days == 0 else _("%(days)d days ahead") % {"days": days}


def due_lines(items: Sequence[OpenItem], names: Mapping[UUID, str]) -> list[DueLine]:
    """What is due, in words."""
    return [
        DueLine(
            item=item,
            words=days_words(item.days_left),
            tone=days_tone(item.days_left),
            told=[
                Told(
                    at=notice.told_at,
                    rung=rung_words(notice.rung),
                    level=str(notice.level.label),
                    channel=str(notice.channel.label),
                    name=names.get(notice.user_id, ""),
                )
                for notice in item.notices
            ],
        )
        for item in items
    ]


def interval_words(rule: RuleRow) -> str:
    """How often something falls due, in words."""
    parts = []
    if rule.every_months:
        parts.append(_("every %(count)d months") % {"count": rule.every_months})
    if rule.anchor == "SERVICE":
        parts.append(
            _("every %(km)s km") % {"km": f"{rule.every_km:,}"}
            if rule.every_km
            else _("the model's own kilometres")
        )
    return " · ".join(parts) or _("by the paper")


def age_words(rule: RuleRow) -> str:
    """The ages of vehicle that a rule is for, in words."""
    if rule.until_months is not None and rule.from_months:
        return _("from year %(since)d to %(until)d") % {
            "since": rule.from_months // 12,
            "until": rule.until_months // 12,
        }
    if rule.until_months is not None:
        return _("to year %(until)d") % {"until": rule.until_months // 12}
    if rule.from_months:
        return _("after year %(since)d") % {"since": rule.from_months // 12}
    return _("any age")


RULE_FORM: Final = Form(
    fields=[
        Field(
            name="rungs",
            label=lazy("Days ahead"),
            help=lazy("From the widest to the narrowest, with commas: 60, 30, 15, 7, 3, 1, 0."),
        ),
        Field(
            name="told",
            label=lazy("Who is told at each"),
            help=lazy("As many codes, with commas: CLERK, LEAD, REGION or HQ."),
        ),
        Field(
            name="every_months",
            label=lazy("Every so many months"),
            kind="whole",
            required=False,
            least=1,
        ),
        Field(
            name="every_km",
            label=lazy("Every so many km"),
            kind="whole",
            required=False,
            least=1,
            help=lazy("Empty: the interval of the model."),
        ),
        Field(
            name="ahead_km",
            label=lazy("First notice so many km ahead"),
            kind="whole",
            required=False,
            least=1,
        ),
        Field(name="blocks", label=lazy("Stops delivery once lapsed"), kind="flag", required=False),
        Field(
            name="grace_days",
            label=lazy("Days after which it stops delivery"),
            kind="whole",
            least=0,
        ),
        Field(
            name="confirmed",
            label=lazy("These figures were held against the local law"),
            kind="flag",
            required=False,
        ),
    ]
)


def listed(words: str) -> list[str]:
    """The words between commas, Chinese ones too."""
    parts = words.replace("，", ",").replace("、", ",").split(",")
    return [part.strip().upper() for part in parts if part.strip()]
