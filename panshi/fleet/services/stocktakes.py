"""Verbs of a stock take: counted vehicle by vehicle, compared with book and terminal at the end."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.fleet import rules as identity
from panshi.fleet.events import (
    StockTakeClosed,
    StockTakeStarted,
    StocktakeVarianceFound,
    VarianceRow,
    VarianceSettled,
    VehicleCounted,
)
from panshi.fleet.models import (
    Inspection,
    InspectionKind,
    Lot,
    ReadingSource,
    StockTake,
    StockTakeVariance,
    TerminalLevel,
    Vehicle,
)
from panshi.fleet.queries.yard import expected_in
from panshi.fleet.rules.places import disagreement, point_at
from panshi.kit import outbox
from panshi.kit.ids import uuid7
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.optimiser.match import Place

GPS_FRESH: Final = timedelta(days=2)


class CountOpen(Refusal):
    """The lot is being counted already."""


class CountClosed(Refusal):
    pass


class UnknownVehicle(Refusal):
    pass


class CauseMissing(Refusal):
    pass


@verb
def start_stocktake(
    *, lot_id: UUID, actor: Actor, at: datetime, stocktake_id: UUID | None = None
) -> StockTakeStarted:
    """Begin to count a lot; a phone without network makes the `stocktake_id`. Raises CountOpen."""
    lot = Lot.objects.visible_to(actor).select_for_update().get(id=lot_id)
    actor.must("fleet.start_stocktake", lot.org_id)
    begun = StockTake.objects.filter(lot=lot, closed_at=None)
    known = stocktake_id and StockTake.objects.filter(id=stocktake_id).exists()
    if begun.exists() or known:
        raise CountOpen(_("%s is being counted already.") % lot.name)
    take = StockTake.objects.create(
        id=stocktake_id or uuid7(),
        org_id=lot.org_id,
        lot=lot,
        started_at=at,
        started_by_id=actor.id,
    )
    return StockTakeStarted(
        org_id=lot.org_id, actor_id=actor.id, at=at, stocktake_id=take.id, lot_id=lot.id
    )


def _open(stocktake_id: UUID, *, actor: Actor, permission: str) -> StockTake:
    take = (
        StockTake.objects.visible_to(actor)
        .select_for_update(of=("self",))
        .select_related("lot")
        .get(id=stocktake_id)
    )
    actor.must(permission, take.org_id)
    if take.closed_at is not None:
        raise CountClosed(_("This count is closed."))
    return take


@verb
def count_vehicle(
    *,
    stocktake_id: UUID,
    plate: str,
    actor: Actor,
    at: datetime,
    lon: float | None = None,
    lat: float | None = None,
    device_at: datetime | None = None,
) -> VehicleCounted:
    """Note that a vehicle was seen, by plate or VIN, and where the phone was; once a vehicle.

    A second scan of a vehicle changes nothing. Raises UnknownVehicle or CountClosed.
    """
    take = _open(stocktake_id, actor=actor, permission="fleet.count_vehicle")
    words = identity.fold(plate)
    found = Vehicle.objects.filter(org_id=take.org_id, plate=words).first() if words else None
    vehicle = found or Vehicle.objects.filter(org_id=take.org_id, vin=words).first()
    if vehicle is None:
        raise UnknownVehicle(_("No vehicle of this node is called “%s”.") % plate)
    level = TerminalLevel.objects.filter(vehicle=vehicle).first()
    seen, new = Inspection.objects.get_or_create(
        stocktake=take,
        vehicle=vehicle,
        defaults={
            "org_id": take.org_id,
            "kind": InspectionKind.COUNT,
            "odometer_km": level.odometer_km if level else None,
            "soc_pct": level.soc_pct if level else None,
            "source": ReadingSource.TERMINAL,
            "signed_by_id": actor.id,
            "signed_at": at,
            "device_at": device_at,
            "lon": lon,
            "lat": lat,
        },
    )
    return VehicleCounted(
        org_id=take.org_id,
        actor_id=actor.id,
        at=at,
        stocktake_id=take.id,
        vehicle_id=vehicle.id,
        inspection_id=seen.id,
        first=new,
    )


@verb
def close_stocktake(*, stocktake_id: UUID, actor: Actor, at: datetime) -> StockTakeClosed:
    """End a count, and list what disagrees between scan, terminal and book.

    A place more than a kilometre off counts; a terminal counts while it spoke within two days.
    Publishes StocktakeVarianceFound when there is any. Raises CountClosed.
    """
    take = _open(stocktake_id, actor=actor, permission="fleet.close_stocktake")
    book = Place(take.lot.lon, take.lot.lat)
    scans = {scan.vehicle_id: scan for scan in Inspection.objects.filter(stocktake=take)}
    expected = {vehicle.id: vehicle for vehicle in expected_in(take.lot_id)}
    seen = Vehicle.objects.filter(id__in=set(scans) - set(expected))
    everything = {**expected, **{vehicle.id: vehicle for vehicle in seen}}
    gps = {
        level.vehicle_id: point_at(level.lon, level.lat)
        for level in TerminalLevel.objects.filter(
            vehicle_id__in=everything, place_at__gte=at - GPS_FRESH
        )
    }
    rows = []
    for vehicle_id in sorted(everything):
        scan = scans.get(vehicle_id)
        found = disagreement(
            expected=vehicle_id in expected,
            scanned=scan is not None,
            scan=point_at(scan.lon, scan.lat) if scan is not None else None,
            gps=gps.get(vehicle_id),
            book=book,
        )
        if found is not None:
            rows.append(
                StockTakeVariance(
                    id=uuid7(),
                    org_id=take.org_id,
                    stocktake=take,
                    vehicle=everything[vehicle_id],
                    kind=found.kind,
                    scan_gps_km=found.scan_gps_km,
                    scan_book_km=found.scan_book_km,
                    gps_book_km=found.gps_book_km,
                )
            )
    StockTakeVariance.objects.bulk_create(rows)
    take.closed_at, take.closed_by_id = at, actor.id
    take.expected, take.scanned = len(expected), len(scans)
    take.save(update_fields=["closed_at", "closed_by_id", "expected", "scanned"])
    if rows:
        outbox.publish(
            StocktakeVarianceFound(
                org_id=take.org_id,
                actor_id=actor.id,
                at=at,
                stocktake_id=take.id,
                lot_id=take.lot_id,
                lot=take.lot.name,
                items=tuple(
                    VarianceRow(
                        variance_id=row.id,
                        vehicle_id=row.vehicle_id,
                        plate=row.vehicle.plate,
                        kind=row.kind,
                    )
                    for row in rows
                ),
            ),
            verb="fleet.close_stocktake",
        )
    return StockTakeClosed(
        org_id=take.org_id,
        actor_id=actor.id,
        at=at,
        stocktake_id=take.id,
        expected=len(expected),
        scanned=len(scans),
        variances=len(rows),
    )


@verb
def settle_variance(
    *, variance_id: UUID, cause: str, actor: Actor, at: datetime
) -> VarianceSettled:
    """Say why a vehicle was not where it should be. Raises CauseMissing."""
    variance = StockTakeVariance.objects.visible_to(actor).select_for_update().get(id=variance_id)
    actor.must("fleet.settle_variance", variance.org_id)
    if not cause.strip():
        raise CauseMissing(_("Say what the cause was."))
    variance.cause, variance.settled_at, variance.settled_by_id = cause.strip(), at, actor.id
    variance.save(update_fields=["cause", "settled_at", "settled_by_id"])
    return VarianceSettled(
        org_id=variance.org_id,
        actor_id=actor.id,
        at=at,
        variance_id=variance.id,
        vehicle_id=variance.vehicle_id,
        cause=variance.cause,
    )
