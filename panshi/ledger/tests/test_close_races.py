"""Close month … against posting, over real connections that really commit."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connections

from panshi.kit.tenancy import acting, hq_actor
from panshi.ledger import queries, services
from panshi.ledger.models import ClosedSum, Entry
from panshi.ledger.tests import make
from panshi.org.tests import make as org_make
from tests.committing import committing_database

POSTERS = 8
NAME = "panshi_closing"

pytestmark = [pytest.mark.plain, pytest.mark.needs_database]


@pytest.fixture
def committing(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with committing_database(NAME, threads=POSTERS + 2, blocker=django_db_blocker):
        yield


def test_what_is_posted_is_closed_with_the_month_or_refused(committing: None) -> None:
    with acting(hq_actor()):
        org = org_make.operator()
        hq = hq_actor(org_make.platform().id)
        clerk = make.clerk(org)
    start = Barrier(POSTERS + 2)

    def post(number: int) -> int:
        done = 0
        start.wait()
        try:
            for _ in range(12):
                make.post(org, make.entry(org, ("1002", number + 1), ("4103", -number - 1)))
                done += 1
        except services.PeriodClosed:
            pass
        finally:
            connections.close_all()
        return done

    def close() -> int:
        start.wait()
        try:
            services.close_month(org_id=org.id, month=make.DAY, actor=clerk, at=make.NOON)
        finally:
            connections.close_all()
        return 0

    def fold() -> int:
        start.wait()
        try:
            for _ in range(5):
                services.fold_sums(actor=hq, at=make.NOON)
        finally:
            connections.close_all()
        return 0

    with ThreadPoolExecutor(POSTERS + 2) as pool:
        posted = [pool.submit(post, number) for number in range(POSTERS)]
        others = [pool.submit(close), pool.submit(fold)]
        done = [one.result() for one in posted]
        for one in others:
            one.result()

    with acting(hq_actor()):
        assert Entry.objects.count() == sum(done)
        closed = sum(row.debit for row in ClosedSum.objects.filter(account_id="1002"))
    rows = queries.trial_balance(month=make.DAY, actor=clerk)
    assert sum(row.debit for row in rows if row.account == "1002") == closed
    services.check_invariants(actor=hq, at=make.NOON)
    assert [one.code for one in queries.promises(actor=hq) if not one.holds] == []
