"""A whole company for the page benchmark: its tree, fleet and people, by verbs where they fit.

What has no verb for many at once is set-based SQL under the role of HQ, with every constraint and
trigger on; `panshi.bench.books` adds the leases and the money, `panshi.bench.work` the service.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any, Final
from uuid import UUID

from django.db import connection
from stdnum.cn import uscc

from panshi.crm import services as crm
from panshi.crm.services import NewCustomer
from panshi.fleet import services as fleet
from panshi.fleet.services import NewVehicle
from panshi.kit.clock import local_day
from panshi.kit.tenancy import acting, hq_actor
from panshi.org import queries as org_queries
from panshi.org import services as org

Say = Callable[[str], None]
HQ_NAME: Final = "bench-hq"
OPERATOR_NAME: Final = "bench-operator"
CUSTOMER_NAME: Final = "bench-customer"

# Made in the order of the moment they stand for, as the house makes its own.
NEW_ID: Final = (
    "(lpad(to_hex((extract(epoch FROM {at}) * 1000)::bigint), 12, '0')"
    " || '7' || substr(md5(random()::text), 1, 19))::uuid"
)

_CITIES: Final = (
    "杭州", "宁波", "温州", "苏州", "南京", "无锡", "上海", "合肥", "福州", "厦门", "广州", "深圳",
    "佛山", "东莞", "武汉", "长沙", "郑州", "西安", "成都", "重庆", "昆明", "贵阳", "北京", "天津",
    "石家庄", "济南", "青岛", "沈阳", "大连", "哈尔滨",
)  # fmt: skip
_MODELS: Final = (
    ("BV42", "Van 42", "VAN", "41.86", 2510, 265, 10_000, 108_000),
    ("BM28", "Micro van 28", "MICRO_VAN", "28.00", 1900, 210, 10_000, 68_000),
    ("BL100", "Light truck 100", "LIGHT_TRUCK", "100.46", 4495, 330, 20_000, 182_000),
    ("BR86", "Refrigerated truck 86", "REFRIGERATED_TRUCK", "86.55", 4495, 260, 20_000, 228_000),
    ("BT35", "Mini truck 35", "MINI_TRUCK", "35.00", 2300, 230, 10_000, 79_000),
)
_VALUES: Final = (*range(10), *range(1, 9), *range(1, 6), 7, 9, *range(2, 10))
_WORTH: Final = dict(zip("0123456789ABCDEFGHJKLMNPRSTUVWXYZ", _VALUES, strict=True))
_WEIGHTS: Final = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_PLATE_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much of everything; `months` is the length of its history."""

    vehicles: int = 30_000
    operators: int = 220
    regions: int = 40
    customers: int = 25_000
    months: int = 33
    work_orders: int = 60_000
    findings: int = 9_000
    runs: int = 12_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """The company's platform, the operators, and the moment at which its history ends."""

    platform_id: int
    operators: tuple[int, ...]
    size: Size
    at: datetime

    @property
    def today(self) -> date:
        return local_day(self.at)

    @property
    def first_month(self) -> date:
        months = self.today.year * 12 + self.today.month - 1 - self.size.months
        return date(months // 12, months % 12 + 1, 1)


def found_company(*, size: Size, at: datetime, say: Say) -> Company:
    """Tree, sign-ins, models, vehicles with their papers, qualified customers."""
    company = _tree(size, at)
    say(f"{len(company.operators)} operators")
    _vehicles(company)
    say(f"{size.vehicles} vehicles")
    _customers(company)
    _customer_sign_in(company)
    say(f"{size.customers} customers")
    papers = run(company, _PAPERS) + run(company, _DUE_ITEMS)
    say(f"{papers} papers and deadlines")
    return company


def run(company: Company, statement: str, **values: Any) -> int:
    """Run one statement as HQ in a transaction of its own; answers how many rows it wrote."""
    with acting(hq_actor(company.platform_id)), connection.cursor() as cursor:
        cursor.execute(statement, _values(company) | values)
        written: int = cursor.rowcount
        return written


def _values(company: Company) -> dict[str, Any]:
    return {
        "at": company.at,
        "today": company.today,
        "first": company.first_month,
        "months": company.size.months,
    }


def _tree(size: Size, at: datetime) -> Company:
    platform = org_queries.platform_id()
    if platform is None:
        platform = org.found_platform(name="Bench", city="杭州", actor=hq_actor(), at=at).node_id
    hq = hq_actor(platform)
    regions = [
        org.create_node(
            parent_id=platform,
            kind="REGION",
            name=f"Region {number:02d}",
            city=_CITIES[number % len(_CITIES)],
            actor=hq,
            at=at,
        ).node_id
        for number in range(size.regions)
    ]
    operators = [
        org.register_operator(
            region_id=regions[number % size.regions],
            name=f"Operator {number:03d}",
            city=_CITIES[number % size.regions % len(_CITIES)],
            actor=hq,
            at=at,
        ).node_id
        for number in range(size.operators)
    ]
    for name, org_id in ((HQ_NAME, platform), (OPERATOR_NAME, operators[0])):
        _sign_in(name, org_id, "ADMINISTRATOR", at)
    for code, name, kind, battery, gvw, reach, interval, _cost in _MODELS:
        fleet.publish_vehicle_model(
            org_id=platform,
            code=code,
            maker="Bench",
            name=name,
            vehicle_class=kind,
            battery_kwh=Decimal(battery),
            gvw_kg=gvw,
            range_km=reach,
            service_km=interval,
            actor=hq,
            at=at,
        )
    return Company(platform_id=platform, operators=tuple(operators), size=size, at=at)


def _sign_in(
    name: str, org_id: int, role: str, at: datetime, customer_id: UUID | None = None
) -> None:
    org.create_user(
        org_id=org_id,
        username=name,
        full_name=name,
        roles=[role],
        password=None,
        customer_id=customer_id,
        actor=hq_actor(org_id),
        at=at,
    )


def _shares(total: int, company: Company) -> Iterator[tuple[int, int]]:
    """How many of something each operator has; the first, whose pages are measured, is average."""
    count = len(company.operators)
    for place, org_id in enumerate(company.operators):
        yield org_id, total * (place + 1) // count - total * place // count


def vin(serial: int, *, maker: str = "LPSEV4E10SB") -> str:
    """A VIN with its check digit, one for each serial below a million."""
    draft = f"{maker}{serial:06d}"
    rest = sum(_WORTH[c] * w for c, w in zip(draft, _WEIGHTS, strict=True)) % 11
    return f"{draft[:8]}{'X' if rest == 10 else rest}{draft[9:]}"


def plate(serial: int, *, province: str = "浙") -> str:
    """A new-energy plate, one for each serial below 240,000."""
    return f"{province}{_PLATE_LETTERS[serial // 10_000]}DA{serial % 10_000:04d}"


def _vehicles(company: Company) -> None:
    begin = company.at - timedelta(days=31 * (company.size.months + 1))
    serials = iter(range(company.size.vehicles))
    for place, (org_id, count) in enumerate(_shares(company.size.vehicles, company)):
        city = _CITIES[place % company.size.regions % len(_CITIES)]
        rows = [_vehicle(org_id, city, serial, begin) for serial in islice(serials, count)]
        if rows:
            fleet.receive_vehicles(vehicles=rows, actor=hq_actor(org_id), at=begin)


def _vehicle(org_id: int, city: str, serial: int, begin: datetime) -> NewVehicle:
    code, *_rest, cost = _MODELS[serial % len(_MODELS)]
    bought = local_day(begin) - timedelta(days=serial % 300)
    return NewVehicle(
        org_id=org_id,
        vin=vin(serial),
        model_code=code,
        city=city,
        plate=plate(serial),
        state="READY",
        odometer_km=Decimal(serial % 40_000),
        parking=f"{city}{serial % 3 + 1}号场站",
        purchased_on=bought,
        first_registered_on=bought,
        cost=Decimal(cost),
        funding="OWN",
    )


def _customers(company: Company) -> None:
    serials = iter(range(company.size.customers))
    for place, (org_id, count) in enumerate(_shares(company.size.customers, company)):
        city = _CITIES[place % company.size.regions % len(_CITIES)]
        rows = [_customer(org_id, city, serial) for serial in islice(serials, count)]
        if rows:
            crm.register_customers(customers=rows, actor=hq_actor(org_id), at=company.at)
    run(company, _QUALIFY)
    run(company, _QUALIFICATIONS)


def _customer(org_id: int, city: str, serial: int) -> NewCustomer:
    firm = serial % 3 != 2
    draft = f"91330100MA{serial:07d}"
    return NewCustomer(
        org_id=org_id,
        kind="COMPANY" if firm else "PERSON",
        name=f"{city}物流{serial:05d}有限公司" if firm else f"王{serial:05d}",
        contact=f"李{serial % 97}" if firm else "",
        phone=f"139{serial:08d}",
        id_no=draft + uscc.calc_check_digit(draft) if firm else "",
        city=city,
    )


def _customer_sign_in(company: Company) -> None:
    """The first operator's first customer may sign in to the portal."""
    with acting(hq_actor(company.platform_id)), connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM crm_customer WHERE org_id = %s ORDER BY name LIMIT 1",
            [company.operators[0]],
        )
        (customer_id,) = cursor.fetchone() or (None,)
    _sign_in(CUSTOMER_NAME, company.operators[0], "CUSTOMER", company.at, customer_id)


