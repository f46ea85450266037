"""Verbs of complaints, each with a deadline."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.crm.events import ComplaintAnswered, ComplaintClosed, ComplaintFiled
from panshi.crm.models import (
    COMPLAINT_LIFE,
    Complaint,
    ComplaintState,
    ComplaintSubject,
    Customer,
)
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb

ANSWER_WITHIN: Final = timedelta(hours=24)


class ComplaintEmpty(Refusal):
    pass


@verb
def file_complaint(
    *,
    customer_id: UUID,
    subject: str,
    text: str,
    actor: Actor,
    at: datetime,
    source_kind: str = "",
    source_id: UUID | None = None,
) -> ComplaintFiled:
    """Take down a complaint, to be answered within a day. Raises ComplaintEmpty."""
    actor.must_be(customer_id)
    customer = Customer.objects.visible_to(actor).get(id=customer_id)
    actor.must("crm.file_complaint", customer.org_id)
    if not text.strip():
        raise ComplaintEmpty(_("Say what the complaint is about."))
    complaint = Complaint.objects.create(
        org_id=customer.org_id,
        customer=customer,
        subject=ComplaintSubject(subject),
        text=text.strip(),
        source_kind=source_kind,
        source_id=source_id,
        filed_by_id=actor.id,
        filed_at=at,
        due_at=at + ANSWER_WITHIN,
    )
    return ComplaintFiled(
        org_id=customer.org_id,
        actor_id=actor.id,
        at=at,
        complaint_id=complaint.id,
        customer_id=customer.id,
        subject=complaint.subject,
        due_at=complaint.due_at,
    )


def _locked(complaint_id: UUID, *, actor: Actor, permission: str) -> Complaint:
    complaint = Complaint.objects.visible_to(actor).select_for_update().get(id=complaint_id)
    actor.must(permission, complaint.org_id)
    return complaint


@verb
def answer_complaint(
    *, complaint_id: UUID, answer: str, actor: Actor, at: datetime
) -> ComplaintAnswered:
    """Answer a complaint. Raises ComplaintEmpty, or IllegalMove when it is answered or closed."""
    complaint = _locked(complaint_id, actor=actor, permission="crm.answer_complaint")
    complaint.state = COMPLAINT_LIFE.step(complaint.state, ComplaintState.ANSWERED)
    if not answer.strip():
        raise ComplaintEmpty(_("Say what is answered."))
    complaint.answer = answer.strip()
    complaint.answered_by_id, complaint.answered_at = actor.id, at
    complaint.save()
    return ComplaintAnswered(
        org_id=complaint.org_id,
        actor_id=actor.id,
        at=at,
        complaint_id=complaint.id,
        customer_id=complaint.customer_id,
    )


@verb
def reopen_complaint(*, complaint_id: UUID, actor: Actor, at: datetime) -> ComplaintFiled:
    """Take an answered complaint up again, with a new deadline. Raises IllegalMove."""
    complaint = _locked(complaint_id, actor=actor, permission="crm.reopen_complaint")
    complaint.state = COMPLAINT_LIFE.step(complaint.state, ComplaintState.OPEN)
    complaint.due_at = at + ANSWER_WITHIN
    complaint.save(update_fields=["state", "due_at"])
    return ComplaintFiled(
        org_id=complaint.org_id,
        actor_id=actor.id,
        at=at,
        complaint_id=complaint.id,
        customer_id=complaint.customer_id,
        subject=complaint.subject,
        due_at=complaint.due_at,
    )


@verb
def close_complaint(*, complaint_id: UUID, actor: Actor, at: datetime) -> ComplaintClosed:
    """Close an answered complaint. Raises IllegalMove."""
    complaint = _locked(complaint_id, actor=actor, permission="crm.close_complaint")
    complaint.state = COMPLAINT_LIFE.step(complaint.state, ComplaintState.CLOSED)
    complaint.closed_at = at
    complaint.save(update_fields=["state", "closed_at"])
    return ComplaintClosed(
        org_id=complaint.org_id,
        actor_id=actor.id,
        at=at,
        complaint_id=complaint.id,
        customer_id=complaint.customer_id,
    )
