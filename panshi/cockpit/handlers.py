"""What the cockpit hears: facts of service and customers, each counted once."""

from uuid import UUID

from panshi.cockpit import counts, queries, services
from panshi.cockpit.counts import Count, Order
from panshi.crm import queries as crm
from panshi.crm.events import ComplaintFiled
from panshi.kit import outbox
from panshi.kit.clock import local_day
from panshi.kit.facts import Fact
from panshi.kit.tenancy import system_actor
from panshi.service.events import WorkClosed, WorkOrderCancelled, WorkOrderOpened, WorkReviewed

# One handler for all, so that an opening is counted before its cancelling or closing is.


@outbox.on(WorkOrderOpened, WorkOrderCancelled, WorkClosed, WorkReviewed, ComplaintFiled)
def count(fact: Fact) -> None:
    found = _counts(fact)
    if found:
        services.count_fact(
            org_id=fact.org_id,
            fact_id=fact.id,
            counts=found,
            actor=system_actor(fact.org_id),
            at=fact.at,
        )


def _counts(fact: Fact) -> tuple[Count, ...]:
    match fact:
        case WorkOrderOpened():
            order = Order(
                id=fact.work_order_id,
                org_id=fact.org_id,
                city=fact.city,
                day=local_day(fact.starts_at or fact.at),
            )
            return counts.opened(order, at=fact.at)
        case WorkOrderCancelled():
            known = _promised(fact, fact.work_order_id)
            return counts.cancelled(known, at=fact.at) if known else ()
        case WorkClosed():
            return _closed(fact)
        case WorkReviewed():
            return counts.reviewed(
                org_id=fact.org_id,
                work_order_id=fact.work_order_id,
                city=fact.city,
                stars=fact.stars,
                at=fact.at,
            )
        case ComplaintFiled():
            actor = system_actor(fact.org_id)
            customer = crm.customer_refs(ids=(fact.customer_id,), actor=actor)[fact.customer_id]
            return counts.complained(
                org_id=fact.org_id,
                complaint_id=fact.complaint_id,
                city=customer.city,
                at=fact.at,
            )
    raise TypeError(f"{fact.name} is not counted")


def _promised(fact: Fact, work_order_id: UUID) -> Order | None:
    """The order as it was counted when it was opened, or None when that was never heard."""
    return queries.promised_order(work_order_id=work_order_id, actor=system_actor(fact.org_id))


def _closed(fact: WorkClosed) -> tuple[Count, ...]:
    """An order whose opening was never heard counts as promised for the day it was closed."""
    known = _promised(fact, fact.work_order_id)
    order = known or Order(
        id=fact.work_order_id, org_id=fact.org_id, city=fact.city, day=local_day(fact.at)
    )
    return (
        *(() if known else counts.opened(order, at=fact.at)),
        *counts.completed(order, at=fact.at),
        *counts.closed(order, minutes=fact.minutes, at=fact.at),
    )
