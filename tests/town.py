"""A town in which service runs today: an operator, a customer with a van, two engineers at work.

Everything is arranged by verbs at the real moment, so that pages and browsers meet it as it is.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

PASSWORD: Final = "Lvtu-2027-wuliu"
PLACE: Final = (114.0579, 22.5431)
CITY: Final = "深圳"
PARTS: Final = ("BRAKE_PADS_F", "COOLANT", "HV_SEAL", "CABIN_FILTER")


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """Who and what stands in the town."""

    org_id: int
    customer_id: UUID
    customer_user: UUID
    stranger_id: UUID
    stranger_user: UUID
    vehicle_id: UUID
    stranger_vehicle: UUID
    engineer: UUID
    other_engineer: UUID
    van: UUID
    work_order_id: UUID
    visit_id: UUID
    at: datetime


def person(org_id: int, username: str, name: str, role: str, customer: UUID | None = None) -> UUID:
    """Somebody who signs in with PASSWORD."""
    from django.utils import timezone

    from panshi.kit.tenancy import hq_actor
    from panshi.org import services

    return services.create_user(
        org_id=org_id,
        username=username,
        full_name=name,
        roles=[role],
        password=PASSWORD,
        customer_id=customer,
        actor=hq_actor(org_id),
        at=timezone.now(),
    ).user_id


def nodes(at: datetime) -> int:
    """An operator below a region, and the platform where there is none yet."""
    from panshi.kit.tenancy import hq_actor
    from panshi.org import queries, services

    platform = queries.platform_id()
    if platform is None:
        platform = services.found_platform(
            name="磐石平台", city="北京", actor=hq_actor(), at=at
        ).node_id
    boss = hq_actor(platform)
    region = services.create_node(
        parent_id=platform, kind="REGION", name="华南区域运营中心", city="广州", actor=boss, at=at
    ).node_id
    return services.register_operator(
        region_id=region,
        name="深圳市绿途新能源物流车辆运营有限公司",
        city=CITY,
        actor=boss,
        at=at,
    ).node_id


def engineer(org_id: int, username: str, name: str, east: float, at: datetime) -> tuple[UUID, UUID]:
    """An engineer on shift round the clock for four days, with a stocked van; and the van."""
    from panshi.kit.clock import day_start, local_day
    from panshi.kit.tenancy import hq_actor
    from panshi.people import services as people
    from panshi.supply import services as supply
    from panshi.supply.events import StockLine

    boss = hq_actor(org_id)
    user_id = person(org_id, username, name, "ENGINEER")
    people.add_engineer(
        user_id=user_id, city=CITY, lon=PLACE[0] + east, lat=PLACE[1],
        skills=("GENERAL", "HV", "BRAKE", "TYRE", "ELECTRICAL"), actor=boss, at=at,
    )  # fmt: skip
    people.grant_certificate(
        user_id=user_id, kind="HV_ELECTRICIAN", valid_from=date(2020, 1, 1),
        valid_until=date(2099, 12, 31), actor=boss, at=at,
    )  # fmt: skip
    first = day_start(local_day(at))
    people.set_shifts(
        org_id=org_id,
        shifts=[
            people.NewShift(
                user_id=user_id,
                starts_at=first + timedelta(days=n),
                ends_at=first + timedelta(days=n + 1),
            )
            for n in range(4)
        ],
        actor=boss,
        at=at,
    )
    van = supply.open_location(
        org_id=org_id, kind="VAN", name=f"服务车 {name}", city=CITY, actor=boss, at=at
    ).location_id
    supply.hand_over_van(location_id=van, user_id=user_id, actor=boss, at=at - timedelta(days=1))
    supply.receive_stock(
        location_id=van,
        lines=[StockLine(item_code=code, quantity=5) for code in PARTS],
        actor=boss,
        at=at,
    )
    return user_id, van


def customer(org_id: int, name: str, username: str, number: int, at: datetime) -> tuple[UUID, ...]:
    """A customer with a sign-in and a vehicle of its own: customer, user, vehicle."""
    from panshi.crm import services as crm
    from panshi.crm.tests import make as crm_make
    from panshi.fleet import services as fleet
    from panshi.fleet.tests import make as fleet_make
    from panshi.kit.tenancy import hq_actor

    boss = hq_actor(org_id)
    customer = crm.register_customer(
        org_id=org_id, kind="COMPANY", name=name, phone=crm_make.phone(number),
        id_no=crm_make.credit_code(number), city=CITY, actor=boss, at=at,
    ).customer_id  # fmt: skip
    received = fleet.receive_vehicles(
        vehicles=[
            fleet.NewVehicle(
                org_id=org_id,
                vin=fleet_make.vin(800 + number),
                model_code="QY-V42",
                use="EXTERNAL",
                city=CITY,
                plate=f"粤BD{number:05d}",
                customer_id=customer,
                odometer_km=Decimal("38412.0"),
            )
        ],
        actor=boss,
        at=at,
    )
    user = person(org_id, username, name, "CUSTOMER", customer)
    return customer, user, received.vehicle_ids[0]


def _todays_visit(org_id: int, vehicle_id: UUID, engineer: UUID, at: datetime) -> tuple[UUID, UUID]:
    """A work order whose visit the engineer has today: order and visit."""
    from panshi.kit.tenancy import hq_actor
    from panshi.service import queries, services

    boss = hq_actor(org_id)
    opened = services.open_work_order(
        vehicle_id=vehicle_id, item_codes=("ROUTINE_SERVICE",), kind="PLANNED",
        address="福田区深南大道 6008 号", lon=PLACE[0], lat=PLACE[1], actor=boss, at=at,
    )  # fmt: skip
    starts_at = at + timedelta(minutes=40)
    effect = queries.move_consequences(
        visit_id=opened.visit_id, engineer_id=engineer, starts_at=starts_at, actor=boss, at=at
    )
    services.assign_visit(
        visit_id=opened.visit_id, engineer_id=engineer, starts_at=starts_at,
        plan_version=effect.plan_version, break_window=True, actor=boss, at=at,
    )  # fmt: skip
    return opened.work_order_id, opened.visit_id


def equip(org_id: int, at: datetime) -> None:
    """The platform's catalogue and model of vehicle, and the operator's station."""
    from panshi.fleet import services as fleet
    from panshi.kit.tenancy import hq_actor
    from panshi.org import queries as org
    from panshi.service import services
    from panshi.supply import services as supply

    platform = org.platform_id() or 0
    boss = hq_actor(platform)
    services.load_catalogue(org_id=platform, actor=boss, at=at)
    fleet.publish_vehicle_model(
        org_id=platform, code="QY-V42", maker="青原", name="轻运 V42", vehicle_class="VAN",
        battery_kwh=Decimal("41.86"), gvw_kg=2510, range_km=265, service_km=10_000,
        actor=boss, at=at,
    )  # fmt: skip
    supply.open_location(
        org_id=org_id, kind="STATION", name="福田服务站", city=CITY, lon=PLACE[0],
        lat=PLACE[1] + 0.02, actor=hq_actor(org_id), at=at,
    )  # fmt: skip


def arrange() -> Town:
    """Build the town under headquarters' own context."""
    from django.utils import timezone

    from panshi.kit.clock import day_start, local_day
    from panshi.kit.tenancy import acting, hq_actor

    # A visit of today needs some hours before midnight, whenever this is arranged.
    now = timezone.now()
    at = min(now, day_start(local_day(now)) + timedelta(hours=18))
    with acting(hq_actor(), to_write=True):
        org_id = nodes(at)
        equip(org_id, at)
        first, van = engineer(org_id, "huang", "黄志强", 0.02, at)
        other, _van = engineer(org_id, "zhou", "周建军", -0.03, at)
        buyer, user, vehicle = customer(org_id, "顺达城配物流有限公司", "shunda", 12345, at)
        stranger, their_user, their_vehicle = customer(
            org_id, "快捷同城货运有限公司", "kuaijie", 54321, at
        )
        order, visit = _todays_visit(org_id, vehicle, first, at)
    return Town(
        org_id=org_id, customer_id=buyer, customer_user=user, stranger_id=stranger,
        stranger_user=their_user, vehicle_id=vehicle, stranger_vehicle=their_vehicle,
        engineer=first, other_engineer=other, van=van, work_order_id=order, visit_id=visit,
        at=at,
    )  # fmt: skip
