"""Questions about vehicles: the register, one archive, history, models."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q, QuerySet

from panshi.fleet import rules
from panshi.fleet.models import (
    Document,
    DocumentKind,
    Inspection,
    InspectionKind,
    PlateHolding,
    Vehicle,
    VehicleClass,
    VehicleEvent,
    VehicleModel,
    VehicleState,
    VehicleUse,
)
from panshi.fleet.queries import compliance
from panshi.fleet.queries.papers import FiledRow, filed_row
from panshi.kit.clock import local_day
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question

_SORTS = {
    "plate", "vin", "model_name", "state", "city", "odometer_km", "state_since", "battery_kwh",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleRef:
    """A vehicle as other rooms need it."""

    id: UUID
    org_id: int
    vin: str
    plate: str
    model_name: str
    model_code: str
    city: str
    state: VehicleState
    battery_kwh: Decimal
    vehicle_class: VehicleClass
    use: VehicleUse
    customer_id: UUID | None
    odometer_km: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleRow(VehicleRef):
    """A line of the register. `soonest_on` is when the first of its papers lapses."""

    state_since: datetime
    parking: str
    soonest_kind: DocumentKind | None
    soonest_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VehiclePage:
    rows: tuple[VehicleRow, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperRow:
    """The current version of a paper; `days_left` is negative once it has lapsed."""

    id: UUID
    kind: DocumentKind
    version: int
    number: str
    issued_on: date | None
    expires_on: date
    days_left: int
    file_id: UUID | None
    blocks: bool
    verified_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    id: int
    from_state: VehicleState | None
    to_state: VehicleState
    reason: str
    actor_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionRow:
    id: UUID
    kind: InspectionKind
    odometer_km: Decimal | None
    soc_pct: Decimal | None
    passed: bool | None
    note: str
    signed_by_id: UUID | None
    signed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldingRow:
    plate: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleCard(VehicleRef):
    """The archive of one vehicle."""

    plate_class: str
    state_since: datetime
    parking: str
    soc_pct: Decimal | None
    needs_check: bool
    awaits_lease: bool
    motor_no: str
    pack_no: str
    purchased_on: date | None
    cost: Decimal | None
    funding: str
    first_registered_on: date | None
    papers: tuple[PaperRow, ...]
    missing: tuple[DocumentKind, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleHistory:
    events: tuple[EventRow, ...]
    inspections: tuple[InspectionRow, ...]
    plates: tuple[HoldingRow, ...]
    filed: tuple[FiledRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRow:
    id: UUID
    org_id: int
    code: str
    maker: str
    name: str
    vehicle_class: VehicleClass
    battery_kwh: Decimal
    gvw_kg: int
    range_km: int
    service_km: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StateCount:
    state: VehicleState
    vehicles: int


@dataclass(frozen=True, slots=True)
class CityStates:
    """How many vehicles of one node stand in each state in one city."""

    org_id: int
    city: str
    vehicles: dict[VehicleState, int]

    @property
    def leased(self) -> int:
        return self.vehicles.get(VehicleState.LEASED, 0)

    @property
    def idle(self) -> int:
        """Vehicles that stand though they could earn, just readied ones among them."""
        return self.vehicles.get(VehicleState.IDLE, 0) + self.vehicles.get(VehicleState.READY, 0)

    @property
    def pool(self) -> int:
        """Vehicles that are leased, stand, or are in service."""
        return self.leased + self.idle + self.vehicles.get(VehicleState.IN_SERVICE, 0)


def _fields(vehicle: Vehicle) -> dict[str, Any]:
    return {
        "id": vehicle.id,
        "org_id": vehicle.org_id,
        "vin": vehicle.vin,
        "plate": vehicle.plate,
        "model_name": vehicle.model_name,
        "model_code": vehicle.model_code,
        "city": vehicle.city,
        "state": VehicleState(vehicle.state),
        "battery_kwh": vehicle.battery_kwh,
        "vehicle_class": VehicleClass(vehicle.vehicle_class),
        "use": VehicleUse(vehicle.use),
        "customer_id": vehicle.customer_id,
        "odometer_km": vehicle.odometer_km,
    }


@question
def vehicle_refs(*, vehicle_ids: tuple[UUID, ...], actor: Actor) -> dict[UUID, VehicleRef]:
    """Vehicles by id; those this actor may not see are left out."""
    found = Vehicle.objects.visible_to(actor).filter(id__in=vehicle_ids)
    return {vehicle.id: VehicleRef(**_fields(vehicle)) for vehicle in found}


@dataclass(frozen=True, slots=True)
class VehiclePlace:
    """Whose a vehicle is and where, for who decides about it under a lock."""

    org_id: int
    city: str
    model_code: str


@question
def vehicle_place(*, vehicle_id: UUID, actor: Actor) -> VehiclePlace | None:
    """Whose a vehicle is and where; None when this actor may not see it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT org_id, city, model_code FROM fleet_vehicle WHERE id = %s", [vehicle_id]
        )
        found = cursor.fetchone()
    return VehiclePlace(*found) if found else None


