"""Setting a bank line aside … explains it, so that books and bank agree to the fen."""

from decimal import Decimal

import pytest
from django.urls import reverse

from panshi.billing import queries, services
from panshi.billing.models import BankLine
from panshi.billing.tests import make
from panshi.billing.tests.bank_files import csv_of
from panshi.billing.tests.test_import_statement import take
from panshi.billing.tests.test_query_payment import money
from panshi.kit.refusals import IllegalMove
from panshi.ledger import services as ledger
from panshi.ledger.services import NewEntry, legs_of
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.org.tests.window import page, window

D = Decimal
BASIC, SECOND = "3301 0001", "3301 0002"


def lines(
    org: OrgNode, *rows: tuple[str, str, str, str, str], account: str = BASIC
) -> list[BankLine]:
    """An account's file after matching, from a balance of nothing."""
    take(org, csv_of(rows, opening="0.00"), account=account)
    services.match_lines(org_id=org.id, actor=make.clerk(org), at=make.NOON)
    plain = "".join(account.split())
    return list(BankLine.objects.filter(org=org, statement__account=plain).order_by("line"))


def agreed(org: OrgNode) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    """Bank, not explained, between own accounts, and the books alone."""
    (row,) = queries.bank_agreements(actor=make.clerk(org))
    return row.bank, row.unbooked, row.moving, row.rest


def test_money_that_is_not_ours_is_owed_until_it_goes_back() -> None:
    org = org_make.operator()
    by = make.clerk(org)
    wrong, interest, back, large = lines(
        org,
        ("2027-06-21", "30000.00", "陌生公司", "", "货款"),
        ("2027-06-21", "36.18", "本行", "", "结息"),
        ("2027-06-22", "-5000.00", "陌生公司", "", "退回"),
        ("2027-06-22", "-25000.00", "陌生公司", "", "退回"),
    )
    assert agreed(org) == (D("36.18"), D("36.18"), D(0), D(0))
    for kind in ("OTHER", "OWN"):
        with pytest.raises(services.ReasonMissing):
            services.set_line_aside(line_id=wrong.id, kind=kind, words=" ", actor=by, at=make.NOON)
    services.set_line_aside(
        line_id=wrong.id, kind="OTHER", words="汇错，等对方来函", actor=by, at=make.NOON
    )
    services.set_line_aside(line_id=interest.id, kind="INTEREST", actor=by, at=make.NOON)
    assert agreed(org) == (D("36.18"), D(-30000), D(0), D(0))
    with pytest.raises(services.ReasonMissing):
        services.class_outgoing(line_id=back.id, cost="UNCLEAR", actor=by, at=make.NOON)
    services.class_outgoing(
        line_id=back.id, cost="UNCLEAR", words="原路退回", actor=by, at=make.NOON
    )
    books = money(org)
    assert (books["2241.05"], books["6603"]) == (D(-25000), D("-36.18"))
    # What is above the bound needs a second person, whatever it is called.
    waits = services.class_outgoing(
        line_id=large.id, cost="UNCLEAR", words="原路退回", actor=by, at=make.NOON
    )
    assert waits.waits
    asked = page(window(org, "FINANCE").get(reverse("billing-bank-line", args=[large.id])))
    assert "原路退回" in asked  # Who agrees reads the reason.
    with pytest.raises(IllegalMove):
        services.set_line_aside(line_id=large.id, kind="OWN", words="?", actor=by, at=make.NOON)
    services.approve_outgoing(line_id=large.id, actor=make.clerk(org), at=make.NOON)
    assert "2241.05" not in money(org)
    assert agreed(org) == (D("36.18"), D(0), D(0), D(0))
    services.take_line_up(line_id=wrong.id, actor=by, at=make.NOON)
    assert money(org)["2241.05"] == D(30000)


