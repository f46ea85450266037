"""The tables, forms and words of the fleet's pages."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import pgettext_lazy

from panshi.fleet import queries, services
from panshi.fleet.models import (
    DocumentKind,
    InspectionKind,
    PlateClass,
    VehicleState,
    VehicleUse,
)
from panshi.fleet.queries import (
    DisposalCard,
    DueRow,
    InspectionRow,
    VehicleCard,
    VehicleHistory,
    VehicleRow,
)
from panshi.kit import cells
from panshi.kit.clock import local_day
from panshi.kit.forms import Field, Form, for_verb
from panshi.kit.records import Detail, Entry, Tile
from panshi.kit.search import Hit
from panshi.kit.tables import Column, Filter, Table
from panshi.kit.tenancy import Actor

STATE_TONES: Final[Mapping[str, str]] = {
    "PROCURED": "info",
    "PLATED": "info",
    "READY": "ok",
    "IDLE": "warn",
    "LEASED": "ok",
    "IN_SERVICE": "warn",
    "RETIRED": "idle",
    "SOLD": "idle",
}


# An operator writes its own words; these codes have words of ours.
FUNDING_WORDS: Final[Mapping[str, Any]] = {
    "OWN": lazy("Own funds"),
    "FINANCE_LEASE": lazy("Finance lease"),
}
# A count is begun at its lot, never at a vehicle.
INSPECTION_KINDS: Final = [
    (kind.value, kind.label) for kind in InspectionKind if kind != InspectionKind.COUNT
]


def city_choices(actor: Actor) -> Sequence[tuple[str, str]]:
    return [(city, city) for city in queries.cities(actor=actor)]


def model_choices(actor: Actor) -> Sequence[tuple[str, str]]:
    return [(m.code, f"{m.maker} {m.name}") for m in queries.vehicle_models(actor=actor)]


def days_tone(days_left: int) -> str:
    return "bad" if days_left < 0 else "warn" if days_left <= 30 else "ok"


def days_words(days_left: int) -> str:
    if days_left < 0:
        return _("lapsed %(days)d days ago") % {"days": -days_left}
    if days_left == 0:
        return _("lapses today")
    return _("%(days)d days left") % {"days": days_left}


def _soonest(row: VehicleRow) -> Any:
    """The first paper to lapse, in red or amber once it is near."""
    if row.soonest_on is None or row.soonest_kind is None:
        return cells.DASH
    left = (row.soonest_on - local_day(timezone.now())).days
    words = f"{row.soonest_kind.label} {row.soonest_on.isoformat()}"
    return cells.text(words) if left > 30 else cells.state(words, days_tone(left))


VEHICLES: Final = Table(
    name="vehicles",
    columns=(
        Column(key="plate", label=lazy("Plate"), show=lambda row: name_cell(row), sort=True),
        Column(key="vin", label=lazy("VIN"), kind="mono", sort=True),
        Column(key="model_name", label=lazy("Model"), sort=True),
        Column(
            key="state",
            label=lazy("State"),
            kind="state",
            choices=VehicleState,
            tones=STATE_TONES,
            sort=True,
        ),
        Column(key="state_since", label=pgettext_lazy("state", "Since"), kind="day", sort=True),
        Column(key="city", label=lazy("City"), sort=True),
        Column(key="parking", label=lazy("Parking"), hidden=True),
        Column(key="odometer_km", label=lazy("Odometer, km"), kind="number", sort=True),
        Column(key="battery_kwh", label=lazy("Battery, kWh"), kind="number", hidden=True),
        Column(key="use", label=lazy("Use of the vehicle"), choices=VehicleUse, hidden=True),
        Column(key="soonest_on", label=lazy("First paper to lapse"), show=_soonest),
    ),
    filters=(
        Filter(key="text", label=lazy("Plate or VIN")),
        Filter(key="state", label=lazy("State"), kind="choice", choices=VehicleState),
        Filter(key="city", label=lazy("City"), kind="choice", choices=city_choices),
        Filter(key="model", label=lazy("Model"), kind="choice", choices=model_choices),
        Filter(
            key="use",
            label=lazy("Use of the vehicle"),
            kind="choice",
            choices=VehicleUse,
            more=True,
        ),
    ),
    sort="vin",
    row_url="fleet-vehicle",
    export="vehicles",
    empty=lazy("No vehicles yet. Register one, or import your spreadsheet."),
    live=("fleet.Vehicle*",),
)


def name_cell(row: VehicleRow | DueRow) -> Any:
    """A vehicle by its plate, or its VIN before it has one."""
    return cells.plate(row.plate) if row.plate else cells.mono(row.vin)


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """An act on a vehicle that its page offers while it stands in one of `states`."""

    name: str
    label: Any
    verb: Callable[..., Any]
    permission: str
    states: frozenset[str]
    form: Form | None = None


def _act(
    name: str,
    label: Any,
    verb: Callable[..., Any],
    states: Sequence[str],
    form: Form | None = None,
    permission: str = "",
) -> Act:
    return Act(
        name=name,
        label=label,
        verb=verb,
        permission=permission or f"fleet.{verb.__name__}",
        states=frozenset(states),
        form=form,
    )


_IN_USE: Final = ("PLATED", "READY", "IDLE", "LEASED", "IN_SERVICE")
_PLATE_LABELS: Final = {"plate": lazy("Plate"), "plate_class": lazy("Plate class")}
ACTS: Final = (
    _act(
        "plate",
        lazy("Enter the plate"),
        services.plate_vehicle,
        ["PROCURED"],
        for_verb(
            services.plate_vehicle,
            labels=_PLATE_LABELS,
            kinds={"plate": "mono"},
            choices={"plate_class": PlateClass},
        ),
    ),
    _act("ready", lazy("Make ready"), services.make_ready, ["PLATED", "IDLE"]),
    _act(
        "idle",
        lazy("Take off the offer"),
        services.set_idle,
        ["READY"],
        for_verb(services.set_idle, labels={"reason": lazy("Reason")}),
    ),
    _act(
        "service",
        lazy("Send to service"),
        services.send_to_service,
        ["READY", "IDLE", "LEASED"],
        for_verb(services.send_to_service, labels={"reason": lazy("Reason")}),
    ),
    _act("return", lazy("Back from service"), services.return_from_service, ["IN_SERVICE"]),
    _act(
        "inspect",
        lazy("Record an inspection"),
        services.sign_inspection,
        _IN_USE,
        for_verb(
            services.sign_inspection,
            labels={
                "kind": lazy("Inspection"),
                "odometer_km": lazy("Odometer"),
                "soc_pct": lazy("State of charge"),
                "passed": lazy("Passed"),
                "note": lazy("Note"),
            },
            kinds={"note": "area"},
            choices={"kind": INSPECTION_KINDS},
            units={"odometer_km": "km", "soc_pct": "%"},
        ),
    ),
    _act(
        "change-plate",
        lazy("Change the plate"),
        services.change_plate,
        _IN_USE,
        for_verb(
            services.change_plate,
            labels=_PLATE_LABELS,
            kinds={"plate": "mono"},
            choices={"plate_class": PlateClass},
        ),
    ),
    _act(
        "propose-retirement",
        lazy("Propose to retire it"),
        services.propose_retirement,
        ["IDLE", "IN_SERVICE"],
        for_verb(
            services.propose_retirement,
            labels={"reason": lazy("Reason"), "floor_price": lazy("Lowest price")},
            kinds={"floor_price": "money"},
        ),
    ),
    _act(
        "retire",
        lazy("Approve the retirement"),
        services.retire_vehicle,
        ["IDLE", "IN_SERVICE"],
    ),
    _act(
        "reject-retirement",
        lazy("Reject the retirement"),
        services.reject_retirement,
        ["IDLE", "IN_SERVICE"],
        for_verb(services.reject_retirement, labels={"note": lazy("Why not")}),
        permission="fleet.retire_vehicle",
    ),
    _act(
        "sell",
        lazy("Record the sale"),
        services.sell_vehicle,
        ["RETIRED"],
        for_verb(
            services.sell_vehicle,
            labels={"price": lazy("Price"), "buyer": lazy("Buyer")},
            kinds={"price": "money"},
        ),
    ),
    _act(
        "lower-price",
        lazy("Approve a lower price"),
        services.approve_lower_price,
        ["RETIRED"],
        for_verb(
            services.approve_lower_price,
            labels={"price": lazy("Lowest price")},
            kinds={"price": "money"},
        ),
    ),
)


def out_of_turn(disposal: DisposalCard | None) -> frozenset[str]:
    """The acts of retiring a vehicle that are not offered at this point of it."""
    if disposal is not None and disposal.state == "PROPOSED":
        return frozenset({"propose-retirement"})
    return frozenset({"retire", "reject-retirement"})


PAPER_FORM: Final = Form(
    fields=[
        Field(name="kind", label=lazy("Paper"), kind="choice", choices=DocumentKind),
        Field(name="number", label=lazy("Number"), required=False, longest=60),
        Field(name="issued_on", label=lazy("Issued on"), kind="day", required=False),
        Field(name="expires_on", label=lazy("Last day of validity"), kind="day"),
        Field(
            name="cost",
            label=lazy("What it cost"),
            kind="money",
            required=False,
            least=Decimal("0.01"),
            help=lazy("Premium or fee, tax included; it is posted to the vehicle."),
        ),
        Field(
            name="scan",
            label=lazy("Scan or photo"),
            kind="file",
            required=False,
            help=lazy("JPEG, PNG, WebP or PDF, up to 15 MB."),
        ),
    ]
)


MAINTENANCE_FORM: Final = Form(
    fields=[
        Field(name="on", label=lazy("Maintained on"), kind="day"),
        Field(name="odometer_km", label=lazy("Odometer"), kind="number", unit="km", least=0),
    ]
)


def vehicle_form(actor: Actor) -> Form:
    """The form by which one vehicle is registered."""
    return Form(
        fields=[
            Field(name="vin", label=lazy("VIN"), kind="mono", longest=30),
            Field(
                name="model_code",
                label=lazy("Model"),
                kind="choice",
                choices=list(model_choices(actor)),
            ),
            Field(name="city", label=lazy("City"), longest=40),
            Field(name="plate", label=lazy("Plate"), kind="mono", required=False, longest=12),
            Field(name="parking", label=lazy("Parking"), required=False, longest=80),
            Field(name="motor_no", label=lazy("Motor number"), required=False, longest=40),
            Field(name="pack_no", label=lazy("Battery pack number"), required=False, longest=40),
            Field(name="purchased_on", label=lazy("Bought on"), kind="day", required=False),
            Field(name="cost", label=lazy("Cost"), kind="money", required=False, least=0),
            Field(name="funding", label=lazy("Funding"), required=False, longest=40),
        ]
    )


def details_of(card: VehicleCard) -> list[Detail]:
    """The column of facts of a vehicle's page."""
    plate_class = PlateClass(card.plate_class).label if card.plate_class else ""
    return [
        Detail(label=_("VIN"), value=card.vin, kind="mono"),
        Detail(label=_("Model"), value=card.model_name),
        Detail(label=_("Vehicle class"), value=card.vehicle_class),
        Detail(label=_("Battery, kWh"), value=card.battery_kwh, kind="number"),
        Detail(label=_("Plate class"), value=plate_class),
        Detail(label=_("Use of the vehicle"), value=card.use),
        Detail(label=_("City"), value=card.city),
        Detail(label=_("Parking"), value=card.parking),
        Detail(label=_("Motor number"), value=card.motor_no, kind="mono"),
        Detail(label=_("Battery pack number"), value=card.pack_no, kind="mono"),
        Detail(label=_("Bought on"), value=card.purchased_on, kind="day"),
        Detail(label=_("Cost"), value=card.cost, kind="money"),
        Detail(label=_("Funding"), value=FUNDING_WORDS.get(card.funding, card.funding)),
        Detail(label=_("First registered"), value=card.first_registered_on, kind="day"),
    ]


