"""A quote of a return … is what the settlement of that day leaves, for a thousand random leases."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random

import pytest
from django.db import transaction

from panshi.billing.tests import make as billing_make
from panshi.leasing import queries, services
from panshi.leasing.services import ReturnCharge
from panshi.leasing.tests import make

CHARGES = (("KM_OVERAGE", "超里程"), ("DAMAGE", "划痕"), ("FINE", "违停"), ("AGENCY_FEE", "代办"))


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(4), UTC)


@pytest.mark.parametrize(
    ("seed", "count"),
    [(0, 2), *(pytest.param(seed, 50, marks=pytest.mark.deep) for seed in range(1, 21))],
)
def test_a_quote_on_a_day_is_its_settlement(seed: int, count: int) -> None:
    """Rent, alignment, what was billed and paid, the day of the return and its charges vary.

    A thousand in twenty transactions: in a longer one the rows that were rolled back slow the rest.
    """
    random = Random(20270520 + seed)
    for _number in range(count):
        with transaction.atomic():
            _settle_one(random)
            transaction.set_rollback(True)


def _settle_one(random: Random) -> None:
    starts = date(2027, 1, 1) + timedelta(days=random.randrange(365))
    back = starts + timedelta(days=random.randrange(1, 420))
    lease = make.active(
        at=_noon(starts),
        rent=Decimal(random.randrange(50_000, 900_000)) / 100,
        alignment=random.choice(("ANCHOR", "CALENDAR")),
    )
    until = starts + timedelta(days=random.randrange((back - starts).days + 1))
    make.billed(lease, until, paid=random.random() < 0.7)
    by = make.clerk(lease.org)
    charges = tuple(
        ReturnCharge(
            product_code=code,
            words=words,
            quantity=Decimal(random.randrange(1, 900)),
            unit_price=Decimal(random.randrange(1, 400)) / 100,
        )
        for code, words in random.sample(CHARGES, random.randrange(len(CHARGES) + 1))
    )
    quoted = queries.quote_return(lease_id=lease.id, on=back, charges=charges, actor=by)
    make.back(lease, at=_noon(back))

    fact = services.settle_lease(
        lease_id=lease.id, charges=charges, agreed=quoted.digest, actor=by, at=_noon(back)
    )

    assert fact.total == quoted.total, (starts, back, until, charges)
    assert fact.refund + fact.on_account - fact.still_open == quoted.total
    billing_make.books_agree(lease.org)
