"""Whose money a bank line is: evidence earns points, and only plain cases are settled by rule.

Pure: open bills and known accounts in, a judgement with its reasons out. The points and the
threshold are those of the house's finance rules; each reason is shown to the clerk.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from panshi.kit.money import ZERO

# Evidence that tells who paid.
VIRTUAL, NUMBER, ACCOUNT, NAME = "VIRTUAL", "NUMBER", "ACCOUNT", "NAME"
# Evidence that tells for what; only the highest counts.
EXACT, ALL_OPEN = "EXACT", "ALL_OPEN"
NEAR, TWO_OF_A_NAME = "NEAR", "TWO_OF_A_NAME"
POINTS: Final[Mapping[str, int]] = {
    VIRTUAL: 60,
    NUMBER: 50,
    ACCOUNT: 40,
    NAME: 30,
    EXACT: 35,
    ALL_OPEN: 30,
    NEAR: 5,
    TWO_OF_A_NAME: -40,
}
IDENTITY: Final = frozenset({VIRTUAL, NUMBER, ACCOUNT, NAME})
AMOUNT: Final = frozenset({EXACT, ALL_OPEN})
ENOUGH, AHEAD = 75, 25
NEAR_DAYS: Final = 5
OLDEST: Final = 5
_BETWEEN: Final = re.compile(r"[()·•.,。、\-_\s]")
_COMPANY: Final = re.compile(r"(股份有限|有限责任|有限)公司")
_SIGNS: Final = re.compile(r"[^0-9A-Z]")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBill:
    """A bill with something open, in CNY. `numbers` are the bill's own and its contract's."""

    id: UUID
    customer_id: UUID
    numbers: tuple[str, ...]
    due_on: date
    open_amount: Decimal
    deposit: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Payer:
    """A customer as banks write it: name, and the blind indexes of accounts that tell of it."""

    id: UUID
    name: str
    accounts: frozenset[str] = frozenset()
    virtual_accounts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Money that came in. `account` and `virtual_account` are blind indexes, or empty."""

    id: UUID
    value_on: date
    amount: Decimal
    payer: str
    memo: str = ""
    account: str = ""
    virtual_account: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    code: str
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A customer whose money it may be, and the bills that the amount would settle."""

    customer_id: UUID
    bill_ids: tuple[UUID, ...]
    score: int
    reasons: tuple[Reason, ...]

    @property
    def codes(self) -> frozenset[str]:
        return frozenset(reason.code for reason in self.reasons)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The candidates, the best first; `automatic` when the best may be booked by rule."""

    line_id: UUID
    candidates: tuple[Candidate, ...]
    automatic: bool


def _narrow(words: str) -> str:
    """Full-width signs as their ordinary ones."""
    return "".join(chr(ord(c) - 0xFEE0) if 0xFF01 <= ord(c) <= 0xFF5E else c for c in words)


def fold_name(name: str) -> str:
    """A name without width, spaces, brackets and the words for a limited company."""
    return _COMPANY.sub("", _BETWEEN.sub("", _narrow(name).replace("\u3000", " "))).upper()


def fold_number(words: str) -> str:
    """Letters and digits alone: banks drop hyphens and change widths."""
    return _SIGNS.sub("", _narrow(words).upper())


@dataclass(slots=True)
class _Customer:
    bills: list[OpenBill] = field(default_factory=list)
    exact: dict[Decimal, tuple[UUID, ...]] = field(default_factory=dict)
    total: Decimal = ZERO


