"""Many random steps … keep every promise of the books; at full size they belong to `make deep`."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Final
from uuid import UUID

import pytest
from django.db import connection, transaction

from panshi.billing.tests import steps
from panshi.kit.ids import uuid7
from panshi.kit.tenancy import hq_actor
from panshi.ledger import services as books
from panshi.ledger.models import Entry
from panshi.ledger.services import NewEntry, NewPosting, NewTransfer
from panshi.ledger.tests import make
from panshi.org.tests import make as org_make

A_CALL: Final = 500
VEHICLES: Final = tuple(uuid7() for _ in range(40))
# Those that no other room answers for: what it counts is not drawn at random.
FREE: Final = ("1002", "1012.sim", "1123", "1601", "1602", "2202", "2205", "2221.01", "4103",
               "6001.rental", "6001.service", "6401.energy", "6603", "6711")  # fmt: skip


@pytest.mark.deep
def test_what_people_and_nights_do() -> None:
    walks, length = 20, 200
    random = Random(20270621)
    done = 0
    for _walk in range(walks):
        drawn = [(random.choice(steps.STEPS), random.randint(1, 400_000)) for _ in range(length)]
        with transaction.atomic():
            done += steps.walk(drawn)
            assert steps.broken() == []
            transaction.set_rollback(True)
    assert done > walks * length / 4  # The steps are such as the test is about.


@pytest.mark.parametrize(
    ("seed", "count"),
    [(7, 2_000), *(pytest.param(seed, 100_000, marks=pytest.mark.deep) for seed in range(10))],
)
def test_entries_posted_again_reversed_and_between_books(seed: int, count: int) -> None:
    """Every promise is looked at twenty times on the way, and what is unbalanced gets nowhere.

    A million steps in ten transactions: in one the rows without statistics slow the rest.
    """
    random = Random(seed)
    with connection.cursor() as cursor:
        # Nothing counts the fresh rows, and for the few it expects the planner reads whole tables.
        cursor.execute("SET LOCAL enable_seqscan = off")
    ours, theirs = org_make.operator(), org_make.operator()
    hq = hq_actor(org_make.platform().id)
    kept: list[UUID] = []
    taken = looks = 0
    while taken < count:
        act = random.random()
        if act < 0.70:
            entries = [_entry(ours.id, random) for _ in range(A_CALL)]
            fact = books.post_entries(entries=entries, actor=hq, at=make.NOON)
            again = books.post_entries(entries=entries[:50], actor=hq, at=make.NOON)
            assert (fact.posted, again.posted, again.known) == (A_CALL, 0, 50)
            ids = [entry.source_id for entry in random.sample(entries, 50)]
            kept += Entry.objects.filter(source_id__in=ids).values_list("id", flat=True)
            taken += A_CALL + 50
        elif act < 0.80 and kept:
            random.shuffle(kept)
            back, kept = kept[:200], kept[200:]
            books.reverse_entries(entry_ids=back, occurred_on=_day(random), actor=hq, at=make.NOON)
            taken += len(back)
        elif act < 0.95:
            between = [_transfer(ours.id, theirs.id, random) for _ in range(A_CALL)]
            books.post_between(transfers=between, actor=hq, at=make.NOON)
            taken += A_CALL
        else:
            wrong = [*(_entry(ours.id, random) for _ in range(20)), _unbalanced(ours.id, random)]
            with pytest.raises(books.Unbalanced), transaction.atomic():
                books.post_entries(entries=wrong, actor=hq, at=make.NOON)
            books.fold_sums(actor=hq, at=make.NOON)
            taken += 1
        if taken >= count * (looks + 1) / 20:
            looks += 1
            assert steps.broken() == []
    assert looks >= 20 or taken < 20 * A_CALL


def _day(random: Random) -> date:
    return date(2027, 1, 1) + timedelta(days=random.randrange(170))


def _amounts(random: Random) -> Iterator[Decimal]:
    parts = [Decimal(random.randrange(1, 10**8)) / 100 for _ in range(random.choice((1, 1, 2, 4)))]
    yield from parts
    yield -sum(parts, Decimal(0))


def _entry(org_id: int, random: Random) -> NewEntry:
    vehicle = random.choice((None, *VEHICLES))
    return NewEntry(
        org_id=org_id,
        kind="BILL_ISSUED",
        source_kind="test.Step",
        source_id=uuid7(),
        occurred_on=_day(random),
        postings=tuple(
            NewPosting(account=random.choice(FREE), amount=amount, vehicle_id=vehicle)
            for amount in _amounts(random)
        ),
    )


def _unbalanced(org_id: int, random: Random) -> NewEntry:
    return NewEntry(
        org_id=org_id,
        kind="BILL_ISSUED",
        source_kind="test.Step",
        source_id=uuid7(),
        occurred_on=_day(random),
        postings=tuple(NewPosting(account=a, amount=Decimal(1)) for a in FREE[:2]),
    )


def _transfer(payer_id: int, receiver_id: int, random: Random) -> NewTransfer:
    return NewTransfer(
        payer_id=payer_id,
        receiver_id=receiver_id,
        kind="SHARE_ACCRUED",
        source_kind="test.Share",
        source_id=uuid7(),
        occurred_on=_day(random),
        amount=Decimal(random.randrange(1, 10**7)) / 100,
        vehicle_id=random.choice(VEHICLES),
    )
