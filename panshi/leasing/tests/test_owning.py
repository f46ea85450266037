"""Rent to own: level instalments, a buy-out reckoned to the day, the vehicle the customer's."""

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from panshi.billing import queries as billing_queries
from panshi.billing import rules as money
from panshi.billing import services as billing
from panshi.crm.tests import make as crm
from panshi.fleet.models import Vehicle
from panshi.fleet.tests import make as fleet
from panshi.kit import relay
from panshi.kit.clock import add_months, local_day
from panshi.kit.refusals import IllegalMove
from panshi.kit.tenancy import Actor, hq_actor
from panshi.kit.verbs import GUARDS
from panshi.leasing import queries, services
from panshi.leasing.models import BuyOut, Lease
from panshi.leasing.services import TermsInvalid
from panshi.leasing.tests import make
from panshi.ledger import queries as ledger
from panshi.ledger import services as ledger_services
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.org.tests.window import page, window

D = Decimal
START = date(2026, 6, 21)
PRICE, RATE, MONTHS, FEE = D(96_000), D("0.006"), 36, D(500)


def at(day: date) -> datetime:
    return make.NOON + (day - START)


def drafted(node: OrgNode, **more: Any) -> Lease:
    given: dict[str, Any] = {"price": PRICE, "monthly_rate": RATE, "fee": FEE, "months": MONTHS,
             "deposit": D(6000), "starts_on": START}  # fmt: skip
    fact = services.draft_purchase_lease(
        customer_id=crm.customer(org=node, qualified=True).id,
        vehicle_id=fleet.vehicle(org=node, state="READY").id,
        actor=make.clerk(node),
        at=make.NOON,
        **given | more,
    )
    return Lease.objects.get(id=fact.lease_id)


def pay(lease: Lease, by: Actor, day: date) -> None:
    settle(lease, by, day, at(day))


def settle(lease: Lease, by: Actor, day: date, now: datetime) -> None:
    """Bill what is due on a day, and pay all that is open."""
    billing.run_bills(cut_off=day, actor=by, at=now)
    billing.issue_bills(plan_id=lease.plan_id, actor=by, at=now)
    for bill in billing_queries.bills_of_source(
        source_kind=services.SOURCE, source_id=lease.id, actor=by
    ):
        if bill.open_amount:
            billing.record_payment(bill_ids=[bill.id], amount=bill.open_amount, actor=by, at=now)
    relay.drain()


def charged(lease: Lease, by: Actor, day: date) -> tuple[billing_queries.Charge, ...]:
    assert lease.plan_id is not None
    return billing_queries.charges_of_plan(plan_id=lease.plan_id, today=day, actor=by)


def running(node: OrgNode) -> tuple[Lease, Actor]:
    lease, by = drafted(node), make.clerk(node)
    services.file_paper_contract(
        lease_id=lease.id, scan=make.SCAN, name="scan.pdf", actor=by, at=make.NOON
    )
    pay(lease, by, START)
    services.complete_handover(
        lease_id=lease.id, odometer_km=D(10), soc_pct=D(90), signed_by="王芳", actor=by,
        at=make.NOON,
    )  # fmt: skip
    services.activate_lease(lease_id=lease.id, actor=by, at=make.NOON)
    relay.drain()
    lease.refresh_from_db()
    pay(lease, by, START)
    return lease, by


def test_the_contract_names_price_rate_and_every_instalment() -> None:
    node = org_make.operator()
    lease = drafted(node)
    paper = queries.contract_draft(lease_id=lease.id, actor=make.clerk(node))
    read = "".join(page.extract_text() for page in PdfReader(BytesIO(paper.content)).pages)
    words = re.sub(r"\s", "", read)
    for said in ("96,000.00元", "月利率0.6%", "2,972.99", "2,972.89", "107,027.54", "500.00元"):
        assert said in words


def test_the_instalments_are_charged_whole_and_the_last_one_takes_up_the_rest() -> None:
    node = org_make.operator()
    lease, by = running(node)
    charges = charged(lease, by, START)
    assert [c.amount for c in charges] == [D("2972.99")] * 35 + [D("2972.89")]
    assert sum(c.amount for c in charges) == PRICE + D("11027.54")
    view = queries.purchase_of(lease_id=lease.id, actor=by, at=make.NOON)
    assert view is not None
    assert (view.rows[0].interest, view.rows[0].principal) == (D("576.00"), D("2396.99"))
    assert view.rows[11].balance == D("66267.66")
    assert view.balance == D("93603.01")


