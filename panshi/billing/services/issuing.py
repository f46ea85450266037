"""Issuing drafts: number, entry with its postings, balance; the same statements for one or all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import connection

from panshi.kit.money import ZERO
from panshi.kit.numbers import next_numbers
from panshi.ledger import services as ledger


@dataclass(frozen=True, slots=True)
class Issued:
    bills: int
    total: Decimal
    entries: int
    postings: int


_PICK: Final = """
CREATE TEMP TABLE billing_issuing AS
SELECT b.id, b.org_id, row_number() OVER (PARTITION BY b.org_id ORDER BY b.due_on, b.id) AS place
FROM (
    SELECT id, org_id, due_on FROM billing_bill WHERE state = 'DRAFT' AND {which} FOR UPDATE
) b
"""
_NUMBER: Final = """
UPDATE billing_bill b SET
    number = %(series)s || '-' || lpad((f.base + i.place)::text, 6, '0'),
    state = 'ISSUED', issued_on = %(on)s
FROM billing_issuing i JOIN unnest(%(orgs)s::int[], %(bases)s::bigint[]) f(org_id, base)
    USING (org_id)
WHERE b.id = i.id
"""
# The debit carries the gross; each line's product tells which account takes its net.
_STAGE: Final = """
INSERT INTO ledger_staged
WITH lines AS (
    SELECT b.id, b.org_id, b.kind, b.customer_id, b.city, l.vehicle_id, l.gross, l.net, l.vat,
        CASE WHEN r.deferred THEN '2205' ELSE r.account END AS income
    FROM billing_issuing i JOIN billing_bill b ON b.id = i.id
    JOIN billing_billline l ON l.bill_id = b.id JOIN billing_product r ON r.code = l.product_id
), sides AS (
    SELECT id, org_id, kind, customer_id, city, vehicle_id, 1 AS side,
        CASE kind WHEN 'DEPOSIT' THEN '1122.02' ELSE '1122' END AS account, gross AS amount
    FROM lines
    UNION ALL
    SELECT id, org_id, kind, customer_id, city, vehicle_id, 2, income, -net FROM lines
    UNION ALL
    SELECT id, org_id, kind, customer_id, city, vehicle_id, 3, '2221.01', -vat FROM lines
), legs AS (
    SELECT id, org_id, kind, customer_id, city, vehicle_id, side, account, sum(amount) AS amount
    FROM sides GROUP BY id, org_id, kind, customer_id, city, vehicle_id, side, account
    HAVING sum(amount) <> 0
)
SELECT org_id,
    CASE kind WHEN 'DEPOSIT' THEN 'DEPOSIT_DEMANDED' WHEN 'CREDIT' THEN 'BILL_CREDITED'
        ELSE 'BILL_ISSUED' END,
    'billing.Bill', id, %(on)s,
    row_number() OVER (PARTITION BY id ORDER BY side, account, vehicle_id),
    account, amount, vehicle_id, customer_id, city
FROM legs
"""
_OPEN: Final = """
INSERT INTO billing_billbalance
    (bill_id, org_id, kind, customer_id, vehicle_id, source_kind, source_id, city, due_on, total,
     open_amount, settled_on)
SELECT b.id, b.org_id, b.kind, b.customer_id, b.vehicle_id, b.source_kind, b.source_id, b.city,
    b.due_on, b.total, b.total, CASE WHEN b.total = 0 THEN %(on)s::date END
FROM billing_issuing i JOIN billing_bill b ON b.id = i.id WHERE b.kind <> 'CREDIT'
"""


def issue(*, which: str, values: dict[str, Any], on: date) -> Issued:
    """Issue the drafts that a condition picks; called inside a verb.

    Raises ledger.PeriodClosed when the book of one of them is closed for the month of `on`.
    """
    with connection.cursor() as cursor:
        cursor.execute(_PICK.format(which=which), values)
        cursor.execute("ANALYZE billing_issuing")
        cursor.execute("SELECT org_id, count(*) FROM billing_issuing GROUP BY org_id ORDER BY 1")
        counts: list[tuple[int, int]] = cursor.fetchall()
        series = f"B{on.year}"
        values = {
            "on": on,
            "series": series,
            "orgs": [org_id for org_id, _count in counts],
            "bases": [
                next_numbers(org_id=org_id, series=series, count=count).start - 1
                for org_id, count in counts
            ],
        }
        cursor.execute(_NUMBER, values)
        ledger.open_stage()
        cursor.execute(_STAGE, values)
        posted = ledger.post_staged()
        cursor.execute(_OPEN, values)
        cursor.execute(
            "SELECT count(*), COALESCE(sum(b.total), 0) FROM billing_issuing i"
            " JOIN billing_bill b ON b.id = i.id"
        )
        bills, total = cursor.fetchone() or (0, ZERO)
        cursor.execute("DROP TABLE billing_issuing")
    return Issued(bills, total, posted.entries, posted.postings)


def issue_these(bill_ids: Sequence[UUID], *, on: date) -> Issued:
    """Issue drafts by their ids; called inside a verb."""
    return issue(which="id = ANY(%(ids)s)", values={"ids": list(bill_ids)}, on=on)
