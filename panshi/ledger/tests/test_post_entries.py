"""Post entries … what the verb promises, and what the database refuses on its own."""

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from panshi.kit.ids import uuid7
from panshi.kit.refusals import NotPermitted
from panshi.kit.tenancy import acting
from panshi.ledger import queries, services
from panshi.ledger.models import Entry, Posting
from panshi.ledger.rules import BETWEEN, CHART
from panshi.ledger.tests import make
from panshi.org.tests import make as org_make

AMOUNTS = (
    st.integers(min_value=-(10**9), max_value=10**9).filter(bool).map(lambda f: Decimal(f) / 100)
)
# What lies between books comes in pairs; see test_post_between.
CODES = st.sampled_from([code for code, _, _, _ in CHART if code not in BETWEEN])


def _row_count() -> tuple[int, int]:
    return Entry.objects.count(), Posting.objects.count()


def test_posts_entry_and_legs() -> None:
    org = org_make.operator()
    bill = uuid7()
    fact = make.post(org, make.entry(org, source_id=bill))
    assert (fact.posted, fact.postings, fact.known) == (1, 3, 0)
    (card,) = queries.entries_of(source_kind="billing.Bill", source_id=bill, actor=make.clerk(org))
    assert (card.debit, card.credit) == (Decimal(113), Decimal(113))
    assert [leg.account for leg in card.legs] == ["1122", "6001.rental", "2221.01"]


def test_posts_a_source_once() -> None:
    org = org_make.operator()
    entry = make.entry(org)
    make.post(org, entry)
    before = _row_count()
    fact = make.post(org, entry, make.entry(org))
    assert (fact.posted, fact.known) == (1, 1)
    assert _row_count() == (before[0] + 1, before[1] + 3)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.lists(st.tuples(CODES, AMOUNTS), min_size=1, max_size=6), min_size=1, max_size=8)
)
def test_keeps_every_invariant_for_random_entries(
    drawn: list[list[tuple[str, Decimal]]],
) -> None:
    with transaction.atomic():
        org = org_make.operator()
        entries = [
            make.entry(org, *legs, ("1002", -sum(a for _, a in legs)))
            for legs in drawn
            if sum(a for _, a in legs) != 0
        ]
        fact = make.post(org, *entries)
        assert fact.posted == len(entries)
        assert fact.postings == sum(len(e.postings) for e in entries)
        trial = queries.trial_balance(month=make.DAY, actor=make.clerk(org))
        assert sum(row.closing for row in trial) == 0
        assert sum(row.debit for row in trial) == sum(row.credit for row in trial)
        for row in trial:
            expected = sum(
                p.amount for e in entries for p in e.postings if p.account == row.account
            )
            assert row.closing == expected
        transaction.set_rollback(True)


@pytest.mark.parametrize(
    "legs",
    [
        (("1122", 100), ("6001.rental", Decimal("-99.99"))),
        (("1122", 100),),
        (("1122", 0), ("6001.rental", 0)),
        (("1122", 0), ("1002", 100), ("6001.rental", -100)),
    ],
)
def test_refuses_what_does_not_balance(legs: tuple[tuple[str, Decimal | int], ...]) -> None:
    org = org_make.operator()
    before = _row_count()
    with pytest.raises(services.Unbalanced):
        make.post(org, make.entry(org), make.entry(org, *legs))
    assert _row_count() == before


def test_refuses_an_account_outside_the_chart() -> None:
    org = org_make.operator()
    with pytest.raises(services.UnknownAccount):
        make.post(org, make.entry(org, ("9999", 1), ("1002", -1)))


def test_is_refused_in_a_neighbours_book() -> None:
    ours, theirs = org_make.operator(), org_make.operator()
    with pytest.raises(NotPermitted):
        services.post_entries(entries=[make.entry(theirs)], actor=make.clerk(ours), at=make.NOON)


