"""What customers have on account: money that came and that no bill, refund or deposit took."""

from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from panshi.billing import channels
from panshi.kit.money import ZERO
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question

_ON_ACCOUNT: Final = """
SELECT
    (SELECT COALESCE(sum(amount - allocated - refunding - refunded), 0) FROM billing_payment
     WHERE org_id = %(org)s AND customer_id = %(customer)s AND received_at IS NOT NULL
       AND state IN ('SUCCEEDED', 'PART_REFUNDED', 'REFUNDED'))
  + (SELECT COALESCE(sum(-total), 0) FROM billing_bill
     WHERE org_id = %(org)s AND customer_id = %(customer)s AND kind = 'CREDIT'
       AND state = 'ISSUED')
  - (SELECT COALESCE(sum(amount), 0) FROM billing_allocation
     WHERE org_id = %(org)s AND customer_id = %(customer)s AND credit_id IS NOT NULL)
"""


@question
def on_account(*, org_id: int, customer_id: UUID, actor: Actor) -> Decimal:
    """What a customer's payments and credit notes left over at an operator, in CNY."""
    with connection.cursor() as cursor:
        cursor.execute(_ON_ACCOUNT, {"org": org_id, "customer": customer_id})
        (amount,) = cursor.fetchone() or (ZERO,)
    return Decimal(amount)


def pay_channels() -> tuple[str, ...]:
    """The codes of the payment channels that are offered here, the one to propose first."""
    return tuple(channels.offered())


def first_channel() -> str:
    """The channel to propose. Raises ChannelNotOffered when none is configured."""
    found = pay_channels()
    if not found:
        raise channels.ChannelNotOffered(_("No way of paying online is offered here."))
    return found[0]
