"""What a plan charges, period by period: before it is agreed, and while it runs."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, TypeVar
from uuid import UUID

from django.db.models import F, Q

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
    DRAFT, OPEN, OVERDUE or PAID. `amount` is what bills ask for less what was `credited`.
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
    credited: Decimal = ZERO

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


def terms_of(plan: ChargePlan) -> rules.PlanTerms:
    """All that a plan charges by, as the rules take it; parts without days are left out."""
    return rules.PlanTerms(
        anchor=plan.anchor_on,
        starts_on=plan.starts_on,
        ends_on=plan.ends_on,
        alignment=plan.alignment,
        basis=plan.basis,
        prices=tuple(
            rules.PriceSpan(p.starts_on, p.ends_on, p.price) for p in _lasting(PlanPrice, plan)
        ),
        vehicles=tuple(
            rules.VehicleSpan(v.starts_on, v.ends_on, v.vehicle_id)
            for v in _lasting(PlanVehicle, plan)
        ),
        breaks=tuple(
            rules.BreakSpan(b.starts_on, b.ends_on, b.relief, b.cause)
            for b in _lasting(PlanBreak, plan)
        ),
    )


P = TypeVar("P", PlanPrice, PlanVehicle, PlanBreak)


def _lasting(part: type[P], plan: ChargePlan) -> list[P]:
    rows = part._default_manager.filter(plan=plan).order_by("starts_on")
    return [row for row in rows if row.ends_on is None or row.ends_on > row.starts_on]


def _charge(charge: rules.PeriodCharge, terms: rules.PlanTerms, *, in_advance: bool) -> Charge:
    return Charge(
        period_from=charge.span.start,
        period_to=charge.span.end,
        days=charge.span.days,
        whole_days=charge.whole_days,
        price=next(p.price for p in terms.prices if p.end is None or p.end > charge.span.start),
        amount=charge.amount,
        due_on=charge.span.start if in_advance else charge.span.end,
    )


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
    terms = rules.PlanTerms(
        anchor=starts_on,
        starts_on=starts_on,
        ends_on=ends_on,
        alignment=alignment,
        basis=basis,
        prices=(rules.PriceSpan(starts_on, None, price),),
    )
    return tuple(
        _charge(charge, terms, in_advance=product.in_advance)
        for charge in rules.period_charges(terms=terms, since=starts_on, most=FARTHEST)
    )


@question
def charges_of_plan(*, plan_id: UUID, today: date, actor: Actor) -> tuple[Charge, ...]:
    """Each period of a plan, with its bills where they are drawn and the reckoning where not.

    Raises ChargePlan.DoesNotExist.
    """
    plan = ChargePlan.objects.visible_to(actor).select_related("product").get(id=plan_id)
    terms = terms_of(plan)
    bills = _bills_by_number(plan)
    last = max(bills, default=-1)
    charges = {
        charge.n: _charge(charge, terms, in_advance=plan.product.in_advance)
        for charge in rules.period_charges(terms=terms, since=plan.starts_on, most=FARTHEST)
    }
    for n in range(last + 1):
        # A period that was billed and lies beyond the end that the plan has now.
        if n in bills and n not in charges:
            charges[n] = _unreckoned(bills[n][0], terms)
    return tuple(
        _with_bills(charge, bills.get(n, []), today) for n, charge in sorted(charges.items())
    )


def _bills_by_number(plan: ChargePlan) -> dict[int, list[Bill]]:
    """The bills of each period, and the credit notes about them, the first bill first."""
    # Two ranges of two indexes: asked at once through the join, every bill would be read.
    billed = Bill.objects.filter(plan=plan).exclude(state=BillState.DISCARDED)
    rows = Bill.objects.filter(
        Q(plan=plan) | Q(credits__in=list(billed.values_list("id", flat=True)))
    ).exclude(state=BillState.DISCARDED)
    answer: dict[int, list[Bill]] = {}
    about: dict[UUID, int] = {}
    for bill in rows.select_related("balance").order_by(
        F("period_from").asc(nulls_last=True), "sequence", "id"
    ):
        if bill.period_from is not None:
            about[bill.id] = rules.period_containing(
                day=bill.period_from, anchor=plan.anchor_on, alignment=plan.alignment
            )
        answer.setdefault(about[bill.credits_id or bill.id], []).append(bill)
    return answer


def _unreckoned(bill: Bill, terms: rules.PlanTerms) -> Charge:
    assert bill.period_from is not None
    assert bill.period_to is not None
    days = (bill.period_to - bill.period_from).days
    return Charge(
        period_from=bill.period_from,
        period_to=bill.period_to,
        days=days,
        whole_days=days,
        price=terms.prices[-1].price,
        amount=bill.total,
        due_on=bill.due_on,
    )


def _with_bills(charge: Charge, bills: list[Bill], today: date) -> Charge:
    """What was asked for in a period, less what was given back, and whether it is paid."""
    asked = [bill for bill in bills if bill.kind == BillKind.CHARGE]
    if not asked:
        return charge
    first = asked[0]
    assert first.period_from is not None
    last = max(bill.period_to for bill in asked if bill.period_to is not None)
    return replace(
        charge,
        period_from=first.period_from,
        period_to=last,
        days=(last - first.period_from).days,
        amount=sum((bill.total for bill in bills), ZERO),
        credited=-sum((bill.total for bill in bills if bill.kind == BillKind.CREDIT), ZERO),
        due_on=first.due_on,
        standing=_standing(asked, today),
        bill_id=first.id,
        number=first.number or "",
    )


def _standing(bills: list[Bill], today: date) -> str:
    balances = [(getattr(bill, "balance", None), bill.due_on) for bill in bills]
    if any(balance is None for balance, _due in balances):
        return "DRAFT"
    due = [due_on for balance, due_on in balances if balance is not None and balance.open_amount]
    if not due:
        lost = any(balance is not None and balance.written_off for balance, _due in balances)
        return "WRITTEN_OFF" if lost else "PAID"
    return "OVERDUE" if min(due) < today else "OPEN"


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
