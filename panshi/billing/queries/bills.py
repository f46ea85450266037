"""Questions about bills: the list, one bill with all that hangs on it, a customer's bills."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection

from panshi.billing.models import Allocation, Bill, BillKind, BillLine
from panshi.billing.queries.charges import Charge, reckoned
from panshi.crm import queries as crm
from panshi.fleet import queries as fleet
from panshi.kit.money import ZERO
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.ledger import queries as ledger
from panshi.ledger.queries import EntryCard

EXACT_UP_TO: Final = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class BillRow:
    """A bill in a list; `standing` is DRAFT, OPEN, OVERDUE, PAID, WRITTEN_OFF, CREDIT or
    DISCARDED."""

    id: UUID
    number: str
    org_id: int
    kind: str
    standing: str
    customer_id: UUID
    customer_name: str
    vehicle_id: UUID | None
    plate: str
    city: str
    period_from: date | None
    period_to: date | None
    due_on: date
    total: Decimal
    open_amount: Decimal | None

    @property
    def last_day(self) -> date | None:
        return self.period_to and self.period_to - timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class BillPage:
    """A page of bills; the sums go over the whole filter, and are None beyond 50,000 bills."""

    rows: tuple[BillRow, ...]
    total: int
    about: bool
    sum_total: Decimal | None
    sum_open: Decimal | None
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRow:
    id: UUID
    position: int
    product: str
    words: str
    plate: str
    service_from: date | None
    service_to: date | None
    quantity: Decimal
    unit_price: Decimal
    relieved: Decimal
    gross: Decimal
    vat_rate: Decimal
    vat: Decimal
    net: Decimal

    @property
    def last_day(self) -> date | None:
        return self.service_to and self.service_to - timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledRow:
    """What closed a part of a bill: PAYMENT, CREDIT, DEPOSIT or WRITE_OFF."""

    origin: str
    origin_id: UUID
    words: str
    amount: Decimal
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class BillCard:
    """A bill; `reckoned` says how the amount of a part of a period came about."""

    id: UUID
    number: str
    org_id: int
    kind: str
    state: str
    standing: str
    customer_id: UUID
    customer_name: str
    vehicle_id: UUID | None
    plate: str
    source_kind: str
    source_id: UUID
    city: str
    period_from: date | None
    period_to: date | None
    due_on: date
    issued_on: date | None
    drafted_at: datetime
    settled_on: date | None
    total: Decimal
    vat: Decimal
    net: Decimal
    open_amount: Decimal
    reason: str
    credits_id: UUID | None
    reckoned: Charge | None
    lines: tuple[LineRow, ...]
    settled: tuple[SettledRow, ...]
    entries: tuple[EntryCard, ...]

    @property
    def last_day(self) -> date | None:
        return self.period_to and self.period_to - timedelta(days=1)


_STANDING: Final = """
CASE WHEN b.kind = 'CREDIT' THEN 'CREDIT' WHEN b.state <> 'ISSUED' THEN b.state
    WHEN w.open_amount = 0 AND w.written_off > 0 THEN 'WRITTEN_OFF'
    WHEN w.open_amount = 0 THEN 'PAID' WHEN b.due_on < %(today)s THEN 'OVERDUE' ELSE 'OPEN' END
