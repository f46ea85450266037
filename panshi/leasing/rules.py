"""Arithmetic of leases."""

from calendar import monthrange
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from panshi.kit.clock import add_months, months_apart
from panshi.kit.money import to_fen

# How a lease is charged: by calendar months, parts of a month by their days.
ALIGNMENT: Final = "CALENDAR"
BASIS: Final = "ACTUAL"
# Instalments of a price are paid whole.
WHOLE: Final = "WHOLE"
# The most months that a lease is agreed for at once.
LONGEST: Final = 120


def first_rent(*, monthly_rent: Decimal, start: date) -> Decimal:
    """Rent from `start` to the end of its month, both days included."""
    month_days = monthrange(start.year, start.month)[1]
    return to_fen(monthly_rent * (month_days - start.day + 1) / month_days)


def term(*, starts_on: date, months: int | None, last_day: date | None) -> tuple[int, date] | None:
    """Months begun and the day after the last of a lease; None when the two givens disagree.

    A last day on the day of the month on which the lease began means whole months, as does the day
    before it. Raises ValueError when neither is given or the last day lies before the first.
    """
    if last_day is None:
        if months is None:
            raise ValueError("a term has months or a last day")
        return months, add_months(starts_on, months)
    if last_day < starts_on:
        raise ValueError("the last day lies before the first")
    begun = months_apart(starts_on, last_day)
    one = timedelta(days=1)
    for whole in {begun, begun + 1} - {0}:
        end = add_months(starts_on, whole)
        if last_day in (end - one, end):
            return (whole, end) if months in (None, whole) else None
    if months is not None:
        return None
    return begun + (add_months(starts_on, begun) <= last_day), last_day + one


def is_period_end(*, day: date, starts_on: date) -> bool:
    """Whether a day ends a month of rent reckoned from the first day, or precedes them all."""
    after = day + timedelta(days=1)
    return add_months(starts_on, months_apart(starts_on, after)) == after
