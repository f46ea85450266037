"""Run bills … drafts each due period once, and sets aside what it cannot bill."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from panshi.billing import services
from panshi.billing.models import (
    Bill,
    BillingException,
    BillLine,
    BillState,
    ChargePlan,
    PlanPrice,
    PlanVehicle,
)
from panshi.billing.queries import PlanChange
from panshi.billing.tests import make
from panshi.kit.ids import uuid7
from panshi.kit.tenancy import hq_actor
from panshi.ledger import services as ledger
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make

CUT_OFF = date(2027, 5, 31)


def run(org: OrgNode, cut_off: date = CUT_OFF) -> tuple[int, int]:
    fact = services.run_bills(cut_off=cut_off, actor=make.clerk(org), at=make.noon(cut_off))
    return fact.drafted, fact.exceptions


def test_drafts_every_period_that_is_due() -> None:
    org = org_make.operator()
    plan = make.plan(org)
    assert run(org) == (5, 0)
    bills = make.bills_of(plan)
    assert [str(b.period_from) for b in bills] == [
        "2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31",
    ]  # fmt: skip
    assert {b.total for b in bills} == {Decimal("3000.00")}
    assert {b.state for b in bills} == {BillState.DRAFT}


def test_adds_nothing_when_run_again() -> None:
    org = org_make.operator()
    make.plan(org)
    run(org)
    before = (Bill.objects.count(), BillLine.objects.count())
    assert run(org) == (0, 0)
    assert (Bill.objects.count(), BillLine.objects.count()) == before


def test_adds_nothing_even_if_the_plans_forgot_where_they_stood() -> None:
    org = org_make.operator()
    make.plan(org)
    run(org)
    ChargePlan.objects.filter(org=org).update(next_period=0, next_bill_on=date(2027, 1, 31))
    assert run(org) == (0, 0)
    assert ChargePlan.objects.get(org=org).next_period == 5


def test_bills_a_period_in_arrears_when_it_is_over() -> None:
    org = org_make.operator()
    plan = make.plan(org, product_code="RENT_DAILY", price=150, anchor_on=date(2027, 5, 21))
    assert run(org, date(2027, 5, 31)) == (0, 0)
    assert run(org, date(2027, 6, 1)) == (1, 0)
    (bill,) = make.bills_of(plan)
    assert (bill.total, bill.due_on) == (Decimal("1650.00"), date(2027, 6, 1))
    (line,) = bill.lines.all()
    assert (line.quantity, line.unit_price) == (Decimal(11), Decimal("150.00"))


def test_stops_at_the_plans_end() -> None:
    org = org_make.operator()
    plan = make.plan(org, ends_on=date(2027, 3, 10))
    assert run(org) == (2, 0)
    assert [b.total for b in make.bills_of(plan)] == [Decimal("3000.00"), Decimal("967.74")]
    plan.refresh_from_db()
    assert plan.next_bill_on is None


def test_splits_a_swap_and_relieves_a_pause() -> None:
    org = org_make.operator()
    plan = make.plan(org, price=3200, anchor_on=date(2027, 5, 1), alignment="CALENDAR")
    spare = uuid7()
    make.change(
        plan,
        PlanChange(
            kind="PAUSE",
            on=date(2027, 5, 10),
            until=date(2027, 5, 17),
            cause="OPERATOR_FAULT",
            relief=Decimal(100),
        ),
        PlanChange(kind="VEHICLE", on=date(2027, 5, 17), vehicle_id=spare),
    )
    run(org)
    (bill,) = make.bills_of(plan)
    lines = list(bill.lines.order_by("position"))
    assert [x.gross for x in lines] == [Decimal("929.03"), Decimal(0), Decimal("1548.39")]
    assert lines[1].relieved == Decimal("722.58")
    assert (bill.total, sum(x.vat for x in lines)) == (Decimal("2477.42"), Decimal("285.01"))
    assert lines[2].vehicle_id == bill.vehicle_id == spare


def test_a_new_price_reprices_the_drafts() -> None:
    org = org_make.operator()
    plan = make.plan(org, anchor_on=date(2027, 5, 1), alignment="CALENDAR")
    run(org)
    make.change(plan, PlanChange(kind="PRICE", on=date(2027, 5, 11), price=Decimal(3300)))
    assert run(org) == (1, 0)
    (bill,) = Bill.objects.filter(plan=plan, state=BillState.DRAFT)
    assert bill.total == Decimal("967.74") + Decimal("2235.48")


def test_discarded_drafts_are_drawn_anew() -> None:
    org = org_make.operator()
    plan = make.plan(org)
    run(org)
    second = make.bills_of(plan)[1]
    services.discard_drafts(bill_ids=[second.id], actor=make.clerk(org), at=make.NOON)
    assert run(org) == (1, 0)
    live = Bill.objects.filter(plan=plan, state=BillState.DRAFT)
    assert live.filter(period_from=second.period_from).count() == 1
    assert live.count() == 5


def poison(org: OrgNode) -> dict[str, ChargePlan]:
    """One plan for each fault; what no verb lets through is written past them."""
    plans = {code: make.plan(org) for code in (
        "PLAN_REVERSED", "NO_PAYER", "NO_VEHICLE", "NO_PRICE", "NEGATIVE", "OVERLAP",
    )}  # fmt: skip
    rows = ChargePlan.objects
    rows.filter(id=plans["PLAN_REVERSED"].id).update(ends_on=date(2027, 1, 1))
    rows.filter(id=plans["NO_PAYER"].id).update(payer_id=None)
    PlanVehicle.objects.filter(plan=plans["NO_VEHICLE"]).update(ends_on=date(2027, 1, 31))
    PlanPrice.objects.filter(plan=plans["NO_PRICE"]).update(starts_on=date(2027, 2, 5))
    PlanPrice.objects.filter(plan=plans["NEGATIVE"]).update(price=-1)
    Bill.objects.create(
        org=org,
        kind="CHARGE",
        customer_id=uuid7(),
        source_kind="x",
        source_id=uuid7(),
        plan=plans["OVERLAP"],
        period_from=date(2027, 2, 1),
        period_to=date(2027, 2, 5),
        due_on=CUT_OFF,
        total=0,
        drafted_at=make.NOON,
    )
    services.add_product(
        code=f"TAXLESS{org.id}",
        line="OTHER",
        name="No VAT",
        name_zh="无税率",
        vat_code="NOWHERE",
        account="6051",
        alignment="ANCHOR",
        basis="WHOLE",
        in_advance=True,
        deferred=False,
        needs_vehicle=False,
        actor=hq_actor(),
        at=make.NOON,
    )
    plans["NO_VAT"] = make.plan(org, product_code=f"TAXLESS{org.id}")
    return plans


def test_a_poisoned_plan_never_stops_the_run() -> None:
    org = org_make.operator()
    poisoned = poison(org)
    sound = [make.plan(org) for _ in range(3)]
    fact = services.run_bills(cut_off=CUT_OFF, actor=make.clerk(org), at=make.NOON)
    assert (fact.drafted, fact.exceptions) == (15, len(poisoned))
    assert all(len(make.bills_of(plan)) == 5 for plan in sound)
    found = dict(BillingException.objects.filter(org=org).values_list("plan_id", "code"))
    assert found == {plan.id: code for code, plan in poisoned.items()}
    assert run(org) == (0, 0)


def test_a_mended_plan_is_billed_and_its_exception_resolved() -> None:
    org = org_make.operator()
    plan = poison(org)["NO_PAYER"]
    run(org)
    ChargePlan.objects.filter(id=plan.id).update(payer_id=uuid7())
    assert run(org) == (5, 0)
    assert not BillingException.objects.filter(plan=plan, resolved_at=None).exists()


def test_a_closed_month_sets_the_plans_of_that_book_aside() -> None:
    org, other = org_make.operator(), org_make.operator()
    make.plan(org)
    make.plan(other)
    ledger.close_month(org_id=org.id, month=CUT_OFF, actor=make.clerk(org), at=make.NOON)
    fact = services.run_bills(cut_off=CUT_OFF, actor=hq_actor(), at=make.NOON)
    assert (fact.drafted, fact.exceptions) == (5, 1)
    assert BillingException.objects.get(org=org).code == "PERIOD_CLOSED"


def test_eight_invented_products_need_no_code() -> None:
    org = org_make.operator()
    for number in range(8):
        services.add_product(
            code=f"NEW{number}",
            line="SMART",
            name=f"New {number}",
            name_zh=f"新产品{number}",
            vat_code="SERVICE_6",
            account="6001.smart",
            alignment="CALENDAR" if number % 2 else "ANCHOR",
            basis=("ACTUAL", "THIRTY", "DAILY", "WHOLE")[number % 4],
            in_advance=number < 4,
            deferred=number < 4,
            actor=hq_actor(),
            at=make.NOON,
        )
        make.plan(org, product_code=f"NEW{number}", price=106, anchor_on=date(2027, 4, 10))
    drafted, exceptions = run(org)
    assert (drafted > 8, exceptions) == (True, 0)
    assert make.run(org, CUT_OFF) == drafted


def test_a_neighbours_run_leaves_our_plans_alone() -> None:
    ours, theirs = org_make.operator(), org_make.operator()
    make.plan(ours)
    assert run(theirs) == (0, 0)
    assert isinstance(ChargePlan.objects.get(org=ours).id, UUID)
