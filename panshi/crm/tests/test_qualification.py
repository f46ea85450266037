"""Whether a customer qualifies: scored, decided by another person, ended in time."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from panshi.crm import queries, rules, services
from panshi.crm.models import Customer, Qualification
from panshi.crm.services import (
    Blacklisted,
    IdentityMissing,
    LicenceExpired,
    OwnSubmission,
    QualificationOpen,
)
from panshi.crm.tests import make
from panshi.crm.tests.make import NOON
from panshi.kit.refusals import IllegalMove
from panshi.kit.tenancy import Actor, hq_actor
from panshi.org.models import OrgNode
from panshi.org.tests import make as org_make
from panshi.org.tests.window import page, window

LICENCE = date(2026, 12, 31)


def _submit(customer: Customer, by: Actor, licence: date = LICENCE, **more: Any) -> UUID:
    declared: dict[str, Any] = {
        "years_in_trade": Decimal(4), "vehicles_run": 6, "monthly_income": Decimal(40_000),
        "late_payments": 1, "authorised_by": "陈国强", **more,
    }  # fmt: skip
    fact = services.submit_qualification(
        customer_id=customer.id, licence_expires_on=licence, actor=by, at=NOON, **declared
    )
    return fact.qualification_id


def _card(qualification_id: UUID) -> queries.QualificationRow:
    return queries.qualification_card(qualification_id=qualification_id, actor=hq_actor())


def _staff(customer: Customer) -> tuple[Actor, Actor]:
    return org_make.actor(customer.org, "crm.*"), org_make.actor(customer.org, "crm.*")


@pytest.mark.plain
def test_the_score_is_the_sum_of_its_parts_and_replays() -> None:
    inputs = rules.CreditInputs(
        years_in_trade=Decimal(4),
        vehicles_run=6,
        monthly_income=Decimal(40_000),
        late_payments=1,
    )
    score = rules.score(inputs)
    assert score.total == sum(part.points for part in score.parts) == 20 + 20 + 25 + 20
    assert (score.credit_limit, score.deposit_months) == (Decimal(34_000), 1)
    assert rules.score(inputs) == score


@pytest.mark.plain
def test_the_score_stays_between_0_and_100_and_asks_more_deposit_of_the_weak() -> None:
    best = rules.score(
        rules.CreditInputs(
            years_in_trade=Decimal(20),
            vehicles_run=50,
            monthly_income=Decimal(10**6),
            late_payments=0,
        )
    )
    worst = rules.score(
        rules.CreditInputs(
            years_in_trade=Decimal(0), vehicles_run=0, monthly_income=Decimal(0), late_payments=9
        )
    )
    assert (best.total, worst.total) == (100, 10)
    assert (best.deposit_months, worst.deposit_months) == (1, 3)


def test_an_approval_by_another_person_qualifies_until_the_licence_ends() -> None:
    customer = make.customer(qualified=False)
    clerk, manager = _staff(customer)
    number = _submit(customer, clerk)
    fact = services.decide_qualification(
        qualification_id=number, approve=True, note="", actor=manager, at=NOON
    )
    assert fact.name == "crm.QualificationApproved"
    ref = queries.customer_refs(ids=(customer.id,), actor=manager)[customer.id]
    assert (ref.qualified, ref.qualified_until) == (True, LICENCE)


def test_nobody_decides_on_an_own_submission() -> None:
    customer = make.customer(qualified=False)
    clerk, _manager = _staff(customer)
    number = _submit(customer, clerk)
    with pytest.raises(OwnSubmission):
        services.decide_qualification(
            qualification_id=number, approve=True, note="", actor=clerk, at=NOON
        )
    with pytest.raises(DatabaseError, match="own_submission"), transaction.atomic():
        Qualification.objects.filter(id=number).update(
            state="REJECTED", reviewer_id=clerk.id, decided_at=NOON
        )


def test_a_rejection_qualifies_nobody_and_is_final() -> None:
    customer = make.customer(qualified=False)
    clerk, manager = _staff(customer)
    number = _submit(customer, clerk)
    fact = services.decide_qualification(
        qualification_id=number, approve=False, note="流水不足", actor=manager, at=NOON
    )
    assert fact.name == "crm.QualificationRejected"
    customer.refresh_from_db()
    assert not customer.qualified
    with pytest.raises(IllegalMove):
        services.decide_qualification(
            qualification_id=number, approve=True, note="", actor=manager, at=NOON
        )


def test_a_blacklisted_person_is_refused_at_every_node_and_the_question_is_on_record() -> None:
    number = make.id_no()
    there = make.customer(kind="PERSON", number=number)
    services.blacklist_person(
        customer_id=there.id, reason_code="VEHICLE_KEPT", actor=hq_actor(), at=NOON
    )
    there.refresh_from_db()
    assert not there.qualified
    here = make.customer(kind="PERSON", number=number, qualified=False)
    clerk, manager = _staff(here)
    submitted = _submit(here, clerk)
    with pytest.raises(Blacklisted):
        services.decide_qualification(
            qualification_id=submitted, approve=True, note="", actor=manager, at=NOON
        )
    assert Qualification.objects.get(id=submitted).state == "SUBMITTED"


def test_another_person_takes_somebody_off_the_blacklist_on_the_page() -> None:
    customer = make.customer(kind="PERSON", qualified=False)
    org = OrgNode.objects.get(id=customer.org_id)
    first, second = window(org, "SALES"), window(org, "SALES")
    record = reverse("crm-customer", args=[customer.id])
    assert "Put on the blacklist" in page(first.get(record))
    add = reverse("crm-blacklist", args=[customer.id])
    form = first.get(add).context["form"]
    sent = {"_key": str(form.key), "reason_code": "UNPAID"}
    assert first.post(add, sent).status_code == 302
    shown = page(first.get(record))
    assert "Left debts unpaid" in shown
    assert "Take off the blacklist" not in shown
    off = reverse("crm-lift", args=[customer.id])
    assert "Take off the blacklist" in page(second.get(record))
    assert first.post(off, {"reason": "paid"}).status_code == 409
    assert second.post(off, {"reason": ""}).status_code == 422
    assert second.post(off, {"reason": "已还清"}).status_code == 302
    assert queries.blacklisting(customer_id=customer.id, actor=hq_actor(org.id)) is None
    with pytest.raises(services.NotListed):
        services.lift_blacklisting(
            customer_id=customer.id, reason="?", actor=hq_actor(org.id), at=NOON
        )
    clerk, manager = _staff(customer)
    submitted = _submit(customer, clerk)
    services.decide_qualification(
        qualification_id=submitted, approve=True, note="", actor=manager, at=NOON
    )


def test_a_lapsed_licence_a_missing_identity_and_a_second_submission_are_refused() -> None:
    customer = make.customer(qualified=False)
    clerk, manager = _staff(customer)
    with pytest.raises(LicenceExpired):
        _submit(customer, clerk, licence=NOON.date() - timedelta(days=1))
    number = _submit(customer, clerk)
    with pytest.raises(QualificationOpen):
        _submit(customer, manager)
    with pytest.raises(LicenceExpired):
        services.decide_qualification(
            qualification_id=number,
            approve=True,
            note="",
            actor=manager,
            at=NOON + timedelta(days=365),
        )
    nameless = make.customer(kind="PERSON", number="")
    with pytest.raises(IdentityMissing):
        _submit(nameless, org_make.actor(nameless.org, "crm.*"))


def test_a_qualification_ends_the_day_after_its_last() -> None:
    customer = make.customer()
    last = customer.qualified_until
    assert last is not None
    for days, lapsed in ((0, ()), (1, (customer.id,)), (2, ())):
        at = NOON.replace(year=last.year, month=last.month, day=last.day) + timedelta(days=days)
        fact = services.lapse_qualifications(actor=hq_actor(), at=at)
        assert fact.customer_ids == lapsed
    customer.refresh_from_db()
    assert not customer.qualified


def _of_a_person(**more: Any) -> UUID:
    customer = make.customer(kind="PERSON", qualified=False)
    return _submit(customer, _staff(customer)[0], authorised_by="", **more)


def test_a_person_with_a_good_score_passes_every_check_by_the_rules() -> None:
    row = _card(_of_a_person())
    assert [(c.code, c.outcome) for c in row.checks] == [
        ("IDENTITY", "PASSED"), ("LICENCE", "PASSED"), ("AUTHORITY", "NOT_NEEDED"),
        ("CREDIT", "PASSED"), ("BLACKLIST", "PASSED"),
    ]  # fmt: skip
    assert row.replays


def test_a_score_that_was_changed_does_not_replay() -> None:
    qualification_id = _of_a_person()
    Qualification.objects.filter(id=qualification_id).update(score=1)
    assert not _card(qualification_id).replays


def test_an_open_check_needs_a_persons_reason() -> None:
    weak = _of_a_person(years_in_trade=Decimal(0), monthly_income=Decimal(0), late_payments=3)
    manager = org_make.actor(Qualification.objects.get(id=weak).org, "crm.*")
    assert {c.code: c.outcome for c in _card(weak).checks}["CREDIT"] == "REVIEW"
    services.start_review(qualification_id=weak, actor=manager, at=NOON)
    with pytest.raises(services.ReviewNeeded):
        services.start_review(qualification_id=weak, actor=manager, at=NOON)
    with pytest.raises(services.ReviewNeeded):
        services.decide_qualification(
            qualification_id=weak, approve=True, note=" ", actor=manager, at=NOON
        )
    services.decide_qualification(
        qualification_id=weak, approve=True, note="有担保人", actor=manager, at=NOON
    )
    assert _card(weak).state == "APPROVED"


@pytest.mark.plain
def test_a_company_names_who_signs_for_it() -> None:
    asked: dict[str, Any] = {
        "company": True, "identity_sound": True, "licence_expires_on": date(2030, 1, 1),
        "on": date(2027, 1, 1), "score": 80, "blacklisted": True,
    }  # fmt: skip
    for name, outcome in (("", "REVIEW"), ("王芳", "PASSED")):
        found = {c.code: c.outcome for c in rules.checks(**asked, authorised_by=name)}
        assert found["AUTHORITY"] == outcome
        assert found["BLACKLIST"] == "FAILED"
