"""A disputed bill … is not dunned and costs no late fee until somebody has answered in writing."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from panshi.billing import queries, services
from panshi.billing.models import BillDispute, CaseState, DunningCase, DunningStep, LateFee
from panshi.billing.tests import make
from panshi.kit.models import Outbox
from panshi.kit.refusals import NotPermitted
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.org.tests.window import window

DUE = date(2027, 6, 21)


def advance(org: OrgNode, days: int) -> None:
    on = DUE + timedelta(days=days)
    services.advance_dunning(on=on, actor=make.clerk(org), at=make.noon(on))


def disputed(org: OrgNode, bill_id: UUID, words: str = "多算了五天") -> UUID:
    actor = make.clerk(org)
    return services.dispute_bill(bill_id=bill_id, words=words, actor=actor, at=make.NOON).dispute_id


def answered(org: OrgNode, dispute_id: UUID, verdict: str = "STANDS") -> None:
    services.answer_dispute(
        dispute_id=dispute_id,
        verdict=verdict,
        answer="按六月二十一日的交接签字算起。",
        actor=make.clerk(org),
        at=make.NOON,
    )


def told(org: OrgNode, name: str) -> int:
    return Outbox.objects.filter(org_id=org.id, name=name).count()


def test_nobody_is_reminded_before_the_answer_and_the_ladder_goes_on_after_it() -> None:
    org = org_make.operator()
    bill = make.bill(org, due_on=DUE)
    dispute = disputed(org, bill.bill_id)
    for day in (-3, 0, 1, 5):
        advance(org, day)
    assert not DunningCase.objects.filter(org=org).exists()
    assert told(org, "billing.BillOverdue") == 0
    answered(org, dispute)
    advance(org, 7)
    assert DunningCase.objects.get(org=org).state == CaseState.OPEN
    assert told(org, "billing.BillDisputed") == told(org, "billing.DisputeAnswered") == 1


def test_another_bill_of_the_same_lease_is_dunned_all_the_same() -> None:
    org = org_make.operator()
    first = make.bill(org, due_on=DUE)
    other = make.bill(org, due_on=DUE)
    disputed(org, first.bill_id)
    advance(org, 1)
    assert list(DunningCase.objects.filter(org=org).values_list("source_id", flat=True)) == [
        queries.bill_card(bill_id=other.bill_id, today=DUE, actor=make.clerk(org)).source_id
    ]


def test_a_case_is_held_and_runs_on_once_all_its_disputes_are_answered() -> None:
    org = org_make.operator()
    bill = make.bill(org, due_on=DUE)
    advance(org, 1)
    dispute = disputed(org, bill.bill_id)
    case = DunningCase.objects.get(org=org)
    assert (case.state, case.hold_kind) == (CaseState.ON_HOLD, "DISPUTE")
    advance(org, 10)
    assert DunningStep.objects.filter(case=case).count() == 1
    answered(org, dispute)
    case.refresh_from_db()
    assert case.state == CaseState.OPEN


def test_days_in_dispute_cost_nothing_though_no_case_is_open() -> None:
    org = org_make.operator()
    bill = make.bill(org, due_on=DUE)
    disputed(org, bill.bill_id)
    on = DUE + timedelta(days=20)
    services.accrue_late_fees(on=on, actor=make.clerk(org), at=make.noon(on))
    fees = list(LateFee.objects.filter(bill_id=bill.bill_id))
    assert {fee.kind for fee in fees} <= {"DISPUTED"}
    assert sum(fee.amount for fee in fees) == 0


def test_only_the_first_dispute_of_a_bill_freezes_it() -> None:
    org = org_make.operator()
    bill = make.bill(org, due_on=DUE)
    first = disputed(org, bill.bill_id)
    with pytest.raises(services.DisputedAlready):
        disputed(org, bill.bill_id)
    answered(org, first)
    with pytest.raises(services.DisputeOver):
        answered(org, first)
    disputed(org, bill.bill_id, "还是不对")
    rows = queries.disputes_of(bill_id=bill.bill_id, actor=make.clerk(org))
    assert [(row.freezes, row.is_open) for row in rows] == [(False, True), (True, False)]
    advance(org, 1)
    assert DunningCase.objects.get(org=org).state == CaseState.OPEN


def test_a_dispute_needs_words_a_verdict_and_an_issued_bill() -> None:
    org = org_make.operator()
    bill = make.bill(org, due_on=DUE)
    with pytest.raises(services.NothingToDispute):
        disputed(org, bill.bill_id, "  ")
    dispute = disputed(org, bill.bill_id)
    with pytest.raises(services.NothingToDispute):
        answered(org, dispute, "MAYBE")
    with pytest.raises(NotPermitted):
        services.answer_dispute(
            dispute_id=dispute,
            verdict="OURS",
            answer="是我们错了",
            actor=org_make.actor(org, "billing.view", "billing.dispute_bill"),
            at=make.NOON,
        )


def test_nobody_changes_what_was_said_or_answered() -> None:
    org = org_make.operator()
    bill = make.bill(org, due_on=DUE)
    dispute = disputed(org, bill.bill_id)
    with pytest.raises(IntegrityError), transaction.atomic():
        BillDispute.objects.filter(id=dispute).update(words="什么也没说")
    answered(org, dispute)
    with pytest.raises(IntegrityError), transaction.atomic():
        BillDispute.objects.filter(id=dispute).update(answer="说了别的")


def test_a_clerk_notes_and_answers_a_dispute_on_the_bills_page() -> None:
    org = org_make.operator()
    bill = make.bill(org, due_on=DUE)
    desk = window(org, "FINANCE")
    at = f"/finance/bills/{bill.bill_id}/"
    assert f"{at}dispute/" in desk.get(at).content.decode()
    desk.post(f"{at}dispute/", {"words": ""})
    assert not BillDispute.objects.exists()
    desk.post(f"{at}dispute/", {"words": "里程多算了"})
    dispute = BillDispute.objects.get()
    page = desk.get(at).content.decode()
    assert "里程多算了" in page
    assert f"{at}dispute/" not in page
    desk.post(f"{at}disputes/{dispute.id}/answer/", {"verdict": "OURS", "answer": "已冲减。"})
    dispute.refresh_from_db()
    assert (dispute.verdict, dispute.answer) == ("OURS", "已冲减。")
    assert "已冲减。" in desk.get(at).content.decode()
