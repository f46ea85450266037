"""Questions of the yard: lots, keys, transfers, stock takes."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Count, Q

from panshi.fleet.models import (
    Inspection,
    KeyCustody,
    Lot,
    StockTake,
    StockTakeVariance,
    TerminalLevel,
    Transfer,
    TransferState,
    VarianceKind,
    Vehicle,
    VehicleState,
)
from panshi.fleet.rules.places import APART_KM, apart_km, point_at
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.optimiser.match import Place

_MANY = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class LotRow:
    """A lot with how many vehicles the book has there; `counting` is its open stock take."""

    id: UUID
    org_id: int
    name: str
    city: str
    address: str
    bays: int
    lon: float
    lat: float
    vehicles: int
    counting: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedRow:
    """A vehicle that the book has in a lot; `gps_km` is how far its terminal says it is."""

    id: UUID
    plate: str
    vin: str
    model_name: str
    state: VehicleState
    gps_km: float | None
    gps_at: datetime | None
    apart: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    id: UUID
    vehicle_id: UUID
    plate: str
    vin: str
    key_no: int
    holder: str
    reason: str
    since: datetime
    due_back_at: datetime | None
    until: datetime | None
    late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferRow:
    id: UUID
    vehicle_id: UUID
    plate: str
    vin: str
    state: TransferState
    from_city: str
    to_city: str
    to_lot: str
    reason: str
    carrier: str
    proposed_by_id: UUID
    proposed_at: datetime
    decided_by_id: UUID | None
    decided_at: datetime | None
    dispatched_at: datetime | None
    eta_on: date | None
    arrived_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VarianceLine:
    """A disagreement of a stock take; distances in km."""

    id: UUID
    vehicle_id: UUID
    plate: str
    kind: VarianceKind
    scan_gps_km: float | None
    scan_book_km: float | None
    gps_book_km: float | None
    cause: str
    settled_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenRow:
    vehicle_id: UUID
    plate: str
    at: datetime
    placed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StockTakeCard:
    """A stock take with what was seen and, once closed, what disagrees."""

    id: UUID
    lot_id: UUID
    lot: str
    started_at: datetime
    closed_at: datetime | None
    expected: int
    seen: tuple[SeenRow, ...]
    unseen: tuple[str, ...]
    variances: tuple[VarianceLine, ...]


@question
def lots(*, actor: Actor) -> list[LotRow]:
    """The lots of this actor's nodes, by city and name."""
    open_counts = dict(
        StockTake.objects.visible_to(actor).filter(closed_at=None).values_list("lot_id", "id")
    )
    held = dict(
        Vehicle.objects.visible_to(actor)
        .filter(lot__isnull=False)
        .values_list("lot_id")
        .annotate(n=Count("id"))
    )
    return [
        LotRow(
            id=lot.id,
            org_id=lot.org_id,
            name=lot.name,
            city=lot.city,
            address=lot.address,
            bays=lot.bays,
            lon=lot.lon,
            lat=lot.lat,
            vehicles=held.get(lot.id, 0),
            counting=open_counts.get(lot.id),
        )
        for lot in Lot.objects.visible_to(actor).filter(closed_on=None).order_by("city", "name")
    ]


@question
def parked_vehicles(*, lot_id: UUID, actor: Actor) -> list[ParkedRow]:
    """The vehicles that the book has in a lot, those whose terminal disagrees first."""
    lot = Lot.objects.visible_to(actor).get(id=lot_id)
    levels = {
        level.vehicle_id: level
        for level in TerminalLevel.objects.filter(vehicle__lot=lot, lon__isnull=False)
    }
    rows = []
    for vehicle in Vehicle.objects.visible_to(actor).filter(lot=lot).order_by("plate")[:_MANY]:
        level = levels.get(vehicle.id)
        gps = point_at(level.lon, level.lat) if level is not None else None
        gap = apart_km(gps, Place(lot.lon, lot.lat))
        rows.append(
            ParkedRow(
                id=vehicle.id,
                plate=vehicle.plate,
                vin=vehicle.vin,
                model_name=vehicle.model_name,
                state=VehicleState(vehicle.state),
                gps_km=gap,
                gps_at=level.place_at if level else None,
                apart=gap is not None and gap > APART_KM,
            )
        )
    return sorted(rows, key=lambda row: (not row.apart, row.plate))


@question
def keys_lent(
    *, actor: Actor, at: datetime, vehicle_id: UUID | None = None, returned: bool = False
) -> list[KeyRow]:
    """Who has which key now, the longest first; of one vehicle with `returned` all who ever had."""
    found = KeyCustody.objects.visible_to(actor)
    if vehicle_id is not None:
        found = found.filter(vehicle_id=vehicle_id)
    if not returned:
        found = found.filter(during__endswith=None)
    rows = found.select_related("vehicle").order_by("during")[:_MANY]
    return [
        KeyRow(
            id=row.id,
            vehicle_id=row.vehicle_id,
            plate=row.vehicle.plate,
            vin=row.vehicle.vin,
            key_no=row.key_no,
            holder=row.holder,
            reason=row.reason,
            since=row.during.lower,
            due_back_at=row.due_back_at,
            until=row.during.upper,
            late=row.due_back_at is not None and row.during.upper is None and row.due_back_at < at,
        )
        for row in rows
    ]


