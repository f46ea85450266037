"""Questions about vehicles that a lease moves in with: which one is meant, may it be taken up."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from panshi.fleet import rules
from panshi.fleet.models import Vehicle, VehicleState, VehicleUse
from panshi.fleet.queries import compliance
from panshi.kit.clock import local_day
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedVehicle:
    """A vehicle as a sheet names it.

    `hindrance` says in words why no running lease can take it up, or is empty; `lapsed` are the
    labels of papers that lapsed or are missing, which do not hinder that.
    """

    id: UUID
    vin: str
    plate: str
    city: str
    hindrance: str
    lapsed: tuple[str, ...]


def hindrance_of(vehicle: Vehicle) -> str:
    """Say why no running lease can take a vehicle up, or nothing when one can."""
    if vehicle.use != VehicleUse.LEASE:
        return _("This is not a vehicle for lease.")
    if vehicle.state == VehicleState.READY:
        return ""
    if vehicle.state == VehicleState.LEASED:
        return "" if vehicle.awaits_lease else _("This vehicle is leased already.")
    return _("The vehicle is “%s”; make it ready first, or import it as leased.") % (
        VehicleState(vehicle.state).label
    )


@question
def vehicles_named(
    *, org_id: int, words: tuple[str, ...], actor: Actor, at: datetime
) -> dict[str, NamedVehicle]:
    """Vehicles of one node by VIN and by plate, whichever of the two was given, folded.

    Those of other nodes are left out as if there were none.
    """
    wanted = {rules.fold(word) for word in words}
    found = list(
        Vehicle.objects.visible_to(actor)
        .filter(Q(vin__in=wanted) | Q(plate__in=wanted - {""}), org_id=org_id)
        .order_by("id")
    )
    lapsed = compliance.hindrances([vehicle.id for vehicle in found], local_day(at))
    named: dict[str, NamedVehicle] = {}
    for vehicle in found:
        card = NamedVehicle(
            id=vehicle.id,
            vin=vehicle.vin,
            plate=vehicle.plate,
            city=vehicle.city,
            hindrance=hindrance_of(vehicle),
            lapsed=tuple(str(kind.label) for kind in lapsed.get(vehicle.id, ())),
        )
        named |= {word: card for word in (vehicle.vin, vehicle.plate) if word in wanted}
    return named