@question
def vehicles_by_vin(*, vins: tuple[str, ...], actor: Actor) -> dict[str, VehicleRef]:
    """Vehicles by VIN; those this actor may not see are left out."""
    found = Vehicle.objects.visible_to(actor).filter(vin__in=vins)
    return {vehicle.vin: VehicleRef(**_fields(vehicle)) for vehicle in found}


@question
def customer_vehicles(*, customer_id: UUID, actor: Actor) -> list[VehicleRef]:
    """The vehicles a customer owns or has on lease, by plate."""
    found = Vehicle.objects.visible_to(actor).filter(customer_id=customer_id).order_by("plate")
    return [VehicleRef(**_fields(vehicle)) for vehicle in found]


@question
def available_vehicles(
    *, city: str, model_code: str, actor: Actor, limit: int = 100
) -> list[VehicleRef]:
    """Ready vehicles for lease in a city; an empty city or model means any."""
    found = Vehicle.objects.visible_to(actor).filter(state=VehicleState.READY, use=VehicleUse.LEASE)
    if city:
        found = found.filter(city=city)
    if model_code:
        found = found.filter(model_code=model_code)
    return [VehicleRef(**_fields(vehicle)) for vehicle in found.order_by("plate")[:limit]]


def _searched(
    actor: Actor, *, text: str, state: str, city: str, model_code: str, use: str
) -> QuerySet[Vehicle]:
    found = Vehicle.objects.visible_to(actor)
    given = {"state": state, "city": city, "model_code": model_code, "use": use}
    found = found.filter(**{key: value for key, value in given.items() if value})
    words = rules.fold(text)
    if words:
        found = found.filter(Q(plate__contains=words) | Q(vin__contains=words))
    return found


@question
def vehicle_list(
    *,
    actor: Actor,
    text: str = "",
    state: str = "",
    city: str = "",
    model_code: str = "",
    use: str = "",
    order_by: str = "plate",
    limit: int = 20,
    offset: int = 0,
) -> VehiclePage:
    """A page of the register; `text` is any part of a plate or VIN."""
    found = _searched(actor, text=text, state=state, city=city, model_code=model_code, use=use)
    order = order_by if order_by.removeprefix("-") in _SORTS else "plate"
    page = list(found.order_by(order, "id")[offset : offset + limit])
    soonest: dict[UUID, tuple[str, date]] = {}
    current = Document.objects.filter(vehicle__in=[v.id for v in page], current=True)
    for document in current.order_by("-expires_on"):
        soonest[document.vehicle_id] = (document.kind, document.expires_on)
    rows = []
    for vehicle in page:
        kind, last_day = soonest.get(vehicle.id, (None, None))
        rows.append(
            VehicleRow(
                **_fields(vehicle),
                state_since=vehicle.state_since,
                parking=vehicle.parking,
                soonest_kind=DocumentKind(kind) if kind else None,
                soonest_on=last_day,
            )
        )
    return VehiclePage(rows=tuple(rows), total=found.count())


@question
def any_vehicle(*, actor: Actor) -> bool:
    """Whether this part of the tree has a vehicle at all."""
    return Vehicle.objects.visible_to(actor).exists()


@question
def state_counts(*, actor: Actor) -> list[StateCount]:
    """How many vehicles stand in each state, without customers' own, in the order of life."""
    counted = dict(
        Vehicle.objects.visible_to(actor)
        .exclude(use=VehicleUse.EXTERNAL)
        .values_list("state")
        .annotate(vehicles=Count("*"))
    )
    return [StateCount(state=state, vehicles=counted.get(state, 0)) for state in VehicleState]


@question
def city_states(*, actor: Actor, city: str = "") -> list[CityStates]:
    """How many of the house's own vehicles stand in each state, by node and city."""
    found = Vehicle.objects.visible_to(actor).exclude(use=VehicleUse.EXTERNAL)
    if city:
        found = found.filter(city=city)
    counted: dict[tuple[int, str], dict[VehicleState, int]] = {}
    for org_id, place, state, vehicles in (
        found.values_list("org_id", "city", "state").annotate(vehicles=Count("*")).order_by()
    ):
        counted.setdefault((org_id, place), {})[VehicleState(state)] = vehicles
    return [CityStates(*key, states) for key, states in sorted(counted.items())]


@question
def cities(*, actor: Actor) -> list[str]:
    """The cities in which this actor's vehicles stand."""
    return list(
        Vehicle.objects.visible_to(actor).order_by("city").values_list("city", flat=True).distinct()
    )


def _paper(document: Document, today: date, blocking: frozenset[str]) -> PaperRow:
    return PaperRow(
        id=document.id,
        kind=DocumentKind(document.kind),
        version=document.version,
        number=document.number,
        issued_on=document.issued_on,
        expires_on=document.expires_on,
        days_left=(document.expires_on - today).days,
        file_id=document.file_id,
        blocks=document.kind in blocking,
        verified_at=document.verified_at,
    )


