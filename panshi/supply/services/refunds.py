"""Money that suppliers send back for what they credited of an invoice that was paid."""

from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.billing import services as billing
from panshi.kit.clock import local_day
from panshi.kit.money import ZERO, is_amount, yuan
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.ledger import queries as ledger_queries
from panshi.ledger import services as ledger
from panshi.ledger.services import NewEntry, legs_of
from panshi.supply.events import SupplierRefundReceived
from panshi.supply.models import SupplierInvoice, SupplierRefund
from panshi.supply.queries.due import BANK, owed_back
from panshi.supply.services.invoices import PAYABLE, city_of_invoice

SOURCE: Final = "supply.SupplierRefund"
KIND: Final = "SUPPLIER_REFUND"


class RefundInvalid(Refusal):
    pass


@verb
def receive_supplier_refund(
    *,
    invoice_id: UUID,
    received_on: date,
    amount: Decimal,
    actor: Actor,
    at: datetime,
    reference: str = "",
    line_id: UUID | None = None,
) -> SupplierRefundReceived:
    """Note money that a supplier sent back to the bank for what it credited of a paid invoice.

    `amount` in CNY, at most what the supplier still owes of this invoice. `line_id` is the bank's
    line that says so. Raises RefundInvalid, ledger.PeriodClosed, or billing.EntryDoesNotFit when
    the line is of another amount.
    """
    found = SupplierInvoice.objects.visible_to(actor).select_for_update(of=("self",))
    invoice = found.get(id=invoice_id)
    actor.must("supply.receive_supplier_refund", invoice.org_id)
    if received_on > local_day(at):
        raise RefundInvalid(_("This day has not come yet."))
    left = owed_back([invoice], actor).get(invoice.id, ZERO)
    if not is_amount(amount) or amount <= 0 or amount > left:
        raise RefundInvalid(
            _("The supplier owes %(left)s of this invoice: what it credited after it was paid.")
            % {"left": yuan(left)}
        )
    refund = SupplierRefund.objects.create(
        org_id=invoice.org_id,
        invoice=invoice,
        amount=amount,
        received_on=received_on,
        reference=reference.strip()[:64],
        entered_by_id=actor.id,
        entered_at=at,
    )
    ledger.post_entries(
        entries=[
            NewEntry(
                org_id=invoice.org_id,
                kind=KIND,
                source_kind=SOURCE,
                source_id=refund.id,
                occurred_on=received_on,
                postings=legs_of((BANK, amount), (PAYABLE, -amount), city=city_of_invoice(invoice)),
            )
        ],
        actor=actor,
        at=at,
    )
    if line_id is not None:
        (entry,) = ledger_queries.entries_of(source_kind=SOURCE, source_id=refund.id, actor=actor)
        billing.settle_incoming(line_id=line_id, entry_id=entry.id, actor=actor, at=at)
    return SupplierRefundReceived(
        org_id=invoice.org_id, actor_id=actor.id, at=at, refund_id=refund.id,
        invoice_id=invoice.id, amount=amount,
    )  # fmt: skip
