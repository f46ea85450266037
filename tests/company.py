"""An operator ready for business: its staff, two engineers, vehicles, a customer, the handbook.

Usernames: `ops`, `dispatch`, `sales`, `finance`, `boss`, the engineers `huang` and `zhou`, and the
customers `shunda`, `shunda2` …; all with the town's PASSWORD.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from tests import town

STAFF: Final = (
    ("ops", "陈雨桐", "OPERATIONS"), ("dispatch", "罗勇", "DISPATCHER"),
    ("sales", "徐丽华", "SALES"), ("finance", "何雪梅", "FINANCE"),
    ("boss", "周启明", "DECISION_MAKER"),
)  # fmt: skip
PAPERS: Final = ("COMPULSORY_INSURANCE", "COMMERCIAL_INSURANCE", "INSPECTION", "ROAD_PERMIT")
FAR: Final = date(2099, 12, 31)


@dataclass(frozen=True, slots=True, kw_only=True)
class Van:
    """A customer with a sign-in, and the van that is its own."""

    username: str
    customer_id: UUID
    vehicle_id: UUID
    vin: str
    plate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """Who and what there is; the vehicles in `ready` may be leased. All have terminals."""

    org_id: int
    vans: tuple[Van, ...]
    ready: tuple[UUID, ...]

    @property
    def customer_id(self) -> UUID:
        return self.vans[0].customer_id


def found(*, vans: int = 1) -> Company:
    """Found it by verbs, at this moment; `vans` is the number of customers."""
    from django.utils import timezone

    from panshi.fleet import queries as fleet
    from panshi.handbook import services as handbook
    from panshi.handbook.tests import make as handbook_make
    from panshi.kit.tenancy import acting, hq_actor
    from panshi.org import queries as org
    from panshi.telematics import services as telematics

    at = timezone.now()
    with acting(hq_actor(), to_write=True):
        org_id = town.nodes(at)
        boss = hq_actor(org_id)
        town.equip(org_id, at)
        for username, name, role in STAFF:
            town.person(org_id, username, name, role)
        town.engineer(org_id, "huang", "黄志强", 0.02, at)
        town.engineer(org_id, "zhou", "周建军", -0.03, at)
        owners = {}
        for number in range(1, vans + 1):
            name, username = ("顺达城配物流有限公司", "shunda")
            if number > 1:
                name, username = f"顺达城配物流{number}号仓有限公司", f"shunda{number}"
            customer, _user, van = town.customer(org_id, name, username, 12344 + number, at)
            owners[van] = (username, customer)
        ready = _ready_vehicles(org_id, count=3)
        refs = fleet.vehicle_refs(vehicle_ids=(*owners, *ready), actor=boss)
        telematics.register_devices(
            devices=[
                telematics.NewDevice(protocol="GB32960", identity=ref.vin, vehicle_id=vehicle_id)
                for vehicle_id, ref in refs.items()
            ],
            actor=boss,
            at=at,
        )
        platform = hq_actor(org.platform_id() or 0)
        handbook.import_content(directory=str(handbook_make.played()), actor=platform, at=at)
    return Company(
        org_id=org_id,
        vans=tuple(
            Van(
                username=username,
                customer_id=customer,
                vehicle_id=van,
                vin=refs[van].vin,
                plate=refs[van].plate,
            )
            for van, (username, customer) in owners.items()
        ),
        ready=ready,
    )


def _ready_vehicles(org_id: int, *, count: int) -> tuple[UUID, ...]:
    """Vehicles in the yard with plates and valid papers."""
    from django.utils import timezone

    from panshi.fleet import services
    from panshi.fleet.tests import make
    from panshi.kit.tenancy import hq_actor

    at = timezone.now()
    boss = hq_actor(org_id)
    made = services.receive_vehicles(
        vehicles=[
            services.NewVehicle(
                org_id=org_id,
                vin=make.vin(900 + number),
                model_code="QY-V42",
                use="LEASE",
                city=town.CITY,
                plate=f"粤BD{60_000 + number}",
                state="READY",
                odometer_km=Decimal("1260.0"),
            )
            for number in range(count)
        ],
        actor=boss,
        at=at,
    ).vehicle_ids
    services.file_documents(
        documents=[
            services.NewDocument(vehicle_id=vehicle_id, kind=kind, expires_on=FAR)
            for vehicle_id in made
            for kind in PAPERS
        ],
        actor=boss,
        at=at,
    )
    return tuple(made)


def let_idle(org_id: int, vehicle_id: UUID) -> UUID:
    """Publish that a vehicle stands unused, as the nightly count would; answers the fact's id."""
    from django.utils import timezone

    from panshi.fleet.events import VehicleIdled
    from panshi.kit import outbox
    from panshi.kit.tenancy import acting, system_actor

    fact = VehicleIdled(
        org_id=org_id,
        actor_id=UUID(int=0),
        at=timezone.now(),
        vehicle_id=vehicle_id,
        odometer_km=Decimal(1200),
        days=3,
    )
    with acting(system_actor(org_id), to_write=True):
        outbox.publish(fact)
    return fact.id