def test_a_transfer_between_own_accounts_pairs_its_two_sides() -> None:
    org = org_make.operator()
    by = make.clerk(org)
    out, other = lines(
        org,
        ("2027-06-21", "-8000.00", "本公司", "", "转账"),
        ("2027-06-21", "-700.00", "本公司", "33010002", "转账"),
    )
    services.set_line_aside(line_id=out.id, kind="OWN", words="转到二户", actor=by, at=make.NOON)
    services.set_line_aside(line_id=other.id, kind="OWN", words="转到二户", actor=by, at=make.NOON)
    assert agreed(org) == (D(-8700), D(0), D(-8700), D(0))  # Explained, and under way.

    named, into, late = lines(
        org,
        ("2027-06-22", "700.00", "本公司", "", ""),
        ("2027-06-22", "8000.00", "本公司", "", ""),
        ("2027-06-27", "8000.00", "别人", "", ""),
        account=SECOND,
    )
    # One line names the account of the other; of the others a person has to say so.
    assert (named.state, named.other_side_id, named.settled_by_id) == ("SET_ASIDE", other.id, None)
    assert (into.state, late.state) == ("QUEUED", "QUEUED")
    assert agreed(org) == (D(8000), D(16000), D(-8000), D(0))
    desk = window(org, "FINANCE", language="zh-hans")
    waiting = page(desk.get(reverse("billing-bank-line", args=[out.id])))
    assert "在途：这笔划转的另一方" in waiting
    assert "<dt>划转的另一方" not in waiting
    with pytest.raises(services.NotTheOtherSide):
        services.pair_own_lines(
            line_id=late.id, other_line_id=out.id, actor=by, at=make.NOON
        )  # Six days later.
    (side,) = queries.incoming_candidates(line_id=into.id, actor=by)
    assert (side.kind, side.id, [code for code, _points in side.reasons]) == (
        "OWN", out.id, ["EXACT", "SAID_OWN"],
    )  # fmt: skip
    url = reverse("billing-bank-other-side", args=[into.id, out.id])
    assert url in page(desk.get(reverse("billing-bank-line", args=[into.id])))
    assert desk.post(url).status_code == 302
    assert desk.post(url).status_code == 409  # A transfer has one other side.
    paired = page(desk.get(reverse("billing-bank-line", args=[out.id])))
    assert ("划转的另一方" in paired, "在途：" in paired) == (True, False)
    assert agreed(org) == (D(8000), D(8000), D(0), D(0))

    services.take_line_up(line_id=into.id, actor=by, at=make.NOON)
    out.refresh_from_db()
    assert (out.state, out.other_side_id, out.aside) == ("QUEUED", None, "")


def test_money_in_is_an_entry_that_stands_in_the_books() -> None:
    org = org_make.operator()
    by = make.clerk(org)
    bill = make.bill(org, 400)
    services.record_payment(bill_ids=[bill.bill_id], amount=D(400), actor=by, at=make.NOON)
    source = bill.bill_id
    ledger.post_entries(
        entries=[
            NewEntry(
                org_id=org.id, kind="INSURER_PAID", source_kind="test.Claim", source_id=source,
                occurred_on=make.NOON.date(),
                postings=legs_of(("1002", D(900)), ("1221.91", D(-900)), city=""),
            )
        ],
        actor=by, at=make.NOON,
    )  # fmt: skip
    day = f"{make.NOON:%Y-%m-%d}"
    paid, insurer, again = lines(
        org,
        (day, "400.00", "某人", "", ""),
        (day, "900.00", "保险公司", "", "赔款"),
        (day, "900.00", "保险公司", "", "赔款"),
    )
    (found,) = queries.incoming_candidates(line_id=paid.id, actor=by)
    assert found.id is not None
    services.settle_incoming(line_id=paid.id, entry_id=found.id, actor=by, at=make.NOON)
    (claim,) = queries.incoming_candidates(line_id=insurer.id, actor=by)
    desk = window(org, "FINANCE")
    assert claim.id is not None
    url = reverse("billing-bank-booked", args=[insurer.id, claim.id])
    assert url in page(desk.get(reverse("billing-bank-line", args=[insurer.id])))
    assert desk.post(url).status_code == 302
    assert queries.incoming_candidates(line_id=again.id, actor=by) == ()
    with pytest.raises(services.EntryDoesNotFit):
        services.settle_incoming(line_id=again.id, entry_id=claim.id, actor=by, at=make.NOON)
    assert agreed(org) == (D(2200), D(900), D(0), D(0))


def test_a_pay_out_goes_back_with_its_entry() -> None:
    org = org_make.operator()
    by = make.clerk(org)
    (line,) = lines(org, ("2027-06-22", "994.00", "财付通", "", "结算款"))
    services.set_line_aside(
        line_id=line.id, kind="PAYOUT", channel="SIM", fee=D(6), actor=by, at=make.NOON
    )
    assert money(org)["1012.sim"] == D(-1000)
    services.take_line_up(line_id=line.id, actor=by, at=make.NOON)
    assert not money(org)