def _insert(org_id: int, amounts: list[int], *, legs: int | None = None, first: int = 1) -> None:
    """Post past the verb, in plain SQL, as the app's role."""
    entry_id = uuid7()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger_entry (id, org_id, kind, source_kind, source_id, occurred_on, legs)"
            " VALUES (%s, %s, 'X', 'x', %s, '2027-06-21', %s)",
            [entry_id, org_id, uuid7(), legs or len(amounts)],
        )
        _insert_legs(entry_id, org_id, amounts, first)


def _insert_legs(entry_id: UUID, org_id: int, amounts: list[int], first: int = 1) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger_posting"
            " (entry_id, leg, org_id, occurred_on, account_id, amount, city)"
            " SELECT %s, n + %s - 1, %s, '2027-06-21', '1002', a, ''"
            " FROM unnest(%s::numeric[]) WITH ORDINALITY t(a, n)",
            [entry_id, first, org_id, amounts],
        )


@pytest.mark.parametrize(
    ("amounts", "legs", "first"),
    [([100, -99], 2, 1), ([100, -50, -50], 2, 1), ([100, -100], 3, 1), ([100, -100], 2, 2)],
)
def test_plain_sql_cannot_unbalance_the_book(amounts: list[int], legs: int, first: int) -> None:
    org = org_make.operator()
    with (
        acting(make.clerk(org)),
        pytest.raises(IntegrityError, match="does not balance"),
        transaction.atomic(),
    ):
        _insert(org.id, amounts, legs=legs, first=first)


def test_plain_sql_cannot_add_legs_later() -> None:
    org = org_make.operator()
    make.post(org, make.entry(org, ("1002", 5), ("1122", -5)))
    entry = Entry.objects.get(org=org)
    with acting(make.clerk(org)):
        for first in (1, 3):
            with pytest.raises(IntegrityError), transaction.atomic():
                _insert_legs(entry.id, org.id, [7, -7], first)


def test_plain_sql_cannot_leave_an_entry_without_legs() -> None:
    org = org_make.operator()
    with acting(make.clerk(org)), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger_entry (id, org_id, kind, source_kind, source_id, occurred_on, legs)"
            " VALUES (%s, %s, 'X', 'x', %s, '2027-06-21', 2)",
            [uuid7(), org.id, uuid7()],
        )
        with pytest.raises(IntegrityError, match="has no legs"), transaction.atomic():
            cursor.execute("SET CONSTRAINTS an_entry_has_legs IMMEDIATE")
        transaction.set_rollback(True)


def test_plain_sql_cannot_put_a_leg_into_another_book() -> None:
    ours, theirs = org_make.operator(), org_make.operator()
    make.post(ours, make.entry(ours))
    entry = Entry.objects.get(org=ours)
    with pytest.raises(IntegrityError), transaction.atomic():
        _insert_legs(entry.id, theirs.id, [5, -5])


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_posting SET amount = amount + 1",
        "DELETE FROM ledger_posting",
        "TRUNCATE ledger_posting",
        "UPDATE ledger_entry SET occurred_on = '2020-01-01'",
        "DELETE FROM ledger_entry",
    ],
)
@pytest.mark.parametrize("as_hq", [True, False])
def test_nobody_changes_what_was_posted(statement: str, as_hq: bool) -> None:
    org = org_make.operator()
    make.post(org, make.entry(org))
    by = org_make.actor(org_make.platform() if as_hq else org)
    with (
        acting(by),
        connection.cursor() as cursor,
        pytest.raises(DatabaseError),
        transaction.atomic(),
    ):
        cursor.execute(statement)


def test_the_owner_of_the_tables_is_stopped_by_trigger() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_trigger WHERE tgrelid IN"
            " ('ledger_posting'::regclass, 'ledger_entry'::regclass)"
            " AND tgname ~ '(append_only|never_truncated)$' AND tgenabled = 'O'"
        )
        assert cursor.fetchone() == (4,)


def test_a_neighbour_sees_nothing_of_the_book() -> None:
    ours, theirs = org_make.operator(), org_make.operator()
    make.post(ours, make.entry(ours))
    assert queries.trial_balance(month=make.DAY, actor=make.clerk(theirs)) == []
    assert (
        queries.journal(since=date(2027, 1, 1), until=date(2028, 1, 1), actor=make.clerk(theirs))
        == []
    )
