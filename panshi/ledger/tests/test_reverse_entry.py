"""Reverse entry … writes the mirror image, once."""

from datetime import date

import pytest

from panshi.ledger import queries, services
from panshi.ledger.models import Entry
from panshi.ledger.tests import make
from panshi.org.tests import make as org_make


def test_cancels_the_entry_in_a_later_month() -> None:
    org = org_make.operator()
    make.post(org, make.entry(org))
    entry = Entry.objects.get(org=org)
    by = make.clerk(org)
    services.reverse_entry(entry_id=entry.id, occurred_on=date(2027, 7, 2), actor=by, at=make.NOON)
    trial = queries.trial_balance(month=date(2027, 7, 1), actor=by)
    assert {row.closing for row in trial} == {0}
    with pytest.raises(services.AlreadyReversed):
        services.reverse_entry(
            entry_id=entry.id, occurred_on=date(2027, 7, 3), actor=by, at=make.NOON
        )