def tiles_of(card: VehicleCard, today: date) -> list[Tile]:
    """The key figures of a vehicle's page."""
    soonest = card.papers[0] if card.papers else None
    return [
        Tile(label=_("Odometer"), value=card.odometer_km, kind="number", unit="km"),
        Tile(label=_("State of charge"), value=card.soc_pct, kind="number", unit="%"),
        Tile(
            label=_("Days in this state"),
            value=(today - local_day(card.state_since)).days,
            kind="number",
        ),
        Tile(
            label=_("First paper to lapse"),
            value=soonest.expires_on if soonest else None,
            kind="day",
            hint=f"{soonest.kind.label} · {days_words(soonest.days_left)}" if soonest else "",
            tone="" if soonest is None or soonest.days_left > 30 else days_tone(soonest.days_left),
        ),
    ]


def _seen_words(inspection: InspectionRow) -> str:
    if inspection.passed is None:
        return ""
    return _("%(result)s at %(km)s km. %(note)s") % {
        "result": _("Passed") if inspection.passed else _("Not passed"),
        "km": inspection.odometer_km,
        "note": inspection.note,
    }


def timeline_of(history: VehicleHistory, names: Mapping[Any, str]) -> list[Entry]:
    """What happened to a vehicle, newest first."""
    entries = [
        Entry(
            at=event.at,
            title=event.to_state.label,
            text=event.reason,
            by=names.get(event.actor_id, ""),
            icon="truck",
            tone="ok" if event.to_state in (VehicleState.READY, VehicleState.LEASED) else "",
        )
        for event in history.events
    ]
    entries += [
        Entry(
            at=inspection.signed_at,
            title=inspection.kind.label,
            text=_seen_words(inspection),
            by=names.get(inspection.signed_by_id, "") if inspection.signed_by_id else "",
            icon="clipboard-check",
            tone="bad" if inspection.passed is False else "ok",
            url=reverse("fleet-inspection", args=[inspection.id]),
        )
        for inspection in history.inspections
    ]
    entries += [
        Entry(
            at=filed.filed_at,
            kind="file",
            title=filed.kind.label,
            text=_("Version %(version)d, valid to %(day)s")
            % {"version": filed.version, "day": filed.expires_on.isoformat()},
            by=names.get(filed.filed_by_id, ""),
            icon="file-certificate",
        )
        for filed in history.filed
    ]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


