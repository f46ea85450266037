"""Periods of a plan and what they charge: by days, prices, pauses, vehicles; and its changes.

Every range is half-open, [start, end). Amounts are CNY and tax-inclusive unless called net.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, TypeVar
from uuid import UUID

from panshi.kit.clock import add_months, month_start, months_apart
from panshi.kit.money import ZERO, split, to_fen

ANCHOR, CALENDAR = "ANCHOR", "CALENDAR"

ACTUAL, THIRTY, DAILY, WHOLE = "ACTUAL", "THIRTY", "DAILY", "WHOLE"
ONE_DAY: Final = timedelta(days=1)


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
    end: date | None
    relief: Decimal
    cause: str = ""


Part = PriceSpan | VehicleSpan | BreakSpan


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
    n = months_apart(anchor, day)
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
    cuts: Collection[date] = (),
) -> list[ChargeLine]:
    """Share one charged span among its prices, then its pauses, then its vehicles.

    Each price's whole amount is split by days with the largest remainder, and keeps its own part.
    The shares of vehicles, and of further `cuts`, are taken last: they never change a total.
    Raises LookupError when a day has no price.
    """
    lines = []
    by_price = _pieces(span, _days_of(prices))
    for index, priced in enumerate(by_price):
        price = value_on(prices, priced.start)
        if price is None:
            raise LookupError(f"no price on {priced.start}")
        whole = rent(price=price.price, basis=basis, days=span.days, whole_days=whole_days)
        part = _by_days(whole, by_price)[index]
        by_break = _pieces(priced, _days_of(breaks))
        for rested, amount in zip(by_break, _by_days(part, by_break), strict=True):
            paused = value_on(breaks, rested.start)
            relieved = to_fen(amount * paused.relief / 100) if paused else ZERO
            pieces = _pieces(rested, {*_days_of(vehicles), *cuts})
            shares = _by_days(amount, pieces)
            reliefs = split(relieved, shares) if relieved else [ZERO] * len(pieces)
            for piece, share, relief in zip(pieces, shares, reliefs, strict=True):
                vehicle = value_on(vehicles, piece.start)
                lines.append(
                    ChargeLine(
                        span=piece,
                        vehicle_id=vehicle.vehicle_id if vehicle else None,
                        quantity=piece.days if basis == DAILY else 1,
                        unit_price=price.price if basis == DAILY else share,
                        relieved=relief,
                        gross=share - relief,
                    )
                )
    return lines


def _days_of(parts: Sequence[Part]) -> set[date]:
    """The days on which something changes; a part without days changes nothing."""
    lasting = [part for part in parts if part.end is None or part.end > part.start]
    return {day for part in lasting for day in (part.start, part.end) if day is not None}


def _pieces(span: Span, days: Collection[date]) -> list[Span]:
    starts = [span.start, *sorted(day for day in days if span.start < day < span.end)]
    return [Span(a, b) for a, b in zip(starts, [*starts[1:], span.end], strict=True)]


def _by_days(amount: Decimal, pieces: Sequence[Span]) -> list[Decimal]:
    return [amount] if len(pieces) == 1 else split(amount, [piece.days for piece in pieces])


S = TypeVar("S", PriceSpan, VehicleSpan, BreakSpan)


def value_on(parts: Sequence[S], day: date) -> S | None:
    for part in parts:
        if part.start <= day and (part.end is None or day < part.end):
            return part
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanTerms:
    """All that a plan's charges follow from; a part without an end runs on."""

    anchor: date
    starts_on: date
    ends_on: date | None
    alignment: str
    basis: str
    prices: tuple[PriceSpan, ...]
    vehicles: tuple[VehicleSpan, ...] = ()
    breaks: tuple[BreakSpan, ...] = ()


@dataclass(frozen=True, slots=True)
class PeriodCharge:
    """What period `n` of a plan charges: `span` of a period of `whole_days`."""

    n: int
    span: Span
    whole_days: int
    lines: tuple[ChargeLine, ...]

    @property
    def amount(self) -> Decimal:
        return sum((line.gross for line in self.lines), ZERO)


def period_charge(*, terms: PlanTerms, n: int, cuts: Collection[date] = ()) -> PeriodCharge | None:
    """Reckon one period; None where the plan has not begun or is over."""
    whole = period(n=n, anchor=terms.anchor, alignment=terms.alignment)
    start = max(whole.start, terms.starts_on)
    end = whole.end if terms.ends_on is None else min(whole.end, terms.ends_on)
    if start >= end:
        return None
    span = Span(start, end)
    days = days_of_rent(span=whole, alignment=terms.alignment)
    lines = charge_lines(
        span=span,
        whole_days=days,
        basis=terms.basis,
        prices=terms.prices,
        vehicles=terms.vehicles,
        breaks=terms.breaks,
        cuts=cuts,
    )
    return PeriodCharge(n, span, days, tuple(lines))


