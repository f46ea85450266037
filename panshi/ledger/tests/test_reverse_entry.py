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


def test_cancels_many_at_once_and_none_twice() -> None:
    org = org_make.operator()
    for _number in range(3):
        make.post(org, make.entry(org))
    ids = list(Entry.objects.filter(org=org).values_list("id", flat=True))
    by = make.clerk(org)
    fact = services.reverse_entries(
        entry_ids=ids, occurred_on=date(2027, 7, 2), actor=by, at=make.NOON
    )
    assert fact.entries == 3
    trial = queries.trial_balance(month=date(2027, 7, 1), actor=by)
    assert {row.closing for row in trial} == {0}
    assert Entry.objects.filter(org=org, reverses__in=ids).count() == 3
    with pytest.raises(services.AlreadyReversed):
        services.reverse_entries(
            entry_ids=ids[:1], occurred_on=date(2027, 7, 3), actor=by, at=make.NOON
        )


def test_a_stranger_reverses_nothing() -> None:
    org = org_make.operator()
    make.post(org, make.entry(org))
    entry = Entry.objects.get(org=org)
    stranger = make.clerk(org_make.operator())
    fact = services.reverse_entries(
        entry_ids=[entry.id], occurred_on=date(2027, 7, 2), actor=stranger, at=make.NOON
    )
    assert fact.entries == 0
    assert not Entry.objects.filter(reverses=entry).exists()
