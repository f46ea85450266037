"""Late fees … cost days × rate × amount by the terms agreed, once, and are waived by two people."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from panshi.billing import queries, rules, services
from panshi.billing.events import BillRaised, LateFeesCounted
from panshi.billing.models import Bill, BillBalance, DunningCase, FeeWaiver, LateFee
from panshi.billing.rules import CreditTerms
from panshi.billing.tests import make
from panshi.kit.clock import SHANGHAI, local_day
from panshi.kit.ids import uuid7
from panshi.kit.tenancy import Actor
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.org.tests.window import page, window

DUE = date(2027, 6, 21)
D = Decimal
TERMS = CreditTerms(grace_days=5, late_fee_a_day=D("0.0005"), late_fee_cap=D("0.20"))


def rent(
    org: OrgNode, amount: int = 3000, *, source_kind: str = "leasing.lease", due_on: date = DUE
) -> BillRaised:
    return services.raise_bill(
        org_id=org.id,
        customer_id=uuid7(),
        source_kind=source_kind,
        source_id=uuid7(),
        vehicle_id=uuid7(),
        due_on=due_on,
        lines=[make.line(amount, product_code="RENT_MONTHLY")],
        actor=make.clerk(org),
        at=make.noon(due_on),
    )


def day(days: int) -> date:
    return DUE + timedelta(days=days)


def night(org: OrgNode, days: int) -> LateFeesCounted:
    """Twenty past midnight of a day so many days after the due day."""
    at = datetime.combine(day(days), time(0, 20), SHANGHAI)
    return services.accrue_late_fees(on=day(days), actor=make.clerk(org), at=at)


def pay(org: OrgNode, bill_id: UUID, days: int, amount: int | None = None) -> None:
    total = BillBalance.objects.get(bill_id=bill_id).open_amount if amount is None else D(amount)
    services.record_payment(
        bill_ids=[bill_id], amount=total, channel="BANK", actor=make.clerk(org),
        at=make.noon(day(days)),
    )  # fmt: skip


def fees(org: OrgNode) -> list[Bill]:
    found = Bill.objects.filter(org=org, lines__product_id="LATE_FEE", kind="CHARGE")
    return list(found.order_by("sequence"))


def second(org: OrgNode) -> Actor:
    return org_make.actor(org, "billing.*", "ledger.*")


def test_twelve_days_late_cost_seven_days_on_a_bill_of_their_own_with_its_reckoning() -> None:
    org = org_make.operator()
    bill = rent(org)
    for days in range(13):
        assert night(org, days).billed == 0
    assert LateFee.objects.get(bill_id=bill.bill_id).amount == D("10.50")
    pay(org, bill.bill_id, 12)
    fact = night(org, 13)
    (fee,) = fees(org)
    line = fee.lines.get()
    assert (fact.billed, fact.amount, fee.total, fee.due_on) == (1, D("10.50"), D("10.50"), day(20))
    assert (line.quantity, line.unit_price) == (D(7), D("1.50"))
    assert line.words == f"{bill.number}: ¥3,000.00 × 0.05% × 7"
    assert (line.service_from, line.service_to) == (day(5), day(12))
    assert fee.source_id == bill.source_id
    make.books_agree(org)
    assert night(org, 13).billed == night(org, 40).billed == 0, "a day of a bill is billed once"


def test_a_part_payment_ends_a_span_and_a_value_day_before_the_count_takes_days_back() -> None:
    org = org_make.operator()
    bill = rent(org)
    night(org, 12)
    pay(org, bill.bill_id, 8, 1000)
    night(org, 15)
    rows = LateFee.objects.filter(bill_id=bill.bill_id).order_by("starts_on")
    assert [(r.starts_on, r.ends_on, r.principal, r.amount) for r in rows] == [
        (day(5), day(8), D(3000), D("4.50")),
        (day(8), day(15), D(2000), D("7.00")),
    ]


def test_thirty_days_are_billed_while_the_debt_stays_open_and_the_next_go_on_from_there() -> None:
    org = org_make.operator()
    bill = rent(org)
    assert night(org, 34).billed == 0
    assert night(org, 35).amount == D("45.00")
    assert night(org, 36).billed == 0
    pay(org, bill.bill_id, 38)
    assert night(org, 39).amount == D("4.50")
    assert [f.total for f in fees(org)] == [D("45.00"), D("4.50")]


def test_days_in_dispute_cost_nothing_and_are_shown_so() -> None:
    org = org_make.operator()
    bill = rent(org)
    by = make.clerk(org)
    services.advance_dunning(on=day(6), actor=by, at=make.noon(day(6)))
    night(org, 7)
    case = DunningCase.objects.get(org=org)
    services.hold_case(
        case_id=case.id, reason="wrong sum", kind="DISPUTE", actor=by, at=make.noon(day(7))
    )
    night(org, 8)
    night(org, 10)
    services.resume_case(case_id=case.id, actor=by, at=make.noon(day(10)))
    night(org, 12)
    rows = LateFee.objects.filter(bill_id=bill.bill_id).order_by("starts_on")
    assert [(r.kind, r.starts_on, r.ends_on, r.amount) for r in rows] == [
        ("COUNTED", day(5), day(7), D("3.00")),
        ("DISPUTED", day(7), day(10), D("0.00")),
        ("COUNTED", day(10), day(12), D("3.00")),
    ]


def test_neither_fees_nor_sources_without_terms_cost_a_fee() -> None:
    org = org_make.operator()
    rent(org, source_kind="service.work_order")
    services.raise_bill(
        org_id=org.id, customer_id=uuid7(), source_kind="leasing.lease", source_id=uuid7(),
        vehicle_id=None, due_on=DUE, lines=[make.line(900, product_code="LATE_FEE")],
        actor=make.clerk(org), at=make.NOON,
    )  # fmt: skip
    assert night(org, 60).bills == 0


def test_a_clerk_bills_a_case_before_its_time_and_another_person_lets_it_go() -> None:
    org = org_make.operator()
    bill = rent(org)
    asker, other = make.clerk(org), second(org)
    services.advance_dunning(on=day(9), actor=asker, at=make.noon(day(9)))
    case = DunningCase.objects.get(org=org)
    at = make.noon(day(9))
    fee = services.bill_late_fees(case_id=case.id, actor=asker, at=at)
    assert fee.total == D("6.00")
    with pytest.raises(services.NothingCounted):
        services.bill_late_fees(case_id=case.id, actor=asker, at=at)
    with pytest.raises(services.NotALateFee):
        services.ask_fee_waiver(
            bill_id=bill.bill_id, amount=D(1), reason="kind", actor=asker, at=at
        )
    with pytest.raises(services.WaiverExceedsFee):
        services.ask_fee_waiver(
            bill_id=fee.bill_id, amount=D("6.01"), reason="kind", actor=asker, at=at
        )
    asked = services.ask_fee_waiver(
        bill_id=fee.bill_id, amount=D("4.00"), reason="kind", actor=asker, at=at
    )
    with pytest.raises(services.SamePerson):
        services.grant_fee_waiver(waiver_id=asked.waiver_id, actor=asker, at=at)
    services.grant_fee_waiver(waiver_id=asked.waiver_id, actor=other, at=at)
    assert BillBalance.objects.get(bill_id=fee.bill_id).open_amount == D("2.00")
    make.books_agree(org)
    with pytest.raises(services.WaiverDecided):
        services.decline_fee_waiver(waiver_id=asked.waiver_id, words="", actor=other, at=at)
    with pytest.raises(IntegrityError), transaction.atomic():
        FeeWaiver.objects.filter(id=asked.waiver_id).update(amount=D(1))
    with pytest.raises(IntegrityError), transaction.atomic():
        LateFee.objects.filter(fee_bill_id=fee.bill_id).update(amount=D(1))


@pytest.mark.plain
@pytest.mark.parametrize(
    ("days", "amount", "capped"), [(5, "0", False), (12, "10.50", False), (405, "600.00", False),
                                   (406, "600.00", True), (900, "600.00", True)]
)  # fmt: skip
def test_the_rule_stops_at_the_cap(days: int, amount: str, capped: bool) -> None:
    spans = rules.late_spans(
        total=D(3000), bearing=D(3000), taken=[], due_on=DUE, until=day(days), terms=TERMS
    )
    assert sum(s.amount for s in spans) == D(amount)
    assert any(s.capped for s in spans) == capped
    assert not spans or spans[-1].end <= day(405)


def test_the_pages_show_the_reckoning_and_carry_the_acts() -> None:
    org = org_make.operator()
    today = local_day(timezone.now())
    bill = rent(org, due_on=today - timedelta(days=12))
    by = make.clerk(org)
    services.advance_dunning(on=today, actor=by, at=timezone.now())
    services.accrue_late_fees(on=today, actor=by, at=timezone.now())
    case = DunningCase.objects.get(org=org)
    client, boss = window(org, "FINANCE"), window(org, "FINANCE")
    shown = page(client.get(f"/finance/arrears/{case.id}/"))
    assert all(words in shown for words in ("10.50", "0.05%", "Bill late fees now"))
    assert "10.50" in page(client.get(f"/finance/bills/{bill.bill_id}/"))
    assert client.post(f"/finance/arrears/{case.id}/late-fees/").status_code == 302
    (fee,) = fees(org)
    asking = f"/finance/bills/{fee.id}/waiver/"
    assert client.get(asking).status_code == 200
    refused = client.post(asking, {"amount": "99", "reason": "kind"})
    assert (refused.status_code, b"10.50" in refused.content) == (422, True)
    assert client.post(asking, {"amount": "10.50", "reason": "kind"}).status_code == 302
    waiver = FeeWaiver.objects.get(org=org)
    assert "10.50" in page(boss.get("/finance/arrears/"))
    assert client.post(f"/finance/waivers/{waiver.id}/grant/").status_code == 409
    assert boss.post(f"/finance/waivers/{waiver.id}/grant/").status_code == 302
    assert BillBalance.objects.get(bill=fee).open_amount == 0
    card = queries.late_fee_card(bill_id=fee.id, actor=by)
    assert (card.is_fee, card.billed, card.waivers[0].state) == (True, D("10.50"), "GRANTED")
