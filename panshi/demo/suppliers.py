"""What suppliers of parts ask for: one invoice that was paid, and one that waits.

A part of the paid one is credited, as goods came damaged.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from panshi.demo.founding import SUPPLIER, Operator, somebody_else
from panshi.kit.clock import local_day
from panshi.kit.money import ZERO, to_fen
from panshi.supply import queries
from panshi.supply import services as supply
from panshi.supply.queries import ReceiptRow

VAT: Final = Decimal("0.13")
# Share of what was reckoned that is asked for: as agreed, and a little dearer.
ASKED: Final = (Decimal(1), Decimal("1.02"))
WAITS: Final = 4
CREDITED: Final = Decimal("0.1")


def invoice(operator: Operator, at: datetime) -> None:
    """The parts of the first day were invoiced and paid; the newest invoice waits to be paid."""
    found = queries.receipts_to_invoice(
        org_id=operator.org_id, actor=operator.actor, supplier=SUPPLIER, limit=1_000
    )
    receipts = [row for row in found if row.estimated]
    first = [row for row in receipts if row.document == receipts[0].document]
    later = [row for row in receipts if row.document != receipts[0].document][-WAITS:]
    today = local_day(at)
    for rows, share, days in ((first, ASKED[0], 40), (later, ASKED[1], 6)):
        if not rows:
            continue
        invoice_id = _enter(operator, rows, share, number=f"{today:%Y}{days:06d}", days=days, at=at)
        if rows is first:
            supply.pay_supplier_invoice(
                invoice_id=invoice_id,
                paid_on=today - timedelta(days=12),
                reference="网银付款",
                actor=somebody_else(operator.actor),
                at=at,
            )
            _credit(operator, invoice_id, at)


def _credit(operator: Operator, invoice_id: UUID, at: datetime) -> None:
    """The supplier gives a tenth of the dearest line back."""
    invoice = queries.supplier_invoice(invoice_id=invoice_id, actor=operator.actor)
    line = max(invoice.lines, key=lambda one: one.net)
    net = to_fen(line.net * CREDITED)
    supply.enter_supplier_credit(
        invoice_id=invoice_id,
        line_id=line.id,
        number=f"{invoice.number}-R1",
        issued_on=local_day(at) - timedelta(days=8),
        net=net,
        vat=to_fen(net * VAT),
        reason="部分到货破损",
        actor=operator.actor,
        at=at,
    )


def _enter(
    operator: Operator,
    rows: Sequence[ReceiptRow],
    share: Decimal,
    *,
    number: str,
    days: int,
    at: datetime,
) -> UUID:
    net = to_fen(sum((row.estimated for row in rows), ZERO) * share)
    return supply.enter_supplier_invoice(
        org_id=operator.org_id,
        supplier=SUPPLIER,
        number=number,
        issued_on=local_day(at) - timedelta(days=days),
        net=net,
        vat=to_fen(net * VAT),
        movement_ids=[row.movement_id for row in rows],
        actor=operator.actor,
        at=at,
    ).invoice_id
