"""Claims: an accident is reported, looked at, assessed, shared out and closed."""

from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _
from pydantic import Base64Bytes

from panshi.billing import services as billing
from panshi.fleet import queries as fleet
from panshi.kit import files, outbox
from panshi.kit.clock import local_day
from panshi.kit.numbers import next_numbers
from panshi.kit.refusals import IllegalMove, Refusal
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.leasing.claim_events import (
    AccidentReported,
    AccidentSurveyed,
    ClaimAssessed,
    ClaimAssessmentDisputed,
    ClaimClosed,
    ClaimDocumentMissed,
    ClaimDocumentsCompleted,
    ClaimFileKept,
    ClaimShareCharged,
)
from panshi.leasing.models import CLAIM_LIFE, Claim, ClaimState
from panshi.leasing.queries.violations import NOBODY, holders_at
from panshi.leasing.services.claim_money import (
    CLAIM,
    claim_common,
    paid_by_insurer,
    post_loss,
)
from panshi.leasing.services.common import TermsInvalid

_FILES: Final = 40


class PartsDoNotSumToLoss(Refusal):
    """What insurer, excess, customer and operator bear is not the loss."""


def _locked(claim_id: UUID, *, actor: Actor, permission: str) -> Claim:
    row = Claim.objects.visible_to(actor).select_for_update(of=("self",)).get(id=claim_id)
    actor.must(permission, row.org_id)
    if row.state == ClaimState.CLOSED:
        raise IllegalMove(_("Claim %s is closed.") % row.number)
    return row


@verb
def open_claim(
    *,
    vehicle_id: UUID,
    occurred_at: datetime,
    words: str,
    actor: Actor,
    at: datetime,
    place: str = "",
    injured: bool = False,
    battery_impacted: bool = False,
    flooded: bool = False,
    insurer: str = "",
    report_number: str = "",
) -> AccidentReported:
    """Report an accident of a vehicle; it is of who had the vehicle at that moment.

    Raises TermsInvalid without words or for a moment that has not come.
    """
    vehicle = fleet.vehicle_refs(vehicle_ids=(vehicle_id,), actor=actor)[vehicle_id]
    actor.must("leasing.open_claim", vehicle.org_id)
    if not words.strip() or occurred_at > at:
        raise TermsInvalid(_("Say what happened, at a moment that is over."))
    holder = holders_at(asked=((vehicle_id, occurred_at),), actor=actor).get(
        (vehicle_id, occurred_at), NOBODY
    )
    series = f"C{local_day(at).year}"
    place_no = next_numbers(org_id=vehicle.org_id, series=series, count=1).start
    row = Claim.objects.create(
        org_id=vehicle.org_id,
        number=f"{series}-{place_no:05d}",
        vehicle_id=vehicle_id,
        lease_id=holder.lease_id,
        customer_id=holder.customer_id,
        occurred_at=occurred_at,
        place=place.strip()[:120],
        words=words.strip()[:400],
        injured=injured,
        battery_impacted=battery_impacted,
        flooded=flooded,
        insurer=insurer.strip()[:60],
        report_number=report_number.strip()[:40],
        reported_at=at,
        reported_by_id=actor.id,
    )
    return AccidentReported(
        **claim_common(row, actor=actor, at=at),
        place=row.place,
        words=row.words,
        battery_impacted=battery_impacted,
        flooded=flooded,
    )


@verb
def keep_claim_file(
    *, claim_id: UUID, name: str, content: Base64Bytes, actor: Actor, at: datetime
) -> ClaimFileKept:
    """Keep a photo or paper of a claim. Raises files.FileNotAccepted, FileTooLarge, IllegalMove."""
    row = _locked(claim_id, actor=actor, permission="leasing.keep_claim_file")
    if len(row.file_ids) >= _FILES:
        raise TermsInvalid(_("At most %d files go with a claim.") % _FILES)
    stored = files.store(content=content, name=name, org_id=row.org_id, actor=actor)
    row.file_ids = [*row.file_ids, str(stored.id)]
    row.save(update_fields=["file_ids"])
    return ClaimFileKept(**claim_common(row, actor=actor, at=at), file_id=stored.id)


@verb
def survey_accident(
    *, claim_id: UUID, words: str, injured: bool, actor: Actor, at: datetime
) -> AccidentSurveyed:
    """Note what was seen on the spot. Raises TermsInvalid without words, or IllegalMove."""
    row = _locked(claim_id, actor=actor, permission="leasing.survey_accident")
    if not words.strip():
        raise TermsInvalid(_("Say what was seen."))
    row.state = CLAIM_LIFE.step(row.state, ClaimState.SURVEYED)
    row.survey, row.injured = words.strip()[:400], injured
    row.save(update_fields=["state", "survey", "injured"])
    return AccidentSurveyed(
        **claim_common(row, actor=actor, at=at), words=row.survey, files=len(row.file_ids)
    )


@verb
def note_missing_papers(
    *, claim_id: UUID, missing: str, actor: Actor, at: datetime
) -> ClaimDocumentMissed:
    """Note which papers the insurer still wants. Raises TermsInvalid or IllegalMove."""
    row = _locked(claim_id, actor=actor, permission="leasing.note_missing_papers")
    if not missing.strip():
        raise TermsInvalid(_("Name what is missing."))
    row.missing, row.complete_at = missing.strip()[:200], None
    row.save(update_fields=["missing", "complete_at"])
    return ClaimDocumentMissed(**claim_common(row, actor=actor, at=at), missing=row.missing)


