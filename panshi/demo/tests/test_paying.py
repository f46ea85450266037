"""Paying … leaves a bank's file of money out in which one line waits, and a vehicle passes on."""

from datetime import timedelta
from decimal import Decimal
from random import Random

from panshi.billing import queries as billing
from panshi.billing import services as bills
from panshi.billing.models import Refund
from panshi.demo import assets, cash, history, paying, suppliers
from panshi.demo.tests import make
from panshi.fleet.models import Vehicle
from panshi.kit import outbox
from panshi.kit.clock import day_start, local_day
from panshi.ledger import services as ledger
from panshi.supply import queries as supply
from panshi.supply.models import SupplierCredit


def test_money_out_is_a_refund_an_invoice_and_costs_and_a_lease_is_bought() -> None:
    company = make.company(vehicles=16)
    (operator,) = company.operators
    actor, at, said = operator.actor, make.NOON, list[str]()
    vehicle_id, model = operator.vehicles[-1]
    day = local_day(at) - timedelta(days=70)
    with outbox.telling_history():
        history.lease_out(
            operator, vehicle_id, model, Decimal(2_500), day, day_start(day), Random(3),
            to_own=True,
        )  # fmt: skip
        bills.run_bills(cut_off=local_day(at), actor=actor, at=at)
        bills.issue_bills(draft_hours=0, actor=actor, at=at)
        assets.enter(operator, at)
        suppliers.invoice(operator, at)
        desk = cash.Desk(operator)
        (bill, *_rest) = billing.open_bills(actor=actor)
        desk.overpaid = bills.record_payment(
            bill_ids=[bill.id], amount=bill.open_amount + cash.TOO_MUCH, channel="ALIPAY",
            actor=actor, at=at - timedelta(days=3),
        )  # fmt: skip
        paying.pay(desk, at, said.append)
        assets.depreciate(company, at)
        paying.pass_on(operator, at)
    assert said == ["bank file: 7 lines of money out, 1 wait for a second person"]
    rows = billing.bank_rows(actor=actor).rows
    states = {row.memo: row.state for row in rows}
    assert (states["工资"], states["场站租金"], states["增值税"]) == (
        "SET_ASIDE", "SET_ASIDE", "QUEUED",
    )  # fmt: skip
    assert states["退款"] == "MATCHED"
    assert (states[paying.TRANSFER], states[paying.UNDER_WAY[0]]) == ("SET_ASIDE", "SET_ASIDE")
    assert states["货款"] == "SET_ASIDE"
    # The taxes wait; one transfer is under way; whatever else the bank says is in the books.
    (agreed,) = billing.bank_agreements(actor=actor)
    assert (agreed.unbooked, agreed.moving) == (-paying.COSTS["TAX"][1], -paying.UNDER_WAY[1])
    (invoice,) = supply.supplier_invoices(actor=actor).rows
    assert states[invoice.number] == "CONFIRMED"
    assert states[f"{invoice.number} 退款"] == "CONFIRMED"
    assert Refund.objects.filter(org_id=operator.org_id, state="PAID").count() == 1
    assert SupplierCredit.objects.filter(org_id=operator.org_id).count() == 1
    assert Vehicle.objects.get(id=vehicle_id).state == "SOLD"
    assert ledger.check_invariants(actor=actor, at=at).broken == 0