_QUALIFY: Final = """
UPDATE crm_customer SET qualified = true, qualified_until = %(today)s::date + 400,
    licence_expires_on = %(today)s::date + 900
WHERE person_key IS NOT NULL
"""
_QUALIFICATIONS: Final = f"""
INSERT INTO crm_qualification (id, org_id, customer_id, state, licence_expires_on, inputs, parts,
    score, credit_limit, deposit_months, submitted_by_id, submitted_at, reviewer_id, decided_at,
    note, valid_until)
SELECT {NEW_ID.format(at="c.created_at")}, c.org_id, c.id,
    CASE WHEN n %% 50 = 0 THEN 'SUBMITTED' ELSE 'APPROVED' END, %(today)s::date + 900,
    '{{"years_in_trade": 3, "vehicles_run": 4, "monthly_income": 20000, "late_payments": 0}}',
    '[]', 60 + n %% 40, 50000, 2, gen_random_uuid(), %(at)s,
    CASE WHEN n %% 50 > 0 THEN gen_random_uuid() END, CASE WHEN n %% 50 > 0 THEN %(at)s END, '',
    CASE WHEN n %% 50 > 0 THEN %(today)s::date + 400 END
FROM (SELECT c.*, row_number() OVER (ORDER BY c.name) AS n FROM crm_customer c) c
WHERE c.person_key IS NOT NULL
"""
_PAPERS: Final = f"""
INSERT INTO fleet_document (id, org_id, vehicle_id, kind, version, number, issued_on, expires_on,
    sha256, current, filed_by_id, filed_at)
SELECT {NEW_ID.format(at="v.created_at")}, v.org_id, v.id, k.kind, 1, k.kind || v.vin,
    %(today)s::date - k.days + k.shift + ascii(right(v.vin, 1)) * 3,
    %(today)s::date + k.shift + ascii(right(v.vin, 1)) * 3 + (ascii(substr(v.vin, 16)) - 48) * 11,
    '', true, gen_random_uuid(), %(at)s
FROM fleet_vehicle v CROSS JOIN (VALUES ('INSPECTION', 365, -140),
    ('COMPULSORY_INSURANCE', 365, 20), ('COMMERCIAL_INSURANCE', 365, 30),
    ('ROAD_PERMIT', 730, 200)) AS k(kind, days, shift)
"""
_DUE_ITEMS: Final = f"""
INSERT INTO fleet_dueitem (id, org_id, vehicle_id, kind, due_on, rung, state, reminded_at)
SELECT {NEW_ID.format(at="d.created_at")}, d.org_id, d.vehicle_id, d.kind, d.expires_on, 30, 'OPEN',
    %(at)s
FROM fleet_document d WHERE d.expires_on < %(today)s::date + 30
"""
