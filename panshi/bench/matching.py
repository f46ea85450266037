"""Bank lines against open bills: the matching rule beside one that looks at amounts alone."""

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final
from uuid import UUID

from panshi.bench.machine import machine
from panshi.billing.matching import Books, Line, OpenBill, Payer, settle_plain
from panshi.kit.ids import uuid7

TODAY: Final = date(2027, 6, 21)
BILLS_A_CUSTOMER: Final = 11
_PRICES: Final = ("2980.00", "3200.00", "2680.00", "3580.00", "4150.00")


@dataclass(frozen=True, slots=True)
class _Town:
    """Open bills, who may pay them, and lines with the customer whose money each is."""

    bills: Sequence[OpenBill]
    payers: Sequence[Payer]
    lines: Sequence[tuple[Line, UUID]]


def measure_matching(*, lines: int, bills: int) -> dict[str, object]:
    """Match `lines` of a bank with `bills` open ones, arranging the books included.

    `automatic` and `wrong` count lines booked by rule. The baseline `exact_amount` books a line
    when its amount is that of one open bill; where several are, it takes the oldest.
    """
    town = _town(lines, bills)
    start = time.perf_counter()
    books = Books(bills=town.bills, payers=town.payers)
    judged = settle_plain(books, [line for line, _whose in town.lines])
    ours_s = time.perf_counter() - start
    truth = {line.id: whose for line, whose in town.lines}
    plain = [each for each in judged if each.automatic]
    wrong = sum(each.candidates[0].customer_id != truth[each.line_id] for each in plain)
    start = time.perf_counter()
    guessed = _exact_amount(town)
    baseline_s = time.perf_counter() - start
    missed = sum(guess != whose for guess, (_line, whose) in zip(guessed, town.lines, strict=True))
    booked = sum(guess is not None for guess in guessed)
    return {
        "bench": "matching",
        "machine": machine(),
        "ours": {
            "match_s": ours_s,
            "lines": lines,
            "bills": bills,
            "automatic": len(plain),
            "wrong": wrong,
        },
        "baseline": {
            "exact_amount": {
                "match_s": baseline_s,
                "automatic": booked,
                "wrong": booked - (lines - missed),
            }
        },
        "ratio": {"exact_amount.match_s": baseline_s / max(ours_s, 1e-9)},
    }


def _town(lines: int, bills: int) -> _Town:
    """Customers with eleven open bills each; two lines in five name theirs, two the contract."""
    random = Random(7)
    payers = [
        Payer(
            id=uuid7(),
            name=f"杭州{n // 2 if n % 80 == 1 else n}号物流有限公司",
            accounts=frozenset({f"account {n}"} if n % 25 else ()),
        )
        for n in range(max(bills // BILLS_A_CUSTOMER, 1))
    ]
    owed = [
        OpenBill(
            id=uuid7(),
            customer_id=payers[n % len(payers)].id,
            numbers=(f"B2027-{n:06d}", f"L-2026-{n % len(payers):05d}"),
            due_on=TODAY - timedelta(days=random.randrange(150)),
            open_amount=Decimal(random.choice(_PRICES)),
        )
        for n in range(bills)
    ]
    chosen = random.sample(range(bills), min(lines, bills))
    whose = {payer.id: payer for payer in payers}
    made = [_line(owed[n], whose[owed[n].customer_id], random) for n in chosen]
    return _Town(owed, payers, made)


def _line(bill: OpenBill, payer: Payer, random: Random) -> tuple[Line, UUID]:
    named = random.random()
    number = bill.numbers[0 if named < 0.4 else 1].replace("-", "")
    line = Line(
        id=uuid7(),
        value_on=TODAY,
        amount=bill.open_amount,
        payer=payer.name,
        memo=f"租金{number}" if named < 0.8 else "租金",
        account=next(iter(payer.accounts), ""),
    )
    return line, payer.id


def _exact_amount(town: _Town) -> list[UUID | None]:
    """Whose each line is, by its amount alone."""
    by_amount: dict[Decimal, list[Any]] = defaultdict(list)
    for bill in sorted(town.bills, key=lambda bill: bill.due_on, reverse=True):
        by_amount[bill.open_amount].append(bill)
    guessed: list[UUID | None] = []
    for line, _whose in town.lines:
        there = by_amount[line.amount]
        guessed.append(there.pop().customer_id if there else None)
    return guessed
