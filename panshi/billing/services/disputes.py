"""A payer says that a bill is wrong: it is not dunned until somebody has answered in writing."""

from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from panshi.billing.debt_events import BillDisputed, DisputeAnswered
from panshi.billing.models import (
    DISPUTE_WORDS,
    FREEZING,
    Bill,
    BillDispute,
    BillKind,
    CaseState,
    DisputeVerdict,
    DunningCase,
    HoldKind,
)
from panshi.billing.services.promising import hold_case, resume_case
from panshi.kit.refusals import Refusal
from panshi.kit.tenancy import Actor, system_actor
from panshi.kit.verbs import verb


class DisputedAlready(Refusal):
    """A dispute of this bill waits for its answer."""


class NothingToDispute(Refusal):
    """A draft and a credit note ask for nothing; a dispute needs its words."""


class DisputeOver(Refusal):
    """The dispute was answered before."""


@verb
def dispute_bill(*, bill_id: UUID, words: str, actor: Actor, at: datetime) -> BillDisputed:
    """Say what is wrong with a bill, as its payer or for it; paid bills too.

    The first dispute keeps the bill off the ladder until it is answered, and holds the case of its
    source. Raises NothingToDispute or DisputedAlready.
    """
    bill = Bill.objects.visible_to(actor).select_for_update().get(id=bill_id)
    actor.must("billing.dispute_bill", bill.org_id)
    actor.must_be(bill.customer_id)
    if bill.kind != BillKind.CHARGE or bill.issued_on is None:
        raise NothingToDispute(_("Only an issued bill can be disputed."))
    if not words.strip():
        raise NothingToDispute(_("Say in a few words what is wrong with it."))
    before = BillDispute.objects.filter(bill=bill).values_list("answered_at", flat=True)
    if None in before:
        raise DisputedAlready(_("We look at this bill already and answer here."))
    dispute = BillDispute.objects.create(
        org_id=bill.org_id,
        bill=bill,
        customer_id=bill.customer_id,
        words=words.strip()[:DISPUTE_WORDS],
        freezes=not before,
        opened_by_id=actor.id,
        opened_at=at,
    )
    if dispute.freezes:
        _freeze(bill, dispute, at)
    return BillDisputed(
        org_id=bill.org_id,
        actor_id=actor.id,
        at=at,
        dispute_id=dispute.id,
        bill_id=bill.id,
        number=bill.number or "",
        customer_id=bill.customer_id,
        vehicle_id=bill.vehicle_id,
        city=bill.city,
        words=dispute.words,
        frozen=dispute.freezes,
    )


def _freeze(bill: Bill, dispute: BillDispute, at: datetime) -> None:
    cases = DunningCase.objects.filter(source_id=bill.source_id, state=CaseState.OPEN)
    for case in cases:
        hold_case(
            case_id=case.id,
            reason=dispute.words[:200],
            kind=HoldKind.DISPUTE,
            actor=system_actor(case.org_id),
            at=at,
        )


@verb
def answer_dispute(
    *, dispute_id: UUID, verdict: str, answer: str, actor: Actor, at: datetime
) -> DisputeAnswered:
    """Answer a dispute in writing; the payer reads it beside the bill, and the ladder goes on.

    `verdict` is OURS, PARTLY or STANDS; what was billed wrongly is credited by its own verb. Raises
    DisputeOver, or NothingToDispute without a verdict or an answer.
    """
    dispute = (
        BillDispute.objects.visible_to(actor)
        .select_related("bill")
        .select_for_update(of=("self",))
        .get(id=dispute_id)
    )
    actor.must("billing.answer_dispute", dispute.org_id)
    if dispute.answered_at is not None:
        raise DisputeOver(_("This dispute was answered before."))
    if verdict not in DisputeVerdict.values or not answer.strip():
        raise NothingToDispute(_("Say who is right, and write the answer that the payer reads."))
    dispute.verdict, dispute.answer = verdict, answer.strip()[:DISPUTE_WORDS]
    dispute.answered_by_id, dispute.answered_at = actor.id, at
    dispute.save(update_fields=["verdict", "answer", "answered_by_id", "answered_at"])
    _thaw(dispute.bill, at)
    return DisputeAnswered(
        org_id=dispute.org_id,
        actor_id=actor.id,
        at=at,
        dispute_id=dispute.id,
        bill_id=dispute.bill_id,
        customer_id=dispute.customer_id,
        verdict=dispute.verdict,
    )


def _thaw(bill: Bill, at: datetime) -> None:
    """Let the case of a bill's source run on, unless another bill of it is frozen."""
    if BillDispute.objects.filter(FREEZING, bill__source_id=bill.source_id).exists():
        return
    held = DunningCase.objects.filter(
        source_id=bill.source_id, state=CaseState.ON_HOLD, hold_kind=HoldKind.DISPUTE
    )
    for case in held:
        resume_case(case_id=case.id, actor=system_actor(case.org_id), at=at)
