"""Questions about what stock is worth, and what suppliers ask for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import F, OuterRef, Subquery, Sum

from panshi.kit import files
from panshi.kit.money import ZERO, to_fen
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.org import queries as org
from panshi.supply.models import (
    OUTSIDE,
    LocationKind,
    MovementReason,
    StockMovement,
    SupplierCredit,
    SupplierInvoice,
    SupplierInvoiceLine,
    SupplierInvoiceState,
    SupplierRefund,
    WorthCause,
    WorthChange,
)
from panshi.supply.queries.due import owed_back

_ORDERS: Final = frozenset({"issued_on", "net"})


@dataclass(frozen=True, slots=True)
class WorthRow:
    """A part in one book: pieces in its places, and what they are worth, net, in CNY."""

    org_id: int
    org_name: str
    item_code: str
    name_zh: str
    name_en: str
    on_hand: int
    value: Decimal

    @property
    def average(self) -> Decimal | None:
        """What one piece is worth, rounded."""
        return to_fen(self.value / self.on_hand) if self.on_hand else None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorthPage:
    """A page of parts; `total`, `value` and `books` are those of all that lie anywhere."""

    rows: tuple[WorthRow, ...]
    total: int
    value: Decimal
    books: int


# Only the parts of the page are named.
_LYING: Final = """
WITH lying AS MATERIALIZED (
    SELECT b.org_id, b.item_id, sum(b.on_hand) AS pieces, COALESCE(min(w.value), 0) AS value
    FROM supply_stockbalance b JOIN supply_location l ON l.id = b.location_id
    LEFT JOIN supply_partworth w ON w.org_id = b.org_id AND w.item_id = b.item_id
    WHERE b.on_hand > 0 AND l.kind <> ALL(%(outside)s)
        AND (%(org)s::int IS NULL OR b.org_id = %(org)s)
    GROUP BY b.org_id, b.item_id
)
"""
_WORTH: Final = f"""{_LYING}
SELECT p.org_id, n.name, i.code, i.name_zh, i.name_en, p.pieces, p.value, t.*
FROM (SELECT count(*), COALESCE(sum(value), 0), count(DISTINCT org_id) FROM lying) t
LEFT JOIN (
    SELECT lying.*, item.code FROM lying JOIN supply_item item ON item.id = lying.item_id
    ORDER BY value DESC, code, org_id LIMIT %(limit)s OFFSET %(offset)s
) p ON true LEFT JOIN supply_item i ON i.id = p.item_id LEFT JOIN org_orgnode n ON n.id = p.org_id
ORDER BY p.value DESC, p.code, p.org_id
"""
_BLANK: Final = f"""{_LYING}
SELECT i.code, i.name_zh FROM lying JOIN supply_item i ON i.id = lying.item_id
WHERE lying.value = 0 ORDER BY i.code
"""
_OUTSIDE: Final = [str(kind) for kind in OUTSIDE]


@question
def stock_worth(*, actor: Actor, limit: int = 100, offset: int = 0) -> WorthPage:
    """What lies in all places by book and part, the dearest first; those worth nothing last."""
    with connection.cursor() as cursor:
        cursor.execute(
            _WORTH,
            {
                "outside": _OUTSIDE,
                "org": actor.single_org_id,
                "limit": limit,
                "offset": offset,
            },
        )
        found = cursor.fetchall()
    total, value, books = found[0][7:]
    return WorthPage(
        rows=tuple(WorthRow(*row[:7]) for row in found if row[0] is not None),
        total=total,
        value=value,
        books=books,
    )


@question
def parts_without_worth(*, org_id: int, actor: Actor) -> list[tuple[str, str]]:
    """Code and Chinese name of the parts that lie in a book's places without a worth."""
    with connection.cursor() as cursor:
        cursor.execute(_BLANK, {"outside": _OUTSIDE, "org": org_id})
        return [(code, name) for code, name in cursor.fetchall()]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptRow:
    """Goods that were received and wait for their invoice; `estimated` is their worth, net."""

    movement_id: UUID
    at: datetime
    supplier: str
    document: str
    item_code: str
    name_zh: str
    place: str
    quantity: int
    unit_price: Decimal | None
    estimated: Decimal


