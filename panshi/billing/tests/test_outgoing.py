"""Money that leaves the bank … is an entry, a refund or a cost, until books and bank agree."""

from decimal import Decimal

import pytest
from django.urls import reverse

from panshi.billing import queries, services
from panshi.billing.models import BankLine, Refund
from panshi.billing.tests import make
from panshi.billing.tests.bank_files import csv_of
from panshi.billing.tests.test_import_statement import take
from panshi.billing.tests.test_query_payment import money
from panshi.billing.tests.test_refund_payment import overpaid
from panshi.kit.refusals import IllegalMove
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.org.tests.window import page, window

D = Decimal


def refund_under_way(org: OrgNode) -> Refund:
    """50.00 on their way to 王芳 by the bank, of a payment of 350.00 by a channel."""
    payment = overpaid(org)
    fact = services.refund_payment(
        payment_id=payment.id, amount=D(50), reason="多付", channel="BANK", payee="王芳",
        account="6222 0200 0001", actor=make.clerk(org), at=make.NOON,
    )  # fmt: skip
    services.approve_refund(refund_id=fact.refund_id, actor=make.clerk(org), at=make.NOON)
    services.send_refund(refund_id=fact.refund_id, actor=make.clerk(org), at=make.NOON)
    return Refund.objects.get(id=fact.refund_id)


def lines(org: OrgNode, *rows: tuple[str, str, str, str, str]) -> list[BankLine]:
    """A file's lines after matching, from a balance of nothing."""
    take(org, csv_of(rows, opening="0.00"))
    services.match_lines(org_id=org.id, actor=make.clerk(org), at=make.NOON)
    return list(BankLine.objects.filter(org=org).order_by("line"))


def test_books_and_bank_agree_once_every_line_is_classed() -> None:
    org = org_make.operator()
    refund = refund_under_way(org)
    by = make.clerk(org)
    payout, back, rent, wages = lines(
        org,
        ("2027-06-21", "30000.00", "财付通", "", "结算款"),
        ("2027-06-21", "-50.00", "王芳", "622202000001", "退款"),
        ("2027-06-21", "-1200.00", "杭州物业", "", "6月场地租金"),
        ("2027-06-21", "-25000.00", "代发", "", "工资"),
    )
    refund.refresh_from_db()
    assert (back.state, refund.state) == ("MATCHED", "PAID")  # Account, name and amount.
    (before,) = queries.bank_agreements(actor=by)
    assert (before.bank, before.unbooked, before.rest) == (D(3750), D(3800), D(0))

    services.set_line_aside(line_id=payout.id, kind="PAYOUT", channel="SIM", actor=by, at=make.NOON)
    booked = services.class_outgoing(line_id=rent.id, cost="RENT", actor=by, at=make.NOON)
    asked = services.class_outgoing(line_id=wages.id, cost="WAGES", actor=by, at=make.NOON)
    assert (booked.waits, asked.waits) == (False, True)
    with pytest.raises(services.SamePerson):
        services.approve_outgoing(line_id=wages.id, actor=by, at=make.NOON)
    services.decline_outgoing(line_id=wages.id, reason="?", actor=make.clerk(org), at=make.NOON)
    services.class_outgoing(line_id=wages.id, cost="WAGES", actor=by, at=make.NOON)
    services.approve_outgoing(line_id=wages.id, actor=make.clerk(org), at=make.NOON)

    (after,) = queries.bank_agreements(actor=by)
    assert (after.bank, after.unbooked, after.books, after.rest) == (D(3750), D(0), D(3750), D(0))
    books = money(org)
    assert (books["6602.rent"], books["2211"]) == (D(1200), D(25000))
    services.take_line_up(line_id=rent.id, actor=by, at=make.NOON)
    assert "6602.rent" not in money(org)
    services.class_outgoing(line_id=rent.id, cost="OFFICE", actor=by, at=make.NOON)
    assert money(org)["6602.office"] == D(1200)


def test_a_line_is_an_entry_that_stands_once() -> None:
    org = org_make.operator()
    by = make.clerk(org)
    refund = refund_under_way(org)
    services.conclude_refund(refund_id=refund.id, paid=True, actor=by, at=make.NOON)
    first, again, other, income = lines(
        org,
        ("2027-06-22", "-50.00", "", "", ""),
        ("2027-06-22", "-50.00", "", "", ""),
        ("2027-06-22", "-49.00", "", "", ""),
        ("2027-06-22", "500.00", "", "", ""),
    )
    (found,) = queries.outgoing_candidates(line_id=first.id, actor=by)
    assert (found.kind, [code for code, _points in found.reasons]) == ("ENTRY", ["EXACT", "NEAR"])
    assert found.id is not None
    services.settle_outgoing(line_id=first.id, entry_id=found.id, actor=by, at=make.NOON)
    assert queries.outgoing_candidates(line_id=again.id, actor=by) == ()
    for line in (again, other):
        with pytest.raises(services.EntryDoesNotFit):
            services.settle_outgoing(line_id=line.id, entry_id=found.id, actor=by, at=make.NOON)
    with pytest.raises(services.LineIsMoneyIn):
        services.class_outgoing(line_id=income.id, cost="RENT", actor=by, at=make.NOON)
    with pytest.raises(IllegalMove):
        services.class_outgoing(line_id=first.id, cost="RENT", actor=by, at=make.NOON)


def test_a_refund_without_an_account_is_left_to_a_person_and_its_page() -> None:
    org = org_make.operator()
    refund = refund_under_way(org)
    (line, cost) = lines(
        org, ("2027-06-22", "-50.00", "", "", ""), ("2027-06-22", "-80000.00", "", "", "税")
    )
    assert line.state == "QUEUED"
    desk, boss = window(org, "FINANCE", language="zh-hans"), window(org, "FINANCE")
    shown = page(desk.get(reverse("billing-bank-line", args=[line.id])))
    assert "王芳" in shown
    answer = desk.post(reverse("billing-bank-refund", args=[line.id, refund.id]))
    assert answer.status_code == 302
    refund.refresh_from_db()
    assert refund.state == "PAID"
    url = reverse("billing-bank-line", args=[cost.id])
    assert (
        desk.post(reverse("billing-bank-cost", args=[cost.id]), {"cost": "TAX"}).status_code == 302
    )
    assert desk.post(reverse("billing-bank-agree", args=[cost.id])).status_code == 409
    assert "Agree and book it" in page(boss.get(url))
    no = boss.post(reverse("billing-bank-disagree", args=[cost.id]), {"reason": "凭证？"})
    assert no.status_code == 302
    assert (
        desk.post(reverse("billing-bank-cost", args=[cost.id]), {"cost": "TAX"}).status_code == 302
    )
    assert boss.post(reverse("billing-bank-agree", args=[cost.id])).status_code == 302
    assert money(org)["2221.09"] == D(80000)
    assert "Books and bank" in page(boss.get(reverse("billing-bank")))
    assert "Taxes" in page(boss.get(url))
    booked = page(desk.get(url))
    assert "收款人" in booked
    assert "查看</a>" in booked
