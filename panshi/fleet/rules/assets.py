"""How an asset loses value, to the fen, and when to sell it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from panshi.kit.money import ZERO, split, to_fen


def straight_line(*, total: Decimal, months: int) -> list[Decimal]:
    """The depreciation of each month of a life; they sum to `total`."""
    return split(total, [1] * months)


def straight_month(*, total: Decimal, months: int, number: int) -> Decimal:
    """That of the month `number`, counted from 0; nothing before and after its life."""
    if not 0 <= number < months:
        return ZERO
    fen, rest = divmod(int(total * 100), months)
    return Decimal(fen + (number < rest)).scaleb(-2)


def by_units(*, total: Decimal, life_km: int, before_km: Decimal, now_km: Decimal) -> Decimal:
    """What is lost between two readings, counted from the start; in all never more than `total`."""
    return _lost(total, life_km, max(now_km, before_km)) - _lost(total, life_km, before_km)


def _lost(total: Decimal, life_km: int, km: Decimal) -> Decimal:
    return to_fen(total * min(max(km, ZERO), Decimal(life_km)) / life_km)


@dataclass(frozen=True, slots=True)
class Ahead:
    """What selling after so many months would have cost a month on average, in CNY."""

    months: int
    value: Decimal
    mean_cost: Decimal


def selling(*, value: Decimal, fall: Decimal, running: Sequence[Decimal], most: int) -> list[Ahead]:
    """The mean monthly cost of keeping a vehicle for 1, 2, … `most` months from now on.

    It is worth `value` now and loses the share `fall` of what is left each month. `running` are the
    running costs of past months, oldest first: they go on from their mean, rising or falling as the
    straight line through them does, never below zero.
    """
    mean = sum(running, ZERO) / len(running) if running else ZERO
    slope = _slope(running)
    spent, left = ZERO, value
    curve = []
    for month in range(1, most + 1):
        left = to_fen(left * (1 - fall))
        spent += max(mean + slope * (month + Decimal(len(running) - 1) / 2), ZERO)
        curve.append(Ahead(month, left, to_fen((value - left + spent) / month)))
    return curve


def _slope(values: Sequence[Decimal]) -> Decimal:
    """The rise a month of the straight line through values; zero for fewer than six."""
    count = len(values)
    if count < 6:
        return ZERO
    middle = Decimal(count - 1) / 2
    mean = sum(values, ZERO) / count
    over = sum(((at - middle) * (value - mean) for at, value in enumerate(values)), ZERO)
    return over / sum(((at - middle) ** 2 for at in range(count)), ZERO)


def best_month(curve: Sequence[Ahead]) -> Ahead:
    """The month with the lowest mean cost, the earlier of two alike."""
    return min(curve, key=lambda ahead: (ahead.mean_cost, ahead.months))