def find_vehicles(*, actor: Actor, text: str, limit: int) -> list[Hit]:
    """Vehicles for the command palette, by part of plate or VIN."""
    page = queries.vehicle_list(text=text, limit=limit, actor=actor)
    return [
        Hit(
            title=row.plate or row.vin,
            detail=f"{row.model_name} · {row.state.label}",
            url=reverse("fleet-vehicle", args=[row.id]),
            icon="truck",
        )
        for row in page.rows
    ]


def figures(*, actor: Actor) -> list[Tile]:
    """How many vehicles stand in each working state, for the home page."""
    shown = (
        VehicleState.LEASED,
        VehicleState.READY,
        VehicleState.IDLE,
        VehicleState.IN_SERVICE,
    )
    counted = {row.state: row.vehicles for row in queries.state_counts(actor=actor)}
    url = reverse("fleet-vehicles")
    return [
        Tile(
            label=state.label,
            value=counted[state],
            kind="number",
            url=f"{url}?state={state.value}",
        )
        for state in shown
    ]


def dates_of(history: VehicleHistory) -> dict[str, Any]:
    """When a vehicle last entered each state, for the line of its life."""
    return {event.to_state.value: event.at for event in reversed(history.events)}


def path_of() -> list[tuple[str, Any]]:
    """The usual life of a vehicle."""
    usual = (
        VehicleState.PROCURED,
        VehicleState.PLATED,
        VehicleState.READY,
        VehicleState.LEASED,
        VehicleState.RETIRED,
        VehicleState.SOLD,
    )
    return [(state.value, state.label) for state in usual]
