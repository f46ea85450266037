"""Arithmetic of leases."""

from calendar import monthrange
from datetime import date
from decimal import Decimal
from typing import Final

from panshi.kit.money import to_fen

# How a lease is charged: by calendar months, parts of a month by their days.
ALIGNMENT: Final = "CALENDAR"
BASIS: Final = "ACTUAL"


def first_rent(*, monthly_rent: Decimal, start: date) -> Decimal:
    """Rent from `start` to the end of its month, both days included."""
    month_days = monthrange(start.year, start.month)[1]
    return to_fen(monthly_rent * (month_days - start.day + 1) / month_days)


def unused_rent(*, rent: Decimal, start: date, end: date, back: date) -> Decimal:
    """What is credited of a period [start, end) paid in advance when the vehicle comes `back`.

    The return day is not charged, the delivery day always is.
    """
    days = (end - start).days
    used = min(max((back - start).days, 1), days)
    return to_fen(rent * (days - used) / days)
