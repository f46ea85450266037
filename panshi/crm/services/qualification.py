"""Verbs by which a customer qualifies for leases: scored, decided by a second person, lapsing."""

from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from panshi.crm import rules
from panshi.crm.events import (
    QualificationApproved,
    QualificationRejected,
    QualificationReviewStarted,
    QualificationsLapsed,
    QualificationSubmitted,
)
from panshi.crm.models import (
    QUALIFICATION_LIFE,
    BlacklistReason,
    Customer,
    CustomerKind,
    PersonalRead,
    Qualification,
    QualificationState,
)
from panshi.kit.clock import add_months, local_day
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb

_MONTHS_VALID = 12


class IdentityMissing(Refusal):
    pass


class LicenceExpired(Refusal):
    pass


class QualificationOpen(Refusal):
    pass


class OwnSubmission(Refusal):
    pass


class Blacklisted(Refusal):
    pass


class ReviewNeeded(Refusal):
    pass


@verb
def submit_qualification(
    *,
    customer_id: UUID,
    licence_expires_on: date,
    years_in_trade: Decimal,
    vehicles_run: int,
    monthly_income: Decimal,
    late_payments: int,
    actor: Actor,
    at: datetime,
    authorised_by: str = "",
) -> QualificationSubmitted:
    """Score a customer on what it declares, for a second person to decide; income is CNY a month.

    `authorised_by` is who signs for a company. What the rules cannot settle waits for a person.
    Raises IdentityMissing, LicenceExpired or QualificationOpen.
    """
    customer = Customer.objects.visible_to(actor).select_for_update().get(id=customer_id)
    actor.must("crm.submit_qualification", customer.org_id)
    if customer.person_key is None:
        raise IdentityMissing(_("A customer without an identity number cannot qualify."))
    if licence_expires_on < local_day(at):
        raise LicenceExpired(_("The licence lapsed on %s.") % licence_expires_on.isoformat())
    if Qualification.objects.filter(customer=customer, state=QualificationState.SUBMITTED).exists():
        raise QualificationOpen(_("A qualification of this customer already waits."))
    inputs = rules.CreditInputs(
        years_in_trade=years_in_trade,
        vehicles_run=vehicles_run,
        monthly_income=monthly_income,
        late_payments=late_payments,
    )
    score = rules.score(inputs)
    company = customer.kind == CustomerKind.COMPANY
    sound = rules.is_credit_code if company else rules.is_identity_number
    found = rules.checks(
        company=company,
        identity_sound=sound(rules.fold(customer.id_no)),
        licence_expires_on=licence_expires_on,
        on=local_day(at),
        authorised_by=authorised_by.strip()[:60],
        score=score.total,
        blacklisted=_blacklist_hit(customer, actor, at) is not None,
    )
    qualification = Qualification.objects.create(
        org_id=customer.org_id,
        customer=customer,
        licence_expires_on=licence_expires_on,
        inputs={key: str(value) for key, value in asdict(inputs).items()},
        parts=[asdict(part) for part in score.parts],
        checks=[asdict(check) for check in found],
        authorised_by=authorised_by.strip()[:60],
        score=score.total,
        credit_limit=score.credit_limit,
        deposit_months=score.deposit_months,
        submitted_by_id=actor.id,
        submitted_at=at,
    )
    return QualificationSubmitted(
        org_id=customer.org_id,
        actor_id=actor.id,
        at=at,
        qualification_id=qualification.id,
        customer_id=customer.id,
        score=score.total,
        kind="BUSINESS" if company else "INDIVIDUAL",
        open_checks=_open(qualification),
    )


def _open(qualification: Qualification) -> tuple[str, ...]:
    """The checks that wait for a person's judgement."""
    return tuple(c["code"] for c in qualification.checks if c["outcome"] == rules.REVIEW)


