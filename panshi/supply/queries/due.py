"""What suppliers wait to be paid, as the bank's lines ask for it."""

from decimal import Decimal
from uuid import UUID

from django.db.models import F, Sum
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext as _

from panshi.billing.queries import OutgoingDue
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import guard
from panshi.supply.models import SupplierInvoice, SupplierInvoiceState


@guard
def outgoing_due(
    *, line_id: UUID, org_id: int, amount: Decimal, actor: Actor
) -> tuple[OutgoingDue, ...]:
    """Invoices of this amount in CNY that were not paid, each with where this line pays it."""
    found = SupplierInvoice.objects.visible_to(actor).filter(
        org_id=org_id, state=SupplierInvoiceState.ENTERED
    )
    given = Coalesce(Sum(F("credits__net") + F("credits__vat")), Decimal(0))
    found = found.annotate(given=given).filter(net=amount - F("vat") + F("given"))
    return tuple(
        OutgoingDue(
            words=_("Invoice %(number)s of %(supplier)s")
            % {"number": row.number, "supplier": row.supplier},
            payee=row.supplier,
            numbers=(row.number,),
            due_on=row.issued_on,
            amount=amount,
            url=reverse("supply-invoice-by-line", args=[row.id, line_id]),
        )
        for row in found.order_by("issued_on", "id")[:20]
    )
