"""The money of claims in the books: what is lost, what the insurer owes and pays, rent not earned.

A claim that closes posts its whole loss against what repairs will take (2241.04): the insurer owes
its part (1221.91), the rest is borne (6711), of which the customer's share comes back as income by
its bill. A repair is then paid out of 2241.04, so that it is never a cost twice. Rent that was lost
is no expense and stands beside the books, in two accounts that cancel out.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Final, TypedDict
from uuid import UUID

from django.db.models import Sum
from django.utils.translation import gettext as _

from panshi.fleet import queries as fleet
from panshi.kit.clock import local_day
from panshi.kit.money import ZERO
from panshi.kit.refusals import IllegalMove
from panshi.kit.tenancy import Actor
from panshi.kit.verbs import verb
from panshi.leasing.claim_events import InsurerPaid
from panshi.leasing.models import Claim, ClaimPayment, ClaimState
from panshi.leasing.services.common import TermsInvalid
from panshi.ledger import services as ledger
from panshi.ledger.services import NewEntry, legs_of

CLAIM: Final = "leasing.claim"
PAYMENT: Final = "leasing.ClaimPayment"
INSURERS: Final = "1221.91"
REPAIRS: Final = "2241.04"
BORNE: Final = "6711"
LOST_RENT: Final = ("9001", "9002")


class ClaimCommon(TypedDict):
    """What every fact about one claim carries."""

    org_id: int
    actor_id: UUID
    at: datetime
    claim_id: UUID
    number: str
    vehicle_id: UUID
    city: str
    occurred_at: datetime
    lease_id: UUID | None
    customer_id: UUID | None
    injured: bool


def claim_common(row: Claim, *, actor: Actor, at: datetime) -> ClaimCommon:
    """What every fact about this claim says."""
    return {
        "org_id": row.org_id,
        "actor_id": actor.id,
        "at": at,
        "claim_id": row.id,
        "number": row.number,
        "vehicle_id": row.vehicle_id,
        "city": _city(row, actor),
        "occurred_at": row.occurred_at,
        "lease_id": row.lease_id,
        "customer_id": row.customer_id,
        "injured": row.injured,
    }


def paid_by_insurer(row: Claim) -> Decimal:
    """What the insurer paid of a claim until now, in CNY."""
    return row.payments.aggregate(sum=Sum("amount"))["sum"] or ZERO


def _city(row: Claim, actor: Actor) -> str:
    refs = fleet.vehicle_refs(vehicle_ids=(row.vehicle_id,), actor=actor)
    return refs[row.vehicle_id].city if row.vehicle_id in refs else ""


def _entry(
    row: Claim, kind: str, on: date, city: str, *parts: tuple[str, Decimal]
) -> NewEntry | None:
    legs = [part for part in parts if part[1]]
    if not legs:
        return None
    return NewEntry(
        org_id=row.org_id,
        kind=kind,
        source_kind=CLAIM,
        source_id=row.id,
        occurred_on=on,
        postings=legs_of(*legs, vehicle_id=row.vehicle_id, city=city),
    )


def post_loss(row: Claim, *, actor: Actor, at: datetime) -> None:
    """Post a claim that closes, at its vehicle; called inside a verb.

    Raises ledger.PeriodClosed.
    """
    on, city = local_day(at), _city(row, actor)
    borne = row.loss - row.insurer_pay
    lost, counter = LOST_RENT
    entries = (
        _entry(
            row,
            "CLAIM_LOSS",
            on,
            city,
            (INSURERS, row.insurer_pay),
            (BORNE, borne),
            (REPAIRS, -row.loss),
        ),
        _entry(row, "CLAIM_LOST_RENT", on, city, (lost, row.lost_rent), (counter, -row.lost_rent)),
    )
    ledger.post_entries(entries=[entry for entry in entries if entry], actor=actor, at=at)


@verb
def record_insurer_payment(
    *,
    claim_id: UUID,
    amount: Decimal,
    received_on: date,
    actor: Actor,
    at: datetime,
    reference: str = "",
) -> InsurerPaid:
    """Note money of the insurer for a claim, in CNY, and post it at the vehicle.

    Raises TermsInvalid (nothing, more than it pays in all, a day ahead), IllegalMove before the
    loss was assessed, or ledger.PeriodClosed.
    """
    row = Claim.objects.visible_to(actor).select_for_update(of=("self",)).get(id=claim_id)
    actor.must("leasing.record_insurer_payment", row.org_id)
    if row.state not in (ClaimState.ASSESSED, ClaimState.CLOSED):
        raise IllegalMove(_("Assess the loss of claim %s first.") % row.number)
    left = row.insurer_pay - paid_by_insurer(row)
    if not ZERO < amount <= left:
        raise TermsInvalid(_("Of what the insurer pays %s is still to come.") % f"{left:,.2f}")
    if received_on > local_day(at):
        raise TermsInvalid(_("This day has not come yet."))
    payment = ClaimPayment.objects.create(
        org_id=row.org_id,
        claim=row,
        amount=amount,
        received_on=received_on,
        reference=reference.strip()[:64],
        recorded_by_id=actor.id,
        recorded_at=at,
    )
    ledger.post_entries(
        entries=[
            NewEntry(
                org_id=row.org_id,
                kind="INSURER_PAID",
                source_kind=PAYMENT,
                source_id=payment.id,
                occurred_on=received_on,
                postings=legs_of(
                    ("1002", amount),
                    (INSURERS, -amount),
                    vehicle_id=row.vehicle_id,
                    city=_city(row, actor),
                ),
            )
        ],
        actor=actor,
        at=at,
    )
    return InsurerPaid(
        **claim_common(row, actor=actor, at=at),
        payment_id=payment.id,
        amount=amount,
        left=left - amount,
    )