@question
def vehicle_card(*, vehicle_id: UUID, actor: Actor, at: datetime) -> VehicleCard:
    """The archive of one vehicle; a customer sees it without its papers and history."""
    vehicle = Vehicle.objects.visible_to(actor).get(id=vehicle_id)
    papers: tuple[PaperRow, ...] = ()
    if actor.customer_id is None:
        documents = Document.objects.filter(vehicle=vehicle, current=True).order_by("expires_on")
        blocking = compliance.blocking_kinds()
        papers = tuple(_paper(document, local_day(at), blocking) for document in documents)
    held = {paper.kind for paper in papers}
    return VehicleCard(
        **_fields(vehicle),
        plate_class=vehicle.plate_class,
        state_since=vehicle.state_since,
        parking=vehicle.parking,
        soc_pct=vehicle.soc_pct,
        needs_check=vehicle.needs_check,
        awaits_lease=vehicle.awaits_lease,
        motor_no=vehicle.motor_no,
        pack_no=vehicle.pack_no,
        purchased_on=vehicle.purchased_on,
        cost=vehicle.cost,
        funding=vehicle.funding,
        first_registered_on=vehicle.first_registered_on,
        papers=papers,
        missing=tuple(kind for kind in DocumentKind if kind not in held),
    )


@question
def vehicle_history(*, vehicle_id: UUID, actor: Actor) -> VehicleHistory:
    """What happened to a vehicle, newest first: states, inspections, plates, versions of papers."""
    vehicle = Vehicle.objects.visible_to(actor).get(id=vehicle_id)
    events = VehicleEvent.objects.filter(vehicle=vehicle).order_by("-id")
    inspections = Inspection.objects.filter(vehicle=vehicle, signed_at__isnull=False).order_by(
        "-signed_at"
    )
    plates = PlateHolding.objects.filter(vehicle=vehicle).order_by("-during")
    versions = Document.objects.filter(vehicle=vehicle).order_by("-filed_at", "-id")
    return VehicleHistory(
        events=tuple(
            EventRow(
                id=event.id,
                from_state=VehicleState(event.from_state) if event.from_state else None,
                to_state=VehicleState(event.to_state),
                reason=event.reason,
                actor_id=event.actor_id,
                at=event.at,
            )
            for event in events
        ),
        inspections=tuple(
            InspectionRow(
                id=inspection.id,
                kind=InspectionKind(inspection.kind),
                odometer_km=inspection.odometer_km,
                soc_pct=inspection.soc_pct,
                passed=inspection.passed,
                note=inspection.note,
                signed_by_id=inspection.signed_by_id,
                signed_at=inspection.signed_at or inspection.created_at,
            )
            for inspection in inspections
        ),
        plates=tuple(
            HoldingRow(plate=held.plate, since=held.during.lower, until=held.during.upper)
            for held in plates
        ),
        filed=tuple(filed_row(document) for document in versions),
    )


@question
def bearer_of(*, plate: str, at: datetime, actor: Actor) -> UUID | None:
    """The vehicle that bore a plate at a moment, or None when this actor sees none."""
    held = PlateHolding.objects.visible_to(actor).filter(
        plate=rules.fold(plate), during__contains=at
    )
    return held.values_list("vehicle_id", flat=True).first()


# Who bore a plate at a moment. A fleet that moved in is known from that day only: before it the
# plate was on the vehicle that is the first to have it here, unless that one bore another.
_BEARERS: Final = """
SELECT DISTINCT ON (asked.plate, asked.at) asked.plate, asked.at, h.vehicle_id
FROM unnest(%(plates)s::text[], %(moments)s::timestamptz[]) AS asked(plate, at)
JOIN fleet_plateholding h ON h.plate = asked.plate AND h.org_id = %(org)s
WHERE h.during @> asked.at OR (lower(h.during) > asked.at AND NOT EXISTS (
    SELECT FROM fleet_plateholding o
    WHERE (o.vehicle_id = h.vehicle_id OR o.plate = h.plate) AND lower(o.during) < lower(h.during)
))
ORDER BY asked.plate, asked.at, h.during @> asked.at DESC, lower(h.during)
"""


@question
def bearers_at(
    *, org_id: int, asked: tuple[tuple[str, datetime], ...], actor: Actor
) -> dict[tuple[str, datetime], UUID]:
    """The vehicles of a node that bore plates at moments; pairs that none did are left out."""
    plates = [rules.fold(plate) for plate, _at in asked]
    moments = [at for _plate, at in asked]
    with connection.cursor() as cursor:
        cursor.execute(_BEARERS, {"plates": plates, "moments": moments, "org": org_id})
        found = {(plate, at): vehicle_id for plate, at, vehicle_id in cursor.fetchall()}
    folded = zip(asked, plates, moments, strict=True)
    return {pair: found[plate, at] for pair, plate, at in folded if (plate, at) in found}


@question
def vehicle_models(*, actor: Actor) -> list[ModelRow]:
    """The models this actor may use, by maker and name."""
    return [
        ModelRow(
            id=model.id,
            org_id=model.org_id,
            code=model.code,
            maker=model.maker,
            name=model.name,
            vehicle_class=VehicleClass(model.vehicle_class),
            battery_kwh=model.battery_kwh,
            gvw_kg=model.gvw_kg,
            range_km=model.range_km,
            service_km=model.service_km,
        )
        for model in VehicleModel.objects.order_by("maker", "name")
    ]