def test_a_buy_out_is_quoted_to_the_day_paid_and_the_vehicle_is_the_customers() -> None:
    node = org_make.operator()
    lease, by = running(node)
    pay(lease, by, date(2026, 7, 21))
    day = date(2026, 7, 31)
    quote = queries.quote_buy_out(lease_id=lease.id, on=day, actor=by)
    # Ten of 31 days of interest on what the first instalment left, the second is paid.
    interest = D("93603.01") * RATE * 10 / 31
    assert quote.payoff.interest == interest.quantize(D("0.01"))
    assert quote.payoff.amount == D("93603.01") + quote.payoff.interest - D("2972.99") + FEE
    fact = services.buy_out(lease_id=lease.id, on=day, agreed=quote.digest, actor=by, at=at(day))
    assert fact.amount == quote.payoff.amount
    with pytest.raises(services.BuyOutOpen):
        services.buy_out(lease_id=lease.id, on=day, actor=by, at=at(day))
    lease.refresh_from_db()
    assert lease.state == "ACTIVE"

    assert fact.bill_id is not None
    billing.record_payment(bill_ids=[fact.bill_id], amount=fact.amount, actor=by, at=at(day))
    relay.drain()
    lease.refresh_from_db()
    assert lease.state == "TRANSFERRED"
    assert GUARDS["leasing.node_contents"](org_id=node.id) == []
    assert Vehicle.objects.get(id=fact.vehicle_id).state == "SOLD"
    billing.run_bills(cut_off=date(2026, 12, 31), actor=by, at=at(date(2026, 12, 31)))
    charges = charged(lease, by, day)
    assert [c.standing for c in charges] == ["PAID", "PAID"]
    deposit = billing_queries.deposit_of(source_kind=services.SOURCE, source_id=lease.id, actor=by)
    assert deposit is not None
    assert deposit.returning == D(6000)
    hq = hq_actor(org_make.platform().id)
    ledger_services.check_invariants(actor=hq, at=at(day))
    assert [one.code for one in ledger.promises(actor=hq) if not one.holds] == []


def test_arrears_come_first_and_what_is_not_paid_in_time_lapses() -> None:
    node = org_make.operator()
    lease, by = running(node)
    day = date(2026, 7, 2)
    with pytest.raises(TermsInvalid, match="2026-07-20"):
        services.buy_out(lease_id=lease.id, on=date(2026, 7, 21), actor=by, at=at(day))
    with pytest.raises(billing.InputsChanged):
        services.buy_out(lease_id=lease.id, on=day, agreed="another", actor=by, at=at(day))
    fact = services.buy_out(lease_id=lease.id, on=day, actor=by, at=at(day))
    early = services.lapse_buy_outs(on=day, actor=by, at=at(day))
    later = day + timedelta(days=1)
    fell = services.lapse_buy_outs(on=later, actor=by, at=at(later))
    assert (early.lapsed, fell.lapsed) == (0, 1)
    assert BuyOut.objects.get(id=fact.buy_out_id).state == "LAPSED"
    (bill,) = billing_queries.bills_of_source(
        source_kind=services.BUY_OUT, source_id=fact.buy_out_id, actor=by
    )[:1]
    assert bill.open_amount == 0
    relay.drain()
    with pytest.raises(IllegalMove):
        services.pass_ownership(buy_out_id=fact.buy_out_id, actor=by, at=at(later))

    due = date(2026, 7, 21)
    billing.run_bills(cut_off=due, actor=by, at=at(due))
    billing.issue_bills(plan_id=lease.plan_id, actor=by, at=at(due))
    with pytest.raises(services.ArrearsOpen):
        services.buy_out(lease_id=lease.id, on=due, actor=by, at=at(due))
    lease.refresh_from_db()
    assert lease.state == "ACTIVE"


