"""The payment channel that needs no contract: it signs, remembers and answers as a real one would.

Its books lie in a file of its own, as a real channel's lie elsewhere: what it did stays done when
our transaction fails. It keeps 0.6 % of each payment as its fee.
"""

import hashlib
import hmac
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from panshi.billing.channels import http, port
from panshi.billing.channels.port import (
    FileLine,
    Garbage,
    Notice,
    Opening,
    Order,
    Receipt,
    RefundOrder,
    RefundStanding,
    Standing,
)
from panshi.kit.clock import local_day
from panshi.kit.money import to_fen

KEY: Final = "payment-callbacks"
SIGNATURE: Final = "x-panshi-signature"
MERCHANT: Final = "SIM-MERCHANT"
APP: Final = "SIM-APP"
FEE: Final = Decimal("0.006")
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS orders (
    number TEXT PRIMARY KEY, amount TEXT NOT NULL, state TEXT NOT NULL, paid_at TEXT);
CREATE TABLE IF NOT EXISTS refunds (
    number TEXT PRIMARY KEY, order_number TEXT NOT NULL, amount TEXT NOT NULL, state TEXT NOT NULL,
    at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS orders_by_day ON orders (paid_at);
CREATE INDEX IF NOT EXISTS refunds_by_day ON refunds (at)
"""


def key() -> bytes:
    """The key that the simulated channel signs its notices with."""
    secret: bytes = settings.HOME.secret(KEY)
    return secret


def signature(body: bytes) -> str:
    return hmac.new(key(), body, hashlib.sha256).hexdigest()


@contextmanager
def books() -> Iterator[sqlite3.Connection]:
    """The channel's own books, written at once and for good."""
    path: Path = settings.HOME.path / "run" / "simulated-channel.sqlite3"
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as opened:
        opened.execute("PRAGMA synchronous = OFF")
        opened.executescript(_TABLES)
        yield opened


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """`drops` the answer: the order is done and nobody hears of it. `refuses` each refund."""

    drops: bool = False
    refuses: bool = False
    code: str = "SIM"

    def create(self, order: Order) -> Opening:
        with books() as kept:
            kept.execute(
                "INSERT OR IGNORE INTO orders VALUES (?, ?, 'OPEN', NULL)",
                [order.merchant_no, str(order.amount)],
            )
        self._answer()
        return Opening(port.PAGE, order.return_url)

    def query(self, *, merchant_no: str, at: datetime) -> Standing:
        with books() as kept:
            row = kept.execute(
                "SELECT amount, state, paid_at FROM orders WHERE number = ?", [merchant_no]
            ).fetchone()
        self._answer()
        if row is None:
            return Standing(state=port.UNKNOWN)
        amount, state, paid_at = row
        return Standing(
            state=state,
            amount=Decimal(amount),
            channel_no=f"SIM{merchant_no[-20:]}",
            paid_at=datetime.fromisoformat(paid_at) if paid_at else None,
        )

    def close(self, *, merchant_no: str, at: datetime) -> None:
        with books() as kept:
            kept.execute(
                "UPDATE orders SET state = 'CLOSED' WHERE number = ? AND state = 'OPEN'",
                [merchant_no],
            )
        self._answer()

    def refund(self, order: RefundOrder) -> RefundStanding:
        state = port.FAILED if self.refuses else port.PAID
        with books() as kept:
            kept.execute(
                "INSERT OR IGNORE INTO refunds VALUES (?, ?, ?, ?, ?)",
                [order.number, order.merchant_no, str(order.amount), state, order.at.isoformat()],
            )
            row = kept.execute("SELECT state FROM refunds WHERE number = ?", [order.number])
            (state,) = row.fetchone()
        self._answer()
        words = "" if state == port.PAID else "ACCOUNT_CLOSED"
        return RefundStanding(state=state, channel_no=f"SIM{order.number[-20:]}", words=words)

    def parse_callback(self, *, headers: Mapping[str, str], body: bytes, at: datetime) -> Notice:
        try:
            told = json.loads(body)
            notice = Notice(
                notification_id=str(told["notification_id"])[:64],
                kind=port.REFUND if told.get("kind") == port.REFUND else port.PAYMENT,
                merchant_no=str(told["merchant_no"])[:40],
                refund_no=str(told.get("refund_no", ""))[:40],
                amount=port.amount_of(told["amount"]),
                state=str(told["state"]),
                channel_no=str(told.get("channel_no", ""))[:64],
                paid_at=datetime.fromisoformat(told["at"]),
                fault=_fault(headers, body, told),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Garbage("no notice of the simulated channel") from error
        if "\0" in notice.notification_id + notice.merchant_no or notice.paid_at is None:
            raise Garbage("no notice of the simulated channel")
        if notice.paid_at.tzinfo is None:
            raise Garbage("a moment without its zone")
        return notice

    def receipt(self, *, taken: bool) -> Receipt:
        code = "SUCCESS" if taken else "FAIL"
        return Receipt(200 if taken else 409, "application/json", json.dumps({"code": code}))

    def daily_file(self, *, day: date, at: datetime) -> Sequence[FileLine]:
        with books() as kept:
            paid = kept.execute(
                "SELECT number, amount, paid_at FROM orders WHERE state = 'PAID' ORDER BY paid_at"
            ).fetchall()
            refunds = kept.execute(
                "SELECT number, amount, at FROM refunds WHERE state = 'PAID' ORDER BY at"
            ).fetchall()
        found = [
            *((port.PAYMENT, *row, FEE) for row in paid),
            *((port.REFUND, *row, Decimal(0)) for row in refunds),
        ]
        of_day = [row for row in found if local_day(datetime.fromisoformat(row[3])) == day]
        return [
            FileLine(
                line=line,
                kind=kind,
                number=number,
                amount=Decimal(amount),
                fee=to_fen(Decimal(amount) * share),
                on=day,
            )
            for line, (kind, number, amount, _at, share) in enumerate(of_day, start=1)
        ]

    def _answer(self) -> None:
        if self.drops:
            raise http.silent()


def _fault(headers: Mapping[str, str], body: bytes, told: Mapping[str, Any]) -> str:
    said = {name.lower(): value for name, value in headers.items()}.get(SIGNATURE, "")
    if not hmac.compare_digest(said.encode(), signature(body).encode()):
        return "FORGED"
    for name, ours, fault in (
        ("merchant", MERCHANT, "MERCHANT"),
        ("app", APP, "APP"),
        ("currency", port.CNY, "CURRENCY"),
    ):
        if told.get(name) != ours:
            return fault
    return ""
