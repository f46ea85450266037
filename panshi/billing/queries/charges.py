"""What a plan charges, period by period: before it is agreed, and while it runs."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from panshi.billing import rules
from panshi.billing.models import (
    Bill,
    BillKind,
    BillState,
    ChargePlan,
    PlanBreak,
    PlanPrice,
    PlanVehicle,
    Product,
)
from panshi.kit.money import ZERO
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import question

FARTHEST: Final = 120  # Months; a plan without an end is shown so far.


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """One period of a plan: `days` charged of `whole_days` at `price` a whole period, in CNY.

    `period_to` is the day after the last. `standing` is PLANNED while no bill is drawn, then
    DRAFT, OPEN, OVERDUE or PAID.
    """

    period_from: date
    period_to: date
    days: int
    whole_days: int
    price: Decimal
    amount: Decimal
    due_on: date
    standing: str = "PLANNED"
    bill_id: UUID | None = None
    number: str = ""

    @property
    def last_day(self) -> date:
        return self.period_to - timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductRow:
    """A product that is sold, with its name in the reader's language."""

    code: str
    name: str


@question
def rental_products(*, on: date, actor: Actor) -> tuple[ProductRow, ...]:
    """The products that rent by whole periods in advance and are sold on a day."""
    rows = Product.objects.filter(
        line="RENTAL", recurring=True, in_advance=True, basis=rules.ACTUAL
    ).order_by("code")
    return tuple(
        ProductRow(code=row.code, name=str(row))
        for row in rows
        if row.retired_on is None or row.retired_on > on
    )


def _priced(
    *,
    prices: list[rules.PriceSpan],
    vehicles: list[rules.VehicleSpan],
    breaks: list[rules.BreakSpan],
    anchor: date,
    starts_on: date,
    ends_on: date | None,
    alignment: str,
    basis: str,
    in_advance: bool,
) -> list[Charge]:
    """The periods of a plan from its first day to its end, as the billing run reckons them."""
    first = rules.period_containing(day=starts_on, anchor=anchor, alignment=alignment)
    answer: list[Charge] = []
    for n in range(first, first + FARTHEST):
        whole = rules.period(n=n, anchor=anchor, alignment=alignment)
        start = max(whole.start, starts_on)
        end = whole.end if ends_on is None else min(whole.end, ends_on)
        if start >= end:
            break
        span = rules.Span(start, end)
        days = rules.days_of_rent(span=whole, alignment=alignment)
        lines = rules.charge_lines(
            span=span, whole_days=days, basis=basis, prices=prices, vehicles=vehicles, breaks=breaks
        )
        answer.append(
            Charge(
                period_from=start,
                period_to=end,
                days=span.days,
                whole_days=days,
                price=next(p.price for p in prices if p.end is None or p.end > start),
                amount=sum((line.gross for line in lines), ZERO),
                due_on=start if in_advance else end,
            )
        )
    return answer


@question
def charge_preview(
    *,
    product_code: str,
    price: Decimal,
    starts_on: date,
    ends_on: date,
    alignment: str,
    basis: str,
    actor: Actor,
) -> tuple[Charge, ...]:
    """What a plan that starts on a day would charge; raises Product.DoesNotExist."""
    product = Product.objects.get(code=product_code)
    return tuple(
        _priced(
            prices=[rules.PriceSpan(starts_on, None, price)],
            vehicles=[],
            breaks=[],
            anchor=starts_on,
            starts_on=starts_on,
            ends_on=ends_on,
            alignment=alignment,
            basis=basis,
            in_advance=product.in_advance,
        )
    )


@question
def charges_of_plan(*, plan_id: UUID, today: date, actor: Actor) -> tuple[Charge, ...]:
    """Each period of a plan, with its bill where one is drawn and the reckoning where none is.

    Raises ChargePlan.DoesNotExist.
    """
    plan = ChargePlan.objects.visible_to(actor).select_related("product").get(id=plan_id)
    reckoned = _priced(
        prices=[
            rules.PriceSpan(p.starts_on, p.ends_on, p.price)
            for p in PlanPrice.objects.filter(plan=plan).order_by("starts_on")
            if p.ends_on is None or p.ends_on > p.starts_on
        ],
        vehicles=[
            rules.VehicleSpan(v.starts_on, v.ends_on, v.vehicle_id)
            for v in PlanVehicle.objects.filter(plan=plan).order_by("starts_on")
            if v.ends_on is None or v.ends_on > v.starts_on
        ],
        breaks=[
            rules.BreakSpan(b.starts_on, b.ends_on or date.max, b.relief)
            for b in PlanBreak.objects.filter(plan=plan)
        ],
        anchor=plan.anchor_on,
        starts_on=plan.starts_on,
        ends_on=plan.ends_on,
        alignment=plan.alignment,
        basis=plan.basis,
        in_advance=plan.product.in_advance,
    )
    bills = {
        bill.period_from: bill
        for bill in Bill.objects.filter(plan=plan, kind=BillKind.CHARGE)
        .exclude(state=BillState.DISCARDED)
        .select_related("balance")
    }
    return tuple(_with_bill(charge, bills.get(charge.period_from), today) for charge in reckoned)


def _with_bill(charge: Charge, bill: Bill | None, today: date) -> Charge:
    if bill is None or bill.period_to is None or bill.period_from is None:
        return charge
    balance = getattr(bill, "balance", None)
    if balance is None:
        standing = "DRAFT"
    elif balance.open_amount == 0:
        standing = "PAID"
    else:
        standing = "OVERDUE" if bill.due_on < today else "OPEN"
    return replace(
        charge,
        period_from=bill.period_from,
        period_to=bill.period_to,
        days=(bill.period_to - bill.period_from).days,
        amount=bill.total,
        due_on=bill.due_on,
        standing=standing,
        bill_id=bill.id,
        number=bill.number or "",
    )


def reckoned(bill: Bill) -> Charge | None:
    """How the amount of a bill for a part of a period follows from the price of the whole.

    None for a whole period, and where pauses, prices or vehicles changed within it.
    """
    if bill.plan_id is None or bill.period_from is None or bill.period_to is None:
        return None
    plan = ChargePlan.objects.get(id=bill.plan_id)
    price = (
        PlanPrice.objects.filter(plan=plan, starts_on__lte=bill.period_from)
        .order_by("-starts_on")
        .first()
    )
    if plan.basis != rules.ACTUAL or price is None:
        return None
    n = rules.period_containing(
        day=bill.period_from, anchor=plan.anchor_on, alignment=plan.alignment
    )
    whole = rules.period(n=n, anchor=plan.anchor_on, alignment=plan.alignment)
    whole_days = rules.days_of_rent(span=whole, alignment=plan.alignment)
    days = (bill.period_to - bill.period_from).days
    part = rules.rent(price=price.price, basis=plan.basis, days=days, whole_days=whole_days)
    if days == whole_days or part != bill.total:
        return None
    return Charge(
        period_from=bill.period_from,
        period_to=bill.period_to,
        days=days,
        whole_days=whole_days,
        price=price.price,
        amount=part,
        due_on=bill.due_on,
        bill_id=bill.id,
        number=bill.number or "",
    )
