"""What one thing adds to the counted days; used by the facts and by the recount alike."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from panshi.cockpit.catalogue import Indicator
from panshi.kit.clock import local_day

WORK_ORDER, REVIEW, COMPLAINT = "WORK_ORDER", "REVIEW", "COMPLAINT"
ORDERS: Final = "ORDERS"
VEHICLES: Final = "VEHICLES"
_ONE = Decimal(1)
_NONE = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What a subject adds to one indicator on one day; `what` tells why it was counted."""

    org_id: int
    city: str
    day: date
    at: datetime
    what: str
    indicator: str
    part: str = ""
    subject_type: str
    subject_id: UUID
    numerator: Decimal
    denominator: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A work order as it is counted; `day` is the local day it was promised for."""

    id: UUID
    org_id: int
    city: str
    day: date


def _order(
    order: Order,
    *,
    what: str,
    at: datetime,
    day: date | None = None,
    indicator: Indicator = Indicator.COMPLETION,
    part: str = "",
    numerator: Decimal = _NONE,
    denominator: Decimal = _NONE,
) -> Count:
    return Count(
        org_id=order.org_id,
        city=order.city,
        day=day or order.day,
        at=at,
        what=what,
        indicator=indicator,
        part=part,
        subject_type=WORK_ORDER,
        subject_id=order.id,
        numerator=numerator,
        denominator=denominator,
    )


def opened(order: Order, *, at: datetime) -> tuple[Count, ...]:
    return (_order(order, what="OPENED", at=at, denominator=_ONE),)


def cancelled(order: Order, *, at: datetime) -> tuple[Count, ...]:
    return (_order(order, what="CANCELLED", at=at, denominator=-_ONE),)


def completed(order: Order, *, at: datetime) -> tuple[Count, ...]:
    """A closed order counts as completed on the day it was promised for."""
    return (_order(order, what="CLOSED", at=at, numerator=_ONE),)


def closed(order: Order, *, minutes: int, at: datetime) -> tuple[Count, ...]:
    """Its time, and the base of complaints, count on the day it was closed."""
    day = local_day(at)
    return (
        _order(
            order,
            what="CLOSED",
            at=at,
            day=day,
            indicator=Indicator.SERVICE_TIME,
            numerator=Decimal(minutes),
            denominator=_ONE,
        ),
        _order(
            order,
            what="CLOSED",
            at=at,
            day=day,
            indicator=Indicator.COMPLAINTS,
            part=ORDERS,
            denominator=_ONE,
        ),
    )


def reviewed(
    *, org_id: int, work_order_id: UUID, city: str, stars: int, at: datetime
) -> tuple[Count, ...]:
    return (
        Count(
            org_id=org_id,
            city=city,
            day=local_day(at),
            at=at,
            what="REVIEWED",
            indicator=Indicator.SATISFACTION,
            subject_type=WORK_ORDER,
            subject_id=work_order_id,
            numerator=Decimal(stars),
            denominator=_ONE,
        ),
    )


def complained(*, org_id: int, complaint_id: UUID, city: str, at: datetime) -> tuple[Count, ...]:
    return (
        Count(
            org_id=org_id,
            city=city,
            day=local_day(at),
            at=at,
            what="FILED",
            indicator=Indicator.COMPLAINTS,
            part="COMPLAINTS",
            subject_type=COMPLAINT,
            subject_id=complaint_id,
            numerator=_ONE,
            denominator=_NONE,
        ),
    )
