"""Questions about money: receivables by age, the board of a month, a customer's statement."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection

from panshi.billing.models import ProductLine
from panshi.billing.queries.earnings import BOOKED_AS, earned_sums
from panshi.kit.clock import add_months, month_start
from panshi.kit.money import ZERO
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.ledger import queries as ledger
from panshi.org import queries as org

AGES: Final = ((0, 30), (31, 60), (61, 90), (91, 180), (181, None))
_REVENUE: Final = {
    "6001.rental": ProductLine.RENTAL,
    "6001.service": ProductLine.SERVICE,
    "6001.smart": ProductLine.SMART,
    "6051": ProductLine.OTHER,
}
_SHARED: Final = "6001.share"
_COSTS: Final = (
    "6401.dep", "6401.share", "6401.service", "6401.energy", "6401.insurance",
    "6401.maintenance", "6401.other", "6401.parts",
)  # fmt: skip
_RECEIVABLE: Final = "1122"
_CASH: Final = ("1002", "1012.wx", "1012.ali", "1012.sim")
_DEPOSITS: Final = ("2241.01", "2241.09")
_MOVED: Final = (*_REVENUE, _SHARED, *_COSTS, *_CASH)
_SHOWN: Final = 12
_STOCK: Final = ("1405",)
_PREPAID: Final = ("1123",)
_PAYABLE: Final = ("2202", "2202.est")
_STANDS: Final = (
    dict.fromkeys(_DEPOSITS, ("DEPOSITS", -1))
    | dict.fromkeys(_CASH, ("CASH", 1))
    | dict.fromkeys(_STOCK, ("STOCK", 1))
    | dict.fromkeys(_PREPAID, ("PREPAID", 1))
    | dict.fromkeys(_PAYABLE, ("PAYABLE", -1))
    | {_RECEIVABLE: ("RECEIVABLE", 1)}
)
"""What stands at a month's end: the accounts of each figure and its sign."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeRow:
    """Open charges of one operator by days past due; `not_due` is not late yet."""

    org_id: int
    org_name: str
    city: str
    not_due: Decimal
    to_30: Decimal
    to_60: Decimal
    to_90: Decimal
    to_180: Decimal
    over_180: Decimal
    total: Decimal

    @property
    def overdue(self) -> Decimal:
        return self.total - self.not_due


_AGES_SQL: Final = """
SELECT org_id, city,
    COALESCE(sum(open_amount) FILTER (WHERE late <= 0), 0),
    COALESCE(sum(open_amount) FILTER (WHERE late BETWEEN 1 AND 30), 0),
    COALESCE(sum(open_amount) FILTER (WHERE late BETWEEN 31 AND 60), 0),
    COALESCE(sum(open_amount) FILTER (WHERE late BETWEEN 61 AND 90), 0),
    COALESCE(sum(open_amount) FILTER (WHERE late BETWEEN 91 AND 180), 0),
    COALESCE(sum(open_amount) FILTER (WHERE late > 180), 0),
    sum(open_amount)
FROM (
    SELECT org_id, city, open_amount, %(today)s::date - due_on AS late
    FROM billing_billbalance
    WHERE open_amount > 0 AND kind = 'CHARGE' AND (%(org)s::int IS NULL OR org_id = %(org)s)
) b GROUP BY org_id, city ORDER BY sum(open_amount) DESC
"""


def _org_names(actor: Actor) -> dict[int, str]:
    return {node.id: node.name for node in org.nodes(actor=actor)}


