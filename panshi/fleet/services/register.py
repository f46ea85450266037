"""Verbs by which models and vehicles enter the register, and vehicles get their plates."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from panshi.fleet import rules
from panshi.fleet.events import VehicleModelPublished, VehiclePlated, VehiclesReceived
from panshi.fleet.models import (
    ENTRY_STATES,
    VEHICLE_LIFE,
    PlateClass,
    PlateHolding,
    Vehicle,
    VehicleClass,
    VehicleEvent,
    VehicleModel,
    VehicleState,
    VehicleUse,
)
from panshi.fleet.sheet import vin_words
from panshi.kit.clock import local_day
from panshi.kit.ids import uuid7
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import guard, verb

_BATCH = 1000
_MODELS = """
WITH RECURSIVE above AS (
    SELECT id, parent_id, 0 AS steps FROM org_orgnode WHERE id = %s
    UNION ALL
    SELECT n.id, n.parent_id, a.steps + 1 FROM org_orgnode n JOIN above a ON n.id = a.parent_id
)
SELECT DISTINCT ON (m.code) m.id FROM fleet_vehiclemodel m JOIN above a ON a.id = m.org_id
ORDER BY m.code, a.steps
"""


class BadVin(Refusal):
    pass


class DuplicateVin(Refusal):
    pass


class BadPlate(Refusal):
    pass


class PlateTaken(Refusal):
    pass


class UnknownModel(Refusal):
    pass


class UnknownState(Refusal):
    pass


class ModelInvalid(Refusal):
    pass


class ModelCodeTaken(Refusal):
    pass


class NodesMixed(Refusal):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVehicle:
    """A vehicle that enters the register.

    An empty `state` is the natural one: PLATED with a plate, else PROCURED; READY for a customer's
    own (use EXTERNAL, which needs `customer_id`). A fleet that moves in says how each one stands.
    An empty `plate_class` is read from the plate's form. Amounts are CNY, tax included.
    """

    org_id: int
    vin: str
    model_code: str
    city: str
    use: str = "LEASE"
    plate: str = ""
    plate_class: str = ""
    state: str = ""
    customer_id: UUID | None = None
    odometer_km: Decimal = Decimal(0)
    parking: str = ""
    motor_no: str = ""
    pack_no: str = ""
    purchased_on: date | None = None
    cost: Decimal | None = None
    funding: str = ""
    first_registered_on: date | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """A VIN or plate that is in the register already, and with which node."""

    org_id: int
    vehicle_id: UUID


@verb
def publish_vehicle_model(
    *,
    org_id: int,
    code: str,
    maker: str,
    name: str,
    vehicle_class: str,
    battery_kwh: Decimal,
    gvw_kg: int,
    range_km: int,
    service_km: int,
    actor: Actor,
    at: datetime,
) -> VehicleModelPublished:
    """Make a vehicle model known to a node and all below it.

    Raises ModelCodeTaken, or ModelInvalid for words that are missing or figures out of range.
    """
    actor.must("fleet.publish_vehicle_model", org_id)
    code, maker, name = code.strip(), maker.strip(), name.strip()
    if not (code and maker and name) or vehicle_class not in VehicleClass.values:
        raise ModelInvalid(_("A model has a code, a maker, a name and a class."))
    if not 0 < battery_kwh < 10_000 or not all(
        0 < figure <= 1_000_000 for figure in (gvw_kg, range_km, service_km)
    ):
        raise ModelInvalid(_("Battery, weight, range and interval must be above zero."))
    if VehicleModel.objects.filter(org_id=org_id, code=code).exists():
        raise ModelCodeTaken(_("There is already a model with the code %s.") % code)
    model = VehicleModel.objects.create(
        org_id=org_id,
        code=code,
        maker=maker,
        name=name,
        vehicle_class=VehicleClass(vehicle_class),
        battery_kwh=battery_kwh,
        gvw_kg=gvw_kg,
        range_km=range_km,
        service_km=service_km,
    )
    return VehicleModelPublished(
        org_id=org_id, actor_id=actor.id, at=at, model_id=model.id, code=code
    )


def plate_words(plate: str, plate_class: str) -> str:
    """Say what is wrong with a plate, or nothing when it has the form of its class."""
    if rules.plate_fits(plate, plate_class):
        return ""
    if plate_class in (PlateClass.GREEN_SMALL, PlateClass.GREEN_LARGE) and len(plate) != 8:
        return _("A new-energy plate has 8 characters, “%(plate)s” has %(count)d.") % {
            "plate": plate,
            "count": len(plate),
        }
    if not plate_class or plate_class not in PlateClass.values:
        return _("“%s” is not a number plate.") % plate
    return _("“%(plate)s” does not have the form of the class “%(label)s”.") % {
        "plate": plate,
        "label": PlateClass(plate_class).label,
    }


def models_of(org_id: int) -> list[VehicleModel]:
    """The models a node may use: its own before those of the nodes above."""
    with connection.cursor() as cursor:
        cursor.execute(_MODELS, [org_id])
        ids = [row[0] for row in cursor.fetchall()]
    return list(VehicleModel.objects.filter(id__in=ids).order_by("code"))


def taken_vins(vins: Iterable[str]) -> Mapping[str, Taken]:
    """Which VINs are in the register, of whatever node."""
    return _taken("fleet_taken_vins", vins)


def taken_plates(plates: Iterable[str]) -> Mapping[str, Taken]:
    """Which plates are on a vehicle now, of whatever node."""
    return _taken("fleet_taken_plates", plates)


def _taken(function: str, words: Iterable[str]) -> Mapping[str, Taken]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT word, org_id, id FROM {function}(%s::text[])", [list(words)])
        return {word: Taken(org_id, vehicle_id) for word, org_id, vehicle_id in cursor.fetchall()}


def _natural_state(new: NewVehicle, plate: str) -> str:
    if new.use == VehicleUse.EXTERNAL:
        return VehicleState.READY
    return VehicleState.PLATED if plate else VehicleState.PROCURED


def _refuse_repeats(vins: Sequence[str], plates: Sequence[str]) -> None:
    for words, refusal in ((vins, DuplicateVin), (plates, PlateTaken)):
        if repeated := [word for word, count in Counter(words).items() if count > 1]:
            raise refusal(_("Given more than once: %s.") % ", ".join(repeated[:5]))
    if taken := taken_vins(vins):
        raise DuplicateVin(_("Already in the register: %s.") % ", ".join(sorted(taken)[:5]))
    if taken := taken_plates(plates):
        raise PlateTaken(_("Already on another vehicle: %s.") % ", ".join(sorted(taken)[:5]))


def _build(new: NewVehicle, models: Mapping[str, VehicleModel], at: datetime) -> Vehicle:
    vin, plate = rules.fold(new.vin), rules.fold(new.plate)
    if fault := rules.vin_fault(vin):
        raise BadVin(f"{vin}: {vin_words(fault)}")
    plate_class = (new.plate_class or rules.plate_class_of(plate)) if plate else ""
    if plate and (words := plate_words(plate, plate_class)):
        raise BadPlate(words)
    if new.model_code not in models:
        raise UnknownModel(_("There is no vehicle model with the code %s.") % new.model_code)
    model = models[new.model_code]
    state = new.state or _natural_state(new, plate)
    if state not in ENTRY_STATES:
        raise UnknownState(_("A vehicle cannot enter the register as “%s”.") % state)
    return Vehicle(
        id=uuid7(),
        org_id=new.org_id,
        vin=vin,
        plate=plate,
        plate_class=plate_class,
        use=VehicleUse(new.use),
        model=model,
        model_code=model.code,
        model_name=f"{model.maker} {model.name}",
        vehicle_class=model.vehicle_class,
        battery_kwh=model.battery_kwh,
        state=state,
        state_since=at,
        city=new.city,
        parking=new.parking,
        odometer_km=new.odometer_km,
        customer_id=new.customer_id,
        awaits_lease=state == VehicleState.LEASED,
        motor_no=new.motor_no,
        pack_no=new.pack_no,
        purchased_on=new.purchased_on,
        cost=new.cost,
        funding=new.funding,
        first_registered_on=new.first_registered_on,
        # Without a record of its maintenance a vehicle counts its interval from its entry.
        serviced_on=local_day(at),
        serviced_km=new.odometer_km,
    )


def enter(vehicles: Sequence[NewVehicle], *, actor: Actor, at: datetime) -> list[Vehicle]:
    """Write vehicles with their first event and plate, in order; refusals as the verb's."""
    if len(nodes := {new.org_id for new in vehicles}) > 1:
        raise NodesMixed(_("Vehicles of several nodes cannot be received at once."))
    models = {model.code: model for node in nodes for model in models_of(node)}
    rows = [_build(new, models, at) for new in vehicles]
    _refuse_repeats([row.vin for row in rows], [row.plate for row in rows if row.plate])
    try:
        with transaction.atomic():
            Vehicle.objects.bulk_create(rows, batch_size=_BATCH)
            VehicleEvent.objects.bulk_create(
                [
                    VehicleEvent(
                        org_id=row.org_id,
                        vehicle=row,
                        to_state=row.state,
                        actor_id=actor.id,
                        at=at,
                    )
                    for row in rows
                ],
                batch_size=_BATCH,
            )
            PlateHolding.objects.bulk_create(
                [_holding(row, at) for row in rows if row.plate], batch_size=_BATCH
            )
    except IntegrityError as error:
        raise _as_refusal(error) from error
    return rows


