"""Keep books … shares, invoices, finances and closes, and every promise holds."""

from datetime import date
from types import SimpleNamespace
from typing import Any

from panshi.billing.models import EInvoice, Financing, ShareAccrual
from panshi.billing.tests import make
from panshi.crm.tests import make as crm_make
from panshi.demo import books
from panshi.ledger import queries as ledger
from panshi.org.tests import make as org_make


def test_the_finance_desk_has_something_to_show() -> None:
    platform, org = org_make.platform(), org_make.operator()
    customers = [crm_make.customer(org=org).id for _ in range(6)]
    for customer_id in customers:
        paid = make.bill(org, 300, customer_id=customer_id)
        make.pay(org, paid.bill_id)
        make.bill(org, 500, customer_id=customer_id)
    by = make.clerk(org)
    operator = SimpleNamespace(org_id=org.id, actor=by, customers=customers)
    company: Any = SimpleNamespace(platform_id=platform.id, operators=[operator])
    said: list[str] = []
    books.keep_books(company, make.NOON, said.append)
    assert said == ["books: 6 sums shared, 0 promises broken"]
    assert sorted(EInvoice.objects.values_list("state", flat=True))[-1] == "REJECTED"
    assert EInvoice.objects.count() == 4
    assert Financing.objects.count() == 3
    assert ShareAccrual.objects.count() == 6
    assert ledger.books_closed_in(month=date(2027, 2, 1), actor=by) == {org.id}
