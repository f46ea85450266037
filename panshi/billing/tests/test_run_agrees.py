"""The billing run and the rules agree on every line of 3,000 plans; 100,000 in `make deep`."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final
from uuid import UUID

import pytest
from django.db import connection

from panshi.billing import rules, services
from panshi.billing.models import Product
from panshi.billing.rules import BreakSpan, PlanTerms, PriceSpan, VehicleSpan
from panshi.billing.tests import make
from panshi.kit.ids import uuid7
from panshi.org.tests import make as org_make

CUT_OFF: Final = date(2027, 5, 31)
PRODUCTS: Final = ("RENT_MONTHLY", "RENT_DAILY", "SMART_PLUS")
ALIGNMENTS: Final = (rules.ANCHOR, rules.CALENDAR)
BASES: Final = (rules.ACTUAL, rules.THIRTY, rules.DAILY, rules.WHOLE)
Line = tuple[object, ...]
WRITTEN: Final = """
SELECT b.plan_id, b.period_from, b.period_to, l.service_from, l.service_to, l.vehicle_id,
    l.quantity, l.unit_price, l.relieved, l.gross, l.vat
FROM billing_billline l JOIN billing_bill b ON b.id = l.bill_id
ORDER BY b.plan_id, b.period_from, l.position
"""


@pytest.mark.parametrize("count", [3_000, pytest.param(100_000, marks=pytest.mark.deep)])
def test_sql_and_the_rules_agree_on_every_line(count: int) -> None:
    """Prices, vehicles and pauses change on any days, some at once, some on a period's edge."""
    random = Random(20270531)
    org = org_make.operator()
    products = {p.code: p for p in Product.objects.filter(code__in=PRODUCTS)}
    plans = {uuid7(): (random.choice(PRODUCTS), _terms(random)) for _number in range(count)}
    _enter(org.id, plans, products)

    fact = services.run_bills(cut_off=CUT_OFF, actor=make.clerk(org), at=make.NOON)

    assert fact.exceptions == 0
    written: dict[UUID, list[Line]] = {}
    with connection.cursor() as cursor:
        # Nothing has counted the fresh rows, and for the few it expects the planner loops.
        cursor.execute("SET LOCAL enable_nestloop = off")
        cursor.execute(WRITTEN)
        for plan_id, *line in cursor.fetchall():
            written.setdefault(plan_id, []).append(tuple(line))
    swapped = paused = repriced = 0
    for plan_id, (code, terms) in plans.items():
        expected = list(_lines(terms, products[code]))
        assert written.get(plan_id, []) == expected, (code, terms)
        swapped += len({line[4] for line in expected}) > 1
        paused += any(line[7] for line in expected)
        repriced += len(terms.prices) > 1 and len(expected) > 1
    assert min(swapped, paused, repriced) > count / 10  # The plans are such as the test is about.


def _terms(random: Random) -> PlanTerms:
    anchor = date(2027, 4, 1) + timedelta(days=random.randrange(61))
    starts = anchor + timedelta(days=random.choice((0, 0, 0, random.randrange(40))))
    length = random.choice((None, None, random.randrange(1, 70)))
    price_days = _starts(starts, random)
    vehicle_days = _starts(starts, random)
    # Odd amounts, round ones, and ones so small that a pause takes less than a fen of them.
    top = random.choice((10**6, 30, 3000))
    breaks: tuple[BreakSpan, ...] = ()
    if random.random() < 0.4:
        first = starts + timedelta(days=random.randrange(50))
        last = first + timedelta(days=random.randrange(1, 30)) if random.random() < 0.9 else None
        relief = random.choice((Decimal(100), Decimal(50), Decimal(random.randrange(10_001)) / 100))
        breaks = (BreakSpan(first, last, relief),)
    return PlanTerms(
        anchor=anchor,
        starts_on=starts,
        ends_on=starts + timedelta(days=length) if length else None,
        alignment=random.choice(ALIGNMENTS),
        basis=random.choice(BASES),
        prices=tuple(PriceSpan(a, b, Decimal(random.randrange(top)) / 100) for a, b in price_days),
        vehicles=tuple(VehicleSpan(a, b, uuid7()) for a, b in vehicle_days),
        breaks=breaks,
    )