@verb
def start_review(
    *, qualification_id: UUID, actor: Actor, at: datetime
) -> QualificationReviewStarted:
    """Note that a person begins to look at what the rules could not settle.

    Raises OwnSubmission, or ReviewNeeded when it is decided or being looked at already.
    """
    qualification = (
        Qualification.objects.visible_to(actor).select_for_update().get(id=qualification_id)
    )
    actor.must("crm.decide_qualification", qualification.org_id)
    if qualification.submitted_by_id == actor.id:
        raise OwnSubmission(_("Somebody else must decide on what you submitted."))
    if qualification.state != QualificationState.SUBMITTED or qualification.review_started_at:
        raise ReviewNeeded(_("Somebody looks at this qualification already."))
    qualification.review_started_at, qualification.review_by_id = at, actor.id
    qualification.save(update_fields=["review_started_at", "review_by_id"])
    return QualificationReviewStarted(
        org_id=qualification.org_id,
        actor_id=actor.id,
        at=at,
        qualification_id=qualification.id,
        customer_id=qualification.customer_id,
        open_checks=_open(qualification),
    )


def _blacklist_hit(customer: Customer, actor: Actor, at: datetime) -> str | None:
    """The reason for which any node lists this person, or None; the question is on record."""
    PersonalRead.objects.create(
        org_id=customer.org_id, customer=customer, field="blacklist", by_id=actor.id, at=at
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT crm_blacklist_hit(%s)", [customer.person_key])
        reason: str | None = cursor.fetchone()[0]
    return reason


@verb
def decide_qualification(
    *, qualification_id: UUID, approve: bool, note: str, actor: Actor, at: datetime
) -> QualificationApproved | QualificationRejected:
    """Approve or reject what somebody else submitted.

    An approval holds a year, or to the end of the licence when that is earlier.
    Raises OwnSubmission, Blacklisted, LicenceExpired, ReviewNeeded when a check that the rules
    could not settle is passed without a reason, or IllegalMove when it is decided already.
    """
    qualification = (
        Qualification.objects.visible_to(actor)
        .select_for_update()
        .select_related("customer")
        .get(id=qualification_id)
    )
    actor.must("crm.decide_qualification", qualification.org_id)
    target = QualificationState.APPROVED if approve else QualificationState.REJECTED
    qualification.state = QUALIFICATION_LIFE.step(qualification.state, target)
    if qualification.submitted_by_id == actor.id:
        raise OwnSubmission(_("Somebody else must decide on what you submitted."))
    customer = qualification.customer
    qualification.reviewer_id, qualification.decided_at = actor.id, at
    qualification.note = note
    if not approve:
        qualification.save()
        return QualificationRejected(
            org_id=qualification.org_id,
            actor_id=actor.id,
            at=at,
            qualification_id=qualification.id,
            customer_id=customer.id,
            note=note,
        )
    if _open(qualification) and not note.strip():
        raise ReviewNeeded(_("A check is open: write why you approve all the same."))
    if reason := _blacklist_hit(customer, actor, at):
        raise Blacklisted(
            _("This customer is on the blacklist: %s.") % BlacklistReason(reason).label
        )
    today = local_day(at)
    if qualification.licence_expires_on < today:
        raise LicenceExpired(
            _("The licence lapsed on %s.") % qualification.licence_expires_on.isoformat()
        )
    valid_until = min(add_months(today, _MONTHS_VALID), qualification.licence_expires_on)
    qualification.valid_until = valid_until
    qualification.save()
    customer.qualified, customer.qualified_until = True, valid_until
    customer.licence_expires_on = qualification.licence_expires_on
    customer.credit_limit = qualification.credit_limit
    customer.save(
        update_fields=["qualified", "qualified_until", "licence_expires_on", "credit_limit"]
    )
    return QualificationApproved(
        org_id=qualification.org_id,
        actor_id=actor.id,
        at=at,
        qualification_id=qualification.id,
        customer_id=customer.id,
        credit_limit=qualification.credit_limit,
        deposit_months=qualification.deposit_months,
        valid_until=valid_until,
    )


@verb
def lapse_qualifications(*, actor: Actor, at: datetime) -> QualificationsLapsed:
    """End the qualification of customers whose last day has passed; repeatable."""
    actor.must("crm.lapse_qualifications", actor.org_id)
    lapsed = Customer.objects.filter(qualified=True, qualified_until__lt=local_day(at))
    ids = tuple(lapsed.select_for_update().order_by("id").values_list("id", flat=True))
    Customer.objects.filter(id__in=ids).update(qualified=False)
    return QualificationsLapsed(org_id=actor.org_id, actor_id=actor.id, at=at, customer_ids=ids)
