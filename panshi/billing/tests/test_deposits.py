"""Deposits: demanded, held, reserved, applied, returned; the ledger follows each move."""

from decimal import Decimal

import pytest

from panshi.billing import services
from panshi.billing.models import Deposit
from panshi.billing.tests import make
from panshi.kit.ids import uuid7
from panshi.kit.models import Outbox
from panshi.kit.refusals import IllegalMove
from panshi.ledger import queries as ledger
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make


def money(org: OrgNode) -> dict[str, Decimal]:
    rows = ledger.trial_balance(month=make.DAY, actor=make.clerk(org))
    return {row.account: row.closing for row in rows if row.closing}


def held(org: OrgNode, amount: int = 6400) -> Deposit:
    fact = make.deposit(org, amount)
    make.pay(org, fact.bill_id)
    return Deposit.objects.get(id=fact.deposit_id)


def test_is_demanded_without_vat() -> None:
    org = org_make.operator()
    make.deposit(org)
    assert money(org) == {"1122.02": 6400, "2241.02": -6400}


def test_is_held_once_paid() -> None:
    org = org_make.operator()
    deposit = held(org)
    assert (deposit.state, deposit.held, deposit.channel) == ("HELD", Decimal(6400), "SIM")
    assert money(org) == {"1012.sim": 6400, "2241.01": -6400}
    fact = Outbox.objects.get(org_id=org.id, name="billing.DepositHeld")
    assert fact.payload["source_id"] == str(deposit.source_id)


def test_is_reserved_then_applied_and_returned() -> None:
    org = org_make.operator()
    deposit = held(org)
    by, at = make.clerk(org), make.NOON
    bill = make.bill(org, 400, customer_id=deposit.customer_id)
    services.reserve_deposit(deposit_id=deposit.id, actor=by, at=at)
    assert money(org)["2241.09"] == -6400
    applied = services.apply_deposit(
        deposit_id=deposit.id, bill_id=bill.bill_id, amount=Decimal(1000), actor=by, at=at
    )
    assert applied.amount == 400
    returned = services.return_deposit(deposit_id=deposit.id, actor=by, at=at)
    assert returned.amount == 6000
    deposit.refresh_from_db()
    assert (deposit.state, deposit.held) == ("RETURNED", Decimal(0))
    assert deposit.applied == 400
    assert money(org)["1012.sim"] == 400
    assert not {"2241.01", "2241.09", "1122"} & set(money(org))


def test_is_released_when_the_settlement_is_void() -> None:
    org = org_make.operator()
    deposit = held(org)
    by = make.clerk(org)
    services.reserve_deposit(deposit_id=deposit.id, amount=Decimal(100), actor=by, at=make.NOON)
    services.release_deposit(deposit_id=deposit.id, actor=by, at=make.NOON)
    deposit.refresh_from_db()
    assert (deposit.state, deposit.reserved) == ("HELD", Decimal(0))
    assert money(org)["2241.01"] == -6400


def test_never_gives_more_than_it_holds() -> None:
    org = org_make.operator()
    deposit = held(org, 500)
    with pytest.raises(services.DepositTooSmall):
        services.return_deposit(
            deposit_id=deposit.id, amount=Decimal("500.01"), actor=make.clerk(org), at=make.NOON
        )


def test_an_unpaid_deposit_cannot_be_reserved() -> None:
    org = org_make.operator()
    fact = make.deposit(org)
    with pytest.raises((services.DepositTooSmall, IllegalMove)):
        services.reserve_deposit(deposit_id=fact.deposit_id, actor=make.clerk(org), at=make.NOON)


def test_one_deposit_per_source() -> None:
    org, lease = org_make.operator(), uuid7()
    make.deposit(org, source_id=lease)
    with pytest.raises(services.AlreadyBilled):
        make.deposit(org, source_id=lease)
