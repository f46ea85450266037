"""Questions about e-invoices and financed receivables."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from panshi.billing.models import (
    Bill,
    BillBalance,
    BillKind,
    BillState,
    EInvoice,
    EInvoiceLine,
    Financing,
)
from panshi.billing.queries.bills import customer_names
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceRow:
    id: UUID
    number: str
    customer_id: UUID
    customer_name: str
    buyer_name: str
    state: str
    is_red: bool
    asked_at: datetime
    issued_at: datetime | None
    total: Decimal
    reason: str


@dataclass(frozen=True, slots=True)
class InvoicePage:
    rows: tuple[InvoiceRow, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceLineRow:
    bill_id: UUID
    words: str
    vat_rate: Decimal
    net: Decimal
    vat: Decimal
    gross: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceCard:
    """An invoice with its lines; `red_id` is the red letter that takes it back, if any."""

    id: UUID
    number: str
    customer_id: UUID
    customer_name: str
    buyer_name: str
    buyer_tax_no: str
    email: str
    state: str
    attempt: int
    reason: str
    asked_at: datetime
    submitted_at: datetime | None
    issued_at: datetime | None
    net: Decimal
    vat: Decimal
    total: Decimal
    red_of_id: UUID | None
    red_id: UUID | None
    lines: tuple[InvoiceLineRow, ...]


def _rows(invoices: list[EInvoice], actor: Actor) -> tuple[InvoiceRow, ...]:
    ids = tuple({invoice.customer_id for invoice in invoices})
    names = customer_names(ids, actor) if ids else {}
    return tuple(
        InvoiceRow(
            id=one.id,
            number=one.number or "",
            customer_id=one.customer_id,
            customer_name=names.get(one.customer_id, ""),
            buyer_name=one.buyer_name,
            state=one.state,
            is_red=one.red_of_id is not None,
            asked_at=one.asked_at,
            issued_at=one.issued_at,
            total=one.total,
            reason=one.reason,
        )
        for one in invoices
    )


@question
def invoice_page(
    *, actor: Actor, state: str = "", number: str = "", limit: int = 20, offset: int = 0
) -> InvoicePage:
    """Invoices and red letters, the newest request first."""
    rows = EInvoice.objects.visible_to(actor)
    if state:
        rows = rows.filter(state=state)
    if number:
        rows = rows.filter(number__startswith=number)
    found = list(rows.order_by("-asked_at", "-id")[offset : offset + limit])
    return InvoicePage(_rows(found, actor), rows.count())


@question
def customer_invoices(*, customer_id: UUID, actor: Actor, limit: int = 50) -> list[InvoiceRow]:
    """A customer's invoices, the newest request first."""
    actor.must_be(customer_id)
    rows = EInvoice.objects.visible_to(actor).filter(customer_id=customer_id)
    return list(_rows(list(rows.order_by("-asked_at", "-id")[:limit]), actor))


@question
def invoice_card(*, invoice_id: UUID, actor: Actor) -> InvoiceCard:
    """One invoice with its lines."""
    one = EInvoice.objects.visible_to(actor).get(id=invoice_id)
    row = _rows([one], actor)[0]
    red = EInvoice.objects.filter(red_of=one).exclude(state="REJECTED").first()
    return InvoiceCard(
        id=one.id,
        number=one.number or "",
        customer_id=one.customer_id,
        customer_name=row.customer_name,
        buyer_name=one.buyer_name,
        buyer_tax_no=one.buyer_tax_no,
        email=one.email,
        state=one.state,
        attempt=one.attempt,
        reason=one.reason,
        asked_at=one.asked_at,
        submitted_at=one.submitted_at,
        issued_at=one.issued_at,
        net=one.net,
        vat=one.vat,
        total=one.total,
        red_of_id=one.red_of_id,
        red_id=red.id if red else None,
        lines=tuple(
            InvoiceLineRow(
                bill_id=line.bill_id,
                words=line.words,
                vat_rate=line.vat_rate,
                net=line.net,
                vat=line.vat,
                gross=line.gross,
            )
            for line in one.lines.order_by("id")
        ),
    )


@dataclass(frozen=True, slots=True)
class InvoiceableBill:
    """A paid bill of a customer on which no invoice was asked for yet; CNY, tax inside."""

    id: UUID
    number: str
    due_on: date
    total: Decimal


@question
def invoiceable_bills(
    *, customer_id: UUID, actor: Actor, limit: int = 100
) -> list[InvoiceableBill]:
    """What a customer may ask an invoice for, the latest first."""
    actor.must_be(customer_id)
    paid = BillBalance.objects.visible_to(actor).filter(
        customer_id=customer_id, kind=BillKind.CHARGE, open_amount=0, total__gt=0
    )
    asked = EInvoiceLine.objects.visible_to(actor).filter(
        customer_id=customer_id, taken_back=False, gross__gt=0
    )
    rows = Bill.objects.visible_to(actor).filter(
        id__in=paid.values("bill_id"), state=BillState.ISSUED
    )
    rows = rows.exclude(id__in=asked.values("bill_id")).order_by("-due_on", "-id")[:limit]
    return [InvoiceableBill(b.id, b.number or "", b.due_on, b.total) for b in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class FinancingRow:
    batch_id: UUID
    bill_id: UUID
    bill_number: str
    funder: str
    recourse: str
    open_amount: Decimal
    advance: Decimal
    fee: Decimal
    starts_on: date
    ends_on: date
    repaid_on: date | None


@question
def financings(*, actor: Actor, limit: int = 200) -> list[FinancingRow]:
    """Bills that were financed, the latest first."""
    rows = list(
        Financing.objects.visible_to(actor).order_by("-starts_on", "batch_id", "id")[:limit]
    )
    numbers = dict(
        Bill.objects.filter(id__in=[r.bill_id for r in rows]).values_list("id", "number")
    )
    return [
        FinancingRow(
            batch_id=row.batch_id,
            bill_id=row.bill_id,
            bill_number=numbers.get(row.bill_id) or "",
            funder=row.funder,
            recourse=row.get_recourse_display(),
            open_amount=row.open_amount,
            advance=row.advance,
            fee=row.fee,
            starts_on=row.starts_on,
            ends_on=row.ends_on,
            repaid_on=row.repaid_on,
        )
        for row in rows
    ]


@question
def bills_by_number(*, numbers: tuple[str, ...], actor: Actor) -> dict[str, UUID]:
    """Issued bills by their numbers; those this actor does not see are left out."""
    rows = Bill.objects.visible_to(actor).filter(number__in=numbers, state=BillState.ISSUED)
    return {number: bill_id for number, bill_id in rows.values_list("number", "id") if number}
