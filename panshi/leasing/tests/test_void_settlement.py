"""Void a settlement … takes back what the customer confirmed, by two people, before money moves."""

import pytest

from panshi.billing import queries as billing_queries
from panshi.billing.services import SamePerson
from panshi.billing.tests import make as billing_make
from panshi.kit.clock import local_day
from panshi.kit.refusals import IllegalMove
from panshi.leasing import queries, services
from panshi.leasing.models import Lease, SettlementVoid
from panshi.leasing.tests import make
from panshi.leasing.tests.make import NOON, clerk
from panshi.org.tests.window import page, window


def confirmed() -> Lease:
    lease = make.active()
    make.billed(lease, local_day(NOON))
    make.back(lease, at=NOON)
    services.start_settlement(lease_id=lease.id, charges=(), actor=clerk(lease.org), at=NOON)
    agree(lease)
    return lease


def agree(lease: Lease) -> None:
    sheet = queries.settlement_sheet(lease_id=lease.id, actor=clerk(lease.org))
    assert sheet is not None
    services.confirm_settlement(
        lease_id=lease.id, digest=sheet.digest, actor=clerk(lease.org), at=NOON
    )


def deposit_state(lease: Lease) -> str:
    row = billing_queries.deposit_of(
        source_kind=services.SOURCE, source_id=lease.id, actor=clerk(lease.org)
    )
    assert row is not None
    return row.state


def test_a_second_person_voids_it_and_the_deposit_is_held_again() -> None:
    lease = confirmed()
    asker = clerk(lease.org)
    services.ask_settlement_void(lease_id=lease.id, reason="wrong reading", actor=asker, at=NOON)
    with pytest.raises(IllegalMove):
        services.ask_settlement_void(lease_id=lease.id, reason="again", actor=asker, at=NOON)
    with pytest.raises(SamePerson):
        services.void_settlement(lease_id=lease.id, actor=asker, at=NOON)
    services.void_settlement(lease_id=lease.id, actor=clerk(lease.org), at=NOON)
    assert queries.settlement_sheet(lease_id=lease.id, actor=asker) is None
    assert deposit_state(lease) == "HELD"
    with pytest.raises(services.SettlementMissing):
        services.confirm_settlement(lease_id=lease.id, digest="", actor=asker, at=NOON)

    services.start_settlement(lease_id=lease.id, charges=(), actor=asker, at=NOON)
    assert deposit_state(lease) == "RESERVED"
    agree(lease)
    services.settle_lease(lease_id=lease.id, charges=(), actor=asker, at=NOON)
    billing_make.give_back(lease.org, lease.id, at=NOON)
    billing_make.books_agree(lease.org)


def test_not_once_its_money_has_moved_nor_before_it_is_confirmed() -> None:
    lease = confirmed()
    by = clerk(lease.org)
    services.settle_lease(lease_id=lease.id, charges=(), actor=by, at=NOON)
    with pytest.raises(IllegalMove):
        services.ask_settlement_void(lease_id=lease.id, reason="late", actor=by, at=NOON)
    other = make.active()
    make.back(other, at=NOON)
    by = clerk(other.org)
    services.start_settlement(lease_id=other.id, charges=(), actor=by, at=NOON)
    with pytest.raises(services.SettlementMissing):
        services.ask_settlement_void(lease_id=other.id, reason="early", actor=by, at=NOON)


def test_the_page_asks_one_and_lets_another_decide() -> None:
    lease = confirmed()
    client, boss = window(lease.org, "FINANCE", "SALES"), window(lease.org, "FINANCE", "SALES")
    url = f"/leasing/leases/{lease.id}/settle/"
    assert "Ask to void it" in page(client.get(url))
    assert client.post(f"{url}void/ask/", {"reason": ""}).status_code == 302
    assert not SettlementVoid.objects.filter(lease=lease).exists()
    client.post(f"{url}void/ask/", {"reason": "wrong reading"})
    assert "Void it" not in page(client.get(url))
    assert client.post(f"{url}void/").status_code == 409
    assert "Void it" in page(boss.get(url))
    boss.post(f"{url}keep/")
    assert SettlementVoid.objects.get(lease=lease).state == "KEPT"
    client.post(f"{url}void/ask/", {"reason": "wrong reading again"})
    boss.post(f"{url}void/")
    assert queries.settlement_sheet(lease_id=lease.id, actor=clerk(lease.org)) is None
    assert "wrong reading again" in page(client.get(url))