class Books:
    """Open bills and payers, arranged so that a line finds its candidates without a search."""

    def __init__(self, *, bills: Iterable[OpenBill], payers: Iterable[Payer]) -> None:
        self._customers: dict[UUID, _Customer] = defaultdict(_Customer)
        self._bill: dict[UUID, OpenBill] = {}
        self._numbers: dict[str, list[OpenBill]] = defaultdict(list)
        self._names: dict[str, list[UUID]] = defaultdict(list)
        self._accounts: dict[str, list[UUID]] = defaultdict(list)
        self._virtual: dict[str, UUID] = {}
        for bill in bills:
            self._bill[bill.id] = bill
            for number in {fold_number(each) for each in bill.numbers}:
                if len(number) >= 6:  # A shorter one would be found in any memo.
                    self._numbers[number].append(bill)
            self._customers[bill.customer_id].bills.append(bill)
        for customer in self._customers.values():
            _sum_up(customer)
        for payer in payers:
            if name := fold_name(payer.name):
                self._names[name].append(payer.id)
            for account in payer.accounts:
                self._accounts[account].append(payer.id)
            for account in payer.virtual_accounts:
                self._virtual[account] = payer.id
        self._lengths = sorted({len(number) for number in self._numbers}, reverse=True)

    def take_out(self, bill_ids: Iterable[UUID]) -> None:
        """Forget bills that a line has settled, so that no later line settles them again."""
        touched = set()
        for bill_id in bill_ids:
            bill = self._bill.pop(bill_id)
            self._customers[bill.customer_id].bills.remove(bill)
            touched.add(bill.customer_id)
            for number in {fold_number(each) for each in bill.numbers}:
                if number in self._numbers:
                    self._numbers[number].remove(bill)
        for customer_id in touched:
            _sum_up(self._customers[customer_id])

    def judge(self, line: Line) -> Judgement:
        """Score every customer that any evidence of identity points to.

        An amount alone names nobody, so who merely owes as much is not even a candidate.
        """
        named = list(self._named(line.memo))
        names = self._names.get(fold_name(line.payer), [])
        virtual = self._virtual.get(line.virtual_account) if line.virtual_account else None
        accounts = self._accounts.get(line.account, []) if line.account else []
        wanted = {
            *(bill.customer_id for bill in named),
            *names,
            *accounts,
            *([] if virtual is None else [virtual]),
        }
        found = []
        for customer_id in wanted:
            codes = []
            if virtual == customer_id:
                codes.append(VIRTUAL)
            own = [bill for bill in named if bill.customer_id == customer_id]
            if own:
                codes.append(NUMBER)
            if customer_id in accounts:
                codes.append(ACCOUNT)
            if customer_id in names:
                codes.append(NAME)
                if len(names) > 1:
                    codes.append(TWO_OF_A_NAME)
            found.append(self._candidate(line, customer_id, codes, own))
        found.sort(key=lambda each: (-each.score, each.customer_id))
        return Judgement(line_id=line.id, candidates=tuple(found), automatic=_is_plain(found))

    def _candidate(
        self, line: Line, customer_id: UUID, codes: list[str], named: Sequence[OpenBill]
    ) -> Candidate:
        bills, what = self._settles(line.amount, customer_id, named)
        if what:
            codes = [*codes, what]
            days = (abs((self._bill[b].due_on - line.value_on).days) for b in bills)
            if min(days, default=NEAR_DAYS + 1) <= NEAR_DAYS:
                codes.append(NEAR)
        reasons = tuple(Reason(code, POINTS[code]) for code in codes)
        return Candidate(
            customer_id=customer_id,
            bill_ids=bills,
            score=sum(reason.points for reason in reasons),
            reasons=reasons,
        )

    def _settles(
        self, amount: Decimal, customer_id: UUID, named: Sequence[OpenBill]
    ) -> tuple[tuple[UUID, ...], str]:
        """The bills that this amount settles to the fen, and by which evidence.

        Where bills are named, only they count: whoever writes a number means that bill.
        """
        if named:
            by_age = sorted(named, key=_age)
            for bill in by_age:
                if bill.open_amount == amount:
                    return (bill.id,), EXACT
            if sum((bill.open_amount for bill in by_age), ZERO) == amount:
                return tuple(bill.id for bill in by_age), EXACT
            oldest = _prefix(by_age, amount)
            return (oldest, EXACT) if oldest else ((), "")
        customer = self._customers.get(customer_id)
        if customer is None:
            return (), ""
        if found := customer.exact.get(amount):
            return found, EXACT
        if amount == customer.total:
            return tuple(b.id for b in customer.bills if not b.deposit), ALL_OPEN
        return (), ""

    def _named(self, memo: str) -> Iterator[OpenBill]:
        """The bills whose number, or contract's number, stands in the memo as a whole."""
        text = fold_number(memo)
        seen: set[UUID] = set()
        for length in self._lengths:
            for start in range(len(text) - length + 1):
                end = start + length
                bills = self._numbers.get(text[start:end])
                if not bills or text[end : end + 1].isdigit():
                    continue
                # A number that begins in a digit must not be the tail of a longer one.
                if text[start].isdigit() and start and text[start - 1].isdigit():
                    continue
                for bill in bills:
                    if bill.id not in seen:
                        seen.add(bill.id)
                        yield bill


def _age(bill: OpenBill) -> tuple[date, UUID]:
    return bill.due_on, bill.id


def _prefix(bills: Sequence[OpenBill], amount: Decimal) -> tuple[UUID, ...]:
    """The oldest few whose sum is the amount, at most five."""
    total = ZERO
    for count, bill in enumerate(bills[:OLDEST], start=1):
        total += bill.open_amount
        if total == amount:
            return tuple(each.id for each in bills[:count])
    return ()


def _sum_up(customer: _Customer) -> None:
    """Which amounts settle which bills of a customer: the oldest first, a month, a single one."""
    customer.bills.sort(key=_age)
    charges = [bill for bill in customer.bills if not bill.deposit]
    customer.total = sum((bill.open_amount for bill in charges), ZERO)
    exact: dict[Decimal, tuple[UUID, ...]] = {}
    months: dict[tuple[int, int], list[OpenBill]] = defaultdict(list)
    for bill in charges:
        exact.setdefault(bill.open_amount, (bill.id,))
        months[bill.due_on.year, bill.due_on.month].append(bill)
    total = ZERO
    for count, bill in enumerate(charges[:OLDEST], start=1):
        total += bill.open_amount
        exact.setdefault(total, tuple(each.id for each in charges[:count]))
    for of_month in months.values():
        whole = sum((bill.open_amount for bill in of_month), ZERO)
        exact.setdefault(whole, tuple(bill.id for bill in of_month))
    customer.exact = exact


def _is_plain(found: Sequence[Candidate]) -> bool:
    if not found:
        return False
    best = found[0]
    second = found[1].score if len(found) > 1 else 0
    return (
        best.score >= ENOUGH
        and best.score - second >= AHEAD
        and not best.codes.isdisjoint(IDENTITY)
        and not best.codes.isdisjoint(AMOUNT)
    )


def settle_plain(books: Books, lines: Sequence[Line]) -> list[Judgement]:
    """Judge lines in their order; what one settles by rule no later one can."""
    judged = []
    for line in lines:
        judgement = books.judge(line)
        if judgement.automatic:
            books.take_out(judgement.candidates[0].bill_ids)
        judged.append(judgement)
    return judged
