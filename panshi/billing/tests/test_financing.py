"""Finance receivables … a bill is financed once at a time."""

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from panshi.billing import queries, services
from panshi.billing.events import ReceivableOffered
from panshi.billing.tests import make
from panshi.ledger import queries as ledger
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make


def finance(
    org: OrgNode,
    *bill_ids: UUID,
    percent: Decimal = Decimal(80),
    fee: Decimal = Decimal("12.50"),
) -> ReceivableOffered:
    return services.finance_receivables(
        bill_ids=bill_ids,
        funder="某商业保理公司",
        starts_on=make.DAY,
        ends_on=date(2027, 12, 21),
        actor=make.clerk(org),
        at=make.NOON,
        percent=percent,
        fee=fee,
    )


def test_advances_a_part_and_owes_it() -> None:
    org = org_make.operator()
    bills = [make.bill(org, amount).bill_id for amount in (300, 199)]
    fact = finance(org, *bills)
    assert (fact.bills, fact.advance, fact.fee) == (2, Decimal("399.20"), Decimal("12.50"))
    rows = ledger.balances(
        accounts=("1002", "6603", "2001.fin"), until=date(2028, 1, 1), actor=make.clerk(org)
    )
    assert {row.account: row.amount for row in rows} == {
        "1002": Decimal("386.70"), "6603": Decimal("12.50"), "2001.fin": Decimal("-399.20"),
    }  # fmt: skip
    assert len(queries.financings(actor=make.clerk(org))) == 2


def test_refuses_a_bill_that_is_financed_and_all_with_it() -> None:
    org = org_make.operator()
    first, second = make.bill(org).bill_id, make.bill(org).bill_id
    batch = finance(org, first)
    with pytest.raises(services.AlreadyFinanced):
        finance(org, first, second)
    assert len(queries.financings(actor=make.clerk(org))) == 1
    services.repay_financing(batch_id=batch.batch_id, actor=make.clerk(org), at=make.NOON)
    with pytest.raises(services.NothingToFinance):
        services.repay_financing(batch_id=batch.batch_id, actor=make.clerk(org), at=make.NOON)
    assert finance(org, first, second).bills == 2
    rows = ledger.balances(accounts=("2001.fin",), until=date(2028, 1, 1), actor=make.clerk(org))
    assert [row.amount for row in rows] == [Decimal("-480.00")]


@pytest.mark.parametrize(("percent", "fee"), [(0, 0), (101, 0), (80, 240)])
def test_refuses_figures_without_sense(percent: int, fee: int) -> None:
    org = org_make.operator()
    with pytest.raises(services.NothingToFinance):
        finance(org, make.bill(org).bill_id, percent=Decimal(percent), fee=Decimal(fee))


def test_refuses_a_paid_bill() -> None:
    org = org_make.operator()
    bill = make.bill(org)
    make.pay(org, bill.bill_id)
    with pytest.raises(services.NothingToFinance):
        finance(org, bill.bill_id)
