"""Questions about shares: a node's settlement of a month, its lines for an open checker."""

import csv
import hashlib
import io
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import connection

from panshi.billing.models import Party, Product, ShareScheme, ShareStatement
from panshi.kit.clock import add_months, month_start
from panshi.kit.money import ZERO
from panshi.kit.tenancy import Actor, hq_actor
from panshi.kit.verbs import question


def whole_tree() -> Actor:
    """Who looks up the kinds of the nodes above, which an operator does not see itself."""
    return hq_actor()


def amounts(words: Mapping[str, str] | str | None) -> dict[str, Decimal]:
    """Sums by party as the database wrote them."""
    plain = json.loads(words) if isinstance(words, str) else words or {}
    return {party: Decimal(amount) for party, amount in plain.items()}


@dataclass(frozen=True, slots=True)
class ShareLine:
    """One part of one accrual. `gross` and `net` are cumulative, `added` is new; CNY."""

    accrual_id: UUID
    subject_id: UUID
    period_from: date
    sequence: int
    bill_id: UUID
    bill_number: str
    product: str
    org_id: int
    on: date
    gross: Decimal
    net: Decimal
    added: Decimal
    party: str
    payee_id: int | None
    amount: Decimal

    @property
    def party_words(self) -> str:
        return str(Party(self.party).label)


COLUMNS: Final = (
    "accrual", "subject", "period_from", "sequence", "bill", "product", "payer", "on", "gross",
    "net", "added", "party", "payee", "amount",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Settlement:
    """A node's month of shares. Its own book collected `collected` net of VAT.

    `kept` stayed, `passed_on` went to other nodes, the channel and partners, `received` came from
    other books; `kept + passed_on = collected`.
    """

    org_id: int
    month: date
    lines: tuple[ShareLine, ...]
    collected: Decimal
    kept: Decimal
    passed_on: Decimal
    received: Decimal
    by_party: tuple[tuple[str, Decimal], ...]

    @property
    def text(self) -> str:
        """The lines as CSV, for an open checker."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(COLUMNS)
        for line in self.lines:
            writer.writerow(
                (
                    line.accrual_id, line.subject_id, line.period_from, line.sequence,
                    line.bill_number, line.product, line.org_id, line.on, line.gross, line.net,
                    line.added, line.party, "" if line.payee_id is None else line.payee_id,
                    line.amount,
                )
            )  # fmt: skip
        return out.getvalue()

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


_LINES: Final = """
SELECT a.id, a.subject_id, a.period_from, a.sequence, a.bill_id, COALESCE(b.number, ''),
    a.product_code, a.org_id, p.on, a.gross, a.net, a.added, p.party, p.payee_id, p.amount
FROM billing_shareposting p JOIN billing_shareaccrual a ON a.id = p.accrual_id
JOIN billing_bill b ON b.id = a.bill_id
WHERE (p.org_id = %(org)s OR p.payee_id = %(org)s) AND p.on >= %(since)s AND p.on < %(until)s
ORDER BY p.on, a.id, p.party
"""


def statement_of(*, org_id: int, month: date) -> Settlement:
    """A node's settlement as it stands; asked inside a verb or a question."""
    since = month_start(month)
    with connection.cursor() as cursor:
        cursor.execute(_LINES, {"org": org_id, "since": since, "until": add_months(since, 1)})
        lines = tuple(ShareLine(*row) for row in cursor.fetchall())
    own = [line for line in lines if line.org_id == org_id]
    kept = sum((line.amount for line in own if line.payee_id == org_id), ZERO)
    collected = sum((line.amount for line in own), ZERO)
    by_party: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for line in own:
        by_party[line.party_words] += line.amount
    return Settlement(
        org_id=org_id,
        month=since,
        lines=lines,
        collected=collected,
        kept=kept,
        passed_on=collected - kept,
        received=sum(
            (line.amount for line in lines if line.payee_id == org_id and line.org_id != org_id),
            ZERO,
        ),
        by_party=tuple(by_party.items()),
    )


@question
def share_statement(*, org_id: int, month: date, actor: Actor) -> Settlement:
    """What a node's book shared with others in a month, and what others shared with it."""
    return statement_of(org_id=org_id, month=month)


@dataclass(frozen=True, slots=True)
class SettlementRow:
    """A settlement that was closed, with its mark."""

    id: UUID
    state: str
    lines: int
    passed_on: Decimal
    received: Decimal
    sha256: str
    dispute: str


@question
def settlement_of(*, org_id: int, month: date, actor: Actor) -> SettlementRow | None:
    """The settlement that was closed for a node's month, if it was."""
    rows = ShareStatement.objects.visible_to(actor).filter(org_id=org_id, month=month_start(month))
    row = rows.first()
    if row is None:
        return None
    return SettlementRow(
        row.id, row.state, row.lines, row.passed_on, row.received, row.sha256, row.dispute
    )


@dataclass(frozen=True, slots=True)
class SchemeRow:
    """A scheme with its steps in words: (party, what it takes)."""

    id: UUID
    org_id: int
    name: str
    product: str
    starts_on: date
    ends_on: date | None
    steps: tuple[tuple[str, str, Decimal, Decimal], ...]


@question
def share_schemes(*, actor: Actor) -> list[SchemeRow]:
    """The schemes that this actor may read, the newest first; percentages as shares."""
    names = {product.code: str(product) for product in Product.objects.all()}
    rows = ShareScheme.objects.prefetch_related("steps").order_by("-starts_on", "org_id")
    return [
        SchemeRow(
            row.id,
            row.org_id,
            row.name,
            names.get(row.product_code, ""),
            row.starts_on,
            row.ends_on,
            tuple(
                (step.get_party_display(), step.get_base_display(), step.percent, step.amount)
                for step in sorted(row.steps.all(), key=lambda step: step.position)
            ),
        )
        for row in rows
    ]
