"""A channel's day compared with our payments and our ledger: every difference gets a class.

Pure: lines of the channel's file and what we have on one side, named differences on the other.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from panshi.billing.channels.port import PAYMENT, FileLine
from panshi.kit.money import ZERO

MISSING_HERE, MISSING_THERE = "MISSING_HERE", "MISSING_THERE"
AMOUNT, FEE, DATE, DUPLICATE = "AMOUNT", "FEE", "DATE", "DUPLICATE"
CLASSES: Final = (MISSING_HERE, MISSING_THERE, AMOUNT, FEE, DATE, DUPLICATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """A payment or refund of ours; `ledger_amount` is what the channel's account was posted."""

    kind: str
    number: str
    amount: Decimal
    on: date
    ledger_amount: Decimal | None
    payment_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One difference; `line` is None when the channel's file has none."""

    kind: str
    what: str
    number: str
    line: FileLine | None
    ours: Ours | None
    agreed_fee: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """`matched` lines agree in all three; every other line is behind a difference."""

    matched: int
    differences: tuple[Difference, ...]


def compare(
    *,
    lines: Sequence[FileLine],
    ours: Sequence[Ours],
    day: date,
    fee_of: Callable[[Decimal], Decimal],
) -> Compared:
    """Compare the file of a day. `ours` holds what we booked on it and all that the file names."""
    known = {(row.kind, row.number): row for row in ours}
    seen: set[tuple[str, str]] = set()
    found: list[Difference] = []
    matched = 0
    for line in lines:
        key = (line.kind, line.number)
        if key in seen:
            found.append(_of(DUPLICATE, line, known.get(key)))
            continue
        seen.add(key)
        differs = list(_differences(line, known.get(key), fee_of))
        found += differs
        matched += not differs
    found += [
        Difference(kind=MISSING_THERE, what=row.kind, number=row.number, line=None, ours=row)
        for row in ours
        if row.on == day and (row.kind, row.number) not in seen
    ]
    return Compared(matched=matched, differences=tuple(found))


def _differences(
    line: FileLine, ours: Ours | None, fee_of: Callable[[Decimal], Decimal]
) -> Iterator[Difference]:
    if ours is None:
        yield _of(MISSING_HERE, line, None)
        return
    if line.amount != ours.amount or ours.ledger_amount != ours.amount:
        yield _of(AMOUNT, line, ours)
    if line.on != ours.on:
        yield _of(DATE, line, ours)
    agreed = fee_of(line.amount)
    # A channel gives its fee back with a refund, or keeps it; both are agreed.
    if line.fee not in ((agreed,) if line.kind == PAYMENT else (ZERO, -agreed)):
        yield _of(FEE, line, ours, agreed)


def _of(
    kind: str, line: FileLine, ours: Ours | None, agreed_fee: Decimal | None = None
) -> Difference:
    return Difference(
        kind=kind,
        what=line.kind,
        number=line.number,
        line=line,
        ours=ours,
        agreed_fee=agreed_fee,
    )