@question
def receipts_to_invoice(
    *, org_id: int, actor: Actor, supplier: str = "", limit: int = 200
) -> list[ReceiptRow]:
    """Receipts of a book that no invoice asked for yet, the oldest first."""
    taken = (
        WorthChange.objects.filter(movement=OuterRef("pk"), cause=WorthCause.MOVED)
        .values("movement")
        .annotate(sum=Sum("amount"))
        .values("sum")
    )
    found = (
        StockMovement.objects.visible_to(actor)
        .filter(org_id=org_id, reason=MovementReason.RECEIPT, source__kind=LocationKind.SUPPLIER)
        .exclude(document="OPENING")
        .exclude(id__in=SupplierInvoiceLine.objects.filter(live=True).values("movement"))
    )
    if supplier:
        found = found.filter(supplier=supplier)
    rows = found.select_related("item", "target").annotate(taken=Subquery(taken))
    return [
        ReceiptRow(
            movement_id=row.id,
            at=row.at,
            supplier=row.supplier,
            document=row.document,
            item_code=row.item.code,
            name_zh=row.item.name_zh,
            place=row.target.name,
            quantity=row.quantity,
            unit_price=row.unit_price,
            estimated=row.taken or ZERO,
        )
        for row in rows.order_by("at", "id")[:limit]
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditRow:
    """What a supplier gave back of a line, in CNY."""

    number: str
    issued_on: date
    item_code: str
    net: Decimal
    vat: Decimal
    reason: str

    @property
    def total(self) -> Decimal:
        return self.net + self.vat


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceLineRow:
    id: UUID
    item_code: str
    name_zh: str
    name_en: str
    quantity: int
    place: str
    estimated: Decimal
    net: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierInvoiceRow:
    """An invoice of a supplier, in CNY; `lines` only on its own page."""

    id: UUID
    org_id: int
    supplier: str
    number: str
    issued_on: date
    net: Decimal
    vat: Decimal
    state: SupplierInvoiceState
    entered_by_id: UUID
    entered_by: str
    entered_at: datetime
    closed_by: str
    closed_at: datetime | None
    paid_on: date | None
    words: str
    has_file: bool
    lines: tuple[InvoiceLineRow, ...] = ()
    owed_back: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        return self.net + self.vat


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierInvoicePage:
    """A page of invoices; the sums are those of all that match and stand."""

    rows: tuple[SupplierInvoiceRow, ...]
    total: int
    net: Decimal
    vat: Decimal


def _rows(
    found: list[SupplierInvoice],
    actor: Actor,
    lines: tuple[InvoiceLineRow, ...] = (),
    owed: Mapping[UUID, Decimal] | None = None,
) -> tuple[SupplierInvoiceRow, ...]:
    people = {row.entered_by_id for row in found} | {row.closed_by_id for row in found}
    ids = tuple(person for person in people if person is not None)
    names = org.names_of(user_ids=ids, actor=actor)
    return tuple(
        SupplierInvoiceRow(
            id=row.id,
            org_id=row.org_id,
            supplier=row.supplier,
            number=row.number,
            issued_on=row.issued_on,
            net=row.net,
            vat=row.vat,
            state=SupplierInvoiceState(row.state),
            entered_by_id=row.entered_by_id,
            entered_by=names.get(row.entered_by_id, ""),
            entered_at=row.entered_at,
            closed_by=names.get(row.closed_by_id, "") if row.closed_by_id else "",
            closed_at=row.closed_at,
            paid_on=row.paid_on,
            words=row.words,
            has_file=row.file_id is not None,
            lines=lines,
            owed_back=(owed or {}).get(row.id, ZERO),
        )
        for row in found
    )


@question
def supplier_invoices(
    *,
    actor: Actor,
    text: str = "",
    state: str = "",
    order_by: str = "-issued_on",
    offset: int = 0,
    limit: int = 50,
) -> SupplierInvoicePage:
    """Invoices of suppliers by day; `text` is a part of the supplier's name or the number.

    Raises ValueError for another order than by day or net amount.
    """
    if order_by.removeprefix("-") not in _ORDERS:
        raise ValueError(f"invoices cannot be ordered by {order_by}")
    given: dict[str, Any] = {"state": state} if state else {}
    found = SupplierInvoice.objects.visible_to(actor).filter(**given)
    if text:
        found = found.filter(supplier__icontains=text) | found.filter(number__icontains=text)
    standing = found.exclude(state=SupplierInvoiceState.CANCELLED)
    sums = standing.aggregate(net=Sum("net"), vat=Sum("vat"))
    return SupplierInvoicePage(
        rows=_rows(list(found.order_by(order_by, "-id")[offset : offset + limit]), actor),
        total=found.count(),
        net=sums["net"] or ZERO,
        vat=sums["vat"] or ZERO,
    )


@question
def supplier_invoice(*, invoice_id: UUID, actor: Actor) -> SupplierInvoiceRow:
    """One invoice: what it asks for and what is owed back. Raises SupplierInvoice.DoesNotExist."""
    row = SupplierInvoice.objects.visible_to(actor).get(id=invoice_id)
    lines = row.lines.select_related("movement__item", "movement__target").order_by("movement_id")
    return _rows(
        [row],
        actor,
        tuple(
            InvoiceLineRow(
                id=line.id,
                item_code=line.movement.item.code,
                name_zh=line.movement.item.name_zh,
                name_en=line.movement.item.name_en,
                quantity=line.movement.quantity,
                place=line.movement.target.name,
                estimated=line.estimated,
                net=line.net,
            )
            for line in lines
        ),
        owed_back([row], actor),
    )[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceFile:
    media_type: str
    content: bytes


@question
def supplier_invoice_file(*, invoice_id: UUID, actor: Actor) -> InvoiceFile:
    """The scan of an invoice. Raises SupplierInvoice.DoesNotExist when there is none."""
    found = SupplierInvoice.objects.visible_to(actor).select_related("file")
    stored = found.get(id=invoice_id, file__isnull=False).file
    assert stored is not None
    return InvoiceFile(media_type=stored.media_type, content=files.read(stored))


@question
def suppliers(*, actor: Actor) -> list[str]:
    """The names of suppliers that were used before."""
    named = StockMovement.objects.visible_to(actor).exclude(supplier="")
    return sorted(set(named.values_list(F("supplier"), flat=True).distinct()))


@question
def supplier_credits(*, invoice_id: UUID, actor: Actor) -> list[CreditRow]:
    """What a supplier gave back of an invoice, the first note first."""
    found = SupplierCredit.objects.visible_to(actor).filter(invoice_id=invoice_id)
    rows = found.select_related("line__movement__item").order_by("issued_on", "id")
    return [
        CreditRow(
            number=row.number,
            issued_on=row.issued_on,
            item_code=row.line.movement.item.code,
            net=row.net,
            vat=row.vat,
            reason=row.reason,
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierRefundRow:
    amount: Decimal
    received_on: date
    reference: str
    entered_by: str


@question
def supplier_refunds(*, invoice_id: UUID, actor: Actor) -> list[SupplierRefundRow]:
    """What a supplier sent back of an invoice, the first first."""
    found = SupplierRefund.objects.visible_to(actor).filter(invoice_id=invoice_id)
    rows = list(found.order_by("received_on", "id"))
    names = org.names_of(user_ids=tuple({row.entered_by_id for row in rows}), actor=actor)
    return [
        SupplierRefundRow(
            amount=row.amount,
            received_on=row.received_on,
            reference=row.reference,
            entered_by=names.get(row.entered_by_id, ""),
        )
        for row in rows
    ]
