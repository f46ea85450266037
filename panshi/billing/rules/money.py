"""Fees, VAT, shares of payments, instalments."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from panshi.kit.money import ZERO, split, to_fen, vat_in


def given_back(
    *, amount: Decimal, wanted: Sequence[Decimal], left: Sequence[Decimal]
) -> list[Decimal]:
    """Share what a credit note gives back among lines by `wanted`, none beyond what it has left.

    What a line cannot bear goes to the others; gives less than `amount` when all are exhausted.
    """
    weights = list(wanted) if any(wanted) else list(left)
    given = [ZERO] * len(left)
    if any(weights):
        given = [min(a, b) for a, b in zip(split(amount, weights), left, strict=True)]
    for i, room in enumerate(left):
        missing = amount - sum(given, ZERO)
        given[i] += min(missing, room - given[i])
    return given


def vat_and_net(*, gross: Decimal, rate: Decimal) -> tuple[Decimal, Decimal]:
    """The VAT inside a line and what is left of it; a bill's VAT is the sum of its lines'."""
    vat = vat_in(gross, rate)
    return vat, gross - vat


def line_parts(*, paid: Decimal, grosses: Sequence[Decimal]) -> list[Decimal]:
    """Share what was paid on a bill so far among its lines; partial payments never drift."""
    if paid == 0 or not any(grosses):
        return [ZERO for _ in grosses]
    return split(paid, grosses)


@dataclass(frozen=True, slots=True)
class Instalment:
    number: int
    payment: Decimal
    interest: Decimal
    principal: Decimal
    balance: Decimal


def instalments(*, price: Decimal, months: int, monthly_rate: Decimal) -> list[Instalment]:
    """Level payments of a rent-to-own plan; the last one takes up what rounding left."""
    share = 1 / Decimal(months)
    if monthly_rate:
        share = monthly_rate / (1 - (1 + monthly_rate) ** -months)
    level = to_fen(price * share)
    rows, balance = [], price
    for number in range(1, months + 1):
        interest = to_fen(balance * monthly_rate)
        payment = balance + interest if number == months else level
        balance -= payment - interest
        rows.append(Instalment(number, payment, interest, payment - interest, balance))
    return rows
