"""Sums of months … equal the postings, folded or not, and are mended by counting again."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.db.models import Sum

from panshi.kit.ids import uuid7
from panshi.kit.tenancy import hq_actor
from panshi.ledger import queries, services
from panshi.ledger.models import Posting, Snapshot, SnapshotChange
from panshi.ledger.tests import make
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make

ACCOUNTS = ("1122", "6001.rental", "2221.01", "1002")


BORDERS = (
    (5, 1), (5, 31), (6, 14), (6, 15), (6, 16), (6, 30), (7, 1), (7, 20),
)  # fmt: skip


def fill(org: OrgNode) -> None:
    """Something on each border of three months."""
    for month, day in BORDERS:
        on = date(2027, month, day)
        make.post(org, make.entry(org, on=on))
        make.post(org, make.entry(org, ("1002", 40 + day), ("1122", -40 - day), on=on))


def by_posting(org: OrgNode, since: date | None, until: date) -> dict[str, Decimal]:
    """The slow way: each posting added up."""
    rows = Posting.objects.filter(org=org, account_id__in=ACCOUNTS, occurred_on__lt=until)
    if since:
        rows = rows.filter(occurred_on__gte=since)
    sums = rows.values_list("account_id").annotate(total=Sum("amount"))
    return {account: total for account, total in sums if total}


@pytest.mark.parametrize("folded", [False, True])
def test_answer_like_the_postings_for_every_span(folded: bool) -> None:
    org = org_make.operator()
    fill(org)
    if folded:
        services.fold_sums(actor=hq_actor(), at=make.NOON)
        make.post(org, make.entry(org))
    by = make.clerk(org)
    borders = [date(2027, 4, 30) + timedelta(days) for days in range(0, 90, 3)]
    for until in borders:
        for since in (None, date(2027, 5, 1), date(2027, 6, 10), date(2027, 6, 20)):
            if since is None or since <= until:
                rows = queries.balances(accounts=ACCOUNTS, since=since, until=until, actor=by)
                answer = {row.account: row.amount for row in rows}
                assert answer == by_posting(org, since, until), (since, until)


def test_folding_changes_no_figure_and_is_done_once() -> None:
    org = org_make.operator()
    fill(org)
    by = make.clerk(org)
    before = queries.trial_balance(month=make.DAY, actor=by)
    assert queries.changes_waiting(actor=by)
    folded = services.fold_sums(actor=hq_actor(), at=make.NOON)
    assert folded.changes > folded.sums > 0
    assert queries.trial_balance(month=make.DAY, actor=by) == before
    assert not queries.changes_waiting(actor=by)
    assert services.fold_sums(actor=hq_actor(), at=make.NOON).changes == 0
    assert services.recount_sums(actor=hq_actor(), at=make.NOON).mended == 0


def test_opening_debit_credit_and_closing_of_a_month() -> None:
    org = org_make.operator()
    fill(org)
    rows = {
        row.account: row for row in queries.trial_balance(month=make.DAY, actor=make.clerk(org))
    }
    postings: dict[str, list[tuple[date, Decimal]]] = defaultdict(list)
    for account, on, amount in Posting.objects.filter(org=org).values_list(
        "account_id", "occurred_on", "amount"
    ):
        postings[account].append((on, amount))
    june, july = date(2027, 6, 1), date(2027, 7, 1)
    for account, legs in postings.items():
        row = rows[account]
        month = [amount for on, amount in legs if june <= on < july]
        assert row.opening == sum(amount for on, amount in legs if on < june)
        assert row.debit == sum(amount for amount in month if amount > 0)
        assert row.credit == -sum(amount for amount in month if amount < 0)
        assert row.closing == row.opening + row.debit - row.credit


def test_counting_again_mends_what_was_written_past_the_trigger() -> None:
    org = org_make.operator()
    fill(org)
    services.fold_sums(actor=hq_actor(), at=make.NOON)
    Snapshot.objects.filter(org=org, account_id="1002", month=date(2027, 6, 1)).update(debit=7)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger_snapshot (org_id, month, account_id, city, debit, credit)"
            " VALUES (%s, '2026-01-01', '1002', 'nowhere', 5, 0)",
            [org.id],
        )
    assert services.recount_sums(actor=hq_actor(), at=make.NOON).mended == 2
    rows = queries.balances(accounts=ACCOUNTS, until=date(2028, 1, 1), actor=make.clerk(org))
    assert {row.account: row.amount for row in rows} == by_posting(org, None, date(2028, 1, 1))


def test_a_refused_entry_leaves_no_sum() -> None:
    org = org_make.operator()
    with pytest.raises(services.Unbalanced):
        make.post(org, make.entry(org), make.entry(org, ("1122", 100), source_id=uuid7()))
    assert not SnapshotChange.objects.filter(org=org).exists()


def test_a_neighbour_sees_no_sums() -> None:
    org, other = org_make.operator(), org_make.operator()
    fill(org)
    seen = queries.balances(accounts=ACCOUNTS, until=date(2028, 1, 1), actor=make.clerk(other))
    assert seen == []


def test_sums_of_days_answer_like_the_postings_before_and_after_a_fold() -> None:
    org = org_make.operator()
    fill(org)
    by = make.clerk(org)

    def asked() -> list[dict[date, Decimal]]:
        found = []
        for kinds, but in (((), ()), (("BILL_ISSUED",), ()), ((), ("BILL_ISSUED",))):
            rows = queries.daily_sums(
                accounts=("1122",), since=date(2027, 5, 1), until=date(2027, 8, 1), kinds=kinds,
                but_kinds=but, actor=by,
            )  # fmt: skip
            found.append({row.day: row.amount for row in rows})
        return found

    by_day: dict[date, Decimal] = defaultdict(Decimal)
    for posting in Posting.objects.filter(org=org, account_id="1122"):
        by_day[posting.occurred_on] += posting.amount
    read = asked()
    assert read[0] == by_day
    services.fold_sums(actor=hq_actor(), at=make.NOON)
    assert asked() == read
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM ledger_daysum WHERE org_id = %s", [org.id])
        assert cursor.fetchone()[0] >= len(by_day)

    make.post(org, make.entry(org, on=date(2027, 6, 14)))
    late = asked()
    assert late != read
    services.fold_sums(actor=hq_actor(), at=make.NOON)
    assert asked() == late
    services.recount_sums(actor=hq_actor(), at=make.NOON)
    assert asked() == late
