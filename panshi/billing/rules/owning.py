"""Rent to own: what is still to be paid on a day for the vehicle to be the customer's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from panshi.billing.rules.money import Instalment
from panshi.billing.rules.plans import ANCHOR, period, period_containing
from panshi.kit.money import ZERO, to_fen


@dataclass(frozen=True, slots=True, kw_only=True)
class Payoff:
    """What an end by buying comes to: the `balance` before the running instalment, `interest` on
    it by days, less the instalments `billed` for this period and later ones, and the `fee`."""

    on: date
    balance: Decimal
    interest: Decimal
    billed: Decimal
    fee: Decimal

    @property
    def amount(self) -> Decimal:
        """Never below the fee: what a last instalment held of interest is not given back."""
        return max(self.balance + self.interest - self.billed, ZERO) + self.fee


def payoff(
    *,
    price: Decimal,
    monthly_rate: Decimal,
    rows: Sequence[Instalment],
    anchor: date,
    on: date,
    billed_to: date,
    fee: Decimal,
) -> Payoff:
    """Reckon an end by buying on a day from the anchor on; instalments are due as periods begin."""
    running = period_containing(day=on, anchor=anchor, alignment=ANCHOR)
    left = rows[running:]
    if not left:
        return Payoff(on=on, balance=ZERO, interest=ZERO, billed=ZERO, fee=fee)
    balance = rows[running - 1].balance if running else price
    span = period(n=running, anchor=anchor, alignment=ANCHOR)
    interest = to_fen(balance * monthly_rate * (on - span.start).days / span.days)
    billed = [
        row.payment
        for n, row in enumerate(left, start=running)
        if period(n=n, anchor=anchor, alignment=ANCHOR).start < billed_to
    ]
    return Payoff(on=on, balance=balance, interest=interest, billed=sum(billed, ZERO), fee=fee)
