"""How money comes in at the demo's first operator: a bank's file, and notices of a channel."""

import csv
import io
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Final
from uuid import UUID

from panshi.billing import queries, simulator
from panshi.billing import services as billing
from panshi.billing.events import PaymentReceived
from panshi.billing.queries import OwedRow
from panshi.billing.services import NewPayment
from panshi.billing.simulator import Posted
from panshi.crm import queries as crm
from panshi.demo.founding import Operator, Say
from panshi.kit.clock import day_start, local_day
from panshi.kit.refusals import Refusal

ACCOUNT: Final = "1202 0219 0900 6688 001"
OPENING: Final = Decimal("186420.55")
LINES: Final = 40
CHANNEL: Final = "SIM"
TOO_MUCH: Final = Decimal(200)
PAYERS: Final = 12
# Some of the bills that were kept are settled by a return before the file comes.
SPARE: Final = 12
HEADERS: Final = (
    "交易日期", "收入", "支出", "余额", "对方户名", "对方账号", "附言", "流水号",
)  # fmt: skip
# What only a person can tell: no word of whom it is for, half of a sum, and interest of the bank.
_NOBODY: Final = ("沈建国", "车费")
_HALF: Final = "先付一半"
_INTEREST: Final = ("本行", Decimal("36.18"), "季度结息")


@dataclass(frozen=True, slots=True)
class Line:
    on: date
    amount: Decimal
    payer: str
    memo: str
    account: str = ""


@dataclass(slots=True)
class Desk:
    """The bills that are paid by the bank's file, and those that are paid by the channel."""

    operator: Operator
    by_bank: list[OwedRow] = field(default_factory=list)
    by_channel: list[OwedRow] = field(default_factory=list)
    bill_ids: set[UUID] = field(default_factory=set)
    overpaid: PaymentReceived | None = None

    def keep(self, late: Collection[UUID], *, last: bool) -> None:
        """Leave open bills of those who pay in time to this desk: `last`, to the channel."""
        taken = self.by_channel if last else self.by_bank
        most = PAYERS if last else LINES - 2 + SPARE
        for bill in queries.open_bills(actor=self.operator.actor):
            if len(taken) == most:
                break
            if _whole(bill) and bill.customer_id not in late and bill.id not in self.bill_ids:
                taken.append(bill)
                self.bill_ids.add(bill.id)

    def open(self, random: Random, at: datetime, say: Say) -> None:
        """Take the bank's file in, and live through a storm of notices of the channel."""
        actor = self.operator.actor
        open_still = {bill.id for bill in queries.open_bills(actor=actor) if _whole(bill)}
        whole = [bill for bill in self.by_bank if bill.id in open_still]
        self.by_bank, spare = whole[: LINES - 2], whole[LINES - 2 :]
        for bill in spare[:1]:
            self.overpaid = billing.record_payment(
                bill_ids=[bill.id], amount=bill.open_amount + TOO_MUCH, channel="ALIPAY",
                actor=actor, at=at - timedelta(days=3),
            )  # fmt: skip
        payments = [
            NewPayment(
                bill_ids=[bill.id],
                amount=bill.open_amount,
                received_at=min(day_start(bill.due_on + timedelta(days=2)), at),
                channel="ALIPAY",
            )
            for bill in spare[1:]
        ]
        if payments:
            billing.record_payments(payments=payments, actor=actor, at=at)
        if self.by_bank:
            billing.import_statement(
                content=bank_file(tuple(self._lines(random, local_day(at)))),
                file_name="银行流水.csv",
                account=ACCOUNT,
                org_id=self.operator.org_id,
                actor=actor,
                at=at,
            )
            fact = billing.match_lines(org_id=self.operator.org_id, actor=actor, at=at)
            say(f"bank file: {fact.matched} lines booked, {fact.queued} wait for a person")
        self._storm(random, day_start(local_day(at)) - timedelta(hours=14))

    def _lines(self, random: Random, today: date) -> Iterator[Line]:
        """A line for each bill, of which the last is paid by half, and two that name nobody."""
        ids = {bill.customer_id for bill in self.by_bank}
        names = crm.names_of(ids, self.operator.actor)
        yesterday = today - timedelta(days=1)
        *plain, half = self.by_bank
        for bill in plain:
            day = min(bill.due_on + timedelta(days=random.randrange(4)), yesterday)
            yield Line(day, bill.open_amount, names[bill.customer_id], f"{bill.number} 租金")
        yield Line(yesterday, half.open_amount / 2, names[half.customer_id], _HALF)
        yield Line(yesterday, half.open_amount + Decimal("0.50"), *_NOBODY)
        yield Line(yesterday, _INTEREST[1], _INTEREST[0], _INTEREST[2])

    def _storm(self, random: Random, moment: datetime) -> None:
        """Customers pay by the channel, whose notices come doubled, forged and in any order.

        One of them never arrives, and of one the channel took another amount than was asked.
        """
        actor, notices = self.operator.actor, list[Posted]()
        for number, bill in enumerate(self.by_channel):
            begun = moment + timedelta(minutes=7 * number)
            started = billing.start_payment(
                bill_ids=[bill.id], channel=CHANNEL, actor=actor, at=begun
            )
            billing.open_payment(
                payment_id=started.payment_id, channel=CHANNEL, actor=actor, at=begun
            )
            notice = simulator.paid(
                merchant_no=started.merchant_no,
                amount=started.amount - (1 if number == 1 else 0),
                at=begun + timedelta(minutes=1),
            )
            if number:
                notices.append(notice)
        for place, notice in enumerate(simulator.storm(notices, random)):
            with suppress(Refusal):
                billing.record_callback(
                    channel=notice.channel,
                    headers=notice.headers,
                    body=notice.body,
                    actor=actor,
                    at=moment + timedelta(hours=2, seconds=place),
                )


def _whole(bill: OwedRow) -> bool:
    return bill.kind == "CHARGE" and bill.open_amount == bill.total


def bank_file(lines: Sequence[Line], *, opening: Decimal = OPENING, first: int = 1) -> bytes:
    """These lines as a bank writes them: in the order of days, in GB18030."""
    made = io.StringIO(newline="")
    writer = csv.writer(made)
    writer.writerow(HEADERS)
    balance = opening
    for number, line in enumerate(sorted(lines, key=lambda line: line.on), start=first):
        balance += line.amount
        writer.writerow(
            [
                line.on,
                max(line.amount, 0) or "",
                max(-line.amount, 0) or "",
                balance,
                line.payer,
                line.account,
                line.memo,
                f"{number:08d}",
            ]
        )
    return made.getvalue().encode("gb18030")