def period_charges(*, terms: PlanTerms, since: date, most: int) -> list[PeriodCharge]:
    """The periods from the one that holds `since` to the plan's end, at most so many."""
    first = period_containing(
        day=max(since, terms.starts_on), anchor=terms.anchor, alignment=terms.alignment
    )
    answer: list[PeriodCharge] = []
    for n in range(first, first + most):
        charge = period_charge(terms=terms, n=n)
        if charge is None:
            break
        answer.append(charge)
    return answer


PRICE, VEHICLE, PAUSE, RESUME, END = "PRICE", "VEHICLE", "PAUSE", "RESUME", "END"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChange:
    """A change of a plan from a day on; `kind` says which of the other values count.

    PRICE: `price`. VEHICLE: `vehicle_id`, and with `until` the one before comes back on that day.
    PAUSE: `cause`, `relief` percent, up to `until` or open. RESUME ends the pause that runs. END:
    the plan now ends on that day, be it earlier or later than before.
    """

    kind: str
    on: date
    until: date | None = None
    price: Decimal | None = None
    vehicle_id: UUID | None = None
    cause: str = ""
    relief: Decimal | None = None


class Impossible(ValueError):
    """A change that makes no sense; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def changed(*, terms: PlanTerms, change: PlanChange) -> PlanTerms:
    """The terms after a change. Raises Impossible.

    REVERSED: it ends before it starts. OUTSIDE: the plan does not run on that day. PAUSES_MEET.
    NOT_PAUSED: there is no pause to end. NEGATIVE: a price below zero, or a relief that is no
    percentage. INCOMPLETE: a value is missing.
    """
    on = change.on
    if change.until is not None and change.until <= on:
        raise Impossible("REVERSED")
    if change.kind == END:
        # Not the day of return is charged, but always that of delivery; a plan that was taken over
        # may end before its first unpaid day.
        delivered = terms.starts_on == terms.anchor
        first = terms.starts_on + timedelta(days=1 if delivered else 0)
        return replace(terms, ends_on=max(on, first))
    if on < terms.starts_on or (terms.ends_on is not None and on >= terms.ends_on):
        raise Impossible("OUTSIDE")
    if change.kind == PRICE and change.price is not None:
        if change.price < 0:
            raise Impossible("NEGATIVE")
        return replace(
            terms, prices=(*_before(terms.prices, on), PriceSpan(on, None, change.price))
        )
    if change.kind == VEHICLE and change.vehicle_id is not None:
        earlier, outgoing = _before(terms.vehicles, on), value_on(terms.vehicles, on)
        incoming = VehicleSpan(on, change.until, change.vehicle_id)
        way_back = (
            (VehicleSpan(change.until, None, outgoing.vehicle_id),)
            if change.until is not None and outgoing is not None
            else ()
        )
        return replace(terms, vehicles=(*earlier, incoming, *way_back))
    if change.kind == PAUSE and change.relief is not None:
        if not 0 <= change.relief <= 100:
            raise Impossible("NEGATIVE")
        pause = BreakSpan(on, change.until, change.relief, change.cause)
        if any(_meet(pause, other) for other in terms.breaks):
            raise Impossible("PAUSES_MEET")
        return replace(terms, breaks=tuple(sorted((*terms.breaks, pause), key=lambda b: b.start)))
    if change.kind == RESUME:
        if value_on(terms.breaks, on) is None:
            raise Impossible("NOT_PAUSED")
        later = tuple(b for b in terms.breaks if b.start > on)
        return replace(terms, breaks=(*_before(terms.breaks, on), *later))
    raise Impossible("INCOMPLETE")


def _before(parts: Sequence[S], day: date) -> tuple[S, ...]:
    """What lies before a day; what runs on it ends there."""
    return tuple(
        replace(part, end=day) if part.end is None or part.end > day else part
        for part in parts
        if part.start < day
    )


def _meet(one: BreakSpan, other: BreakSpan) -> bool:
    return (one.end is None or other.start < one.end) and (
        other.end is None or one.start < other.end
    )


def differences(
    *, before: PlanTerms, after: PlanTerms, n: int, lines: Sequence[Span]
) -> tuple[list[Decimal], list[tuple[Span, Decimal]]]:
    """What period `n` costs more (or less) by a change, for the lines of bills already issued.

    Answers the difference of each line's days, and what is charged for days that none covers. What
    was billed is reckoned by the terms before, up to the last day that a bill covers.
    """
    cuts = {day for span in lines for day in (span.start, span.end)}
    billed_to = max(span.end for span in lines)
    billed = replace(before, ends_on=min(before.ends_on or billed_to, billed_to))
    by_line = [ZERO] * len(lines)
    uncovered: list[tuple[Span, Decimal]] = []
    for terms, sign in ((after, 1), (billed, -1)):
        charge = period_charge(terms=terms, n=n, cuts=cuts)
        for piece in charge.lines if charge else ():
            holder = next(
                (i for i, span in enumerate(lines) if span.start <= piece.span.start < span.end),
                None,
            )
            if holder is not None:
                by_line[holder] += sign * piece.gross
            else:
                uncovered.append((piece.span, sign * piece.gross))
    return by_line, uncovered


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