def _holding(vehicle: Vehicle, at: datetime) -> PlateHolding:
    return PlateHolding(
        org_id=vehicle.org_id,
        vehicle=vehicle,
        plate=vehicle.plate,
        plate_class=vehicle.plate_class,
        during=DateTimeTZRange(at, None, "[)"),
    )


def _as_refusal(error: IntegrityError) -> Exception:
    """Turn a lost race for a VIN or plate into its refusal; anything else stays what it is."""
    if "vin" in str(error) and "unique" in str(error):
        return DuplicateVin(_("A VIN was entered by somebody else just now."))
    if "plate_is_on_one_vehicle" in str(error):
        return PlateTaken(_("A plate was given to another vehicle just now."))
    return error


@verb
def receive_vehicles(
    *, vehicles: Sequence[NewVehicle], actor: Actor, at: datetime
) -> VehiclesReceived:
    """Enter vehicles of one node into the register, all or none.

    Raises BadVin, DuplicateVin, BadPlate, PlateTaken, UnknownModel, UnknownState or NodesMixed.
    """
    for org_id in {new.org_id for new in vehicles} or {actor.org_id}:
        actor.must("fleet.receive_vehicles", org_id)
    rows = enter(vehicles, actor=actor, at=at)
    return VehiclesReceived(
        org_id=rows[0].org_id if rows else actor.org_id,
        actor_id=actor.id,
        at=at,
        vehicle_ids=tuple(row.id for row in rows),
    )


