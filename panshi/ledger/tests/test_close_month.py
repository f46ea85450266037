"""Close month … keeps later entries out; reopening takes two people."""

from datetime import date

import pytest

from panshi.kit.refusals import IllegalMove
from panshi.ledger import queries, services
from panshi.ledger.tests import make
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make

JUNE = date(2027, 6, 1)


def close(org: OrgNode) -> None:
    services.close_month(org_id=org.id, month=make.DAY, actor=make.clerk(org), at=make.NOON)


def test_refuses_entries_of_that_month_only() -> None:
    org, other = org_make.operator(), org_make.operator()
    close(org)
    with pytest.raises(services.PeriodClosed):
        make.post(org, make.entry(org))
    assert make.post(org, make.entry(org, on=date(2027, 7, 1))).posted == 1
    assert make.post(other, make.entry(other)).posted == 1


def test_is_refused_twice() -> None:
    org = org_make.operator()
    close(org)
    with pytest.raises(IllegalMove):
        close(org)


def test_a_closed_month_reopens_by_a_second_person() -> None:
    org = org_make.operator()
    close(org)
    first, second = make.clerk(org), make.clerk(org)
    with pytest.raises(services.SamePerson):
        services.reopen_month(org_id=org.id, month=JUNE, actor=first, at=make.NOON)
    services.ask_reopening(org_id=org.id, month=JUNE, reason="漏记运费", actor=first, at=make.NOON)
    with pytest.raises(services.SamePerson):
        services.reopen_month(org_id=org.id, month=JUNE, actor=first, at=make.NOON)
    fact = services.reopen_month(org_id=org.id, month=JUNE, actor=second, at=make.NOON)
    assert fact.reason == "漏记运费"
    assert make.post(org, make.entry(org)).posted == 1


def test_tells_which_books_are_closed() -> None:
    org = org_make.operator()
    close(org)
    asked = queries.books_closed_in(month=make.DAY, actor=make.clerk(org))
    assert asked == {org.id}
