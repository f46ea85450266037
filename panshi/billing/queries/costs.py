"""Questions about what vehicles cost, as it was recorded."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db.models import Sum

from panshi.billing.cost_sheet import KIND, CostSheetRow
from panshi.billing.models import CostKind, CostStanding, VehicleCost
from panshi.fleet import queries as fleet
from panshi.kit import files, imports
from panshi.kit.money import ZERO
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.org import queries as org

_MATCHES: Final = 500
_ONE: Final = timedelta(1)
_ORDERS: Final = frozenset({"occurred_on", "amount"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CostRow:
    """A cost of one vehicle, in CNY, `vat` of it input VAT.

    A prepaid one covers the days up to `covers_until`, and is released up to `released_until`, both
    included.
    """

    id: UUID
    vehicle_id: UUID
    plate: str
    kind: CostKind
    occurred_on: date
    amount: Decimal
    city: str
    words: str
    reference: str
    standing: CostStanding
    recorded_by: str
    recorded_at: datetime
    reason: str
    file_id: UUID | None
    by_itself: bool
    vat: Decimal = ZERO
    covers_from: date | None = None
    covers_until: date | None = None
    released_until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CostPage:
    """A page of costs; `amount` is that of all that match and stand, in CNY."""

    rows: tuple[CostRow, ...]
    total: int
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CostFile:
    media_type: str
    content: bytes


def _rows(found: list[VehicleCost], actor: Actor) -> list[CostRow]:
    vehicles = fleet.vehicle_refs(vehicle_ids=tuple({row.vehicle_id for row in found}), actor=actor)
    names = org.names_of(user_ids=tuple({row.recorded_by_id for row in found}), actor=actor)
    return [
        CostRow(
            id=row.id,
            vehicle_id=row.vehicle_id,
            plate=vehicles[row.vehicle_id].plate or vehicles[row.vehicle_id].vin
            if row.vehicle_id in vehicles
            else "",
            kind=CostKind(row.kind),
            occurred_on=row.occurred_on,
            amount=row.amount,
            city=row.city,
            words=row.words,
            reference=row.reference,
            standing=CostStanding.REVERSED if row.reversed_at else CostStanding.POSTED,
            recorded_by=names.get(row.recorded_by_id, ""),
            recorded_at=row.recorded_at,
            reason=row.reason,
            file_id=row.file_id,
            by_itself=row.source_id is not None,
            vat=row.vat,
            covers_from=row.covers_from,
            covers_until=row.covers_until and row.covers_until - _ONE,
            released_until=row.released_until and row.released_until - _ONE,
        )
        for row in found
    ]


@question
def vehicle_costs(
    *,
    actor: Actor,
    plate: str = "",
    kind: str = "",
    since: date | None = None,
    until: date | None = None,
    vehicle_id: UUID | None = None,
    order_by: str = "-occurred_on",
    offset: int = 0,
    limit: int = 50,
) -> CostPage:
    """Costs by day, `since` and `until` included; `plate` is a part of a plate or VIN.

    Raises ValueError for another order than by day or amount.
    """
    if order_by.removeprefix("-") not in _ORDERS:
        raise ValueError(f"costs cannot be ordered by {order_by}")
    given: dict[str, Any] = {}
    if plate:
        given["vehicle_id__in"] = [
            vehicle.id
            for vehicle in fleet.vehicle_list(text=plate, limit=_MATCHES, actor=actor).rows
        ]
    if vehicle_id:
        given["vehicle_id"] = vehicle_id
    if kind:
        given["kind"] = kind
    if since:
        given["occurred_on__gte"] = since
    if until:
        given["occurred_on__lte"] = until
    found = VehicleCost.objects.visible_to(actor).filter(**given)
    amount = found.filter(reversed_at=None).aggregate(sum=Sum("amount"))["sum"] or ZERO
    page = list(found.order_by(order_by, "-id")[offset : offset + limit])
    return CostPage(rows=tuple(_rows(page, actor)), total=found.count(), amount=amount)


@question
def vehicle_cost(*, cost_id: UUID, actor: Actor) -> CostRow:
    """One cost. Raises VehicleCost.DoesNotExist."""
    return _rows([VehicleCost.objects.visible_to(actor).get(id=cost_id)], actor)[0]


@question
def cost_receipt(*, cost_id: UUID, actor: Actor) -> CostFile:
    """The receipt of a cost. Raises VehicleCost.DoesNotExist when there is none."""
    row = VehicleCost.objects.visible_to(actor).select_related("file")
    stored = row.get(id=cost_id, file__isnull=False).file
    assert stored is not None
    return CostFile(media_type=stored.media_type, content=files.read(stored))


@question
def costs_of_sources(
    *, source_kind: str, source_ids: tuple[UUID, ...], actor: Actor
) -> frozenset[UUID]:
    """Which of these sources have their cost recorded, reversed ones too."""
    found = VehicleCost.objects.visible_to(actor).filter(
        source_kind=source_kind, source_id__in=source_ids
    )
    return frozenset(row.source_id for row in found if row.source_id is not None)


@question
def cost_sheet_rows(*, actor: Actor) -> list[CostSheetRow]:
    """All costs that stand, as rows of the sheet."""
    found = VehicleCost.objects.visible_to(actor).filter(reversed_at=None)
    return [
        CostSheetRow(
            vehicle=row.plate,
            kind=str(row.kind),
            amount=row.amount,
            occurred_on=row.occurred_on,
            reference=row.reference,
            words=row.words,
            vat=row.vat or None,
            covers_from=row.covers_from,
            covers_until=row.covers_until,
        )
        for row in _rows(list(found.order_by("occurred_on", "id")), actor)
    ]


@question
def cost_import(*, batch_id: UUID, actor: Actor) -> imports.BatchCard:
    """One sheet of costs with the faults of its cells."""
    return imports.card(KIND, batch_id=batch_id, actor=actor)
