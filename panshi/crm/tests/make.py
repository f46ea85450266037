"""Customers with honest defaults."""

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from uuid import UUID

from panshi.crm import rules, services
from panshi.crm.models import Customer
from panshi.kit.tenancy import hq_actor
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make

_numbers = count(1)
NOON = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)


def id_no(number: int | None = None) -> str:
    """A valid identity number, another one at each call."""
    serial = next(_numbers) if number is None else number
    first = f"330106{1960 + serial // 999 % 40}0615{serial % 999 + 1:03d}"
    return first + rules.id_check_digit(first)


def credit_code(number: int | None = None) -> str:
    """A valid unified social credit code, another one at each call."""
    serial = next(_numbers) if number is None else number
    first = f"91330106MA{serial:07d}"
    return first + rules.credit_code_check(first)


def phone(number: int | None = None) -> str:
    serial = next(_numbers) if number is None else number
    return f"1380571{serial % 10_000:04d}"


def customer(
    *,
    org: OrgNode | None = None,
    kind: str = "COMPANY",
    name: str = "",
    phone_no: str = "",
    number: str | None = None,
    city: str = "杭州",
    qualified: bool = True,
    at: datetime = NOON,
) -> Customer:
    """A customer of an operator, qualified for leases for a long time."""
    node = org or org_make.operator(city=city)
    serial = next(_numbers)
    company = kind == "COMPANY"
    fact = services.register_customer(
        org_id=node.id,
        kind=kind,
        name=name or (f"顺达城配物流有限公司 {serial}" if company else f"陈国强{serial}"),
        phone=phone_no or phone(),
        id_no=number if number is not None else (credit_code() if company else id_no()),
        city=city,
        actor=hq_actor(node.id),
        at=at,
    )
    if qualified and number != "":
        qualify(fact.customer_id, org=node, at=at)
    return Customer.objects.get(id=fact.customer_id)


def qualify(customer_id: UUID, *, org: OrgNode, at: datetime = NOON) -> None:
    """One person submits, another approves; good for a long time."""
    submitted = services.submit_qualification(
        customer_id=customer_id,
        licence_expires_on=date(2099, 12, 31),
        years_in_trade=Decimal(4),
        vehicles_run=6,
        monthly_income=Decimal(40_000),
        late_payments=0,
        actor=org_make.actor(org, "crm.*"),
        at=at,
    )
    services.decide_qualification(
        qualification_id=submitted.qualification_id,
        approve=True,
        note="资料齐全",
        actor=org_make.actor(org, "crm.*"),
        at=at,
    )
