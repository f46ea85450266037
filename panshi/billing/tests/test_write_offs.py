"""A hopeless debt … is written off by two people, and recovered when it is paid after all."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from panshi.billing import queries, services
from panshi.billing.events import DebtWrittenOff
from panshi.billing.models import BillBalance, DunningCase, Payment, WriteOff
from panshi.billing.tests import make
from panshi.kit.clock import local_day
from panshi.kit.ids import uuid7
from panshi.kit.models import Outbox
from panshi.kit.refusals import IllegalMove
from panshi.ledger import queries as ledger
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.org.tests.window import page, window

DUE = date(2027, 6, 21)
LATER = make.noon(DUE + timedelta(days=40))
D = Decimal


def owed(org: OrgNode, *, due_on: date = DUE) -> DunningCase:
    """Two overdue bills of one source, 300.00 and 200.00, whose case the lawyers have."""
    source, customer = uuid7(), uuid7()
    for sequence, amount in enumerate((300, 200)):
        services.raise_bill(
            org_id=org.id, customer_id=customer, source_kind="leasing.lease", source_id=source,
            vehicle_id=uuid7(), due_on=due_on, lines=[make.line(amount)], sequence=sequence,
            actor=make.clerk(org), at=make.noon(due_on),
        )  # fmt: skip
    at = make.noon(due_on + timedelta(days=40))
    services.advance_dunning(on=local_day(at), actor=make.clerk(org), at=at)
    case = DunningCase.objects.get(org=org)
    services.hand_to_lawyers(case_id=case.id, reason="gone", actor=make.clerk(org), at=at)
    return DunningCase.objects.get(org=org)


def written_off(org: OrgNode, case: DunningCase) -> DebtWrittenOff:
    proposed = services.propose_write_off(
        case_id=case.id, reason="bankrupt", actor=make.clerk(org), at=LATER
    )
    return services.approve_write_off(
        write_off_id=proposed.write_off_id, actor=make.clerk(org), at=LATER
    )


def paid(org: OrgNode, customer_id: UUID, amount: int) -> UUID:
    """Money of a customer that no bill takes."""
    bill = make.bill(org, amount, customer_id=customer_id, at=LATER, due_on=local_day(LATER))
    payment = services.record_payment(
        bill_ids=[bill.bill_id], amount=D(amount), channel="BANK", actor=make.clerk(org), at=LATER
    ).payment_id
    allocation = Payment.objects.get(id=payment).allocations.get()
    services.unallocate(allocation_id=allocation.id, actor=make.clerk(org), at=LATER)
    return payment


def stands(org: OrgNode, account: str) -> Decimal:
    until = local_day(LATER) + timedelta(days=1)
    rows = ledger.balances(accounts=(account,), until=until, actor=make.clerk(org))
    return sum((row.amount for row in rows), D(0))


def test_provides_and_writes_off_what_is_overdue_and_the_books_agree() -> None:
    org = org_make.operator()
    case = owed(org)
    fact = written_off(org, case)
    assert fact.amount == D(500)
    assert (stands(org, "1122"), stands(org, "1231"), stands(org, "6702")) == (D(0), D(0), D(500))
    make.books_agree(org)
    case.refresh_from_db()
    assert case.state == "WRITTEN_OFF"
    assert list(BillBalance.objects.filter(org=org).values_list("open_amount", flat=True)) == [0, 0]
    assert not Outbox.objects.filter(org_id=org.id, name="billing.BillPaid").exists()
    card = queries.bill_card(
        bill_id=fact.bill_ids[0], today=local_day(LATER), actor=make.clerk(org)
    )
    assert card.standing == "WRITTEN_OFF"
    services.accrue_late_fees(on=local_day(LATER), actor=make.clerk(org), at=LATER)
    assert BillBalance.objects.filter(org=org).count() == 2, "a hopeless debt costs no late fee"


def test_a_later_payment_recovers_it_bill_by_bill() -> None:
    org = org_make.operator()
    case = owed(org)
    lost = written_off(org, case)
    first, second = paid(org, case.customer_id, 350), paid(org, case.customer_id, 250)
    fact = services.recover_debt(
        write_off_id=lost.write_off_id, payment_id=first, actor=make.clerk(org), at=LATER
    )
    assert (fact.amount, fact.left) == (D(350), D(150))
    assert (stands(org, "1231"), stands(org, "6702")) == (D(0), D(150))
    make.books_agree(org)
    parts = WriteOff.objects.get().parts.order_by("-amount")
    assert [part.recovered for part in parts] == [D(300), D(50)]
    services.recover_debt(
        write_off_id=lost.write_off_id, payment_id=second, actor=make.clerk(org), at=LATER
    )
    assert (stands(org, "6702"), WriteOff.objects.get().state) == (D(0), "RECOVERED")
    assert Payment.objects.get(id=second).allocated == D(150)
    make.books_agree(org)
    with pytest.raises(IllegalMove):
        services.recover_debt(
            write_off_id=lost.write_off_id, payment_id=second, actor=make.clerk(org), at=LATER
        )


def test_needs_the_lawyers_a_second_person_and_the_very_sum() -> None:
    org = org_make.operator()
    case = owed(org)
    asker = make.clerk(org)
    fact = services.propose_write_off(case_id=case.id, reason="gone", actor=asker, at=LATER)
    with pytest.raises(services.ProposedAlready):
        services.propose_write_off(case_id=case.id, reason="gone", actor=asker, at=LATER)
    with pytest.raises(services.SamePerson):
        services.approve_write_off(write_off_id=fact.write_off_id, actor=asker, at=LATER)
    with pytest.raises(IntegrityError), transaction.atomic():
        WriteOff.objects.update(state="WRITTEN_OFF", decided_by_id=asker.id, decided_at=LATER)
    bill = BillBalance.objects.filter(org=org).order_by("total")[0]
    services.record_payment(
        bill_ids=[bill.bill_id], amount=bill.total, actor=asker, at=LATER, channel="BANK"
    )
    with pytest.raises(services.DebtChanged):
        services.approve_write_off(write_off_id=fact.write_off_id, actor=make.clerk(org), at=LATER)
    services.decline_write_off(
        write_off_id=fact.write_off_id, words="paid a part", actor=make.clerk(org), at=LATER
    )
    other = paid(org, uuid7(), 10)
    lost = written_off(org, case)
    assert lost.amount == D(300)
    with pytest.raises(services.NothingToPay):
        services.recover_debt(
            write_off_id=lost.write_off_id, payment_id=other, actor=asker, at=LATER
        )


def test_pages_carry_a_case_from_the_ladder_to_the_write_off() -> None:
    org = org_make.operator()
    case = owed(org, due_on=local_day(timezone.now()) - timedelta(days=40))
    client, boss = window(org, "FINANCE"), window(org, "FINANCE")
    assert "Propose a write-off" in page(client.get(f"/finance/arrears/{case.id}/"))
    url = f"/finance/arrears/{case.id}/end/write-off/"
    assert client.get(url).status_code == 200
    assert client.post(url, {"reason": "bankrupt"}).status_code == 302
    row = WriteOff.objects.get(org=org)
    path = f"/finance/write-offs/{row.id}/"
    assert "another person has to decide" in page(client.get(path))
    assert "bankrupt" in page(boss.get("/finance/arrears/"))
    assert client.post(f"{path}approve/").status_code == 409
    assert boss.post(f"{path}approve/").status_code == 302
    assert "500.00" in page(boss.get("/finance/write-offs/"))
    payment = paid(org, case.customer_id, 100)
    assert f"/recover/{payment}/" in page(client.get(path))
    assert client.post(f"{path}recover/{payment}/").status_code == 302
    assert WriteOff.objects.get(org=org).recovered == D(100)