def running_today(node: OrgNode) -> tuple[Lease, Actor]:
    """On the road since today, with its first instalment paid."""
    now = timezone.now()
    lease, by = drafted(node, starts_on=local_day(now)), make.clerk(node)
    services.file_paper_contract(
        lease_id=lease.id, scan=make.SCAN, name="scan.pdf", actor=by, at=now
    )
    settle(lease, by, local_day(now), now)
    services.complete_handover(
        lease_id=lease.id, odometer_km=D(10), soc_pct=D(90), signed_by="王芳", actor=by, at=now
    )
    services.activate_lease(lease_id=lease.id, actor=by, at=now)
    relay.drain()
    lease.refresh_from_db()
    settle(lease, by, local_day(now), now)
    return lease, by


def test_the_desk_shows_the_quote_and_does_what_was_shown() -> None:
    node, now = org_make.operator(), timezone.now()
    lease, by = running_today(node)
    desk, day = window(node, "OPERATIONS"), str(local_day(now))
    new = page(desk.get("/leasing/leases/own/new/"))
    assert "0.6" in new
    url = f"/leasing/leases/{lease.id}/owning/"
    assert url in page(desk.get(f"/leasing/leases/{lease.id}/"))
    shown = page(desk.get(url, {"on": day}))
    amount = queries.quote_buy_out(lease_id=lease.id, on=local_day(now), actor=by).payoff.amount
    assert f"{amount:,}" in shown
    assert "field-error" in page(desk.get(url, {"on": "2001-01-01"}))
    assert desk.post(url, {"on": day, "agreed": "x"}).status_code == 409
    digest = re.search(r'name="agreed" value="(\w+)"', shown)
    assert digest is not None
    assert window(org_make.operator(), "OPERATIONS").get(url).status_code == 404
    assert desk.post(url, {"on": day, "agreed": digest[1]}).status_code == 302
    assert f"{amount:,}" in page(desk.get(url))
    assert BuyOut.objects.get(lease=lease).state == "OFFERED"


@pytest.mark.parametrize(
    "wrong",
    [
        {"price": D(0)}, {"price": D("0.001")}, {"price": D("NaN")}, {"monthly_rate": D("0.06")},
        {"monthly_rate": D(-1)}, {"fee": D(-1)}, {"months": 0},
    ],
)  # fmt: skip
def test_terms_that_make_no_sense_store_nothing(wrong: dict[str, Any]) -> None:
    node = org_make.operator()
    with pytest.raises(TermsInvalid):
        drafted(node, **wrong)
    assert not Lease.objects.filter(org=node).exists()


def test_a_default_waits_for_the_ladder_and_then_fetches_the_vehicle_back() -> None:
    lease = make.active()
    by = make.clerk(lease.org)
    with pytest.raises(services.NoDefault):
        services.confirm_default(lease_id=lease.id, reason="失联", actor=by, at=make.NOON)
    for days in range(1, 41):
        billing.advance_dunning(
            on=START + timedelta(days=days), actor=by, at=make.NOON + timedelta(days=days)
        )
    late = make.NOON + timedelta(days=40)
    with pytest.raises(TermsInvalid):
        services.confirm_default(lease_id=lease.id, reason=" ", actor=by, at=late)
    fact = services.confirm_default(lease_id=lease.id, reason="失联", actor=by, at=late)
    assert fact.open_amount > 0
    services.request_return(lease_id=lease.id, on=START + timedelta(days=41), actor=by, at=late)
    lease.refresh_from_db()
    assert lease.state == "RETURNING"


@given(
    price=st.integers(10_000, 300_000), months=st.integers(1, 60),
    rate=st.sampled_from(["0", "0.004", "0.006", "0.012"]), day=st.integers(0, 1800),
)  # fmt: skip
@pytest.mark.plain
def test_buying_at_the_end_of_a_paid_period_costs_its_balance(
    price: int, months: int, rate: str, day: int
) -> None:
    rows = money.instalments(price=D(price), months=months, monthly_rate=D(rate))
    on = START + timedelta(days=day)
    ahead = [n for n in range(months) if add_months(START, n) > on]
    until = add_months(START, ahead[0] if ahead else months)

    def cost(of: date) -> Decimal:
        return money.payoff(
            price=D(price), monthly_rate=D(rate), rows=rows, anchor=START, on=of,
            billed_to=until, fee=D(0),
        ).amount  # fmt: skip

    left = rows[ahead[0] - 1].balance if ahead else D(0)
    # All that is billed is paid: the rest of the price, less interest for days not yet come.
    assert cost(on) <= left
    assert cost(until) == left if ahead else cost(on) == 0