@verb
def complete_claim_papers(*, claim_id: UUID, actor: Actor, at: datetime) -> ClaimDocumentsCompleted:
    """Note that the insurer has all papers. Raises IllegalMove when the claim is closed."""
    row = _locked(claim_id, actor=actor, permission="leasing.complete_claim_papers")
    row.missing, row.complete_at = "", at
    row.save(update_fields=["missing", "complete_at"])
    return ClaimDocumentsCompleted(**claim_common(row, actor=actor, at=at))


@verb
def assess_claim(
    *,
    claim_id: UUID,
    loss: Decimal,
    insurer_pay: Decimal,
    excess: Decimal,
    customer_share: Decimal,
    own_loss: Decimal,
    lost_rent: Decimal,
    actor: Actor,
    at: datetime,
) -> ClaimAssessed:
    """Write the loss and its parts, in CNY; repeatable until the claim is closed.

    Where parts do not reach the loss, ClaimAssessmentDisputed is published with the gap. Raises
    TermsInvalid (negative, a share without a customer, one that is billed already), IllegalMove.
    """
    row = _locked(claim_id, actor=actor, permission="leasing.assess_claim")
    if min(loss, lost_rent, insurer_pay, excess, customer_share, own_loss) < 0:
        raise TermsInvalid(_("Amounts are zero or more."))
    if customer_share and row.customer_id is None:
        raise TermsInvalid(_("No customer had the vehicle then, so none bears a share."))
    if row.bill_id is not None and customer_share != row.customer_share:
        raise TermsInvalid(_("The customer's share is billed and stands; credit its bill."))
    if insurer_pay < paid_by_insurer(row):
        raise TermsInvalid(_("The insurer has paid more than that already."))
    if row.state != ClaimState.ASSESSED:
        row.state = CLAIM_LIFE.step(row.state, ClaimState.ASSESSED)
    row.loss, row.insurer_pay, row.excess = loss, insurer_pay, excess
    row.customer_share, row.own_loss, row.lost_rent = customer_share, own_loss, lost_rent
    row.save(
        update_fields=[
            "state", "loss", "insurer_pay", "excess", "customer_share", "own_loss", "lost_rent",
        ]
    )  # fmt: skip
    values = claim_common(row, actor=actor, at=at)
    gap = loss - row.borne
    if gap > 0:
        outbox.publish(
            ClaimAssessmentDisputed(**values, loss=loss, insurer_pay=insurer_pay, gap=gap),
            verb="leasing.assess_claim",
        )
    return ClaimAssessed(**values, loss=loss, insurer_pay=insurer_pay, gap=gap)


@verb
def charge_claim_share(*, claim_id: UUID, actor: Actor, at: datetime) -> ClaimShareCharged:
    """Bill the customer its share of the loss, once.

    Raises IllegalMove when there is none or it is billed, or ledger.PeriodClosed.
    """
    row = _locked(claim_id, actor=actor, permission="leasing.charge_claim_share")
    if row.customer_id is None or not row.customer_share or row.bill_id is not None:
        raise IllegalMove(_("There is no share to bill."))
    raised = billing.raise_bill(
        org_id=row.org_id,
        customer_id=row.customer_id,
        source_kind=CLAIM,
        source_id=row.id,
        vehicle_id=row.vehicle_id,
        due_on=local_day(at),
        lines=[
            billing.NewLine(
                product_code="DAMAGE",
                words=f"{row.number} {row.words}"[:200],
                quantity=Decimal(1),
                unit_price=row.customer_share,
            )
        ],
        actor=actor,
        at=at,
    )
    row.bill_id = raised.bill_id
    row.save(update_fields=["bill_id"])
    return ClaimShareCharged(
        **claim_common(row, actor=actor, at=at), bill_id=raised.bill_id, amount=raised.total
    )


@verb
def close_claim(*, claim_id: UUID, actor: Actor, at: datetime) -> ClaimClosed:
    """Close a claim whose parts sum to its loss and whose customer's share is billed.

    Its loss is posted at the vehicle. Raises PartsDoNotSumToLoss, ledger.PeriodClosed, or
    IllegalMove before it was assessed or the share was billed.
    """
    row = _locked(claim_id, actor=actor, permission="leasing.close_claim")
    if row.borne != row.loss:
        raise PartsDoNotSumToLoss(
            _("The parts make %(parts)s, the loss is %(loss)s.")
            % {"parts": f"{row.borne:,.2f}", "loss": f"{row.loss:,.2f}"}
        )
    if row.customer_share and row.bill_id is None:
        raise IllegalMove(_("Bill the customer's share first."))
    row.state, row.closed_at = CLAIM_LIFE.step(row.state, ClaimState.CLOSED), at
    row.save(update_fields=["state", "closed_at"])
    post_loss(row, actor=actor, at=at)
    return ClaimClosed(
        **claim_common(row, actor=actor, at=at),
        loss=row.loss,
        insurer_pay=row.insurer_pay,
        excess=row.excess,
        customer_share=row.customer_share,
        own_loss=row.own_loss,
        lost_rent=row.lost_rent,
    )