def _starts(first: date, random: Random) -> list[tuple[date, date | None]]:
    """Spans that follow one another, most often a single one."""
    count = random.choice((0, 0, 1, 1, 2))
    days = sorted({first + timedelta(days=random.randrange(1, 60)) for _ in range(count)})
    return list(zip([first, *days], [*days, None], strict=True))


def _lines(terms: PlanTerms, product: Product) -> Iterator[Line]:
    rate = Decimal("0.06") if product.vat_code == "SERVICE_6" else Decimal("0.13")
    for charge in rules.period_charges(terms=terms, since=terms.starts_on, most=4):
        if (charge.span.start if product.in_advance else charge.span.end) > CUT_OFF:
            return
        for line in charge.lines:
            yield (
                charge.span.start, charge.span.end, line.span.start, line.span.end,
                line.vehicle_id, line.quantity, line.unit_price, line.relieved, line.gross,
                rules.vat_and_net(gross=line.gross, rate=rate)[0],
            )  # fmt: skip


def _enter(
    org_id: int, plans: dict[UUID, tuple[str, PlanTerms]], products: dict[str, Product]
) -> None:
    """Write plans and their parts past the verbs, which would take longer than the run."""
    _insert(
        "chargeplan (org_id, id, payer_id, source_id, product_id, anchor_on, starts_on, ends_on,"
        " alignment, basis, next_period, next_bill_on, source_kind, city)",
        "uuid uuid uuid varchar date date date varchar varchar int date",
        ", 'test', ''",
        org_id,
        [_plan(plan_id, products[code], terms) for plan_id, (code, terms) in plans.items()],
    )
    _insert(
        "planprice (org_id, id, plan_id, starts_on, ends_on, price)",
        "uuid uuid date date numeric",
        "",
        org_id,
        [(uuid7(), i, p.start, p.end, p.price) for i, (_c, t) in plans.items() for p in t.prices],
    )
    _insert(
        "planvehicle (org_id, id, plan_id, starts_on, ends_on, vehicle_id)",
        "uuid uuid date date uuid",
        "",
        org_id,
        [
            (uuid7(), i, v.start, v.end, v.vehicle_id)
            for i, (_c, t) in plans.items()
            for v in t.vehicles
        ],
    )
    _insert(
        "planbreak (org_id, id, plan_id, starts_on, ends_on, relief, cause)",
        "uuid uuid date date numeric",
        ", 'AGREED'",
        org_id,
        [(uuid7(), i, b.start, b.end, b.relief) for i, (_c, t) in plans.items() for b in t.breaks],
    )


def _plan(plan_id: UUID, product: Product, terms: PlanTerms) -> tuple[Any, ...]:
    n = rules.period_containing(day=terms.starts_on, anchor=terms.anchor, alignment=terms.alignment)
    due = rules.next_bill_on(
        n=n,
        anchor=terms.anchor,
        alignment=terms.alignment,
        starts_on=terms.starts_on,
        ends_on=terms.ends_on,
        in_advance=product.in_advance,
        lead_days=product.lead_days,
    )
    return (
        plan_id, plan_id, plan_id, product.code, terms.anchor, terms.starts_on, terms.ends_on,
        terms.alignment, terms.basis, n, due,
    )  # fmt: skip


def _insert(into: str, types: str, more: str, org_id: int, rows: Sequence[tuple[Any, ...]]) -> None:
    arrays = ", ".join(f"%s::{kind}[]" for kind in types.split())
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO billing_{into} SELECT %s, v.*{more} FROM unnest({arrays}) v",
            [org_id, *(list(column) for column in zip(*rows, strict=True))],
        )