def _transfer(row: Transfer) -> TransferRow:
    return TransferRow(
        id=row.id,
        vehicle_id=row.vehicle_id,
        plate=row.vehicle.plate,
        vin=row.vehicle.vin,
        state=TransferState(row.state),
        from_city=row.from_city,
        to_city=row.to_city,
        to_lot=row.to_lot.name if row.to_lot else "",
        reason=row.reason,
        carrier=row.carrier,
        proposed_by_id=row.proposed_by_id,
        proposed_at=row.proposed_at,
        decided_by_id=row.decided_by_id,
        decided_at=row.decided_at,
        dispatched_at=row.dispatched_at,
        eta_on=row.eta_on,
        arrived_at=row.arrived_at,
    )


@question
def transfers(*, actor: Actor, state: str = "", open_only: bool = False) -> list[TransferRow]:
    """Transfers, newest first; an empty state means any."""
    found = Transfer.objects.visible_to(actor).select_related("vehicle", "to_lot")
    if state:
        found = found.filter(state=state)
    if open_only:
        found = found.filter(~Q(state__in=("ARRIVED", "CANCELLED")))
    return [_transfer(row) for row in found.order_by("-id")[:_MANY]]


@question
def transfer_card(*, transfer_id: UUID, actor: Actor) -> TransferRow:
    """One transfer. Raises Transfer.DoesNotExist."""
    found = Transfer.objects.visible_to(actor).select_related("vehicle", "to_lot")
    return _transfer(found.get(id=transfer_id))


def expected_in(*lot_ids: UUID) -> list[Vehicle]:
    """The vehicles that a stock take should find in these lots, by plate."""
    found = Vehicle.objects.filter(lot_id__in=lot_ids)
    return list(found.exclude(state__in=[VehicleState.LEASED, VehicleState.SOLD]).order_by("plate"))


@dataclass(frozen=True, slots=True, kw_only=True)
class CountSheet:
    """A lot with the vehicles a count expects there, as plate and model, and the plates counted."""

    lot_id: UUID
    lot: str
    city: str
    stocktake_id: UUID | None
    expected: tuple[tuple[str, str], ...]
    seen: tuple[str, ...]


@question
def count_sheets(*, actor: Actor, limit: int = 20) -> tuple[CountSheet, ...]:
    """The lots to be counted, those being counted first; a few statements for all of them."""
    lots_ = list(Lot.objects.visible_to(actor).filter(closed_on=None).order_by("city", "name"))
    takes = {
        take.lot_id: take for take in StockTake.objects.visible_to(actor).filter(closed_at=None)
    }
    lots_ = sorted(lots_, key=lambda lot: lot.id not in takes)[:limit]
    expected: dict[UUID, list[tuple[str, str]]] = {}
    for vehicle in expected_in(*(lot.id for lot in lots_)):
        assert vehicle.lot_id is not None
        expected.setdefault(vehicle.lot_id, []).append(
            (vehicle.plate or vehicle.vin, vehicle.model_name)
        )
    seen: dict[UUID, list[str]] = {}
    scans = Inspection.objects.filter(stocktake__in=takes.values()).select_related("vehicle")
    for scan in scans.order_by("signed_at"):
        assert scan.stocktake_id is not None
        seen.setdefault(scan.stocktake_id, []).append(scan.vehicle.plate or scan.vehicle.vin)
    return tuple(
        CountSheet(
            lot_id=lot.id,
            lot=lot.name,
            city=lot.city,
            stocktake_id=takes[lot.id].id if lot.id in takes else None,
            expected=tuple(expected.get(lot.id, ())),
            seen=tuple(seen.get(takes[lot.id].id, ())) if lot.id in takes else (),
        )
        for lot in lots_
    )


@question
def stocktake_card(*, stocktake_id: UUID, actor: Actor) -> StockTakeCard:
    """A stock take with all it has seen. Raises StockTake.DoesNotExist."""
    take = StockTake.objects.visible_to(actor).select_related("lot").get(id=stocktake_id)
    scans = list(
        Inspection.objects.filter(stocktake=take).select_related("vehicle").order_by("-signed_at")
    )
    counted = {scan.vehicle_id for scan in scans}
    expected = expected_in(take.lot_id)
    variances = StockTakeVariance.objects.filter(stocktake=take).select_related("vehicle")
    return StockTakeCard(
        id=take.id,
        lot_id=take.lot_id,
        lot=take.lot.name,
        started_at=take.started_at,
        closed_at=take.closed_at,
        expected=take.expected if take.closed_at else len(expected),
        seen=tuple(
            SeenRow(
                vehicle_id=scan.vehicle_id,
                plate=scan.vehicle.plate or scan.vehicle.vin,
                at=scan.signed_at or take.started_at,
                placed=scan.lon is not None,
            )
            for scan in scans
        ),
        unseen=()
        if take.closed_at
        else tuple(v.plate or v.vin for v in expected if v.id not in counted),
        variances=tuple(
            VarianceLine(
                id=row.id,
                vehicle_id=row.vehicle_id,
                plate=row.vehicle.plate or row.vehicle.vin,
                kind=VarianceKind(row.kind),
                scan_gps_km=row.scan_gps_km,
                scan_book_km=row.scan_book_km,
                gps_book_km=row.gps_book_km,
                cause=row.cause,
                settled_at=row.settled_at,
            )
            for row in variances.order_by("kind", "vehicle__plate")
        ),
    )
