"""How money leaves the demo's first operator, and how a customer comes to own a vehicle."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from panshi.billing import queries as billing_queries
from panshi.billing import services as billing
from panshi.billing.events import PaymentReceived
from panshi.crm import queries as crm
from panshi.demo import cash
from panshi.demo.cash import Desk, Line
from panshi.demo.founding import SUPPLIER, Operator, Say, somebody_else
from panshi.demo.history import OWN_MONTHS
from panshi.kit.clock import add_months, local_day
from panshi.kit.money import ZERO
from panshi.leasing import queries as leasing_queries
from panshi.leasing import services as leasing
from panshi.supply import queries as supply_queries
from panshi.supply import services as supply

ACCOUNT: Final = "6222 0212 0200 8866 001"
FIRST, SECOND_FIRST = 101, 201
# Days ago, the amount in CNY, who got it and for what; what is above the bound waits for a second
# person, who has agreed to the wages and not yet to the taxes.
COSTS: Final = {
    "RENT": (9, Decimal(6_800), "杭州城北物流园物业", "场站租金"),
    "WAGES": (6, Decimal(86_500), "代发工资", "工资"),
    "TAX": (1, Decimal(31_250), "国家税务总局杭州市税务局", "增值税"),
}
AGREED: Final = ("RENT", "WAGES")
# A second account of the operator's own: what goes there, and what comes in there by mistake.
SECOND: Final = "1202 0219 0900 7799 002"
TRANSFER: Final = "转本单位二户"
MOVED: Final = Decimal(50_000)
# What goes to an account whose file nobody fetched yet, and why.
UNDER_WAY: Final = ("转保证金户", Decimal(12_000), "转入保证金户，该户流水下周取")
WRONG: Final = (Decimal(1_680), "绍兴某食品商行", "货款", "对方汇错，已电话核实，等来函后退回")


def pay(desk: Desk, at: datetime, say: Say) -> None:
    """The bank's file of what left it: an invoice, a refund, and costs of the operator's own."""
    operator = desk.operator
    actor, today = operator.actor, local_day(at)
    invoices = supply_queries.supplier_invoices(actor=actor, state="PAID").rows
    lines = [
        Line(invoice.paid_on, -invoice.total, SUPPLIER, invoice.number)
        for invoice in invoices
        if invoice.paid_on
    ]
    if desk.overpaid is not None:
        lines.append(_refund(desk, desk.overpaid, at))
    lines += [
        Line(today - timedelta(days=days), -amount, payee, memo)
        for days, amount, payee, memo in COSTS.values()
    ]
    lines += [
        Line(today - timedelta(days=3), -MOVED, "本单位", TRANSFER, SECOND),
        Line(today - timedelta(days=2), -UNDER_WAY[1], "本单位", UNDER_WAY[0]),
    ]
    agreed = billing_queries.bank_agreements(actor=actor)
    opening = agreed[0].bank if agreed else cash.OPENING
    taken = billing.import_statement(
        content=cash.bank_file(lines, opening=opening, first=FIRST), file_name="付款流水.csv",
        account=cash.ACCOUNT, org_id=operator.org_id, actor=actor, at=at,
    )  # fmt: skip
    billing.match_lines(org_id=operator.org_id, actor=actor, at=at)
    other = somebody_else(actor)
    kinds = {memo: cost for cost, (_days, _amount, _payee, memo) in COSTS.items()}
    page = billing_queries.bank_rows(
        statement_id=taken.statement_id, state="QUEUED", actor=actor, limit=len(lines)
    )
    for row in page.rows:
        if row.memo in kinds:
            cost = kinds[row.memo]
            classed = billing.class_outgoing(line_id=row.id, cost=cost, actor=actor, at=at)
            if classed.waits and cost in AGREED:
                billing.approve_outgoing(line_id=row.id, actor=other, at=at)
        elif row.memo == UNDER_WAY[0]:
            billing.set_line_aside(
                line_id=row.id, kind="OWN", words=UNDER_WAY[2], actor=actor, at=at
            )
        elif row.memo != TRANSFER:
            likeliest = billing_queries.outgoing_candidates(line_id=row.id, actor=actor)[0]
            assert likeliest.id is not None
            billing.settle_outgoing(line_id=row.id, entry_id=likeliest.id, actor=actor, at=at)
    _second_account(operator, at)
    left = billing_queries.bank_rows(statement_id=taken.statement_id, state="QUEUED", actor=actor)
    say(f"bank file: {len(lines)} lines of money out, {left.total} wait for a second person")


def _second_account(operator: Operator, at: datetime) -> None:
    """The file of the second account: a transfer, what a supplier sends back, and a mistake."""
    actor, today = operator.actor, local_day(at)
    owed = [
        (found.owed_back, found.number)
        for row in supply_queries.supplier_invoices(actor=actor, state="PAID").rows
        for found in [supply_queries.supplier_invoice(invoice_id=row.id, actor=actor)]
        if found.owed_back
    ]
    amount, payer, memo, why = WRONG
    lines = [
        Line(today - timedelta(days=3), MOVED, "本单位", TRANSFER, cash.ACCOUNT),
        *(Line(today - timedelta(days=2), back, SUPPLIER, f"{no} 退款") for back, no in owed),
        Line(today - timedelta(days=1), amount, payer, memo),
    ]
    taken = billing.import_statement(
        content=cash.bank_file(lines, opening=ZERO, first=SECOND_FIRST), file_name="二户流水.csv",
        account=SECOND, org_id=operator.org_id, actor=actor, at=at,
    )  # fmt: skip
    billing.match_lines(org_id=operator.org_id, actor=actor, at=at)
    page = billing_queries.bank_rows(statement_id=taken.statement_id, state="QUEUED", actor=actor)
    invoices = {f"{number} 退款": number for _back, number in owed}
    for row in page.rows:
        if row.memo == memo:
            billing.set_line_aside(line_id=row.id, kind="OTHER", words=why, actor=actor, at=at)
        elif row.memo in invoices:
            (found,) = supply_queries.supplier_invoices(
                actor=actor, text=invoices[row.memo], state="PAID"
            ).rows
            supply.receive_supplier_refund(
                invoice_id=found.id, received_on=row.value_on, amount=row.amount,
                reference=row.memo, line_id=row.id, actor=actor, at=at,
            )  # fmt: skip


def _refund(desk: Desk, paid: PaymentReceived, at: datetime) -> Line:
    """Who paid too much by the channel has it back by the bank; the bank's line."""
    actor, sent = desk.operator.actor, at - timedelta(days=2)
    other = somebody_else(actor)
    name = crm.names_of({paid.customer_id}, actor)[paid.customer_id]
    refund_id = billing.refund_payment(
        payment_id=paid.payment_id, amount=cash.TOO_MUCH, reason="多付", channel="BANK",
        payee=name, account=ACCOUNT, actor=actor, at=sent,
    ).refund_id  # fmt: skip
    billing.approve_refund(refund_id=refund_id, actor=other, at=sent)
    billing.send_refund(refund_id=refund_id, actor=actor, at=sent)
    return Line(local_day(at) - timedelta(days=1), -cash.TOO_MUCH, name, "退款", ACCOUNT)


def pass_on(operator: Operator, at: datetime) -> None:
    """The customer of the rent to own pays the rest at once, and the vehicle is the customer's."""
    actor = operator.actor
    running = leasing_queries.leases(actor=actor, state="ACTIVE", limit=1_000).rows
    to_own = [r for r in running if r.ends_on == add_months(r.starts_on, OWN_MONTHS)]
    for lease in to_own[:1]:
        for bill in billing_queries.bills_of_source(
            source_kind=leasing.SOURCE, source_id=lease.id, actor=actor
        ):
            if bill.open_amount:
                billing.record_payment(
                    bill_ids=[bill.id], amount=bill.open_amount, actor=actor, at=at
                )
        offer = leasing.buy_out(lease_id=lease.id, on=local_day(at), actor=actor, at=at)
        assert offer.bill_id is not None
        assert lease.vehicle_id is not None
        billing.record_payment(bill_ids=[offer.bill_id], amount=offer.amount, actor=actor, at=at)
        leasing.pass_ownership(buy_out_id=offer.buy_out_id, actor=actor, at=at)
        # Facts of the past are told to nobody, so what hears of a sale is called.
        billing.post_disposal(vehicle_id=lease.vehicle_id, price=ZERO, actor=actor, at=at)
