"""What being late costs: days times a share of what was open, up to a cap. Plain Python."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal
from itertools import pairwise

from panshi.kit.money import ZERO, to_fen


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditTerms:
    """Shares of 1; days count from the end of the grace days on."""

    grace_days: int
    late_fee_a_day: Decimal
    late_fee_cap: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class LateSpan:
    """The days [start, end) on which `principal` was late, and what they cost in CNY.

    `capped` when the cap left less than the days came to.
    """

    start: date
    end: date
    principal: Decimal
    a_day: Decimal
    amount: Decimal
    capped: bool = False

    @property
    def days(self) -> int:
        return (self.end - self.start).days


def principal_spans(
    *, total: Decimal, taken: Sequence[tuple[date, Decimal]], start: date, end: date
) -> list[tuple[date, date, Decimal]]:
    """What of `total` was open on the days of [start, end), days alike joined.

    `taken` are what settled it, by day; an undone part is negative. The day of a payment is not
    late any more.
    """
    days = sorted({start, *(on for on, _amount in taken if start < on < end), end})
    spans: list[tuple[date, date, Decimal]] = []
    for first, last in pairwise(days):
        left = total - sum((amount for on, amount in taken if on <= first), ZERO)
        if spans and spans[-1][2] == left:
            spans[-1] = (spans[-1][0], last, left)
        else:
            spans.append((first, last, left))
    return [span for span in spans if span[2] > 0]


def late_spans(
    *,
    total: Decimal,
    bearing: Decimal,
    taken: Sequence[tuple[date, Decimal]],
    due_on: date,
    until: date,
    terms: CreditTerms,
    fixed: Sequence[tuple[date, date, Decimal]] = (),
) -> list[LateSpan]:
    """What a bill of `total` costs for being late on the days before `until`.

    `bearing` is the part of the total that may cost a fee; payments lower it in step. The cap is
    a share of what was open when the grace days were over. `fixed` are days [start, end) that
    were billed, with their amounts, or that cost nothing; they are left out and use up the cap.
    """
    start = due_on + timedelta(days=terms.grace_days)
    if until <= start or bearing <= 0:
        return []
    owed = [
        (first, last, to_fen(left * bearing / total))
        for first, last, left in principal_spans(total=total, taken=taken, start=start, end=until)
    ]
    room = sum((amount for _first, _last, amount in fixed), ZERO)
    room = (to_fen(owed[0][2] * terms.late_fee_cap) if owed else ZERO) - room
    spans: list[LateSpan] = []
    for first, last, principal in _without(owed, [(a, b) for a, b, _amount in fixed]):
        a_day = to_fen(principal * terms.late_fee_a_day)
        full = a_day * (last - first).days
        if full <= 0 or room <= 0:
            continue
        # Days beyond the cap cost nothing and are not named.
        days = min((last - first).days, int((room / a_day).to_integral_value(ROUND_CEILING)))
        amount = min(a_day * days, room)
        spans.append(
            LateSpan(
                start=first,
                end=first + timedelta(days=days),
                principal=principal,
                a_day=terms.late_fee_a_day,
                amount=amount,
                capped=amount < full,
            )
        )
        room -= amount
    return spans


def _without(
    spans: Sequence[tuple[date, date, Decimal]], gone: Sequence[tuple[date, date]]
) -> list[tuple[date, date, Decimal]]:
    """The spans less the days that are gone."""
    left = list(spans)
    for start, end in gone:
        cut = []
        for first, last, principal in left:
            cut += [
                (a, b, principal)
                for a, b in ((first, min(last, start)), (max(first, end), last))
                if a < b
            ]
        left = cut
    return left
