"""The money rules: periods, amounts, splits, fees, settlements. Quote, bill and return share them.

Every range is half-open, [start, end). Amounts are CNY and tax-inclusive unless called net.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from panshi.kit.clock import add_months, month_start
from panshi.kit.money import ZERO, split, to_fen, vat_in

ANCHOR, CALENDAR = "ANCHOR", "CALENDAR"
ACTUAL, THIRTY, DAILY, WHOLE = "ACTUAL", "THIRTY", "DAILY", "WHOLE"

GRACE_DAYS: Final = 5
LATE_FEE_A_DAY: Final = Decimal("0.0005")
LATE_FEE_CAP: Final = Decimal("0.20")
EARLY_FEE_SHARE: Final = Decimal("0.20")


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Days from `start` up to, not including, `end`."""

    start: date
    end: date

    @property
    def days(self) -> int:
        return (self.end - self.start).days


@dataclass(frozen=True, slots=True)
class PriceSpan:
    start: date
    end: date | None
    price: Decimal


@dataclass(frozen=True, slots=True)
class VehicleSpan:
    start: date
    end: date | None
    vehicle_id: UUID


@dataclass(frozen=True, slots=True)
class BreakSpan:
    """A pause; `relief` is the percentage of the rent that is not charged."""

    start: date
    end: date
    relief: Decimal


@dataclass(frozen=True, slots=True)
class ChargeLine:
    """One line of a period's bill: `gross` is `quantity` × `unit_price` less what is relieved."""

    span: Span
    vehicle_id: UUID | None
    quantity: int
    unit_price: Decimal
    relieved: Decimal
    gross: Decimal


def period(*, n: int, anchor: date, alignment: str) -> Span:
    """Period `n` of a plan, always reckoned from the anchor and never chained."""
    if alignment == ANCHOR:
        return Span(add_months(anchor, n), add_months(anchor, n + 1))
    first = month_start(anchor)
    return Span(max(anchor, add_months(first, n)), add_months(first, n + 1))


def period_containing(*, day: date, anchor: date, alignment: str) -> int:
    """The number of the period that a day from the anchor on lies in."""
    n = (day.year - anchor.year) * 12 + day.month - anchor.month
    return n if period(n=n, anchor=anchor, alignment=alignment).start <= day else n - 1


def days_of_rent(*, span: Span, alignment: str) -> int:
    """The days that a whole rent pays for: of the anchored period, or of the calendar month."""
    if alignment == ANCHOR:
        return span.days
    first = month_start(span.start)
    return (add_months(first, 1) - first).days


def rent(*, price: Decimal, basis: str, days: int, whole_days: int) -> Decimal:
    """What `days` of a period of `whole_days` cost at a price per period, or per day if DAILY."""
    if basis == DAILY:
        return price * days
    if basis == WHOLE or days == whole_days:
        return price
    if basis == THIRTY:
        return min(price, to_fen(price * days / 30))
    return to_fen(price * days / whole_days)


def charge_lines(
    *,
    span: Span,
    whole_days: int,
    basis: str,
    prices: Sequence[PriceSpan],
    vehicles: Sequence[VehicleSpan],
    breaks: Sequence[BreakSpan] = (),
) -> list[ChargeLine]:
    """Share one charged span among its prices, vehicles and pauses.

    Each price's whole amount is split by days with the largest remainder, and keeps its own part.
    Raises LookupError when a day has no price.
    """
    changes = [
        *((p.start, p.end) for p in prices),
        *((v.start, v.end) for v in vehicles),
        *((b.start, b.end) for b in breaks),
    ]
    within = {day for change in changes for day in change if day and span.start < day < span.end}
    starts = sorted({span.start, *within})
    pieces = [Span(a, b) for a, b in zip(starts, [*starts[1:], span.end], strict=True)]
    weights = [piece.days for piece in pieces]
    lines = []
    for index, piece in enumerate(pieces):
        price = next(p.price for p in prices if _holds(p.start, p.end, piece.start))
        whole = rent(price=price, basis=basis, days=span.days, whole_days=whole_days)
        part = split(whole, weights)[index]
        relief = max(
            (b.relief for b in breaks if _holds(b.start, b.end, piece.start)), default=Decimal(0)
        )
        relieved = to_fen(part * relief / 100)
        lines.append(
            ChargeLine(
                span=piece,
                vehicle_id=next(
                    (v.vehicle_id for v in vehicles if _holds(v.start, v.end, piece.start)), None
                ),
                quantity=piece.days if basis == DAILY else 1,
                unit_price=price if basis == DAILY else part,
                relieved=relieved,
                gross=part - relieved,
            )
        )
    return lines


def _holds(start: date, end: date | None, day: date) -> bool:
    return start <= day and (end is None or day < end)


