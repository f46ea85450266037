"""A yard full of vehicles to lease: an operator, its people, customers who each wait for one.

Arranged by verbs at the site's own moment. Usernames: `sales`, `finance`, `ops`, `boss`,
`dispatch` and those of the parties; all with the town's PASSWORD.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from tests import company, town


@dataclass(frozen=True, slots=True)
class Party:
    """A firm that leases: its sign-in, and the plate and odometer (km) of the vehicle it takes."""

    username: str
    firm: str
    plate: str
    odometer_km: Decimal


PARTIES: Final = (
    Party("shunda", "顺达城配物流有限公司", "粤BD12345", Decimal("1208.0")),
    Party("kuaijie", "快捷同城货运有限公司", "粤BD20871", Decimal("864.0")),
    Party("yuanhang", "深圳市远航供应链管理服务有限公司", "粤BD38066", Decimal("2310.0")),
    Party("xinlian", "鑫联冷链配送有限公司", "粤BD51290", Decimal("97.0")),
)


def arrange() -> None:
    """Build the yard under headquarters' own context."""
    from django.utils import timezone

    from panshi.fleet import services as fleet
    from panshi.handbook import services as handbook
    from panshi.handbook.tests import make as handbook_make
    from panshi.kit.tenancy import hq_actor
    from panshi.org import queries as org

    at = timezone.now()
    org_id = town.nodes(at)
    platform = hq_actor(org.platform_id() or 0)
    fleet.publish_vehicle_model(
        org_id=platform.org_id, code="QY-V42", maker="青原", name="轻运 V42", vehicle_class="VAN",
        battery_kwh=Decimal("41.86"), gvw_kg=2510, range_km=265, service_km=10_000,
        actor=platform, at=at,
    )  # fmt: skip
    handbook.import_content(directory=str(handbook_make.played()), actor=platform, at=at)
    for username, name, role in company.STAFF:
        town.person(org_id, username, name, role)
    _vehicles(org_id, at)
    for number, party in enumerate(PARTIES, start=4_001):
        _customer(org_id, party, number, at)


def _vehicles(org_id: int, at: datetime) -> None:
    from panshi.fleet import services
    from panshi.fleet.tests import make
    from panshi.kit.tenancy import hq_actor

    boss = hq_actor(org_id)
    made = services.receive_vehicles(
        vehicles=[
            services.NewVehicle(
                org_id=org_id,
                vin=make.vin(900 + number),
                model_code="QY-V42",
                city=town.CITY,
                plate=party.plate,
                state="READY",
                odometer_km=party.odometer_km,
            )
            for number, party in enumerate(PARTIES)
        ],
        actor=boss,
        at=at,
    ).vehicle_ids
    services.file_documents(
        documents=[
            services.NewDocument(vehicle_id=vehicle_id, kind=kind, expires_on=company.FAR)
            for vehicle_id in made
            for kind in company.PAPERS
        ],
        actor=boss,
        at=at,
    )


def _customer(org_id: int, party: Party, number: int, at: datetime) -> None:
    """A firm whose qualification one person submitted and another approved."""
    from panshi.crm import services
    from panshi.crm.tests import make
    from panshi.kit.clock import local_day
    from panshi.kit.tenancy import Actor, hq_actor

    boss = hq_actor(org_id)
    clerk = Actor(
        id=UUID(int=1), name="sales", org_id=org_id, org_ids=(org_id,), permissions=frozenset("*")
    )
    customer = services.register_customer(
        org_id=org_id, kind="COMPANY", name=party.firm, phone=make.phone(number),
        id_no=make.credit_code(number), city=town.CITY, actor=boss, at=at,
    ).customer_id  # fmt: skip
    asked = services.submit_qualification(
        customer_id=customer,
        licence_expires_on=local_day(at) + timedelta(days=900),
        years_in_trade=Decimal(6),
        vehicles_run=12,
        monthly_income=Decimal(80_000),
        late_payments=0,
        actor=clerk,
        at=at,
    )
    services.decide_qualification(
        qualification_id=asked.qualification_id, approve=True, note="资料齐全，核验一致",
        actor=boss, at=at,
    )  # fmt: skip
    town.person(org_id, party.username, party.firm, "CUSTOMER", customer)
