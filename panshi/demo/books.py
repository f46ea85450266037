"""What the finance desk has done: a scheme of sharing, a closed month, invoices, a financing."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from panshi.billing import queries as billing_queries
from panshi.billing import services as billing
from panshi.billing.services import NewShareStep
from panshi.demo.cash import CHANNEL
from panshi.demo.founding import Company, Operator, Say
from panshi.kit.clock import add_months, local_day, month_start
from panshi.kit.tenancy import hq_actor
from panshi.ledger import services as ledger

CLOSED_MONTHS_AGO: Final = 4
INVOICED: Final = 4
FINANCED: Final = 3
# A tax number with a digit too many, which the tax service does not take.
MISTYPED: Final = ("杭州城东优选商贸有限公司", "91330106MA2KQ7XC515")
SCHEME: Final = (
    NewShareStep(party="CHANNEL", base="GROSS", percent=Decimal("0.006")),
    NewShareStep(party="OWNER", base="NET", percent=Decimal("0.5"), cap=Decimal(1500)),
    NewShareStep(party="PLATFORM", percent=Decimal("0.20")),
    NewShareStep(party="REGION", percent=Decimal("0.15")),
)


def keep_books(company: Company, at: datetime, say: Say) -> None:
    """Count late days, share the month's cash, close an older month, invoice and finance a few."""
    hq = hq_actor(company.platform_id)
    billing.accrue_late_fees(on=local_day(at), actor=hq, at=at)
    this_month = month_start(local_day(at))
    billing.publish_share_scheme(
        org_id=company.platform_id,
        name="标准分成方案",
        starts_on=this_month,
        steps=SCHEME,
        actor=hq,
        at=at,
    )
    billing.catch_up_revenue(actor=hq, at=at)
    shared = billing.accrue_shares(actor=hq, at=at)
    for operator in company.operators:
        _invoice(operator, at)
    billing.check_channel(channel=CHANNEL, day=local_day(at) - timedelta(days=1), actor=hq, at=at)
    billing.submit_invoices(actor=hq, at=at)
    billing.poll_invoices(actor=hq, at=at + timedelta(minutes=2))
    first = company.operators[0]
    _finance(first, at)
    ledger.fold_sums(actor=hq, at=at)
    closing = add_months(this_month, -CLOSED_MONTHS_AGO)
    billing.recognise_revenue(month=closing, actor=hq, at=at)
    try:
        ledger.close_month(org_id=first.org_id, month=closing, actor=first.actor, at=at)
    except ledger.MonthNotReady as refusal:
        say(refusal.words)
    checked = ledger.check_invariants(actor=hq, at=at)
    say(f"books: {shared.accruals} sums shared, {checked.broken} promises broken")


def _invoice(operator: Operator, at: datetime) -> None:
    """Some customers want an invoice on their last paid bill; the first mistypes a number."""
    asked = 0
    for customer_id in operator.customers:
        offered = billing_queries.invoiceable_bills(
            customer_id=customer_id, actor=operator.actor, limit=1
        )
        if not offered:
            continue
        billing.request_invoice(
            bill_ids=[offered[0].id],
            buyer_name="个人" if asked else MISTYPED[0],
            buyer_tax_no="" if asked else MISTYPED[1],
            actor=operator.actor,
            at=at,
        )
        asked += 1
        if asked == INVOICED:
            return


def _finance(operator: Operator, at: datetime) -> None:
    """A funder advances money on the largest open bills."""
    owed = billing_queries.open_bills(actor=operator.actor)
    largest = sorted(
        (bill for bill in owed if bill.kind == "CHARGE"), key=lambda bill: -bill.open_amount
    )[:FINANCED]
    if largest:
        billing.finance_receivables(
            bill_ids=[bill.id for bill in largest],
            funder="示范商业保理有限公司",
            percent=Decimal(80),
            fee=Decimal(50),
            starts_on=local_day(at),
            ends_on=add_months(local_day(at), 3),
            actor=operator.actor,
            at=at,
        )
