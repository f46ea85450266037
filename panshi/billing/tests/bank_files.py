"""Bank files for tests: as CSV, and a labelled one made up with the traps of a real month."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from uuid import UUID, uuid5

from panshi.billing.matching import Line, OpenBill, Payer

HEADERS = ("交易日期", "收入", "支出", "余额", "对方户名", "对方账号", "附言", "流水号")
_SPACE = UUID("6f0c3f2e-7a51-4b6e-9a0e-5d1f5a3b2c10")


def csv_of(
    rows: Sequence[tuple[str, str, str, str, str]],
    *,
    opening: str = "1000.00",
    encoding: str = "utf-8",
) -> bytes:
    """Rows of (day, amount, payer, account, memo) with the balances that follow."""
    lines, balance = [",".join(HEADERS)], Decimal(opening)
    for number, (day, amount, payer, account, memo) in enumerate(rows, start=1):
        balance += Decimal(amount)
        income, expense = (amount, "") if not amount.startswith("-") else ("", amount[1:])
        lines.append(
            ",".join((day, income, expense, f"{balance}", payer, account, memo, f"S{number:05d}"))
        )
    return ("\r\n".join(lines) + "\r\n").encode(encoding)


@dataclass(frozen=True, slots=True)
class Labelled:
    """A line with the truth: whose money it is, and the bills it names, if it names any."""

    line: Line
    customer_id: UUID
    named: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class Town:
    bills: tuple[OpenBill, ...]
    payers: tuple[Payer, ...]
    lines: tuple[Labelled, ...]


_SYLLABLES = "安邦诚达恩丰广海和杰凯隆明宁平瑞盛泰旺祥远中卓"
_PRICES = ("2980.00", "3200.00", "2680.00", "3580.00", "4150.00")
TODAY = date(2027, 6, 21)


def _id(words: str) -> UUID:
    return uuid5(_SPACE, words)


def _customers(random: Random, count: int) -> Iterator[Payer]:
    for n in range(count):
        # One in forty shares its name with the one before.
        place = n - 1 if n % 40 == 39 else n
        name = "".join(_SYLLABLES[(place // 23**k + place) % 23] for k in range(3))
        yield Payer(
            id=_id(f"customer {n}"),
            name=f"杭州{name}物流{place}有限公司",
            accounts=frozenset({f"account {n}"}) if random.random() < 0.96 else frozenset(),
            virtual_accounts=frozenset({f"virtual {n}"}) if n % 5 == 0 else frozenset(),
        )


def town(*, seed: int = 7, lines: int = 1000, bills: int = 20_000) -> Town:
    """`lines` payments into the open `bills` of an operator, about eleven bills a customer."""
    random = Random(seed)
    payers = list(_customers(random, max(bills // 11, 2)))
    owed = [
        OpenBill(
            id=_id(f"bill {n}"),
            customer_id=payers[n % len(payers)].id,
            numbers=(f"B2027-{n:06d}", f"ZL-2026-{n % len(payers):05d}"),
            due_on=TODAY - timedelta(days=random.randrange(0, 150)),
            open_amount=Decimal(random.choice(_PRICES)) + n // len(payers) % 7,
        )
        for n in range(bills)
    ]
    by_customer: dict[UUID, list[OpenBill]] = {}
    for bill in sorted(owed, key=lambda bill: (bill.due_on, bill.id)):
        by_customer.setdefault(bill.customer_id, []).append(bill)
    chosen = random.sample(range(len(payers)), min(lines, len(payers)))
    made = [_line(n, payers[chosen[n % len(chosen)]], by_customer, random) for n in range(lines)]
    return Town(tuple(owed), tuple(payers), tuple(made))


def _line(
    n: int, payer: Payer, by_customer: dict[UUID, list[OpenBill]], random: Random
) -> Labelled:
    own = by_customer[payer.id]
    kind = random.random()
    count = 1 if kind < 0.7 else random.randrange(2, 6)
    # Who pays one bill pays any of them; who pays several pays the oldest.
    bills = [random.choice(own)] if count == 1 else own[:count]
    amount = sum((bill.open_amount for bill in bills), Decimal(0))
    account = next(iter(payer.accounts), "")
    line = Line(
        id=_id(f"line {n}"),
        value_on=TODAY,
        amount=amount,
        payer=_as_a_bank_writes(payer.name, random),
        account=account,
    )
    how, named = random.random(), False
    if how < 0.78:
        named = True
        words = [bill.numbers[0] for bill in bills]
        line = replace(line, memo=_memo(words, random))
        if how < 0.08:  # Somebody else pays, and names the bill.
            line = replace(line, payer="王小明", account="")
    elif how < 0.86 and payer.virtual_accounts:
        line = replace(line, virtual_account=next(iter(payer.virtual_accounts)), memo="租金")
    elif how < 0.975:
        line = replace(line, memo=random.choice(("租金", "6月车辆租金", "")))
    elif how < 0.985:  # A name alone, from an account never seen.
        line = replace(line, account=f"new {n}", memo="")
    elif how < 0.993:  # Not the sum of anything.
        line = replace(line, amount=amount + Decimal("0.01"), memo="部分租金")
    else:  # A stranger who owes nothing.
        line = replace(line, payer="宁波无名商贸有限公司", account=f"new {n}", memo="货款")
    return Labelled(line, payer.id, frozenset(bill.id for bill in bills if named))


def _as_a_bank_writes(name: str, random: Random) -> str:
    spaced = name.replace("有限公司", "有限 公司")
    return random.choice((name, spaced, name.replace("物流", "物流（")))


def _memo(numbers: Sequence[str], random: Random) -> str:
    numbers = [random.choice((n, n.replace("-", ""), n.lower())) for n in numbers]
    return random.choice(("租金", "支付账单", "")) + " ".join(numbers)
