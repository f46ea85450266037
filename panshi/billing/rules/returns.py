"""What stands between the two sides when a vehicle comes back. Quote and settlement share it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from panshi.billing.rules.plans import (
    DAILY,
    END,
    PlanChange,
    PlanTerms,
    Span,
    changed,
    differences,
    period_charges,
    period_containing,
    value_on,
)
from panshi.kit.money import ZERO, to_fen

EARLY_FEE_SHARE: Final = Decimal("0.20")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnCharge:
    """Something a return costs besides rent: damage, kilometres, a fine; tax inside.

    `clause` is what it rests on. A disputed one is not charged yet; its amount stays reserved.
    """

    product_code: str
    words: str
    unit_price: Decimal
    quantity: Decimal = Decimal(1)
    clause: str = ""
    disputed: bool = False

    @property
    def amount(self) -> Decimal:
        return to_fen(self.quantity * self.unit_price)


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyTerms:
    """The fee for an early return: a share of the rent not billed yet, at most so many months."""

    share: Decimal = EARLY_FEE_SHARE
    most_months: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnInputs:
    """All that a settlement depends on; the same inputs give the same sheet.

    `terms` run to the agreed end; `billed` are the days of rent that issued lines ask for.
    """

    terms: PlanTerms
    returned_on: date
    billed: tuple[Span, ...]
    deposit: Decimal
    arrears: Decimal = ZERO
    charges: tuple[ReturnCharge, ...] = ()
    early: EarlyTerms = EarlyTerms()


@dataclass(frozen=True, slots=True)
class SettlementLine:
    """`amount` as the customer sees it: what comes back is positive, what is owed negative.

    `days` of rent are those given back or still due.
    """

    product_code: str
    amount: Decimal
    days: Span | None = None
    charge: ReturnCharge | None = None


def settlement(inputs: ReturnInputs) -> list[SettlementLine]:
    """The lines of an early or timely return; their sum is the refund, or the claim if negative.

    Disputed charges are not among them.
    """
    ended = changed(terms=inputs.terms, change=PlanChange(kind=END, on=inputs.returned_on))
    end = ended.ends_on or inputs.returned_on
    back, due = rent_differences(before=inputs.terms, after=ended, billed=inputs.billed)
    lines = [
        SettlementLine("DEPOSIT", inputs.deposit),
        SettlementLine("RENT_CREDIT", back, _beyond(inputs, end)),
        SettlementLine("RENT_DUE", -due),
        *(
            SettlementLine(charge.product_code, -charge.amount, charge=charge)
            for charge in inputs.charges
            if not charge.disputed
        ),
        SettlementLine("EARLY_FEE", -early_fee(inputs=inputs, end=end)),
        SettlementLine("ARREARS", -inputs.arrears),
    ]
    return [line for line in lines if line.amount]


def _beyond(inputs: ReturnInputs, end: date) -> Span | None:
    """The days that were billed and not used."""
    last = max((span.end for span in inputs.billed), default=end)
    return Span(end, last) if last > end else None


def rent_differences(
    *, before: PlanTerms, after: PlanTerms, billed: Sequence[Span]
) -> tuple[Decimal, Decimal]:
    """What of the billed rent comes back when a plan ends, and what is still to be billed."""
    back = due = ZERO
    by_period = by_number(terms=before, billed=billed)
    for n, lines in by_period.items():
        by_line, uncovered = differences(before=before, after=after, n=n, lines=lines)
        more = sum(by_line, ZERO) + sum((amount for _span, amount in uncovered), ZERO)
        back, due = back - min(more, ZERO), due + max(more, ZERO)
    for charge in period_charges(terms=after, since=after.starts_on, most=FARTHEST):
        if charge.n not in by_period:
            due += charge.amount
    return back, due


FARTHEST: Final = 600

"""Periods of a plan that are looked at; fifty years."""


def by_number(*, terms: PlanTerms, billed: Sequence[Span]) -> dict[int, list[Span]]:
    """The days of issued lines by the number of the period they lie in."""
    answer: dict[int, list[Span]] = {}
    for span in sorted(billed):
        n = period_containing(day=span.start, anchor=terms.anchor, alignment=terms.alignment)
        answer.setdefault(n, []).append(span)
    return answer


def early_fee(*, inputs: ReturnInputs, end: date) -> Decimal:
    """A share of the rent of the periods that neither began nor were billed, at most some months'.

    Nothing is due from the agreed end on.
    """
    terms = inputs.terms
    if terms.ends_on is None or end >= terms.ends_on:
        return ZERO
    billed = by_number(terms=terms, billed=inputs.billed)
    ahead = [
        charge
        for charge in period_charges(terms=terms, since=end, most=FARTHEST)
        if charge.span.start >= end and charge.n not in billed
    ]
    price = value_on(terms.prices, end - timedelta(days=1))
    if price is None or not ahead:
        return ZERO
    month = price.price * (ahead[0].whole_days if terms.basis == DAILY else 1)
    share = to_fen(sum((charge.amount for charge in ahead), ZERO) * inputs.early.share)
    return min(share, to_fen(month * inputs.early.most_months))