"""
_FROM: Final = "FROM billing_bill b LEFT JOIN billing_billbalance w ON w.bill_id = b.id"
_CONDITIONS: Final = {
    "org": "b.org_id = %(org)s",
    "number": "b.number LIKE %(number)s",
    "kind": "b.kind = %(kind)s",
    "city": "b.city = %(city)s",
    "since": "b.due_on >= %(since)s",
    "until": "b.due_on <= %(until)s",
    "customer": "b.customer_id = %(customer)s",
}
_STANDINGS: Final = {
    "DRAFT": "b.state = 'DRAFT'",
    "DISCARDED": "b.state = 'DISCARDED'",
    "CREDIT": "b.kind = 'CREDIT'",
    "PAID": "b.state = 'ISSUED' AND w.open_amount = 0 AND w.written_off = 0",
    "WRITTEN_OFF": "w.open_amount = 0 AND w.written_off > 0",
    "OPEN": "w.open_amount > 0 AND w.due_on >= %(today)s",
    "OVERDUE": "w.open_amount > 0 AND w.due_on < %(today)s",
}


@question
def bill_rows(
    *,
    today: date,
    actor: Actor,
    number: str = "",
    kind: str = "",
    standing: str = "",
    city: str = "",
    since: date | None = None,
    until: date | None = None,
    customer_id: UUID | None = None,
    after: str = "",
    limit: int = 20,
) -> BillPage:
    """Bills by due day, the latest first; `after` is the cursor of the page before."""
    values: dict[str, Any] = {
        "today": today,
        "org": actor.single_org_id if actor.customer_id is None else None,
        "number": f"{number.replace('%', '').upper()}%" if number else None,
        "kind": kind or None,
        "city": city or None,
        "since": since,
        "until": until,
        "customer": customer_id,
        "limit": limit + 1,
        "exact": EXACT_UP_TO + 1,
    }
    wanted = [words for key, words in _CONDITIONS.items() if values[key] is not None]
    if standing in _STANDINGS:
        wanted.append(_STANDINGS[standing])
    elif standing == "":
        wanted.append("b.state <> 'DISCARDED'")
    where = " AND ".join(wanted) or "true"
    page = where
    cursor_day, _mark, cursor_id = after.partition("_")
    if cursor_id:
        values["after_day"], values["after_id"] = cursor_day, cursor_id
        page += " AND (b.due_on, b.id) < (%(after_day)s::date, %(after_id)s::uuid)"
    with connection.cursor() as cursor:
        counted, all_of_them = _FROM if "w." in where else "FROM billing_bill b", where
        summed = _FROM
        if standing in ("OPEN", "OVERDUE") and not number:
            # What is owed is few balances, and they carry all that the filters name.
            counted = summed = "FROM billing_billbalance w"
            all_of_them = where.replace("b.", "w.")
        apart = standing == "" and not number
        cursor.execute(
            f"SELECT count(*) FROM (SELECT {counted} WHERE {all_of_them} LIMIT %(exact)s) s", values
        )
        (total,) = cursor.fetchone()
        about = total > EXACT_UP_TO
        sum_total = sum_open = None
        if apart and not about:
            # What is open is few balances; to join them to every bill would cost more than all.
            owed = where.replace("b.state <> 'DISCARDED'", "w.open_amount > 0").replace("b.", "w.")
            cursor.execute(
                f"SELECT (SELECT COALESCE(sum(b.total), 0) {counted} WHERE {where}),"
                f" (SELECT COALESCE(sum(open_amount), 0) FROM billing_billbalance w WHERE {owed})",
                values,
            )
            sum_total, sum_open = cursor.fetchone()
        elif not about:
            cursor.execute(
                f"SELECT COALESCE(sum({'w' if summed != _FROM else 'b'}.total), 0),"
                f" COALESCE(sum(w.open_amount), 0) {summed} WHERE {all_of_them}",
                values,
            )
            sum_total, sum_open = cursor.fetchone()
        cursor.execute(
            "SELECT b.id, b.number, b.org_id, b.kind, b.customer_id, b.vehicle_id, b.city,"
            f" b.period_from, b.period_to, b.due_on, b.total, w.open_amount, {_STANDING}"
            f" {_FROM} WHERE {page} ORDER BY b.due_on DESC, b.id DESC LIMIT %(limit)s",
            values,
        )
        found = cursor.fetchall()
    more = len(found) > limit
    found = found[:limit]
    names = customer_names([row[4] for row in found], actor)
    plates = _plates([row[5] for row in found], actor)
    return BillPage(
        rows=tuple(
            BillRow(
                id=row[0],
                number=row[1] or "",
                org_id=row[2],
                kind=row[3],
                customer_id=row[4],
                customer_name=names.get(row[4], ""),
                vehicle_id=row[5],
                plate=plates.get(row[5], ""),
                city=row[6],
                period_from=row[7],
                period_to=row[8],
                due_on=row[9],
                total=row[10],
                open_amount=row[11],
                standing=row[12],
            )
            for row in found
        ),
        total=min(total, EXACT_UP_TO),
        about=about,
        sum_total=sum_total,
        sum_open=sum_open,
        next=f"{found[-1][9]}_{found[-1][0]}" if more else "",
    )


def customer_names(customer_ids: Collection[UUID], actor: Actor) -> dict[UUID, str]:
    """The names of customers by id; those that the actor does not see are left out."""
    if actor.customer_id is not None:
        return {}  # A customer reads under the portal's role, and knows their own name.
    return crm.names_of(customer_ids, actor)


def _plates(vehicle_ids: Sequence[UUID | None], actor: Actor) -> dict[UUID | None, str]:
    wanted = tuple({vehicle_id for vehicle_id in vehicle_ids if vehicle_id is not None})
    if not wanted or actor.customer_id is not None:
        return {}
    refs = fleet.vehicle_refs(vehicle_ids=wanted, actor=actor)
    return {vehicle_id: ref.plate or ref.vin for vehicle_id, ref in refs.items()}


def _standing(bill: Bill, open_amount: Decimal, written_off: Decimal, today: date) -> str:
    if bill.kind == BillKind.CREDIT:
        return "CREDIT"
    if bill.issued_on is None:
        return bill.state
    if open_amount == 0:
        return "WRITTEN_OFF" if written_off else "PAID"
    return "OVERDUE" if bill.due_on < today else "OPEN"


def _settled(bill: Bill) -> tuple[SettledRow, ...]:
    rows = Allocation.objects.filter(bill=bill).select_related("payment", "credit")
    answer = []
    for row in rows.order_by("on", "id"):
        if row.payment is not None:
            origin, origin_id, words = "PAYMENT", row.payment.id, row.payment.merchant_no
        elif row.credit is not None:
            origin, origin_id, words = "CREDIT", row.credit.id, row.credit.number or ""
        elif row.write_off_id is not None:
            origin, origin_id, words = "WRITE_OFF", row.write_off_id, ""
        else:
            assert row.deposit_id is not None
            origin, origin_id, words = "DEPOSIT", row.deposit_id, ""
        answer.append(
            SettledRow(
                origin=origin, origin_id=origin_id, words=words, amount=row.amount, on=row.on
            )
        )
    return tuple(answer)


@question
def bill_card(*, bill_id: UUID, today: date, actor: Actor) -> BillCard:
    """One bill with its lines, what settled it and, for staff, its entries in the ledger."""
    bill = Bill.objects.visible_to(actor).select_related("balance").get(id=bill_id)
    lines = list(BillLine.objects.filter(bill=bill).select_related("product").order_by("position"))
    balance = getattr(bill, "balance", None)
    open_amount = balance.open_amount if balance is not None else ZERO
    names = customer_names([bill.customer_id], actor)
    plates = _plates([bill.vehicle_id, *(line.vehicle_id for line in lines)], actor)
    settled = _settled(bill)
    entries: list[EntryCard] = []
    if actor.customer_id is None:
        sources = tuple(Allocation.objects.filter(bill=bill).values_list("id", flat=True))
        entries = ledger.entries_of_sources(source_ids=(bill.id, *sources), actor=actor)
    return BillCard(
        id=bill.id,
        number=bill.number or "",
        org_id=bill.org_id,
        kind=bill.kind,
        state=bill.state,
        standing=_standing(bill, open_amount, balance.written_off if balance else ZERO, today),
        customer_id=bill.customer_id,
        customer_name=names.get(bill.customer_id, ""),
        vehicle_id=bill.vehicle_id,
        plate=plates.get(bill.vehicle_id, ""),
        source_kind=bill.source_kind,
        source_id=bill.source_id,
        city=bill.city,
        period_from=bill.period_from,
        period_to=bill.period_to,
        due_on=bill.due_on,
        issued_on=bill.issued_on,
        drafted_at=bill.drafted_at,
        settled_on=balance.settled_on if balance is not None else None,
        total=bill.total,
        vat=sum((line.vat for line in lines), ZERO),
        net=sum((line.net for line in lines), ZERO),
        open_amount=open_amount,
        reason=bill.reason,
        credits_id=bill.credits_id,
        reckoned=reckoned(bill),
        lines=tuple(
            LineRow(
                id=line.id,
                position=line.position,
                product=str(line.product),
                words=line.told,
                plate=plates.get(line.vehicle_id, ""),
                service_from=line.service_from,
                service_to=line.service_to,
                quantity=line.quantity,
                unit_price=line.unit_price,
                relieved=line.relieved,
                gross=line.gross,
                vat_rate=line.vat_rate,
                vat=line.vat,
                net=line.net,
            )
            for line in lines
        ),
        settled=settled,
        entries=tuple(entries),
    )


@question
def customer_bills(
    *, customer_id: UUID, today: date, actor: Actor, limit: int = 100
) -> tuple[BillRow, ...]:
    """A customer's issued bills, the latest due first; for staff and for the customer."""
    actor.must_be(customer_id)
    page = bill_rows(today=today, customer_id=customer_id, limit=limit, actor=actor)
    return tuple(row for row in page.rows if row.number)
