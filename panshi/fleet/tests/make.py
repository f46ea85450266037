"""Models and vehicles with honest defaults."""

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from uuid import UUID

from panshi.fleet import rules, services
from panshi.fleet.models import Vehicle, VehicleModel
from panshi.fleet.services import NewDocument, NewVehicle
from panshi.kit.tenancy import hq_actor
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make

_numbers = count(1)
NOON = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)
FAR = date(2099, 12, 31)
INSURED = ("COMPULSORY_INSURANCE", "COMMERCIAL_INSURANCE", "INSPECTION", "ROAD_PERMIT")


def vin(number: int | None = None) -> str:
    """A valid VIN, another one at each call."""
    serial = f"{next(_numbers) if number is None else number:06d}"
    draft = f"LPSEV4E10RA{serial}"
    return f"{draft[:8]}{rules.vin_check_digit(draft)}{draft[9:]}"


def plate(number: int | None = None) -> str:
    """A valid small new-energy plate, another one at each call."""
    serial = next(_numbers) if number is None else number
    letter = "ABCDEFGHJKLMNPQRSTUVWXYZ"[serial // 10_000]
    return f"浙AD{letter}{serial % 10_000:04d}"


def model(*, org: OrgNode | None = None, code: str = "") -> VehicleModel:
    """A model published by the platform, or by the node given; the same code gives the same one."""
    node = org or org_make.platform()
    wanted = code or "QY-V42"
    known = VehicleModel.objects.filter(org=node, code=wanted).first()
    if known is not None:
        return known
    fact = services.publish_vehicle_model(
        org_id=node.id,
        code=wanted,
        maker="青原",
        name=f"轻运 {wanted.removeprefix('QY-')}",
        vehicle_class="VAN",
        battery_kwh=Decimal("41.86"),
        gvw_kg=2510,
        range_km=265,
        service_km=10_000,
        actor=hq_actor(node.id),
        at=NOON,
    )
    return VehicleModel.objects.get(id=fact.model_id)


def vehicle(
    *,
    org: OrgNode | None = None,
    state: str = "READY",
    use: str = "LEASE",
    city: str = "杭州",
    customer_id: UUID | None = None,
    model_code: str = "",
    vin_code: str = "",
    plate_code: str | None = None,
    odometer_km: Decimal = Decimal(0),
    papers: bool = True,
    at: datetime = NOON,
) -> Vehicle:
    """A vehicle of an operator, with plate and valid papers, ready to be leased."""
    node = org or org_make.operator(city=city)
    known = model(code=model_code)
    fact = services.receive_vehicles(
        vehicles=[
            NewVehicle(
                org_id=node.id,
                vin=vin_code or vin(),
                model_code=known.code,
                city=city,
                use=use,
                plate=plate_code if plate_code is not None else plate(),
                state=state,
                customer_id=customer_id,
                odometer_km=odometer_km,
            )
        ],
        actor=hq_actor(node.id),
        at=at,
    )
    made = Vehicle.objects.get(id=fact.vehicle_ids[0])
    if papers:
        services.file_documents(
            documents=[
                NewDocument(vehicle_id=made.id, kind=kind, expires_on=FAR) for kind in INSURED
            ],
            actor=hq_actor(node.id),
            at=at,
        )
    return made