@question
def receivables_by_age(*, today: date, actor: Actor) -> tuple[AgeRow, ...]:
    """What is open per operator and city, by how late it is; the largest first."""
    names = _org_names(actor)
    with connection.cursor() as cursor:
        cursor.execute(_AGES_SQL, {"today": today, "org": actor.single_org_id})
        return tuple(
            AgeRow(
                org_id=org_id,
                org_name=names.get(org_id, ""),
                city=city,
                not_due=figures[0],
                to_30=figures[1],
                to_60=figures[2],
                to_90=figures[3],
                to_180=figures[4],
                over_180=figures[5],
                total=figures[6],
            )
            for org_id, city, *figures in cursor.fetchall()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardRow:
    """A month's money of one operator in one city, in CNY; `revenue` is net of VAT.

    `due` are the charges that fell due in the month, `collected` what is paid of them by now.
    `not_booked` is the part of the revenue that is earned and waits for the month's end. `received`
    is what money accounts gained in the month, `cash` what stands on them at its end.
    """

    org_id: int
    org_name: str
    city: str
    rental: Decimal
    service: Decimal
    smart: Decimal
    other: Decimal
    not_booked: Decimal
    shared: Decimal
    cost: Decimal
    received: Decimal
    cash: Decimal
    due: Decimal
    collected: Decimal
    receivable: Decimal
    deposits: Decimal
    stock: Decimal = ZERO
    prepaid: Decimal = ZERO
    payable: Decimal = ZERO

    @property
    def revenue(self) -> Decimal:
        return self.rental + self.service + self.smart + self.other

    @property
    def margin(self) -> Decimal:
        """Revenue and shares received, less shares paid, service, and what vehicles cost."""
        return self.revenue + self.shared - self.cost

    @property
    def collection_rate(self) -> Decimal | None:
        return self.collected / self.due if self.due else None


@dataclass(frozen=True, slots=True, kw_only=True)
class FinanceBoard:
    """`months` are the twelve up to the board's own, each as the total of its own board."""

    month: date
    rows: tuple[BoardRow, ...]
    total: BoardRow
    months: tuple[tuple[date, BoardRow], ...]


@question
def receivables_before(*, until: date, actor: Actor) -> dict[tuple[int, str], Decimal]:
    """What customers owed at the end of the day before, deposits aside, by book and city."""
    rows = ledger.balances(accounts=(_RECEIVABLE,), until=until, actor=actor)
    return {(row.org_id, row.city): row.amount for row in rows}


_DUE_SQL: Final = """
SELECT org_id, city, sum(total), sum(total - open_amount - written_off) FROM billing_billbalance
WHERE kind = 'CHARGE' AND due_on >= %(since)s AND due_on < %(until)s
    AND (%(org)s::int IS NULL OR org_id = %(org)s)
GROUP BY org_id, city
"""


@question
def finance_board(*, month: date, today: date, actor: Actor) -> FinanceBoard:
    """Revenue by line, money received, collection, receivables and deposits of a month.

    All but the collection comes from the ledger's postings, so each figure opens its entries; in a
    month that still runs, what bills paid in advance have earned up to `today` is added.
    """
    since = month_start(month)
    until = add_months(since, 1)
    cells: dict[tuple[int, str], dict[str, Decimal]] = defaultdict(
        lambda: defaultdict(lambda: ZERO)
    )
    for row in ledger.balances(accounts=_MOVED, since=since, until=until, actor=actor):
        _add(cells[row.org_id, row.city], row.account, row.amount)
    for row in ledger.balances(accounts=tuple(_STANDS), until=until, actor=actor):
        key, sign = _STANDS[row.account]
        cells[row.org_id, row.city][key] += sign * row.amount
    if since <= today < until:
        for (org_id, city, account), amount in _not_booked(since, today, until, actor).items():
            cells[org_id, city][_REVENUE[account].value] += amount
            cells[org_id, city]["NOT_BOOKED"] += amount
    with connection.cursor() as cursor:
        cursor.execute(_DUE_SQL, {"since": since, "until": until, "org": actor.single_org_id})
        for org_id, city, due, collected in cursor.fetchall():
            cells[org_id, city] |= {"DUE": due, "COLLECTED": collected}
    names = _org_names(actor)
    rows = tuple(
        _board_row(org_id, names.get(org_id, ""), city, figures)
        for (org_id, city), figures in sorted(cells.items())
    )
    sums: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for figures in cells.values():
        for key, amount in figures.items():
            sums[key] += amount
    total = _board_row(0, "", "", sums)
    before = _months_before(since, actor)
    return FinanceBoard(month=since, rows=rows, total=total, months=(*before, (since, total)))


def _add(figures: dict[str, Decimal], account: str, amount: Decimal) -> None:
    """Count what moved on an account to the figure that it belongs to."""
    if account in _CASH:
        figures["RECEIVED"] += amount
    elif account in _COSTS:
        figures["COST"] += amount
    else:
        figures[_REVENUE[account].value if account in _REVENUE else "SHARED"] -= amount


def _months_before(month: date, actor: Actor) -> list[tuple[date, BoardRow]]:
    """What was posted in each of the eleven months before; those before the first are left out."""
    months: dict[date, dict[str, Decimal]] = defaultdict(lambda: defaultdict(lambda: ZERO))
    since = add_months(month, 1 - _SHOWN)
    for day, account, amount in ledger.month_sums(
        accounts=_MOVED, since=since, until=month, actor=actor
    ):
        _add(months[day], account, amount)
    first = min(months, default=month)
    shown = [add_months(since, n) for n in range(_SHOWN - 1)]
    return [(day, _board_row(0, "", "", months[day])) for day in shown if day >= first]


def _not_booked(
    since: date, today: date, until: date, actor: Actor
) -> dict[tuple[int, str, str], Decimal]:
    """Earned up to today less what a recognition in this month has booked already."""
    left: dict[tuple[int, str, str], Decimal] = defaultdict(lambda: ZERO)
    for earned in earned_sums(since=since, until=today + timedelta(1), actor=actor):
        left[earned.org_id, earned.city, earned.account] += earned.amount
    for booked in ledger.balances(
        accounts=tuple(_REVENUE), since=since, until=until, kind=BOOKED_AS, actor=actor
    ):
        left[booked.org_id, booked.city, booked.account] += booked.amount
    return left


def _board_row(org_id: int, name: str, city: str, figures: dict[str, Decimal]) -> BoardRow:
    return BoardRow(
        org_id=org_id,
        org_name=name,
        city=city,
        rental=figures["RENTAL"],
        service=figures["SERVICE"],
        smart=figures["SMART"],
        other=figures["OTHER"],
        not_booked=figures["NOT_BOOKED"],
        shared=figures["SHARED"],
        cost=figures["COST"],
        received=figures["RECEIVED"],
        cash=figures["CASH"],
        due=figures["DUE"],
        collected=figures["COLLECTED"],
        receivable=figures["RECEIVABLE"],
        deposits=figures["DEPOSITS"],
        stock=figures["STOCK"],
        prepaid=figures["PREPAID"],
        payable=figures["PAYABLE"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """A move on a customer's account: a bill adds, a credit note or a payment takes away.

    A refund adds from the day it is asked for, and takes away again when it is declined or fails.
    """

    on: date
    kind: str
    document_id: UUID
    words: str
    plate_vehicle_id: UUID | None
    amount: Decimal
    balance: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A customer's month; `closing` equals the ledger's balance of the customer.

    `settled` is what was credited and paid less what went back.
    """

    customer_id: UUID
    month: date
    opening: Decimal
    billed: Decimal
    settled: Decimal
    closing: Decimal
    lines: tuple[StatementLine, ...]


_MOVES: Final = """
SELECT issued_on AS day, kind, id, number, vehicle_id, total FROM billing_bill
WHERE customer_id = %(customer)s AND state = 'ISSUED' AND kind <> 'DEPOSIT'
    AND issued_on < %(until)s
UNION ALL
SELECT (received_at AT TIME ZONE 'Asia/Shanghai')::date, 'PAYMENT', p.id, p.merchant_no, NULL,
    COALESCE((SELECT sum(a.amount) FROM billing_allocation a JOIN billing_bill b ON b.id = a.bill_id
        WHERE a.payment_id = p.id AND b.kind = 'DEPOSIT'), 0) - p.amount
FROM billing_payment p
WHERE customer_id = %(customer)s AND state IN ('SUCCEEDED', 'PART_REFUNDED', 'REFUNDED')
    AND (received_at AT TIME ZONE 'Asia/Shanghai')::date < %(until)s
    AND NOT EXISTS (SELECT FROM billing_openingreceipt o
        WHERE o.payment_id = p.id AND o.taken_back_at IS NOT NULL)
UNION ALL
SELECT (m.at AT TIME ZONE 'Asia/Shanghai')::date, 'REFUND', m.refund_id, m.number, NULL,
    CASE WHEN m.state IN ('DECLINED', 'FAILED') THEN -r.amount ELSE r.amount END
FROM billing_refundmove m JOIN billing_refund r ON r.id = m.refund_id
WHERE r.customer_id = %(customer)s AND r.deposit_id IS NULL
    AND (m.at AT TIME ZONE 'Asia/Shanghai')::date < %(until)s
    AND (m.state IN ('ASKED', 'DECLINED', 'FAILED') OR m.state = 'SENT' AND EXISTS (
        SELECT FROM billing_refundmove f
        WHERE f.refund_id = m.refund_id AND f.state = 'FAILED' AND f.id < m.id))
UNION ALL
SELECT a."on", CASE WHEN deposit_id IS NULL THEN 'WRITE_OFF' ELSE 'DEPOSIT' END, a.id, '', NULL,
    -a.amount
FROM billing_allocation a
WHERE customer_id = %(customer)s AND payment_id IS NULL AND credit_id IS NULL
    AND a."on" < %(until)s
ORDER BY 1, 3
"""


@question
def statement(*, customer_id: UUID, month: date, actor: Actor) -> Statement:
    """What a customer was billed and has paid in a month, from opening to closing balance.

    A balance above zero is owed to the operator; below zero it is the customer's money on account.
    """
    actor.must_be(customer_id)
    since = month_start(month)
    values: dict[str, Any] = {"customer": customer_id, "until": add_months(since, 1)}
    with connection.cursor() as cursor:
        cursor.execute(_MOVES, values)
        moves = cursor.fetchall()
    balance = opening = sum((row[5] for row in moves if row[0] < since), ZERO)
    lines = []
    for on, kind, document_id, words, vehicle_id, amount in moves:
        if on < since or amount == 0:
            continue
        balance += amount
        lines.append(
            StatementLine(
                on=on,
                kind=kind,
                document_id=document_id,
                words=words or "",
                plate_vehicle_id=vehicle_id,
                amount=amount,
                balance=balance,
            )
        )
    billed = sum((x.amount for x in lines if x.amount > 0 and x.kind != "REFUND"), ZERO)
    return Statement(
        customer_id=customer_id,
        month=since,
        opening=opening,
        billed=billed,
        settled=opening + billed - balance,
        closing=balance,
        lines=tuple(lines),
    )


FIGURES: Final = {
    "rental": (("6001.rental",), -1, False),
    "service": (("6001.service",), -1, False),
    "smart": (("6001.smart",), -1, False),
    "other": (("6051",), -1, False),
    "revenue": (tuple(_REVENUE), -1, False),
    "shared": ((_SHARED,), -1, False),
    "cost": (_COSTS, 1, False),
    "received": (_CASH, 1, False),
    "cash": (_CASH, 1, True),
    "receivable": ((_RECEIVABLE,), 1, True),
    "deposits": (_DEPOSITS, -1, True),
    "stock": (_STOCK, 1, True),
    "prepaid": (_PREPAID, 1, True),
    "payable": (_PAYABLE, -1, True),
}
"""Each figure of the board: its accounts, its sign, and whether it stands since the beginning."""
_BEGINNING: Final = date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class Behind:
    """The postings that make a figure, a page of them; `amount` is the figure they all sum to.

    `not_booked` is earned besides and waits for the month's end.
    """

    rows: tuple[ledger.PostingRow, ...]
    total: int
    amount: Decimal
    sign: int
    not_booked: Decimal


@question
def postings_behind(
    *,
    figure: str,
    month: date,
    today: date,
    actor: Actor,
    org_id: int | None = None,
    city: str = "",
    limit: int = 50,
    offset: int = 0,
) -> Behind:
    """The postings behind a figure of the board, of all books or one, newest first.

    Raises KeyError for a figure that the board does not have.
    """
    accounts, sign, stands = FIGURES[figure]
    since = month_start(month)
    until = add_months(since, 1)
    page = ledger.posting_page(
        accounts=accounts,
        since=_BEGINNING if stands else since,
        until=until,
        city=city,
        org_id=org_id,
        limit=limit,
        offset=offset,
        actor=actor,
    )
    earned = _not_booked(since, today, until, actor) if since <= today < until else {}
    waiting = sum(
        (
            amount
            for (org, place, account), amount in earned.items()
            if account in accounts and org_id in (None, org) and city in ("", place)
        ),
        ZERO,
    )
    return Behind(page.rows, page.total, sign * page.amount, sign, waiting)
