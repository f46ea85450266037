"""Work orders and reviews as rows to be counted: whoever measures service asks here."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Min

from panshi.kit.clock import day_start, local_day
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.service.models import OrderState, Review, Visit, WorkOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFigure:
    """A work order; `day` is that of its first visit, `minutes` from arrival to the end of work."""

    id: UUID
    org_id: int
    city: str
    day: date
    opened_at: datetime
    cancelled: bool
    closed_at: datetime | None
    minutes: int
    number: str = ""
    kind: str = ""
    total: Decimal = Decimal(0)
    rework: bool = False
    vehicle_id: UUID | None = None
    customer_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewFigure:
    work_order_id: UUID
    org_id: int
    city: str
    stars: int
    at: datetime


def _figures(orders: list[WorkOrder], days: dict[UUID, date]) -> list[OrderFigure]:
    return [
        OrderFigure(
            id=order.id,
            org_id=order.org_id,
            city=order.city,
            day=days.get(order.id) or local_day(order.opened_at),
            opened_at=order.opened_at,
            cancelled=order.state == OrderState.CANCELLED,
            closed_at=order.closed_at if order.state == OrderState.CLOSED else None,
            minutes=round((order.done_at - order.arrived_at).total_seconds() / 60)
            if order.done_at and order.arrived_at
            else 0,
            number=order.number,
            kind=order.kind,
            total=order.total,
            rework=order.rework_of_id is not None,
            vehicle_id=order.vehicle_id,
            customer_id=order.customer_id,
        )
        for order in orders
    ]


@question
def orders_promised(*, since: date, until: date, actor: Actor) -> list[OrderFigure]:
    """Orders whose first visit lies in [since, until), cancelled ones among them."""
    first = (
        Visit.objects.visible_to(actor)
        .filter(order__isnull=False)
        .values_list("order_id")
        .annotate(first=Min("day"))
        .filter(first__gte=since, first__lt=until)
        .order_by()
    )
    days = {order_id: day for order_id, day in first if order_id is not None}
    orders = WorkOrder.objects.visible_to(actor).filter(id__in=days).order_by("id")
    return _figures(list(orders), days)


@question
def orders_closed(*, since: date, until: date, actor: Actor) -> list[OrderFigure]:
    """Orders closed on the local days [since, until)."""
    orders = WorkOrder.objects.visible_to(actor).filter(
        state=OrderState.CLOSED, closed_at__gte=day_start(since), closed_at__lt=day_start(until)
    )
    return _figures(list(orders.order_by("id")), {})


@question
def reviews_written(*, since: date, until: date, actor: Actor) -> list[ReviewFigure]:
    """Reviews written on the local days [since, until), the oldest first."""
    reviews = Review.objects.visible_to(actor).filter(
        at__gte=day_start(since), at__lt=day_start(until)
    )
    return [
        ReviewFigure(
            work_order_id=review.order_id,
            org_id=review.org_id,
            city=review.order.city,
            stars=review.stars,
            at=review.at,
        )
        for review in reviews.select_related("order").order_by("at")
    ]
