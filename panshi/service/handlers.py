"""What service does when facts of other rooms reach it."""

from panshi.billing.events import BillPaid
from panshi.kit import outbox
from panshi.kit.tenancy import system_actor
from panshi.service import services
from panshi.service.queries.orders import order_of_bill


@outbox.on(BillPaid)
def close_paid_order(fact: BillPaid) -> None:
    """Close the work order behind a paid bill; a repeat finds it closed already."""
    actor = system_actor(fact.org_id)
    order_id = order_of_bill(bill_id=fact.bill_id, actor=actor)
    if order_id is not None:
        services.close_work_order(
            work_order_id=order_id, paid_bill_id=fact.bill_id, actor=actor, at=fact.at
        )