def used_and_unused(*, price: Decimal, span: Span, returned_on: date) -> tuple[Decimal, Decimal]:
    """Part a billed period at the day of return; the day itself is not charged.

    A vehicle returned on the day of its delivery pays that one day.
    """
    used = min(max((returned_on - span.start).days, 1), span.days)
    kept = rent(price=price, basis=ACTUAL, days=used, whole_days=span.days)
    return kept, price - kept


def late_fee(*, principal: Decimal, due_on: date, paid_on: date) -> Decimal:
    """0.05 % of the open principal a day after five days of grace, at most a fifth of it."""
    days = max((paid_on - due_on).days - GRACE_DAYS, 0)
    return min(to_fen(principal * LATE_FEE_A_DAY) * days, to_fen(principal * LATE_FEE_CAP))


def early_fee(*, monthly_rent: Decimal, unbilled_months: int) -> Decimal:
    """A fifth of the rent not billed yet, and never more than one month."""
    return min(to_fen(monthly_rent * unbilled_months * EARLY_FEE_SHARE), monthly_rent)


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
    level = to_fen(price * monthly_rate / (1 - (1 + monthly_rate) ** -months))
    rows, balance = [], price
    for number in range(1, months + 1):
        interest = to_fen(balance * monthly_rate)
        payment = balance + interest if number == months else level
        balance -= payment - interest
        rows.append(Instalment(number, payment, interest, payment - interest, balance))
    return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnInputs:
    """All that a settlement depends on; the same inputs give the same sheet."""

    anchor: date
    months: int
    monthly_rent: Decimal
    returned_on: date
    billed_periods: int
    deposit: Decimal
    overage_km: Decimal = Decimal(0)
    price_per_km: Decimal = Decimal(0)
    damage: Decimal = Decimal(0)
    fines: Decimal = Decimal(0)
    agency_fees: Decimal = Decimal(0)
    arrears: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class SettlementLine:
    """`amount` as the customer sees it: what comes back is positive, what is owed negative."""

    product_code: str
    amount: Decimal


def settlement(inputs: ReturnInputs) -> list[SettlementLine]:
    """The lines of an early or timely return; their sum is the refund, or the claim if negative."""
    n = period_containing(day=inputs.returned_on, anchor=inputs.anchor, alignment=ANCHOR)
    span = period(n=n, anchor=inputs.anchor, alignment=ANCHOR)
    credit = ZERO
    if n < inputs.billed_periods:
        credit = used_and_unused(
            price=inputs.monthly_rent, span=span, returned_on=inputs.returned_on
        )[1]
    unbilled = inputs.months - max(inputs.billed_periods, n + 1)
    early = ZERO
    if inputs.returned_on < add_months(inputs.anchor, inputs.months):
        early = early_fee(monthly_rent=inputs.monthly_rent, unbilled_months=max(unbilled, 0))
    lines = [
        SettlementLine("DEPOSIT", inputs.deposit),
        SettlementLine("RENT_CREDIT", credit),
        SettlementLine("KM_OVERAGE", -to_fen(inputs.overage_km * inputs.price_per_km)),
        SettlementLine("DAMAGE", -inputs.damage),
        SettlementLine("FINE", -inputs.fines),
        SettlementLine("AGENCY_FEE", -inputs.agency_fees),
        SettlementLine("EARLY_FEE", -early),
        SettlementLine("ARREARS", -inputs.arrears),
    ]
    return [line for line in lines if line.amount]


def next_bill_on(
    *,
    n: int,
    anchor: date,
    alignment: str,
    starts_on: date,
    ends_on: date | None,
    in_advance: bool,
    lead_days: int,
) -> date | None:
    """The day from which period `n` may be billed, or None when the plan ends before it.

    A plan that ends on the day it starts has nothing to bill.
    """
    span = period(n=n, anchor=anchor, alignment=alignment)
    start = max(span.start, starts_on)
    end = span.end if ends_on is None else min(span.end, ends_on)
    # A reversed plan still comes up, so that the run can say what is wrong with it.
    if ends_on is not None and start >= ends_on >= starts_on:
        return None
    return (start if in_advance else end) - timedelta(days=lead_days)


def sign_callback(
    *, key: bytes, channel: str, notification_id: str, merchant_no: str, amount: Decimal
) -> str:
    """The signature of a payment notice: HMAC-SHA256 over its fields in a fixed order."""
    text = "\n".join((channel, notification_id, merchant_no, f"{amount:.2f}", "CNY"))
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def is_signed(
    *,
    key: bytes,
    channel: str,
    notification_id: str,
    merchant_no: str,
    amount: Decimal,
    signature: str,
) -> bool:
    """Whether a notice bears our signature, compared in constant time."""
    expected = sign_callback(
        key=key,
        channel=channel,
        notification_id=notification_id,
        merchant_no=merchant_no,
        amount=amount,
    )
    return hmac.compare_digest(expected, signature)
