"""Complaints: filed with a deadline, answered, taken up again, closed."""

from datetime import timedelta
from itertools import product

import pytest

from panshi.crm import queries, services
from panshi.crm.models import COMPLAINT_LIFE, Complaint, ComplaintState, Customer
from panshi.crm.services import ComplaintEmpty
from panshi.crm.tests import make
from panshi.crm.tests.make import NOON
from panshi.kit.refusals import IllegalMove, NotPermitted
from panshi.kit.tenancy import PORTAL, Actor
from panshi.org.tests import make as org_make


def _portal(customer: Customer) -> Actor:
    return Actor(
        id=customer.id,
        org_id=customer.org_id,
        org_ids=(customer.org_id,),
        permissions=frozenset({"crm.file_complaint"}),
        db_role=PORTAL,
        customer_id=customer.id,
    )


@pytest.mark.plain
def test_the_moves_are_the_four_we_know() -> None:
    allowed = {
        (here.value, there.value)
        for here, there in product(ComplaintState, ComplaintState)
        if COMPLAINT_LIFE.allows(here, there)
    }
    assert allowed == {("OPEN", "ANSWERED"), ("ANSWERED", "OPEN"), ("ANSWERED", "CLOSED")}


def test_a_customer_complains_for_itself_and_gets_a_deadline() -> None:
    customer, other = make.customer(), make.customer()
    fact = services.file_complaint(
        customer_id=customer.id,
        subject="SERVICE",
        text="师傅迟到两小时",
        actor=_portal(customer),
        at=NOON,
    )
    assert fact.due_at == NOON + timedelta(hours=24)
    with pytest.raises(NotPermitted):
        services.file_complaint(
            customer_id=other.id, subject="BILL", text="x", actor=_portal(customer), at=NOON
        )
    with pytest.raises(ComplaintEmpty):
        services.file_complaint(
            customer_id=customer.id, subject="BILL", text=" ", actor=_portal(customer), at=NOON
        )


def test_is_answered_reopened_and_closed() -> None:
    customer = make.customer()
    by = org_make.actor(customer.org, "crm.*")
    filed = services.file_complaint(
        customer_id=customer.id, subject="BILL", text="重复收费", actor=by, at=NOON
    ).complaint_id
    assert [row.id for row in queries.open_complaints(actor=by)] == [filed]
    both = (customer.id, make.customer(org=customer.org).id)
    assert queries.complaining(customer_ids=both, actor=by) == {customer.id}
    with pytest.raises(IllegalMove):
        services.close_complaint(complaint_id=filed, actor=by, at=NOON)
    with pytest.raises(ComplaintEmpty):
        services.answer_complaint(complaint_id=filed, answer="", actor=by, at=NOON)
    services.answer_complaint(complaint_id=filed, answer="已退款", actor=by, at=NOON)
    assert queries.open_complaints(actor=by) == []
    assert queries.complaining(customer_ids=both, actor=by) == set()
    later = NOON + timedelta(days=3)
    again = services.reopen_complaint(complaint_id=filed, actor=by, at=later)
    assert again.due_at == later + timedelta(hours=24)
    services.answer_complaint(complaint_id=filed, answer="已核对", actor=by, at=later)
    services.close_complaint(complaint_id=filed, actor=by, at=later)
    assert Complaint.objects.get(id=filed).state == "CLOSED"
