"""Rows of the customers' pages, put together from what other rooms answer."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from panshi.billing import queries as billing
from panshi.kit.clock import local_day
from panshi.kit.money import ZERO
from panshi.kit.tenancy import Actor
from panshi.kit.wording import listed
from panshi.leasing import queries as leasing
from panshi.portal import words
from panshi.service import queries as service
from panshi.telematics import queries as telematics

VEHICLE_WORDS: Final[dict[str, Promise | str]] = {
    "DRIVING": _("Driving"),
    "CHARGING": _("Charging"),
    "STANDING": _("Standing"),
    "OFFLINE": _("No contact"),
    "SILENT": _("No contact for a day"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A work order in a customer's list."""

    id: UUID
    number: str
    services: str
    plate: str
    words: Promise | str
    tone: str
    engineer_name: str
    starts_at: datetime | None
    opened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """What a vehicle last said; speed in km/h, charge in %."""

    at: datetime
    words: Promise | str
    tone: str
    soc_pct: int | None
    speed_kmh: float | None


def is_over(job: service.OrderRow) -> bool:
    return job.state in words.OVER


def job(row: service.OrderRow) -> Job:
    return Job(
        id=row.id,
        number=row.number,
        services=listed(row.services) or row.number,
        plate=row.plate,
        words=words.ORDER_WORDS[row.state],
        tone=words.ORDER_TONES[row.state],
        engineer_name=row.engineer_name,
        starts_at=row.starts_at,
        opened_at=row.opened_at,
    )


def vehicle_now(vehicle_id: UUID, actor: Actor) -> Now | None:
    """The live state of a vehicle that the customer may see, or None when it never spoke."""
    live = telematics.vehicle_now(vehicle_id=vehicle_id, actor=actor, at=timezone.now())
    if live is None:
        return None
    return Now(
        at=live.received_at,
        words=VEHICLE_WORDS[live.state],
        tone=live.tone,
        soc_pct=live.soc_pct,
        speed_kmh=live.speed_kmh,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBills:
    """How many bills are open and the sum still to be paid, in CNY; how many are past due."""

    count: int
    total: Decimal
    overdue: int


def lease(row: leasing.LeaseRow) -> tuple[leasing.LeaseRow, str]:
    """A lease with the tone of its state."""
    return row, words.LEASE_TONES[row.state]


def leases_of_vehicle(
    customer_id: UUID, vehicle_id: UUID, actor: Actor
) -> list[tuple[leasing.LeaseRow, str]]:
    """The leases of one vehicle, newest first."""
    found = leasing.customer_leases(customer_id=customer_id, actor=actor)
    return [lease(row) for row in found if row.vehicle_id == vehicle_id]


def open_bills(customer_id: UUID, actor: Actor) -> OpenBills:
    """What the customer still owes."""
    found = billing.customer_bills(
        customer_id=customer_id, today=local_day(timezone.now()), actor=actor
    )
    owed = [row for row in found if row.standing in ("OPEN", "OVERDUE")]
    return OpenBills(
        count=len(owed),
        total=sum((row.open_amount or ZERO for row in owed), ZERO),
        overdue=sum(row.standing == "OVERDUE" for row in owed),
    )


def bill_of(bill_id: UUID | None, actor: Actor) -> billing.BillCard | None:
    """The bill of a job, once there is one."""
    if bill_id is None:
        return None
    return billing.bill_card(bill_id=bill_id, today=local_day(timezone.now()), actor=actor)
