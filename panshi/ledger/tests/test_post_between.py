"""Post between … writes both books at once, or neither."""

from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from panshi.kit.ids import uuid7
from panshi.kit.refusals import NotPermitted
from panshi.kit.tenancy import hq_actor
from panshi.ledger import queries, services
from panshi.ledger.models import Entry
from panshi.ledger.rules import BETWEEN
from panshi.ledger.services import NewTransfer
from panshi.ledger.tests import make
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make


def transfer(payer: OrgNode, receiver: OrgNode, amount: str = "170.53") -> NewTransfer:
    return NewTransfer(
        payer_id=payer.id,
        receiver_id=receiver.id,
        kind="SHARE_ACCRUED",
        source_kind="billing.SharePosting",
        source_id=uuid7(),
        occurred_on=make.DAY,
        amount=Decimal(amount),
    )


def post(*transfers: NewTransfer) -> int:
    return services.post_between(transfers=transfers, actor=hq_actor(), at=make.NOON).posted


def between(*accounts: str) -> Decimal:
    """Over the whole tree."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COALESCE(sum(amount), 0) FROM ledger_posting WHERE account_id = ANY(%s)",
            [list(accounts)],
        )
        total: Decimal = cursor.fetchone()[0]
    return total


def test_what_one_owes_the_other_is_owed() -> None:
    payer, receiver = org_make.operator(), org_make.operator()
    assert post(transfer(payer, receiver)) == 1
    first, second = Entry.objects.filter(kind="SHARE_ACCRUED").order_by("org_id")
    assert first.pair_id == second.pair_id is not None
    trial = {
        org: {r.account: r.closing for r in queries.trial_balance(month=make.DAY, actor=by)}
        for org, by in ((o, make.clerk(o)) for o in (payer, receiver))
    }
    part = Decimal("170.53")
    assert trial[payer] == {"6401.share": part, "2241.90": -part}
    assert trial[receiver] == {"1221.90": part, "6001.share": -part}


def test_is_posted_once() -> None:
    payer, receiver = org_make.operator(), org_make.operator()
    one = transfer(payer, receiver)
    assert post(one) == 1
    again = services.post_between(transfers=[one], actor=hq_actor(), at=make.NOON)
    assert (again.posted, again.known) == (0, 1)


def test_takes_an_earlier_one_back_to_the_fen() -> None:
    payer, receiver = org_make.operator(), org_make.operator()
    one = transfer(payer, receiver)
    post(one, replace(one, source_id=uuid7(), amount=-one.amount))
    rows = queries.trial_balance(month=make.DAY, actor=make.clerk(receiver))
    assert {row.closing for row in rows} == {0}


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(1, 3), st.integers(-(10**6), 10**6).filter(bool)),
        min_size=1,
        max_size=12,
    )
)
def test_sums_to_zero_over_the_tree(drawn: list[tuple[int, int, int]]) -> None:
    nodes = [org_make.operator() for _ in range(4)]
    post(
        *(
            transfer(nodes[a], nodes[(a + step) % 4], str(Decimal(fen) / 100))
            for a, step, fen in drawn
        )
    )
    assert between(*BETWEEN) == 0
    assert between("6401.share", "6001.share") == 0


def test_a_single_side_is_refused_by_the_database() -> None:
    org = org_make.operator()
    with pytest.raises(services.BooksDisagree):
        make.post(org, make.entry(org, ("6401.share", 5), ("2241.90", -5)))


def test_a_book_owes_itself_nothing() -> None:
    org = org_make.operator()
    with pytest.raises(services.BooksDisagree):
        post(transfer(org, org))
    with pytest.raises(services.Unbalanced):
        post(transfer(org, org_make.operator(), "0.00"))


def test_an_operator_cannot_write_in_its_neighbours_book() -> None:
    payer, receiver = org_make.operator(), org_make.operator()
    with pytest.raises(NotPermitted):
        services.post_between(
            transfers=[transfer(payer, receiver)], actor=make.clerk(payer), at=make.NOON
        )
