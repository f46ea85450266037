"""Deposits: demanded, held, reserved, applied, returned; the ledger follows each move."""

from decimal import Decimal

import pytest

from panshi.billing import channels, services
from panshi.billing.channels.simulated import Simulated
from panshi.billing.models import Deposit, Refund
from panshi.billing.tests import make
from panshi.kit.ids import uuid7
from panshi.kit.models import Outbox
from panshi.kit.refusals import IllegalMove
from panshi.ledger import queries as ledger
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.org.tests.window import page, window


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
    make.books_agree(org)
    deposit.refresh_from_db()
    assert (deposit.state, deposit.held, deposit.returning) == (
        "RESERVED",
        Decimal(6000),
        Decimal(6000),
    )
    (refund,) = make.give_back(org, deposit.source_id)
    assert (refund.channel, refund.state) == ("SIM", "PAID")
    assert refund.payment is not None
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


def test_goes_back_again_after_the_channel_refused_it() -> None:
    org = org_make.operator()
    deposit = held(org, 500)
    by = make.clerk(org)
    services.return_deposit(deposit_id=deposit.id, actor=by, at=make.NOON)
    refund = Refund.objects.get(deposit=deposit)
    services.approve_refund(refund_id=refund.id, actor=make.clerk(org), at=make.NOON)
    services.send_refund(refund_id=refund.id, actor=by, at=make.NOON)
    with channels.standing_in(Simulated(refuses=True)):
        services.query_refund(refund_id=refund.id, actor=by, at=make.NOON)
    deposit.refresh_from_db()
    assert (deposit.held, deposit.returning, deposit.returned) == (
        Decimal(500),
        Decimal(500),
        Decimal(0),
    )
    make.books_agree(org)
    with pytest.raises(services.DepositTooSmall):
        services.return_deposit(deposit_id=deposit.id, actor=by, at=make.NOON)
    with pytest.raises(services.DepositUnderWay):
        services.release_deposit(deposit_id=deposit.id, actor=by, at=make.NOON)
    services.send_refund(refund_id=refund.id, actor=by, at=make.NOON)
    services.query_refund(refund_id=refund.id, actor=by, at=make.NOON)
    deposit.refresh_from_db()
    assert (deposit.state, deposit.held) == ("RETURNED", Decimal(0))
    assert not money(org)
    make.books_agree(org)
    told = Outbox.objects.filter(org_id=org.id, name="billing.DepositReturned")
    assert [fact.payload["amount"] for fact in told] == ["500.00"]


def test_goes_by_the_bank_where_it_came_by_the_bank_to_an_account_that_was_named() -> None:
    org = org_make.operator()
    fact = make.deposit(org, 500)
    by = make.clerk(org)
    services.record_payment(
        bill_ids=[fact.bill_id], amount=Decimal(500), channel="BANK", actor=by, at=make.NOON
    )
    services.return_deposit(deposit_id=fact.deposit_id, actor=by, at=make.NOON)
    refund = Refund.objects.get(deposit_id=fact.deposit_id)
    assert refund.channel == "BANK"
    boss = make.clerk(org)
    with pytest.raises(services.PayeeMissing):
        services.approve_refund(refund_id=refund.id, actor=boss, at=make.NOON)
    services.name_payee(
        refund_id=refund.id, payee="李一", account="622202", actor=boss, at=make.NOON
    )
    with pytest.raises(services.SamePerson):
        services.approve_refund(refund_id=refund.id, actor=boss, at=make.NOON)
    services.approve_refund(refund_id=refund.id, actor=by, at=make.NOON)
    with pytest.raises(IllegalMove):
        services.name_payee(refund_id=refund.id, payee="王二", account="1", actor=by, at=make.NOON)
    services.send_refund(refund_id=refund.id, actor=by, at=make.NOON)
    services.conclude_refund(refund_id=refund.id, paid=True, actor=by, at=make.NOON)
    assert Deposit.objects.get(id=fact.deposit_id).state == "RETURNED"
    assert not money(org)


def test_a_declined_return_leaves_the_deposit_reserved_to_be_asked_for_again() -> None:
    org = org_make.operator()
    deposit = held(org, 500)
    client, boss = window(org, "FINANCE"), window(org, "FINANCE")
    services.return_deposit(deposit_id=deposit.id, actor=make.clerk(org), at=make.NOON)
    refund = Refund.objects.get(deposit=deposit)
    path = f"/finance/refunds/{refund.id}/"
    assert "Pay by the bank instead" in page(client.get(path))
    assert client.post(f"{path}decline/", {"reason": "later"}).status_code == 302
    deposit.refresh_from_db()
    assert (deposit.reserved, deposit.returning) == (Decimal(500), Decimal(0))
    make.books_agree(org)
    assert client.post(f"{path}again/").status_code == 302
    again = Refund.objects.filter(deposit=deposit, state="ASKED").get()
    payee = f"/finance/refunds/{again.id}/payee/"
    assert client.get(payee).status_code == 200
    assert client.post(payee, {"payee": "李一", "account": "622202"}).status_code == 302
    assert boss.post(f"/finance/refunds/{again.id}/approve/").status_code == 302
    again.refresh_from_db()
    assert (again.channel, again.state) == ("BANK", "APPROVED")


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