def _put_plate(vehicle: Vehicle, plate: str, plate_class: str, at: datetime) -> None:
    folded = rules.fold(plate)
    wanted = plate_class or rules.plate_class_of(folded)
    if words := plate_words(folded, wanted):
        raise BadPlate(words)
    if taken_plates([folded]):
        raise PlateTaken(_("Already on another vehicle: %s.") % folded)
    held = PlateHolding.objects.filter(vehicle=vehicle, during__endswith=None).first()
    if held is not None:
        held.during = DateTimeTZRange(held.during.lower, at, "[)")
        held.save(update_fields=["during"])
    vehicle.plate, vehicle.plate_class = folded, PlateClass(wanted)
    try:
        with transaction.atomic():
            vehicle.save(update_fields=["plate", "plate_class"])
            _holding(vehicle, at).save()
    except IntegrityError as error:
        raise _as_refusal(error) from error


@verb
def plate_vehicle(
    *, vehicle_id: UUID, plate: str, actor: Actor, at: datetime, plate_class: str = ""
) -> VehiclePlated:
    """Give a procured vehicle its first plate.

    Raises BadPlate, PlateTaken, or IllegalMove unless it is procured.
    """
    vehicle = Vehicle.objects.visible_to(actor).select_for_update().get(id=vehicle_id)
    actor.must("fleet.plate_vehicle", vehicle.org_id)
    VEHICLE_LIFE.step(vehicle.state, VehicleState.PLATED)
    _put_plate(vehicle, plate, plate_class, at)
    record_move(vehicle, VehicleState.PLATED, actor=actor, at=at)
    return VehiclePlated(
        org_id=vehicle.org_id,
        actor_id=actor.id,
        at=at,
        vehicle_id=vehicle.id,
        plate=vehicle.plate,
        before="",
    )


@verb
def change_plate(
    *, vehicle_id: UUID, plate: str, actor: Actor, at: datetime, plate_class: str = ""
) -> VehiclePlated:
    """Put another plate on a vehicle from now on; who bore the old one when stays known.

    Raises BadPlate or PlateTaken.
    """
    vehicle = Vehicle.objects.visible_to(actor).select_for_update().get(id=vehicle_id)
    actor.must("fleet.change_plate", vehicle.org_id)
    before = vehicle.plate
    _put_plate(vehicle, plate, plate_class, at)
    return VehiclePlated(
        org_id=vehicle.org_id,
        actor_id=actor.id,
        at=at,
        vehicle_id=vehicle.id,
        plate=vehicle.plate,
        before=before,
    )


def record_move(
    vehicle: Vehicle, target: VehicleState, *, actor: Actor, at: datetime, reason: str = ""
) -> None:
    """Move a locked vehicle along its life and write the event; raises IllegalMove."""
    before = vehicle.state
    vehicle.state = VEHICLE_LIFE.step(before, target)
    vehicle.state_since = at
    vehicle.save()
    VehicleEvent.objects.create(
        org_id=vehicle.org_id,
        vehicle=vehicle,
        from_state=before,
        to_state=target,
        reason=reason,
        actor_id=actor.id,
        at=at,
    )


@guard
def node_contents(*, org_id: int) -> list[str]:
    """The vehicles that a node would leave behind."""
    count = Vehicle.objects.filter(org_id=org_id).exclude(state=VehicleState.SOLD).count()
    words = ngettext("%(count)d vehicle", "%(count)d vehicles", count) % {"count": count}
    return [words] if count else []
