"""Verbs of vehicles as assets: into the books, their odometers at the end of a month, out."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from panshi.fleet.events import AssetEntered, OdometersMarked
from panshi.fleet.models import Asset, DepreciationMethod, Vehicle
from panshi.fleet.services.life import locked
from panshi.kit.clock import add_months, month_start
from panshi.kit.money import ZERO, to_fen
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb


class AssetTermsInvalid(Refusal):
    """The values do not make an asset."""


class AlreadyAsset(Refusal):
    """The vehicle is in the books already."""


@verb
def enter_asset(
    *,
    vehicle_id: UUID,
    cost: Decimal,
    residual: Decimal,
    method: str,
    life_months: int,
    in_use_on: date,
    actor: Actor,
    at: datetime,
    life_km: int = 0,
    opening: Decimal = ZERO,
    first_month: date | None = None,
) -> AssetEntered:
    """Take a vehicle into the books at its cost, in CNY; it depreciates down to `residual`.

    It begins with the month after `in_use_on`, or with `first_month` for one that was depreciated
    elsewhere before, by `opening`. Raises AssetTermsInvalid or AlreadyAsset.
    """
    vehicle = locked(vehicle_id, actor=actor, permission="fleet.enter_asset")
    if Asset.objects.filter(vehicle=vehicle).exists():
        raise AlreadyAsset(_("This vehicle is in the books already."))
    cost, residual, opening = to_fen(cost), to_fen(residual), to_fen(opening)
    if min(residual, opening) < 0 or cost < residual + opening or cost <= 0:
        raise AssetTermsInvalid(_("The residual value is not above the cost."))
    if method not in DepreciationMethod or life_months < 1:
        raise AssetTermsInvalid(_("Choose a method, and a life of one month or more."))
    if method == DepreciationMethod.UNITS and life_km < 1:
        raise AssetTermsInvalid(_("Units of use need the kilometres of its life."))
    first = month_start(first_month) if first_month else add_months(month_start(in_use_on), 1)
    asset = Asset.objects.create(
        org_id=vehicle.org_id,
        vehicle=vehicle,
        cost=cost,
        residual=residual,
        opening=opening,
        method=method,
        life_months=life_months,
        life_km=life_km,
        start_km=vehicle.odometer_km,
        in_use_on=in_use_on,
        first_month=first,
    )
    return AssetEntered(
        org_id=vehicle.org_id,
        actor_id=actor.id,
        at=at,
        vehicle_id=vehicle.id,
        asset_id=asset.id,
        cost=cost,
        residual=residual,
        method=method,
        first_month=first,
    )


_MARK = """
INSERT INTO fleet_assetmark (id, org_id, asset_id, month, odometer_km)
SELECT gen_random_uuid(), a.org_id, a.id, %(month)s, v.odometer_km
FROM fleet_asset a JOIN fleet_vehicle v ON v.id = a.vehicle_id
WHERE a.method = 'UNITS' AND a.first_month <= %(month)s
    AND (a.ended_on IS NULL OR a.ended_on >= %(month)s)
ON CONFLICT DO NOTHING
"""


@verb
def mark_odometers(*, month: date, actor: Actor, at: datetime) -> OdometersMarked:
    """Note the odometers of all assets that depreciate by use, once for a month; repeatable."""
    actor.must("fleet.mark_odometers", actor.org_id)
    since = month_start(month)
    with connection.cursor() as cursor:
        cursor.execute(_MARK, {"month": since})
        marked = cursor.rowcount
    return OdometersMarked(
        org_id=actor.org_id, actor_id=actor.id, at=at, month=since, marked=marked
    )


def end_asset(vehicle: Vehicle, on: date) -> None:
    """Let a sold vehicle depreciate no more; called inside the verb that sells it."""
    Asset.objects.filter(vehicle=vehicle, ended_on=None).update(ended_on=on)
