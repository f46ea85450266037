"""The counted days against their source rows: what `panshi indicators check` reports."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Sum

from panshi.cockpit import counts
from panshi.cockpit.catalogue import COUNTED
from panshi.cockpit.counts import VEHICLES, Count, Order
from panshi.cockpit.models import IndicatorDay
from panshi.crm import queries as crm
from panshi.kit.clock import day_start
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question
from panshi.service.queries import figures as service

Key = tuple[int, str, date, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A cell whose counted sums are not those of its source rows."""

    org_id: int
    city: str
    day: date
    indicator: str
    part: str
    counted_numerator: Decimal
    counted_denominator: Decimal
    source_numerator: Decimal
    source_denominator: Decimal


def _order(figure: service.OrderFigure) -> Order:
    return Order(id=figure.id, org_id=figure.org_id, city=figure.city, day=figure.day)


@question
def source_counts(*, since: date, until: date, actor: Actor) -> list[Count]:
    """What the books of service and customers say that [since, until) should count."""
    rows: list[Count] = []
    for order in service.orders_promised(since=since, until=until, actor=actor):
        rows += counts.opened(_order(order), at=order.opened_at)
        if order.cancelled:
            rows += counts.cancelled(_order(order), at=order.opened_at)
        if order.closed_at is not None:
            rows += counts.completed(_order(order), at=order.closed_at)
    for order in service.orders_closed(since=since, until=until, actor=actor):
        if order.closed_at is not None:
            rows += counts.closed(_order(order), minutes=order.minutes, at=order.closed_at)
    for review in service.reviews_written(since=since, until=until, actor=actor):
        rows += counts.reviewed(
            org_id=review.org_id,
            work_order_id=review.work_order_id,
            city=review.city,
            stars=review.stars,
            at=review.at,
        )
    filed = crm.complaints_filed(since=day_start(since), until=day_start(until), actor=actor)
    for complaint in filed:
        rows += counts.complained(
            org_id=complaint.org_id,
            complaint_id=complaint.complaint_id,
            city=complaint.city,
            at=complaint.filed_at,
        )
    return rows


def _sums(rows: Sequence[Count]) -> dict[Key, tuple[Decimal, Decimal]]:
    sums: dict[Key, tuple[Decimal, Decimal]] = {}
    for row in rows:
        key = (row.org_id, row.city, row.day, str(row.indicator), row.part)
        numerator, denominator = sums.get(key, (Decimal(0), Decimal(0)))
        sums[key] = (numerator + row.numerator, denominator + row.denominator)
    return sums


@question
def check_indicators(*, since: date, until: date, actor: Actor) -> list[Difference]:
    """Every cell of [since, until) whose counted sums differ from those of the source rows.

    Money, adherence and vehicle-days are asked from their owners and not counted here.
    """
    cells = (
        IndicatorDay.objects.visible_to(actor)
        .filter(indicator__in=COUNTED, day__gte=since, day__lt=until)
        .exclude(part=VEHICLES)
        .values_list("org_id", "city", "day", "indicator", "part")
        .annotate(n=Sum("numerator"), d=Sum("denominator"))
        .order_by()
    )
    counted = {tuple(key): (n, d) for *key, n, d in cells}
    wanted = _sums(source_counts(since=since, until=until, actor=actor))
    nothing = (Decimal(0), Decimal(0))
    return [
        Difference(
            org_id=key[0],
            city=key[1],
            day=key[2],
            indicator=key[3],
            part=key[4],
            counted_numerator=counted.get(key, nothing)[0],
            counted_denominator=counted.get(key, nothing)[1],
            source_numerator=wanted.get(key, nothing)[0],
            source_denominator=wanted.get(key, nothing)[1],
        )
        for key in sorted({*counted, *wanted})
        if counted.get(key, nothing) != wanted.get(key, nothing)
    ]
