"""A contract's number in a bank's memo … tells whose money it is, and which bills it settles."""

from datetime import date, datetime
from decimal import Decimal

from django.utils import timezone

from panshi.billing import queries as billing_queries
from panshi.billing import services as billing
from panshi.billing.models import BankLine, BillBalance
from panshi.billing.tests.bank_files import csv_of
from panshi.kit.clock import SHANGHAI
from panshi.leasing.tests import make
from panshi.leasing.tests.make import clerk

DAY = date(2026, 7, 3)


def test_a_contract_number_in_a_memo_is_evidence_of_identity() -> None:
    lease, other = make.active(), make.active()
    make.billed(lease, DAY, paid=False)
    make.billed(other, DAY, paid=False)
    (rent,) = (
        row for row in billing_queries.open_bills(actor=clerk(lease.org)) if row.open_amount < 3000
    )
    number = lease.number.replace("-", "").lower()
    content = csv_of(
        (
            (f"{DAY}", f"{rent.open_amount}", "某陌生人", "6222001", f"合同{number}租金"),
            (f"{DAY}", f"{rent.open_amount}", "某陌生人", "6222002", f"合同{other.number}9"),
        )
    )
    at = datetime(2026, 7, 4, 10, tzinfo=SHANGHAI)
    billing.import_statement(
        content=content, file_name="bank.csv", account="3301", org_id=lease.org_id,
        opening=None, closing=None, actor=clerk(lease.org), at=at,
    )  # fmt: skip
    fact = billing.match_lines(org_id=lease.org_id, actor=clerk(lease.org), at=timezone.now())
    assert (fact.matched, fact.queued) == (1, 1)
    settled, waits = BankLine.objects.filter(org=lease.org).order_by("line")
    assert settled.score == 85 + 5 * (["NEAR", 5] in settled.reasons)
    assert ["NUMBER", 50] in settled.reasons
    assert BillBalance.objects.get(bill_id=rent.id).open_amount == Decimal(0)
    assert waits.state == "QUEUED", "a stranger with a longer number names no contract of ours"
