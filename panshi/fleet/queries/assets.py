"""Questions about vehicles as assets: what a month takes of them, one asset with its schedule."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db.models import Q

from panshi.fleet.models import Asset, AssetMark, AssetTerms, DepreciationMethod
from panshi.fleet.rules import assets as rules
from panshi.kit.clock import add_months, month_start, months_apart
from panshi.kit.money import ZERO
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthLoss:
    """What a vehicle loses in a month, in CNY."""

    asset_id: UUID
    vehicle_id: UUID
    org_id: int
    city: str
    month: date
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetCard:
    """A vehicle in the books, in CNY; `schedule` are the months of a straight line."""

    id: UUID
    org_id: int
    vehicle_id: UUID
    cost: Decimal
    residual: Decimal
    opening: Decimal
    method: DepreciationMethod
    life_months: int
    life_km: int
    in_use_on: date
    first_month: date
    ended_on: date | None
    schedule: tuple[tuple[date, Decimal], ...]

    @property
    def to_lose(self) -> Decimal:
        """What these books write off in all."""
        return self.cost - self.residual - self.opening


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetDefaults:
    """What is proposed for a new asset; `market_fall` is the share of its value lost a month."""

    residual_share: Decimal
    life_months: int
    life_km: int
    market_fall: Decimal
    to_confirm: bool


def _loss(asset: Asset, month: date, marks: Mapping[UUID, list[AssetMark]]) -> Decimal:
    total = asset.to_lose
    if asset.method == DepreciationMethod.STRAIGHT:
        number = months_apart(asset.first_month, month)
        return rules.straight_month(total=total, months=asset.life_months, number=number)
    before, now = asset.start_km, None
    for mark in marks.get(asset.id, []):
        if mark.month < month:
            before = max(before, mark.odometer_km)
        elif mark.month == month:
            now = mark.odometer_km
    if now is None:
        return ZERO
    return rules.by_units(
        total=total,
        life_km=asset.life_km,
        before_km=before - asset.start_km,
        now_km=now - asset.start_km,
    )


@question
def month_losses(
    *, month: date, actor: Actor, org_id: int | None = None, vehicle_id: UUID | None = None
) -> list[MonthLoss]:
    """What every asset loses in the month of a day, by its method; those that lose nothing are
    left out. A vehicle that was sold loses nothing from the month of its sale on.
    """
    since = month_start(month)
    found = Asset.objects.visible_to(actor).filter(first_month__lte=since)
    found = found.filter(Q(ended_on=None) | Q(ended_on__gte=add_months(since, 1)))
    if org_id is not None:
        found = found.filter(org_id=org_id)
    if vehicle_id is not None:
        found = found.filter(vehicle_id=vehicle_id)
    rows = list(found.select_related("vehicle").order_by("id"))
    marks: dict[UUID, list[AssetMark]] = {}
    units = [row.id for row in rows if row.method == DepreciationMethod.UNITS]
    if units:
        for mark in AssetMark.objects.filter(asset_id__in=units, month__lte=since):
            marks.setdefault(mark.asset_id, []).append(mark)
    losses = ((row, _loss(row, since, marks)) for row in rows)
    return [
        MonthLoss(
            asset_id=row.id,
            vehicle_id=row.vehicle_id,
            org_id=row.org_id,
            city=row.vehicle.city,
            month=since,
            amount=amount,
        )
        for row, amount in losses
        if amount
    ]


def _card(row: Asset) -> AssetCard:
    parts = (
        rules.straight_line(total=row.to_lose, months=row.life_months)
        if row.method == DepreciationMethod.STRAIGHT
        else []
    )
    return AssetCard(
        id=row.id,
        org_id=row.org_id,
        vehicle_id=row.vehicle_id,
        cost=row.cost,
        residual=row.residual,
        opening=row.opening,
        method=DepreciationMethod(row.method),
        life_months=row.life_months,
        life_km=row.life_km,
        in_use_on=row.in_use_on,
        first_month=row.first_month,
        ended_on=row.ended_on,
        schedule=tuple((add_months(row.first_month, n), part) for n, part in enumerate(parts)),
    )


@question
def asset_of(*, vehicle_id: UUID, actor: Actor) -> AssetCard | None:
    """A vehicle as an asset, or None when it is not in the books."""
    row = Asset.objects.visible_to(actor).filter(vehicle_id=vehicle_id).first()
    return _card(row) if row else None


@question
def assets_of(*, vehicle_ids: tuple[UUID, ...], actor: Actor) -> dict[UUID, AssetCard]:
    """Vehicles as assets, by vehicle; those that are not in the books are left out."""
    rows = Asset.objects.visible_to(actor).filter(vehicle_id__in=vehicle_ids)
    return {row.vehicle_id: _card(row) for row in rows}


@question
def asset_defaults(*, on: date, actor: Actor) -> AssetDefaults:
    """What holds for assets on a day."""
    row = AssetTerms.objects.filter(starts_on__lte=on).latest("starts_on")
    return AssetDefaults(
        residual_share=row.residual_share,
        life_months=row.life_months,
        life_km=row.life_km,
        market_fall=row.market_fall,
        to_confirm=row.to_confirm,
    )


@question
def selling_curve(
    *, value: Decimal, fall: Decimal, running: tuple[Decimal, ...], most: int, actor: Actor
) -> list[rules.Ahead]:
    """The mean monthly cost of keeping a vehicle for 1 to `most` months; see rules.assets."""
    return rules.selling(value=value, fall=fall, running=running, most=most)
