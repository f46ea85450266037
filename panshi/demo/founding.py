"""Found the demo company: tree, people, vehicles, customers, engineers, stock; by verbs alone."""

import json
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from uuid import UUID
from zlib import crc32

from django.conf import settings

from panshi.crm import services as crm
from panshi.crm.services import NewCustomer
from panshi.demo import world
from panshi.demo.world import ModelPlan, OperatorPlan
from panshi.fleet import services as fleet
from panshi.fleet.services import NewDocument, NewVehicle
from panshi.kit.clock import SHANGHAI, local_day
from panshi.kit.tenancy import Actor, hq_actor, system_actor
from panshi.org import services as org
from panshi.people import services as people
from panshi.people.services import NewShift
from panshi.service import services as service
from panshi.supply import queries as supply_queries
from panshi.supply import services as supply
from panshi.supply.events import StockLine

Say = Callable[[str], None]
CUSTOMERS = 250
SUPPLIER = "磐石示范汽配商行"
SHIFT_DAYS = 14
STAFF = (
    ("boss", "DECISION_MAKER"), ("finance", "FINANCE"), ("sales", "SALES"),
    ("ops", "OPERATIONS"), ("dispatch", "DISPATCHER"), ("engineer1", "ENGINEER"),
    ("engineer2", "ENGINEER"), ("parts", "WAREHOUSE"),
)  # fmt: skip
PAPERS = (
    ("INSPECTION", 365), ("COMPULSORY_INSURANCE", 365), ("COMMERCIAL_INSURANCE", 365),
    ("ROAD_PERMIT", 730),
)  # fmt: skip
SKILLS = (
    ("GENERAL", "HV", "ELECTRICAL", "BODY"), ("GENERAL", "HV", "BRAKE", "TYRE"),
    ("GENERAL", "BODY"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SignIn:
    role: str
    username: str
    password: str
    org_name: str


@dataclass(slots=True)
class Operator:
    """An operator of the demo company and what belongs to it."""

    plan: OperatorPlan
    org_id: int
    actor: Actor
    engineers: list[UUID] = field(default_factory=list)
    vehicles: list[tuple[UUID, ModelPlan]] = field(default_factory=list)
    customers: list[UUID] = field(default_factory=list)


@dataclass(slots=True)
class Company:
    platform_id: int
    operators: list[Operator] = field(default_factory=list)
    sign_ins: list[SignIn] = field(default_factory=list)


def sign_in_file() -> Path:
    folder: Path = settings.HOME.run
    return folder / "demo-sign-ins.json"


def found_tree(random: Random, at: datetime, say: Say) -> Company:
    """Platform, three regional centres, eight operators, and the people who work there."""
    platform = org.found_platform(name="磐石平台", city="杭州", actor=hq_actor(), at=at).node_id
    company = Company(platform)
    _person(company, platform, "磐石平台", "hq", "DECISION_MAKER", random, at, shown=True)
    _person(company, platform, "磐石平台", "auditor", "AUDITOR", random, at, shown=True)
    _person(company, platform, "磐石平台", "trainer", "TRAINER", random, at, shown=True)
    _person(company, platform, "磐石平台", "admin", "ADMINISTRATOR", random, at, shown=True)
    for region_name, city, plans in world.REGIONS:
        region = org.create_node(
            parent_id=platform,
            kind="REGION",
            name=region_name,
            city=city.name,
            actor=hq_actor(platform),
            at=at,
        ).node_id
        first = not company.operators
        _person(company, region, region_name, f"region{region}", "OPERATIONS", random, at,
                shown=first)  # fmt: skip
        for plan in plans:
            _open_operator(company, region, plan, random, at)
            say(f"{plan.name}: {len(STAFF)} people")
    return company


def _open_operator(
    company: Company, region: int, plan: OperatorPlan, random: Random, at: datetime
) -> None:
    org_id = org.register_operator(
        region_id=region, name=plan.name, city=plan.city.name, actor=hq_actor(region), at=at
    ).node_id
    operator = Operator(plan, org_id, system_actor(org_id))
    first = not company.operators
    suffix = "" if first else f"-{plan.city.division[:4]}"
    for username, role in STAFF:
        user_id = _person(
            company, org_id, plan.name, f"{username}{suffix}", role, random, at, shown=first
        )
        if role == "ENGINEER":
            operator.engineers.append(user_id)
    _person(
        company, org_id, plan.name, f"yard{suffix}", "YARD", Random(org_id), at, shown=first
    )  # fmt: skip
    company.operators.append(operator)


def _person(
    company: Company,
    org_id: int,
    org_name: str,
    username: str,
    role: str,
    random: Random,
    at: datetime,
    *,
    shown: bool = False,
    customer_id: UUID | None = None,
) -> UUID:
    """Enter a person; those shown get a password of this installation, the others none."""
    password = f"{secrets.token_urlsafe(9)}" if shown else None
    fact = org.create_user(
        org_id=org_id,
        username=username,
        full_name=world.person(random),
        roles=[role],
        password=password,
        customer_id=customer_id,
        actor=hq_actor(org_id),
        at=at,
    )
    if password is not None:
        company.sign_ins.append(SignIn(role, username, password, org_name))
    return fact.user_id


def publish_models(company: Company, at: datetime) -> None:
    for model in world.MODELS:
        fleet.publish_vehicle_model(
            org_id=company.platform_id,
            code=model.code,
            maker=model.maker,
            name=model.name,
            vehicle_class=model.vehicle_class,
            battery_kwh=Decimal(model.battery_kwh),
            gvw_kg=model.gvw_kg,
            range_km=model.range_km,
            service_km=model.service_km,
            actor=hq_actor(company.platform_id),
            at=at,
        )


def buy_vehicles(
    company: Company, random: Random, at: datetime, say: Say, *, since: datetime
) -> None:
    """Four hundred vehicles in the yards from `since` on; some of their papers lapse soon."""
    today = local_day(at)
    serial = 0
    weights = [model.share for model in world.MODELS]
    for operator in company.operators:
        models = random.choices(world.MODELS, weights, k=operator.plan.vehicles)
        rows = []
        for model in models:
            serial += 1
            bought = local_day(since) - timedelta(days=random.randrange(20, 600))
            rows.append(_vehicle(operator, model, serial, bought, random))
        made = fleet.receive_vehicles(vehicles=rows, actor=operator.actor, at=since)
        operator.vehicles = list(zip(made.vehicle_ids, models, strict=True))
        fleet.file_documents(
            documents=list(_papers(made.vehicle_ids, random, today)), actor=operator.actor, at=at
        )
        say(f"{operator.plan.name}: {len(rows)} vehicles")


def _vehicle(
    operator: Operator, model: ModelPlan, serial: int, bought: date, random: Random
) -> NewVehicle:
    return NewVehicle(
        org_id=operator.org_id,
        vin=world.vin(serial),
        model_code=model.code,
        city=operator.plan.city.name,
        plate=world.plate(operator.plan.city, serial, large=model.large_plate),
        state="READY",
        odometer_km=Decimal(random.randrange(80, 2_000)),
        parking=f"{operator.plan.city.name}{random.choice('一二三')}号场站",
        purchased_on=bought,
        first_registered_on=bought,
        cost=Decimal(model.cost),
        funding=random.choice(("OWN", "OWN", "FINANCE_LEASE")),
    )


def _papers(vehicle_ids: Sequence[UUID], random: Random, today: date) -> Iterator[NewDocument]:
    for vehicle_id in vehicle_ids:
        for kind, days in PAPERS:
            left = random.randrange(4, days)
            yield NewDocument(
                vehicle_id=vehicle_id,
                kind=kind,
                expires_on=today + timedelta(days=left),
                issued_on=today - timedelta(days=days - left),
                number=f"{kind[:2]}{random.randrange(10**9):09d}",
            )


def win_customers(
    company: Company, random: Random, at: datetime, say: Say, *, customers: int = CUSTOMERS
) -> None:
    """Customers in the measure of the fleets, firms and persons, nearly all of them qualified."""
    today = local_day(at)
    vehicles = sum(o.plan.vehicles for o in company.operators)
    for operator in company.operators:
        city = operator.plan.city
        names = world.firms(random, city)
        count = round(customers * operator.plan.vehicles / vehicles)
        rows = []
        for number in range(count):
            firm = number % 3 != 2
            code = world.credit_code(random, city) if firm else world.identity_number(random, city)
            rows.append(
                NewCustomer(
                    org_id=operator.org_id,
                    kind="COMPANY" if firm else "PERSON",
                    name=next(names) if firm else world.person(random),
                    contact=world.person(random) if firm else "",
                    phone=world.phone(random),
                    id_no=code,
                    city=city.name,
                    licence_expires_on=today + timedelta(days=random.randrange(200, 3000)),
                )
            )
        made = crm.register_customers(customers=rows, actor=operator.actor, at=at)
        operator.customers = list(made.customer_ids)
        _qualify(operator, random, at)
        say(f"{operator.plan.name}: {count} customers")
    first = company.operators[0]
    _person(company, first.org_id, first.plan.name, "customer", "CUSTOMER", random, at,
            shown=True, customer_id=first.customers[0])  # fmt: skip


def somebody_else(actor: Actor) -> Actor:
    """A colleague of the same desk, for what two people have to agree on."""
    return replace(actor, id=UUID(int=1), name="colleague")


def _qualify(operator: Operator, random: Random, at: datetime) -> None:
    """Sales submits, a second person decides; the last two customers still wait."""
    sales = Actor(
        id=UUID(int=1),
        name="sales",
        org_id=operator.org_id,
        org_ids=(operator.org_id,),
        permissions=frozenset({"*"}),
    )
    for customer_id in operator.customers[:-2]:
        asked = crm.submit_qualification(
            customer_id=customer_id,
            licence_expires_on=local_day(at) + timedelta(days=random.randrange(400, 3000)),
            years_in_trade=Decimal(random.randrange(1, 12)),
            vehicles_run=random.randrange(1, 40),
            monthly_income=Decimal(random.randrange(12, 300) * 1000),
            late_payments=random.choice((0, 0, 0, 1)),
            actor=sales,
            at=at,
        )
        crm.decide_qualification(
            qualification_id=asked.qualification_id,
            approve=True,
            note="资料齐全，核验一致",
            actor=operator.actor,
            at=at,
        )


def price_of(code: str) -> Decimal:
    """What a part is said to cost, tax included, in CNY: made up, and the same each time."""
    return Decimal(8 + crc32(code.encode()) % 400) + Decimal("0.50")


def staff_service(
    company: Company, random: Random, at: datetime, say: Say, *, since: datetime
) -> None:
    """Catalogue and prices, engineers with skills and shifts, stations, vans and their stock."""
    hq = hq_actor(company.platform_id)
    service.load_catalogue(org_id=company.platform_id, actor=hq, at=since)
    for operator in company.operators:
        _station_and_vans(operator, random, at, since)
        say(f"{operator.plan.name}: station, {len(operator.engineers)} vans")


def _station_and_vans(operator: Operator, random: Random, at: datetime, since: datetime) -> None:
    city, actor = operator.plan.city, operator.actor
    station = supply.open_location(
        org_id=operator.org_id,
        kind="STATION",
        name=f"{city.name}服务站",
        city=city.name,
        lon=city.lon,
        lat=city.lat,
        actor=actor,
        at=since,
    ).location_id
    codes = [item.code for item in supply_queries.items(actor=actor)]
    supply.receive_stock(
        location_id=station,
        lines=[
            StockLine(item_code=code, quantity=random.randrange(6, 40), unit_price=price_of(code))
            for code in codes
        ],
        supplier=SUPPLIER,
        document="开站入库",
        actor=actor,
        at=since,
    )
    for number, user_id in enumerate(operator.engineers):
        lon, lat = world.near(random, city, km=8)
        people.add_engineer(
            user_id=user_id,
            city=city.name,
            lon=lon,
            lat=lat,
            skills=SKILLS[number % len(SKILLS)],
            actor=actor,
            at=since,
        )
        people.grant_certificate(
            user_id=user_id,
            kind="HV_ELECTRICIAN",
            valid_from=local_day(at) - timedelta(days=300),
            valid_until=local_day(at) + timedelta(days=random.randrange(90, 800)),
            number=f"T{random.randrange(10**8):08d}",
            actor=actor,
            at=since,
        )
        van = supply.open_location(
            org_id=operator.org_id,
            kind="VAN",
            name=f"{city.name}服务车 {number + 1}",
            city=city.name,
            actor=actor,
            at=since,
        ).location_id
        supply.hand_over_van(location_id=van, user_id=user_id, actor=actor, at=since)
        supply.move_stock(
            source_id=station,
            target_id=van,
            lines=[StockLine(item_code=code, quantity=random.randrange(1, 4)) for code in codes],
            reason="TRANSFER",
            actor=actor,
            at=since,
        )
    people.set_shifts(
        org_id=operator.org_id, shifts=list(shifts(operator.engineers, at)), actor=actor, at=at
    )


def shifts(engineers: Sequence[UUID], at: datetime) -> Iterator[NewShift]:
    """Day shifts from today on for every engineer; the first also takes the evening."""
    today = local_day(at)
    for number, user_id in enumerate(engineers):
        for offset in range(SHIFT_DAYS):
            day = today + timedelta(days=offset)
            yield NewShift(
                user_id=user_id,
                starts_at=datetime.combine(day, time(7), SHANGHAI),
                ends_at=datetime.combine(day, time(19 if number else 22), SHANGHAI),
            )


def write_sign_ins(company: Company) -> None:
    """Keep the sign-ins of this installation, readable by its owner alone."""
    file = sign_in_file()
    file.touch(mode=0o600)
    rows = [[s.role, s.username, s.password, s.org_name] for s in company.sign_ins]
    file.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
